"""Months of the InfluxDB store that are old enough: replaced by five-minute rows in a measurement of their own.

The server keeps rows as they came; a month that is years old is read back in periods, written beside itself,
counted, and only then deleted. Until then, and where a row comes years late, both are there: a question gets
the rows of both measurements, and of two for one instant the rolled up one (stores/influx_read.py).
"""

# ruff: noqa: S608 (InfluxQL has no parameters here: names and texts are quoted in stores/influx_names.py)

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from domain.clock import Clock
from domain.errors import StoreUnavailableError
from domain.quantity import Kind, quantity
from domain.timespan import Interval, utc_month
from stores.influx_answers import coded, microseconds, numbers
from stores.influx_client import InfluxClient
from stores.influx_days import Write
from stores.influx_names import (
    DEVICE_TAG,
    FIELD_COUNT,
    KINDS,
    LAYOUT,
    ORIGIN,
    OUR_FIELDS,
    ROLLED_UP,
    during,
    epoch_us,
    ident,
    instant,
    key_text,
)  # fmt: skip
from stores.influx_read import Query, aggregate, width_of
from stores.protocol import MonthForm, StoredMonth

_DAY = timedelta(days=1)
_SETTLED = timedelta(days=8)
_PLACES = 3  # a thousandth of a gauge's unit


class Roller:
    """Tells which months there are, and rolls one up. Not thread safe: the store holds its lock."""

    def __init__(self, client: InfluxClient, query: Query, write: Write, clock: Clock) -> None:
        self._client = client
        self._query = query
        self._write = write
        self._clock = clock
        self._settled: dict[tuple[str, str], int] = {}

    def months(self) -> list[StoredMonth]:
        """Return the months that have rows, oldest first, as they came or rolled up."""
        found = [
            StoredMonth(kind, month, form, rows)
            for kind in KINDS
            for form, name in ((MonthForm.LIVE, kind), (MonthForm.ROLLED_UP, kind + ROLLED_UP))
            for month, rows in self._counted(name)
            if rows
        ]
        return sorted(found, key=lambda each: (each.month, each.kind, each.form.value))

    def _counted(self, measurement: str) -> Iterator[tuple[str, int]]:
        text = f"SELECT first({ident(ORIGIN)}) FROM {ident(measurement)}"
        first = [us for table in self._query(text) for us in microseconds(table).tolist()]
        now = self._clock.now()
        at = instant(min(first)) if first else now + _DAY
        while at <= now:
            month = f"{at:%Y-%m}"
            span = utc_month(month)
            key = (measurement, month)
            rows = self._settled.get(key)
            if rows is None:
                rows = self._rows(measurement, span)
                if span.end < now - _SETTLED:
                    self._settled[key] = rows
            yield month, rows
            at = span.end

    def _rows(self, measurement: str, span: Interval) -> int:
        where = during(epoch_us(span.start), epoch_us(span.end))
        text = f"SELECT count({ident(ORIGIN)}) AS rows FROM {ident(measurement)} WHERE {where}"
        return sum(int(count) for table in self._query(text) for count in table["rows"].to_pylist())

    def roll_up(self, kind: str, month: str, every: timedelta) -> StoredMonth:
        """Replace the rows of a month; see `stores.protocol.RetainingStore.roll_up_month`."""
        span, rolled = utc_month(month), kind + ROLLED_UP
        self._settled.clear()
        fields = self._fields(kind)
        made = 0
        for at in _days(span):
            for table in self._query(_periods(kind, fields, at, every)):
                lines = _lines(table, rolled, fields)
                self._write(lines)
                made += len(lines)
        there = self._rows(rolled, span)
        if there < made:
            raise StoreUnavailableError(f"{rolled} {month}: {made} rows were written, {there} are there")
        if made:
            self._client.delete(kind, span.start, span.end)
        return StoredMonth(kind, month, MonthForm.ROLLED_UP, there)

    def _fields(self, kind: str) -> list[str]:
        tables = self._query(f"SHOW FIELD KEYS FROM {ident(kind)}")
        names = [str(name) for table in tables for name in table["fieldKey"].to_pylist()]
        return [name for name in names if "~" not in name and name not in OUR_FIELDS]


def _days(span: Interval) -> Iterator[datetime]:
    at = span.start
    while at < span.end:
        yield at
        at += _DAY


def _periods(kind: str, fields: Sequence[str], day: datetime, every: timedelta) -> str:
    chosen = [f"{aggregate(name)}({ident(name)}) AS {ident(name)}" for name in fields]
    chosen += [f"last({ident(name)}) AS {ident(name)}" for name in (ORIGIN, LAYOUT)]
    where = during(epoch_us(day), epoch_us(day + _DAY))
    return (
        f"SELECT {', '.join(chosen)} FROM {ident(kind)} WHERE {where} "
        f"GROUP BY {DEVICE_TAG}, time({width_of(every)}) fill(none)"
    )


def _lines(table: pa.Table, measurement: str, fields: Sequence[str]) -> list[str]:
    """Return the rows of an answer as lines: what the period had, and our own fields."""
    devices, codes = coded(table, "tags")
    heads = [f"{measurement},{DEVICE_TAG}={key_text(name)} " for name in devices]
    columns = []
    for name in fields:
        values = numbers(table[name])
        gauge = quantity(name).kind is Kind.GAUGE
        columns.append((name, (np.round(values, _PLACES) if gauge else values).tolist()))
    ours = [numbers(table[name]).tolist() for name in (ORIGIN, LAYOUT)]
    at_us = microseconds(table).tolist()
    lines = []
    for row, code in enumerate(codes.tolist()):
        said = [f"{name}={values[row]!r}" for name, values in columns if values[row] == values[row]]
        own = f"{ORIGIN}={ours[0][row]!r},{LAYOUT}={ours[1][row]!r},{FIELD_COUNT}={float(len(said))!r}"
        lines.append(f"{heads[code]}{','.join([*said, own])} {at_us[row]}000")
    return lines
