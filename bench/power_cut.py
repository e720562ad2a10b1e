"""Power cuts acted out on the spool: what was synced stays, of what was not any part may be gone.

A writer appends to a spool under a library that records every write, truncation and sync. Then crash states
are built: for a moment drawn by chance, all synced data plus a random part of the pages not synced yet. Each
is opened as a spool would be after the power came back, and held against the acknowledgements up to then.

`python -m bench.power_cut [--states N] [--planted normal|early]`: with a planted error it must find losses.
"""

import argparse
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from collectors.spool import Spool
from domain.errors import SpoolError

SOURCE = Path(__file__).parent / "native" / "powercut.c"
_HEAD = struct.Struct("<cqqq")
_PAGE = 512  # least piece a disk keeps or loses
_ACKNOWLEDGED = "acknowledged"
_WRITER = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from collectors.spool import Spool
from collectors.slot_book import Grid
from domain.measurement import Batch
folder, groups, planted = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
start = datetime(2026, 6, 1, tzinfo=UTC)
spool = Spool(folder / "spool.sqlite", ballast_bytes=4096)
if planted == "normal":
    spool._db.execute("PRAGMA synchronous=NORMAL")
spool.follow({"inv": Grid.of(1.0)}, start)
line = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
names = ("ac_active_power_w", "ac_energy_total_wh")
for group in range(groups):
    rows = [Batch("inv", start + timedelta(seconds=5 * group + n), names, (float(5 * group + n), 1.0)) for n in range(5)]
    if planted == "early":
        os.write(line, b"%d\\n" % (5 * group + 5))
    spool.append(rows)
    if planted != "early":
        os.write(line, b"%d\\n" % (5 * group + 5))
    if group % 20 == 19:
        ready = spool.peek(30)  # said before they go: a cut between the two is no loss
        os.write(line, b"-%d\\n" % (spool.status().forwarded + len(ready)))
        spool.ack(ready[-1][0])
