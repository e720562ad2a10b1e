"""What waits for a person: one list out of orders, alerts, readings, money's calendar and plans, by role and scope.

Every part asks the query that owns it, so that its permission and scope hold here too; a part whose permission
is missing, or that this process does not have, is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.case import Case, CaseState
from domain.plant import Connection
from domain.timespan import day_of
from queries.money import MoneyQueries
from queries.payout import Payout
from queries.snapshot import SnapshotKeeper
from queries.sources import Sources
from queries.work import Work
from revenue.approval import CHECKER_STEPS, MONEY_STEPS, next_step
from revenue.dossier import Dossier
from revenue.money_calendar import DueKind
from revenue.refusal import Refusal

P = Permission
SHOWN_MAX = 80
READING_EVERY = timedelta(days=31)
READING_AHEAD = timedelta(days=3)
_MONEY_DUES = frozenset({DueKind.STATEMENT, DueKind.RECEIPT, DueKind.CLOSE})
_PLANS_MAX = 60  # for each, what blocks it is worked out


class Kind(Enum):
    """What kind of thing waits."""

    ORDER = "order"  # carry out an order of one's own
    ASSIGN = "assign"  # give an order to somebody
    ACCEPT = "accept"  # look at what was done
    ALERTS = "alerts"  # faults nobody has taken
    READING = "reading"  # a meter to read
    STATEMENT = "statement"
    RECEIPT = "receipt"
    CLOSE = "close"
    PLAN = "plan"  # the next step of a plan
    OBJECTION = "objection"  # an answer to an objection
    RETURNED = "returned"  # payments that came back


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits.

    Attributes
    ----------
    path : str
        Where its one button leads, below the prefix of the pages.
    plant_id, village_id : str
        What it is about; a page shows their names.
    step : str
        For a plan the next step, else empty.
    values : mapping
        What its words need: numbers and plain words.
    due : date or None
    late : bool
    blockers : tuple of Refusal
        What keeps it from being done today; empty when it can be done.
    instead_of : str
        Whose it is, where this person stands in for somebody.
    """

    kind: Kind
    path: str
    plant_id: str = ""
    village_id: str = ""
    step: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    due: date | None = None
    late: bool = False
    blockers: tuple[Refusal, ...] = ()
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class TodoView:
    """What waits, the most pressing first. ``count`` may be more than is shown."""

    items: tuple[Waiting, ...]
    count: int
    late: int
    today: date


@guarded
class Todo:
    """The start page's list. Parts this process does not have are None."""

    def __init__(
        self,
        sources: Sources,
        keeper: SnapshotKeeper,
        work: Work | None = None,
        money: MoneyQueries | None = None,
        payout: Payout | None = None,
    ) -> None:
        self._sources = sources
        self._keeper = keeper
        self._work = work
        self._money = money
        self._payout = payout

    @require(P.VIEW_OVERVIEW)
    def view(self, principal: Principal) -> TodoView:
        """Return what waits for ``principal``: late first, then what can be done, by due date."""
        today = day_of(self._sources.clock.now())
        found = sorted(self._every(principal, today), key=_pressing)
        late = sum(one.late for one in found)
        return TodoView(tuple(found[:SHOWN_MAX]), len(found), late, today)

    def _every(self, principal: Principal, today: date) -> Iterator[Waiting]:
        if self._work is not None:
            if principal.may(P.VIEW_CASES):
                yield from _orders(self._work, principal, today)
            if principal.may(P.HANDLE_ALERTS):
                yield from _alerts(self._work, principal)
        if principal.may(P.ENTER_READING):
            yield from self._readings(principal, today)
        if self._money is not None and principal.may(P.ENTER_MONEY):
            yield from _calendar(self._money, principal)
        if self._payout is not None and principal.may(P.VIEW_INCOME):
            yield from _plans(self._payout, principal, today)

    def _readings(self, principal: Principal, today: date) -> Iterator[Waiting]:
        """Yield plants read by hand whose month is nearly over, or that were never read."""
        newest = self._keeper.get().day.newest
        for plant in principal.plants(self._sources.registry):
            if plant.connection is not Connection.MANUAL:
                continue
            last = newest.get(plant.plant_id)
            due = today if last is None else day_of(last) + READING_EVERY
            if today < due - READING_AHEAD:
                continue
            said = {} if last is None else {"last": day_of(last)}
            yield Waiting(
                Kind.READING,
                f"readings/{plant.plant_id}",
                plant_id=plant.plant_id,
                values=said,
                due=due,
                late=today > due,
            )


def _pressing(one: Waiting) -> tuple[bool, bool, date, str]:
    return not one.late, bool(one.blockers), one.due or date.max, one.path


