"""Every table of the records from one database into another, verified; and the sums it is verified by.

A row's sum is the hash of its values in a form that is the same on SQLite and PostgreSQL; a table's sum adds
those of its rows, so it does not depend on the order a database likes to give them in.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Integer, Table, func, insert, inspect, select, text

from domain.errors import RecordRejectedError, StoreVersionError
from stores.records import (  # noqa: F401 (importing them puts their tables into METADATA)
    case_schema,
    ledger_schema,
    notification_schema,
    roster_schema,
)
from stores.records.database import Database
from stores.records.migrate import revision_of
from stores.records.schema import METADATA, REVISION
from stores.records.store import SqlRecordStore

_ROWS = 500
_MODULUS = 1 << 256
Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class TableSum:
    """How many rows a table has, and what they add up to."""

    table: str
    rows: int
    sum: str


@contextlib.contextmanager
def reading_only(url: str) -> Iterator[Database]:
    """Open a database without migrating it, and let go without touching the file.

    Raises
    ------
    StoreVersionError
        It is not of this program's revision.
    """
    database = Database(url)
    try:
        with database.reading() as connection:
            found = revision_of(connection, database.name)
            there = set(inspect(connection).get_table_names())
        if found != REVISION:
            raise StoreVersionError(
                f"{database.name}: revision {found or 'none'}, this program reads {REVISION}; "
                "start the program on it once, so that it is brought up to date"
            )
        unknown = sorted(there - set(METADATA.tables) - {"alembic_version"})
        if unknown:
            raise StoreVersionError(
                f"{database.name}: table {unknown[0]} is not known here and would be left behind"
            )
        yield database
    finally:
        database.abandon()


@contextlib.contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """Open a connection that sees one moment."""
    with database.reading() as connection:
        if database.is_sqlite:
            yield connection
            return
        with database.writer.connect().execution_options(isolation_level="REPEATABLE READ") as still:
            yield still


def sums(connection: Connection) -> list[TableSum]:
    """Return the sum of every table, by name."""
    return [_sum(table, _rows(connection, table)) for table in METADATA.sorted_tables]


def copy_records(source: Database, target_url: str, told: Told | None = None) -> list[TableSum]:
    """Copy every table into an empty database and verify it; all of it is kept, or nothing.

    Raises
    ------
    RecordRejectedError
        The target holds rows already, or what arrived differs from what was sent.
    """
    target = SqlRecordStore(target_url)
    try:
        database = target.database
        with snapshot(source) as old, database.writing() as new:
            _refuse_used(new, database.name)
            sent = [_copied(old, new, table, told) for table in METADATA.sorted_tables]
            _advance_numbers(new)
            arrived = sums(new)
            differing = [one.table for one, other in zip(sent, arrived, strict=True) if one != other]
            if differing:
                raise RecordRejectedError(
                    f"{database.name}: {', '.join(differing)} differ from the source; nothing was kept"
                )
        return arrived
    finally:
        target.close()


def _refuse_used(connection: Connection, name: str) -> None:
    for table in METADATA.sorted_tables:
        rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
        if rows:
            raise RecordRejectedError(f"{name}: {table.name} has {rows} rows already; name an empty database")


def _copied(old: Connection, new: Connection, table: Table, told: Told | None) -> TableSum:
    def passed_on() -> Iterator[dict[str, Any]]:
        waiting: list[dict[str, Any]] = []
        for row in _rows(old, table):
            waiting.append(row)
            if len(waiting) == _ROWS:
                new.execute(insert(table), waiting)
                waiting = []
            yield row
        if waiting:
            new.execute(insert(table), waiting)

    made = _sum(table, passed_on())
    if told is not None:
        told(table.name, made.rows)
    return made


def _rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    key = list(table.primary_key.columns)
    found = connection.execution_options(yield_per=_ROWS).execute(select(table).order_by(*key))
    for row in found.mappings():
        yield dict(row)


def _advance_numbers(connection: Connection) -> None:
    """Let PostgreSQL count on from the highest number; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in METADATA.sorted_tables:
        key = list(table.primary_key.columns)
        if len(key) != 1 or not isinstance(key[0].type, Integer):
            continue
        highest = connection.execute(select(func.max(key[0]))).scalar()
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": key[0].name},
        ).scalar()
        if highest is not None and sequence is not None:
            connection.execute(
                text("SELECT setval(CAST(:sequence AS regclass), :highest)"),
                {"sequence": sequence, "highest": highest},
            )


def _sum(table: Table, rows: Iterator[dict[str, Any]]) -> TableSum:
    total = count = 0
    names = [column.name for column in table.columns]
    for row in rows:
        total += int.from_bytes(hashlib.sha256(_canonical([row[name] for name in names])).digest(), "big")
        count += 1
    return TableSum(table.name, count, f"{total % _MODULUS:064x}")


def _canonical(values: Sequence[Any]) -> bytes:
    return json.dumps(values, sort_keys=True, ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)
