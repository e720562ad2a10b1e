"""What leaves a full queue, and in which order: the least first, energy counters never but for every quarter hour.

Three passes go over the queue from its oldest row, each a chunk at a time and each from where it last
stopped: string currents are taken out of rows; then every other gauge, which leaves counters and states; then
rows are dropped but for the first of each device in a quarter hour. Counters go on counting, so no energy is
lost in any of them. When nothing is left to take, the queue refuses new rows.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from collectors import batch_codec
from domain.measurement import Batch
from domain.quantity import Kind, is_known, quantity
from domain.slots import SlotState

CHUNK_ROWS = 2000
QUARTER_US = 900_000_000
_STRING = re.compile(r"dc_string_\d+_current_a")
_GAUGES, _COUNTERS, _METERS = 0, 1, 2
_PASSES = ("shed_strings", "shed_gauges", "shed_quarters")


@dataclass(slots=True)
class Shed:
    """What one step took: how much smaller the queue is, and which slots it concerns."""

    rows: int = 0
    size_bytes: int = 0
    thinned: int = 0
    slots: list[tuple[str, datetime, SlotState]] = field(default_factory=list)


def class_of(quantities: Sequence[str]) -> int:
    """Return how dear a batch is: revenue meters 2, lifetime counters 1, anything else 0."""
    if any(name.startswith("meter_energy") for name in quantities):
        return _METERS
    if any(is_known(name) and quantity(name).kind is Kind.COUNTER for name in quantities):
        return _COUNTERS
    return _GAUGES


Decode = Callable[[bytes, bytes, int], Batch | None]
Encode = Callable[[Batch], tuple[int, bytes, bytes, int]]


class Shedder:
    """Makes room. ``decode`` gives None for a damaged row, ``encode`` the columns of a row."""

    def __init__(self, decode: Decode, encode: Encode) -> None:
        self._decode = decode
        self._encode = encode
        self._quarters: dict[str, int] = {}

    def steps(self, db: sqlite3.Connection, *, rows_only: bool) -> Iterator[Shed]:
        """Take chunk after chunk, for as long as the caller goes on asking."""
        for number, name in enumerate(_PASSES):
            if rows_only and number < 2:
                continue  # a lighter row is still a row
            while True:
                cursor = db.execute("SELECT coalesce(max(value), 0) FROM counter WHERE name = ?", (name,))
                after = cursor.fetchone()[0]
                rows = db.execute(
                    "SELECT id, head, body, crc FROM queue WHERE id > ? ORDER BY id LIMIT ?",
                    (after, CHUNK_ROWS),
                ).fetchall()
                if not rows:
                    break
                shed = Shed()
                for row_id, head, body, crc in rows:
                    self._one(db, number, (row_id, head, body, crc), shed)
                db.execute(
                    "INSERT INTO counter (name, value) VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (name, rows[-1][0]),
                )
                yield shed

    def _one(
        self, db: sqlite3.Connection, number: int, row: tuple[int, bytes, bytes, int], shed: Shed
    ) -> None:
        row_id, head, body, crc = row
        batch = self._decode(head, body, crc)
        if batch is None:
            return  # damaged: the forwarder meets it and names it
        size = len(head) + len(body)
        if number == 2:
            kept = self._first_of_quarter(batch)
            lighter = batch if kept else None
        else:
            lighter = _without(batch, _is_string if number == 0 else _is_gauge)
        if lighter is batch:
            return
        if lighter is None:
            db.execute("DELETE FROM queue WHERE id = ?", (row_id,))
            shed.rows += 1
            shed.size_bytes += size
            shed.slots.append((batch.device_id, batch.measured_at, SlotState.SPOOL_SHED))
            return
        importance, new_head, new_body, new_crc = self._encode(lighter)
        db.execute(
            "UPDATE queue SET class = ?, head = ?, body = ?, crc = ? WHERE id = ?",
            (importance, new_head, new_body, new_crc, row_id),
        )
        shed.thinned += 1
        shed.size_bytes += size - len(new_head) - len(new_body)
        shed.slots.append((batch.device_id, batch.measured_at, SlotState.THINNED))

    def _first_of_quarter(self, batch: Batch) -> bool:
        quarter = int(batch.measured_at.timestamp() * 1e6) // QUARTER_US
        if self._quarters.get(batch.device_id) == quarter:
            return False
        self._quarters[batch.device_id] = quarter
        return True


def _is_string(name: str) -> bool:
    return _STRING.fullmatch(name) is not None


def _is_gauge(name: str) -> bool:
    return not is_known(name) or quantity(name).kind is Kind.GAUGE


def _without(batch: Batch, drop: Callable[[str], bool]) -> Batch | None:
    """Return the batch without some quantities, itself when it has none of them, None when nothing is left."""
    kept = [place for place, name in enumerate(batch.quantities) if not drop(name)]
    if len(kept) == len(batch.quantities):
        return batch
    if not kept:
        return None
    qualities = batch.qualities
    return replace(
        batch,
        quantities=tuple(batch.quantities[place] for place in kept),
        values=tuple(batch.values[place] for place in kept),
        qualities=None if qualities is None else tuple(qualities[place] for place in kept),
    )


def device_and_instant(head: bytes) -> tuple[str, datetime] | None:
    """Return whose row it is, None when the head is damaged."""
    try:
        return batch_codec.whose(head)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
