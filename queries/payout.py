"""What pages and the command line show of payout: plans with blockers, traces, notices, the stability watch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import sees_village, villages_seen
from domain.clock import Clock
from domain.money import Money
from domain.plant import Registry
from domain.timespan import day_of
from revenue import accounts
from revenue.approval import ORDER, Step, StepTaken, blockers, next_step
from revenue.dossier import Dossier
from revenue.figures import YEAR_END
from revenue.notice import Notice
from revenue.payment import PaymentState, Standing
from revenue.plan import months_between, verdict_of
from revenue.refusal import Refusal, refuse
from revenue.rule import RuleVersion, Verdict, rule_named
from revenue.stability import Finding, Month, fallen, same_months_before
from revenue.trace import LineTrace, PayeePart, payees_of_lot, receipts_by_lot, trace_line
from stores.payout import PayoutStores, standing_of
from stores.protocol import MeasurementStore


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan in the list."""

    plan_id: str
    village_id: str
    first_month: date
    last_month: date
    step: Step
    since: date | None
    available: Money
    paid: Money
    open: Money
    returned: int


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan's page. ``steps`` pairs every step with how it was taken, None where it was not."""

    dossier: Dossier
    rule: RuleVersion
    verdict: Verdict
    steps: tuple[tuple[Step, StepTaken | None], ...]
    next: Step | None
    blockers: tuple[Refusal, ...]
    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class MeterMonth:
    """Exported energy of a plant and month as metered, and how complete the samples behind it are."""

    plant_id: str
    month: date
    exported_kwh: float | None
    completeness: float | None
    days: int


@dataclass(frozen=True, slots=True)
class TraceView:
    """A household line with what stands behind it, down to the samples."""

    trace: LineTrace
    standing: Standing
    metered: tuple[MeterMonth, ...]


