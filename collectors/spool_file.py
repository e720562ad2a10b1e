"""The file under the spool: opened, checked, moved aside when damaged, with a ballast for the day the disk is full.

On a full disk SQLite cannot even delete, because a deletion is written to the log first. The ballast is a
file of zeros beside the queue, larger than twice the log's threshold: it is given up so that rows can be
forwarded and deleted, and laid in again once there is room.
"""

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.errors import SpoolError, StoreVersionError

log = logging.getLogger(__name__)

VERSION = 2
BALLAST_BYTES = 16 << 20
_BALLAST_WHEN_FREE = 4  # times its size


class SpoolFile:
    """Opens the database of a queue; keeps its ballast."""

    def __init__(self, path: Path, tables: str, ballast_bytes: int = BALLAST_BYTES) -> None:
        self.path = path
        self.moved_aside: Path | None = None
        self._tables = tables
        self._ballast = path.with_name(path.name + ".ballast")
        self._ballast_bytes = ballast_bytes

    # ------------------------------------------------------------------ errors

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what SQLite says into what a person can do."""
        try:
            yield
        except sqlite3.Error as error:
            raise SpoolError(
                f"spool {self.path}: the disk refused ({error}); nothing was acknowledged. "
                f"Free space in {self.path.parent} or make it writable"
            ) from error

    # ------------------------------------------------------------------ ballast

    def lay_ballast(self) -> None:
        """Make the ballast when there is room for it."""
        with suppress(OSError):
            if self._ballast.exists():
                return
            if shutil.disk_usage(self.path.parent).free < _BALLAST_WHEN_FREE * self._ballast_bytes:
                return
            handle = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._ballast_bytes)
            finally:
                os.close(handle)

    def drop_ballast(self) -> bool:
        """Give up the ballast; False when there is none left."""
        with suppress(OSError):
            self._ballast.unlink()
            log.error("spool %s: the disk is full; the ballast was given up to forward the queue", self.path)
            return True
        return False

    # ------------------------------------------------------------------ opening

    def open(self) -> sqlite3.Connection:
        """Open the database; a damaged one is moved aside and a new one begun.

        Raises
        ------
        SpoolError
            It cannot be opened or made; the message says what to do.
        StoreVersionError
            A newer program wrote it.
        """
        try:
            return self._sound()
        except sqlite3.OperationalError as error:
            if not _is_damage(error):
                raise SpoolError(
                    f"spool {self.path}: cannot be opened ({error}); "
                    f"make {self.path.parent} writable for this user, or free some space there"
                ) from error
        except sqlite3.DatabaseError as error:
            log.warning("spool %s is damaged (%s)", self.path, error)
        self._move_aside()
        try:
            return self._sound()
        except sqlite3.Error as error:
            raise SpoolError(f"spool {self.path}: cannot be made ({error}); free space there") from error

    def _sound(self) -> sqlite3.Connection:
        """Open, check every page, and make the tables."""
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreVersionError(
                f"spool {self.path}: written by a newer version (format {version}, this is {VERSION}); "
                "install that version again, let it forward the queue, then go back"
            )
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA busy_timeout=5000")
        db.executescript(self._tables)
        db.execute(f"PRAGMA user_version={VERSION}")

    def _move_aside(self) -> None:
        number = 1
        while (target := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(target.with_name(target.name + suffix))
        self.moved_aside = target
        log.error("spool: the damaged queue was moved to %s; starting with an empty one", target)


def _is_damage(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_full(error: SpoolError) -> bool:
    """Tell whether the disk was full."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode == sqlite3.SQLITE_FULL


def is_broken(error: BaseException) -> bool:
    """Tell whether reading or syncing failed: what the file holds now is only known after opening it anew."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF == sqlite3.SQLITE_IOERR
