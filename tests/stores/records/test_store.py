"""The contract on SQLite, and on a PostgreSQL of our own; what is particular to SQLite."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import RecordRejectedError, StoreUnavailableError
from stores.records.store import SqlRecordStore
from tests.conftest import ROOT
from tests.stores.records.contract import NOW, RecordStoreContract, entry, user


class TestOnSqlite(RecordStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqlRecordStore]:
        store = SqlRecordStore.at(tmp_path / "records" / "records.sqlite")
        yield store
        store.close()


@pytest.mark.needs("postgres")
class TestOnPostgres(RecordStoreContract):
    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[SqlRecordStore]:
        store = SqlRecordStore(postgres_url)
        yield store
        store.close()


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    first = SqlRecordStore.at(path)
    first.add_user(user())
    first.close()
    second = SqlRecordStore.at(path)
    assert second.user("li") == user()
    second.close()


def test_the_audit_cannot_be_changed_or_deleted_by_anyone(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    store = SqlRecordStore.at(path)
    store.add_audit(entry())
    for statement in ("UPDATE audit SET outcome='done'", "DELETE FROM audit"):
        with sqlite3.connect(path) as stranger, pytest.raises(sqlite3.IntegrityError, match="append-only"):
            stranger.execute(statement)
        stranger.close()
        with pytest.raises(RecordRejectedError, match="append-only"), store._database.writing() as connection:
            connection.exec_driver_sql(statement)
    with (
        pytest.raises(RecordRejectedError, match="append-only"),
        store._database.writing() as connection,
    ):
        connection.exec_driver_sql(
            "REPLACE INTO audit SELECT number, at, 'x', action, subject, outcome, address, detail, field_time FROM audit"
        )
    assert store.audit(NOW) == [entry()]
    store.close()


def test_only_its_owner_may_read_the_file_and_its_log(tmp_path: Path) -> None:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    store.add_user(user())
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("records.sqlite", "records.sqlite-wal", "records.sqlite-shm"), 0o600)
    store.close()


def test_one_connection_writes_and_checkpoints_and_readers_cannot(tmp_path: Path) -> None:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    with store._database.writing() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    assert pragmas == ["wal", 2]
    with store._database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA query_only").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == 0
    with pytest.raises(StoreUnavailableError), store._database.reading() as connection:
        connection.exec_driver_sql("DELETE FROM users")
    store.close()


def test_a_full_disk_says_so_and_keeps_nothing_half(tmp_path: Path) -> None:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    with store._database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    store._database.writer.raw_connection().driver_connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[union-attr]

    def fill() -> None:
        with store.transaction():
            store.add_user(user())
            store.add_photo("abc", "image/png", b"x" * 200_000)

    with pytest.raises(StoreUnavailableError, match="free some space"):
        fill()
    assert store.user("li") is None
    store.close()


@pytest.mark.parametrize("kind", ["file in the way", "folder", "no database"])
def test_a_place_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path, kind: str) -> None:
    blocked = tmp_path / "blocked"
    if kind == "file in the way":
        blocked.write_text("x")
        path = blocked / "sub" / "records.sqlite"
    elif kind == "folder":
        (blocked / "records.sqlite").mkdir(parents=True)
        path = blocked / "records.sqlite"
    else:
        path = blocked
        blocked.write_text("this is no database, but long enough to be looked at" * 50)
    with pytest.raises(StoreUnavailableError, match=r"--data|restore a backup") as refusal:
        SqlRecordStore.at(path)
    assert str(path.parent if kind == "file in the way" else path) in str(refusal.value)


def test_a_read_only_database_says_who_needs_which_right(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    SqlRecordStore.at(path).close()
    store = SqlRecordStore(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(StoreUnavailableError, match="right to write"):
        store.add_user(user())
    store._database.abandon()


def test_a_wrong_address_is_refused_without_showing_the_password() -> None:
    with pytest.raises(StoreUnavailableError) as refusal:
        SqlRecordStore("not an address with s3cret")
    assert "s3cret" not in str(refusal.value)


def test_opening_an_up_to_date_database_is_quick_and_leaves_alembic_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    SqlRecordStore.at(path).close()
    program = (
        "import sys, pathlib\n"
        "from stores.records.store import SqlRecordStore\n"
        f"SqlRecordStore.at(pathlib.Path({str(path)!r})).close()\n"
        "assert 'alembic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, check=True)
    started = time.perf_counter()
    SqlRecordStore.at(path).close()
    assert time.perf_counter() - started < 0.3