@guarded
class Payout:
    """Queries on payout; ids only, no names."""

    def __init__(
        self,
        stores: PayoutStores,
        samples: MeasurementStore | None,
        registry: Registry,
        rules: Sequence[RuleVersion],
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._samples = samples
        self._registry = registry
        self._rules = rules
        self._clock = clock

    @require(Permission.VIEW_INCOME)
    def plans(self, principal: Principal, first: str = "", last: str = "9999-99") -> list[PlanRow]:
        """Return the plans in scope, newest first."""
        found = self._dossiers(principal, first, last)
        return [_plan_row(one) for one in reversed(found)]

    @require(Permission.VIEW_INCOME)
    def waiting(self, principal: Principal) -> list[Dossier]:
        """Return the dossiers in scope that are not closed, oldest first."""
        return [one for one in self._dossiers(principal) if one.approval.step is not Step.CLOSED]

    @require(Permission.VIEW_INCOME)
    def plan(self, principal: Principal, plan_id: str) -> PlanView:
        """Return a plan's page: the steps, the next one, and what blocks it in words."""
        dossier = self._dossier(principal, plan_id)
        rule = rule_named(self._rules, dossier.plan.rule_id)
        upcoming = next_step(dossier.approval.step)
        standing = standing_of(self._stores, dossier, rule, day_of(self._clock.now()))
        found = blockers(dossier.approval, upcoming, rule, standing) if upcoming else []
        return PlanView(
            dossier,
            rule,
            verdict_of(dossier.plan, rule),
            tuple((step, dossier.approval.taken(step)) for step in ORDER),
            upcoming,
            tuple(found),
            tuple(dossier.standings().values()),
        )

    @require(Permission.VIEW_INCOME)
    def notices(self, principal: Principal) -> list[Notice]:
        """Return every notice in scope, newest first."""
        found = [notice for one in self._dossiers(principal) for notice in one.notices]
        return sorted(found, key=lambda one: (one.starts, one.plan_id, one.number), reverse=True)

    @require(Permission.VIEW_INCOME)
    def open_payments(self, principal: Principal) -> list[tuple[Dossier, Standing]]:
        """Return entitlements that came back or wait, of plans that were released."""
        return [
            (one, stands)
            for one in self._dossiers(principal)
            for stands in one.standings().values()
            if stands.open_fen > 0
        ]

    @require(Permission.VIEW_INCOME)
    def trace(self, principal: Principal, entitlement_id: str) -> TraceView:
        """Return what stands behind a household line: plan, vouchers, receipts, statements, meters, samples."""
        dossier = self._dossier(principal, entitlement_id.partition("/")[0])
        standing = dossier.standings().get(entitlement_id)
        if standing is None:
            raise refuse("no_entitlement", entitlement=entitlement_id[:60])
        vouchers = self._stores.ledger.vouchers([dossier.plan.village_id])
        found = trace_line(dossier, entitlement_id, vouchers)
        plants = sorted({one.plant_id for one in found.origins})
        metered = self._metered(plants, dossier.plan.first_month, dossier.plan.last_month)
        return TraceView(found, standing, metered)

    @require(Permission.VIEW_INCOME)
    def payees_of(self, principal: Principal, source_id: str) -> list[PayeePart]:
        """Return everyone in scope who was paid from a statement, receipt or lot with this id."""
        found: list[PayeePart] = []
        for village_id in villages_seen(principal, self._registry):
            vouchers = self._stores.ledger.vouchers([village_id])
            lots = {
                lot
                for lot, voucher in receipts_by_lot(vouchers).items()
                if source_id in {lot, voucher.entry.source_id, voucher.entry.key}
            }
            months = {
                (one.entry.village_id, one.entry.belongs_to)
                for one in vouchers
                if one.entry.source_id == source_id
            }
            lots |= {
                lot
                for lot, voucher in receipts_by_lot(vouchers).items()
                if (voucher.entry.village_id, voucher.entry.belongs_to) in months
            }
            if lots:
                dossiers = self._stores.dossiers.of_villages([village_id])
                by_key = {one.entry.key: one for one in vouchers}
                found += [part for lot in sorted(lots) for part in payees_of_lot(lot, dossiers, by_key)]
        if not found:
            raise refuse("no_entitlement", entitlement=source_id[:60])
        return found

    @require(Permission.VIEW_INCOME)
    def unstable(self, principal: Principal, first: date, last: date) -> list[Finding]:
        """Return villages whose paid benefit fell against the same months a year before, with the cause found."""
        earlier = same_months_before(first, last)
        villages = villages_seen(principal, self._registry)
        return fallen(self._months(villages, first, last), self._months(villages, *earlier))

    def _months(self, villages: Sequence[str], first: date, last: date) -> dict[str, Month]:
        found: dict[str, Month] = {}
        span = list(months_between(first, last))
        dossiers = self._stores.dossiers.of_villages(villages, f"{span[0]:%Y-%m}", f"{span[-1]:%Y-%m}")
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
        for voucher in self._stores.ledger.vouchers([village_id], account="501"):
            closes_year = voucher.entry.source_kind in YEAR_END
            if not closes_year and first <= voucher.entry.belongs_to.replace(day=1) <= last:
                for posting in voucher.entry.postings:
                    if posting.account.startswith(accounts.SALES[:3]):
                        income -= posting.fen
                    if posting.account == accounts.SUBSIDY_SALES:
                        subsidy -= posting.fen
        return income, subsidy

    def _energy(self, village_id: str, first: date, last: date) -> float | None:
        plants = [
            plant.plant_id
            for plant in self._registry.plants
            if (act := plant.ownership_on(last)) is not None and village_id in act.shares_kw
        ]
        known = [
            one.exported_kwh for one in self._metered(plants, first, last) if one.exported_kwh is not None
        ]
        return sum(known) if known else None

    def _metered(self, plants: Sequence[str], first: date, last: date) -> tuple[MeterMonth, ...]:
        if not plants or self._samples is None:
            return ()
        end = (last.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        days = self._samples.daily(plants, first, end)
        found = []
        for plant_id in plants:
            for month in months_between(first, last):
                mine = [one for one in days if one.plant_id == plant_id and one.day.replace(day=1) == month]
                energies = [one.exported_energy_kwh for one in mine if one.exported_energy_kwh is not None]
                shares = [one.completeness for one in mine if one.completeness is not None]
                found.append(
                    MeterMonth(
                        plant_id,
                        month,
                        sum(energies) if energies else None,
                        sum(shares) / len(shares) if shares else None,
                        len(mine),
                    )
                )
        return tuple(found)

    def _dossiers(self, principal: Principal, first: str = "", last: str = "9999-99") -> list[Dossier]:
        everything = principal.scope.everything
        villages = None if everything else villages_seen(principal, self._registry)
        return self._stores.dossiers.of_villages(villages, first, last)

    def _dossier(self, principal: Principal, plan_id: str) -> Dossier:
        found = None
        if sees_village(principal, self._registry, plan_id.partition("-")[0]):
            found = self._stores.dossiers.of_plan(plan_id)
        if found is None:
            raise refuse("no_plan", plan=plan_id[:40])
        return found


def _plan_row(one: Dossier) -> PlanRow:
    plan = one.plan
    returned = sum(attempt.state is PaymentState.RETURNED for attempt in one.attempts)
    return PlanRow(
        plan.plan_id,
        plan.village_id,
        plan.first_month,
        plan.last_month,
        one.approval.step,
        one.approval.since,
        Money(plan.available_fen),
        Money(one.paid_fen),
        Money(one.open_fen),
        returned,
    )
