"""`kill -9` at random moments of a village's collector, of the broker (wiped or not), and of the centre, all real.

Three processes: `Village` polls real Modbus sockets into its queue and sends on, a Mosquitto, and a centre that listens,
keeps, and forwards into a DuckDB store. The village says on a pipe each row it has on disk; that list is the truth.
After the last kill everything runs until the village's queue is empty; then the store must hold every row of the
list, once, and no other. Only kills of the village that fell while a sample was read and not committed count.

`python -m bench.edge_kills [--kills N] [--what village|all] [--planted early]`.
"""

import argparse
import json
import multiprocessing
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bench.edge_killable import CENTRE_AT, PACE, SPEED, UNITS, centre, key, open_store, stored, village
from collectors.edge_line import MqttLine
from collectors.mqtt import Broker
from collectors.spool import Spool
from domain.clock import FieldClock
from jobs.edge_forward import EdgeForwarder
from jobs.forward import Forwarder
from tests.collectors.mosquitto import Mosquitto
from tests.jobs.village import BALLAST_BYTES, PLANT, devices, village_registry

_FORK = multiprocessing.get_context("forkserver")
_SETTLE_S = 120.0
_ATTEMPTS = 5


class _Child:
    """A process of ours that is killed and started again; what it says is gathered."""

    def __init__(self, target: Callable[..., None], *given: Any) -> None:
        self._target, self._given = target, given
        self.said: list[bytes] = []
        self._rest = b""
        self._process: BaseProcess | None = None

    def start(self, *more: Any) -> None:
        reader, writer = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=self._target, args=(writer, *self._given, *more), daemon=True)
        process.start()
        writer.close()
        self._process, self._pipe, self._reader = process, reader.fileno(), reader

    def listen(self, within_s: float) -> list[bytes]:
        """Return the lines said within a time, or until the first ones came."""
        if not select.select([self._pipe], [], [], within_s)[0]:
            return []
        return self._take(os.read(self._pipe, 1 << 20))

    def _take(self, piece: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.said += lines
        return lines

    def kill(self) -> None:
        """Kill it, and read what it still said."""
        assert self._process is not None
        self._process.kill()
        while piece := os.read(self._pipe, 1 << 20):
            self._take(piece)
        self._process.join()
        self._process.close()
        self._reader.close()
        self._rest = b""


class Campaign:
    """Village, broker and centre, and what became of every row."""

    def __init__(self, stack: ExitStack, seed: int, planted: str) -> None:
        self.chance = random.Random(seed)
        self._planted = planted
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pvmon-edge-kill-")))
        self.folder, self._port = folder, stack.enter_context(devices())
        for name in ("village", "centre", "broker"):
            (folder / name).mkdir()
        self.broker = Mosquitto(folder / "broker")
        stack.callback(self.broker.stop)
        self.village = _Child(village, folder / "village", self._port, self.broker.port)
        self.centre = _Child(centre, folder / "centre", self._port, self.broker.port)
        self.at_s = datetime(2026, 6, 1, 1, tzinfo=UTC).timestamp()
        self._begun_s = time.monotonic()
        self.told: list[str] = []
        self.tried: set[str] = set()
        self.found = dict.fromkeys(
            ("kills", "kills_village", "kills_broker", "brokers_wiped", "kills_centre", "with_uncommitted"), 0
        )

    def start_village(self) -> None:
        """Start it a little later in field time than anything it has read, so that no row is read twice."""
        newest = max((int(one.partition("@")[2]) / 1e6 for one in self.tried), default=self.at_s)
        self.at_s = max(self.at_s, newest) + self.chance.uniform(1, 90)
        self.village.start(self.at_s, self._planted)

    def _take(self) -> int:
        """Take what the village said; return how many reads it has begun since its newest commit."""
        said, self.village.said = self.village.said, []
        begun = 0
        for line in said:
            if line == b"b":
                begun += 1
            elif line.startswith(b"t "):
                self.tried.add(line[2:].decode())
            elif line.startswith(b"k "):
                self.told.append(line[2:].decode())
                begun = 0
        return begun

    def kill_village(self) -> None:
        """Kill it after some reads, and start it again."""
        wanted, deadline = self.chance.randrange(1, 200), time.monotonic() + 20
        heard = 0
        while heard < wanted and time.monotonic() < deadline:
            heard += len(self.village.listen(1.0))
        time.sleep(self.chance.uniform(0, 0.02))
        self.village.kill()
        self.found["with_uncommitted"] += self._take() > 0
        self.found["kills_village"] += 1
        self.start_village()

    def kill_broker(self) -> None:
        """Kill it, forget what it kept half of the time, and start it again."""
        self.broker.stop(signal.SIGKILL)
        if self.chance.random() < 0.5:
            self.broker.wipe()
            self.found["brokers_wiped"] += 1
        self._live(self.chance.uniform(0, 0.5))
        self.broker.start()
        self.found["kills_broker"] += 1

    def kill_centre(self) -> None:
        """Kill it, and start it again after a while."""
        self.centre.kill()
        self._live(self.chance.uniform(0, 0.5))
        self.centre.start()
        self.found["kills_centre"] += 1

    def _live(self, seconds: float) -> None:
        """Let things run, and read what is said."""
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            self.village.listen(left_s)

    def run(self, kills: int, what: str) -> dict[str, float]:
        """Kill until enough kills counted, then let all arrive and hold it against what was told."""
        self.centre.start()
        self.start_village()
        while self._go_on(kills, what):
            self.found["kills"] += 1
            which = "village" if what == "village" else self.chance.choice(("village", "broker", "centre"))
            getattr(self, f"kill_{which}")()
            if what != "village":
                self._live(self.chance.uniform(0, 1.5))
        self.village.kill()
        self._take()
        return self._judge()

    def _go_on(self, kills: int, what: str) -> bool:
        done = self.found["with_uncommitted"] if what == "village" else self.found["kills"]
        return done < kills and self.found["kills"] < _ATTEMPTS * kills + 10

    def _judge(self) -> dict[str, float]:
        """Send on without polling until the queue is empty, then count."""
        spool = Spool(self.folder / "village" / "spool.sqlite", ballast_bytes=BALLAST_BYTES)
        clock = FieldClock.starting(datetime.fromtimestamp(self.at_s, UTC), speed=SPEED)
        line = MqttLine(Broker(port=self.broker.port, client_id=PLANT))
        last = EdgeForwarder(spool, line, clock, PLANT, dict, pace=PACE)
        last.start()
        kept = {key(batch) for _, batch in spool.peek(1_000_000)}
        end = time.monotonic() + _SETTLE_S
        while spool.status().rows and time.monotonic() < end:
            time.sleep(0.1)
        left, damaged = spool.status().rows, spool.status().moved_aside is not None
        last.stop()
        spool.close()
        time.sleep(3.0)
        self.centre.kill()
        return {**self.found, **self._counts(kept, left, damaged=damaged)}

    def _counts(self, kept: set[str], left: int, *, damaged: bool) -> dict[str, float]:
        queue = Spool(self.folder / "centre" / "spool.sqlite", ballast_bytes=BALLAST_BYTES)
        given = village_registry(self._port, UNITS)
        store = open_store(self.folder / "centre" / "samples.duckdb", given)
        clock = FieldClock.starting(CENTRE_AT)
        while Forwarder(queue, store, None, clock).run_once():  # what the kill left in the centre's queue
            continue
        rows = store.status().rows
        there = stored(store, given)
        refused = queue.status().quarantined
        store.close()
        queue.close()
        told = set(self.told)
        return {
            "rows_told": len(told),
            "rows_lost": len((told | kept) - there),
            "rows_doubled": rows - len(there),
            "rows_nobody_read": len(there - self.tried),
            "rows_left": left,
            "refused": refused,
            "damaged": int(damaged),
            "seconds": round(time.monotonic() - self._begun_s),
        }


def edge_kills(kills: int, what: str = "all", seed: int = 1, planted: str = "") -> dict[str, float]:
    """Kill village, broker and centre in random order, or the village alone; return what became of the rows."""
    with ExitStack() as stack:
        return Campaign(stack, seed, planted).run(kills, what)


def main() -> int:
    """Run from the command line; 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m bench.edge_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--what", choices=("village", "all"), default="all")
    parser.add_argument("--planted", choices=("", "early"), default="")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    found = edge_kills(args.kills, args.what, args.seed, args.planted)
    print(json.dumps({"what": args.what, **found}))
    bad = sum(
        found[name] for name in ("rows_lost", "rows_doubled", "rows_nobody_read", "rows_left", "damaged")
    )
    return int(
        bool(bad or found["refused"] or (args.what == "village" and found["with_uncommitted"] < args.kills))
    )


_FORK.set_forkserver_preload(["bench.edge_killable"])

if __name__ == "__main__":
    sys.exit(main())
