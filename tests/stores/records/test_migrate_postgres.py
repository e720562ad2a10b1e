"""The migrations make the same tables on PostgreSQL, whoever comes first, and the audit stays append-only."""

import threading
from contextlib import closing

import pytest
from sqlalchemy import inspect, text

from domain.errors import RecordRejectedError, StoreUnavailableError, StoreVersionError
from stores.records import copy  # noqa: F401 (knows every table)
from stores.records.database import Database
from stores.records.schema import METADATA
from stores.records.store import SqlRecordStore
from tests.stores.postgres_server import running
from tests.stores.records.contract import NOW, entry, user

pytestmark = pytest.mark.needs("postgres")


def test_the_migrations_make_exactly_the_tables_of_the_schema(postgres_url: str) -> None:
    with closing(SqlRecordStore(postgres_url)) as store, store.database.reading() as connection:
        found = inspect(connection)
        assert set(found.get_table_names()) == {*METADATA.tables, "alembic_version"}
        for table in METADATA.tables.values():
            columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}


def test_roles_that_start_at_the_same_moment_migrate_once(postgres_url: str) -> None:
    problems: list[Exception] = []

    def start() -> None:
        try:
            SqlRecordStore(postgres_url).close()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


@pytest.mark.parametrize("statement", ["UPDATE audit SET outcome='x'", "DELETE FROM audit", "TRUNCATE audit"])
def test_the_audit_cannot_be_changed_deleted_or_emptied(postgres_url: str, statement: str) -> None:
    with closing(SqlRecordStore(postgres_url)) as store:
        store.add_audit(entry())
        refusal = pytest.raises((RecordRejectedError, StoreUnavailableError), match="append-only")
        with refusal, store.database.writing() as connection:
            connection.execute(text(statement))
        assert store.audit(NOW) == [entry()]


def test_a_database_of_a_newer_program_or_of_another_one_is_left_alone(postgres_url: str) -> None:
    SqlRecordStore(postgres_url).close()
    with closing(Database(postgres_url)) as database:
        database.write(text("UPDATE alembic_version SET version_num='9999'"))
    with pytest.raises(StoreVersionError, match="newer pvmon"):
        SqlRecordStore(postgres_url)


def test_a_server_that_was_restarted_is_used_again_without_a_restart_of_ours() -> None:
    with running() as server, closing(SqlRecordStore(server.database())) as store:
        store.add_user(user())
        server.stop()
        with pytest.raises(StoreUnavailableError):
            store.user("li")
        server.start()
        assert store.user("li") == user()
