"""The stability watch: villages and households whose paid benefit fell against the same months a year before, and why.

A village is anybody's who sees its money. A household is shown to who may see people, in their own villages only.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import villages_seen
from domain.plant import Registry
from kpis.losses import Cause as LossCause
from queries.meter_months import end_of_month, meter_months
from revenue import accounts
from revenue.distribution import Entitlement
from revenue.dossier import Dossier
from revenue.figures import YEAR_END
from revenue.payment import Standing
from revenue.plan import Basis
from revenue.stability import (
    Finding,
    Month,
    Place,
    fallen,
    has_fallen,
    household_cause,
    same_months_before,
)
from stores.day_protocol import DayStore
from stores.payout import PayoutStores
from stores.protocol import MeasurementStore

_FAULTS = frozenset(
    each.value
    for each in (
        LossCause.OUTAGE,
        LossCause.GRID,
        LossCause.STRING,
        LossCause.MAINTENANCE,
        LossCause.PLANNED_OUTAGE,
    )
)
_CURTAILED = LossCause.CURTAILMENT.value


@dataclass(slots=True)
class _Home:
    """What a household had in a span."""

    paid_fen: int = 0
    planned_fen: int = 0
    returned_fen: int = 0
    days: int = 0

    def add(self, stands: Standing, *, by_days: bool) -> None:
        """Add one amount of the household."""
        one: Entitlement = stands.entitlement
        self.paid_fen += stands.paid_fen
        self.planned_fen += one.fen
        self.returned_fen += one.fen if stands.returned is not None else 0
        self.days += one.weight if by_days else 0


@guarded
class BenefitWatch:
    """Whose benefit fell. Without ``days`` nobody knows what energy was lost to."""

    def __init__(
        self,
        stores: PayoutStores,
        samples: MeasurementStore | None,
        registry: Registry,
        days: DayStore | None = None,
    ) -> None:
        self._stores = stores
        self._samples = samples
        self._registry = registry
        self._days = days

    @require(Permission.VIEW_INCOME)
    def villages(self, principal: Principal, first: date, last: date) -> list[Finding]:
        """Return villages whose paid benefit fell, with the cause found, worst first."""
        earlier = same_months_before(first, last)
        seen = villages_seen(principal, self._registry)
        now, before = self._of_villages(seen, first, last), self._of_villages(seen, *earlier)
        down = {one for one in before if has_fallen(now.get(one, Month()), before[one])}
        now |= {one: self._with_losses(one, now[one], first, last) for one in down if one in now}
        return fallen(now, before)

    @require(Permission.VIEW_PEOPLE)
    def households(
        self, principal: Principal, first: date, last: date, only: Collection[tuple[str, str]] | None = None
    ) -> list[Finding]:
        """Return households whose paid benefit fell, with the cause found, worst first; ids only, no names.

        ``only`` names villages and households to ask about; then they are answered for, fallen or not.
        """
        earlier = same_months_before(first, last)
        seen = villages_seen(principal, self._registry)
        if only is not None:
            seen = [one for one in seen if any(one == village for village, _ in only)]
        found: list[Finding] = []
        for village_id in seen:
            wanted = None if only is None else {home for village, home in only if village == village_id}
            found += self._homes_of(village_id, (first, last), earlier, wanted)
        return sorted(found, key=lambda one: (one.share, one.village_id, one.subject_id))

    def _homes_of(
        self, village_id: str, span: tuple[date, date], earlier: tuple[date, date], only: set[str] | None
    ) -> list[Finding]:
        now, before = self._homes(village_id, *span), self._homes(village_id, *earlier)
        asked = sorted(before) if only is None else sorted(only)
        down = [
            one for one in asked if only is not None or has_fallen(_month(now.get(one)), _month(before[one]))
        ]
        if not down:
            return []
        here = self._with_losses(village_id, self._of_villages([village_id], *span)[village_id], *span)
        then = self._of_villages([village_id], *earlier)[village_id]
        roster = self._stores.rosters.roster_on(village_id, end_of_month(span[1]))
        listed = {one.household_id for one in roster.active} if roster else set()
        found = []
        for home in down:
            mine, was = now.get(home, _Home()), before.get(home, _Home())
            place = Place(home in listed, here.planned_fen, mine.days, was.days)
            cause = household_cause(_within(here, mine), _within(then, was), place)
            found.append(Finding(home, was.paid_fen, mine.paid_fen, cause, village_id))
        return found

    def _homes(self, village_id: str, first: date, last: date) -> dict[str, _Home]:
        homes: dict[str, _Home] = {}
        for dossier in self._dossiers([village_id], first, last):
            for stands in dossier.standings().values():
                one = stands.entitlement
                basis = dossier.plan.line(one.line_id).basis
                by_days = basis in {Basis.DAY_RATE, Basis.MONTHLY_WAGE}
                homes.setdefault(one.household_id, _Home()).add(stands, by_days=by_days)
        return homes

    def _dossiers(self, villages: Sequence[str], first: date, last: date) -> list[Dossier]:
        return self._stores.dossiers.of_villages(villages, f"{first:%Y-%m}", f"{last:%Y-%m}")

    def _of_villages(self, villages: Sequence[str], first: date, last: date) -> dict[str, Month]:
        found: dict[str, Month] = {}
        dossiers = self._dossiers(villages, first, last)
        for village_id in villages:
            mine = [one for one in dossiers if one.plan.village_id == village_id]
            income, subsidy = self._income(village_id, first, last)
            stands = [stands for one in mine for stands in one.standings().values()]
            found[village_id] = Month(
                sum(one.paid_fen for one in mine),
                sum(one.fen for dossier in mine for one in dossier.entitlements),
                sum(one.entitlement.fen for one in stands if one.returned is not None),
                income,
                subsidy,
                self._energy(village_id, first, last),
            )
        return found

    def _income(self, village_id: str, first: date, last: date) -> tuple[int, int]:
        income = subsidy = 0
        for voucher in self._stores.ledger.vouchers([village_id], account=accounts.SALES[:3]):
            closes_year = voucher.entry.source_kind in YEAR_END
            if not closes_year and first <= voucher.entry.belongs_to.replace(day=1) <= last:
                for posting in voucher.entry.postings:
                    if posting.account.startswith(accounts.SALES[:3]):
                        income -= posting.fen
                    if posting.account == accounts.SUBSIDY_SALES:
                        subsidy -= posting.fen
        return income, subsidy

    def _plants(self, village_id: str, day: date) -> list[str]:
        return [
            plant.plant_id
            for plant in self._registry.plants
            if (act := plant.ownership_on(day)) is not None and village_id in act.shares_kw
        ]

    def _energy(self, village_id: str, first: date, last: date) -> float | None:
        rows = meter_months(self._samples, self._plants(village_id, last), first, last)
        known = [one.exported_kwh for one in rows if one.exported_kwh is not None]
        return sum(known) if known else None

    def _with_losses(self, village_id: str, month: Month, first: date, last: date) -> Month:
        """Return a month with what its plants lost, where the days know it."""
        if self._days is None or month.energy_kwh is None:
            return month
        fault = curtailed = 0.0
        for plant_id in self._plants(village_id, last):
            for one in self._days.day_losses(plant_id, first.replace(day=1), end_of_month(last)):
                fault += one.lost_kwh if one.cause in _FAULTS else 0.0
                curtailed += one.lost_kwh if one.cause == _CURTAILED else 0.0
        return replace(month, fault_kwh=fault, curtailed_kwh=curtailed)


def _month(home: _Home | None) -> Month:
    return _within(Month(), home or _Home())


def _within(village: Month, home: _Home) -> Month:
    return replace(
        village, paid_fen=home.paid_fen, planned_fen=home.planned_fen, returned_fen=home.returned_fen
    )
