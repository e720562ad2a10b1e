"""`kill -9` at random moments: of the queue's writer, of a whole collector on a scripted wire, of the forwarder.

The parent listens to what the child says it has begun and what it was told is safe, and kills at a random line
and a random moment after it. Only kills that fell while at least one sample was not committed count towards the
number asked. After each kill the files
are opened and held against what the child was told. Children are forked from a warmed server, so that a kill
costs what the child does and not the start of an interpreter.

`python -m bench.kills [--kills N] [--what spool|collector|forwarder] [--planted early]`.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench import killable
from collectors.spool import Spool
from domain.timespan import Interval

_FORK = multiprocessing.get_context("forkserver")
_EVERYTHING = 10_000_000
_SPOOL_ROWS_MAX = 5_000  # a fresh queue then: the reading back is not what is measured
_BACKLOG_ROWS = 2_000
_DELAY_MOST_S = 0.004
_ATTEMPTS = 5  # times as many kills as asked at most, before the campaign says that it cannot hit


def killed(
    target: Callable[..., None], chance: random.Random, lines: tuple[int, int], *given: Any
) -> list[bytes]:
    """Start ``target``, kill it after a random line that begins something; return all that it said."""
    reader, writer = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=target, args=(writer, *given))
    child.start()
    writer.close()
    said = _listen(reader, child.pid or 0, chance.randrange(*lines), chance.uniform(0, _DELAY_MOST_S))
    child.join()
    child.close()
    return said


def _listen(reader: Connection, pid: int, lines: int, delay_s: float) -> list[bytes]:
    with os.fdopen(os.dup(reader.fileno()), "rb", buffering=0) as pipe:
        reader.close()
        said = b""
        while piece := pipe.read(65_536):
            said += piece
            if said.count(b"\n") >= lines:
                break
        time.sleep(delay_s)
        os.kill(pid, signal.SIGKILL)
        while piece := pipe.read(65_536):
            said += piece
    return said.split(b"\n")


def _numbers(said: list[bytes], kind: bytes) -> list[int]:
    return [int(line[2:]) for line in said if line.startswith(kind)]


def _campaign(kills: int, once: Callable[[], dict[str, int]]) -> dict[str, float]:
    """Repeat ``once`` until ``kills`` of its kills fell while something was not committed."""
    total: dict[str, float] = {"kills": 0, "with_uncommitted": 0, "acknowledged_lost": 0, "damaged": 0}
    while total["with_uncommitted"] < kills and total["kills"] < _ATTEMPTS * kills + 10:
        total["kills"] += 1
        for name, number in once().items():
            total[name] = total.get(name, 0) + number
    return total


def spool_kills(kills: int, planted: str = "", seed: int = 1) -> dict[str, float]:
    """Kill a writer on one queue."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="pvmon-kill-") as name:
        path = Path(name) / "spool.sqlite"
        there: set[int] = set()

        def once() -> dict[str, int]:
            nonlocal there
            if len(there) > _SPOOL_ROWS_MAX:
                path.unlink()
                there = set()
            known = max(there, default=-1) + 1
            said = killed(killable.write_spool, chance, (2, 60), path, known, planted)
            acknowledged = max([known, *_numbers(said, b"a")])
            begun = max(_numbers(said, b"b"), default=0)
            spool = Spool(path, ballast_bytes=killable.BALLAST_BYTES)
            there = {int(batch.values[0] or 0) for _, batch in spool.peek(_EVERYTHING)}
            damaged = spool.status().moved_aside is not None
            spool.close()
            return {
                "with_uncommitted": int(begun > acknowledged or bool(planted)),
                "acknowledged_lost": sum(n not in there for n in range(acknowledged)),
                "damaged": int(damaged),
            }

        return _campaign(kills, once)


def collector_kills(kills: int, seed: int = 1) -> dict[str, float]:
    """Kill a collecting process; every row it was told of is there, and every row there has its slot."""
    chance = random.Random(seed)
    at_s = killable.START.timestamp() + 4 * 3600.0  # noon in Shangzhou
    with tempfile.TemporaryDirectory(prefix="pvmon-kill-") as name:
        path = Path(name) / "spool.sqlite"

        def once() -> dict[str, int]:
            nonlocal at_s
            said = killed(killable.collect, chance, (4, 120), path, at_s)
            told = {line[2:].decode() for line in said if line.startswith(b"k ")}
            spool = Spool(path, ballast_bytes=killable.BALLAST_BYTES)
            kept = [batch for _, batch in spool.peek(_EVERYTHING)]
            there = {f"{b.device_id}@{b.measured_at.timestamp():.6f}" for b in kept}
            found = {
                "with_uncommitted": int(bool(_numbers(said, b"b"))),
                "rows_kept": len(kept),
                "acknowledged_lost": len(told - there),
                "rows_without_slot": sum(not spool.book.is_there(b.device_id, b.measured_at) for b in kept),
                "damaged": int(spool.status().moved_aside is not None),
            }
            if kept:
                at_s = max(at_s, *(b.measured_at.timestamp() for b in kept)) + chance.uniform(1, 400)
                spool.ack(spool.newest_id())
            spool.close()
            return found

        return _campaign(kills, once)


def forwarder_kills(kills: int, seed: int = 1) -> dict[str, float]:
    """Kill a forwarder between queue and store: every row stays in one of them, and none is stored twice."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="pvmon-kill-") as name:
        path, store_path = Path(name) / "spool.sqlite", Path(name) / "samples.duckdb"
        appended = 0

        def once() -> dict[str, int]:
            nonlocal appended
            spool = Spool(path, ballast_bytes=killable.BALLAST_BYTES)
            if (
                spool.status().rows < _BACKLOG_ROWS
            ):  # no longer than it must be: all of it is read after each kill
                spool.append(killable.rows(appended, _BACKLOG_ROWS))
                appended += _BACKLOG_ROWS
            spool.close()
            said = killed(killable.forward, chance, (2, 60), path, store_path)
            spool, store = Spool(path, ballast_bytes=killable.BALLAST_BYTES), killable.open_store(store_path)
            span = Interval(killable.START, killable.rows(appended, 1)[0].measured_at)
            kept = store.read([killable.DEVICE], ["ac_active_power_w"], span).values["ac_active_power_w"]
            stored, rows = {int(value) for value in kept}, store.status().rows
            waiting = {int(batch.values[0] or 0) for _, batch in spool.peek(_EVERYTHING)}
            damaged = spool.status().moved_aside is not None
            store.close()
            spool.close()
            return {
                "with_uncommitted": int(bool(said) and bool(waiting)),
                "acknowledged_lost": len(set(range(appended)) - stored - waiting),
                "stored_twice": rows - len(stored),
                "damaged": int(damaged),
            }

        return _campaign(kills, once)


KINDS: dict[str, Callable[..., dict[str, float]]] = {
    "spool": spool_kills,
    "collector": collector_kills,
    "forwarder": forwarder_kills,
}


def main() -> int:
    """Run from the command line; 1 when something was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--what", choices=tuple(KINDS), default="spool")
    parser.add_argument("--planted", choices=("", "early"), default="")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begun = time.perf_counter()
    more = {"planted": args.planted} if args.planted else {}
    found = KINDS[args.what](args.kills, seed=args.seed, **more)
    print(json.dumps({"what": args.what, **found, "seconds": round(time.perf_counter() - begun)}))
    bad = found["acknowledged_lost"] or found["damaged"] or found.get("stored_twice")
    return int(bool(bad or found["with_uncommitted"] < args.kills))


_FORK.set_forkserver_preload(["bench.killable"])

if __name__ == "__main__":
    sys.exit(main())
