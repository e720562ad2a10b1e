"""What every command on payout shares: the village in scope, the dossier, the day, adding an act with its entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from access.principal import Principal
from commands.audit import Audited
from domain.clock import Clock
from domain.errors import AccessDeniedError, LedgerRefusedError
from domain.ledger import Entry
from domain.plant import Registry
from domain.roster import Roster
from domain.timespan import day_of
from revenue.approval import Standing, Step
from revenue.distribution import attendance_faults
from revenue.dossier import Act, Deed, Dossier
from revenue.figures import VillageFigures, figures_of
from revenue.notice import NoticeKind
from revenue.payment import PaymentState
from revenue.plan import faults_of
from revenue.refusal import Refusal, refuse
from revenue.rule import RuleVersion, rule_named
from stores.dossiers import Dossiers
from stores.ledger_protocol import LedgerStore
from stores.protocol import RecordStore
from stores.roster_protocol import RosterStore


@dataclass(frozen=True, slots=True)
class PayoutStores:
    """Where payout reads and writes; all of them in one transaction manager."""

    records: RecordStore
    ledger: LedgerStore
    dossiers: Dossiers
    rosters: RosterStore


class PayoutCommands(Audited):
    """Base of the commands on plans, payments and notices.

    ``clock`` is real time (audit), ``field_clock`` says which day it is for the money.
    """

    def __init__(
        self,
        stores: PayoutStores,
        registry: Registry,
        rules: Sequence[RuleVersion],
        clock: Clock,
        field_clock: Clock,
    ) -> None:
        super().__init__(stores.records, clock, field_clock)
        self._stores = stores
        self._registry = registry
        self._rules = rules
        self._day = field_clock

    @property
    def _today(self) -> date:
        return day_of(self._day.now())

    def _village(self, principal: Principal, village_id: str) -> str:
        """Return the village when it is in scope; AccessDeniedError otherwise, the same for unknown ones."""
        if not sees_village(principal, self._registry, village_id):
            raise AccessDeniedError(
                f"village {str(village_id)[:20]!r} is not within the scope of {principal.user_id}"
            )
        return village_id

    def _dossier(self, principal: Principal, plan_id: str) -> Dossier:
        self._village(principal, plan_id.partition("-")[0])
        found = self._stores.dossiers.of_plan(plan_id)
        if found is None:
            raise refuse("no_plan", plan=plan_id[:40])
        return found

    def _rule(self, dossier: Dossier) -> RuleVersion:
        return rule_named(self._rules, dossier.plan.rule_id)

    def _roster(self, dossier: Dossier) -> Roster | None:
        return self._stores.rosters.roster(dossier.plan.roster_id)

    def _figures(self, village_id: str, first: date, last: date) -> VillageFigures:
        return village_figures(self._stores.ledger, village_id, first, last)

    def _standing(self, dossier: Dossier) -> Standing:
        """Return what the steps ask about, from the dossier and the books."""
        return standing_of(self._stores, dossier, self._rule(dossier), self._today)

    def _add(self, principal: Principal, dossier: Dossier, *deeds: Deed) -> Dossier:
        """Keep acts on a plan; inside the transaction of the command."""
        plan = dossier.plan
        now = self._clock.now()
        acts = [
            Act(plan.plan_id, plan.village_id, dossier.sequence + place, deed, principal.user_id, now)
            for place, deed in enumerate(deeds, 1)
        ]
        self._stores.dossiers.add(acts)
        found = self._stores.dossiers.of_plan(plan.plan_id)
        assert found is not None
        return found

    def _post(self, entries: Sequence[Entry]) -> None:
        """Post entries; what the books refuse is refused with their reason."""
        try:
            self._stores.ledger.post(entries, self._clock.now())
        except LedgerRefusedError as error:
            raise refuse("books", reason=str(error)) from error


def sees_village(principal: Principal, registry: Registry, village_id: str) -> bool:
    """Tell whether a village is in scope."""
    village = registry.villages_by_id.get(village_id)
    scope = principal.scope
    if village is None:
        return False
    return scope.everything or village_id in scope.village_ids or village.town_id in scope.town_ids


def village_figures(ledger: LedgerStore, village_id: str, first: date, last: date) -> VillageFigures:
    """Return what the books of a village say about months."""
    return figures_of(
        ledger.vouchers([village_id]), ledger.lots(village_id), ledger.balances([village_id]), first, last
    )


def standing_of(stores: PayoutStores, dossier: Dossier, rule: RuleVersion, today: date) -> Standing:
    """Return what the steps of a plan ask about."""
    plan, step = dossier.plan, dossier.approval.step
    faults: list[Refusal] = []
    if dossier.distribution is None:
        figures = village_figures(stores.ledger, plan.village_id, plan.first_month, plan.last_month)
        faults = faults_of(plan, rule, stores.rosters.roster(plan.roster_id), figures.free_fen)
    missing = attendance_faults(plan, rule, dossier.sheets)
    return Standing(
        today,
        faults,
        dossier.objections,
        missing if step is Step.FILED else (),
        len(unconfirmed(stores, dossier)) if step is Step.FILED else 0,
        dossier.paid_fen,
        dossier.open_fen,
        any(one.kind is NoticeKind.RESULT for one in dossier.notices),
    )


def payees_of(stores: PayoutStores, dossier: Dossier) -> dict[str, str]:
    """Return who is to be paid and their account in force; empty text where there is none."""
    plan = dossier.plan
    if dossier.distribution is not None:
        wanted = {dossier.heirs.get(one.entitlement_id, one.payee_id) for one in dossier.entitlements}
    else:
        roster = stores.rosters.roster(plan.roster_id)
        attended = {person for sheet in dossier.sheets for person in sheet.days}
        on_lists = {person for line in plan.lines for person in line.weights}
        shares = any(line.basis.value == "weights" and not line.weights for line in plan.lines)
        members = roster.members if roster else ()
        wanted = {
            one.payee_id or one.person_id for one in members if shares or one.person_id in attended | on_lists
        }
    known = stores.rosters.accounts(wanted)
    return {payee: known[payee].account_id if payee in known else "" for payee in sorted(wanted)}


def unconfirmed(stores: PayoutStores, dossier: Dossier) -> dict[str, str]:
    """Return payees whose account is new or changed since the village's last paid batch, and not yet confirmed."""
    paid: dict[str, str] = {}
    for other in stores.dossiers.of_villages([dossier.plan.village_id]):
        for attempt in other.attempts:
            if attempt.state is PaymentState.PAID:
                paid[attempt.line.payee_id] = attempt.line.account_id
    return {
        payee: account
        for payee, account in payees_of(stores, dossier).items()
        if account and paid.get(payee) != account and dossier.confirmed.get(payee) != account
    }
