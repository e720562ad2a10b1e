"""What payout reads of several stores at once: the figures of a village, what a step asks about, who is to be paid."""

from dataclasses import dataclass, field
from datetime import date

from revenue.approval import Standing, Step
from revenue.distribution import attendance_faults
from revenue.dossier import Dossier
from revenue.figures import VillageFigures, figures_of
from revenue.notice import NoticeKind
from revenue.payment import PaymentState
from revenue.plan import faults_of
from revenue.refusal import Refusal
from revenue.rule import RuleVersion
from stores.dossiers import Dossiers
from stores.ledger_protocol import MoneyStore
from stores.roster_protocol import RosterStore
from stores.work_protocol import WorkStore

_FIGURES_MAX = 200


@dataclass(frozen=True, slots=True)
class PayoutStores:
    """Where payout reads and writes; all of them in one transaction manager."""

    records: WorkStore
    ledger: MoneyStore
    dossiers: Dossiers
    rosters: RosterStore
    figures: dict[tuple[str, date, date, str], VillageFigures] = field(default_factory=dict)


def village_figures(stores: "PayoutStores", village_id: str, first: date, last: date) -> VillageFigures:
    """Return what the books of a village say about months; remembered as long as the ledger's head is the same."""
    ledger, known = stores.ledger, stores.figures
    key = (village_id, first, last, ledger.head()[1])
    found = known.get(key)
    if found is None:
        found = figures_of(
            ledger.vouchers([village_id]), ledger.lots(village_id), ledger.balances([village_id]), first, last
        )
        while len(known) >= _FIGURES_MAX:
            known.pop(next(iter(known)), None)
        known[key] = found
    return found


def standing_of(stores: PayoutStores, dossier: Dossier, rule: RuleVersion, today: date) -> Standing:
    """Return what the steps of a plan ask about."""
    plan, step = dossier.plan, dossier.approval.step
    faults: list[Refusal] = []
    if dossier.distribution is None:
        figures = village_figures(stores, plan.village_id, plan.first_month, plan.last_month)
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


def payees_of(stores: PayoutStores, dossier: Dossier, only: str = "") -> dict[str, str]:
    """Return who is to be paid and their account in force (empty: none); ``only`` looks at one of them."""
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
    if only:
        wanted &= {only}
    known = stores.rosters.account_ids(wanted)
    return {payee: known.get(payee, "") for payee in sorted(wanted)}


def unconfirmed(stores: PayoutStores, dossier: Dossier, only: str = "") -> dict[str, str]:
    """Return payees whose account is new or changed since the village's last paid batch, and not yet confirmed."""
    paid: dict[str, str] = {}
    for other in stores.dossiers.of_villages([dossier.plan.village_id]):
        for attempt in other.attempts:
            if attempt.state is PaymentState.PAID:
                paid[attempt.line.payee_id] = attempt.line.account_id
    return {
        payee: account
        for payee, account in payees_of(stores, dossier, only).items()
        if account and paid.get(payee) != account and dossier.confirmed.get(payee) != account
    }
