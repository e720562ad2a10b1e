"""The contract of cases and messages on SQLite, and on PostgreSQL where an address is given."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.records.store import SqlRecordStore
from tests.cases.builders import Story
from tests.stores.records.case_contract import CaseStoreContract, keep

POSTGRES = os.environ.get("PVMON_TEST_POSTGRES_URL", "")


class TestCasesOnSqlite(CaseStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqlRecordStore]:
        store = SqlRecordStore.at(tmp_path / "records.sqlite")
        yield store
        store.close()


if POSTGRES:  # an empty database that may be wiped

    class TestCasesOnPostgres(CaseStoreContract):
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


@pytest.mark.parametrize("table", ["case_acts", "alert_acts", "notification_decisions"])
def test_the_logs_only_grow(tmp_path: Path, table: str) -> None:
    path = tmp_path / "records.sqlite"
    store = SqlRecordStore.at(path)
    keep(store, Story())
    with sqlite3.connect(path) as stranger:
        stranger.execute("INSERT INTO alert_acts VALUES ('x', 1, 0, 'a', 'note', 'b', NULL, '')")
        stranger.execute("INSERT INTO notification_decisions VALUES (1, 0, 'x', 'a', 'child', NULL)")
        for statement in (f"UPDATE {table} SET number = 9", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                stranger.execute(statement)
    stranger.close()
    store.close()
