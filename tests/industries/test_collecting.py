"""What the villages of a town come to together, and who is missing."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.industry import Report, ReporterKind, ReportStep
from industries.collecting import collected
from industries.indicator import IndicatorKind
from tests.industries.builders import MU, indicator, report

BAGS, PRICE = indicator(), replace(indicator(IndicatorKind.PRICE, MU), indicator_id="price")
VILLAGES = ("v1", "v2", "v3")


def said(value: str, village: str, indicator_id: str = "thing") -> Report:
    made = report(value, reporter=village, indicator_id=indicator_id)
    return replace(made, reporter_kind=ReporterKind.VILLAGE)


def test_numbers_are_added_prices_averaged_and_the_silent_are_named() -> None:
    rows = [said("3", "v1"), said("4", "v3"), said("5", "v1", "price"), said("7", "v3", "price")]
    found = collected(VILLAGES, rows, (BAGS, PRICE))
    assert (found.sums["thing"].value, found.sums["thing"].count) == (Decimal(7), 2)
    assert found.sums["price"].value == Decimal(6)
    assert (found.missing, found.there) == (("v2",), 2)


def test_what_was_sent_back_or_is_of_another_town_does_not_count() -> None:
    back = replace(said("3", "v1"), step=ReportStep.RETURNED)
    found = collected(VILLAGES, [back, said("9", "elsewhere")], (BAGS, PRICE))
    assert (found.sums, found.missing) == ({}, VILLAGES)


@given(st.dictionaries(st.sampled_from(VILLAGES), st.integers(0, 10**9)))
def test_the_sum_is_that_of_those_who_reported(values: dict[str, int]) -> None:
    found = collected(VILLAGES, [said(str(value), one) for one, value in values.items()], (BAGS,))
    assert set(found.missing) == set(VILLAGES) - set(values)
    total = found.sums["thing"].value if values else Decimal(0)
    assert total == sum(values.values())
