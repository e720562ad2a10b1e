"""Every inverter in scope against the other inverters of its plant, the weakest of the fleet first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.plant import Plant
from queries.plant_days import Ranked, ranking_of
from queries.sources import Sources

DAYS_MAX = 92


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """One inverter with its plant; `Ranked.ratio` None: too few peers, or a day of it is not known."""

    plant: Plant
    unit: Ranked


@guarded
class FleetRanking:
    """Inverters of a reader's plants."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @require(Permission.VIEW_PLANT)
    def units(self, principal: Principal, first: date, last: date) -> Sequence[RankedUnit]:
        """Return the inverters over some days, both included (at most the last `DAYS_MAX`)."""
        registry, store = self._sources.registry, self._sources.days
        if store is None:
            return ()
        since = max(first, date.fromordinal(last.toordinal() - DAYS_MAX + 1))
        found: list[RankedUnit] = []
        for plant in registry.plants:
            if principal.sees_plant(plant, registry):
                own = [each for each in store.day_figures(plant.plant_id, since, last) if each.device_id]
                found += [RankedUnit(plant, each) for each in ranking_of(plant, own)]
        return sorted(found, key=_place)


def _place(one: RankedUnit) -> tuple[bool, float, str]:
    return one.unit.ratio is None, one.unit.ratio or 0.0, one.unit.device.device_id
