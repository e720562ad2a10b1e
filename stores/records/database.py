"""The database under the records store: SQLite or PostgreSQL, its connections, transactions and errors.

SQLite: WAL with FULL sync; exactly one connection writes and checkpoints (under a lock), readers are
query_only and never checkpoint, because the SQLite of many systems is older than the WAL-reset fix (3.51.3).
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool, StaticPool

from domain.errors import RecordRejectedError, StoreUnavailableError

T = TypeVar("T")
BUSY_S = 10.0
READERS = 16
_REMEMBERED_MAX = 4_000
_CURES = (
    ("readonly", "the file or its folder cannot be written: give the user of pvmon the right to write there"),
    ("full", "the disk is full: free some space; nothing was kept of this change"),
    ("unable to open", "the folder is missing or cannot be written: create it, or name another with --data"),
    ("locked", "another program writes to it: stop that program"),
    ("not a database", "it is damaged or no SQLite file: move it aside and restore a backup"),
    ("malformed", "it is damaged: move it aside and restore a backup"),
    ("disk i/o", "the disk reports errors: check it, then restore a backup elsewhere if need be"),
)


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def with_password(url: str, password: str) -> str:
    """Return ``url`` with a password put in; it comes from a file and never stands in a setting."""
    return make_url(url).set(password=password).render_as_string(hide_password=False)


def make_private(path: Path) -> None:
    """Make an empty file only its owner may read; SQLite gives its log the same rights."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


class Database:
    """Connections of one records store. Thread safe."""

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
        except ArgumentError as error:
            raise StoreUnavailableError(
                "the address of the records database cannot be read; give sqlite:///FILE or postgresql+psycopg://..."
            ) from error
        self.name = self._url.database or self._url.render_as_string(hide_password=True)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._lock = threading.RLock()
        self._own = threading.local()
        if self.is_sqlite:
            self._prepare_folder()
            self.writer, self.reader = self._sqlite_engines()
        else:
            self.writer = create_engine(self._url, pool_pre_ping=True, pool_size=READERS)
            self.reader = self.writer
        self._watch: PoolProxiedConnection | None = None
        self._watch_lock = threading.Lock()
        self._remembered: dict[Hashable, tuple[int, Any]] = {}

    @property
    def path(self) -> Path | None:
        """The SQLite file, None for a server."""
        return Path(self._url.database) if self.is_sqlite and self._url.database else None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that may write, or join the one this thread has open."""
        current: Connection | None = getattr(self._own, "connection", None)
        if current is not None:
            with self._translated():
                yield current
            return
        with self._lock, self._translated(), self.writer.begin() as connection:
            self._own.connection = connection
            try:
                yield connection
            finally:
                self._own.connection = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that only reads; inside a transaction of this thread, that one."""
        current: Connection | None = getattr(self._own, "connection", None)
        with self._translated():
            if current is not None:
                yield current
                return
            with self.reader.connect() as connection:
                yield connection

    def remembered(self, key: Hashable, read: Callable[[Connection], T]) -> T:
        """Return what ``read`` returned, as long as nobody has changed the file since; for answers nobody changes.

        Asking whether it changed costs a fiftieth of a query. A server is asked every time, and so is a
        transaction of this thread: what it has written is not yet everybody's.
        """
        mark = self._change_mark()
        found = self._remembered.get(key)
        if mark is not None and found is not None and found[0] == mark:
            return found[1]  # type: ignore[no-any-return]
        with self.reading() as connection:
            answer = read(connection)
        if mark is not None:
            while len(self._remembered) >= _REMEMBERED_MAX:
                self._remembered.pop(next(iter(self._remembered), None), None)
            self._remembered[key] = (mark, answer)
        return answer

    def _change_mark(self) -> int | None:
        """Return a number that changes with every commit of anybody; None where there is none."""
        if not self.is_sqlite or getattr(self._own, "connection", None) is not None:
            return None
        with self._watch_lock, self._translated():
            if self._watch is None:
                self._watch = self.reader.raw_connection()
            asked: Any = self._watch.driver_connection
            return int(asked.execute("PRAGMA data_version").fetchall()[0][0])

    def write(self, statement: Executable, rows: Any = None) -> int:
        """Run one statement that writes; return how many rows it touched."""
        with self.writing() as connection:
            return connection.execute(statement, rows).rowcount

    def close(self) -> None:
        """Fold the log into the file and let go."""
        with self._lock:
            self._unwatch()
            if self.is_sqlite:
                self.reader.dispose()
                with self._translated(), self.writer.connect() as connection:
                    connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
            self.writer.dispose()

    def abandon(self) -> None:
        """Let go without touching the file (it could not be opened)."""
        self._unwatch()
        self.reader.dispose()
        self.writer.dispose()

    def _unwatch(self) -> None:
        with self._watch_lock:
            if self._watch is not None:
                self._watch.close()
            self._watch = None

    def _prepare_folder(self) -> None:
        """Make folder and file; the file holds password hashes, so only its owner may read it."""
        path = Path(self._url.database or "")
        if path.parts[:1] == ("file:",):  # an address of SQLite's own, for a file that is there
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.parent.is_dir() and not path.exists() and "uri" not in self._url.query:
                make_private(path)
        except OSError as error:
            raise StoreUnavailableError(
                f"{path.parent}: cannot be written ({error.strerror}); give pvmon the right, "
                "free some space, or name another folder with --data"
            ) from error

    def _sqlite_engines(self) -> tuple[Engine, Engine]:
        options = {"check_same_thread": False, "timeout": BUSY_S}
        writer = create_engine(self._url, poolclass=StaticPool, connect_args=options)
        reader = create_engine(
            self._url, poolclass=QueuePool, pool_size=READERS + 1, max_overflow=0, connect_args=options
        )
        event.listen(writer, "connect", _prepare_writer)
        event.listen(reader, "connect", _prepare_reader)
        event.listen(writer, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        event.listen(reader, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return writer, reader

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn errors of the library into ours, saying what to do."""
        try:
            yield
        except IntegrityError as error:
            raise RecordRejectedError(f"{self.name}: {error.orig}") from error
        except SQLAlchemyError as error:
            raise StoreUnavailableError(self._explained(error)) from error
        except sqlite3.Error as error:
            raise StoreUnavailableError(self._explained(error)) from error

    def _explained(self, error: Exception) -> str:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
        cure = next(
            (cure for sign, cure in _CURES if sign in reason.lower()), "check the database, then retry"
        )
        return f"{self.name}: {reason}; {cure}"


def _prepare_writer(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "recursive_triggers=ON", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("query_only=ON", "wal_autocheckpoint=0"):
        connection.execute(f"PRAGMA {pragma}")
