"""Questions about households: asked only of months that are due, seen and closed by their own town alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from commands.stability import Stability
from domain.errors import AccessDeniedError
from domain.industry import QuestionState
from industries.income import IncomePart, IncomeSource
from industries.report import ReportRefusedError
from tests.commands.industry_world import CLERK, COUNTY, OTHER_CLERK, VILLAGES, IndustryOffice, open_office

HERE = VILLAGES[0]
PAID = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[IndustryOffice]:
    made = open_office(tmp_path)
    yield made
    made.records.close()


def watch(office: IndustryOffice, parts: list[IncomePart]) -> Stability:
    given = (office.records, office.registry, office.rules, office.clock, office.clock)
    return Stability(*given, lambda _ids: parts)


def to(office: IndustryOffice, *day: int) -> None:
    wanted = datetime(*day, 2, tzinfo=UTC)  # type: ignore[misc, arg-type]
    office.clock.advance((wanted - office.clock.now()).total_seconds())


def test_a_month_that_is_not_due_has_not_fallen(office: IndustryOffice) -> None:
    wages = [IncomePart(IncomeSource.WAGES, HERE, "h1", period, 1_000_00) for period in PAID]
    stability = watch(office, wages)
    for day in ((2026, 11, 2), (2027, 1, 4), (2027, 2, 4)):  # wages come with the month after
        to(office, *day)
        assert stability.ask(COUNTY) == 0, day
    to(office, 2027, 2, 8)  # those of January are due and never came
    assert stability.ask(COUNTY) == 1
    assert stability.ask(COUNTY) == 0, "asked once a year"


def test_a_question_is_closed_by_its_own_town_with_a_note(office: IndustryOffice) -> None:
    stability = watch(office, [IncomePart(IncomeSource.WAGES, HERE, "h1", "2025-03", 100)])
    with pytest.raises(ReportRefusedError):
        stability.ask(replace(COUNTY, scope=CLERK.scope))  # the whole district is asked or nobody
    assert stability.ask(COUNTY) == 1
    [question] = office.records.questions()
    for who, note in ((OTHER_CLERK, "走访过了"), (CLERK, " x ")):
        with pytest.raises(ReportRefusedError):
            stability.close(who, question.question_id, note)
    with pytest.raises(AccessDeniedError):
        stability.close(COUNTY, question.question_id, "走访过了")
    stability.close(CLERK, question.question_id, " 已走访，外出务工 ")
    [closed] = office.records.questions()
    assert (closed.state, closed.visit_note, closed.closed_by) == (
        QuestionState.CLOSED,
        "已走访，外出务工",
        "clerk",
    )
    with pytest.raises(ReportRefusedError):
        stability.close(CLERK, question.question_id, "再走访一次")
