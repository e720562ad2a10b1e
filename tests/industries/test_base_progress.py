"""Bases against their own capacity."""

from dataclasses import replace
from decimal import Decimal

from domain.industry import Report, ReporterKind, ReportStep
from industries.base import Base
from industries.base_progress import expected_of_base, reached_of_bases
from industries.indicator import IndicatorKind
from tests.industries.builders import MU, indicator, report

FLOW, STOCK = indicator(), indicator(IndicatorKind.STOCK, MU)
SHED = Base("b1", "o", "棚", "fungus", "thing", "v", Decimal(20), Decimal(1200))


def said(value: str, base: str, month: int) -> Report:
    made = report(value, f"2026-{month:02d}", base)
    return replace(made, reporter_kind=ReporterKind.BASE)


def test_what_bases_reported_is_summed_or_stands() -> None:
    rows = [said("3", "b1", 1), said("4", "b1", 2), said("5", "b2", 2), said("9", "b1", 3)]
    assert reached_of_bases(FLOW, 2, rows) == {"b1": Decimal(7), "b2": Decimal(5)}
    assert reached_of_bases(STOCK, 2, rows) == {"b1": Decimal(4), "b2": Decimal(5)}
    back = [replace(one, step=ReportStep.RETURNED) for one in rows]
    assert reached_of_bases(FLOW, 2, back) == {}, "nothing that counts is not zero"


def test_a_base_should_have_reached_its_capacity_by_the_path_where_both_are_known() -> None:
    assert expected_of_base(FLOW, 3, SHED) == Decimal(300)
    assert expected_of_base(FLOW, 3, replace(SHED, capacity=None)) is None
    assert expected_of_base(indicator(path={}), 3, SHED) is None
