"""What the store was given in the last week, kept beside the queue: a store that lost it is given it again.

A file of its own, so that the queue stays small and quick to open. A group of rows goes in, packed, after the
store took it and before the queue forgets it; what a power cut takes from here is in the store. The oldest
groups go when the week or the limit is over.
"""

import logging
import sqlite3
import struct
import threading
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import orjson

from collectors import batch_codec
from domain.errors import SpoolError
from domain.measurement import Batch
from domain.slots import microseconds

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
BYTES_MAX = 4 << 30
_LENGTHS = struct.Struct("<III")
_TABLES = """
CREATE TABLE IF NOT EXISTS packed (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, rows INTEGER NOT NULL, size INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class History:
    """The kept groups, numbered as the store took them. Thread safe."""

    def __init__(self, path: Path, *, kept: timedelta = KEPT, bytes_max: int = BYTES_MAX) -> None:
        self.path = path
        self._kept = kept
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._db = self._opened()
        self._bytes = int(self._one("SELECT coalesce(sum(size), 0) FROM packed"))
        self.queue = self._identity()

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._tried()
        except sqlite3.DatabaseError as error:
            aside = self.path.with_name(f"{self.path.name}.damaged")
            log.warning(
                "%s is damaged (%s): moved to %s; the last week cannot be given again",
                self.path,
                error,
                aside,
            )
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self.path.with_name(self.path.name + suffix).rename(aside.with_name(aside.name + suffix))
            return self._tried()

    def _tried(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.executescript(_TABLES)
        except BaseException:
            db.close()
            raise
        return db

    def _identity(self) -> str:
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('queue', ?)", (uuid4().hex[:16],))
        return str(self._one("SELECT value FROM meta WHERE name = 'queue'"))

    def _one(self, text: str) -> str | int:
        found: str | int = self._db.execute(text).fetchone()[0]
        return found

    # ------------------------------------------------------------------ keeping

    def keep(self, batches: Sequence[Batch], at: datetime) -> int:
        """Keep what the store took; return the number of the group.

        Raises
        ------
        SpoolError
            The disk refused.
        """
        body = _packed(batches)
        with self._lock:
            try:
                cursor = self._db.execute(
                    "INSERT INTO packed (at_us, rows, size, body) VALUES (?, ?, ?, ?)",
                    (microseconds(at), len(batches), len(body), body),
                )
                self._bytes += len(body)
                self._forget(microseconds(at - self._kept))
            except sqlite3.Error as error:
                raise SpoolError(f"{self.path}: the disk refused ({error}); free space there") from error
            return int(cursor.lastrowid or 0)

    def _forget(self, before_us: int) -> None:
        while True:
            oldest = self._db.execute(
                "SELECT number, at_us, size FROM packed ORDER BY number LIMIT 1"
            ).fetchone()
            if oldest is None or (oldest[1] >= before_us and self._bytes <= self._bytes_max):
                return
            self._db.execute("DELETE FROM packed WHERE number = ?", (oldest[0],))
            self._bytes -= oldest[2]

    @property
    def marked(self) -> int:
        """The number last known to be in the store."""
        with self._lock:
            row = self._db.execute("SELECT value FROM meta WHERE name = 'marked'").fetchone()
            return int(row[0]) if row else 0

    @marked.setter
    def marked(self, number: int) -> None:
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('marked', ?)", (str(number),))

    def newest(self) -> int:
        """Return the number of the newest group ever kept, 0 before the first."""
        with self._lock:
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'packed'").fetchone()
            return int(row[0]) if row else 0

    # ------------------------------------------------------------------ giving again

    def after(self, number: int) -> tuple[int, list[Batch]] | None:
        """Return the first group behind ``number``, None when there is none; a damaged one is passed over."""
        with self._lock:
            row = self._db.execute(
                "SELECT number, body FROM packed WHERE number > ? ORDER BY number LIMIT 1", (number,)
            ).fetchone()
        if row is None:
            return None
        try:
            return int(row[0]), _unpacked(row[1])
        except (ValueError, KeyError, TypeError, zlib.error, struct.error) as error:
            log.warning("%s: group %s is damaged (%s) and cannot be given again", self.path, row[0], error)
            return int(row[0]), []

    def status(self) -> tuple[int, int]:
        """Return rows and bytes kept."""
        with self._lock:
            return int(self._one("SELECT coalesce(sum(rows), 0) FROM packed")), self._bytes

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


def _packed(batches: Sequence[Batch]) -> bytes:
    schemas: dict[tuple[str, ...], int] = {}
    parts = []
    for batch in batches:
        head, values, checksum = batch_codec.encode(batch, schemas.setdefault(batch.quantities, len(schemas)))
        parts += [_LENGTHS.pack(len(head), len(values), checksum), head, values]
    names = orjson.dumps(list(schemas))
    return zlib.compress(b"".join([len(names).to_bytes(4, "little"), names, *parts]), 1)


def _unpacked(body: bytes) -> list[Batch]:
    data = zlib.decompress(body)
    at = 4 + int.from_bytes(data[:4], "little")
    schemas: Mapping[int, tuple[str, ...]] = dict(
        enumerate(tuple(names) for names in orjson.loads(data[4:at]))
    )
    found = []
    while at < len(data):
        head_size, values_size, checksum = _LENGTHS.unpack_from(data, at)
        at += _LENGTHS.size
        head, values = data[at : at + head_size], data[at + head_size : at + head_size + values_size]
        at += head_size + values_size
        found.append(batch_codec.decode(head, values, checksum, schemas[batch_codec.schema_of(head)]))
    return found
