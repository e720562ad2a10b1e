"""`kill -9` at random moments: of the spool's writer, and of a whole collector on a scripted wire.

Each kill falls while at least one sample is not committed: the parent kills only after the child has said that
it has begun one more. After each the spool is opened and held against what the child acknowledged.

`python -m bench.kills [--kills N] [--what spool|collector] [--planted early]`.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from collectors.spool import Spool

ROOT = Path(__file__).parent.parent
_SPOOL = """
import os, sys, threading, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from collectors.spool import Spool
from domain.measurement import Batch
start = datetime(2026, 6, 1, tzinfo=UTC)
names = ("ac_active_power_w", "ac_energy_total_wh")
spool, number, planted = Spool(Path(sys.argv[1]), ballast_bytes=4096), int(sys.argv[2]), sys.argv[3]
while True:
    rows = [Batch("inv", start + timedelta(seconds=number + n), names, (float(number + n), 1.0)) for n in range(3)]
    os.write(1, b"b %d\\n" % (number + 3))
    if planted == "early":
        os.write(1, b"a %d\\n" % (number + 3))
        time.sleep(0.05)
    spool.append(rows)
    number += 3
    if planted != "early":
        os.write(1, b"a %d\\n" % number)
"""
_COLLECTOR = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from collectors.spool import Spool
from domain.clock import FieldClock
from domain.measurement import Batch
from inverters.profile import load_profiles
from jobs.collect import Collector
from tests.collectors.peers import ScriptedSource
from tests.collectors.plants import modbus_plant, registry
spool = Spool(Path(sys.argv[1]), ballast_bytes=4096)
begun = int(sys.argv[2])
class Told(Spool):
    pass
class Wire(ScriptedSource):
    async def read(self, unit, block):
        global begun
        answer = await super().read(unit, block)
        begun += 1
        if begun % 5 == 0:
            os.write(1, b"b %d\\n" % begun)
            await asyncio.sleep(0)
        return answer
def told(batches):
    os.write(1, b"k " + b" ".join(f"{b.device_id}@{b.measured_at.timestamp():.6f}".encode() for b in batches) + b"\\n")
clock = FieldClock.starting(datetime.fromtimestamp(float(sys.argv[4]), UTC), speed=60.0)
job = Collector(registry(modbus_plant(1, 1, 10), modbus_plant(2, 1, 10)), load_profiles(), clock, spool,
    make_source=lambda gateway: Wire(), on_batches=told)
asyncio.run(job.run())
"""


def _child(code: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _killed(child: subprocess.Popen[bytes], lines: int) -> list[bytes]:
    """Read ``lines`` lines, wait for the next that begins something, kill at once; return all that was said."""
    assert child.stdout is not None
    said = []
    while True:
        line = child.stdout.readline()
        if not line:
            break
        said.append(line)
        if len(said) >= lines and line.startswith(b"b"):
            break
    child.send_signal(signal.SIGKILL)
    said += child.stdout.read().split(b"\n")
    child.wait()
    child.stdout.close()
    return said


def spool_kills(kills: int, planted: str = "", seed: int = 1) -> dict[str, float]:
    """Kill a writer ``kills`` times on one spool."""
    chance = random.Random(seed)
    lost = damaged = uncommitted = acknowledged = 0
    with tempfile.TemporaryDirectory(prefix="pvmon-kill-") as name:
        path = Path(name) / "spool.sqlite"
        for _ in range(kills):
            child = _child(_SPOOL, str(path), str(acknowledged), planted)
            said = _killed(child, chance.randrange(2, 60))
            marks = {kind: [int(s[2:]) for s in said if s.startswith(kind)] for kind in (b"a", b"b")}
            acknowledged = max([acknowledged, *marks[b"a"]])
            uncommitted += max(marks[b"b"], default=0) > acknowledged or bool(planted)
            spool = Spool(path, ballast_bytes=4096)
            there = {int(batch.values[0] or 0) for _, batch in spool.peek(10_000_000)}
            lost += sum(n not in there for n in range(acknowledged))
            damaged += spool.status().moved_aside is not None
            acknowledged = max(there, default=-1) + 1
            if len(there) > 20_000:
                spool.close()
                path.unlink()
                acknowledged = 0
                continue
            spool.close()
    return {"kills": kills, "with_uncommitted": uncommitted, "acknowledged_lost": lost, "damaged": damaged}


def collector_kills(kills: int, seed: int = 1) -> dict[str, float]:
    """Kill a collecting process ``kills`` times; its account must explain every slot and know every row."""
    chance = random.Random(seed)
    lost = damaged = uncommitted = unexplained = rows = 0
    at_s = 1_780_286_400.0  # 2026-06-01 12:00 in Shangzhou
    with tempfile.TemporaryDirectory(prefix="pvmon-kill-") as name:
        path = Path(name) / "spool.sqlite"
        for _ in range(kills):
            said = _killed(_child(_COLLECTOR, str(path), "0", "", str(at_s)), chance.randrange(4, 120))
            told = {key for line in said if line.startswith(b"k ") for key in line[2:].decode().split()}
            begun = max((int(line[2:]) for line in said if line.startswith(b"b")), default=0)
            spool = Spool(path, ballast_bytes=4096)
            kept = [batch for _, batch in spool.peek(10_000_000)]
            there = {f"{b.device_id}@{b.measured_at.timestamp():.6f}" for b in kept}
            lost += len(told - there)
            uncommitted += begun > 0
            damaged += spool.status().moved_aside is not None
            unexplained += sum(not spool.book.is_there(b.device_id, b.measured_at) for b in kept)
            rows += len(kept)
            if kept:
                at_s = max(at_s, *(b.measured_at.timestamp() for b in kept)) + chance.uniform(1, 400)
                spool.ack(spool.newest_id())
            spool.close()
    return {
        "kills": kills,
        "with_uncommitted": uncommitted,
        "rows_kept": rows,
        "acknowledged_lost": lost,
        "rows_without_slot": unexplained,
        "damaged": damaged,
    }


def main() -> int:
    """Run from the command line; 1 when something was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--what", choices=("spool", "collector"), default="spool")
    parser.add_argument("--planted", choices=("", "early"), default="")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begun = time.perf_counter()
    if args.what == "spool":
        found = spool_kills(args.kills, args.planted, args.seed)
    else:
        found = collector_kills(args.kills, args.seed)
    print(json.dumps({"what": args.what, **found, "seconds": round(time.perf_counter() - begun)}))
    return int(bool(found["acknowledged_lost"] or found["damaged"]))


if __name__ == "__main__":
    sys.exit(main())
