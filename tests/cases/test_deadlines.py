"""When a case is due, when it is overdue, and who is told then."""

from datetime import UTC, datetime, timedelta

import pytest

from cases.deadlines import due_at, escalations, is_overdue
from domain.alert import Severity
from domain.case import CaseActKind, CaseKind
from domain.maintenance import Contact, Maintenance, Responsible
from tests.access.people import TOWNS
from tests.cases.builders import START, Story, at

CHIEF, OTHER = Contact("王主任（虚构）"), Contact("李主任（虚构）")
PLAN = Maintenance(responsible=(Responsible(OTHER), Responsible(CHIEF, frozenset({TOWNS[0]}))))


@pytest.mark.parametrize(
    ("severity", "hours"), [(Severity.S1, 4), (Severity.S2, 24), (Severity.S3, 168), (None, 168)]
)
def test_an_order_is_due_by_its_severity(severity: Severity | None, hours: int) -> None:
    assert due_at(CaseKind.ORDER, severity, START, PLAN) == START + timedelta(hours=hours)


def test_a_report_is_answered_by_the_end_of_the_fifth_working_day() -> None:
    # Monday 6 July: the fifth working day is Monday 13 July, which ends at 16:00 UTC
    assert due_at(CaseKind.REPORT, None, START, PLAN) == datetime(2026, 7, 13, 16, tzinfo=UTC)


def test_late_in_the_evening_counts_by_the_local_day() -> None:
    sunday_utc = datetime(2026, 7, 5, 17, tzinfo=UTC)  # Monday 01:00 in Shangzhou
    assert due_at(CaseKind.REPORT, None, sunday_utc, PLAN) == datetime(2026, 7, 13, 16, tzinfo=UTC)


def test_an_overdue_case_goes_to_the_responsible_person_of_its_town_once() -> None:
    late = Story(kind="order", case_number="GD-2026-0001", town_id=TOWNS[0], due_at=at(60).isoformat())
    assert not is_overdue(late.case, at(59))
    found = escalations([late.case], at(60), PLAN)
    assert [one.to for one in found] == [CHIEF]
    told = late.then(CaseActKind.ESCALATE, 61, to=CHIEF.name).case
    assert escalations([told], at(70), PLAN) == []
    assert told.escalated_to == CHIEF.name


def test_other_towns_go_to_who_answers_for_the_rest_and_a_gap_is_shown() -> None:
    late = Story(kind="order", case_number="GD-2026-0001", town_id=TOWNS[2], due_at=at(60).isoformat()).case
    assert escalations([late], at(60), PLAN)[0].to == OTHER
    assert escalations([late], at(60), Maintenance())[0].to is None


def test_what_waits_for_acceptance_is_not_the_fields_delay() -> None:
    story = Story(kind="order", case_number="GD-2026-0001", due_at=at(95).isoformat()).until_done()
    assert not is_overdue(story.case, at(500))
