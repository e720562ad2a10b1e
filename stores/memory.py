"""Measurements in memory: the plain statement of what a store promises, and the peer tests use."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from domain.clock import Clock
from domain.errors import StoreUnavailableError
from domain.frame import DEVICE, INSTANT, MeasurementFrame
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin, Quality
from domain.plant import DeviceKind
from domain.quantity import Kind, quantity
from domain.timespan import Interval, day_of
from stores import frames
from stores.admission import AHEAD_MAX, checked_table, has_infinity, in_turn, why_rejected
from stores.protocol import Held, StoreStatus, WriteResult

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _good(batch: Batch, name: str) -> float | None:
    value = batch.good(name)
    return None if value is None or np.isnan(value) else value


class MemoryStore:
    """`stores.protocol.MeasurementStore` in dictionaries.

    Parameters
    ----------
    clock : Clock
        Bounds how far in the future a reading may lie.
    devices : mapping, optional
        The devices that may be written; None takes every device.
    """

    def __init__(self, clock: Clock, devices: Mapping[str, DeviceKind] | None = None) -> None:
        self._clock = clock
        self._devices = devices
        self._kinds = dict(devices or {})  # of those that left, too
        self._rows: dict[str, dict[datetime, Batch]] = {}
        self._daily: dict[tuple[str, date], DailyKpi] = {}
        self._dirty: set[tuple[date, str]] = set()
        self._lock = threading.RLock()
        self._marks: dict[str, int] = {}
        self._closed = False

    def register(self, devices: Mapping[str, DeviceKind]) -> None:
        """Take another set of devices that may be written."""
        self._devices = devices
        self._kinds.update(devices)

    def _is_device(self, device_id: str) -> bool:
        return self._devices is None or device_id in self._devices

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailableError("this store was closed")

    def write(self, batches: Sequence[Batch]) -> WriteResult:
        """Keep batches; the first copy stays."""
        self._check_open()
        latest_instant = self._clock.now() + AHEAD_MAX
        rejected: list[tuple[int, str]] = []
        accepted = duplicates = 0
        with self._lock:
            for position, batch in enumerate(batches):
                reason = why_rejected(batch, latest_instant, self._is_device)
                if reason is None and has_infinity(batch.values):
                    reason = f"{batch.device_id}: a value is infinite"
                if reason is not None:
                    rejected.append((position, reason))
                elif self._keep(batch):
                    accepted += 1
                else:
                    duplicates += 1
        return WriteResult(accepted, duplicates, tuple(rejected))

    def _keep(self, batch: Batch) -> bool:
        at = batch.measured_at.astimezone(UTC)
        self._dirty.add((at.date(), batch.device_id))
        rows = self._rows.setdefault(batch.device_id, {})
        if at in rows:
            return False
        rows[at] = batch
        return True

    def write_table(self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin) -> WriteResult:
        """Keep a table, row by row."""
        checked_table(quantities, table)
        names = tuple(quantities)
        batches = [
            Batch(
                str(device_id),
                at.to_pydatetime(),
                names,
                tuple(None if np.isnan(value) else float(value) for value in values),
                origin=origin,
            )
            for device_id, at, values in zip(
                table[DEVICE], table[INSTANT], table[list(names)].to_numpy(dtype=np.float64), strict=True
            )
        ]
        return self.write(batches)

    def write_tables(
        self, tables: Sequence[tuple[Sequence[str], pd.DataFrame]], origin: Origin
    ) -> WriteResult:
        """Keep tables, one after the other."""
        return in_turn(self.write_table, tables, origin)

    def _chosen(
        self, device_ids: Sequence[str], interval: Interval, origins: Sequence[Origin] | None = None
    ) -> Iterator[Batch]:
        self._check_open()
        with self._lock:
            found = [
                batch
                for device_id in sorted(set(device_ids))
                for at, batch in sorted(self._rows.get(device_id, {}).items())
                if at in interval and (origins is None or batch.origin in origins)
            ]
        return iter(found)

    def read(
        self,
        device_ids: Sequence[str],
        quantities: Sequence[str],
        interval: Interval,
        *,
        every: timedelta | None = None,
        origins: Sequence[Origin] | None = None,
    ) -> MeasurementFrame:
        """Return rows of an interval, in buckets when asked."""
        names = tuple(dict.fromkeys(quantities))
        for name in names:
            quantity(name)
        batches = list(self._chosen(device_ids, interval, origins))
        if every is None:
            rows = [(b.device_id, _us(b.measured_at), [b.value(name) for name in names]) for b in batches]
            marks = [[_quality(batch, name) for name in names] for batch in batches]
        else:
            rows = [
                (key[0], key[1], [_aggregate(group, name) for name in names])
                for key, group in _buckets(batches, every).items()
            ]
            marks = []
        return _frame(rows, marks, names)

    def latest(self, device_ids: Sequence[str], not_before: datetime) -> list[Batch]:
        """Return the newest batch of each device."""
        self._check_open()
        with self._lock:
            newest = (
                self._rows[name][max(self._rows[name])]
                for name in dict.fromkeys(device_ids)
                if name in self._rows
            )
            return [batch for batch in newest if batch.measured_at >= not_before]

    def power_curves(
        self, groups: Mapping[str, Sequence[str]], quantity: str, interval: Interval, every: timedelta
    ) -> pd.DataFrame:
        """Return summed power of groups of devices."""
        rows: list[tuple[str, int, float, int]] = []
        for label in sorted(groups):
            sums: dict[int, list[float]] = {}
            batches = list(self._chosen(groups[label], interval))
            for (_, start), group in _buckets(batches, every).items():
                values = [value for batch in group if (value := _good(batch, quantity)) is not None]
                if values:
                    sums.setdefault(start, []).append(sum(values) / len(values))
            rows += [(label, start, sum(means), len(means)) for start, means in sorted(sums.items())]
        return pd.DataFrame(
            {
                "group": pd.Series([row[0] for row in rows], dtype="str"),
                "instant": frames.instants(np.array([row[1] for row in rows], dtype=np.int64)),
                "value": np.array([row[2] for row in rows], dtype=np.float64),
                "devices": np.array([row[3] for row in rows], dtype=np.int64),
            }
        )

    def daily_aggregates(
        self, device_ids: Sequence[str], quantity: str, interval: Interval, zone: str
    ) -> pd.DataFrame:
        """Return what a counter did per device and local day."""
        days: dict[tuple[str, date], list[tuple[int, float]]] = {}
        for batch in self._chosen(device_ids, interval):
            value = _good(batch, quantity)
            if value is not None:
                key = (batch.device_id, day_of(batch.measured_at, zone))
                days.setdefault(key, []).append((_us(batch.measured_at), value))
        series = [(key, np.array(rows)) for key, rows in sorted(days.items())]
        values = [rows[:, 1] for _, rows in series]
        return frames.daily_frame(
            [key[0] for key, _ in series],
            np.array([key[1] for key, _ in series], dtype="datetime64[D]"),
            {
                "first": np.array([value[0] for value in values]),
                "last": np.array([value[-1] for value in values]),
                "low": np.array([value.min() for value in values]),
                "high": np.array([value.max() for value in values]),
            },
            np.array([days[key][0][0] for key, _ in series], dtype=np.int64),
            np.array([days[key][-1][0] for key, _ in series], dtype=np.int64),
            {
                "readings": np.array([len(value) for value in values], dtype=np.int64),
                "steps_back": np.array([(np.diff(value) < 0).sum() for value in values], dtype=np.int64),
            },
        )

    def quantities(self, device_ids: Sequence[str]) -> tuple[str, ...]:
        """Return every quantity these devices ever had."""
        with self._lock:
            rows = [batch for name in device_ids for batch in self._rows.get(name, {}).values()]
        return tuple(dict.fromkeys(name for batch in rows for name in batch.quantities))

    def held(self) -> Held:
        """Return the devices and plants of which it ever kept something."""
        with self._lock:
            devices = {name: self._kinds.get(name, DeviceKind.INVERTER) for name in self._rows}
            return Held(devices, frozenset(plant_id for plant_id, _ in self._daily))

    def put_daily(self, kpis: Sequence[DailyKpi]) -> None:
        """Keep daily KPIs, replacing those of the same plant and day."""
        self._check_open()
        with self._lock:
            self._daily.update({(kpi.plant_id, kpi.day): kpi for kpi in kpis})

    def daily(self, plant_ids: Sequence[str], first: date, last: date) -> list[DailyKpi]:
        """Return kept daily KPIs."""
        wanted = set(plant_ids)
        with self._lock:
            kept = sorted(self._daily.items())
        return [kpi for (plant_id, day), kpi in kept if plant_id in wanted and first <= day <= last]

    def take_dirty_days(self, count_max: int = 1000) -> list[tuple[str, date]]:
        """Return days that got data since they were last taken, oldest first."""
        self._check_open()
        with self._lock:
            taken = sorted(self._dirty)[:count_max]
            self._dirty.difference_update(taken)
        return [(device_id, day) for day, device_id in taken]

    def mark_dirty(self, days: Sequence[tuple[str, date]]) -> None:
        """Put days back."""
        self._check_open()
        with self._lock:
            self._dirty.update((day, device_id) for device_id, day in days if device_id in self._rows)

    def put_mark(self, queue: str, number: int) -> None:
        """Keep how far a queue got."""
        with self._lock:
            self._marks[queue] = number

    def mark(self, queue: str) -> int:
        """Return how far a queue got, 0 where nothing was kept."""
        with self._lock:
            return self._marks.get(queue, 0)

    def status(self) -> StoreStatus:
        """Return age and size."""
        with self._lock:
            instants = [at for rows in self._rows.values() for at in rows]
        return StoreStatus(
            "memory", len(instants), 0, min(instants, default=None), max(instants, default=None)
        )

    def close(self) -> None:
        """Writing and reading afterwards are errors."""
        self._closed = True


def _quality(batch: Batch, name: str) -> int:
    if batch.qualities is None or name not in batch.quantities:
        return int(Quality.GOOD)
    return int(batch.qualities[batch.quantities.index(name)])


def _buckets(batches: Sequence[Batch], every: timedelta) -> dict[tuple[str, int], list[Batch]]:
    width = every // _MICROSECOND
    if width <= 0:
        raise ValueError(f"a bucket of {every} has no width")
    groups: dict[tuple[str, int], list[Batch]] = {}
    for batch in batches:
        start = _us(batch.measured_at) // width * width
        groups.setdefault((batch.device_id, start), []).append(batch)
    return groups


def _aggregate(group: Sequence[Batch], name: str) -> float | None:
    values = [value for batch in group if (value := _good(batch, name)) is not None]
    if not values:
        return None
    return sum(values) / len(values) if quantity(name).kind is Kind.GAUGE else values[-1]


def _frame(
    rows: Sequence[tuple[str, int, list[float | None]]], marks: Sequence[list[int]], names: Sequence[str]
) -> MeasurementFrame:
    ids = sorted({row[0] for row in rows})
    number = {device_id: place for place, device_id in enumerate(ids)}
    values = np.array([row[2] for row in rows], dtype=np.float64).reshape(len(rows), len(names))
    odd: Any = np.array(marks, dtype=np.uint8).reshape(len(marks), len(names))
    return frames.frame(
        np.array([number[row[0]] for row in rows], dtype=np.int32),
        np.array([row[1] for row in rows], dtype=np.int64),
        names,
        {name: values[:, place] for place, name in enumerate(names)},
        dict(enumerate(ids)),
        {name: odd[:, place] for place, name in enumerate(names)} if odd.any() else None,
    )
