"""Distribution plans: draft, steps, going back, attendance sheets, objections; each with permission and audit."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.objection_cases import answer_case, open_case
from commands.payout import PayoutCommands
from commands.plan_files import read_days
from domain.ledger import Entry
from revenue import accounts
from revenue.approval import (
    CHECKER_STEPS,
    MONEY_STEPS,
    Meeting,
    Objection,
    Outcome,
    Step,
    SteppedBack,
    StepTaken,
    step_back,
    take,
)
from revenue.attendance import Sheet, faults_in_sheet
from revenue.bookkeeping import Voucherhead, bill_entry, entitlement_entry
from revenue.distribution import Distribution, SeriesState, distribute
from revenue.dossier import Act, Answered, Distributed, Dossier, Drafted, Objected, SheetKept
from revenue.figures import VillageFigures
from revenue.plan import Basis, Plan, PlanLine, faults_of
from revenue.refusal import RefusedError, refuse
from revenue.rule import LineClass, rule_on

SPENDING_ACCOUNTS = {
    LineClass.POSTS: accounts.PUBLIC_POSTS,
    LineClass.LABOUR: accounts.PUBLIC_POSTS,
    LineClass.WORKS: accounts.PUBLIC_WORKS,
    LineClass.REWARD: accounts.AID,
    LineClass.AID: accounts.AID,
    LineClass.RELIEF: accounts.AID,
}


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """A new plan, or a new version of one. What the lines leave is put on a line of its own: retained.

    The roster is that of the last month, unless ``roster_on`` names another day: a late subsidy may go to who is on
    the roster when it comes.
    """

    village_id: str
    first_month: date
    last_month: date
    lines: tuple[PlanLine, ...]
    note: str = ""
    carried_fen: int = 0
    roster_on: date | None = None


@dataclass(frozen=True, slots=True)
class StepOrder:
    """One step. ``paper`` is the photo or file of what was signed."""

    plan_id: str
    step: Step
    on: date
    meeting: Meeting | None = None
    paper: bytes = b""
    document_no: str = ""
    note: str = ""


@guarded
class Plans(PayoutCommands):
    """What may be done with plans."""

    @command(Permission.MAKE_PLAN, "plan.draft")
    def draft(self, principal: Principal, order: DraftOrder) -> Dossier:
        """Keep a plan, or a new version while the plan is a draft; what is wrong with it is a blocker, told later.

        Raises
        ------
        RefusedError
            The plan stands at a later step, or spends more than there is.
        """
        village = self._village(principal, order.village_id)
        plan = self._plan(order)
        known = self._stores.dossiers.of_plan(plan.plan_id)
        if known is not None and known.approval.step is not Step.DRAFTED:
            raise refuse("plan_stands", step=known.approval.step.value)
        figures = self._figures(village, plan.first_month, plan.last_month)
        rule = rule_on(self._rules, plan.last_month)
        wrong = faults_of(plan, rule, self._stores.rosters.roster(plan.roster_id), figures.free_fen)
        if wrong:
            raise RefusedError(wrong)
        detail = {"village": village, "version": str(plan.version), "net": str(plan.net_fen)}
        with self._carry_out(principal, "plan.draft", plan.plan_id, detail):
            if known is not None:
                return self._add(principal, known, Drafted(plan))
            first = Act(plan.plan_id, village, 1, Drafted(plan), principal.user_id, self._clock.now())
            return self._stores.dossiers.add([first], None)

    def _plan(self, order: DraftOrder) -> Plan:
        first, last = order.first_month.replace(day=1), order.last_month.replace(day=1)
        if last < first:
            raise refuse("months_back")
        plan_id = f"{order.village_id}-{first:%Y%m}-{last:%Y%m}"
        known = self._stores.dossiers.of_plan(plan_id)
        figures = self._figures(order.village_id, first, last)
        month_end = (last + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        roster = self._stores.rosters.roster_on(order.village_id, order.roster_on or month_end)
        plan = Plan(
            plan_id,
            order.village_id,
            known.plan.version + 1 if known else 1,
            first,
            last,
            rule_on(self._rules, last).rule_id,
            roster.roster_id if roster else "",
            figures.gross_fen,
            figures.distributable_fen,
            tuple(line for line in order.lines if line.kind is not LineClass.RETAINED),
            order.note,
            order.carried_fen,
        )
        rest = plan.available_fen - plan.planned_fen
        kept = PlanLine("R", LineClass.RETAINED, "", max(0, rest), Basis.NOBODY)
        return replace(plan, lines=(*plan.lines, kept))

    @require(Permission.VIEW_INCOME)
    def dossier(self, principal: Principal, plan_id: str) -> Dossier:
        """Return a plan with everything done on it; ids only, no names."""
        return self._dossier(principal, plan_id)

    @require(Permission.VIEW_INCOME)
    def figures(self, principal: Principal, village_id: str, first: date, last: date) -> VillageFigures:
        """Return what the books say may be planned with for months."""
        return self._figures(self._village(principal, village_id), first.replace(day=1), last.replace(day=1))

    @command(Permission.MAKE_PLAN, "plan.step")
    def step(self, principal: Principal, order: StepOrder) -> Dossier:
        """Take one of the village's steps (proposal, meetings, publication, payment noted)."""
        if order.step in CHECKER_STEPS:
            raise refuse("maker_checks", step=order.step.value)
        if order.step in {Step.PUBLISHED, Step.RESULT_PUBLISHED}:
            raise refuse("notice_own_step")
        return self._take(principal, order)

    @command(Permission.CHECK_MONEY, "plan.check", fresh=True)
    def check(self, principal: Principal, order: StepOrder) -> Dossier:
        """Take one of the checker's steps (review, filing, release, close)."""
        if order.step not in CHECKER_STEPS:
            raise refuse("checker_enters", step=order.step.value)
        return self._take(principal, order)

    def _take(self, principal: Principal, order: StepOrder) -> Dossier:
        dossier = self._dossier(principal, order.plan_id)
        paper = hashlib.sha256(order.paper).hexdigest() if order.paper else ""
        taken = StepTaken(
            order.step, order.on, principal.user_id, order.meeting, paper, order.document_no, order.note
        )
        rule = self._rule(dossier)
        take(dossier.approval, taken, rule, self._standing(dossier))
        detail = {"step": order.step.value, "on": order.on.isoformat(), "paper": paper[:12]}
        with self._carry_out(principal, "plan.step", order.plan_id, detail):
            if paper:
                self._records.add_photo(paper, "application/octet-stream", order.paper)
            if order.step is Step.READY:
                dossier = self._distribute(principal, dossier)
            return self._add(principal, dossier, taken)

    def _distribute(self, principal: Principal, dossier: Dossier) -> Dossier:
        """Split the net and book what is owed: from here on people have a claim."""
        roster = self._roster(dossier)
        if roster is None:
            raise refuse("no_roster", roster=dossier.plan.roster_id or "-")
        result = distribute(
            dossier.plan, self._rule(dossier), roster, dossier.sheets, self._series_before(dossier)
        )
        self._post(self._entries(principal, dossier, result))
        return self._add(principal, dossier, Distributed(result))

    def _series_before(self, dossier: Dossier) -> list[SeriesState]:
        """Return how far the running totals of the village got, newest state of each series."""
        found: dict[str, SeriesState] = {}
        for other in self._stores.dossiers.of_villages([dossier.plan.village_id]):
            if other.distribution is not None and other.plan.plan_id != dossier.plan.plan_id:
                found |= {state.series: state for state in other.distribution.series}
        return list(found.values())

    def _entries(self, principal: Principal, dossier: Dossier, result: Distribution) -> list[Entry]:
        plan, entries = dossier.plan, []
        for line in plan.lines:
            key = f"{plan.plan_id}/{line.line_id}"
            head = Voucherhead(
                f"entitlement:{key}",
                plan.village_id,
                self._today,
                plan.last_month,
                line.purpose or line.kind.value,
                "plan_line",
                key,
                dossier.approval.maker,
                principal.user_id,
            )
            owed: dict[str, int] = {}
            for one in result.entitlements:
                if one.line_id == line.line_id:
                    owed[one.person_id] = owed.get(one.person_id, 0) + one.fen
            if owed:
                entries.append(entitlement_entry(head, SPENDING_ACCOUNTS[line.kind], owed))
            works = result.works_fen.get(line.line_id, 0)
            if works:
                entries.append(works_entry(head, works))
        return entries

    @command(Permission.CHECK_MONEY, "plan.back")
    def back(self, principal: Principal, plan_id: str, to: Step, reason: str) -> Dossier:
        """Send a plan back to an earlier step; it is recorded with its reason."""
        dossier = self._dossier(principal, plan_id)
        if dossier.distribution is not None:
            raise refuse("back_after_payment")
        deed = SteppedBack(to, self._today, principal.user_id, reason.strip())
        step_back(dossier.approval, deed, self._standing(dossier))
        with self._carry_out(principal, "plan.back", plan_id, {"to": to.value, "reason": reason[:80]}):
            return self._add(principal, dossier, deed)

    @command(Permission.MAKE_PLAN, "plan.attendance")
    def attendance(self, principal: Principal, plan_id: str, sheet: Sheet, photo: bytes) -> Dossier:
        """Keep a signed attendance sheet with its photo."""
        dossier = self._dossier(principal, plan_id)
        if dossier.distribution is not None:
            raise refuse("plan_stands", step=dossier.approval.step.value)
        roster = self._roster(dossier)
        if roster is None:
            raise refuse("no_roster", roster=dossier.plan.roster_id or "-")
        code = hashlib.sha256(photo).hexdigest() if photo else ""
        kept = replace(sheet, photo=code)
        wrong = list(faults_in_sheet(kept, dossier.plan, roster, dossier.sheets, self._today))
        if wrong:
            raise RefusedError(wrong)
        detail = {"line": sheet.line_id, "month": f"{sheet.month:%Y-%m}", "photo": code[:12]}
        with self._carry_out(principal, "plan.attendance", plan_id, detail):
            self._records.add_photo(code, "application/octet-stream", photo)
            return self._add(principal, dossier, SheetKept(kept))

    @command(Permission.MAKE_PLAN, "plan.attendance_file")
    def attendance_file(
        self, principal: Principal, plan_id: str, sheet: Sheet, content: bytes, photo: bytes
    ) -> Dossier:
        """Keep a signed attendance sheet whose days come in a file with identity numbers."""
        self._dossier(principal, plan_id)
        days = read_days(content, self._stores.rosters)
        return self.attendance(principal, plan_id, replace(sheet, days=days), photo)

    @command(Permission.MAKE_PLAN, "plan.object")
    def object_to(
        self, principal: Principal, plan_id: str, text: str, on: date, reporter: str = ""
    ) -> Dossier:
        """Register an objection to the published plan, also as a case; its answer is due by the rule."""
        dossier = self._dossier(principal, plan_id)
        published = dossier.approval.taken(Step.PUBLISHED)
        if published is None or not text.strip():
            raise refuse("step_order", step="objection", expected=Step.PUBLISHED.value)
        if on > self._today:
            raise refuse("step_future", day=on)
        due = on + timedelta(days=self._rule(dossier).answer_days)
        objection = Objection(len(dossier.objections) + 1, on, text.strip()[:500], due)
        village = dossier.plan.village_id
        place = {"village_id": village, "town_id": self._registry.villages_by_id[village].town_id}
        with self._carry_out(principal, "plan.object", plan_id, {"number": str(objection.number)}):
            now, who = self._day.now(), reporter.strip()[:40]
            open_case(self._stores.records, plan_id, objection, place, who, principal.user_id, now)
            return self._add(principal, dossier, Objected(objection))

    @command(Permission.MAKE_PLAN, "plan.answer")
    def answer(self, principal: Principal, plan_id: str, number: int, outcome: Outcome, text: str) -> Dossier:
        """Answer an objection."""
        dossier = self._dossier(principal, plan_id)
        waiting = {one.number for one in dossier.objections if one.outcome is None}
        if number not in waiting or not text.strip():
            raise refuse("objection_none", number=number)
        deed = Answered(number, self._today, outcome, text.strip()[:500])
        with self._carry_out(principal, "plan.answer", plan_id, {"number": str(number)}):
            answer_case(self._stores.records, plan_id, number, deed.text, principal.user_id, self._day.now())
            return self._add(principal, dossier, deed)

    @command(Permission.MAKE_PLAN, "plan.note_payment")
    def note_payment(self, principal: Principal, plan_id: str) -> Dossier:
        """Take the step the payments have reached: paid in part, or paid."""
        dossier = self._dossier(principal, plan_id)
        step = Step.PAID if dossier.open_fen == 0 else Step.PAID_IN_PART
        if dossier.approval.step is step or dossier.approval.step not in {Step.READY, *MONEY_STEPS}:
            return dossier
        return self._take(principal, StepOrder(plan_id, step, self._today))


def works_entry(head: Voucherhead, fen: int) -> Entry:
    """Return a work that is to be paid to its builder: public works against payable."""
    bill = bill_entry(head, next(iter(accounts.COST_ACCOUNTS)), fen)
    spending = replace(bill.postings[0], account=accounts.PUBLIC_WORKS)
    return replace(bill, postings=(spending, *bill.postings[1:]))
