"""What a plant's day is made of."""

from datetime import date

import pytest

from domain.plant import Capacity
from kpis.daily import daily_kpi, hours_at, plant_energy
from kpis.energy import DayEnergy

DAY = date(2026, 7, 1)
CAPACITY = Capacity(date(2020, 1, 1), dc_capacity_kw=120.0, ac_capacity_kw=100.0)


def energies(**wh: float | None) -> dict[tuple[str, date], DayEnergy]:
    return {(name, DAY): DayEnergy(value) for name, value in wh.items()}


def test_produced_energy_is_the_sum_of_the_inverters_that_can_be_told() -> None:
    found = plant_energy("p", DAY, ["a", "b", "c"], ["m"], energies(a=1000.0, b=500.0, c=None, m=1400.0), 0.9)
    assert found.produced_energy_kwh == 1.5
    assert (found.devices_reporting, found.devices_expected) == (2, 3)
    assert found.exported_energy_kwh == 1.4


def test_nothing_known_is_none_not_zero() -> None:
    found = plant_energy("p", DAY, ["a"], ["m"], {}, None)
    assert found.produced_energy_kwh is None
    assert found.exported_energy_kwh is None
    kpi = daily_kpi(found, CAPACITY)
    assert (kpi.final_yield_h, kpi.equivalent_hours_h) == (None, None)


def test_half_of_an_export_is_no_export() -> None:
    assert plant_energy("p", DAY, [], ["m", "n"], energies(m=5.0), None).exported_energy_kwh is None


def test_yield_is_over_dc_and_equivalent_hours_over_ac_capacity() -> None:
    kpi = daily_kpi(plant_energy("p", DAY, ["a"], ["m"], energies(a=600_000.0, m=550_000.0), 1.0), CAPACITY)
    assert kpi.final_yield_h == pytest.approx(5.0)
    assert kpi.equivalent_hours_h == pytest.approx(5.5)


def test_no_capacity_gives_no_hours() -> None:
    assert hours_at(10.0, 0.0) is None
