"""The book of slots on disk: inside the spool's own transactions, so that samples and account never differ.

Single slots go into a log of a few bytes each; every few minutes the strips that changed are written whole
and the log is emptied, in one transaction.
"""

import logging
import sqlite3
import struct
import zlib
from collections.abc import Iterable
from datetime import date, timedelta

from collectors.slot_book import KEPT_DAYS, SlotBook
from domain.slots import Strip, instant_of

log = logging.getLogger(__name__)

TABLES = """
CREATE TABLE IF NOT EXISTS strip (
    number INTEGER PRIMARY KEY, device_id TEXT NOT NULL, day TEXT NOT NULL, start_us INTEGER NOT NULL,
    period_us INTEGER NOT NULL, states BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS slot_log (id INTEGER PRIMARY KEY, body BLOB NOT NULL, crc INTEGER NOT NULL);
"""
_CHANGE = struct.Struct("<IIB")
_LOG_ROWS_MAX = 600


class KeptSlots:
    """A `SlotBook` and its rows. Not thread safe: the spool holds its lock."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.book = SlotBook(_loaded(db))
        self._log_rows = int(db.execute("SELECT count(*) FROM slot_log").fetchone()[0])
        self._dirty: dict[int, Strip] = {}
        self._unpublished: dict[int, Strip] = {id(strip): strip for strip in self.book.strips()}
        if self._log_rows:
            self._dirty = dict(self._unpublished)

    def write(self, db: sqlite3.Connection) -> None:
        """Write what changed; called inside the transaction that keeps the samples."""
        whole, single = self.book.changes()
        for strip in whole:
            _write_whole(db, strip)
        if single:
            body = b"".join(_CHANGE.pack(strip.number, slot, state) for strip, slot, state in single)
            db.execute("INSERT INTO slot_log (body, crc) VALUES (?, ?)", (body, zlib.crc32(body)))
        if self._log_rows > _LOG_ROWS_MAX:
            self._compact(db)

    def settled(self) -> None:
        """The transaction is on disk."""
        whole, single = self.book.changes()
        touched = {id(strip): strip for strip in whole} | {id(strip): strip for strip, _, _ in single}
        self._unpublished |= touched
        if self._log_rows > _LOG_ROWS_MAX:
            self._log_rows, self._dirty = 0, {}
        elif single:
            self._log_rows += 1
            self._dirty |= {id(strip): strip for strip, _, _ in single}
        self.book.settled()

    def undo(self) -> None:
        """The transaction was rolled back."""
        self.book.undo()

    def _compact(self, db: sqlite3.Connection) -> None:
        _, single = self.book.changes()
        for strip in (self._dirty | {id(strip): strip for strip, _, _ in single}).values():
            _write_whole(db, strip)
        db.execute("DELETE FROM slot_log")

    def forget_old(self, db: sqlite3.Connection) -> None:
        """Let go of strips older than the book keeps, counted from its newest day."""
        newest_us = max((strip.end_us for strip in self.book.strips()), default=0)
        for strip in self.book.forget_before(instant_of(newest_us) - timedelta(days=KEPT_DAYS)):
            db.execute("DELETE FROM strip WHERE number = ?", (strip.number,))
            self._dirty.pop(id(strip), None)

    def take_unpublished(self) -> list[Strip]:
        """Return copies of the strips that changed since they were last taken."""
        taken, self._unpublished = self._unpublished, {}
        return [
            Strip(s.device_id, s.day, s.start_us, s.period_us, bytearray(s.states), s.number)
            for s in taken.values()
        ]

    def put_back(self, strips: Iterable[Strip]) -> None:
        """Note that strips could not be published."""
        numbers = {strip.number for strip in strips}
        for strip in self.book.strips():
            if strip.number in numbers:
                self._unpublished[id(strip)] = strip


def _write_whole(db: sqlite3.Connection, strip: Strip) -> None:
    states = zlib.compress(bytes(strip.states), 1)
    if strip.number:
        db.execute("UPDATE strip SET states = ? WHERE number = ?", (states, strip.number))
        return
    cursor = db.execute(
        "INSERT INTO strip (device_id, day, start_us, period_us, states) VALUES (?, ?, ?, ?, ?)",
        (strip.device_id, strip.day.isoformat(), strip.start_us, strip.period_us, states),
    )
    strip.number = int(cursor.lastrowid or 0)


def _loaded(db: sqlite3.Connection) -> list[Strip]:
    """Return the strips; what is damaged on disk is left out and counts as time without a collector."""
    strips: dict[int, Strip] = {}
    rows = db.execute("SELECT number, device_id, day, start_us, period_us, states FROM strip").fetchall()
    for number, name, day, start_us, period_us, packed in rows:
        try:
            states = bytearray(zlib.decompress(packed))
            strips[number] = Strip(name, date.fromisoformat(day), start_us, period_us, states, number)
        except (zlib.error, ValueError, TypeError) as error:
            log.warning("slots of %s on %s are damaged on disk (%s): left out", name, day, error)
    for body, crc in db.execute("SELECT body, crc FROM slot_log ORDER BY id"):
        if zlib.crc32(body) != crc:
            continue
        for number, slot, state in _CHANGE.iter_unpack(body):
            strip = strips.get(number)
            if strip is not None and slot < len(strip.states):
                strip.states[slot] = state
    return list(strips.values())
