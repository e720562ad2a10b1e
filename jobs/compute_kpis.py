"""Daily KPIs of every day that got new data: read the store, think, write the store.

The store remembers which (device, UTC day) got rows. Each touches one or two local days of its plant, and
through the step between two days also the days beside it. Doing it again changes nothing; when it fails,
the days go back and are taken again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.clock import Clock
from domain.energy import CounterEnergy
from domain.frame import DEVICE, INSTANT
from domain.kpi import DailyKpi
from domain.plant import Connection, Device, DeviceKind, Plant, Registry
from domain.records import JobState
from domain.timespan import Interval, day_of, days_between, local_day
from kpis.daily import daily_kpi, plant_energy
from kpis.energy import (
    GAP_DAYS_MAX,
    CounterLimits,
    DayEnergy,
    Place,
    daily_energy,
    energy_from_counter,
    neighbours,
    odd_days,
)
from kpis.masks import daylight_buckets
from stores.protocol import JobStore, MeasurementStore

INVERTER_COUNTER = "ac_energy_total_wh"
METER_COUNTER = "meter_energy_forward_wh"
_METER_TICK_WH = 10.0  # secondary side: two decimals of a kilowatt-hour
_SLOT = timedelta(minutes=15)
_RUN_APART = timedelta(days=3)
_TAKE = 50_000
_COUNTING = frozenset({DeviceKind.INVERTER, DeviceKind.REVENUE_METER})
JOB = "compute_kpis"
_BESIDE = 2  # days with readings


@dataclass(frozen=True, slots=True)
class Computed:
    """What a run did."""

    plant_days: int = 0
    device_days: int = 0
    unknown_devices: int = 0
    days: tuple[date, ...] = ()

    def __str__(self) -> str:
        return str(self.plant_days)


@dataclass(slots=True)
class _Work:
    """Days to compute again: per device, and the plants they belong to."""

    touched: dict[str, set[date]] = field(default_factory=dict)
    unknown: int = 0


def compute(store: MeasurementStore, registry: Registry, clock: Clock, count_max: int = _TAKE) -> Computed:
    """Compute the daily KPIs of up to ``count_max`` device days that got data; return what was done."""
    taken = store.take_dirty_days(count_max)
    try:
        work = _touched(taken, registry)
        done: list[DailyKpi] = []
        for run in _runs(work.touched):
            done += _compute_run(store, registry, clock.now(), run)
        store.put_daily(done)
    except BaseException:
        store.mark_dirty(taken)
        raise
    days = tuple(sorted({kpi.day for kpi in done}))
    return Computed(len(done), len(taken), work.unknown, days)


def finish_days(store: MeasurementStore, registry: Registry, runs: JobStore, now: datetime) -> None:
    """Mark the days that ended since the last run: a plant that fell silent keeps no completeness of that moment."""
    done = (run.started_at for run in runs.job_runs(JOB) if run.state is JobState.DONE)
    last = next((at for at in done if at <= now), None)
    if last is None:
        return
    last = max(last, now - timedelta(days=GAP_DAYS_MAX))
    first_day = day_of(last) - timedelta(days=1)
    told = {
        (kpi.plant_id, kpi.day) for kpi in store.daily(list(registry.plants_by_id), first_day, day_of(now))
    }
    marks = []
    for device in registry.devices_by_id.values():
        if device.kind in _COUNTING:
            zone = registry.plants_by_id[device.plant_id].time_zone
            for day in days_between(day_of(last, zone), day_of(now, zone) - timedelta(days=1)):
                if (device.plant_id, day) in told:
                    noon = local_day(day, zone).start + timedelta(hours=12)
                    marks.append((device.device_id, noon.astimezone(UTC).date()))
    if marks:
        store.mark_dirty(marks)


def _touched(taken: Iterable[tuple[str, date]], registry: Registry) -> _Work:
    """Turn UTC days of devices into local days; a device that left the registry has no plant to count for."""
    work = _Work()
    for device_id, utc_day in taken:
        device = registry.devices_by_id.get(device_id)
        if device is None:
            work.unknown += 1
            continue
        if device.kind not in _COUNTING:
            continue
        zone = registry.plants_by_id[device.plant_id].time_zone
        start = datetime.combine(utc_day, time(), UTC)
        last = start + timedelta(days=1) - timedelta(microseconds=1)
        work.touched.setdefault(device_id, set()).update({day_of(start, zone), day_of(last, zone)})
    return work


def _runs(touched: Mapping[str, set[date]]) -> list[dict[str, set[date]]]:
    """Cut the days into runs that lie close together, so that a late day does not read months."""
    days = sorted({day for days in touched.values() for day in days})
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day - runs[-1][1] <= _RUN_APART:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    cut = []
    for first, last in runs:
        inside = {name: {day for day in own if first <= day <= last} for name, own in touched.items()}
        cut.append({name: own for name, own in inside.items() if own})
    return cut


def _epoch_us(instants: pd.Series) -> NDArray[np.int64]:
    """Return instants as microseconds of the Unix epoch. [us]"""
    naive = instants.dt.tz_localize(None).to_numpy()
    return np.asarray(naive.astype("datetime64[us]").astype(np.int64))


def _limits(device: Device, plant: Plant) -> CounterLimits:
    if device.kind is DeviceKind.REVENUE_METER:
        tick = max(_METER_TICK_WH * device.ct_ratio * device.pt_ratio, _METER_TICK_WH)
        inverters = sum(inverter.rated_power_kw for inverter in plant.devices_of(DeviceKind.INVERTER))
        return CounterLimits(max(inverters, plant.ac_capacity_kw, plant.dc_capacity_kw) * 1000.0, tick)
    rated_kw = max(device.rated_power_kw, device.dc_capacity_kw) or plant.ac_capacity_kw
    return CounterLimits(rated_kw * 1000.0)


def _compute_run(
    store: MeasurementStore, registry: Registry, now: datetime, touched: Mapping[str, set[date]]
) -> list[DailyKpi]:
    plants = {registry.devices_by_id[name].plant_id for name in touched}
    done: list[DailyKpi] = []
    for zone in sorted({registry.plants_by_id[plant_id].time_zone for plant_id in plants}):
        chosen = [
            registry.plants_by_id[plant_id]
            for plant_id in sorted(plants)
            if registry.plants_by_id[plant_id].time_zone == zone
        ]
        done += _Run(store, chosen, zone, now, touched).kpis()
    return done


class _Run:
    """One stretch of days of plants in one time zone."""

    def __init__(
        self,
        store: MeasurementStore,
        plants: Sequence[Plant],
        zone: str,
        now: datetime,
        touched: Mapping[str, set[date]],
    ) -> None:
        self._store = store
        self._plants = plants
        self._zone = zone
        self._now = now
        self._plant_of = {device.device_id: plant for plant in plants for device in plant.devices}
        self._touched = {name: set(days) for name, days in touched.items() if name in self._plant_of}
        self._limits = {
            device.device_id: _limits(device, plant) for plant in plants for device in plant.devices
        }
        self._places = {
            name: Place(plant.latitude, plant.longitude, zone) for name, plant in self._plant_of.items()
        }

    def kpis(self) -> list[DailyKpi]:
        """Return the KPIs of every plant and day that depends on the touched days."""
        energies: dict[tuple[str, date], DayEnergy] = {}
        wanted: dict[str, set[date]] = {plant.plant_id: set() for plant in self._plants}
        for kind, counter in (
            (DeviceKind.INVERTER, INVERTER_COUNTER),
            (DeviceKind.REVENUE_METER, METER_COUNTER),
        ):
            ids = [device.device_id for plant in self._plants for device in plant.devices_of(kind)]
            aggregates = self._aggregates(ids, counter)
            for name, days in neighbours(aggregates, self._touched).items():
                wanted[self._plant_of[name].plant_id] |= days
            odd = self._odd(aggregates, counter)
            energies |= daily_energy(aggregates, self._limits, self._places, odd)
        today = day_of(self._now, self._zone)
        wanted = {name: {day for day in days if day <= today} for name, days in wanted.items()}
        said = {(self._plant_of[name].plant_id, day) for name, day in energies}
        wanted = {name: {day for day in days if (name, day) in said} for name, days in wanted.items()}
        completeness = self._completeness(wanted)
        return [
            self._kpi(plant, day, energies, completeness)
            for plant in self._plants
            for day in sorted(wanted[plant.plant_id])
        ]

    def _span(self) -> tuple[date, date]:
        days = [day for own in self._touched.values() for day in own]
        return min(days), max(days)

    def _aggregates(self, ids: Sequence[str], counter: str) -> pd.DataFrame:
        """Return the aggregates of the run and of two days that have some on either side of it.

        The touched days decide the day beside them too, and that day needs the one beyond; where a device was
        silent they are looked for further away.
        """
        first, last = self._span()
        before, after = first - timedelta(days=_BESIDE), last + timedelta(days=_BESIDE)
        near = self._read_days(ids, counter, before, after)
        far = [near]
        early, late = near.loc[near["day"] < first, DEVICE], near.loc[near["day"] > last, DEVICE]
        silent_before = self._silent(ids, early)
        if silent_before:
            start = first - timedelta(days=_BESIDE * GAP_DAYS_MAX)
            far.insert(0, self._read_days(silent_before, counter, start, before - timedelta(days=1)))
        silent_after = self._silent(ids, late)
        if silent_after and after < day_of(self._now, self._zone):
            end = last + timedelta(days=_BESIDE * GAP_DAYS_MAX)
            far.append(self._read_days(silent_after, counter, after + timedelta(days=1), end))
        filled = [table for table in far if len(table)]
        if not filled:
            return near
        return pd.concat(filled, ignore_index=True).sort_values([DEVICE, "day"], ignore_index=True)

    def _silent(self, ids: Sequence[str], said: "pd.Series[str]") -> list[str]:
        """Return the touched devices that have too few days beside the run."""
        counts = said.value_counts().to_dict()
        return [name for name in ids if name in self._touched and counts.get(name, 0) < _BESIDE]

    def _read_days(self, ids: Sequence[str], counter: str, first: date, last: date) -> pd.DataFrame:
        interval = Interval(local_day(first, self._zone).start, local_day(last, self._zone).end)
        return self._store.daily_aggregates(ids, counter, interval, self._zone)

    def _odd(self, aggregates: pd.DataFrame, counter: str) -> dict[tuple[str, date], CounterEnergy]:
        """Return what the readings tell about days that first and last cannot."""
        found: dict[tuple[str, date], CounterEnergy] = {}
        odd = aggregates[odd_days(aggregates, self._limits)]
        for day in sorted(set(odd["day"])):
            ids = [str(name) for name in odd.loc[odd["day"] == day, DEVICE]]
            table = self._store.read(ids, [counter], local_day(day, self._zone)).good()
            for name, readings in table.groupby(DEVICE):
                limits = self._limits[str(name)]
                found[str(name), day] = energy_from_counter(
                    _epoch_us(readings[INSTANT]) / 1e6,
                    readings[counter].to_numpy(dtype=np.float64),
                    limits.power_max_w,
                    resolution_wh=limits.resolution_wh,
                )
        return found

    def _completeness(self, wanted: Mapping[str, set[date]]) -> dict[tuple[str, date], float]:
        """Return the share of (inverter, quarter hour of daylight) with a good reading, by plant and day."""
        days = sorted({day for own in wanted.values() for day in own})
        if not days:
            return {}
        groups = {
            plant.plant_id: [device.device_id for device in plant.devices_of(DeviceKind.INVERTER)]
            for plant in self._plants
            if plant.connection is Connection.LIVE and plant.devices_of(DeviceKind.INVERTER)
        }
        interval = Interval(local_day(days[0], self._zone).start, local_day(days[-1], self._zone).end)
        table = self._store.power_curves(groups, INVERTER_COUNTER, interval, _SLOT)
        slots = _epoch_us(table["instant"]) // 1_000_000
        counts = {
            str(name): dict(zip(slots[rows], table["devices"].to_numpy()[rows], strict=True))
            for name, rows in table.groupby("group").indices.items()
        }
        found = {}
        for plant in self._plants:
            for day in wanted[plant.plant_id] if plant.plant_id in groups else ():
                share = self._share(plant, day, counts.get(plant.plant_id, {}))
                if share is not None:
                    found[plant.plant_id, day] = share
        return found

    def _share(self, plant: Plant, day: date, counts: Mapping[int, int]) -> float | None:
        expected = len(_in_service(plant, DeviceKind.INVERTER, day))
        span = local_day(day, self._zone)
        slots = daylight_buckets(
            span, _SLOT.total_seconds(), plant.latitude, plant.longitude, until=self._now
        )
        if expected == 0 or len(slots) == 0:
            return None
        seen = sum(min(int(counts.get(int(slot), 0)), expected) for slot in slots)
        return seen / (expected * len(slots))

    def _kpi(
        self,
        plant: Plant,
        day: date,
        energies: Mapping[tuple[str, date], DayEnergy],
        completeness: Mapping[tuple[str, date], float],
    ) -> DailyKpi:
        energy = plant_energy(
            plant.plant_id,
            day,
            _in_service(plant, DeviceKind.INVERTER, day),
            _in_service(plant, DeviceKind.REVENUE_METER, day),
            energies,
            completeness.get((plant.plant_id, day)),
        )
        return daily_kpi(energy, plant.capacity_on(day))


def _in_service(plant: Plant, kind: DeviceKind, day: date) -> list[str]:
    """Return the devices of a kind that were in service on a day."""
    return [
        device.device_id
        for device in plant.devices_of(kind)
        if (device.in_service_from is None or device.in_service_from <= day)
        and (device.in_service_to is None or day < device.in_service_to)
    ]
