import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect

from domain.clock import ManualClock
from domain.errors import StoreUnavailableError, StoreVersionError
from stores.records import migrate
from stores.records.migrate import known_revisions
from stores.records.schema import METADATA, REVISION
from stores.records.store import SqlRecordStore
from tests.stores.records.contract import user

CLOCK = ManualClock(datetime(2026, 7, 1, 2, 30, tzinfo=UTC))


def _run(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_the_newest_migration_is_the_revision_the_program_expects() -> None:
    assert known_revisions()[-1] == REVISION


def test_the_migrations_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    with store._database.reading() as connection:
        found = inspect(connection)
        assert set(found.get_table_names()) == {*METADATA.tables, "alembic_version"}
        for table in METADATA.tables.values():
            columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}
            indexes = {index["name"] for index in found.get_indexes(table.name)}
            assert indexes == {index.name for index in table.indexes}
    store.close()


def test_a_new_database_needs_no_backup(tmp_path: Path) -> None:
    store = SqlRecordStore.at(tmp_path / "records.sqlite", CLOCK)
    assert store.backup is None
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["records.sqlite"]


def test_a_database_of_a_newer_program_is_left_alone_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    SqlRecordStore.at(path).close()
    _run(path, "UPDATE alembic_version SET version_num='9999'")
    before = path.read_bytes()
    with pytest.raises(StoreVersionError, match=r"9999.*newer pvmon.*install that version"):
        SqlRecordStore.at(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    _run(path, "CREATE TABLE songs (title TEXT)")
    with pytest.raises(StoreVersionError, match="songs"):
        SqlRecordStore.at(path)


def test_an_older_database_is_copied_before_it_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "records.sqlite"
    store = SqlRecordStore.at(path)
    store.add_user(user())
    store.close()
    _pretend_newer(monkeypatch)
    store = SqlRecordStore.at(path, CLOCK)
    assert store.backup == tmp_path / f"records-{REVISION}-20260701T023000Z.backup.sqlite"
    assert store.backup.stat().st_mode & 0o777 == 0o600
    copy = sqlite3.connect(store.backup)
    assert copy.execute("SELECT user_id FROM users").fetchall() == [("li",)]
    assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISION,)]
    copy.close()
    assert store.user("li") == user()
    store.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "records.sqlite"
    SqlRecordStore.at(path).close()

    def broken(connection: object) -> None:
        connection.exec_driver_sql("CREATE TABLE half (x INTEGER)")  # type: ignore[attr-defined]
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")  # type: ignore[attr-defined]

    monkeypatch.setattr(migrate, "REVISION", "zzzz")
    monkeypatch.setattr(migrate, "_upgrade", broken)
    with pytest.raises(StoreUnavailableError, match="nowhere"):
        SqlRecordStore.at(path, CLOCK)
    tables = sqlite3.connect(path)
    assert tables.execute("SELECT count(*) FROM sqlite_master WHERE name='half'").fetchone() == (0,)
    tables.close()


def test_a_backup_that_cannot_be_written_stops_the_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "records.sqlite"
    SqlRecordStore.at(path).close()
    (tmp_path / f"records-{REVISION}-20260701T023000Z.backup.sqlite").mkdir()
    _pretend_newer(monkeypatch)
    with pytest.raises(StoreUnavailableError, match=r"backup before the migration failed"):
        SqlRecordStore.at(path, CLOCK)


def test_alembic_says_nothing_below_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        SqlRecordStore.at(tmp_path / "records.sqlite").close()
    assert [record.name for record in caplog.records] == ["stores.records.migrate"]


def _pretend_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program expect a newer revision that only writes its number."""

    def upgrade(connection: object) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num='zzzz'")  # type: ignore[attr-defined]

    monkeypatch.setattr(migrate, "REVISION", "zzzz")
    monkeypatch.setattr(migrate, "_upgrade", upgrade)
