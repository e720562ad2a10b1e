"""The ledger under attack: `kill -9` while eight callers post, and single changes by raw SQL that must be found.

A kill falls into a process of its own while it posts; afterwards the whole ledger is checked: every key there
once or not at all, every acknowledged key there, every sum zero. A tampering changes one column of one posted
row, triggers out of the way; the check must find it and name the row first, then the row is put back.

`python -m bench.ledger_campaign [--what kills|tamper] [--count N] [--seed N]`.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.ledger import Closing
from stores.records.store import SqlRecordStore
from tests.stores.records.ledger_contract import NOW, V1, fact, payment, receipt

CALLERS = 8
VOUCHERS_MAX = 4_000
TABLES = ("ledger_entries", "ledger_postings", "ledger_closings", "money_facts", "ledger_balances")
_KEYS = {
    "ledger_entries": ("sequence",),
    "ledger_postings": ("sequence",),
    "ledger_closings": ("number",),
    "money_facts": ("number",),
    "ledger_balances": ("village_id", "account", "plant_id", "person_id", "lot_id"),
}


def _post_until_killed(path: Path, answer: int, turn: int) -> None:
    """Post from eight threads; every caller also posts keys the others post, and says what was acknowledged."""
    store = SqlRecordStore.at(path)

    def caller(number: int) -> None:
        for place in range(100_000):
            mine, ours = f"{turn}-{number}-{place}", f"{turn}-all-{place}"
            store.post([receipt(mine, place + 1), receipt(ours, place + 1)], NOW)
            os.write(answer, f"{mine}\n{ours}\n".encode())

    for number in range(CALLERS):
        threading.Thread(target=caller, args=(number,)).start()


def _killed(path: Path, turn: int, wait_s: float) -> set[str]:
    """Fork a poster, kill it a moment after its first acknowledgement; return the keys it was told are kept."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _post_until_killed(path, writing, turn)
        finally:
            signal.pause()
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        first = said.readline()
        time.sleep(wait_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines = (first + said.read()).split(b"\n")
    return {line.decode() for line in lines[:-1]}


def ledger_kills(count: int, seed: int = 1) -> dict[str, float]:
    """Kill a posting process ``count`` times and check the ledger after each."""
    dice = random.Random(seed)
    lost = twice = broken = acknowledged = vouchers = 0
    keys: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pvmon-ledger-") as name:
        path = Path(name) / "records.sqlite"
        SqlRecordStore.at(path).close()
        empty = path.read_bytes()
        for turn in range(count):
            told = _killed(path, turn, dice.uniform(0.0, 0.15))
            store = SqlRecordStore.at(path)
            found = store.verify()
            keys = [voucher.entry.key for voucher in store.vouchers()]
            store.close()
            broken += not found.is_sound
            twice += len(keys) - len(set(keys))
            lost += len(told - set(keys))
            acknowledged += len(told)
            if len(keys) > VOUCHERS_MAX:
                vouchers += len(keys)
                _begin_anew(path, empty)
        vouchers += len(keys) if len(keys) <= VOUCHERS_MAX else 0
    return {
        "kills": count,
        "callers": CALLERS,
        "vouchers": vouchers,
        "acknowledged": acknowledged,
        "acknowledged_lost": lost,
        "keys_twice": twice,
        "ledgers_broken": broken,
    }


def _begin_anew(path: Path, empty: bytes) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(empty)


def books_at(path: Path) -> None:
    """Make a small sound ledger with everything in it that may be tampered with."""
    store = SqlRecordStore.at(path)
    store.add_facts([fact(f"s{number}", number) for number in range(6)])
    for number in range(12):
        store.post([receipt(f"r{number}", 100 + number), payment(f"p{number}", f"r{number}", 7)], NOW)
    store.close_period(Closing(V1, "2026-07", "li", "wang", NOW, "已核对"))
    assert store.verify().is_sound
    store.close()


def _other(value: Any, dice: random.Random) -> Any:
    if isinstance(value, int):
        return value + dice.choice((-1000, -1, 1, 10))
    if not value:
        return "x"
    place = dice.randrange(len(value))
    other = dice.choice([sign for sign in '0123456789abcdef中"{' if sign != value[place]])
    return value[:place] + other + value[place + 1 :]


class _Tamper:
    """Changes one column of one row and puts it back."""

    def __init__(self, path: Path, dice: random.Random) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._dice = dice
        triggers = self._connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
        for (trigger,) in triggers.fetchall():
            self._connection.execute(f"DROP TRIGGER {trigger}")

    def change(self) -> tuple[str, str, Sequence[str], Sequence[Any]]:
        """Return table, column, the words one of which must be named, and how to put it back."""
        table = self._dice.choice(TABLES)
        columns = [row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")]
        rows = self._connection.execute(f"SELECT rowid, {', '.join(columns)} FROM {table}").fetchall()
        while True:
            row, place = self._dice.choice(rows), self._dice.randrange(len(columns))
            new = _other(row[place + 1], self._dice)
            column = columns[place]
            try:
                self._set(table, column, new, row[0])
            except sqlite3.IntegrityError:  # a key in the way: the database refuses it by itself
                continue
            after = dict(zip(columns, row[1:], strict=True)) | {column: new}
            before = dict(zip(columns, row[1:], strict=True))
            return table, column, _names(table, before, after), (table, column, row[place + 1], row[0])

    def put_back(self, kept: Sequence[Any]) -> None:
        """Undo a change."""
        self._set(kept[0], kept[1], kept[2], kept[3])

    def _set(self, table: str, column: str, value: Any, row: int) -> None:
        self._connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _names(table: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return how the check may name the row: as it was or as it is now."""
    keys = _KEYS[table]
    word = {"ledger_closings": "number ", "money_facts": "number ", "ledger_balances": ""}.get(
        table, "sequence "
    )
    return [f"{word}{' '.join(str(row[key]) for key in keys if row[key] != '')}" for row in (before, after)]


def tamperings(count: int, seed: int = 1) -> dict[str, Any]:
    """Tamper ``count`` times; each must be found, and the row named."""
    dice = random.Random(seed)
    missed: list[str] = []
    unnamed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pvmon-ledger-") as name:
        path = Path(name) / "records.sqlite"
        books_at(path)
        shutil.copy(path, path.with_name("kept.sqlite"))
        store, tamper = SqlRecordStore.at(path), _Tamper(path, dice)
        for turn in range(count):
            table, column, names, kept = tamper.change()
            found = store.verify()
            if found.is_sound:
                missed.append(f"{turn} {table}.{column}")
            elif not any(one in found.broken for one in names):
                unnamed.append(f"{turn} {table}.{column}: {found.broken}")
            tamper.put_back(kept)
        assert store.verify().is_sound, "the last change was not put back"
        tamper.close()
        store.close()
    return {
        "tamperings": count,
        "missed": len(missed),
        "row_not_named": len(unnamed),
        "examples": [*missed[:5], *unnamed[:5]],
    }


def main() -> int:
    """Run from the command line; 1 when anything was lost, twice, missed or not named."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger_campaign", description=__doc__)
    parser.add_argument("--what", choices=("kills", "tamper"), default="kills")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begun = time.perf_counter()
    found = (ledger_kills if args.what == "kills" else tamperings)(args.count, args.seed)
    print(json.dumps({**found, "seconds": round(time.perf_counter() - begun)}, ensure_ascii=False))
    bad = ("acknowledged_lost", "keys_twice", "ledgers_broken", "missed", "row_not_named")
    return int(any(found.get(name) for name in bad))


if __name__ == "__main__":
    sys.exit(main())
