"""The alert contract on SQLite, and on PostgreSQL where an address is given; the log only grows."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.records.store import SqlRecordStore
from tests.stores.records.alert_contract import NOW, AlertStoreContract, alert

POSTGRES = os.environ.get("PVMON_TEST_POSTGRES_URL", "")


class TestOnSqlite(AlertStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqlRecordStore]:
        store = SqlRecordStore.at(tmp_path / "records" / "records.sqlite")
        yield store
        store.close()


if POSTGRES:  # an empty database that may be wiped

    class TestOnPostgres(AlertStoreContract):
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


def test_the_log_of_transitions_cannot_be_changed_or_deleted(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    store = SqlRecordStore.at(path)
    store.put_alerts([alert()], NOW)
    for statement in ("UPDATE alert_transitions SET severity=4", "DELETE FROM alert_transitions"):
        with sqlite3.connect(path) as stranger, pytest.raises(sqlite3.IntegrityError, match="append-only"):
            stranger.execute(statement)
        stranger.close()
    assert len(store.transitions("a1")) == 1
    store.close()
