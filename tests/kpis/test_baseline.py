"""Attainment and year-on-year: against the same days of the design and of the year before, else no baseline."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.plant import Design, EarlierMonth
from kpis.baseline import baseline, design_of_day, design_of_days
from tests.alerts.builders import plant

MONTHS = (3100.0, 2800.0, 3100.0, *(3000.0,) * 9)
OWN = replace(plant(5, "p1"), designs=(Design(date(2024, 1, 1), MONTHS, 0.01, "可研报告 12 页"),))
LAST = date(2026, 2, 10)


def days(first: date, count: int, kwh: float) -> dict[date, float]:
    return {first + timedelta(days=n): kwh for n in range(count)}


def test_a_design_loses_its_share_each_year_and_is_spread_over_the_days_of_its_month() -> None:
    assert design_of_day(OWN, date(2024, 1, 15)) == pytest.approx(100.0)
    assert design_of_day(OWN, date(2026, 1, 15)) == pytest.approx(100.0 * 0.99**2)
    assert design_of_day(OWN, date(2024, 2, 29)) == pytest.approx(2800 / 29)
    assert design_of_day(OWN, date(2023, 12, 31)) is None, "before the design there is none"
    assert design_of_days(OWN, [date(2023, 12, 31), date(2024, 1, 1)]) is None
    assert design_of_days(OWN, []) is None


def test_the_newer_design_counts_from_its_day() -> None:
    newer = Design(date(2025, 7, 1), (310.0,) * 12, 0.0, "增容批复")
    enlarged = replace(OWN, designs=(*OWN.designs, newer))
    assert design_of_day(enlarged, date(2025, 7, 1)) == pytest.approx(10.0)
    assert design_of_day(enlarged, date(2025, 6, 30)) == pytest.approx(3000 * 0.99 / 30)
    assert baseline(enlarged, days(date(2026, 2, 1), 1, 5.0), LAST).source == "增容批复"


def test_month_and_year_are_held_against_the_days_that_are_known() -> None:
    energies = days(date(2026, 1, 1), 31, 49.005) | days(date(2026, 2, 1), 10, 98.01)
    del energies[date(2026, 2, 3)]
    found = baseline(OWN, energies | days(date(2026, 2, 11), 3, 9999.0), LAST)
    assert found.days == 9
    assert found.attainment_month == pytest.approx(98.01 / (100.0 * 0.99**2))
    assert found.attainment_year == pytest.approx((31 * 49.005 + 9 * 98.01) / (40 * 98.01))
    assert found.source == "可研报告 12 页"


def test_without_a_design_or_a_year_before_there_is_no_baseline() -> None:
    found = baseline(plant(5, "p1"), days(date(2026, 2, 1), 10, 98.0), LAST)
    assert (found.attainment_month, found.attainment_year, found.year_on_year) == (None, None, None)
    assert not found.estimated
    assert found.source == ""
    assert baseline(OWN, {}, LAST).attainment_month is None
    assert baseline(OWN, {}, LAST).days == 0


def test_the_same_days_a_year_before_make_the_change() -> None:
    energies = days(date(2026, 2, 1), 4, 110.0) | days(date(2025, 2, 1), 28, 100.0)
    found = baseline(OWN, energies, LAST)
    assert found.year_on_year == pytest.approx(0.10)
    assert not found.estimated


def test_a_month_told_by_a_document_stands_in_for_its_days_and_says_so() -> None:
    told = replace(OWN, earlier_months=(EarlierMonth(date(2025, 2, 1), 2800.0, "结算单"),))
    energies = days(date(2026, 2, 1), 4, 110.0) | {date(2025, 2, 1): 120.0}
    found = baseline(told, energies, LAST)
    assert found.year_on_year == pytest.approx(440 / 420 - 1)
    assert found.estimated
    assert baseline(OWN, energies, LAST).year_on_year is None, "one day of four is no year before"


def test_a_leap_day_is_held_against_the_day_before() -> None:
    energies = {date(2028, 2, 29): 90.0, date(2027, 2, 28): 100.0}
    assert baseline(OWN, energies, date(2028, 2, 29)).year_on_year == pytest.approx(-0.10)
