"""Rows of the plants table."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.plant import Town
from queries.ranking import finding, peer_median
from queries.snapshot import PlantNow, SnapshotKeeper
from queries.sources import Sources
from queries.states import DataState, Reason


class PlantFilter(Enum):
    """The chips above the table."""

    ALL = "all"
    ABNORMAL = "abnormal"
    INTERRUPTED = "interrupted"
    MANUAL = "manual"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class PlantRow:
    """One row. ``against_town`` is normalised power over the median of its town, minus one."""

    now: PlantNow
    town: Town
    reason: Reason | None
    against_town: float | None

    def belongs(self, chip: PlantFilter) -> bool:
        """Tell whether the row stays under ``chip``."""
        if chip is PlantFilter.ABNORMAL:
            return self.reason is not None and self.now.data is DataState.FRESH
        if chip is PlantFilter.INTERRUPTED:
            return self.now.data in {DataState.INTERRUPTED, DataState.NEVER, DataState.LATE}
        if chip is PlantFilter.MANUAL:
            return self.now.data is DataState.MANUAL
        return chip is not PlantFilter.FILE or self.now.data is DataState.FILE


@dataclass(frozen=True, slots=True)
class PlantTable:
    """All rows in scope, and the sums of the foot row. [kW], [kWh], hours weighted by capacity."""

    rows: tuple[PlantRow, ...]
    capacity_kw: float
    power_kw: float | None
    energy_kwh: float | None
    equivalent_hours_h: float | None


@guarded
class Plants:
    """Queries of the plants page."""

    def __init__(self, sources: Sources, keeper: SnapshotKeeper) -> None:
        self._sources = sources
        self._keeper = keeper

    @require(Permission.VIEW_PLANT)
    def table(self, principal: Principal) -> PlantTable:
        """Return the plants ``principal`` may see, in the registry's order."""
        registry = self._sources.registry
        seen = [p for p in self._keeper.get().plants if principal.sees_plant(p.plant, registry)]
        median = peer_median(seen)
        by_town: dict[str, list[float]] = {}
        for now in seen:
            if now.normalised is not None:
                by_town.setdefault(now.plant.town_id, []).append(now.normalised)
        rows = []
        for now in seen:
            found = finding(now, median)
            rows.append(
                PlantRow(
                    now,
                    registry.towns_by_id[now.plant.town_id],
                    None if found is None else found.reason,
                    _against(now.normalised, by_town.get(now.plant.town_id, [])),
                )
            )
        powers = [p.current_kw for p in seen if p.current_kw is not None]
        known = [p for p in seen if p.energy_kwh is not None]
        energy = sum(p.energy_kwh or 0.0 for p in known) if known else None
        weight_kw = sum(p.plant.ac_capacity_kw for p in known)
        return PlantTable(
            tuple(rows),
            sum(p.plant.ac_capacity_kw for p in seen),
            sum(powers) if powers else None,
            energy,
            energy / weight_kw if energy is not None and weight_kw else None,
        )


def _against(value: float | None, town: list[float]) -> float | None:
    if value is None or len(town) < 2:
        return None
    median = float(np.median(town))
    return value / median - 1.0 if median > 0.02 else None
