"""Target, path, forecast, gaps; None stays None."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.industry import ReportStep
from industries.attainment import Attainment, Standing, attain, reached_by, standing_of, tasks_of
from industries.indicator import IndicatorKind
from tests.industries.builders import MU, indicator, report

VILLAGES = {"north": 1, "south": 3}
TENTH = Decimal("0.1")


def months(values: dict[str, list[str | None]], of: IndicatorKind = IndicatorKind.FLOW) -> Attainment:
    reports = [
        report(value, f"2026-{month:02d}", town)
        for town, row in values.items()
        for month, value in enumerate(row, 1)
        if value is not None
    ]
    last = max(len(row) for row in values.values())
    unit = {} if of is IndicatorKind.FLOW else {"unit": MU}
    return attain(indicator(of, **unit), f"2026-{last:02d}", reports, VILLAGES, TENTH)  # type: ignore[arg-type]


def test_a_year_on_its_path_ends_at_the_target() -> None:
    found = months({"north": ["250000"] * 6, "south": ["750000"] * 6})
    assert (found.target, found.expected, found.reached) == (
        Decimal(12_000_000),
        Decimal(6_000_000),
        Decimal(6_000_000),
    )
    assert (found.forecast, found.forecast_low, found.forecast_high) == (Decimal(12_000_000),) * 3
    assert found.standing is Standing.ON_PATH
    assert found.complete == 1
    assert found.share == Decimal("0.5")


def test_who_is_short_makes_the_gap_by_the_villages_where_nobody_set_tasks() -> None:
    found = months({"north": ["250000"] * 6, "south": ["500000"] * 6})
    assert found.standing is Standing.BEHIND
    assert [(one.town_id, one.gap) for one in found.gap_makers] == [("south", Decimal(-1_500_000))]
    assert all(one.task_assumed for one in found.towns)
    assert found.forecast == Decimal(9_000_000)


def test_tasks_that_were_set_are_taken_as_they_are() -> None:
    of = indicator(tasks={"north": Decimal(900), "south": Decimal(300)})
    assert tasks_of(of, VILLAGES) == ({"north": Decimal(9_000_000), "south": Decimal(3_000_000)}, False)


def test_a_town_that_never_reported_is_unknown_and_not_nothing() -> None:
    found = months({"north": ["250000"] * 6, "south": [None] * 6})
    south = found.towns[1]
    assert (south.reached, south.gap, south.standing) == (None, None, Standing.UNKNOWN)
    assert south.missing == (1, 2, 3, 4, 5, 6)
    assert found.complete == Decimal("0.5")
    assert found.silent == ("south",)
    nothing = attain(indicator(), "2026-06", [], VILLAGES, TENTH)
    assert (nothing.reached, nothing.forecast, nothing.standing) == (None, None, Standing.UNKNOWN)


def test_without_a_target_or_a_path_nothing_is_judged() -> None:
    free = attain(indicator(target=None), "2026-01", [report("5", "2026-01")], VILLAGES, TENTH)
    assert (free.reached, free.expected, free.forecast, free.standing) == (
        Decimal(5),
        None,
        None,
        Standing.UNKNOWN,
    )
    pathless = attain(indicator(path={}), "2026-01", [report("5", "2026-01")], VILLAGES, TENTH)
    assert (pathless.expected, pathless.standing) == (None, Standing.UNKNOWN)


def test_what_is_not_known_is_shown_as_nothing_and_a_value_in_the_entry_unit() -> None:
    assert indicator().shown(None) is None
    shown = [f"{indicator().shown(Decimal(base)):f}" for base in ("120000", "125000", "1", "0")]
    assert shown == ["12", "12.5", "0.0001", "0"]


def test_a_stock_holds_until_the_next_report_and_a_price_is_averaged() -> None:
    values = {1: Decimal(5), 3: Decimal(7)}
    assert [reached_by(IndicatorKind.STOCK, values, month) for month in (1, 2, 3, 4)] == [5, 5, 7, 7]
    assert reached_by(IndicatorKind.FLOW, values, 4) == 12
    assert reached_by(IndicatorKind.STOCK, {3: Decimal(7)}, 2) is None
    assert months({"north": ["4"], "south": ["6"]}, IndicatorKind.PRICE).reached == 5
    assert months({"north": ["4"], "south": ["6"]}, IndicatorKind.STOCK).reached == 10


def test_a_report_that_was_sent_back_or_is_of_another_year_does_not_count() -> None:
    back = replace(report("9", "2026-01"), step=ReportStep.RETURNED)
    old = report("9", "2025-12")
    later = report("9", "2026-02")
    found = attain(indicator(), "2026-01", [back, old, later], VILLAGES, TENTH)
    assert found.reached is None


def test_an_uneven_year_has_a_band_around_its_forecast() -> None:
    found = months({"north": ["200000", "300000", "250000", "150000"], "south": ["750000"] * 4})
    assert found.forecast_low is not None
    assert found.forecast is not None
    assert found.forecast_high is not None
    assert found.forecast_low < found.forecast < found.forecast_high
    one_month = months({"north": ["200000"], "south": ["750000"]})
    assert (one_month.forecast is not None, one_month.forecast_low) == (True, None)


@pytest.mark.parametrize(
    ("reached", "standing"),
    [("89", "behind"), ("90", "on_path"), ("110", "on_path"), ("111", "ahead"), (None, "unknown")],
)
def test_where_something_stands(reached: str | None, standing: str) -> None:
    value = None if reached is None else Decimal(reached)
    assert standing_of(value, Decimal(100), TENTH) is Standing(standing)


@given(
    st.dictionaries(
        st.sampled_from(["north", "south"]),
        st.lists(st.integers(0, 10**7), min_size=1, max_size=12),
        min_size=1,
    )
)
def test_the_district_is_the_sum_of_its_towns(values: dict[str, list[int]]) -> None:
    found = months({town: [str(one) for one in row] for town, row in values.items()})
    assert found.reached == sum(sum(row) for row in values.values())
    gaps = [one.gap for one in found.towns if one.gap is not None]
    assert found.forecast is not None
    assert found.forecast >= 0
    if len(gaps) == 2 and found.expected is not None:
        assert sum(gaps, Decimal(0)) == pytest.approx(found.reached - found.expected)
