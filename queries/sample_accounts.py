"""What became of every expected sample: per device and day, from the strips the collector publishes."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.handling import PlannedStop
from domain.plant import Plant, Registry
from domain.slots import SampleAccount, SlotState, accounts_of, word_of
from domain.timespan import Interval, day_of, start_of_day
from queries.sources import Sources
from stores.protocol import RecordStore

_KEPT_S = 600.0  # a day that is over changes only where a village catches up
_ASLEEP = word_of(SlotState.ASLEEP)


@dataclass(frozen=True, slots=True)
class AccountView:
    """Accounts by device and day, and their sum."""

    accounts: tuple[SampleAccount, ...]
    expected: int
    good: int
    suspect: Mapping[str, int]
    missing: Mapping[str, int]

    @property
    def good_share(self) -> float | None:
        """Share of good samples, None where none was expected."""
        return self.good / self.expected if self.expected else None

    @property
    def awake(self) -> int:
        """How many samples were expected of devices that did not sleep."""
        return self.expected - self.missing.get(_ASLEEP, 0)

    @property
    def good_awake_share(self) -> float | None:
        """Share of good samples among those of devices that did not sleep, None where all did."""
        return self.good / self.awake if self.awake else None


@dataclass(frozen=True, slots=True)
class DaySums:
    """The sum of each plant on one day; a plant nobody collected from has none."""

    day: date
    by_plant: Mapping[str, AccountView]


def summed(accounts: Sequence[SampleAccount]) -> AccountView:
    """Return accounts with their sum."""
    suspect: dict[str, int] = {}
    missing: dict[str, int] = {}
    for one in accounts:
        for word, count in one.suspect.items():
            suspect[word] = suspect.get(word, 0) + count
        for word, count in one.missing.items():
            missing[word] = missing.get(word, 0) + count
    return AccountView(
        tuple(accounts),
        sum(one.expected for one in accounts),
        sum(one.good for one in accounts),
        dict(sorted(suspect.items())),
        dict(sorted(missing.items())),
    )


def accounts_between(
    records: RecordStore, plants: Sequence[Plant], first: date, last: date, now: datetime
) -> list[SampleAccount]:
    """Return the accounts of the devices of ``plants``, days included; silence under a tag is maintenance."""
    names = [device.device_id for plant in plants for device in plant.devices]
    strips = records.strips(names, first, last)
    if not strips:
        return []
    margin = timedelta(days=1)  # a day of another time zone
    stops = records.stops(start_of_day(first) - margin, start_of_day(last) + 2 * margin)
    tags = {
        device.device_id: [Interval(stop.start, stop.until) for stop in found]
        for plant in plants
        for device in plant.devices
        if (found := [one for one in stops if _is_tag(one, plant.plant_id, device.device_id)])
    }
    return accounts_of(strips, now, tags)


def _is_tag(stop: PlannedStop, plant_id: str, device_id: str) -> bool:
    return stop.until > stop.start and stop.is_tag_of(plant_id, device_id)


@guarded
class SampleAccounts:
    """Queries of the account of samples. Thread safe."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._lock = threading.Lock()
        self._kept: tuple[date, Registry, float, DaySums] | None = None

    @require(Permission.VIEW_PLANT)
    def view(
        self, principal: Principal, first: date, last: date, plant_ids: Sequence[str] = ()
    ) -> AccountView:
        """Return the accounts of devices of the plants in scope (of ``plant_ids`` when given), days included."""
        registry = self._sources.registry
        plants = [
            plant
            for plant in registry.plants
            if principal.sees_plant(plant, registry) and (not plant_ids or plant.plant_id in plant_ids)
        ]
        now = self._sources.clock.now()
        return summed(accounts_between(self._sources.records, plants, first, last, now))

    @require(Permission.VIEW_OVERVIEW)
    def newest_day(self, principal: Principal) -> DaySums:
        """Return the sums of yesterday by plant in scope, of today where nobody collected yesterday."""
        registry = self._sources.registry
        found = self._newest(registry)
        seen = {
            plant_id: view
            for plant_id, view in found.by_plant.items()
            if principal.sees_plant(registry.plants_by_id[plant_id], registry)
        }
        return DaySums(found.day, seen)

    def _newest(self, registry: Registry) -> DaySums:
        """Return the sums of the newest whole day; made anew after a while, and where the registry is another."""
        today = day_of(self._sources.clock.now())
        with self._lock:
            kept, at_s = self._kept, self._sources.clock.monotonic()
            if kept is not None and kept[:2] == (today, registry) and at_s - kept[2] < _KEPT_S:
                return kept[3]
            found = self._sums(today - timedelta(days=1), registry)
            if not found.by_plant:
                found = self._sums(today, registry)
            self._kept = (today, registry, at_s, found)
            return found

    def _sums(self, day: date, registry: Registry) -> DaySums:
        now = self._sources.clock.now()
        accounts = accounts_between(self._sources.records, registry.plants, day, day, now)
        by_plant: dict[str, list[SampleAccount]] = {}
        for one in accounts:
            by_plant.setdefault(registry.devices_by_id[one.device_id].plant_id, []).append(one)
        return DaySums(day, {plant_id: summed(found) for plant_id, found in by_plant.items()})
