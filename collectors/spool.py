"""Store and forward: the queue on local disk between the collectors and a store.

SQLite, WAL, synchronous=FULL, one connection that writes, reads and checkpoints, so that an append that
returned survives the loss of power. What a store refused goes to quarantine in the same transaction that
moves past it, and the book of slots is kept in the same transactions too. A damaged file is moved aside,
never a reason not to start. When the limit is reached the least goes first, and is counted
(collectors/spool_shed.py).
"""

import logging
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from collectors import batch_codec, spool_slots
from collectors.folder_lock import FolderLock
from collectors.slot_book import Grid, SlotBook
from collectors.spool_file import BALLAST_BYTES, SpoolFile, is_broken, is_full
from collectors.spool_shed import Shedder, class_of, device_and_instant
from domain.errors import SpoolError
from domain.measurement import Batch
from domain.slots import SlotRange, SlotState, Strip, state_of

log = logging.getLogger(__name__)

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
Said = SlotRange | tuple[str, datetime, int] | Strip


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
    thinned: int = 0
    oldest_at: datetime | None = None
    fill: float = 0.0  # share of the limit, of rows or bytes


class Spool:
    """The queue. Thread safe; one process per folder.

    Parameters
    ----------
    path : Path
        The database file; its folder is made when missing.
    rows_max, bytes_max : int
        The limit beyond which the least is shed. The defaults hold three days of 1,330 devices at one row a
        minute with room to spare.
    """

    def __init__(
        self,
        path: Path,
        *,
        rows_max: int = 8_000_000,
        bytes_max: int = 4 << 30,
        ballast_bytes: int = BALLAST_BYTES,
    ) -> None:
        self.path = path
        self._rows_max = rows_max
        self._bytes_max = bytes_max
        self._lock = threading.RLock()
        self._folder_lock = FolderLock(path.with_name(path.name + ".lock"))
        self._file = SpoolFile(path, _TABLES + spool_slots.TABLES, ballast_bytes)
        self._shedder = Shedder(self._decoded, self._columns)
        try:
            self._begin()
        except BaseException:
            self._folder_lock.release()
            raise
        self._file.lay_ballast()

    def _begin(self) -> None:
        """Open the file and learn what is in it."""
        self._db = self._file.open()
        self._schemas: dict[tuple[str, ...], tuple[int, int]] = {}
        self._quantities: dict[int, tuple[str, ...]] = {}
        with self._file.errors():
            for number, names, importance in self._db.execute("SELECT id, quantities, class FROM schema"):
                self._remember_schema(number, tuple(orjson.loads(names)), importance)
            self._slots = spool_slots.KeptSlots(self._db)
            rows, size = self._db.execute(
                "SELECT count(*), coalesce(sum(length(head) + length(body)), 0) FROM queue"
            ).fetchone()
        self._rows, self._bytes = int(rows), int(size)

    # ------------------------------------------------------------------ the queue

    def append(
        self,
        batches: Sequence[Batch],
        notes: Mapping[str, str] | None = None,
        said: Sequence[Said] = (),
        states: Mapping[int, int] | None = None,
    ) -> None:
        """Keep batches, ``notes`` (by name, the newest stays) and what is ``said`` of slots, or nothing of it.

        When this returns they survive a loss of power. ``states`` gives the state of a batch's slot by its
        position where it is not what its qualities say.

        Raises
        ------
        SpoolError
            The disk refused; nothing was kept.
        """
        if not batches and not notes and not said:
            return
        with self._transaction() as db:
            for name, value in (notes or {}).items():
                db.execute("INSERT OR REPLACE INTO note (name, value) VALUES (?, ?)", (name, value))
            rows = [self._columns(batch) for batch in batches]
            db.executemany("INSERT INTO queue (class, head, body, crc) VALUES (?, ?, ?, ?)", rows)
            self._count(db, "appended", len(rows))
            self._rows += len(rows)
            self._bytes += sum(len(head) + len(body) for _, head, body, _ in rows)
            for place, batch in enumerate(batches):
                state = (states or {}).get(place)
                known = state_of(batch) if state is None else state
                self.book.note(batch.device_id, batch.measured_at, known)
            self._say(said)
            if self._is_over():
                self._shed(db)

    def peek(self, count_max: int, after_id: int = 0) -> list[tuple[int, Batch]]:
        """Return the oldest rows behind ``after_id`` with their ids; the same again until they are settled.

        A damaged row is moved to quarantine and left out.
        """
        with self._lock, self._file.errors():
            rows = self._db.execute(
                "SELECT id, head, body, crc FROM queue WHERE id > ? ORDER BY id LIMIT ?",
                (after_id, count_max),
            ).fetchall()
        found, damaged = [], []
        for row_id, head, body, checksum in rows:
            batch = self._decoded(head, body, checksum)
            if batch is None:
                damaged.append(row_id)
                log.warning("spool %s: row %s is damaged: to quarantine", self.path, row_id)
            else:
                found.append((row_id, batch))
        if damaged:
            self.quarantine(damaged, "damaged on disk")
        return found

    def newest(self, count_max: int) -> list[tuple[int, Batch]]:
        """Return the newest rows with their ids, newest first; a damaged row is left out."""
        with self._lock, self._file.errors():
            rows = self._db.execute(
                "SELECT id, head, body, crc FROM queue ORDER BY id DESC LIMIT ?", (count_max,)
            ).fetchall()
        decoded = ((row_id, self._decoded(head, body, checksum)) for row_id, head, body, checksum in rows)
        return [(row_id, batch) for row_id, batch in decoded if batch is not None]

    def newest_id(self) -> int:
        """Return the id of the newest row, 0 when the queue is empty."""
        with self._lock, self._file.errors():
            return int(self._db.execute("SELECT coalesce(max(id), 0) FROM queue").fetchone()[0])

    def last_id(self) -> int:
        """Return the highest id any row ever had."""
        with self._lock, self._file.errors():
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'queue'").fetchone()
            return int(row[0]) if row else 0

    def states_of(self, batches: Sequence[Batch]) -> list[int]:
        """Return what the book says of the slots of batches."""
        with self._lock:
            return [self.book.state_at(batch.device_id, batch.measured_at) for batch in batches]

    def ack(self, upto_id: int) -> None:
        """Forget every row up to and including ``upto_id``: they are safe in the store."""
        self.settle(upto_id, {})

    def quarantine(self, ids: Iterable[int], reason: str) -> None:
        """Take rows out of the queue and keep them with the reason."""
        with self._transaction() as db:
            self._quarantine(db, dict.fromkeys(ids, reason))

    def settle(self, upto_id: int, rejected: Mapping[int, str], after_id: int = 0) -> None:
        """Quarantine ``rejected`` (id to reason) and forget the other rows in (after_id, upto_id], in one transaction.

        On a full disk the ballast is given up, so that the queue can be emptied.
        """
        try:
            self._settle(upto_id, rejected, after_id)
        except SpoolError as error:
            if not (is_full(error) and self._file.drop_ballast()):
                raise
            self._settle(upto_id, rejected, after_id)
        self._file.lay_ballast()

    def _settle(self, upto_id: int, rejected: Mapping[int, str], after_id: int) -> None:
        with self._transaction() as db:
            inside = {row_id: why for row_id, why in rejected.items() if after_id < row_id <= upto_id}
            self._quarantine(db, inside)
            span = (after_id, upto_id)
            gone, size = db.execute(
                "SELECT count(*), coalesce(sum(length(head) + length(body)), 0)"
                " FROM queue WHERE id > ? AND id <= ?",
                span,
            ).fetchone()
            db.execute("DELETE FROM queue WHERE id > ? AND id <= ?", span)
            self._count(db, "forwarded", gone)
            self._rows -= gone
            self._bytes -= size

    def status(self) -> SpoolStatus:
        """Return how full it is."""
        with self._lock, self._file.errors():
            counters = dict(self._db.execute("SELECT name, value FROM counter").fetchall())
            oldest = self._db.execute("SELECT id, head FROM queue ORDER BY id LIMIT 1").fetchone()
            quarantined = self._db.execute("SELECT count(*) FROM quarantine").fetchone()[0]
            whose = device_and_instant(oldest[1]) if oldest else None
            return SpoolStatus(
                self._rows,
                self._bytes,
                oldest[0] if oldest else None,
                counters.get("appended", 0),
                counters.get("forwarded", 0),
                counters.get("shed", 0),
                quarantined,
                self._file.moved_aside,
                counters.get("thinned", 0),
                whose[1] if whose else None,
                max(self._rows / self._rows_max, self._bytes / self._bytes_max),
            )

    # ------------------------------------------------------------------ what else must survive

    @property
    def book(self) -> SlotBook:
        """The book of slots; change it through `append` and `follow` only."""
        return self._slots.book

    def follow(self, grids: Mapping[str, Grid], at: datetime) -> None:
        """Expect samples of these devices from ``at`` on, and of no others."""
        with self._transaction() as db:
            for device_id in self.book.known() - set(grids):
                self.book.leave(device_id, at)
            for device_id, grid in grids.items():
                self.book.follow(device_id, grid, at)
            self._slots.forget_old(db)

    def follow_changes(self, grids: Mapping[str, Grid], changed: Collection[str], at: datetime) -> None:
        """Expect ``grids`` from now on; devices that are neither new nor ``changed`` are left as they are."""
        with self._transaction():
            for device_id in self.book.followed() - set(grids):
                self.book.leave(device_id, at)
            for device_id in set(grids) - (self.book.followed() - set(changed)):
                self.book.follow(device_id, grids[device_id], at)

    def take_unpublished(self) -> list[Strip]:
        """Return copies of the strips that changed since they were last taken."""
        with self._lock:
            return self._slots.take_unpublished()

    def put_back(self, strips: Iterable[Strip]) -> None:
        """Note that strips could not be published."""
        with self._lock:
            self._slots.put_back(strips)

    def quarantine_message(self, origin: str, payload: bytes, reason: str) -> None:
        """Keep a message that could not be understood, before its sender is told that we have it."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO quarantine (origin, head, body, reason) VALUES (?, ?, ?, ?)",
                (origin, b"", payload, reason),
            )

    def quarantined(self, count_max: int = 100) -> list[tuple[str, bytes, str]]:
        """Return origin, content and reason of what is in quarantine, newest first."""
        with self._lock, self._file.errors():
            return self._db.execute(
                "SELECT origin, CAST(head || body AS BLOB), reason FROM quarantine ORDER BY id DESC LIMIT ?",
                (count_max,),
            ).fetchall()

    def notes(self) -> dict[str, str]:
        """Return what was noted with `append` (the serial number each device had)."""
        with self._lock, self._file.errors():
            return dict(self._db.execute("SELECT name, value FROM note").fetchall())

    def close(self) -> None:
        """Checkpoint, close, and let another process in."""
        with self._lock:
            with suppress(sqlite3.Error):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()
            self._folder_lock.release()

    # ------------------------------------------------------------------ inside

    def _columns(self, batch: Batch) -> tuple[int, bytes, bytes, int]:
        known = self._schemas.get(batch.quantities)
        if known is None:
            importance = class_of(batch.quantities)
            names = orjson.dumps(batch.quantities).decode()
            insert = "INSERT INTO schema (quantities, class) VALUES (?, ?)"
            known = (int(self._db.execute(insert, (names, importance)).lastrowid or 0), importance)
            self._remember_schema(known[0], batch.quantities, importance)
        number, importance = known
        head, body, checksum = batch_codec.encode(batch, number)
        return importance, head, body, checksum

    def _decoded(self, head: bytes, body: bytes, checksum: int) -> Batch | None:
        try:
            return batch_codec.decode(head, body, checksum, self._quantities[batch_codec.schema_of(head)])
        except (KeyError, ValueError, TypeError):
            return None

    def _remember_schema(self, number: int, names: tuple[str, ...], importance: int) -> None:
        self._schemas[names] = (number, importance)
        self._quantities[number] = names

    def _say(self, said: Iterable[Said]) -> None:
        for one in said:
            if isinstance(one, SlotRange):
                self.book.apply(one)
            elif isinstance(one, Strip):
                self.book.adopt(one)
            else:
                self.book.note(*one)

    def _quarantine(self, db: sqlite3.Connection, reasons: Mapping[int, str]) -> None:
        for row_id, reason in reasons.items():
            row = db.execute(
                "INSERT INTO quarantine (origin, head, body, reason)"
                " SELECT 'queue row ' || id, head, body, ? FROM queue WHERE id = ? RETURNING head, length(body)",
                (reason, row_id),
            ).fetchone()
            if row is None:
                continue
            db.execute("DELETE FROM queue WHERE id = ?", (row_id,))
            self._rows -= 1
            self._bytes -= len(row[0]) + row[1]
            whose = device_and_instant(row[0])
            if whose is not None:
                self.book.note(*whose, SlotState.REJECTED_BY_STORE)

    def _is_over(self) -> bool:
        return self._rows > self._rows_max or self._bytes > self._bytes_max

    def _shed(self, db: sqlite3.Connection) -> None:
        """Make room; refuse when counters are all that is left."""
        dropped = thinned = 0
        for shed in self._shedder.steps(db, rows_only=self._bytes <= self._bytes_max):
            dropped += shed.rows
            thinned += shed.thinned
            self._rows -= shed.rows
            self._bytes -= shed.size_bytes
            self._say(shed.slots)
            if not self._is_over():
                break
        else:
            raise SpoolError(
                f"spool {self.path}: full, and only counters are left in it ({self._rows} rows); nothing was "
                "acknowledged. Bring the store back, or give the queue a larger limit"
            )
        self._count(db, "shed", dropped)
        self._count(db, "thinned", thinned)
        log.error("spool %s is full: %s rows made lighter, %s dropped", self.path, thinned, dropped)

    @staticmethod
    def _count(db: sqlite3.Connection, name: str, by: int) -> None:
        db.execute(
            "INSERT INTO counter (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, by),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, the running totals, known schemas and the book included."""
        with self._lock, self._file.errors():
            before = (self._rows, self._bytes, dict(self._schemas), dict(self._quantities))
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._slots.write(self._db)
                self._db.execute("COMMIT")
            except BaseException as error:
                self._rows, self._bytes, self._schemas, self._quantities = before
                self._slots.undo()
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                if is_broken(error):
                    self._reopen(error)
                raise
            self._slots.settled()

    def _reopen(self, error: BaseException) -> None:
        """Let go of a file handle a sync failed on; what is on disk is found out by opening it anew."""
        log.error("spool %s: %s; the file is opened anew", self.path, error)
        with suppress(sqlite3.Error):
            self._db.close()
        self._begin()
