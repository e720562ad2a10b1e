"""The reading half of the InfluxDB store: questions in InfluxQL, answers as arrays."""

# ruff: noqa: S608 (InfluxQL has no parameters here: names and texts are quoted in stores/influx_names.py)

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from operator import add
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from domain.frame import MeasurementFrame
from domain.measurement import Origin
from domain.plant import DeviceKind
from domain.quantity import Kind, quantity
from domain.timespan import Interval, cut_between, day_of, days_between, local_day
from stores import frames
from stores.influx_answers import Parts, doubled, is_rolled_up, microseconds, numbers
from stores.influx_buckets import ROWS_MAX, bucketed
from stores.influx_names import (
    DEVICE_TAG,
    KINDS,
    ORIGIN,
    during,
    epoch_us,
    ident,
    one_of,
    parts_of,
    rows_of,
)

Query = Callable[[str], list[pa.Table]]
Told = dict[str, dict[tuple[int, int], float]]  # by what is told, by device and day
_MICROSECOND = timedelta(microseconds=1)
_STATEMENTS_MAX = 120
_CELLS_MAX = 3_000_000  # values asked for at once: two or three seconds of the server's time
_USUAL_PERIOD = timedelta(seconds=60)  # of rows that are read as they came
_TOGETHER: Mapping[str, Callable[[float, float], float]] = {
    "low": min,
    "high": max,
    "readings": add,
    "steps_back": add,
}
_FILTER_MAX = 200  # so many devices are always picked by the server
_FILTER_LONGEST = 700  # more of them while they are a part of their kind only,
_FILTER_SHARE = 0.6  # and else all are read


class Source(NamedTuple):
    """What to ask for: a measurement, the devices wanted, the condition that picks them, how many are read for it."""

    kind: str
    ids: frozenset[str]
    where: str
    read: int


