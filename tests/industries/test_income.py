"""Income by source over the same months of two years; who fell, and who is not asked about."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.industry import IncomeQuestion
from industries.income import IncomePart, IncomeSource, SourceYear, by_source, fallen_households
from tests.industries.builders import AT

WAGES, POSTS, SUBSIDY = IncomeSource.WAGES, IncomeSource.POSTS, IncomeSource.SUBSIDY
FALL = Decimal("0.3")


def part(
    period: str, fen: int, source: IncomeSource = WAGES, home: str = "h1", village: str = "v"
) -> IncomePart:
    return IncomePart(source, village, home, period, fen)


def asked(*parts: IncomePart, through: int = 6) -> list[IncomeQuestion]:
    return fallen_households(parts, 2026, through, FALL, {"v": "t", "w": "t"}, AT, 180)


def test_the_same_months_of_both_years_are_compared() -> None:
    parts = [
        *(part("2026-06", 5), part("2026-05", 6), part("2026-07", 100), part("2025-06", 7)),
        *(part("2025-07", 100), part("2024-06", 100), part("2025-01", 3, POSTS)),
    ]
    assert by_source(parts, 2026, 6) == [SourceYear(POSTS, 0, 3), SourceYear(WAGES, 11, 7)]


@pytest.mark.parametrize(
    ("now", "before", "reason"),
    [(70, 100, "fell"), (71, 100, None), (0, 100, "lost_only_source"), (100, 0, None), (120, 100, None)],
)
def test_who_fell_by_the_limit_is_asked_about(now: int, before: int, reason: str | None) -> None:
    parts = [part("2026-03", now)] if now else []
    parts += [part("2025-03", before)] if before else []
    assert [one.reason for one in asked(*parts)] == ([] if reason is None else [reason])


def test_one_of_two_sources_lost_is_a_fall_and_a_new_source_makes_up_for_it() -> None:
    two = [part("2025-03", 50), part("2025-03", 50, POSTS), part("2026-03", 50, POSTS)]
    [question] = asked(*two)
    assert (question.reason, question.sources) == ("fell", ("posts", "wages"))
    assert (question.before_fen, question.now_fen) == (100, 50)
    assert asked(*two, part("2026-04", 45, SUBSIDY)) == []
    assert asked(part("2025-03", 50), part("2026-03", 50, SUBSIDY)) == [], "another source in its place"


def test_a_question_goes_to_the_town_of_its_village_and_has_its_day_of_deletion() -> None:
    [question] = asked(part("2025-03", 100))
    assert (question.town_id, question.village_id, question.household_id) == ("t", "v", "h1")
    assert question.delete_on == date(2027, 1, 30)
    assert asked(part("2025-03", 100, home="")) == [], "money of the village itself"
    assert asked(part("2025-03", 100, village="elsewhere")) == []


def test_households_of_two_villages_with_one_number_are_two() -> None:
    found = asked(part("2025-03", 100), part("2025-03", 100, village="w"))
    assert len({one.question_id for one in found}) == 2


@given(
    st.lists(st.tuples(st.sampled_from(["h1", "h2"]), st.integers(1, 12), st.integers(1, 10**6)), max_size=30)
)
def test_nobody_who_got_as_much_as_before_is_asked_about(rows: list[tuple[str, int, int]]) -> None:
    parts = [
        part(f"{year}-{month:02d}", fen, home=home) for home, month, fen in rows for year in (2025, 2026)
    ]
    assert asked(*parts, through=12) == []
