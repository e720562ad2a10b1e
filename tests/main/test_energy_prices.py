"""The price the engine works with: by the day of the energy, in the two parts that are paid apart."""

from datetime import date
from decimal import Decimal

import pytest

from domain.price import EnergyPrice
from main.energy_prices import prices_of
from revenue.tariff import PriceComponent, Tariff, Tariffs
from tests.alerts.builders import plant

PRICES = (
    PriceComponent("benchmark", date(2017, 1, 1), Decimal("0.3545")),
    PriceComponent("subsidy", date(2017, 1, 1), Decimal("0.4955")),
    PriceComponent("benchmark", date(2026, 6, 1), Decimal("0.3300")),
    PriceComponent("certificate", date(2026, 6, 1), Decimal("0.0100")),
)


@pytest.mark.parametrize(
    ("day", "parts"),
    [
        (date(2016, 12, 31), None),
        (date(2026, 5, 31), ("35.45", "49.55")),
        (date(2026, 6, 1), ("34.00", "49.55")),
    ],
)
def test_a_price_is_that_of_the_day_of_the_energy(day: date, parts: tuple[str, str] | None) -> None:
    one = plant()
    found = prices_of(Tariffs({"p1": Tariff("p1", PRICES)}), {"p1": one})("p1", day)
    assert found == (None if parts is None else EnergyPrice(Decimal(parts[0]), Decimal(parts[1])))


def test_a_subsidy_is_nothing_after_its_years() -> None:
    one = plant()
    price_of = prices_of(Tariffs({"p1": Tariff("p1", PRICES, subsidised_years=20)}), {"p1": one})
    ends = one.grid_date.replace(year=one.grid_date.year + 20)
    found = price_of("p1", ends)
    assert found is not None
    assert found.subsidy_fen == 0
    before = price_of("p1", ends.replace(year=ends.year - 1))
    assert before is not None
    assert before.subsidy_fen == Decimal("49.55")


def test_a_plant_nobody_priced_has_no_price() -> None:
    assert prices_of(Tariffs(), {})("p9", date(2026, 6, 1)) is None
