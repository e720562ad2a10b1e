"""Energy says how complete it is, and does not know means None."""

from dataclasses import FrozenInstanceError
from datetime import date

import pytest

from domain.energy import CounterEnergy, DailyEnergy, MeteredEnergy
from domain.timespan import local_day

JULY_FIRST = date(2026, 7, 1)


def test_counter_energy_without_trouble_has_none_to_report() -> None:
    energy = CounterEnergy(energy_wh=12_000.0, readings=288)
    assert (energy.resets, energy.spikes, energy.catch_up_wh) == (0, 0, 0.0)


def test_energy_that_is_not_known_is_none_and_not_zero() -> None:
    unknown = MeteredEnergy("p001", local_day(JULY_FIRST), None, None)
    assert unknown.energy_kwh is None
    assert unknown.energy_kwh != 0


def test_nothing_is_estimated_unless_said() -> None:
    assert MeteredEnergy("p001", local_day(JULY_FIRST), 1.0, 1.0).estimated_share == 0.0


def test_a_day_of_energy_cannot_be_changed_afterwards() -> None:
    day = DailyEnergy("p001", JULY_FIRST, 100.0, 98.0, 21, 21, 1.0)
    with pytest.raises(FrozenInstanceError):
        day.produced_energy_kwh = 0.0  # type: ignore[misc]


def test_equal_facts_are_equal() -> None:
    assert MeteredEnergy("p001", local_day(JULY_FIRST), 1.0, 1.0) == MeteredEnergy(
        "p001", local_day(JULY_FIRST), 1.0, 1.0
    )
