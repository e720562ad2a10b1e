"""A copy of the records in one SQLite file while they are in use, and a look at whether such a file is sound."""

import contextlib
import sqlite3
from pathlib import Path

from domain.errors import StoreUnavailableError
from stores.records.copy import TableSum, copy_records, reading_only, snapshot, sums
from stores.records.database import Database, make_private, sqlite_url


def copy_to_file(database: Database, target: Path) -> list[TableSum]:
    """Write one moment of the records into a new SQLite file; return what each table adds up to.

    SQLite is copied by its online backup, which is right also while the log holds changes; PostgreSQL from one
    snapshot, table by table.

    Raises
    ------
    StoreUnavailableError
        The file cannot be written.
    """
    if database.path is None:
        return copy_records(database, sqlite_url(target))
    copy_sqlite(database.path, target)
    return sums_of(target)


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite file that is in use."""
    try:
        make_private(target)
        with (
            contextlib.closing(sqlite3.connect(source)) as old,
            contextlib.closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailableError(f"{source} could not be copied to {target}: {error}") from error


def sums_of(path: Path) -> list[TableSum]:
    """Return what each table of a file adds up to."""
    with reading_only(sqlite_url(path)) as database, snapshot(database) as connection:
        return sums(connection)


def damage_of(path: Path) -> str:
    """Return what is wrong with a SQLite file, empty when it is sound."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            said = str(database.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return "" if said == "ok" else said


def rows_of(path: Path, table: str) -> int:
    """Return how many rows a table of a SQLite file has."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return int(database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 (our own name)
