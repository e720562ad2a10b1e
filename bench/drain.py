"""A store that was away: hours of the whole fleet drained from the queue beside live rows, against the bare server.

1,250 inverters, a row a minute of 12 quantities and 20 string currents, wait in the queue on disk. The store comes
back; live rows go on being appended every second while the forwarder works. Counted in the end: rows in the store
against rows ever acknowledged, the age of live rows when they got there, and the rate. The yardstick is the same
InfluxDB 1.x fed prepared, compressed bodies of the same rows through one connection, before and after.

`python -m bench.drain [--hours 72] [--store influx|duckdb|second]`; the last is a server of 2.x that PVMON_TEST_INFLUX_URL,
_TOKEN and _ORG name, drained without a yardstick, and its bucket is left there.
"""

import argparse
import gzip
import http.client
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from bench.store import IDS, QUANTITIES, Fleet
from collectors.history import History
from collectors.spool import Spool
from domain.clock import SystemClock
from domain.measurement import Batch
from domain.plant import DeviceKind
from jobs.forward import Forwarder
from jobs.generation import Generation
from stores.duckdb import DuckDbStore
from stores.influx import InfluxStore
from stores.influx_lines import LineBuilder
from stores.latest import LatestCache
from tests.stores import influx_server

PERIOD_S = 60.0
_LIVE_ROWS_S = len(IDS) / PERIOD_S
_KINDS = dict.fromkeys(IDS, DeviceKind.INVERTER)
_BODY_ROWS, _BARE_BODIES_MAX = 5000, 20
_APPEND_SWEEPS = 4
_NOTICED_S = 3.0  # until the forwarder knows that there is a backlog; rows until then are part of it


class Watched(LatestCache):
    """The last-value cache; also how old rows were that came after the outage."""

    def __init__(self, since: datetime) -> None:
        super().__init__()
        self._since = since
        self.ages_s: list[float] = []

    def update(self, batches: Sequence[Batch]) -> None:
        """Take newer batches and note the age of the live ones."""
        super().update(batches)
        now = SystemClock().now()
        self.ages_s += [
            (now - b.measured_at).total_seconds() for b in batches if b.measured_at >= self._since
        ]


def sweeps() -> Iterator[list[tuple[float, ...]]]:
    """Yield the values of every device, sweep by sweep, day after day."""
    fleet = Fleet(date(2026, 6, 1))
    for number in itertools.count():
        _, values = fleet.day(number)
        for slot in range(len(values)):
            yield [tuple(row) for row in values[slot].tolist()]


def rows_of(values: Sequence[tuple[float, ...]], at: datetime) -> list[Batch]:
    """Return a sweep's rows."""
    got = at + timedelta(seconds=1.5)
    return [
        Batch(name, at, QUANTITIES, said, received_at=got) for name, said in zip(IDS, values, strict=True)
    ]


