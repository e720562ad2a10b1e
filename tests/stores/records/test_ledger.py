"""The ledger on SQLite, and on PostgreSQL where an address is given; raw SQL against it; kills while it posts."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.ledger import Closing
from stores.records.store import SqlRecordStore
from tests.conftest import ROOT
from tests.stores.records.ledger_contract import NOW, V1, LedgerContract, fact, payment, receipt

POSTGRES = os.environ.get("PVMON_TEST_POSTGRES_URL", "")
TABLES = ("ledger_entries", "ledger_postings", "ledger_closings", "money_facts")


class TestOnSqlite(LedgerContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqlRecordStore]:
        store = SqlRecordStore.at(tmp_path / "records.sqlite")
        yield store
        store.close()


if POSTGRES:  # an empty database that may be wiped

    class TestOnPostgres(LedgerContract):
        @pytest.fixture
        def store(self) -> Iterator[SqlRecordStore]:
            from sqlalchemy import create_engine, text

            engine = create_engine(POSTGRES)
            with engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
            engine.dispose()
            store = SqlRecordStore(POSTGRES)
            yield store
            store.close()


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sound ledger in a file."""
    path = tmp_path_factory.mktemp("books") / "records.sqlite"
    store = SqlRecordStore.at(path)
    store.add_facts([fact("a"), fact("b")])
    for number in range(12):
        store.post([receipt(f"r{number}", 100 + number), payment(f"p{number}", f"r{number}", 7)], NOW)
    store.close_period(Closing(V1, "2026-07", "li", "wang", NOW, "已核对"))
    assert store.verify().is_sound
    store.close()
    return path


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


@pytest.mark.parametrize("table", TABLES)
def test_nobody_changes_or_removes_a_posted_row(books: Path, table: str) -> None:
    connection = _open(books)
    column = connection.execute(f"PRAGMA table_info({table})").fetchall()[1][1]
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


_ENTRY = (
    "INSERT INTO ledger_entries (sequence, village_id, period, voucher_number, entry_key, booked_on, belongs_to,"
    " summary, source_kind, source_id, made_by, checked_by, recorded_at, content_hash, previous_hash, hash)"
    " VALUES ({sequence}, '611002101201', '{period}', {number}, 'raw', '{period}-01', '{period}-01', '', '', '',"
    " '{maker}', 'wang', 0, '', '', '')"
)
_LINE = "INSERT INTO ledger_postings VALUES ({sequence}, {line}, '10201', {fen}, '', '', 'x')"


@pytest.mark.parametrize(
    ("fens", "changes", "words"),
    [
        ((5, -4), {}, "sums to zero"),
        ((0,), {}, "two lines"),
        ((5, -5), {"period": "2026-07", "number": 25}, "closed"),
        ((5, -5), {"number": 2}, "without gaps"),
        ((5, -5), {"sequence": 27}, "without gaps"),
        ((5, -5), {"maker": "wang"}, "two persons"),
    ],
)
def test_the_database_itself_refuses_an_unsound_entry(
    books: Path, fens: tuple[int, ...], changes: dict[str, Any], words: str
) -> None:
    connection = _open(books)
    fields = {"sequence": 25, "period": "2026-08", "number": 1, "maker": "li", **changes}
    connection.execute("BEGIN")
    for line, fen in enumerate(fens, 1):
        connection.execute(_LINE.format(sequence=fields["sequence"], line=line, fen=fen))
    with pytest.raises(sqlite3.IntegrityError, match=words):
        connection.execute(_ENTRY.format(**fields))
    connection.rollback()
    connection.close()


def test_a_posted_entry_takes_no_more_lines_and_a_line_needs_its_entry(books: Path) -> None:
    connection = _open(books)
    with pytest.raises(sqlite3.IntegrityError, match="no more lines"):
        connection.execute(_LINE.format(sequence=3, line=9, fen=1))
    connection.execute("BEGIN")
    connection.execute(_LINE.format(sequence=99, line=1, fen=1))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        connection.execute("COMMIT")
    connection.close()


def _changed(value: Any, dice: random.Random) -> Any:
    if isinstance(value, int):
        return value + dice.choice((-1, 1, 10))
    if value is None or value == "":
        return "x"
    place = dice.randrange(len(value))
    other = dice.choice([c for c in "0123456789abcdef" if c != value[place]])
    return value[:place] + other + value[place + 1 :]


