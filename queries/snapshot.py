"""The picture of the district every page is drawn from: taken about every ten seconds, once for everybody.

A page never waits for a store: it gets the newest picture, and an old one starts the next in a thread.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.clock import SystemClock
from domain.errors import PvmonError
from domain.plant import Connection, DeviceKind, Plant
from domain.sun import sun_position
from queries.day import DayPart, take_day, without_last
from queries.devices import Conditions, DeviceNow, device_now
from queries.sources import Sources
from queries.states import DataState, OperationState, Reason, data_state, plant_operation

Floats = NDArray[np.float64]
DAYLIGHT_DEG = 3.0  # below this the inverters may sleep
LIVE_S = 10.0
DAY_S = 60.0
ABANDONED_S = 120.0  # nobody looked for so long: the next look waits for a new picture


@dataclass(frozen=True, slots=True)
class PlantNow:
    """A plant at the moment of a snapshot.

    ``power_kw`` is the sum of its inverters' last values; it is the power of now only while ``data`` is
    fresh (``current_kw``). ``normalised`` is current power over AC capacity. Energies are of today.
    """

    plant: Plant
    data: DataState
    operation: OperationState
    daylight: bool
    measured_at: datetime | None
    oldest_used: datetime | None
    power_kw: float | None
    current_kw: float | None
    normalised: float | None
    energy_kwh: float | None
    exported_kwh: float | None
    equivalent_hours_h: float | None
    devices: tuple[DeviceNow, ...]
    reporting: int
    faults: int
    missing: Reason


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every plant, in the registry's order, with the day's curves (rows in the same order).

    ``failed_at`` is set when the newest attempt to read the store failed and the curves are older.
    """

    taken_at: datetime
    plants: tuple[PlantNow, ...]
    day: DayPart
    ac_capacity_kw: Floats
    rows: Mapping[str, int]
    failed_at: datetime | None = None
    failure: str = field(default="")

    def plant(self, plant_id: str) -> PlantNow:
        """Return one plant."""
        return self.plants[self.rows[plant_id]]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _sum_now(devices: tuple[DeviceNow, ...]) -> tuple[float | None, float | None]:
    """Return the last known and the current power of the inverters. [kW]"""
    last = [d.power_kw for d in devices if d.power_kw is not None]
    current = [d.current_kw for d in devices if d.current_kw is not None]
    return (sum(last) if last else None), (sum(current) if current else None)


def _why_missing(data: DataState, current_kw: float | None, *, daylight: bool) -> Reason:
    by_data = {
        DataState.LATE: Reason.LATE,
        DataState.INTERRUPTED: Reason.INTERRUPTED,
        DataState.NEVER: Reason.NEVER,
        DataState.MANUAL: Reason.MANUAL,
        DataState.FILE: Reason.FILE,
    }
    if data in by_data:
        return by_data[data]
    if current_kw is None:
        return Reason.PARTIAL if daylight else Reason.NIGHT
    return Reason.NONE


def plant_now(
    plant: Plant, sources: Sources, day: DayPart, row: int, conditions: Conditions, *, daylight: bool
) -> PlantNow:
    """Return ``plant`` from the last values of its devices and the day's energies."""
    now = sources.clock.now()
    inverters = plant.devices_of(DeviceKind.INVERTER)
    batches = {b.device_id: b for b in sources.latest.many([d.device_id for d in plant.devices])}
    devices = tuple(
        device_now(
            d, batches.get(d.device_id), now, plant.poll_period_s, daylight=daylight, conditions=conditions
        )
        for d in inverters
    )
    newest = max((b.measured_at for b in batches.values()), default=None)
    if plant.connection is not Connection.LIVE:
        newest = day.newest.get(plant.plant_id, newest)
    data = data_state(plant.connection, newest, now, plant.poll_period_s, daylight=daylight)
    power_kw, current_kw = _sum_now(devices)
    if data is not DataState.FRESH:
        current_kw = None
    fresh = [d for d in devices if d.data is DataState.FRESH]
    reports = data in {DataState.FRESH, DataState.LATE}
    operation = plant_operation([d.operation for d in fresh], current_kw, daylight=daylight)
    energy, exported = _known(day.energy_kwh[row]), _known(day.exported_kwh[row])
    return PlantNow(
        plant=plant,
        data=data,
        operation=operation if reports else OperationState.UNKNOWN,
        daylight=daylight,
        measured_at=newest,
        oldest_used=min((d.measured_at for d in fresh if d.measured_at), default=None),
        power_kw=power_kw,
        current_kw=current_kw,
        normalised=None if current_kw is None else current_kw / plant.ac_capacity_kw,
        energy_kwh=energy,
        exported_kwh=exported,
        equivalent_hours_h=None if energy is None else energy / plant.ac_capacity_kw,
        devices=devices,
        reporting=len(fresh),
        faults=sum(d.operation is OperationState.FAULT for d in fresh),
        missing=_why_missing(data, current_kw, daylight=daylight),
    )


