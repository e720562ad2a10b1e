"""Errors planted on purpose in a copy of the program, one at a time: the tests named for each must turn red.

An error that no test notices would be one nobody notices. `tests/bench/test_planted.py` holds the table against the
program as it is: every line to replace is there, once.

`python -m bench.planted [NAME …] [--list]`; 1 when a planted error stays green, or a gate is red without one.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_GATE_S = 600.0


@dataclass(frozen=True, slots=True)
class Planted:
    """An error: what it is, where, and the tests that must notice it (words for pytest)."""

    name: str
    story: str
    file: str
    old: str
    new: str
    gate: tuple[str, ...]


ERRORS = (
    Planted(
        "early",
        "a group is acknowledged before it is committed",
        "collectors/group_commit.py",
        "        try:\n            await asyncio.to_thread(self._store, group, notes)\n",
        "        self._on_commit(group)\n        try:\n            await asyncio.to_thread(self._store, group, notes)\n",
        ("tests/jobs/test_collect.py", "tests/collectors/test_mqtt.py"),
    ),
    Planted(
        "unsynced",
        "the queue's file is not synced at each commit",
        "collectors/spool_file.py",
        "PRAGMA synchronous=FULL",
        "PRAGMA synchronous=NORMAL",
        ("tests/bench/test_campaigns.py", "-k", "power_cut"),
    ),
    Planted(
        "retries",
        "the library asks again by itself",
        "collectors/modbus.py",
        '"retries": 0,',
        '"retries": 3,',
        ("tests/collectors/test_modbus.py",),
    ),
    Planted(
        "any_length",
        "the byte count of an answer is not looked at",
        "collectors/framing.py",
        "    if said != wanted or len(body) != wanted + 1:\n",
        "    if said < 0:\n",
        ("tests/collectors/test_modbus.py", "tests/collectors/test_framing.py"),
    ),
    Planted(
        "past_the_refused",
        "what the store refused leaves the queue with the rest",
        "jobs/forward.py",
        "        self._spool.settle(rows[-1][0], reasons, after_id)\n",
        "        self._spool.settle(rows[-1][0], {}, after_id)\n",
        ("tests/jobs/test_forward.py",),
    ),
    Planted(
        "a_body_dropped",
        "a body the server answers 400 or 422 is dropped whole",
        "stores/influx_write.py",
        "        except (RefusedLinesError, TooLargeError) as error:\n",
        "        except (RefusedLinesError, TooLargeError) as error:\n            if len(lines) > 1:\n                return\n",
        ("tests/stores/test_influx_refused.py",),
    ),
    Planted(
        "batching",
        "the client writes behind our back",
        "stores/influx_client.py",
        "write_api(write_options=SYNCHRONOUS)",
        "write_api()",
        ("tests/stores/test_influx.py",),
    ),
    Planted(
        "missed",
        "a period nobody ran in its time is not made up for (the alarm clock itself may miss what it likes)",
        "jobs/schedule.py",
        "        for back in range(job.catch_up_max, -1, -1):\n",
        "        for back in range(0, -1, -1):\n",
        ("tests/jobs/test_schedule.py",),
    ),
    Planted(
        "eight_hours",
        "a local day is a fixed eight hours from UTC, in the summers of 1986 to 1991 too",
        "domain/timespan.py",
        "    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)\n",
        "    return datetime.combine(day, time(), UTC) - timedelta(hours=8)\n",
        ("tests/domain/test_timespan.py",),
    ),
    Planted(
        "wall_clock",
        "a device rests by the wall clock, which may be put back",
        "collectors/poller.py",
        "        now_s = self._clock.monotonic()\n        suspended =",
        "        now_s = self._clock.now().timestamp() - 1.7e9\n        suspended =",
        ("tests/collectors/test_poller.py",),
    ),
    Planted(
        "one_lock",
        "all wires wait for each other",
        "collectors/shared_wire.py",
        "        async with self._turn:\n            return await self.source.read(unit, block)\n",
        "        async with globals().setdefault(asyncio.get_running_loop(), asyncio.Lock()):\n"
        "            return await self.source.read(unit, block)\n",
        ("tests/collectors/test_shared_wire.py",),
    ),
    Planted(
        "shed_uncounted",
        "rows are shed and their slots stay good",
        "collectors/spool.py",
        "            self._say(shed.slots)\n",
        "",
        ("tests/collectors/test_spool.py",),
    ),
    Planted(
        "texts",
        "values reach InfluxDB as texts",
        "stores/influx_lines.py",
        '"".join(f"{name}=%s," for name in fields)',
        '"".join(f\'{name}="%s",\' for name in fields)',
        ("tests/stores/test_influx_lines.py", "tests/stores/test_influx.py"),
    ),
    Planted(
        "broker_thread",
        "a mistake in a message ends the broker's thread",
        "collectors/mqtt.py",
        '        except Exception:\n            log.exception("a message could not be taken; it is left at the broker")\n',
        '        except KeyboardInterrupt:\n            log.exception("a message could not be taken; it is left at the broker")\n',
        ("tests/collectors/test_mqtt.py",),
    ),
    Planted(
        "file_copied",
        "a backup of the records is their file, copied while it is written",
        "stores/records/backup.py",
        '            old.backup(new)\n            new.execute("PRAGMA journal_mode=DELETE")\n',
        "            target.write_bytes(source.read_bytes())\n",
        ("tests/main/backup", "tests/stores/records"),
    ),
    Planted(
        "process_up",
        "the health page only says that the process is up",
        "dashboard/health.py",
        '        return _say(503, "; ".join(reasons)) if reasons else _say(200, "ok")\n',
        '        return _say(200, "ok")\n',
        ("tests/dashboard/test_health.py",),
    ),
)


def copied(folder: Path) -> Path:
    """Copy the program's files, as they are in the working tree, into a folder; return it."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def is_red(folder: Path, gate: Sequence[str]) -> tuple[bool, str]:
    """Run a gate in a copy; return whether a test failed, and the last line pytest said."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", *gate]
    try:
        ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=_GATE_S, check=False)
    except subprocess.TimeoutExpired:
        return True, f"no end within {_GATE_S:g} s"
    lines = [line for line in ran.stdout.splitlines() if line.strip()] or [ran.stderr[-300:]]
    if ran.returncode == 3:  # the interpreter's own fault: it cannot show some tracebacks (Python 3.11)
        return True, "the failure cannot be shown: " + next(
            (one for one in lines if "Error:" in one), lines[-1]
        )
    if ran.returncode not in {0, 1}:
        raise SystemExit(f"{' '.join(gate)}: pytest itself failed ({ran.returncode}): {lines[-1]}")
    failed = next((line for line in lines if line.startswith("FAILED")), "")
    return ran.returncode == 1, f"{failed} | {lines[-1]}" if failed else lines[-1]


def planted(error: Planted, folder: Path) -> tuple[bool, str]:
    """Plant one error in a copy, run its gate, mend the copy again."""
    path = folder / error.file
    text = path.read_text("utf-8")
    if text.count(error.old) != 1:
        raise SystemExit(f"{error.name}: {error.file} does not have its line once")
    path.write_text(text.replace(error.old, error.new), "utf-8")
    try:
        return is_red(folder, error.gate)
    finally:
        path.write_text(text, "utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.planted", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which errors (default: all)")
    parser.add_argument("--list", action="store_true", help="say what there is, and end")
    args = parser.parse_args(words)
    known = {error.name: error for error in ERRORS}
    unknown = [name for name in args.names if name not in known]
    if unknown:
        parser.error(f"{unknown[0]}: there is none; --list says what there is")
    if args.list:
        for error in ERRORS:
            print(f"{error.name:18} {error.story} ({error.file})")
        return 0
    green = 0
    with tempfile.TemporaryDirectory(prefix="pvmon-planted-") as name:
        folder = copied(Path(name))
        for error in (known[name] for name in args.names) if args.names else ERRORS:
            begun = time.perf_counter()
            red, said = planted(error, folder)
            green += not red
            seconds = time.perf_counter() - begun
            print(f"{error.name:18} {'red' if red else 'GREEN'} {seconds:6.1f} s  {said}", flush=True)
    return int(green > 0)


if __name__ == "__main__":
    sys.exit(main())