def _tampered(books: Path, path: Path, dice: random.Random) -> tuple[str, int]:
    """Change one column of one row by raw SQL, triggers and keys put out of the way; return table and row."""
    shutil.copy(books, path)
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
    for (trigger,) in triggers:
        connection.execute(f"DROP TRIGGER {trigger}")
    table = dice.choice((*TABLES, "ledger_balances"))
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    rows = connection.execute(f"SELECT rowid, * FROM {table}").fetchall()
    row = dice.choice(rows)
    place = dice.randrange(len(columns))
    try:
        connection.execute(
            f"UPDATE {table} SET {columns[place]} = ? WHERE rowid = ?",
            (_changed(row[place + 1], dice), row[0]),
        )
    except sqlite3.IntegrityError:  # a unique key still stands in the way: that is refused already
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row[0],))
    sequence = int(row[1]) if table in {"ledger_entries", "ledger_postings"} else 0
    connection.close()
    return table, sequence


def test_any_change_by_raw_sql_is_found_and_the_first_broken_row_named(books: Path, tmp_path: Path) -> None:
    dice = random.Random(20260701)
    store = SqlRecordStore.at(tmp_path / "probe.sqlite")
    store.close()
    missed, wrong = [], []
    for turn in range(60):
        path = tmp_path / "tampered.sqlite"
        table, sequence = _tampered(books, path, dice)
        store = SqlRecordStore.at(path)
        found = store.verify()
        store.close()
        if found.is_sound:
            missed.append((turn, table))
        elif sequence and f"sequence {sequence}" not in found.broken and "missing" not in found.broken:
            wrong.append((turn, table, sequence, found.broken))
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert missed == []
    assert [one for one in wrong if one[1] == "ledger_entries"] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\\u4e2d", "\\ude2d"),  # half a character, which no hash can be made of
        ("5", "NaN"),
        ("5", "5.0"),
        (": 5", ":\t5"),  # says the same, written otherwise
        ("}", ""),
        ("}", "}}"),
    ],
)
def test_a_fact_that_was_broken_or_written_otherwise_is_named(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "records.sqlite"
    store = SqlRecordStore.at(path)
    store.add_facts([fact("a"), fact("b")])
    assert store.verify().is_sound
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER money_facts_no_update")
    changed = "UPDATE money_facts SET content = replace(content, ?, ?) WHERE number = 2"
    assert connection.execute(f"{changed} AND instr(content, ?) > 0", (old, new, old)).rowcount == 1
    connection.close()
    found = store.verify()
    store.close()
    assert "number 2" in found.broken


def test_a_tail_cut_off_is_found(books: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.sqlite"
    shutil.copy(books, path)
    connection = sqlite3.connect(path, isolation_level=None)
    for table in TABLES:
        for what in ("update", "delete"):
            connection.execute(f"DROP TRIGGER {table}_no_{what}")
    connection.execute("DELETE FROM ledger_postings WHERE sequence = 24")
    connection.execute("DELETE FROM ledger_entries WHERE sequence = 24")
    connection.close()
    store = SqlRecordStore.at(path)
    found = store.verify()
    store.close()
    assert "stored" in found.broken


_POSTER = """
import sys, threading
from pathlib import Path
from stores.records.store import SqlRecordStore
from tests.stores.records.ledger_contract import NOW, receipt
store = SqlRecordStore.at(Path(sys.argv[1]))
print("open", flush=True)
def work(turn):
    for number in range(4000):
        store.post([receipt(f"{turn}-{number}", number + 1), receipt(f"both-{number}", number + 1)], NOW)
for turn in range(8):
    threading.Thread(target=work, args=(turn,)).start()
"""


@pytest.mark.slow
def test_kills_while_eight_callers_post_leave_whole_entries_and_no_key_twice(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    SqlRecordStore.at(path).close()
    dice = random.Random(7)
    before = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", _POSTER, str(path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "open"
        time.sleep(dice.uniform(0.05, 0.8))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = SqlRecordStore.at(path)
        found = store.verify()
        keys = [voucher.entry.key for voucher in store.vouchers()]
        store.close()
        assert found.broken == ""
        assert len(keys) == len(set(keys)) >= before
        before = len(keys)
    assert before > 0
