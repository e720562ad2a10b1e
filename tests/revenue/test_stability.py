"""Who fell against a year before, and the first cause that is found; nothing is guessed."""

from dataclasses import replace
from datetime import date

import pytest

from revenue.stability import (
    Cause,
    Month,
    Place,
    cause_of,
    fallen,
    household_cause,
    same_months_before,
)

BEFORE = Month(100_000, 100_000, 0, 500_000, 200_000, 10_000.0)
LESS = replace(BEFORE, paid_fen=50_000, planned_fen=50_000)


def test_who_gets_most_of_what_was_is_not_fallen_and_who_had_nothing_cannot_fall() -> None:
    now = {"a": replace(BEFORE, paid_fen=70_000), "b": replace(BEFORE, paid_fen=69_999), "new": BEFORE}
    before = {"a": BEFORE, "b": BEFORE, "gone": BEFORE, "none": Month()}
    found = fallen(now, before)
    assert [(one.subject_id, one.now_fen) for one in found] == [("gone", 0), ("b", 69_999)], "worst first"
    assert found[1].share == pytest.approx(0.69999)


@pytest.mark.parametrize(
    ("now", "cause"),
    [
        (replace(LESS, returned_fen=1), Cause.RETURNED),
        (replace(LESS, planned_fen=50_001), Cause.WAITING),
        (replace(LESS, planned_fen=0, paid_fen=0, income_fen=0), Cause.NO_INCOME),
        (replace(LESS, subsidy_fen=139_999), Cause.SUBSIDY_LATE),
        (replace(LESS, energy_kwh=6_000.0), Cause.LESS_ENERGY),
        (replace(LESS, energy_kwh=6_000.0, fault_kwh=1_300.0, curtailed_kwh=1_299.0), Cause.LESS_ENERGY),
        (replace(LESS, energy_kwh=6_000.0, fault_kwh=2_000.0, curtailed_kwh=1_900.0), Cause.FAULT),
        (replace(LESS, energy_kwh=6_000.0, fault_kwh=100.0, curtailed_kwh=3_900.0), Cause.CURTAILMENT),
        (replace(LESS, planned_fen=0, paid_fen=0), Cause.NO_PLAN),
        (LESS, Cause.UNKNOWN),
    ],
)
def test_the_first_cause_that_is_found_is_named(now: Month, cause: Cause) -> None:
    assert cause_of(now, BEFORE) is cause


def test_energy_that_is_not_known_explains_nothing() -> None:
    assert cause_of(replace(LESS, energy_kwh=None), BEFORE) is Cause.UNKNOWN
    assert cause_of(LESS, replace(BEFORE, energy_kwh=None)) is Cause.UNKNOWN


@pytest.mark.parametrize(
    ("now", "place", "cause"),
    [
        (replace(LESS, returned_fen=1), Place(False, 0), Cause.RETURNED),
        (replace(LESS, planned_fen=60_000), Place(False, 0), Cause.WAITING),
        (LESS, Place(False, 900_000), Cause.LEFT),
        (replace(LESS, paid_fen=0, planned_fen=0), Place(True, 900_000), Cause.NO_LINE),
        (replace(LESS, paid_fen=0, planned_fen=0), Place(True, 0), Cause.NO_PLAN),
        (LESS, Place(True, 900_000, 13, 20), Cause.FEWER_DAYS),
        (LESS, Place(True, 900_000, 14, 20), Cause.UNKNOWN),
        (replace(LESS, paid_fen=0, planned_fen=0), Place(True, 0, 0, 20), Cause.NO_PLAN),
        (replace(LESS, subsidy_fen=0), Place(True, 900_000), Cause.SUBSIDY_LATE),
    ],
)
def test_a_household_has_causes_of_its_own_before_those_of_its_village(
    now: Month, place: Place, cause: Cause
) -> None:
    assert household_cause(now, BEFORE, place) is cause


def test_the_same_months_are_those_a_year_before() -> None:
    assert same_months_before(date(2026, 1, 1), date(2026, 12, 1)) == (date(2025, 1, 1), date(2025, 12, 1))