def _orders(work: Work, principal: Principal, today: date) -> Iterator[Waiting]:
    if principal.may(P.WORK_CASES):
        for case in work.board(principal, only_mine=True):
            if case.state in {CaseState.ASSIGNED, CaseState.HANDLING}:
                own = case.assignee in {principal.user_id, principal.display_name}
                yield _order(Kind.ORDER, case, today, "" if own else case.assignee)
    if principal.may(P.MANAGE_CASES):
        for case in work.board(principal):
            if case.state is CaseState.REGISTERED:
                yield _order(Kind.ASSIGN, case, today)
            elif case.state is CaseState.AWAITING:
                yield _order(Kind.ACCEPT, case, today)


def _order(kind: Kind, case: Case, today: date, instead_of: str = "") -> Waiting:
    due = None if case.due_at is None else day_of(case.due_at)
    return Waiting(
        kind,
        f"orders/{case.case_id}",
        plant_id=case.plant_id,
        village_id=case.village_id,
        values={"number": case.number, "subject": case.subject},
        due=due,
        late=due is not None and today > due,
        instead_of=instead_of,
    )


def _alerts(work: Work, principal: Principal) -> Iterator[Waiting]:
    """Yield one thing for all faults nobody has taken yet."""
    rows = [row for trip in work.queue(principal).trips for row in trip.rows]
    fresh = [row for row in rows if row.case is None and not row.handling.acknowledged_by]
    if fresh:
        cost = sum(row.alert.at_risk_fen or 0 for row in fresh)
        yield Waiting(Kind.ALERTS, "queue", values={"count": len(fresh), "yuan": f"{cost / 100:,.0f}"})


def _calendar(money: MoneyQueries, principal: Principal) -> Iterator[Waiting]:
    """Yield one thing for each kind and month of money's calendar, not one for each plant."""
    groups: dict[tuple[str, str], list[date]] = {}
    over: set[tuple[str, str]] = set()
    for due in money.calendar(principal):
        if due.kind not in _MONEY_DUES:
            continue  # plans are listed by their next step, one by one
        key = (due.kind_name, due.period)
        groups.setdefault(key, []).append(due.on)
        if due.is_over:
            over.add(key)
    for (kind, period), days in sorted(groups.items()):
        path = "ledger" if kind == Kind.CLOSE.value else f"income?month={period}"
        yield Waiting(
            Kind(kind),
            path,
            values={"period": period, "count": len(days)},
            due=min(days),
            late=(kind, period) in over,
        )


def _plans(payout: Payout, principal: Principal, today: date) -> Iterator[Waiting]:
    """Yield the next step of each plan that is this person's, open objections, and payments that came back."""
    mine = 0
    for dossier in payout.waiting(principal):
        if principal.may(P.MAKE_PLAN):
            yield from _objections(dossier, today)
            yield from _returned(dossier)
        step = next_step(dossier.approval.step)
        needed = P.CHECK_MONEY if step in CHECKER_STEPS else P.MAKE_PLAN
        if step is None or not principal.may(needed) or mine >= _PLANS_MAX:
            continue
        mine += 1
        yield _plan(payout, principal, dossier)


def _plan(payout: Payout, principal: Principal, dossier: Dossier) -> Waiting:
    view, plan = payout.plan(principal, dossier.plan.plan_id), dossier.plan
    pays = view.next in MONEY_STEPS
    return Waiting(
        Kind.PLAN,
        f"{'plan-pay' if pays else 'plans'}/{plan.plan_id}",
        village_id=plan.village_id,
        step=view.next.value if view.next else "",
        values={"first": f"{plan.first_month:%Y-%m}", "last": f"{plan.last_month:%Y-%m}"},
        due=_waits_until(view.blockers),
        blockers=() if pays else view.blockers,
    )


def _waits_until(blockers: tuple[Refusal, ...]) -> date | None:
    """Return the day a blocker ends by itself, such as the end of a notice; None without one."""
    ends = [day for one in blockers if isinstance(day := one.values.get("ends"), date)]
    return max(ends, default=None)


def _objections(dossier: Dossier, today: date) -> Iterator[Waiting]:
    for one in dossier.objections:
        if one.outcome is None:
            yield Waiting(
                Kind.OBJECTION,
                f"plans/{dossier.plan.plan_id}",
                village_id=dossier.plan.village_id,
                values={"number": one.number},
                due=one.due_on,
                late=today > one.due_on,
            )


def _returned(dossier: Dossier) -> Iterator[Waiting]:
    back = [one for one in dossier.standings().values() if one.returned is not None and one.open_fen > 0]
    if back:
        yield Waiting(
            Kind.RETURNED,
            f"plan-pay/{dossier.plan.plan_id}",
            village_id=dossier.plan.village_id,
            values={"count": len(back), "yuan": f"{sum(one.open_fen for one in back) / 100:,.2f}"},
        )
