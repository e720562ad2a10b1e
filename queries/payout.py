"""What pages and the command line show of payout: plans with blockers, traces, notices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import sees_village, villages_seen
from domain.clock import Clock
from domain.ledger import Entry
from domain.money import Money
from domain.plant import Registry
from domain.timespan import day_of
from queries.meter_months import MeterMonth, meter_months
from revenue.approval import ORDER, Step, StepTaken, blockers, next_step
from revenue.dossier import Dossier
from revenue.notice import Notice
from revenue.payment import PaymentState, Standing
from revenue.plan import verdict_of
from revenue.refusal import Refusal, refuse
from revenue.rule import RuleVersion, Verdict, rule_named
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
        metered = meter_months(self._samples, plants, dossier.plan.first_month, dossier.plan.last_month)
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
                if lot == source_id or _is_from(voucher.entry, source_id)
            }
            months = {
                (one.entry.village_id, one.entry.belongs_to)
                for one in vouchers
                if _is_from(one.entry, source_id)
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


def _is_from(entry: Entry, source_id: str) -> bool:
    """Tell whether an entry rests on a paper: its own id, without the revision, or a statement of the plant and month."""
    if source_id in {entry.source_id, entry.key} or entry.source_id.startswith(f"{source_id}|"):
        return True
    plant, _, rest = source_id.partition("|")
    month, _, number = rest.partition("|")
    return (
        entry.source_kind == "settlement" and bool(number) and entry.source_id.startswith(f"{plant}|{month}|")
    )


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
