"""Public notices: publish a decision or a result, correct one, confirm a sheet somebody photographed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import sees_village
from commands.audit import command
from commands.payout import PayoutCommands
from commands.plans import SPENDING_ACCOUNTS
from domain.money import Money
from revenue.approval import Step, StepTaken, take
from revenue.distribution import distribute
from revenue.dossier import Dossier, NoticeKept, NoticePosted
from revenue.figures import spent_by_account
from revenue.notice import (
    Change,
    Notice,
    NoticeKind,
    NoticeRow,
    NoticeTotal,
    plain_code,
    rows_of,
    totals_of,
)
from revenue.plan import Basis, Plan
from revenue.refusal import refuse
from revenue.rule import LineClass


@dataclass(frozen=True, slots=True)
class NoticeCheck:
    """What a check of a sheet found. ``differences`` are class, published and booked."""

    notice: Notice
    in_chain: bool
    differences: tuple[tuple[str, Money, Money], ...]

    @property
    def is_sound(self) -> bool:
        """Whether sheet and books agree."""
        return self.in_chain and not self.differences


@guarded
class Notices(PayoutCommands):
    """What may be done with notices."""

    @command(Permission.MAKE_PLAN, "notice.publish")
    def publish(self, principal: Principal, plan_id: str, *, named: bool = False) -> Notice:
        """Publish the decision of a plan, or its result once everything is paid: the step and the sheet at once.

        ``named``: the village decided that the paper shows whole names; web pages mask them anyway.
        """
        dossier = self._dossier(principal, plan_id)
        decided = dossier.approval.step is Step.DECIDED
        step = Step.PUBLISHED if decided else Step.RESULT_PUBLISHED
        taken = StepTaken(step, self._today, principal.user_id)
        take(dossier.approval, taken, self._rule(dossier), self._standing(dossier))
        kind = NoticeKind.DECISION if decided else NoticeKind.RESULT
        notice = self._notice(dossier, kind, named=named)
        self._refuse_differences(notice)
        with self._carry_out(principal, "notice.publish", plan_id, {"kind": kind.value, "code": notice.code}):
            self._add(principal, dossier, NoticeKept(notice), taken)
        return notice

    @command(Permission.MAKE_PLAN, "notice.correct")
    def correct(
        self, principal: Principal, plan_id: str, number: int, reason: str, changes: Sequence[Change]
    ) -> Notice:
        """Publish a correction (更正公示): the old sheet stays, the new one says what changed and why."""
        dossier = self._dossier(principal, plan_id)
        old = next((one for one in dossier.notices if one.number == number), None)
        if old is None or not reason.strip() or not changes:
            raise refuse("nothing_to_correct")
        fresh = self._notice(dossier, old.kind, named=old.named)
        notice = replace(
            fresh,
            kind=NoticeKind.CORRECTION,
            corrects=number,
            reason=reason.strip()[:300],
            changes=tuple(changes),
        )
        detail = {"corrects": str(number), "code": notice.code}
        with self._carry_out(principal, "notice.correct", plan_id, detail):
            self._add(principal, dossier, NoticeKept(notice))
        return notice

    @command(Permission.MAKE_PLAN, "notice.post")
    def post(self, principal: Principal, plan_id: str, number: int, photo: bytes) -> Dossier:
        """Keep a photo of a notice where it hangs: what the days of the notice rest on. Any number of them."""
        dossier = self._dossier(principal, plan_id)
        if all(one.number != number for one in dossier.notices):
            raise refuse("no_notice", code=f"{plan_id[:40]} {number}")
        if not photo:
            raise refuse("no_paper", step=Step.PUBLISHED.value)
        code = hashlib.sha256(photo).hexdigest()
        with self._carry_out(principal, "notice.post", plan_id, {"number": str(number), "photo": code[:12]}):
            self._records.add_photo(code, "application/octet-stream", photo)
            return self._add(principal, dossier, NoticePosted(number, self._today, code))

    @require(Permission.VIEW_INCOME)
    def notices(self, principal: Principal, village_id: str) -> list[Notice]:
        """Return the notices of a village, newest first."""
        self._village(principal, village_id)
        found = self._stores.dossiers.of_villages([village_id])
        return [notice for dossier in reversed(found) for notice in reversed(dossier.notices)]

    @require(Permission.VIEW_INCOME)
    def verify(self, principal: Principal, code: str) -> list[NoticeCheck]:
        """Check every notice with this code: is its head in the chain, do its totals equal the books as they were?

        Raises
        ------
        RefusedError
            No notice in scope has this code.
        """
        plain = plain_code(code)
        found = [
            notice
            for dossier in self._stores.dossiers.of_villages()
            for notice in dossier.notices
            if plain
            and notice.head.startswith(plain)
            and sees_village(principal, self._registry, notice.village_id)
        ]
        if not found:
            raise refuse("no_notice", code=code[:24])
        return [self._checked(notice) for notice in found]

    @require(Permission.VIEW_INCOME)
    def verify_all(self, principal: Principal, village_id: str) -> list[NoticeCheck]:
        """Check every notice of a village against the books."""
        return [self._checked(notice) for notice in self.notices(principal, village_id)]

    def _checked(self, notice: Notice) -> NoticeCheck:
        return NoticeCheck(notice, self._in_chain(notice), tuple(self._differences(notice)))

    def _in_chain(self, notice: Notice) -> bool:
        if notice.sequence == 0:
            return set(notice.head) == {"0"}
        found = self._stores.ledger.vouchers(after_sequence=notice.sequence - 1, count_max=1)
        return bool(found) and found[0].sequence == notice.sequence and found[0].hash == notice.head

    def _notice(self, dossier: Dossier, kind: NoticeKind, *, named: bool) -> Notice:
        plan, result = dossier.plan, dossier.distribution
        rule = self._rule(dossier)
        sequence, head = self._stores.ledger.head()
        roster = self._roster(dossier)
        if result is not None and roster is not None:
            totals, rows = totals_of(plan, result), rows_of(plan, roster, result)
        else:
            totals, rows = _planned_totals(plan), self._planned_rows(dossier)
        return Notice(
            plan.plan_id,
            plan.village_id,
            kind,
            len(dossier.notices) + 1,
            plan.first_month,
            plan.last_month,
            self._today,
            self._today + timedelta(days=rule.notice_days),
            plan.gross_fen,
            plan.net_fen,
            plan.available_fen,
            totals,
            rows,
            head,
            sequence,
            dossier.paid_fen,
            dossier.open_fen,
            named,
            lapsed_fen=dossier.lapsed_fen,
        )

    def _planned_rows(self, dossier: Dossier) -> tuple[NoticeRow, ...]:
        """Return the lines that are known before anybody has worked: sums by weights."""
        roster = self._roster(dossier)
        if roster is None:
            return ()
        plan = dossier.plan
        fixed = tuple(line for line in plan.lines if line.basis is Basis.WEIGHTS)
        if not fixed:
            return ()
        rule = replace(self._rule(dossier), attendance_before_pay=False)
        part = replace(plan, lines=fixed)
        return rows_of(part, roster, distribute(part, rule, roster, dossier.sheets))

    def _refuse_differences(self, notice: Notice) -> None:
        for kind, published, booked in self._differences(notice):
            raise refuse("published_differs", kind=kind, published=published, booked=booked)

    def _differences(self, notice: Notice) -> list[tuple[str, Money, Money]]:
        """Compare a result with what the books hold for its plan, account by account."""
        if notice.kind is NoticeKind.DECISION or notice.sequence == 0:
            return []
        dossier = self._stores.dossiers.of_plan(notice.plan_id)
        if dossier is None or dossier.distribution is None:
            return []
        sources = {f"{notice.plan_id}/{line.line_id}" for line in dossier.plan.lines}
        vouchers = [
            one
            for one in self._stores.ledger.vouchers([notice.village_id], account="514")
            if one.sequence <= notice.sequence
        ]
        booked = spent_by_account(vouchers, sources)
        published: dict[str, int] = {}
        for total in notice.totals:
            if total.kind is not LineClass.RETAINED:
                account = SPENDING_ACCOUNTS[total.kind]
                published[account] = published.get(account, 0) + total.fen
        return [
            (account, Money(published.get(account, 0)), Money(booked.get(account, 0)))
            for account in sorted({*published, *booked})
            if published.get(account, 0) != booked.get(account, 0)
        ]


def _planned_totals(plan: Plan) -> tuple[NoticeTotal, ...]:
    return tuple(NoticeTotal(kind, money.fen, 0) for kind, money in plan.by_class().items())