class Bare:
    """The server fed what was prepared beforehand."""

    def __init__(self, url: str, made: Iterator[list[tuple[float, ...]]], at: datetime, rows: int) -> None:
        self._address = url.removeprefix("http://")
        builder = LineBuilder(_KINDS)
        self._half = min(max(rows // (2 * _BODY_ROWS), 1), _BARE_BODIES_MAX)
        self._bodies: list[bytes] = []
        lines: list[str] = []
        while len(self._bodies) < 2 * self._half:
            lines += [builder.batch(row) for row in rows_of(next(made), at)]
            at += timedelta(seconds=PERIOD_S)
            if len(lines) >= _BODY_ROWS:
                self._bodies.append(gzip.compress("\n".join(lines).encode(), 1))
                lines = []

    def feed(self, half: int) -> float:
        """Post one half of the bodies; return rows a second."""
        line = http.client.HTTPConnection(self._address)
        line.request(
            "POST", "/query", "q=CREATE DATABASE bare", {"Content-Type": "application/x-www-form-urlencoded"}
        )
        line.getresponse().read()
        begun = time.perf_counter()
        for body in self._bodies[half * self._half : (half + 1) * self._half]:
            line.request("POST", "/write?db=bare&precision=ns", body, {"Content-Encoding": "gzip"})
            answer = line.getresponse()
            said = answer.read().decode("utf-8", "replace")
            if answer.status != 204:
                raise SystemExit(f"the bare server answers {answer.status}: {said}")
        seconds = time.perf_counter() - begun
        line.close()
        return self._half * _BODY_ROWS / seconds


def fill(spool: Spool, made: Iterator[list[tuple[float, ...]]], until: datetime, hours: float) -> int:
    """Queue what ``hours`` of the fleet gave up to ``until``; return the number of rows."""
    count = round(hours * 3600 / PERIOD_S)
    waiting: list[Batch] = []
    for number in range(count):
        waiting += rows_of(next(made), until - timedelta(seconds=(count - number) * PERIOD_S))
        if len(waiting) >= _APPEND_SWEEPS * len(IDS) or number == count - 1:
            spool.append(waiting)
            waiting = []
    return count * len(IDS)


class Live(threading.Thread):
    """Appends live rows, a sixtieth of the fleet a second."""

    def __init__(self, spool: Spool, values: Sequence[tuple[float, ...]]) -> None:
        super().__init__(name="live", daemon=True)
        self._spool, self._values = spool, values
        self._ended = threading.Event()
        self.rows = 0

    def run(self) -> None:
        """Append until `end`."""
        share = len(IDS) // round(PERIOD_S)
        for turn in itertools.count():
            first = turn * share % len(IDS)
            names = IDS[first : first + share]
            now = SystemClock().now()
            values = self._values[first : first + share]
            self._spool.append(
                [
                    Batch(name, now, QUANTITIES, said, received_at=now)
                    for name, said in zip(names, values, strict=True)
                ]
            )
            self.rows += len(names)
            if self._ended.wait(1.0):
                return

    def end(self) -> None:
        """Stop appending."""
        self._ended.set()
        self.join()


def drain(
    spool: Spool,
    history: History,
    store: InfluxStore | DuckDbStore,
    made: Iterator[list[tuple[float, ...]]],
    rows: int,
) -> dict[str, float]:
    """Drain the queue beside live rows; return the figures."""
    watched = Watched(SystemClock().now() + timedelta(seconds=_NOTICED_S))
    live = Live(spool, next(made))
    clock = SystemClock()
    generation = Generation(history, store, clock, clock.monotonic)
    forwarder = Forwarder(spool, store, watched, clock, generation=generation)
    live.start()
    begun, cpu = time.perf_counter(), time.process_time()
    forwarder.start()
    while spool.status().rows > 2 * _LIVE_ROWS_S:
        time.sleep(0.2)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    while not watched.ages_s:  # a short backlog was gone before it was noticed
        time.sleep(0.2)
    live.end()
    forwarder.stop(60.0)
    kept = store.status().rows
    return {
        "drain_rows": rows,
        "drain_s": seconds,
        "drain_rows_per_s": rows / seconds,
        "drain_cpu_us_per_row": cpu / rows * 1e6,
        "drain_over_live_rate": rows / seconds / _LIVE_ROWS_S,
        "drain_live_rows": live.rows,
        "drain_live_age_max_s": max(watched.ages_s),
        "drain_lost": rows + live.rows - kept,
    }


def measure(kind: str, hours: float) -> dict[str, float]:
    """Fill, drain, compare; everything in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="pvmon-drain-") as name, ExitStack() as stack:
        folder, made = Path(name), sweeps()
        spool = Spool(folder / "spool.sqlite")
        stack.callback(spool.close)
        history = History(folder / "history.sqlite")
        stack.callback(history.close)
        now = SystemClock().now()
        begun = time.perf_counter()
        rows = fill(spool, made, now, hours)
        figures: dict[str, float] = {"drain_append_rows_per_s": rows / (time.perf_counter() - begun)}
        if kind == "duckdb":
            duckdb = DuckDbStore(folder / "samples.duckdb", SystemClock(), _KINDS)
            stack.callback(duckdb.close)
            return figures | drain(spool, history, duckdb, made, rows)
        if kind == "second":
            given = {
                name: os.environ[f"PVMON_TEST_INFLUX_{name.upper()}"] for name in ("url", "token", "org")
            }
            second = InfluxStore(
                given["url"], f"drain-{uuid4().hex}", _KINDS, org=given["org"], token=given["token"]
            )
            stack.callback(second.close)
            return figures | drain(spool, history, second, made, rows)
        server = stack.enter_context(influx_server.running(folder / "influx"))
        bare = Bare(server.url, made, now - timedelta(hours=hours), rows)
        rates = [bare.feed(0)]
        influx = InfluxStore(server.url, "pvmon", _KINDS)
        stack.callback(influx.close)
        figures |= drain(spool, history, influx, made, rows)
        rates.append(bare.feed(1))
        bare_rate = sum(rates) / len(rates)
        ratio = figures["drain_rows_per_s"] / bare_rate
        return figures | {"bare_rows_per_s": bare_rate, "drain_over_bare_server": ratio}


def run(*, quick: bool) -> dict[str, float]:
    """Return the figures of both stores."""
    hours = 1.0 if quick else 6.0
    return {
        f"{kind}_{name.removeprefix('drain_')}": figure
        for kind in ("influx", "duckdb")
        for name, figure in measure(kind, hours).items()
    }


def main(words: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 1 when a row is lost or a live one came late."""
    parser = argparse.ArgumentParser(prog="python -m bench.drain", description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=72.0, help="how long the store was away (default: 72)")
    parser.add_argument("--store", choices=("influx", "duckdb", "second"), default="influx")
    args = parser.parse_args(words)
    figures = measure(args.store, args.hours)
    for name, figure in figures.items():
        print(f"{name:28} {figure:,.3f}")
    return int(figures["drain_lost"] != 0 or figures["drain_live_age_max_s"] > 120)


if __name__ == "__main__":
    sys.exit(main())
