"""Store and forward: the queue on local disk between the collectors and a store.

SQLite, WAL, synchronous=FULL, one connection that writes, reads and checkpoints, so that an append that
returned survives the loss of power. Rows leave at the front only: what a store refused goes to quarantine
in the same transaction that moves past it. A damaged file is moved aside, never a reason not to start.
When the limit is reached the oldest rows of the least class go first, and are counted: gauges before
lifetime counters before revenue meters.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from collectors import batch_codec
from collectors.folder_lock import FolderLock
from domain.errors import SpoolError, StoreVersionError
from domain.measurement import Batch
from domain.quantity import Kind, is_known, quantity

log = logging.getLogger(__name__)

VERSION = 1
_SHED_ROWS = 1000
_GAUGES, _COUNTERS, _METERS = 0, 1, 2
_TABLES = """
CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY, quantities TEXT NOT NULL UNIQUE, class INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT, class INTEGER NOT NULL,
    head BLOB NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """How full the queue is and what became of rows that left it otherwise than into a store."""

    rows: int
    size_bytes: int
    oldest_id: int | None
    appended: int
    forwarded: int
    shed: int
    quarantined: int
    moved_aside: Path | None


def class_of(quantities: Sequence[str]) -> int:
    """Return how dear a batch is: revenue meters 2, lifetime counters 1, anything else 0."""
    if any(name.startswith("meter_energy") for name in quantities):
        return _METERS
    if any(is_known(name) and quantity(name).kind is Kind.COUNTER for name in quantities):
        return _COUNTERS
    return _GAUGES


