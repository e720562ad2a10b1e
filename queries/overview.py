"""What the overview page shows: the whole programme now, today, and where something is wrong."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.plant import Connection, Town
from domain.sun import sunrise_sunset
from domain.timespan import local_day
from queries.day import STEP
from queries.ranking import Finding, findings
from queries.snapshot import PlantNow, Snapshot, SnapshotKeeper
from queries.sources import Sources
from queries.states import DataState

Floats = NDArray[np.float64]
WORST = 5


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Power over AC capacity, plants x buckets of today, in the order shown (town, then the larger gap)."""

    plants: tuple[PlantNow, ...]
    towns: tuple[Town, ...]
    values: Floats
    start: datetime
    step_s: float
    sunrise: datetime
    sunset: datetime


@dataclass(frozen=True, slots=True)
class ProgrammeCurve:
    """Power of all plants in scope; NaN before the first and after the last data. [kW]"""

    start: datetime
    step_s: float
    today_kw: Floats
    yesterday_kw: Floats
    plants_reporting: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OverviewView:
    """Everything on the overview page.

    ``power_kw`` sums the plants whose values are fresh (``reporting`` of ``live``); ``oldest_used`` is the
    oldest value in that sum. ``energy_kwh`` rests on ``energy_plants`` plants.
    """

    taken_at: datetime
    plants: tuple[PlantNow, ...]
    reporting: int
    live: int
    manual: int
    file: int
    power_kw: float | None
    capacity_kw: float
    reporting_capacity_kw: float
    oldest_used: datetime | None
    energy_kwh: float | None
    energy_plants: int
    data_states: Mapping[DataState, int]
    daylight: bool
    heat_map: HeatMap
    curve: ProgrammeCurve
    worst: tuple[Finding, ...]
    findings: int
    failed_at: datetime | None


def nan_sum(values: Floats) -> Floats:
    """Sum over plants; NaN where none has a value."""
    known = np.isfinite(values)
    total: Floats = np.where(known, values, 0.0).sum(axis=0)
    total[~known.any(axis=0)] = np.nan
    return total


@guarded
class Overview:
    """Queries of the overview page."""

    def __init__(self, sources: Sources, keeper: SnapshotKeeper) -> None:
        self._sources = sources
        self._keeper = keeper

    @require(Permission.VIEW_OVERVIEW)
    def view(self, principal: Principal) -> OverviewView:
        """Return the overview of the plants ``principal`` may see."""
        snapshot = self._keeper.get()
        registry = self._sources.registry
        rows = [row for row, now in enumerate(snapshot.plants) if principal.sees_plant(now.plant, registry)]
        plants = tuple(snapshot.plants[row] for row in rows)
        fresh = [p for p in plants if p.current_kw is not None]
        found = findings(plants)
        energies = [p.energy_kwh for p in plants if p.energy_kwh is not None]
        links = Counter(p.plant.connection for p in plants)
        return OverviewView(
            taken_at=snapshot.taken_at,
            plants=plants,
            reporting=sum(p.data is DataState.FRESH for p in plants),
            live=links[Connection.LIVE],
            manual=links[Connection.MANUAL],
            file=links[Connection.FILE],
            power_kw=sum(p.current_kw or 0.0 for p in fresh) if fresh else None,
            capacity_kw=sum(p.plant.ac_capacity_kw for p in plants),
            reporting_capacity_kw=sum(p.plant.ac_capacity_kw for p in fresh),
            oldest_used=min((p.oldest_used for p in fresh if p.oldest_used), default=None),
            energy_kwh=sum(energies) if energies else None,
            energy_plants=len(energies),
            data_states=Counter(p.data for p in plants),
            daylight=any(p.daylight for p in plants),
            heat_map=self._heat_map(snapshot, rows),
            curve=_curve(snapshot, rows),
            worst=tuple(found[:WORST]),
            findings=len(found),
            failed_at=snapshot.failed_at,
        )

    def _heat_map(self, snapshot: Snapshot, rows: list[int]) -> HeatMap:
        towns = {town.town_id: town for town in self._sources.registry.towns}
        position = {town_id: index for index, town_id in enumerate(towns)}
        live = [row for row in rows if snapshot.plants[row].plant.connection is Connection.LIVE]
        values = snapshot.day.today_kw[live] / snapshot.ac_capacity_kw[live, None]
        mean = np.where(np.isfinite(values), values, 0.0).sum(axis=1)
        order = sorted(
            range(len(live)),
            key=lambda i: (position.get(snapshot.plants[live[i]].plant.town_id, 99), mean[i]),
        )
        shown = tuple(snapshot.plants[live[i]] for i in order)
        return HeatMap(
            shown,
            tuple(towns[now.plant.town_id] for now in shown),
            values[order],
            snapshot.day.start,
            STEP.total_seconds(),
            *_daylight(snapshot),
        )


def _daylight(snapshot: Snapshot) -> tuple[datetime, datetime]:
    """Return sunrise and sunset in the middle of the district."""
    latitude = float(np.mean([now.plant.latitude for now in snapshot.plants])) if snapshot.plants else 34.0
    longitude = float(np.mean([now.plant.longitude for now in snapshot.plants])) if snapshot.plants else 110.0
    whole = local_day(snapshot.day.day)
    return sunrise_sunset(snapshot.day.day, latitude, longitude) or (whole.start, whole.end)


def _curve(snapshot: Snapshot, rows: list[int]) -> ProgrammeCurve:
    today = snapshot.day.today_kw[rows]
    return ProgrammeCurve(
        snapshot.day.start,
        STEP.total_seconds(),
        nan_sum(today),
        nan_sum(snapshot.day.yesterday_kw[rows]),
        np.isfinite(today).sum(axis=0),
    )
