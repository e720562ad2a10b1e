"""The writing half of the DuckDB store: rows in as Arrow, once, with the days they touch.

Everything here runs inside a transaction the store opened, by the one thread that holds its lock.
"""

# ruff: noqa: S608 (names and numbers in these texts come from the store's own catalog, never from outside)

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.kpi import DailyKpi
from domain.measurement import Batch
from domain.timespan import Interval
from stores import duckdb_read
from stores.columns import NO_ARRIVAL, Columns, Floats, from_batches
from stores.duckdb_catalog import KEY_COLUMNS, KPI_COUNTS, KPI_RATIOS, Catalog, MonthKey, table_name
from stores.duckdb_sql import archive_source
from stores.steps import StepTracker, counters_of

_RESTORE = timedelta(days=2)
_EPOCH = date(1970, 1, 1)
_DAY_US = 86_400_000_000
_CODE = 1_000_000  # days since 1970 fit below
_KPI_SCHEMA = pa.schema(
    [("plant_id", pa.string()), ("day", pa.date32())]
    + [(name, pa.float64()) for name in KPI_RATIOS]
    + [(name, pa.int32()) for name in KPI_COUNTS]
)


def only_good(columns: Columns, numbers: Mapping[str, int]) -> Floats:
    """Return the values with everything that is not good set to NaN."""
    if columns.quality is None:
        return columns.values
    place = {str(numbers[name]): column for column, name in enumerate(columns.quantities)}
    values = columns.values.copy()
    for row, text in enumerate(columns.quality):
        if text is not None:
            odd = [place[pair.partition(":")[0]] for pair in text.strip(",").split(",")]
            values[row, odd] = np.nan
    return values


def arrow(columns: Columns, marks: NDArray[np.uint32]) -> pa.Table:
    """Return rows as an Arrow table with the columns of a month table."""
    arrived = pa.array(columns.arrived_ms, pa.int64(), mask=columns.arrived_ms == NO_ARRIVAL)
    quality = columns.quality
    arrays = [
        pa.array(columns.device, pa.int32()),
        pa.array(columns.measured_us, pa.timestamp("us")),
        arrived,
        pa.array(columns.origin, pa.uint8()),
        pa.array(columns.layout, pa.int32()),
        pa.array(marks, pa.uint32(), mask=marks == 0),
        pa.nulls(len(columns), pa.string()) if quality is None else pa.array(quality, pa.string()),
    ]
    missing = np.isnan(columns.values)
    any_missing: NDArray[np.bool_] = np.asarray(missing.any(axis=0))
    for place in range(len(columns.quantities)):
        mask = missing[:, place] if any_missing[place] else None
        arrays.append(pa.array(columns.values[:, place] + 0.0, mask=mask))  # + 0.0: no negative zeros
    names = [*(name for name, _ in KEY_COLUMNS), *columns.quantities]
    return pa.Table.from_arrays(arrays, names=names)


def _literal(measured_us: int) -> str:
    return f"make_timestamp({measured_us})"


def _there_sql(catalog: Catalog, key: MonthKey, first_us: int, last_us: int) -> str:
    """Return the keys that are in a month already, of a stretch of time (both ends included)."""
    where = f"measured_at BETWEEN {_literal(first_us)} AND {_literal(last_us)}"
    selects = []
    if key in catalog.working.tables:
        selects.append(f"SELECT device, measured_at FROM {table_name(key)} WHERE {where}")
    archive = catalog.working.archives.get(key)
    if archive is not None:
        selects.append(f"SELECT device, measured_at FROM {archive_source(archive)} WHERE {where}")
    return " UNION ALL ".join(selects)


