"""The month of a township, a person and a contractor; how often a rule was right."""

from datetime import UTC, datetime

from cases.monthly import precisions, workloads
from domain.case import Case, CaseActKind
from domain.timespan import Interval, local_month
from tests.cases.builders import Story, at

JULY = local_month(2026, 7)
AUGUST = local_month(2026, 8)


def order(
    number: int, town: str = "t1", cause: str = "breaker", *, done: bool = True, won: str = "50"
) -> Case:
    story = Story(
        kind="order",
        case_number=f"GD-2026-{number:04d}",
        town_id=town,
        rule="F08",
        due_at=at(80).isoformat(),
    )
    if not done:
        return story.then(CaseActKind.ASSIGN, 5, assignee="qian").case
    story.until_done(cause)
    return story.then(CaseActKind.MEASURE, 400, after_ratio="1", won_back_kwh=won, recovered="true").case


def test_a_township_month_counts_what_came_what_ended_and_what_is_late() -> None:
    cases = [order(1), order(2, won="25.5"), order(3, done=False), order(4, "t2")]
    first, second = workloads(cases, JULY, lambda case: case.town_id)
    assert (first.key, first.registered, first.closed, first.open_at_end, first.overdue_at_end) == (
        "t1", 3, 2, 1, 1,
    )  # fmt: skip
    assert first.won_back_kwh == 75.5
    assert (first.arrival_h, first.repair_h) == (1.0, 1.5)
    assert first.on_time_share == 0.0  # due after 80 minutes, done after 90
    assert second.key == "t2"


def test_a_person_without_a_finished_case_has_no_medians() -> None:
    found = {one.key: one for one in workloads([order(1, done=False)], JULY, lambda case: case.assignee)}
    assert (found["qian"].arrival_h, found["qian"].on_time_share) == (None, None)


def test_an_open_case_is_carried_into_the_next_month_and_a_closed_one_is_not() -> None:
    cases = [order(1), order(2, done=False)]
    carried = workloads(cases, AUGUST, lambda case: case.town_id)
    assert [(one.registered, one.closed, one.open_at_end) for one in carried] == [(0, 0, 1)]
    before = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert workloads(cases, before, lambda case: case.town_id) == []


def test_the_precision_of_a_rule_is_what_people_found() -> None:
    found = precisions([order(1), order(2), order(3, cause="no_fault"), order(4, done=False)])
    assert [(one.rule, one.closed, one.wrong) for one in found] == [("F08", 3, 1)]
    assert found[0].precision is not None
    assert abs(found[0].precision - 2 / 3) < 1e-12


def test_what_is_due_later_this_month_is_not_overdue_yet() -> None:
    open_order = order(1, done=False)  # due after 80 minutes

    def overdue(minute: int) -> int:
        [one] = workloads([open_order], JULY, lambda case: case.town_id, at(minute))
        return one.overdue_at_end

    assert [overdue(minute) for minute in (30, 80, 81)] == [0, 0, 1]
    [august] = workloads([open_order], AUGUST, lambda case: case.town_id, at(30))
    assert august.overdue_at_end == 0
