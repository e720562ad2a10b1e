"""The reading half of the DuckDB store: SQL in, numpy out, frames and batches to whoever asked."""

# ruff: noqa: S608 (names and numbers in these texts come from the store's own catalog, never from outside)

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from domain.frame import MeasurementFrame
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin
from domain.quantity import Kind, quantity
from domain.timespan import Interval, cut_between
from stores import duckdb_sql as sql
from stores import frames
from stores.duckdb_catalog import KPI_COUNTS, KPI_RATIOS, Catalog, table_name
from stores.duckdb_rows import batches, curve_frame, floats, ints
from stores.steps import AFTER

Fetch = Callable[[Callable[[Catalog], str | None]], pa.Table | None]
_KEYS = ("device", "epoch_us(measured_at) AS measured_us", "quality")
_DAYS_MAX = 1_000_000  # days since 1970 fit below
_INNER_KEYS = ("device", "measured_at", "quality")
_LATEST_KEYS = ("device", "measured_at", "arrived_after_ms", "origin", "layout", "quality")
_CELLS_AT_ONCE = 6_000_000  # a cell under aggregation takes some 30 bytes of the engine's memory
_LATEST_REACH = (timedelta(minutes=15), timedelta(hours=6), timedelta(days=3))


def newest_instant(connection: Any, catalog: Catalog) -> datetime | None:
    """Return the newest instant in the live tables."""
    found = []
    for kind in {key[0] for key in catalog.tables}:
        newest = max(key for key in catalog.tables if key[0] == kind)
        row = connection.execute(f"SELECT max(measured_at) FROM {table_name(newest)}").fetchone()
        if row[0] is not None:
            found.append(row[0].replace(tzinfo=UTC))
    return max(found, default=None)


def newest_counters(
    connection: Any, catalog: Catalog, interval: Interval
) -> Iterator[tuple[int, int, dict[int, float]]]:
    """Yield (device number, instant, good counters by bit) of the newest row of each device in ``interval``."""
    for kind in sorted({key[0] for key in catalog.tables}):
        chosen = sql.Selection(kind, None, interval)
        names = sorted(catalog.counter_bits)
        selects = sql.parts(catalog, chosen, _INNER_KEYS, names)
        if not selects:
            continue
        columns = ", ".join(["measured_at", "quality", *(f'"{name}"' for name in names)])
        rows = connection.execute(
            f"SELECT device, arg_max(struct_pack({_packed(columns)}), measured_at) "
            f"FROM ({sql.union(selects)}) GROUP BY device"
        ).fetchall()
        for device, row in rows:
            said = {
                catalog.counter_bits[name]: row[name]
                for name in names
                if row[name] is not None and row["quality"] is None
            }
            yield device, int(np.datetime64(row["measured_at"], "us").astype(np.int64)), said


def _packed(columns: str) -> str:
    return ", ".join(f"{name} := {name}" for name in columns.split(", "))


