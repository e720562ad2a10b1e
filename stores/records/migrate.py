"""Bringing a records database up to date: compare the revision first, back up, then migrate.

On a database of today's revision this costs one query; Alembic is imported only when there is work.
"""

import contextlib
import logging
import re
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from domain.clock import Clock
from domain.errors import StoreUnavailableError, StoreVersionError
from stores.records.database import Database, make_private
from stores.records.schema import REVISION

log = logging.getLogger(__name__)
MIGRATIONS = Path(__file__).parent.parent / "migrations"
_LOCK_KEY = 7_318_250_001  # any fixed number: processes of one PostgreSQL migrate one after another


def bring_up_to_date(database: Database, clock: Clock) -> Path | None:
    """Migrate the database when it is older than this program; return the backup that was made first.

    Raises
    ------
    StoreVersionError
        A newer program wrote it, or it is another program's database.
    StoreUnavailableError
        It cannot be opened or written.
    """
    with database.reading() as connection:
        found = revision_of(connection, database.name)
    if found == REVISION:
        return None
    if found is not None and found not in known_revisions():
        raise StoreVersionError(
            f"{database.name}: revision {found} was made by a newer pvmon, this one knows up to {REVISION}; "
            "install that version again, or restore a backup made by this one"
        )
    backup = _backup(database, found, clock) if found is not None else None
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        if revision_of(connection, database.name) != REVISION:
            _upgrade(connection)
    log.info("records database %s is now at revision %s", database.name, REVISION)
    return backup


def known_revisions() -> tuple[str, ...]:
    """Return the revisions this program has, oldest first."""
    names = (re.match(r"rev_([0-9a-z]+)_", path.name) for path in (MIGRATIONS / "versions").iterdir())
    return tuple(sorted({match.group(1) for match in names if match}))


def revision_of(connection: Connection, name: str) -> str | None:
    """Return the revision a database is at, None for an empty one; StoreVersionError for another program's."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return str(found) if found is not None else None
    if tables:
        raise StoreVersionError(
            f"{name}: holds tables of another program ({', '.join(tables[:3])}); name an empty database"
        )
    return None


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    for noisy in ("alembic", "alembic.runtime.migration"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    command.upgrade(config, "head")


def _backup(database: Database, found: str, clock: Clock) -> Path | None:
    """Copy a SQLite file by the online backup API, which is right also while the log holds changes."""
    if database.path is None:
        log.warning("records database: migrating %s to %s; backups of a server are its own", found, REVISION)
        return None
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    target = database.path.with_name(f"{database.path.stem}-{found}-{stamp}.backup{database.path.suffix}")
    try:
        make_private(target)
        with (
            contextlib.closing(sqlite3.connect(database.path)) as source,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailableError(
            f"{target}: the backup before the migration failed ({error}); free space or fix the folder, then retry"
        ) from error
    log.info("records database copied to %s before the migration", target)
    return target
