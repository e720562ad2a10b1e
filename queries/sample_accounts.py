"""What became of every expected sample: per device and day, from the strips the collector publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.slots import SampleAccount, accounts_of
from queries.sources import Sources


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


@guarded
class SampleAccounts:
    """Queries of the account of samples."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @require(Permission.VIEW_PLANT)
    def view(
        self, principal: Principal, first: date, last: date, plant_ids: Sequence[str] = ()
    ) -> AccountView:
        """Return the accounts of devices of the plants in scope (of ``plant_ids`` when given), days included."""
        registry = self._sources.registry
        devices = [
            device.device_id
            for plant in registry.plants
            if principal.sees_plant(plant, registry) and (not plant_ids or plant.plant_id in plant_ids)
            for device in plant.devices
        ]
        strips = self._sources.records.strips(devices, first, last)
        return summed(accounts_of(strips, self._sources.clock.now()))
