"""Energy of every step: the parts add up to the counter, whatever happened in between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.series import Flag
from kpis.energy import CounterLimits
from kpis.series_energy import StepEnergy, energy_of_counter, step_energy
from tests.kpis.series import rows, series

LIMITS = CounterLimits(50_000.0)


def _of(values: list[float], light: list[float] | None = None, step_s: float = 900.0) -> StepEnergy:
    sky = np.full(len(values), np.nan) if light is None else np.array(light)
    return energy_of_counter(np.array(values), step_s, LIMITS, sky)


def test_a_silence_is_shared_as_the_clear_sky_would_and_is_estimated() -> None:
    nan = np.nan
    told = _of([0.0, nan, nan, nan, 8000.0, 9000.0], [0.0, 100.0, 300.0, 400.0, 0.0, 0.0])
    np.testing.assert_allclose(told.energy_wh[:5], [0, 1000, 3000, 4000, 1000], atol=0.1)
    assert told.estimated.tolist() == [True] * 4 + [False, False]
    assert told.flags is not None
    assert told.flags[4] == Flag.CATCH_UP.value


def test_noughts_inside_a_counter_are_misreads_and_cost_nothing() -> None:
    told = _of([5_000_000.0, 5_001_000.0, 0.0, 0.0, 5_004_000.0, 5_005_000.0])
    assert np.nansum(told.energy_wh) == pytest.approx(5000)
    assert told.flags is not None
    assert told.flags.tolist() == [0, 0, Flag.OUTLIER.value, Flag.OUTLIER.value, Flag.CATCH_UP.value, 0]


def test_a_counter_that_starts_anew_loses_only_the_step_in_which_it_did() -> None:
    told = _of([9_000_000.0, 9_001_000.0, 500.0, 1500.0])
    assert told.energy_wh[0] == pytest.approx(1000)
    assert np.isnan(told.energy_wh[1])
    assert told.energy_wh[2] == pytest.approx(1000)
    assert told.flags is not None
    assert told.flags[2] == Flag.COUNTER_RESET.value


def test_a_rise_no_device_can_make_is_left_out() -> None:
    told = _of([0.0, 1000.0, 9_000_000.0, 9_001_000.0])
    assert np.nansum(told.energy_wh) == pytest.approx(2000)


def test_without_a_counter_energy_is_power_and_a_missing_sample_is_not_nought() -> None:
    made = series(rows("inv-01", step_s=900, ac_active_power_w=[4000.0, np.nan, 8000.0]))
    told = step_energy(made, made.devices["inv-01"])
    np.testing.assert_array_equal(told.energy_wh, [1000.0, np.nan, 2000.0])
    assert told.source == "power"


@given(st.lists(st.tuples(st.floats(0, 10_000), st.booleans()), min_size=2, max_size=60))
def test_the_steps_always_add_up_to_the_counter(steps: list[tuple[float, bool]]) -> None:
    values = np.cumsum([rise for rise, _ in steps])
    seen = values.copy()
    seen[[i for i, (_, silent) in enumerate(steps) if silent and 0 < i < len(steps) - 1]] = np.nan
    told = energy_of_counter(seen, 900.0, LIMITS, np.linspace(0, 900, len(seen)))
    np.testing.assert_allclose(np.nansum(told.energy_wh), values[-1] - values[0], atol=1e-6)
