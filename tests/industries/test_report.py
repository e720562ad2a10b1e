"""A number on its way to become a report: refused, asked about, or taken."""

from decimal import Decimal

import pytest

from domain.industry import ReportMark
from industries.indicator import EntryUnit, IndicatorKind
from industries.report import Draft, Surroundings, examine
from tests.industries.builders import (
    BAG,
    HECTARE,
    MU,
    TEN_THOUSAND,
    around,
    draft,
    indicator,
    report,
)
from texts.loader import LANGUAGES, Texts

BAGS = indicator()
LAND = indicator(IndicatorKind.STOCK, MU, "5000", is_area=True)


def keys(one: Draft, given: Surroundings) -> list[tuple[str, bool]]:
    return [(fault.key, fault.refuses) for fault in examine(one, given)[1]]


def test_a_plausible_number_is_taken_in_its_base_unit() -> None:
    given = around(last_month=report("90000"), last_year=report("100000", "2025-07"))
    assert examine(draft("12.5", BAGS), given) == (Decimal(125_000), [])


@pytest.mark.parametrize(
    ("text", "unit", "before", "meant"),
    [
        ("120000", TEN_THOUSAND, "110000", "袋"),  # bags typed as ten thousand bags
        ("12", BAG, "110000", "万袋"),
        ("100", HECTARE, "110", "亩"),
        ("7", MU, "110", "公顷"),
    ],
)
def test_a_unit_taken_wrongly_is_named(text: str, unit: EntryUnit, before: str, meant: str) -> None:
    of = BAGS if unit.base == "bag" else LAND
    units = tuple(one for one in (BAG, TEN_THOUSAND, MU, HECTARE) if one.base == unit.base)
    given = around(last_month=report(before), last_year=report(before, "2025-07"), units=units)
    _, faults = examine(draft(text, of, unit), given)
    assert [(one.key, one.values.get("unit"), one.refuses) for one in faults] == [("unit", meant, False)]


def test_without_a_past_the_neighbours_show_the_wrong_unit() -> None:
    given = around(neighbours=(Decimal(900), Decimal(1000), Decimal(1100)), villages=10)
    assert keys(draft("10000", BAGS), given) == [("unit", False)]


@pytest.mark.parametrize("text", ["", "  ", "many", "1e999", "NaN", "12 34"])
def test_what_is_no_number_is_refused_and_an_empty_cell_is_not_zero(text: str) -> None:
    value, faults = examine(draft(text, BAGS), around())
    assert value is None
    assert [one.key for one in faults] == ["no_number"]


def test_what_cannot_be_is_refused() -> None:
    assert keys(draft("-3", BAGS), around()) == [("negative", True)]
    assert keys(draft("3", BAGS, period="2026-09"), around()) == [("future", True)]
    assert keys(draft("3", BAGS, period="2019-12"), around()) == [("not_yet", True)]
    assert keys(draft("3.00001", BAGS), around()) == [("decimals", True)]
    assert keys(draft("3", BAGS, MU), around()) == [("other_unit", True)]


def test_zero_must_be_said_to_be_zero() -> None:
    assert keys(draft("0", BAGS), around()) == [("zero_unsaid", True)]
    assert examine(draft("0", BAGS, mark=ReportMark.ZERO), around()) == (Decimal(0), [])
    assert keys(draft("2", BAGS, mark=ReportMark.ZERO), around()) == [("zero_not_zero", True)]
    given = around(last_month=report("800"))
    assert keys(draft("0", LAND, mark=ReportMark.ZERO), given) == [("fell_to_zero", False)]


def test_same_as_last_month_is_one_tap_and_needs_a_last_month() -> None:
    given = around(last_month=report("90000"))
    assert examine(draft("", BAGS, mark=ReportMark.SAME), given) == (Decimal(90_000), [])
    assert keys(draft("", BAGS, mark=ReportMark.SAME), around()) == [("no_last_month", True)]
    assert keys(draft("9", BAGS), given) == [("repeats", False)]


def test_a_second_report_of_one_month_is_a_correction_with_a_reason() -> None:
    given = around(existing=report("90000", "2026-07"))
    assert keys(draft("10", BAGS), given) == [("there_already", True)]
    assert keys(draft("10", BAGS, reason="数错了"), given) == []


def test_more_land_than_there_is_is_refused() -> None:
    assert keys(draft("500", LAND), around(land_mu=Decimal(499))) == [("land", True)]
    assert keys(draft("500", LAND), around(land_mu=Decimal(500))) == []


def test_far_above_last_year_the_season_or_the_neighbours_is_asked_about() -> None:
    assert keys(draft("40", BAGS), around(last_year=report("100000", "2025-07"))) == [("rose", False)]
    assert keys(draft("40", BAGS), around(task=Decimal(1_200_000))) == [("season", False)]
    assert keys(draft("29", BAGS), around(task=Decimal(1_200_000))) == []
    given = around(neighbours=(Decimal(900), Decimal(1000), Decimal(1100)), villages=10)
    assert keys(draft("4", BAGS), given) == [("neighbours", False)]
    assert keys(draft("40", BAGS), around(area_mu=Decimal(39))) == [("dense", False)]


def test_a_total_of_the_year_does_not_fall_but_starts_anew_in_january() -> None:
    total = indicator(IndicatorKind.CUMULATIVE)
    assert keys(draft("8", total), around(last_month=report("90000"))) == [("fell_back", False)]
    january = draft("8", total, period="2026-01")
    assert keys(january, around(last_month=report("90000", "2025-12"))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_says_what_to_do_in_both_languages(language: str) -> None:
    texts = Texts(language)
    cases = [
        examine(draft("-3", BAGS, row=7), around())[1][0],
        examine(draft("x", BAGS, row=7), around())[1][0],
        examine(draft("500", LAND, row=7), around(land_mu=Decimal(499)))[1][0],
        examine(draft("40", BAGS, row=7), around(last_year=report("100000", "2025-07")))[1][0],
    ]
    assert all("7" in one.words(texts) and "{" not in one.words(texts) for one in cases)
