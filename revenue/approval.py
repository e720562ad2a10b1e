"""The steps of a plan (四议两公开) as a state machine: none can be skipped, going back is a recorded act.

    drafted → proposed → discussed → reviewed → decided → published → township_reviewed → filed → ready
            → paid_in_part → paid → result_published → closed

`blockers` says in words what a step still lacks; `take` takes it or refuses with the same words. Nothing
here can be switched off: maker and checker are two persons, a quorum is computed from the numbers entered,
the days of a notice run to their end, and every objection has its answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from revenue.refusal import Refusal, RefusedError
from revenue.rule import RuleVersion


class Step(StrEnum):
    """How far a plan got."""

    DRAFTED = "drafted"
    PROPOSED = "proposed"  # 党支部提议
    DISCUSSED = "discussed"  # 两委会商议
    REVIEWED = "reviewed"  # 党员大会审议
    DECIDED = "decided"  # 村民（代表）会议决议
    PUBLISHED = "published"  # 决议公开
    TOWNSHIP_REVIEWED = "township_reviewed"  # 镇街审核
    FILED = "filed"  # 区县备案
    READY = "ready"  # 待发放
    PAID_IN_PART = "paid_in_part"
    PAID = "paid"
    RESULT_PUBLISHED = "result_published"  # 结果公开
    CLOSED = "closed"


ORDER = tuple(Step)
MEETINGS = frozenset({Step.PROPOSED, Step.DISCUSSED, Step.REVIEWED, Step.DECIDED})
CHECKER_STEPS = frozenset({Step.TOWNSHIP_REVIEWED, Step.FILED, Step.READY, Step.CLOSED})
PAPER_STEPS = MEETINGS | {Step.TOWNSHIP_REVIEWED, Step.FILED}
MONEY_STEPS = frozenset({Step.PAID_IN_PART, Step.PAID})
_CALL_DAYS = 10  # 农村集体经济组织法 art. 27: told ten days before


class Body(StrEnum):
    """Which meeting decides; each has its own quorum."""

    REPRESENTATIVES = "representatives"  # 村民代表会议: 2/3 present, more than half of them for
    VILLAGERS = "villagers"  # 村民会议: more than half present, more than half of them for
    ASSEMBLY = "assembly"  # 成员（代表）大会: 2/3 of all for, told ten days before


@dataclass(frozen=True, slots=True)
class Meeting:
    """Numbers of a meeting's minutes."""

    due: int
    present: int
    votes_for: int
    body: Body = Body.REPRESENTATIVES
    called_on: date | None = None


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One step: when, by whom, on what paper. ``paper`` is the hash of the stored photo or file."""

    step: Step
    on: date
    by: str
    meeting: Meeting | None = None
    paper: str = ""
    document_no: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class SteppedBack:
    """A plan was sent back: to which step, why."""

    to: Step
    on: date
    by: str
    reason: str


class Outcome(StrEnum):
    """How an objection ended."""

    DISMISSED = "dismissed"  # explained; the plan stands
    UPHELD = "upheld"  # the plan must be changed: it goes back


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection to a notice (异议). ``outcome`` None: not answered yet."""

    number: int
    on: date
    text: str
    due_on: date
    outcome: Outcome | None = None
    answer: str = ""
    answered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """Where a plan stands, and how it came there."""

    maker: str
    steps: tuple[StepTaken | SteppedBack, ...] = ()
    step: Step = Step.DRAFTED
    since: date | None = None

    def taken(self, step: Step) -> StepTaken | None:
        """Return how a step that still counts was taken: going back voids it."""
        if ORDER.index(step) > ORDER.index(self.step):
            return None
        return next(
            (one for one in reversed(self.steps) if isinstance(one, StepTaken) and one.step is step), None
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """What the steps ask about beside the meetings.

    ``plan_faults`` are those of revenue.plan and the missing attendance; ``open_fen`` is owed and not paid,
    ``unconfirmed`` counts payees the checker has not looked at.
    """

    today: date
    plan_faults: Sequence[Refusal] = ()
    objections: Sequence[Objection] = ()
    missing_attendance: Sequence[Refusal] = ()
    unconfirmed: int = 0
    paid_fen: int = 0
    open_fen: int = 0
    result_notice: bool = False


def next_step(step: Step) -> Step | None:
    """Return the step after ``step``; None behind the last."""
    place = ORDER.index(step) + 1
    return ORDER[place] if place < len(ORDER) else None


def notice_ends(published: StepTaken, rule: RuleVersion) -> date:
    """Return the first day after a notice's days have run."""
    return published.on + timedelta(days=rule.notice_days)


def take(approval: Approval, taken: StepTaken, rule: RuleVersion, standing: Standing) -> Approval:
    """Return the approval after a step.

    Raises
    ------
    RefusedError
        Everything the step lacks.
    """
    found = [*blockers(approval, taken.step, rule, standing, taken.by), *_paper_faults(taken)]
    last = approval.since
    if taken.on > standing.today:
        found.append(Refusal("step_future", {"day": taken.on}))
    if last is not None and taken.on < last:
        found.append(Refusal("step_before", {"day": taken.on, "last": last}))
    if taken.step is Step.TOWNSHIP_REVIEWED:
        published = approval.taken(Step.PUBLISHED)
        if published is not None and taken.on < notice_ends(published, rule):
            found.append(_notice_runs(published, rule, taken.on))
    if found:
        raise RefusedError(_frozen(found))
    return replace(approval, steps=(*approval.steps, taken), step=taken.step, since=taken.on)


def _frozen(found: Sequence[Refusal]) -> list[Refusal]:
    """Drop repeats: the same words are said once."""
    seen: dict[str, Refusal] = {}
    for one in found:
        seen.setdefault(f"{one.key} {sorted(one.values.items())} {one.row}", one)
    return list(seen.values())


def step_back(approval: Approval, back: SteppedBack, standing: Standing) -> Approval:
    """Return the approval after a plan was sent back.

    Raises
    ------
    RefusedError
        Money has moved, the step was never taken, or there is no reason.
    """
    if ORDER.index(approval.step) >= ORDER.index(Step.PAID_IN_PART) or standing.paid_fen:
        raise RefusedError([Refusal("back_after_payment")])
    if ORDER.index(back.to) >= ORDER.index(approval.step):
        raise RefusedError([Refusal("back_forward")])
    if not back.reason.strip():
        raise RefusedError([Refusal("back_reason")])
    return replace(approval, steps=(*approval.steps, back), step=back.to, since=back.on)


def blockers(
    approval: Approval, step: Step, rule: RuleVersion, standing: Standing, by: str = ""
) -> list[Refusal]:
    """Return what keeps a plan from taking ``step`` today, in words; empty when it may."""
    return list(_blockers(approval, step, rule, standing, by))


def _blockers(
    approval: Approval, step: Step, rule: RuleVersion, standing: Standing, by: str
) -> Iterator[Refusal]:
    expected = next_step(approval.step)
    partly = approval.step is Step.READY and step is Step.PAID  # everything was paid at once
    if step is not expected and not partly:
        yield Refusal("step_order", {"step": step.value, "expected": expected.value if expected else "-"})
        return
    if step in CHECKER_STEPS and by:
        if by == approval.maker:
            yield Refusal("maker_checks", {"step": step.value})
        elif any(
            one.by == by
            for one in approval.steps
            if isinstance(one, StepTaken) and one.step not in CHECKER_STEPS
        ):
            yield Refusal("checker_entered", {"step": step.value})
    if step not in {Step.CLOSED, Step.RESULT_PUBLISHED} | MONEY_STEPS:
        yield from standing.plan_faults
    if step is Step.TOWNSHIP_REVIEWED:
        yield from _publication_blockers(approval, rule, standing)
    if step is Step.READY:
        yield from standing.missing_attendance
        if standing.unconfirmed:
            yield Refusal("unconfirmed", {"count": standing.unconfirmed})
    yield from _money_blockers(step, standing)


def _publication_blockers(approval: Approval, rule: RuleVersion, standing: Standing) -> Iterator[Refusal]:
    published = approval.taken(Step.PUBLISHED)
    if published is not None and standing.today < notice_ends(published, rule):
        yield _notice_runs(published, rule, standing.today)
    for objection in standing.objections:
        if objection.outcome is None:
            yield Refusal("objection_open", {"number": objection.number, "due": objection.due_on})
        elif objection.outcome is Outcome.UPHELD and published is not None and objection.on >= published.on:
            yield Refusal("objection_upheld", {"number": objection.number})


def _notice_runs(published: StepTaken, rule: RuleVersion, day: date) -> Refusal:
    ends = notice_ends(published, rule)
    return Refusal("notice_runs", {"days": (ends - day).days, "ends": ends, "least": rule.notice_days})


def _money_blockers(step: Step, standing: Standing) -> Iterator[Refusal]:
    if step is Step.PAID_IN_PART and not standing.paid_fen:
        yield Refusal("nothing_paid")
    if step is Step.PAID and standing.open_fen:
        yield Refusal("still_open", {"open": f"{standing.open_fen / 100:,.2f}"})
    if step is Step.CLOSED and not standing.result_notice:
        yield Refusal("no_result_notice")


def _paper_faults(taken: StepTaken) -> Iterator[Refusal]:
    if taken.step in PAPER_STEPS and not taken.paper:
        yield Refusal("no_paper", {"step": taken.step.value})
    if taken.step in {Step.TOWNSHIP_REVIEWED, Step.FILED} and not taken.document_no:
        yield Refusal("no_document_number", {"step": taken.step.value})
    if taken.step not in MEETINGS:
        return
    if taken.meeting is None:
        yield Refusal("no_meeting", {"step": taken.step.value})
    else:
        yield from quorum_faults(taken.step, taken.meeting, taken.on)


def quorum_faults(step: Step, meeting: Meeting, on: date) -> Iterator[Refusal]:
    """Yield why a meeting decided nothing: who was due, who came, who was for it."""
    numbers = {"due": meeting.due, "present": meeting.present, "votes": meeting.votes_for}
    if not 0 <= meeting.votes_for <= meeting.present <= meeting.due or meeting.due <= 0:
        yield Refusal("meeting_numbers", numbers)
        return
    body = meeting.body if step is Step.DECIDED else None
    two_thirds_present = step is Step.REVIEWED or body is Body.REPRESENTATIVES
    if two_thirds_present and meeting.present * 3 < meeting.due * 2:
        yield Refusal("quorum_two_thirds", numbers)
    if not two_thirds_present and body is not Body.ASSEMBLY and meeting.present * 2 <= meeting.due:
        yield Refusal("quorum_half", numbers)
    if body is Body.ASSEMBLY:
        if meeting.votes_for * 3 < meeting.due * 2:
            yield Refusal("votes_two_thirds", numbers)
        if meeting.called_on is None or (on - meeting.called_on).days < _CALL_DAYS:
            yield Refusal("called_late", {"days": _CALL_DAYS})
    elif meeting.votes_for * 2 <= meeting.present:
        yield Refusal("votes_half", numbers)
