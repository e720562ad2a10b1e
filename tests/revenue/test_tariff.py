from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigurationError, MoneyError
from revenue.tariff import (
    VAT_RATES,
    PriceComponent,
    Segment,
    Seller,
    Tariff,
    Taxation,
    TaxRegime,
    fen_of,
    price_energy,
    split_vat,
    subsidy_counter,
)

TARIFF = Tariff(
    "p1",
    (
        PriceComponent("benchmark", date(2019, 1, 1), Decimal("0.3545")),
        PriceComponent("benchmark", date(2026, 1, 13), Decimal("0.3300")),
        PriceComponent("difference", date(2026, 1, 1), Decimal("-0.0123")),
    ),
    (Taxation(date(2019, 1, 1), Seller.VILLAGE, TaxRegime.EXEMPT),),
    22_000,
    20,
)


def test_a_price_holds_by_the_date_of_the_energy() -> None:
    assert TARIFF.price_on("benchmark", date(2026, 1, 12)) == Decimal("0.3545")
    assert TARIFF.price_on("benchmark", date(2026, 1, 13)) == Decimal("0.3300")
    assert TARIFF.price_on("benchmark", date(2018, 12, 31)) is None
    assert TARIFF.components_on(date(2025, 1, 1)) == ("benchmark",)


def test_a_change_inside_a_segment_without_a_reading_is_refused_and_names_the_day() -> None:
    with pytest.raises(MoneyError, match="2026-01-13"):
        price_energy(TARIFF, "benchmark", [Segment(date(2026, 1, 1), date(2026, 1, 31), Decimal(20000))])
    with pytest.raises(MoneyError, match="no subsidy price"):
        price_energy(TARIFF, "subsidy", [Segment(date(2026, 1, 1), date(2026, 1, 2), Decimal(1))])


def test_a_negative_component_takes_money_away() -> None:
    found = price_energy(TARIFF, "difference", [Segment(date(2026, 1, 1), date(2026, 1, 31), Decimal(1000))])
    assert found == [-1230]


@given(st.decimals(0, 10**6, places=2), st.decimals(0, 10**6, places=2))
def test_a_tariff_change_gives_the_same_money_as_two_statements(early: Decimal, late: Decimal) -> None:
    first = Segment(date(2026, 1, 1), date(2026, 1, 12), early)
    second = Segment(date(2026, 1, 13), date(2026, 1, 31), late)
    together = price_energy(TARIFF, "benchmark", [first, second])
    assert together == [
        *price_energy(TARIFF, "benchmark", [first]),
        *price_energy(TARIFF, "benchmark", [second]),
    ]


def test_half_a_fen_is_rounded_up() -> None:
    assert fen_of(Decimal("0.5"), Decimal("0.01")) == 1
    assert fen_of(Decimal("-0.5"), Decimal("0.01")) == -1


@given(st.integers(-(10**10), 10**10), st.sampled_from(sorted(VAT_RATES, key=lambda r: r.value)))
def test_net_and_vat_add_up_and_the_vat_is_right_to_half_a_fen(gross: int, regime: TaxRegime) -> None:
    rate = VAT_RATES[regime]
    net, vat = split_vat(gross, rate)
    assert net + vat == gross
    assert abs(net * (1 + rate) - gross) <= (1 + rate) / 2


def test_nobody_guesses_who_sells() -> None:
    with pytest.raises(ConfigurationError, match="seller and regime"):
        TARIFF.taxation_on(date(2018, 1, 1))
    assert TARIFF.taxation_on(date(2020, 1, 1)).regime is TaxRegime.EXEMPT


def test_the_counter_of_subsidised_hours_ends_by_hours_or_by_years() -> None:
    counter = subsidy_counter(TARIFF, date(2020, 2, 29), Decimal(300), Decimal(330_000), Decimal(20_000))
    assert (counter.used_hours, counter.left_hours) == (Decimal("21100.0"), Decimal("900.0"))
    assert counter.ends_on == date(2040, 2, 29)
    assert subsidy_counter(TARIFF, date(2020, 2, 29), Decimal(1), Decimal(99_999)).left_hours == 0


@given(
    st.decimals("-0.5", "2", places=4),
    st.decimals("-0.5", "2", places=4),
    st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.integers(2, 31),
)
def test_a_price_that_changes_in_the_month_gives_what_two_statements_give(
    old: Decimal, new: Decimal, before_kwh: int, after_kwh: int, day: int
) -> None:
    changed = date(2026, 1, day)
    both = Tariff(
        "p",
        (
            PriceComponent("benchmark", date(2020, 1, 1), old),
            PriceComponent("benchmark", changed, new),
        ),
    )
    first = Segment(date(2026, 1, 1), changed - timedelta(days=1), Decimal(before_kwh))
    second = Segment(changed, date(2026, 1, 31), Decimal(after_kwh))
    together = price_energy(both, "benchmark", [first, second])
    assert together == [fen_of(Decimal(before_kwh), old), fen_of(Decimal(after_kwh), new)]
    assert together == [*price_energy(both, "benchmark", [first]), *price_energy(both, "benchmark", [second])]