class Writer:
    """Adds rows to the file behind ``connection``; remembers what it takes to add them quickly."""

    def __init__(self, connection: Any, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog
        self._tracker = self._restored_tracker()
        self._written: list[Columns] = []
        # whoever took days and did not live to finish them: they are dirty again
        connection.execute("UPDATE dirty SET taken = FALSE WHERE taken")
        self._dirty = {
            device * _CODE + (day - _EPOCH).days
            for device, day in connection.execute("SELECT device, day FROM dirty").fetchall()
        }

    def _restored_tracker(self) -> StepTracker:
        tracker = StepTracker()
        newest = duckdb_read.newest_instant(self._connection, self._catalog)
        if newest is not None:
            interval = Interval(newest - _RESTORE, newest + timedelta(microseconds=1))
            for device, measured_us, counters in duckdb_read.newest_counters(
                self._connection, self._catalog, interval
            ):
                tracker.restore(device, measured_us, counters)
        return tracker

    def columns(self, batches: Sequence[Batch]) -> Columns:
        """Return batches of one kind of device as columns, giving numbers to what is new."""
        self.add_devices(batch.device_id for batch in batches)
        for quantities in dict.fromkeys(batch.quantities for batch in batches):
            self._catalog.add_quantities(quantities)
        return from_batches(
            batches,
            self._catalog.device_numbers.__getitem__,
            self._catalog.layout_number,
            self._catalog.quantity_numbers,
        )

    def add_devices(self, device_ids: Iterable[str]) -> None:
        """Give numbers to devices that have none."""
        self._catalog.add_devices(device_ids)
        while self._catalog.new_devices:
            self._tracker.introduce(self._catalog.new_devices.pop())

    def insert(self, kind: str, columns: Columns) -> int:
        """Insert rows of one kind of device; return how many were there already."""
        if len(columns) == 0:
            return 0
        months = columns.months()
        keys = [(kind, int(month)) for month in np.unique(months)]
        for key in keys:
            self._catalog.ensure_table(key, columns.quantities)
        doubtful = self._tracker.doubtful(columns.device, columns.measured_us)
        stretch = None
        crowded: frozenset[int] = frozenset()
        if doubtful.any():
            at = columns.measured_us[doubtful]
            stretch = (int(at.min()), int(at.max()))
            crowded = self._crowded(keys, stretch)
        marks = self._tracker.marks(
            columns.device, columns.measured_us, self._good(columns), self._counters(columns), crowded
        )
        table = arrow(columns, marks)
        inserted = 0
        for key in keys:
            part = table if len(keys) == 1 else table.filter(pa.array(months == key[1]))
            inserted += self._insert_month(key, part, stretch if crowded else None)
        self._mark_days(columns)
        self._written.append(columns)
        return len(columns) - inserted

    def _good(self, columns: Columns) -> Floats:
        return only_good(columns, self._catalog.quantity_numbers)

    def _counters(self, columns: Columns) -> list[tuple[int, int]]:
        return counters_of(columns.quantities, self._catalog.counter_bits)

    def _crowded(self, keys: Sequence[MonthKey], stretch: tuple[int, int]) -> frozenset[int]:
        found: set[int] = set()
        for key in keys:
            there = _there_sql(self._catalog, key, *stretch)
            rows = self._connection.execute(f"SELECT DISTINCT device FROM ({there})").fetchall()
            found.update(row[0] for row in rows)
        return frozenset(found)

    def _insert_month(self, key: MonthKey, rows: pa.Table, stretch: tuple[int, int] | None) -> int:
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        sql = f"INSERT INTO {table_name(key)} ({names}) SELECT * FROM fresh_rows"
        if stretch is not None:
            there = _there_sql(self._catalog, key, *stretch)
            sql += f" ANTI JOIN ({there}) USING (device, measured_at)"
        self._connection.register("fresh_rows", rows)
        try:
            return int(self._connection.execute(sql).fetchone()[0])
        finally:
            self._connection.unregister("fresh_rows")

    def committed(self) -> None:
        """Show readers the new months and remember the newest rows, once they are on the disk."""
        self._catalog.publish()
        for columns in self._written:
            self._tracker.advance(
                columns.device, columns.measured_us, self._good(columns), self._counters(columns)
            )
        self._written.clear()

    # days to compute again

    def _mark_days(self, columns: Columns) -> None:
        codes = columns.device.astype(np.int64) * _CODE + columns.measured_us // _DAY_US
        self._add_dirty(set(np.unique(codes).tolist()))

    def _add_dirty(self, codes: set[int]) -> None:
        fresh = codes - self._dirty
        if not fresh:
            return
        rows = pa.table(
            {
                "device": pa.array([code // _CODE for code in fresh], pa.int32()),
                "day": pa.array([code % _CODE for code in fresh], pa.int32()).cast(pa.date32()),
                "taken": pa.array([False] * len(fresh)),
            }
        )
        self._connection.register("fresh_days", rows)
        try:
            self._connection.execute("INSERT INTO dirty SELECT * FROM fresh_days")
        finally:
            self._connection.unregister("fresh_days")
        self._dirty |= fresh

    def take_dirty(self, count_max: int) -> list[tuple[str, date]]:
        """Return days to compute; they are forgotten when the next ones are taken, so a crash loses none."""
        self._connection.execute("DELETE FROM dirty WHERE taken")
        ids = self._catalog.device_ids
        chosen = sorted(self._dirty, key=lambda code: (code % _CODE, ids[code // _CODE]))[:count_max]
        if chosen:
            self._connection.execute(
                "UPDATE dirty SET taken = TRUE FROM (SELECT unnest(?) AS device, unnest(?) AS number) t "
                "WHERE dirty.device = t.device AND dirty.day = DATE '1970-01-01' + t.number::INTEGER",
                [[code // _CODE for code in chosen], [code % _CODE for code in chosen]],
            )
            self._dirty.difference_update(chosen)
        return [(ids[code // _CODE], _EPOCH + timedelta(days=code % _CODE)) for code in chosen]

    def mark_dirty(self, days: Sequence[tuple[str, date]]) -> None:
        """Put days back; devices without rows have none."""
        numbers = self._catalog.device_numbers
        self._add_dirty(
            {numbers[name] * _CODE + (day - _EPOCH).days for name, day in days if name in numbers}
        )

    # daily KPIs

    def put_daily(self, kpis: Sequence[DailyKpi]) -> None:
        """Replace daily KPIs."""
        newest = {(kpi.plant_id, kpi.day): kpi for kpi in kpis}
        if not newest:
            return
        names = _KPI_SCHEMA.names
        lists = {name: [getattr(kpi, name) for kpi in newest.values()] for name in names}
        rows = pa.table(lists, schema=_KPI_SCHEMA)
        self._connection.register("fresh_kpis", rows)
        try:
            self._connection.execute(
                "DELETE FROM daily_kpi USING fresh_kpis f "
                "WHERE daily_kpi.plant_id = f.plant_id AND daily_kpi.day = f.day"
            )
            self._connection.execute(f"INSERT INTO daily_kpi SELECT {', '.join(names)} FROM fresh_kpis")
        finally:
            self._connection.unregister("fresh_kpis")
