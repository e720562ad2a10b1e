"""四议两公开: no step is skipped, going back is recorded, who makes does not check, quorum and days are computed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.approval import (
    MEETINGS,
    ORDER,
    Approval,
    Body,
    Meeting,
    Objection,
    Outcome,
    Standing,
    Step,
    SteppedBack,
    blockers,
    quorum_faults,
    step_back,
    take,
)
from revenue.refusal import Refusal, RefusedError
from tests.revenue.builders import meeting, rule, taken

TODAY = date(2026, 9, 30)
STANDING = Standing(TODAY, paid_fen=1, result_notice=True)
DAY = date(2026, 8, 1)


def by_of(step: Step) -> str:
    return (
        "accountant"
        if step in MEETINGS | {Step.PUBLISHED, Step.PAID_IN_PART, Step.PAID, Step.RESULT_PUBLISHED}
        else "township"
    )


def walked(to: Step, standing: Standing = STANDING) -> Approval:
    """An approval that took every step up to ``to``, ten days between two."""
    approval, on = Approval("accountant"), DAY
    for step in ORDER[1 : ORDER.index(to) + 1]:
        approval = take(approval, taken(step, on, by_of(step)), rule(), standing)
        on += timedelta(days=7 if step is Step.PUBLISHED else 1)
    return approval


def keys(approval: Approval, step: Step, standing: Standing = STANDING, by: str = "township") -> list[str]:
    return [fault.key for fault in blockers(approval, step, rule(), standing, by)]


def test_the_whole_way_can_be_walked() -> None:
    approval = walked(Step.CLOSED)
    assert approval.step is Step.CLOSED
    assert [one.step for one in approval.steps if hasattr(one, "step")] == list(ORDER[1:])


@given(st.sampled_from(ORDER[1:]), st.sampled_from(ORDER))
def test_no_step_can_be_skipped_or_taken_twice(at: Step, wanted: Step) -> None:
    approval = replace(Approval("accountant"), step=at)
    allowed = {ORDER[ORDER.index(at) + 1]} if at is not Step.CLOSED else set()
    allowed |= {Step.PAID} if at is Step.READY else set()
    assert ("step_order" not in keys(approval, wanted)) == (wanted in allowed)


@pytest.mark.parametrize("step", [Step.TOWNSHIP_REVIEWED, Step.FILED, Step.READY, Step.CLOSED])
def test_who_made_the_plan_or_entered_a_step_checks_nothing(step: Step) -> None:
    before = walked(ORDER[ORDER.index(step) - 1])
    with pytest.raises(RefusedError, match="who made the plan"):
        take(before, taken(step, TODAY, "accountant"), rule(), STANDING)
    renamed = replace(before, maker="somebody")
    with pytest.raises(RefusedError, match="who entered steps"):
        take(renamed, taken(step, TODAY, "accountant"), rule(), STANDING)


@given(st.integers(0, 12))
def test_the_days_of_a_notice_run_to_their_end(waited: int) -> None:
    published = walked(Step.PUBLISHED)
    on = published.since or DAY
    standing = replace(STANDING, today=on + timedelta(days=waited))
    step = taken(Step.TOWNSHIP_REVIEWED, standing.today, "township")
    if waited < 7:
        with pytest.raises(RefusedError, match=f"{7 - waited} days left"):
            take(published, step, rule(), standing)
    else:
        assert take(published, step, rule(), standing).step is Step.TOWNSHIP_REVIEWED


def test_a_step_cannot_be_dated_into_the_running_notice() -> None:
    published = walked(Step.PUBLISHED)
    early = taken(Step.TOWNSHIP_REVIEWED, (published.since or DAY) + timedelta(days=3), "township")
    with pytest.raises(RefusedError, match="days left"):
        take(published, early, rule(), STANDING)


def test_every_objection_has_its_answer_and_one_that_was_right_sends_the_plan_back() -> None:
    published = walked(Step.PUBLISHED)
    on = published.since or DAY
    open_one = Objection(1, on, "漏了我家", on + timedelta(days=5))
    standing = replace(STANDING, objections=(open_one,))
    assert keys(published, Step.TOWNSHIP_REVIEWED, standing) == ["objection_open"]
    right = replace(open_one, outcome=Outcome.UPHELD)
    assert keys(published, Step.TOWNSHIP_REVIEWED, replace(standing, objections=(right,))) == [
        "objection_upheld"
    ]
    explained = replace(open_one, outcome=Outcome.DISMISSED)
    assert keys(published, Step.TOWNSHIP_REVIEWED, replace(standing, objections=(explained,))) == []


def test_going_back_is_an_act_with_a_reason_and_voids_what_came_after() -> None:
    published = walked(Step.PUBLISHED)
    with pytest.raises(RefusedError, match="needs a reason"):
        step_back(published, SteppedBack(Step.DRAFTED, TODAY, "township", " "), replace(STANDING, paid_fen=0))
    back = step_back(
        published, SteppedBack(Step.DISCUSSED, TODAY, "township", "漏户"), replace(STANDING, paid_fen=0)
    )
    assert back.step is Step.DISCUSSED
    assert back.taken(Step.DECIDED) is None
    assert back.taken(Step.PROPOSED) is not None
    assert len(back.steps) == len(published.steps) + 1
    with pytest.raises(RefusedError, match="earlier step"):
        step_back(back, SteppedBack(Step.FILED, TODAY, "township", "x"), replace(STANDING, paid_fen=0))


def test_after_money_moved_nothing_goes_back() -> None:
    with pytest.raises(RefusedError, match="money has gone out"):
        step_back(walked(Step.READY), SteppedBack(Step.DRAFTED, TODAY, "t", "x"), STANDING)
    paid = walked(Step.PAID)
    with pytest.raises(RefusedError, match="money has gone out"):
        step_back(paid, SteppedBack(Step.DRAFTED, TODAY, "t", "x"), replace(STANDING, paid_fen=0))


@pytest.mark.parametrize(
    ("step", "numbers", "fault"),
    [
        (Step.PROPOSED, meeting(10, 6, 4), ""),
        (Step.PROPOSED, meeting(10, 5, 5), "quorum_half"),
        (Step.DISCUSSED, meeting(10, 6, 3), "votes_half"),
        (Step.REVIEWED, meeting(30, 20, 11), ""),
        (Step.REVIEWED, meeting(30, 19, 19), "quorum_two_thirds"),
        (Step.DECIDED, meeting(30, 20, 11), ""),
        (Step.DECIDED, meeting(30, 19, 19), "quorum_two_thirds"),
        (Step.DECIDED, meeting(31, 21, 11), ""),
        (Step.DECIDED, meeting(32, 21, 15), "quorum_two_thirds"),
        (Step.DECIDED, meeting(100, 51, 26, Body.VILLAGERS), ""),
        (Step.DECIDED, meeting(100, 50, 50, Body.VILLAGERS), "quorum_half"),
        (Step.DECIDED, meeting(30, 20, 20, Body.ASSEMBLY), ""),
        (Step.DECIDED, meeting(30, 30, 19, Body.ASSEMBLY), "votes_two_thirds"),
        (Step.DECIDED, meeting(30, 31, 19), "meeting_numbers"),
        (Step.DECIDED, meeting(30, 20, 21), "meeting_numbers"),
        (Step.DECIDED, meeting(0, 0, 0), "meeting_numbers"),
    ],
)
def test_a_quorum_is_computed_from_the_numbers(step: Step, numbers: Meeting, fault: str) -> None:
    found = [one.key for one in quorum_faults(step, numbers, DAY)]
    assert found == ([fault] if fault else [])


def test_an_assembly_is_called_ten_days_before() -> None:
    late = replace(meeting(body=Body.ASSEMBLY), called_on=DAY - timedelta(days=9))
    assert [one.key for one in quorum_faults(Step.DECIDED, late, DAY)] == ["called_late"]


def test_every_meeting_has_its_paper_and_review_and_filing_their_number() -> None:
    with pytest.raises(RefusedError, match="signed paper is missing"):
        take(Approval("a"), taken(Step.PROPOSED, paper=""), rule(), STANDING)
    with pytest.raises(RefusedError, match="numbers of the meeting"):
        take(Approval("a"), taken(Step.PROPOSED, meeting=None), rule(), STANDING)
    with pytest.raises(RefusedError, match="document number"):
        take(walked(Step.TOWNSHIP_REVIEWED), taken(Step.FILED, TODAY, "t", document_no=""), rule(), STANDING)


def test_steps_follow_each_other_in_time_and_none_lies_in_the_future() -> None:
    approval = walked(Step.DISCUSSED)
    with pytest.raises(RefusedError, match="is after today"):
        take(approval, taken(Step.REVIEWED, TODAY + timedelta(days=1)), rule(), STANDING)
    with pytest.raises(RefusedError, match="before the step before"):
        take(approval, taken(Step.REVIEWED, DAY - timedelta(days=1)), rule(), STANDING)


def test_what_is_wrong_with_the_plan_or_the_payees_stops_it_until_it_is_put_right() -> None:
    wrong = replace(STANDING, plan_faults=(Refusal("line_twice"),))
    assert keys(walked(Step.DISCUSSED), Step.REVIEWED, wrong) == ["line_twice"]
    filed = walked(Step.FILED)
    assert keys(filed, Step.READY, replace(STANDING, unconfirmed=2)) == ["unconfirmed"]
    missing = replace(STANDING, missing_attendance=(Refusal("no_attendance", {"line": "1", "month": "x"}),))
    assert keys(filed, Step.READY, missing) == ["no_attendance"]


def test_paid_means_everything_arrived_and_closed_that_the_result_hangs_out() -> None:
    assert keys(walked(Step.READY), Step.PAID_IN_PART, replace(STANDING, paid_fen=0)) == ["nothing_paid"]
    assert keys(walked(Step.PAID_IN_PART), Step.PAID, replace(STANDING, open_fen=5)) == ["still_open"]
    published = walked(Step.RESULT_PUBLISHED)
    assert keys(published, Step.CLOSED, replace(STANDING, result_notice=False)) == ["no_result_notice"]


def test_every_blocker_has_words_in_both_languages() -> None:
    from texts.loader import Texts

    published = walked(Step.PUBLISHED)
    standing = replace(STANDING, today=(published.since or DAY) + timedelta(days=4))
    (left,) = blockers(published, Step.TOWNSHIP_REVIEWED, rule(), standing, "t")
    assert left.words(Texts("zh")).startswith("公示期还剩 3 天")
    assert left.words(Texts("en")).startswith("the notice has 3 days left")