class Reader:
    """Answers the questions of `stores.protocol.MeasurementStore` through ``fetch``."""

    def __init__(self, fetch: Fetch, catalog: Callable[[], Catalog]) -> None:
        self._fetch = fetch
        self._catalog = catalog

    def _chosen(
        self, device_ids: Sequence[str], interval: Interval, origins: Sequence[Origin] | None = None
    ) -> list[sql.Selection]:
        catalog = self._catalog()
        return [
            sql.selection(catalog, kind, numbers, interval, origins)
            for kind, numbers in catalog.numbers_of(device_ids).items()
        ]

    def read(
        self,
        device_ids: Sequence[str],
        quantities: Sequence[str],
        interval: Interval,
        every: timedelta | None,
        origins: Sequence[Origin] | None,
    ) -> MeasurementFrame:
        """Return rows, see the protocol."""
        names = tuple(dict.fromkeys(quantities))
        for name in names:
            quantity(name)  # an unknown one is a mistake of the caller
        tables = []
        for chosen in self._pieces(self._chosen(device_ids, interval, origins), len(names), every):

            def build(catalog: Catalog, chosen: sql.Selection = chosen) -> str | None:
                keys = _KEYS if every is None else _INNER_KEYS
                selects = sql.parts(catalog, chosen, keys, names)
                if not selects:
                    return None
                return sql.union(selects) if every is None else sql.bucketed(catalog, selects, names, every)

            table = self._fetch(build)
            if table is not None:
                tables.append(table)
        return self._frame(tables, names, with_quality=every is None)

    def _pieces(
        self, selections: Sequence[sql.Selection], names: int, every: timedelta | None
    ) -> Iterator[sql.Selection]:
        """Yield selections cut between buckets, so that the answer to each is put together in little memory.

        What the writer has not yet packed away sits in the same memory; the rows lie in order of time, so that
        several pieces cost what one costs.
        """
        for chosen in selections:
            if every is None:
                yield chosen
                continue
            known = chosen.numbers
            devices = self._catalog().kind_size(chosen.kind) if known is None else len(known)
            buckets = max(1, _CELLS_AT_ONCE // max(1, devices * names))
            for piece in cut_between(chosen.interval, every, buckets):
                yield replace(chosen, interval=piece)

    def _frame(
        self, tables: Sequence[pa.Table], names: Sequence[str], *, with_quality: bool
    ) -> MeasurementFrame:
        if not tables:
            empty = np.empty(0)
            no_rows = np.empty(0, dtype=np.int64)
            return frames.frame(no_rows.astype(np.int32), no_rows, names, dict.fromkeys(names, empty), {})
        table = pa.concat_tables(tables) if len(tables) > 1 else tables[0]
        qualities = None
        if with_quality and table.column("quality").null_count < len(table):
            texts = table.column("quality").to_pylist()
            qualities = frames.quality_columns(texts, names, self._catalog().quantity_numbers)
        return frames.frame(
            ints(table, "device").astype(np.int32),
            ints(table, "measured_us"),
            names,
            {name: floats(table, name) for name in names},
            self._catalog().device_ids,
            qualities,
        )

    def power_curves(
        self, groups: Mapping[str, Sequence[str]], name: str, interval: Interval, every: timedelta
    ) -> pd.DataFrame:
        """Return summed power of groups, see the protocol."""
        quantity(name)
        labels = sorted(groups)
        numbers = self._catalog().device_numbers
        pairs = [
            (numbers[device_id], place)
            for place, label in enumerate(labels)
            for device_id in dict.fromkeys(groups[label])
            if device_id in numbers
        ]
        members = [device_id for label in labels for device_id in groups[label]]
        tables = []
        chosen_all = self._chosen(members, interval)

        def build(catalog: Catalog) -> str | None:
            selects = [
                select for chosen in chosen_all for select in sql.parts(catalog, chosen, _INNER_KEYS, [name])
            ]
            return sql.curves(catalog, selects, name, every, pairs) if selects else None

        table = self._fetch(build) if pairs else None
        if table is not None:
            tables.append(table)
        return curve_frame(tables, labels)

    def daily_aggregates(
        self, device_ids: Sequence[str], name: str, interval: Interval, zone: str
    ) -> pd.DataFrame:
        """Return what a counter did per device and day, see the protocol."""
        found = [
            days
            for chosen in self._chosen(device_ids, interval)
            if (days := self._daily_of_kind(chosen, name, zone)) is not None
        ]
        catalog = self._catalog()
        if not found:
            none = np.empty(0, dtype=np.int64)
            nothing = dict.fromkeys(("first", "last", "low", "high"), np.empty(0))
            return frames.daily_frame([], none, nothing, none, none, {"readings": none, "steps_back": none})
        whole = {key: np.concatenate([part[key] for part in found]) for key in found[0]}
        return frames.daily_frame(
            [catalog.device_ids[int(number)] for number in whole["device"]],
            whole["day"],
            whole,
            whole["first_at"],
            whole["last_at"],
            whole,
        )

    def _daily_of_kind(self, chosen: sql.Selection, name: str, zone: str) -> dict[str, NDArray[Any]] | None:
        day = sql.local_day(chosen.interval, zone)

        def build(catalog: Catalog) -> str | None:
            selects = sql.parts(catalog, chosen, _INNER_KEYS, [name])
            return sql.daily(selects, name, sql.good(catalog, name), day) if selects else None

        table = self._fetch(build)
        if table is None:
            return None
        days: dict[str, NDArray[Any]] = {
            "device": ints(table, "device"),
            "day": ints(table, "day"),
            "readings": ints(table, "readings"),
            "first_at": table.column("first_at").to_numpy().astype("datetime64[us]").astype(np.int64),
            "last_at": table.column("last_at").to_numpy().astype("datetime64[us]").astype(np.int64),
            **{key: floats(table, key) for key in ("low", "high")},
        }
        return {**days, **self._first_and_last(chosen, name, day, days)}

    def _first_and_last(
        self, chosen: sql.Selection, name: str, day: str, days: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        """Return first and last values and backward steps.

        Where no mark stands (stores/steps.py) nothing stepped back, so the first value is the lowest and
        the last the highest; only the other days are looked at row by row.
        """
        found: dict[str, NDArray[Any]] = {
            "first": days["low"].copy(),
            "last": days["high"].copy(),
            "steps_back": np.zeros(len(days["device"]), dtype=np.int64),
        }
        odd = self._odd_days(chosen, name, day, days)
        if not odd.any():
            return found
        wanted = {key: days[key][odd].tolist() for key in ("device", "day")}
        span = _narrowed(chosen, days, odd)

        def build(catalog: Catalog) -> str | None:
            selects = sql.parts(catalog, span, _INNER_KEYS, [name])
            return sql.odd_days(selects, name, sql.good(catalog, name), day, wanted) if selects else None

        table = self._fetch(build)
        if table is not None:
            place = _place(days, table)
            for key in ("first", "last"):
                found[key][place] = floats(table, key)
            found["steps_back"][place] = ints(table, "steps_back")
        return found

    def _odd_days(
        self, chosen: sql.Selection, name: str, day: str, days: Mapping[str, NDArray[Any]]
    ) -> NDArray[np.bool_]:
        """Return the days on which a mark stands that can mean a step inside the day."""
        count = len(days["device"])
        if quantity(name).kind is not Kind.COUNTER:
            return np.ones(count, dtype=bool)

        def build(catalog: Catalog) -> str | None:
            mask = (1 << catalog.counter_bits.get(name, 0)) | int(AFTER)
            selects = sql.parts(catalog, chosen, ("device", "measured_at", "step"), [])
            if not selects:
                return None
            inner = " UNION ALL ".join(f"{select} AND step IS NOT NULL" for select in selects)
            return (
                f"SELECT device, {day} AS day, epoch_us(measured_at) AS at, (step & {mask}) AS step "
                f"FROM ({inner}) WHERE (step & {mask}) <> 0"
            )

        table = self._fetch(build)
        odd = np.zeros(count, dtype=bool)
        if table is None or len(table) == 0:
            return odd
        row = _place(days, table)
        at, step = ints(table, "at"), ints(table, "step")
        same = (days["device"][row] == ints(table, "device")) & (days["day"][row] == ints(table, "day"))
        back = ((step & ~int(AFTER)) != 0) & (at > days["first_at"][row])
        unsure = ((step & int(AFTER)) != 0) & (at < days["last_at"][row])
        odd[row[same & (back | unsure)]] = True
        return odd

    def daily(self, plant_ids: Sequence[str], first: date, last: date) -> list[DailyKpi]:
        """Return kept daily KPIs, see the protocol."""
        names = ("plant_id", "day", *KPI_RATIOS, *KPI_COUNTS)
        span = f"day BETWEEN DATE '{first.isoformat()}' AND DATE '{last.isoformat()}'"
        table = self._fetch(
            lambda _: f"SELECT {', '.join(names)} FROM daily_kpi WHERE {span} ORDER BY plant_id, day"
        )
        wanted = set(plant_ids)
        rows = [] if table is None else table.to_pylist()
        return [DailyKpi(**row) for row in rows if row["plant_id"] in wanted]

    def latest(self, device_ids: Sequence[str], interval: Interval) -> list[Batch]:
        """Return the newest batch of each device inside ``interval``, looking back no further than needed."""
        found: dict[str, Batch] = {}
        end = interval.end
        for reach in (*_LATEST_REACH, None):
            start = interval.start if reach is None else max(interval.start, interval.end - reach)
            missing = [name for name in dict.fromkeys(device_ids) if name not in found]
            if not missing or start >= end:
                break
            for chosen in self._chosen(missing, Interval(start, end)):
                for batch in self._latest_of_kind(chosen):
                    found[batch.device_id] = batch
            end = start
        return [found[name] for name in dict.fromkeys(device_ids) if name in found]

    def _latest_of_kind(self, chosen: sql.Selection) -> list[Batch]:
        catalog = self._catalog()
        names = catalog.columns_of(chosen.kind)

        def build(catalog: Catalog) -> str | None:
            rows = sql.parts(catalog, chosen, _LATEST_KEYS, names)
            if not rows:
                return None
            times = sql.union(sql.parts(catalog, chosen, ("device", "measured_at"), []))
            return (
                f"SELECT r.*, epoch_us(r.measured_at) AS measured_us FROM ({sql.union(rows)}) r SEMI JOIN "
                f"(SELECT device, max(measured_at) AS measured_at FROM ({times}) GROUP BY device) n "
                "USING (device, measured_at)"
            )

        table = self._fetch(build)
        return [] if table is None else batches(table, names, catalog)


def _place(days: Mapping[str, NDArray[Any]], table: pa.Table) -> NDArray[np.intp]:
    """Return for each (device, day) of ``table`` its row in ``days``, some row when it is not there."""
    key = days["device"] * _DAYS_MAX + days["day"]
    order = np.argsort(key)
    sought = ints(table, "device") * _DAYS_MAX + ints(table, "day")
    place: NDArray[np.intp] = order[np.minimum(np.searchsorted(key[order], sought), len(key) - 1)]
    return place


def _narrowed(
    chosen: sql.Selection, days: Mapping[str, NDArray[Any]], odd: NDArray[np.bool_]
) -> sql.Selection:
    """Return the selection cut down to the odd days."""
    first = datetime.fromtimestamp(int(days["first_at"][odd].min()) / 1e6, UTC) - timedelta(milliseconds=1)
    last = datetime.fromtimestamp(int(days["last_at"][odd].max()) / 1e6, UTC) + timedelta(milliseconds=1)
    span = Interval(max(first, chosen.interval.start), min(last, chosen.interval.end))
    numbers = tuple(sorted({int(number) for number in days["device"][odd]}))
    return sql.Selection(chosen.kind, numbers, span, chosen.origins)
