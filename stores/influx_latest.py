"""The newest batch of each device, put together again as it was written.

Two steps: the instant of each device's newest row (one field), then all fields of just those rows. A server
shows a row while it is still being written; `FIELD_COUNT` tells, and such a row is asked for again.
"""

# ruff: noqa: S608 (InfluxQL has no parameters here: names and texts are quoted in stores/influx_names.py)

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from domain.measurement import Batch, Origin, Quality
from stores.influx_answers import coded, microseconds
from stores.influx_names import (
    DELAY_MS,
    DEVICE_TAG,
    FIELD_COUNT,
    LAYOUT,
    ORIGIN,
    OUR_FIELDS,
    during,
    ident,
    instant,
    one_of,
    parts_of,
)
from stores.influx_read import Query, Reader

log = logging.getLogger(__name__)

_SPAN_US = 60_000_000  # rows this close together are asked for at once
_TRIES, _PAUSE_S = 4, 0.05
Key = tuple[str, int]


class Newest:
    """Finds newest rows; remembers what layout numbers stand for."""

    def __init__(self, query: Query, reader: Reader) -> None:
        self._query = query
        self._reader = reader
        self._layouts: dict[int, tuple[str, ...]] = {}

    def instants(self, device_ids: Sequence[str], not_before_us: int) -> dict[str, dict[str, int]]:
        """Return the instant of the newest row of each device, by kind. [us]"""
        found: dict[str, dict[str, int]] = {}
        for kind, ids, devices, _ in self._reader.sources(device_ids):
            where = f"time >= {not_before_us * 1000}{devices}"
            text = f"SELECT last({ident(ORIGIN)}) FROM {ident(kind)} WHERE {where} GROUP BY {DEVICE_TAG}"
            for table in self._query(text):
                names, codes = coded(table, "tags")
                at = dict(zip((names[code] for code in codes), microseconds(table).tolist(), strict=True))
                found.setdefault(kind, {}).update({name: us for name, us in at.items() if name in ids})
        return found

    def latest(self, device_ids: Sequence[str], not_before_us: int) -> list[Batch]:
        """Return the newest batch of each device, in the order asked for."""
        batches: dict[str, Batch] = {}
        instants = self.instants(device_ids, not_before_us)
        for remaining in reversed(range(_TRIES)):
            statements = [text for kind, at in instants.items() for text in _statements(kind, at)]
            wanted = {(name, us) for at in instants.values() for name, us in at.items()}
            for table in self._reader.together(statements):
                batches |= self._complete(table, wanted, accept_all=remaining == 0)
            instants = {
                kind: missing
                for kind, at in instants.items()
                if (missing := {name: us for name, us in at.items() if name not in batches})
            }
            if not instants:
                break
            time.sleep(_PAUSE_S)
        return [batches[name] for name in dict.fromkeys(device_ids) if name in batches]

    def _complete(self, table: pa.Table, wanted: set[Key], *, accept_all: bool) -> dict[str, Batch]:
        names, codes = coded(table, DEVICE_TAG)
        instants = microseconds(table).tolist()
        columns = {
            name: table[name].to_pylist()
            for name in table.column_names
            if name not in {"name", "tags", "time", DEVICE_TAG}
        }
        found: dict[str, Batch] = {}
        for row, (code, at) in enumerate(zip(codes, instants, strict=True)):
            name = names[code]
            if (name, at) not in wanted:
                continue
            said = {field: column[row] for field, column in columns.items() if column[row] is not None}
            batch = self._batch(name, at, said, accept_all=accept_all)
            if batch is not None:
                found[name] = batch
        return found

    def _batch(self, name: str, at: int, said: Mapping[str, float], *, accept_all: bool) -> Batch | None:
        fields = [field for field in said if field not in OUR_FIELDS]
        if len(fields) != said.get(FIELD_COUNT) or LAYOUT not in said:
            if not accept_all:
                return None  # half written as yet
            log.warning("%s: the row of %s is not complete", name, instant(at).isoformat())
        values: dict[str, float | None] = {}
        qualities: dict[str, Quality] = {}
        for field in fields:
            quantity, quality, missing = parts_of(field)
            values[quantity] = None if missing else said[field]
            if quality:
                qualities[quantity] = quality
        names = self._layout(int(said.get(LAYOUT, -1))) or tuple(sorted(values))
        delay_ms = said.get(DELAY_MS)
        measured_at = instant(at)
        return Batch(
            name,
            measured_at,
            names,
            tuple(values.get(quantity) for quantity in names),
            tuple(qualities.get(quantity, Quality.GOOD) for quantity in names) if qualities else None,
            None if delay_ms is None else measured_at + timedelta(milliseconds=delay_ms),
            Origin(int(said.get(ORIGIN, 0))),
        )

    def _layout(self, number: int) -> tuple[str, ...]:
        if number not in self._layouts:
            text = f"SELECT last(number) FROM {ident(LAYOUT)} GROUP BY quantities"
            for table in self._query(text):
                texts, codes = coded(table, "tags")
                known: Any = table["last"].to_pylist()
                for code, found in zip(codes, known, strict=True):
                    self._layouts[int(found)] = tuple(texts[code].split("."))
        return self._layouts.get(number, ())


def _statements(kind: str, at: Mapping[str, int]) -> Iterator[str]:
    """Yield one statement for each group of rows that lie close together."""
    ordered = sorted(at.items(), key=lambda pair: pair[1])
    start = 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][1] - ordered[start][1] < _SPAN_US:
            end += 1
        span = during(ordered[start][1], ordered[end - 1][1] + 1)
        names = [name for name, _ in ordered[start:end]]
        devices = one_of(DEVICE_TAG, names) if len(names) < max(2, len(ordered) // 4) else ""
        yield f"SELECT * FROM {ident(kind)} WHERE {span}{devices}"
        start = end
