"""What the data page shows: how old the data of each plant are, how big the store is, which jobs ran."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.errors import PvmonError
from domain.plant import Town
from domain.records import JobRun
from queries.links import LinkRow, links_of
from queries.snapshot import PlantNow, SnapshotKeeper
from queries.sources import Sources
from queries.states import DataState
from stores.protocol import StoreStatus

JOBS = 40


@dataclass(frozen=True, slots=True)
class PlantAge:
    """How current one plant is."""

    now: PlantNow
    town: Town
    reporting: int
    expected: int


@dataclass(frozen=True, slots=True)
class DataView:
    """Everything on the data page. ``store`` is None when the store does not answer (``failure`` says why)."""

    taken_at: datetime
    plants: tuple[PlantAge, ...]
    store: StoreStatus | None
    failure: str
    figures: Mapping[str, str]
    jobs: tuple[JobRun, ...]
    links: tuple[LinkRow, ...] = ()


_ORDER = (
    DataState.INTERRUPTED,
    DataState.NEVER,
    DataState.LATE,
    DataState.FRESH,
    DataState.MANUAL,
    DataState.FILE,
)
_EVER = datetime.min.replace(tzinfo=UTC)


def _urgency(one: PlantAge) -> tuple[int, datetime]:
    """Broken links first, and among equals the oldest data."""
    return _ORDER.index(one.now.data), one.now.measured_at or _EVER


@guarded
class DataAge:
    """Queries of the data page."""

    def __init__(self, sources: Sources, keeper: SnapshotKeeper) -> None:
        self._sources = sources
        self._keeper = keeper

    @require(Permission.VIEW_OVERVIEW)
    def view(self, principal: Principal) -> DataView:
        """Return ages of the plants in scope, the most urgent first, and the state of store and jobs."""
        snapshot = self._keeper.get()
        registry = self._sources.registry
        ages = [
            PlantAge(now, registry.towns_by_id[now.plant.town_id], now.reporting, len(now.devices))
            for now in snapshot.plants
            if principal.sees_plant(now.plant, registry)
        ]
        store, failure = self._status()
        return DataView(
            snapshot.taken_at,
            tuple(sorted(ages, key=_urgency)),
            store,
            failure,
            self._sources.figures(),
            tuple(self._sources.records.job_runs(count_max=JOBS)),
            tuple(
                row
                for row in links_of(registry, self._sources.records.heartbeats(), self._sources.clock.now())
                if principal.sees_plant(row.plant, registry)
            ),
        )

    def _status(self) -> tuple[StoreStatus | None, str]:
        try:
            return self._sources.store.status(), ""
        except PvmonError as error:
            return None, str(error)