class Reader:
    """Asks the server.

    Parameters
    ----------
    query : callable
        `stores.influx_client.InfluxClient.query`.
    kinds : callable
        Returns the kind of every registered device.
    passing : callable, optional
        Holds off writers while a piece of a long answer is asked for; between pieces they may write.
    """

    def __init__(
        self,
        query: Query,
        kinds: Callable[[], Mapping[str, DeviceKind]],
        passing: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._query = query
        self._kinds = kinds
        self._passing = passing

    def sources(self, device_ids: Sequence[str]) -> list[Source]:
        """Return which measurements to ask for which devices; one that is not registered may be anywhere."""
        kinds = self._kinds()
        by_kind: dict[str, set[str]] = {}
        for name in set(device_ids):
            kind = kinds.get(name)
            for measurement in KINDS if kind is None else (kind.value,):
                by_kind.setdefault(measurement, set()).add(name)
        whole = Counter(kind.value for kind in kinds.values())
        return [_source(kind, ids, whole[kind]) for kind, ids in sorted(by_kind.items())]

    def fields(self, kind: str) -> tuple[str, ...]:
        """Return the fields a kind of device ever had."""
        tables = self._query(f"SHOW FIELD KEYS FROM {rows_of(kind)}")
        return tuple(dict.fromkeys(str(name) for table in tables for name in table["fieldKey"].to_pylist()))

    def together(self, statements: Sequence[str]) -> Iterator[pa.Table]:
        """Ask many statements, some at a time."""
        for start in range(0, len(statements), _STATEMENTS_MAX):
            yield from self._query("; ".join(statements[start : start + _STATEMENTS_MAX]))

    # rows

    def read(
        self,
        device_ids: Sequence[str],
        quantities: Sequence[str],
        interval: Interval,
        every: timedelta | None,
        origins: Sequence[Origin] | None,
    ) -> MeasurementFrame:
        """Return rows, or buckets."""
        names = tuple(dict.fromkeys(quantities))
        for name in names:
            quantity(name)
        sources = self.sources(device_ids) if origins is None or origins else []
        wanted = Parts(frozenset(device_ids))
        picked = "" if origins is None else _of_origins(origins)
        parts: list[_Part] = []
        for kind, _, devices, read in sources:
            for span in _spans(interval, every or _USUAL_PERIOD, read * len(names)):
                where = span.where + devices + picked
                with self._passing():
                    if every is None:
                        parts += self._rows(kind, names, where, wanted)
                    else:
                        parts += self._in_buckets(kind, names, span.holds(every, read), where, every, wanted)
        return _joined(parts, names, wanted.names)

    def _rows(self, kind: str, names: Sequence[str], where: str, wanted: Parts) -> Iterator["_Part"]:
        fields = self.fields(kind)
        odd: dict[str, list[str]] = {name: [] for name in names}
        for field in fields:
            name = field.partition("~")[0]
            if name in odd and field != name:
                odd[name].append(field)
        good = [name for name in names if name in fields]
        chosen = [DEVICE_TAG, ORIGIN, *good, *(field for name in names for field in odd[name])]
        text = f"SELECT {', '.join(map(ident, chosen))} FROM {rows_of(kind)} WHERE {where}"
        for table in self._query(text) if fields else ():
            device, asked = wanted.rows(table, DEVICE_TAG)
            part = _Part(device[asked], microseconds(table)[asked], {}, {})
            for name in names:
                value, quality = _with_quality(table, name, odd[name])
                part.columns[name] = value[asked]
                if quality is not None:
                    part.qualities[name] = quality[asked]
            yield part

    def _in_buckets(
        self, kind: str, names: Sequence[str], most: float, where: str, every: timedelta, wanted: Parts
    ) -> Iterator["_Part"]:
        """Return buckets, made here where there are few rows for the ``most`` buckets there can be."""
        count = f"SELECT count({ident(ORIGIN)}) AS rows FROM {rows_of(kind)} WHERE {where}"
        rows = sum(int(number) for table in self._query(count) for number in table["rows"].to_pylist())
        if not rows:
            return iter(())
        few = rows <= ROWS_MAX * most
        return (self._gathered if few else self._buckets)(kind, names, where, every, wanted)

    def _gathered(
        self, kind: str, names: Sequence[str], where: str, every: timedelta, wanted: Parts
    ) -> Iterator["_Part"]:
        known = set(self.fields(kind))
        good = [name for name in names if name in known]
        text = (
            f"SELECT {', '.join(map(ident, [DEVICE_TAG, ORIGIN, *good]))} FROM {rows_of(kind)} WHERE {where}"
        )
        for table in self._query(text):
            device, asked = wanted.devices(table, DEVICE_TAG)
            rolled = is_rolled_up(table)
            values = {name: numbers(table[name])[asked] for name in good}
            key = (device * 2 + rolled)[asked].astype(np.int64)
            key, start_us, made = bucketed(key, microseconds(table)[asked], values, every // _MICROSECOND)
            device, kept = (key // 2).astype(np.int32), ~doubled(key // 2, start_us, key % 2 == 1)
            absent = np.full(int(kept.sum()), np.nan)
            columns = {name: made[name][kept] if name in made else absent for name in names}
            yield _Part(device[kept], start_us[kept], columns, {})

    def _buckets(
        self, kind: str, names: Sequence[str], where: str, every: timedelta, wanted: Parts
    ) -> Iterator["_Part"]:
        chosen = [f"{aggregate(name)}({ident(name)}) AS {ident(name)}" for name in names]
        chosen.append(f"count({ident(ORIGIN)}) AS rows")  # a bucket of rows without values is a bucket
        text = (
            f"SELECT {', '.join(chosen)} FROM {rows_of(kind)} WHERE {where} "
            f"GROUP BY {DEVICE_TAG}, time({width_of(every)}) fill(none)"
        )
        for table in self._query(text):
            device, asked = wanted.rows(table, "tags")
            values = {name: numbers(table[name])[asked] for name in names}
            yield _Part(device[asked], microseconds(table)[asked], values, {})

    # curves

    def power_curves(
        self, groups: Mapping[str, Sequence[str]], name: str, interval: Interval, every: timedelta
    ) -> pd.DataFrame:
        """Return summed power; the engine makes each device's means, they are added up here."""
        ids = sorted({device_id for members in groups.values() for device_id in members})
        frame = self._means(ids, name, interval, every)
        instants = (
            frame["measured_at"].dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
        )
        labels = sorted(groups)
        columns: dict[str, list[NDArray[Any]]] = {"group": [], "instant": [], "value": [], "devices": []}
        for place, label in enumerate(labels):
            chosen = frame["device_id"].isin(list(groups[label])).to_numpy()
            at, slot = np.unique(instants[chosen], return_inverse=True)
            columns["group"].append(np.full(len(at), place))
            columns["instant"].append(at)
            columns["value"].append(np.bincount(slot, frame[name].to_numpy()[chosen], len(at)))
            columns["devices"].append(np.bincount(slot, minlength=len(at)))
        whole = {what: np.concatenate(parts) if parts else np.empty(0) for what, parts in columns.items()}
        has_rows = len(whole["group"]) > 0
        return pd.DataFrame(
            {
                "group": frames.texts(whole["group"], labels) if has_rows else pd.Series([], dtype="str"),
                "instant": frames.instants(whole["instant"].astype(np.int64)),
                "value": whole["value"].astype(np.float64),
                "devices": whole["devices"].astype(np.int64),
            }
        )

    def _means(
        self, device_ids: Sequence[str], name: str, interval: Interval, every: timedelta
    ) -> pd.DataFrame:
        quantity(name)
        wanted = Parts(frozenset(device_ids))
        parts: list[_Part] = []
        for kind, _, devices, read in self.sources(device_ids):
            for span in _spans(interval, every, read):
                with self._passing():
                    most = span.holds(every, read)
                    parts += self._in_buckets(kind, [name], most, span.where + devices, every, wanted)
        return _joined(parts, [name], wanted.names).good().dropna(subset=[name])

    # counters per local day

    def daily_aggregates(
        self, device_ids: Sequence[str], name: str, interval: Interval, zone: str
    ) -> pd.DataFrame:
        """Return what a counter did per device and local day.

        A day is asked for by its two instants, never by the engine's ``time(1d)``, so the zone's history holds,
        and ``first`` and ``last`` come with the instants of their readings.
        """
        quantity(name)
        wanted = Parts(frozenset(device_ids))
        statements = [
            statement
            for kind, _, devices, _ in self.sources(device_ids)
            for day, span in _days(interval, zone)
            for statement in _day_statements(kind, name, span + devices, (day - date(1970, 1, 1)).days)
        ]
        found: Told = {}
        for table in self.together(statements):
            device, asked = wanted.devices(table, "tags")
            _note(table, device, asked, found)
        return _daily(found, wanted.names)


def _source(kind: str, ids: set[str], whole: int) -> Source:
    """Return how to ask for devices of a kind that has ``whole``: a list takes the server longer than it is long."""
    few = len(ids) <= _FILTER_MAX or len(ids) <= min(_FILTER_LONGEST, _FILTER_SHARE * whole)
    if few:
        return Source(kind, frozenset(ids), one_of(DEVICE_TAG, sorted(ids)), len(ids))
    return Source(kind, frozenset(ids), "", max(len(ids), whole))


def _note(table: pa.Table, device: NDArray[np.int32], asked: NDArray[np.bool_], found: Told) -> None:
    """Note what an answer tells of days; a day at the edge of a month that is rolled up is told in two parts."""
    at = microseconds(table)
    for column in table.column_names[3:]:
        what, _, day = column.partition(":")
        values = numbers(table[column])
        here, instants = found.setdefault(what, {}), found.setdefault(f"{what}_at", {})
        said = asked & ~np.isnan(values)
        for number, value, us in zip(
            device[said].tolist(), values[said].tolist(), at[said].tolist(), strict=True
        ):
            key = (number, int(day))
            if what in {"first", "last"}:
                earlier = key in here and (us > instants[key]) == (what == "first")
                if not earlier:
                    here[key], instants[key] = value, us
            else:
                here[key] = _TOGETHER[what](here[key], value) if key in here else value


class _Part:
    """Rows of one answer."""

    def __init__(
        self,
        device: NDArray[np.int32],
        measured_us: NDArray[np.int64],
        values: dict[str, NDArray[np.float64]],
        qualities: dict[str, NDArray[np.uint8]],
    ) -> None:
        self.device = device
        self.measured_us = measured_us
        self.columns = values
        self.qualities = qualities


def width_of(every: timedelta) -> str:
    """Return a bucket's width in InfluxQL."""
    width_us = every // _MICROSECOND
    if width_us <= 0:
        raise ValueError(f"a bucket of {every} has no width")
    return f"{width_us}u"


def aggregate(name: str) -> str:
    """Return the function that makes one value of a period: gauges are averaged, others keep the last."""
    return "mean" if quantity(name).kind is Kind.GAUGE else "last"


def _of_origins(origins: Sequence[Origin]) -> str:
    return " AND (" + " OR ".join(f"{ORIGIN} = {int(origin)}" for origin in origins) + ")"


def _with_quality(
    table: pa.Table, name: str, odd: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    values = numbers(table[name]) if name in table.column_names else np.full(table.num_rows, np.nan)
    quality: NDArray[np.uint8] | None = None
    for field in odd:
        said = numbers(table[field])
        there = ~np.isnan(said)
        if not there.any():
            continue
        _, number, missing = parts_of(field)
        quality = np.zeros(len(values), dtype=np.uint8) if quality is None else quality
        quality[there] = int(number)
        values = np.where(there, np.nan if missing else said, values)
    return values, quality


def _joined(parts: Sequence[_Part], names: Sequence[str], device_ids: Mapping[int, str]) -> MeasurementFrame:
    count = sum(len(part.device) for part in parts)
    empty = {name: np.empty(0) for name in names}
    if count == 0:
        return frames.frame(np.empty(0, np.int32), np.empty(0, np.int64), names, empty, {})
    qualities = None
    if any(part.qualities for part in parts):
        qualities = {
            name: np.concatenate(
                [part.qualities.get(name, np.zeros(len(part.device), np.uint8)) for part in parts]
            )
            for name in names
        }
        if not any(column.any() for column in qualities.values()):
            qualities = None
    return frames.frame(
        np.concatenate([part.device for part in parts]),
        np.concatenate([part.measured_us for part in parts]),
        names,
        {name: np.concatenate([part.columns[name] for part in parts]) for name in names},
        device_ids,
        qualities,
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """A piece of an interval that keeps the server busy for a moment only."""

    interval: Interval

    @property
    def where(self) -> str:
        """Its condition."""
        return during(epoch_us(self.interval.start), epoch_us(self.interval.end))

    def holds(self, every: timedelta, devices: int) -> float:
        """Return how many buckets of ``every`` devices have in it."""
        return devices * max(1.0, self.interval.duration / every)


def _spans(interval: Interval, every: timedelta, columns: int) -> Iterator[_Span]:
    """Yield an interval in pieces; ``columns`` is how many values a step of ``every`` has.

    One question for everything would wait longer than the client does, and keep everybody else waiting.
    """
    if interval.end > interval.start:
        for piece in cut_between(interval, every, max(1, _CELLS_MAX // max(1, columns))):
            yield _Span(piece)


def _days(interval: Interval, zone: str) -> Iterator[tuple[date, str]]:
    """Yield each local day of an interval, and the condition of its part that lies inside."""
    if interval.end == interval.start:
        return
    for day in days_between(day_of(interval.start, zone), day_of(interval.end - _MICROSECOND, zone)):
        whole = local_day(day, zone)
        start, end = max(whole.start, interval.start), min(whole.end, interval.end)
        yield day, during(epoch_us(start), epoch_us(end))


def _day_statements(kind: str, name: str, where: str, day: int) -> tuple[str, ...]:
    field, source = ident(name), f"FROM {rows_of(kind)} WHERE {where} GROUP BY {DEVICE_TAG}"
    steps = f"SELECT difference({field}) AS step {source}"
    return (
        f'SELECT min({field}) AS "low:{day}", max({field}) AS "high:{day}", count({field}) AS "readings:{day}" {source}',
        f'SELECT first({field}) AS "first:{day}" {source}',
        f'SELECT last({field}) AS "last:{day}" {source}',
        f'SELECT count(step) AS "steps_back:{day}" FROM ({steps}) WHERE step < 0 GROUP BY {DEVICE_TAG}',
    )


def _daily(found: Mapping[str, Mapping[tuple[int, int], float]], names: Mapping[int, str]) -> pd.DataFrame:
    keys = list(found.get("readings", {}))

    def column(what: str) -> NDArray[np.float64]:
        return np.array([found[what][key] for key in keys])

    back = found.get("steps_back", {})
    whole = {
        "readings": column("readings").astype(np.int64) if keys else np.empty(0, np.int64),
        "steps_back": np.array([back.get(key, 0) for key in keys], dtype=np.int64),
    }
    return frames.daily_frame(
        [names[number] for number, _ in keys],
        np.array([day for _, day in keys], dtype=np.int64),
        {what: column(what) if keys else np.empty(0) for what in ("first", "last", "low", "high")},
        np.array([found["first_at"][key] for key in keys], dtype=np.int64),
        np.array([found["last_at"][key] for key in keys], dtype=np.int64),
        whole,
    )
