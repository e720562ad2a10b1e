"""Did the energy come back: worked cases, what cannot be said, and kWh against a made truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.recovery import EnergySpan, recovery
from tests.cases.builders import START

SUNNY = EnergySpan(100.0, 100.0)


def test_a_stopped_inverter_that_runs_again_won_back_all_it_gives() -> None:
    found = recovery([EnergySpan(0.0, 80.0)], [SUNNY, EnergySpan(49.0, 50.0)], START)
    assert found.recovered is True
    assert found.before_ratio == 0.0
    assert found.after_ratio == pytest.approx(149 / 150)
    assert found.won_back_kwh == pytest.approx(149.0)


def test_one_string_of_eleven_is_enough_to_tell() -> None:
    found = recovery([EnergySpan(90.9, 100.0)], [EnergySpan(99.8, 100.0)], START, [EnergySpan(100.1, 100.0)])
    assert found.recovered is True
    assert found.won_back_kwh == pytest.approx(8.9)


def test_an_unchanged_part_did_not_recover_and_says_so() -> None:
    found = recovery([EnergySpan(90.9, 100.0)], [EnergySpan(91.0, 100.0)], START, [SUNNY])
    assert (found.recovered, found.reason) == (False, "still_low")


def test_a_part_that_is_always_weaker_than_its_neighbours_is_judged_by_itself() -> None:
    weak = [EnergySpan(80.0, 100.0)]
    assert recovery([EnergySpan(0.0, 100.0)], weak, START, weak).recovered is True
    assert recovery([EnergySpan(0.0, 100.0)], weak, START).recovered is False


def test_a_dark_day_says_nothing() -> None:
    found = recovery([EnergySpan(0.0, 80.0)], [EnergySpan(2.0, 2.0)], START)
    assert (found.recovered, found.won_back_kwh, found.reason) == (None, None, "too_little_sun")


def test_missing_energy_is_not_zero_energy() -> None:
    found = recovery([EnergySpan(0.0, 80.0)], [EnergySpan(None, 50.0), SUNNY], START)
    assert found.after_ratio == pytest.approx(1.0)
    assert found.won_back_kwh == pytest.approx(100.0)
    silent = recovery([EnergySpan(0.0, 80.0)], [EnergySpan(None, 50.0)], START)
    assert silent.recovered is None


def test_without_a_before_only_the_level_is_judged() -> None:
    found = recovery([], [SUNNY], START)
    assert (found.recovered, found.won_back_kwh, found.reason) == (True, None, "before_unknown")


@given(
    broken=st.floats(0.0, 0.95),
    days=st.lists(st.floats(20.0, 400.0), min_size=2, max_size=10),
    seed=st.integers(0, 1000),
)
def test_energy_won_back_is_the_truth_within_five_percent_of_what_the_part_gives(
    broken: float, days: list[float], seed: int
) -> None:
    noise = np.random.default_rng(seed).normal(0.0, 0.01, len(days))
    after = [EnergySpan(day, day * (1 + wrong)) for day, wrong in zip(days, noise, strict=True)]
    found = recovery([EnergySpan(broken * 200.0, 200.0)], after, START)
    truth_kwh = sum(days) * (1 - broken)
    if found.won_back_kwh is not None:
        assert found.won_back_kwh == pytest.approx(truth_kwh, abs=0.05 * sum(days))