class Spool:
    """The queue. Thread safe; one process per folder.

    Parameters
    ----------
    path : Path
        The database file; its folder is made when missing.
    rows_max, bytes_max : int
        The limit beyond which the least rows are shed. The defaults hold three days of 1,330 devices at
        one row a minute with room to spare.
    """

    def __init__(self, path: Path, *, rows_max: int = 8_000_000, bytes_max: int = 4 << 30) -> None:
        self.path = path
        self._rows_max = rows_max
        self._bytes_max = bytes_max
        self._lock = threading.RLock()
        self._folder_lock = FolderLock(path.with_name(path.name + ".lock"))
        self._moved_aside: Path | None = None
        try:
            self._db = self._open()
        except BaseException:
            self._folder_lock.release()
            raise
        self._schemas: dict[tuple[str, ...], tuple[int, int]] = {}
        self._quantities: dict[int, tuple[str, ...]] = {}
        for number, names, importance in self._db.execute("SELECT id, quantities, class FROM schema"):
            self._remember_schema(number, tuple(orjson.loads(names)), importance)
        self._rows, self._bytes = self._measure()

    # ------------------------------------------------------------------ the queue

    def append(self, batches: Sequence[Batch], notes: Mapping[str, str] | None = None) -> None:
        """Keep ``batches`` and ``notes`` (by name, the newest stays); when this returns they survive a loss of power.

        Raises
        ------
        SpoolError
            The disk refused; nothing of ``batches`` was kept.
        """
        if not batches and not notes:
            return
        with self._transaction() as db:
            for name, value in (notes or {}).items():
                db.execute("INSERT OR REPLACE INTO note (name, value) VALUES (?, ?)", (name, value))
            rows = [self._row(db, batch) for batch in batches]
            db.executemany("INSERT INTO queue (class, head, body, crc) VALUES (?, ?, ?, ?)", rows)
            self._count(db, "appended", len(rows))
            self._rows += len(rows)
            self._bytes += sum(len(head) + len(body) for _, head, body, _ in rows)
            if self._rows > self._rows_max or self._bytes > self._bytes_max:
                self._shed(db)

    def peek(self, count_max: int) -> list[tuple[int, Batch]]:
        """Return the oldest rows with their ids, oldest first; the same again until they are acknowledged.

        A damaged row is moved to quarantine and left out.
        """
        with self._lock, self._errors():
            rows = self._db.execute(
                "SELECT id, head, body, crc FROM queue ORDER BY id LIMIT ?", (count_max,)
            ).fetchall()
        found, damaged = [], []
        for row_id, head, body, checksum in rows:
            try:
                names = self._quantities[batch_codec.schema_of(head)]
                found.append((row_id, batch_codec.decode(head, body, checksum, names)))
            except (KeyError, ValueError, TypeError) as error:
                damaged.append(row_id)
                log.warning("spool %s: row %s is damaged (%s): to quarantine", self.path, row_id, error)
        if damaged:
            self.quarantine(damaged, "damaged on disk")
        return found

    def ack(self, upto_id: int) -> None:
        """Forget every row up to and including ``upto_id``: they are safe in the store."""
        self.settle(upto_id, {})

    def quarantine(self, ids: Iterable[int], reason: str) -> None:
        """Take rows out of the queue and keep them with the reason."""
        with self._transaction() as db:
            self._quarantine(db, dict.fromkeys(ids, reason))

    def settle(self, upto_id: int, rejected: Mapping[int, str]) -> None:
        """Quarantine ``rejected`` (id to reason) and forget the rest up to ``upto_id``, in one transaction."""
        with self._transaction() as db:
            self._quarantine(db, {row_id: why for row_id, why in rejected.items() if row_id <= upto_id})
            gone, size = db.execute(
                "SELECT count(*), coalesce(sum(length(head) + length(body)), 0) FROM queue WHERE id <= ?",
                (upto_id,),
            ).fetchone()
            db.execute("DELETE FROM queue WHERE id <= ?", (upto_id,))
            self._count(db, "forwarded", gone)
            self._rows -= gone
            self._bytes -= size

    def status(self) -> SpoolStatus:
        """Return how full it is."""
        with self._lock, self._errors():
            counters = dict(self._db.execute("SELECT name, value FROM counter").fetchall())
            oldest = self._db.execute("SELECT min(id) FROM queue").fetchone()[0]
            quarantined = self._db.execute("SELECT count(*) FROM quarantine").fetchone()[0]
            return SpoolStatus(
                self._rows,
                self._bytes,
                oldest,
                counters.get("appended", 0),
                counters.get("forwarded", 0),
                counters.get("shed", 0),
                quarantined,
                self._moved_aside,
            )

    # ------------------------------------------------------------------ what else must survive

    def quarantine_message(self, origin: str, payload: bytes, reason: str) -> None:
        """Keep a message that could not be understood, before its sender is told that we have it."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO quarantine (origin, head, body, reason) VALUES (?, ?, ?, ?)",
                (origin, b"", payload, reason),
            )

    def quarantined(self, count_max: int = 100) -> list[tuple[str, bytes, str]]:
        """Return origin, content and reason of what is in quarantine, newest first."""
        with self._lock, self._errors():
            return self._db.execute(
                "SELECT origin, CAST(head || body AS BLOB), reason FROM quarantine ORDER BY id DESC LIMIT ?",
                (count_max,),
            ).fetchall()

    def notes(self) -> dict[str, str]:
        """Return what was noted with `append` (the serial number each device had)."""
        with self._lock, self._errors():
            return dict(self._db.execute("SELECT name, value FROM note").fetchall())

    def close(self) -> None:
        """Checkpoint, close, and let another process in."""
        with self._lock:
            with suppress(sqlite3.Error):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()
            self._folder_lock.release()

    # ------------------------------------------------------------------ inside

    def _row(self, db: sqlite3.Connection, batch: Batch) -> tuple[int, bytes, bytes, int]:
        known = self._schemas.get(batch.quantities)
        if known is None:
            importance = class_of(batch.quantities)
            names = orjson.dumps(batch.quantities).decode()
            cursor = db.execute("INSERT INTO schema (quantities, class) VALUES (?, ?)", (names, importance))
            known = (int(cursor.lastrowid or 0), importance)
            self._remember_schema(known[0], batch.quantities, importance)
        number, importance = known
        head, body, checksum = batch_codec.encode(batch, number)
        return importance, head, body, checksum

    def _remember_schema(self, number: int, names: tuple[str, ...], importance: int) -> None:
        self._schemas[names] = (number, importance)
        self._quantities[number] = names

    def _quarantine(self, db: sqlite3.Connection, reasons: Mapping[int, str]) -> None:
        for row_id, reason in reasons.items():
            cursor = db.execute(
                "INSERT INTO quarantine (origin, head, body, reason)"
                " SELECT 'queue row ' || id, head, body, ? FROM queue WHERE id = ?",
                (reason, row_id),
            )
            size = db.execute(
                "DELETE FROM queue WHERE id = ? RETURNING length(head) + length(body)", (row_id,)
            ).fetchone()
            if cursor.rowcount and size:
                self._rows -= 1
                self._bytes -= size[0]

    def _shed(self, db: sqlite3.Connection) -> None:
        """Drop the oldest rows of the least class until the limit holds again; count them."""
        dropped = 0
        while self._rows > self._rows_max or self._bytes > self._bytes_max:
            over = max(1, min(_SHED_ROWS, self._rows - self._rows_max))
            sizes = db.execute(
                "DELETE FROM queue WHERE id IN (SELECT id FROM queue ORDER BY class, id LIMIT ?)"
                " RETURNING length(head) + length(body)",
                (over,),
            ).fetchall()
            if not sizes:
                break
            dropped += len(sizes)
            self._rows -= len(sizes)
            self._bytes -= sum(size for (size,) in sizes)
        self._count(db, "shed", dropped)
        log.error("spool %s is full: %s oldest rows of the least class were dropped", self.path, dropped)

    @staticmethod
    def _count(db: sqlite3.Connection, name: str, by: int) -> None:
        db.execute(
            "INSERT INTO counter (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, by),
        )

    def _measure(self) -> tuple[int, int]:
        with self._errors():
            rows, size = self._db.execute(
                "SELECT count(*), coalesce(sum(length(head) + length(body)), 0) FROM queue"
            ).fetchone()
            return int(rows), int(size)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SpoolError(
                f"spool {self.path}: the disk refused ({error}); nothing was acknowledged. "
                f"Free space in {self.path.parent} or make it writable"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, the running totals and known schemas included."""
        with self._lock, self._errors():
            before = (self._rows, self._bytes, dict(self._schemas), dict(self._quantities))
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._rows, self._bytes, self._schemas, self._quantities = before
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    # ------------------------------------------------------------------ opening

    def _open(self) -> sqlite3.Connection:
        try:
            return self._sound()
        except sqlite3.OperationalError as error:
            if not self._is_damage(error):
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

    @staticmethod
    def _is_damage(error: sqlite3.Error) -> bool:
        return error.sqlite_errorcode in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

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
        db.executescript(_TABLES)
        db.execute(f"PRAGMA user_version={VERSION}")

    def _move_aside(self) -> None:
        number = 1
        while (target := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(target.with_name(target.name + suffix))
        self._moved_aside = target
        log.error("spool: the damaged queue was moved to %s; starting with an empty one", target)