os._exit(0)
"""


@dataclass
class Disk:
    """Files as they are on the platter (``safe``) and what is on its way (``loose``)."""

    safe: dict[str, bytearray] = field(default_factory=dict)
    loose: dict[str, list[tuple[int, bytes | None]]] = field(default_factory=dict)

    def note(self, kind: str, path: str, offset: int, data: bytes) -> None:
        """Take in one record."""
        if kind == "o":
            self.safe.setdefault(path, bytearray())
        elif kind == "w":
            self.loose.setdefault(path, []).append((offset, data))
        elif kind == "t":
            self.loose.setdefault(path, []).append((offset, None))
        elif kind == "s":
            for at, piece in self.loose.pop(path, []):
                _put(self.safe.setdefault(path, bytearray()), at, piece)
        elif kind == "u":
            self.safe.pop(path, None)
            self.loose.pop(path, None)

    def after_cut(self, chance: random.Random) -> Mapping[str, bytes]:
        """Return the files after the power came back: of what is loose, any pieces in any number."""
        found = {}
        kept = chance.random()
        for path, safe in self.safe.items():
            content = bytearray(safe)
            for at, piece in self.loose.get(path, []):
                if piece is None:
                    if chance.random() < kept:
                        _put(content, at, None)
                    continue
                for start in range(0, len(piece), _PAGE):
                    if chance.random() < kept:
                        _put(content, at + start, piece[start : start + _PAGE])
            found[path] = bytes(content)
        return found


def _put(content: bytearray, at: int, piece: bytes | None) -> None:
    if piece is None:
        del content[at:]
        content.extend(bytes(max(0, at - len(content))))
        return
    content.extend(bytes(max(0, at - len(content))))
    content[at : at + len(piece)] = piece


def records(log: bytes) -> Iterator[tuple[str, str, int, bytes]]:
    """Yield kind, file name, offset and data of each recorded call."""
    at = 0
    while at < len(log):
        kind, path_length, offset, length = _HEAD.unpack_from(log, at)
        at += _HEAD.size
        path = log[at : at + path_length].decode()
        at += path_length
        data = log[at : at + length] if kind == b"w" else b""
        at += len(data)
        yield kind.decode(), Path(path).name, offset, data


def recorded(folder: Path, groups: int, planted: str) -> bytes:
    """Run the writer under the recording library; return its log."""
    library = folder / "powercut.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
    work, log = folder / "work", folder / "log"
    work.mkdir()
    given = {"LD_PRELOAD": str(library), "POWERCUT_FOLDER": str(work), "POWERCUT_LOG": str(log)}
    root = SOURCE.parent.parent.parent
    subprocess.run(
        [sys.executable, "-c", _WRITER, str(work), str(groups), planted],
        check=True,
        cwd=root,
        env=os.environ | given | {"PYTHONPATH": str(root)},
    )
    return log.read_bytes()


def _lost(state: Mapping[str, bytes], acknowledged: int, forwarded: int, folder: Path) -> tuple[int, bool]:
    """Open a crash state; return how many acknowledged rows are gone, and whether the file was damaged."""
    for name, content in state.items():
        if name.startswith("spool.sqlite") and not name.endswith((".lock", ".ballast", "-shm")):
            (folder / name).write_bytes(content)
    try:
        spool = Spool(folder / "spool.sqlite", ballast_bytes=1 << 40)
    except SpoolError:
        return acknowledged - forwarded, True
    try:
        there = {int(batch.values[0] or 0) for _, batch in spool.peek(1_000_000)}
        gone = sum(number not in there for number in range(forwarded, acknowledged))
        slots = sum(strip.states.count(1) for strip in spool.book.strips())
        unexplained = max(0, acknowledged - slots)
        damaged = spool.status().moved_aside is not None or spool.status().quarantined > 0
        return max(gone, unexplained), damaged
    finally:
        spool.close()


def cuts(states: int, planted: str = "", seed: int = 1, groups: int = 150) -> dict[str, float]:
    """Act out ``states`` power cuts; return how many lost acknowledged rows or damaged the file."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="pvmon-cut-") as name:
        folder = Path(name)
        calls = list(records(recorded(folder, groups, planted)))
        first = next(n for n, call in enumerate(calls) if call[1] == _ACKNOWLEDGED and call[0] == "w")
        moments = sorted(chance.randrange(first, len(calls)) for _ in range(states))
        disk, acknowledged, forwarded, done = Disk(), 0, 0, 0
        losing = damaged = rows = open_ = 0
        for moment in moments:
            for kind, path, offset, data in calls[done : moment + 1]:
                if path == _ACKNOWLEDGED:
                    said = int(data or b"0")
                    acknowledged, forwarded = max(acknowledged, said), max(forwarded, -said)
                else:
                    disk.note(kind, path, offset, data)
            done = moment + 1
            place = Path(tempfile.mkdtemp(dir=folder))
            open_ += any(disk.loose.values())
            gone, broken = _lost(disk.after_cut(chance), acknowledged, forwarded, place)
            losing, damaged, rows = losing + (gone > 0), damaged + broken, rows + gone
            for file in place.iterdir():
                file.unlink()
            place.rmdir()
    return {
        "states": states,
        "states_with_unsynced_data": open_,
        "states_that_lost_acknowledged_rows": losing,
        "acknowledged_rows_lost": rows,
        "damaged_files": damaged,
    }


def main() -> int:
    """Run from the command line; 1 when something was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.power_cut", description=__doc__)
    parser.add_argument("--states", type=int, default=10_000)
    parser.add_argument("--planted", choices=("", "normal", "early"), default="")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    found = cuts(args.states, args.planted, args.seed)
    print(json.dumps(found))
    return int(bool(found["states_that_lost_acknowledged_rows"] or found["damaged_files"]))


if __name__ == "__main__":
    sys.exit(main())