def take(sources: Sources, day: DayPart, conditions: Conditions) -> Snapshot:
    """Take a picture from the last values and an already read day."""
    plants = sources.registry.plants
    now = sources.clock.now()
    elevation, _ = sun_position(now.timestamp(), [p.latitude for p in plants], [p.longitude for p in plants])
    settle_s = 2 * max((plant.poll_period_s for plant in plants), default=60.0)
    return Snapshot(
        taken_at=now,
        plants=tuple(
            plant_now(plant, sources, day, row, conditions, daylight=bool(elevation[row] > DAYLIGHT_DEG))
            for row, plant in enumerate(plants)
        ),
        day=without_last(day, now, min(settle_s, 300.0)),
        ac_capacity_kw=np.array([plant.ac_capacity_kw for plant in plants]),
        rows={plant.plant_id: row for row, plant in enumerate(plants)},
    )


class SnapshotKeeper:
    """Hands out the newest picture and renews it in a thread, only while somebody looks.

    Ages are of the machine's clock, also where field time runs faster.
    """

    def __init__(self, sources: Sources, *, live_s: float = LIVE_S, day_s: float = DAY_S) -> None:
        self._sources = sources
        self._live_s, self._day_s = live_s, day_s
        self._pace = SystemClock()
        self._conditions = Conditions()  # used by whoever holds _under_way
        self._lock = threading.Lock()  # guards the four below
        self._snapshot: Snapshot | None = None
        self._taken_s = -1e9
        self._day: DayPart | None = None
        self._day_taken_s = -1e9
        self._under_way = threading.Lock()

    def get(self) -> Snapshot:
        """Return the newest picture; waits only where there is none that anybody looked at lately.

        Raises
        ------
        PvmonError
            There is no picture yet and the store does not answer.
        """
        with self._lock:
            snapshot, age_s = self._snapshot, self._pace.monotonic() - self._taken_s
        if snapshot is None or age_s > ABANDONED_S:
            return self.renew()
        if age_s > self._live_s and self._under_way.acquire(blocking=False):
            threading.Thread(target=self._renew_aside, name="snapshot", daemon=True).start()
        return snapshot

    def renew(self) -> Snapshot:
        """Take a new picture now, or wait for the one under way."""
        asked_s = self._pace.monotonic()
        with self._under_way:
            with self._lock:
                if self._snapshot is not None and self._taken_s >= asked_s:
                    return self._snapshot
            return self._renew()

    def _renew_aside(self) -> None:
        try:
            self._renew()
        except PvmonError:
            return  # told by failed_at; there was a picture before, or the next look raises
        finally:
            self._under_way.release()

    def _renew(self) -> Snapshot:
        started_s = self._pace.monotonic()
        failure: PvmonError | None = None
        day = self._day
        if day is None or started_s - self._day_taken_s > self._day_s:
            try:
                day = take_day(self._sources, self._day)
            except PvmonError as error:
                if day is None:
                    raise
                failure = error
            else:
                with self._lock:
                    self._day, self._day_taken_s = day, started_s
        snapshot = take(self._sources, day, self._conditions)
        if failure is not None:
            snapshot = Snapshot(
                snapshot.taken_at,
                snapshot.plants,
                snapshot.day,
                snapshot.ac_capacity_kw,
                snapshot.rows,
                day.taken_at,
                str(failure),
            )
        with self._lock:
            self._snapshot, self._taken_s = snapshot, self._pace.monotonic()
        return snapshot
