"""From light to power: rated power holds, losses are those of real inverters, spread is that of real fleets."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.energy import EnergyBook
from simulator.faults import healthy
from simulator.layout import default_inputs, lay_out, mppt_of
from simulator.power import Effects, PowerModel, before_losses, convert, of_plants
from simulator.sky import Sky
from tests.simulator.builders import plant, registry

RATED = np.array([50_000.0])


@given(dc_w=st.floats(0, 2e5))
def test_ac_power_is_never_negative_nor_above_rated_nor_above_dc(dc_w: float) -> None:
    power = convert(np.array([[dc_w]]), RATED)
    assert 0.0 <= power.ac_w[0, 0] <= RATED[0]
    assert power.ac_w[0, 0] <= power.dc_w[0, 0] + 1e-6


@given(ac_w=st.floats(100.0, 50_000.0))
def test_losses_and_their_inverse_agree(ac_w: float) -> None:
    dc = before_losses(np.array([[ac_w]]), RATED)
    assert convert(dc, RATED).ac_w[0, 0] == pytest.approx(ac_w, rel=1e-6)


def test_efficiency_is_best_in_the_middle_and_poor_at_little_light() -> None:
    dc = np.array([[500.0], [25_000.0], [50_000.0]])
    power = convert(dc, RATED)
    efficiency = (power.ac_w / dc)[:, 0]
    assert efficiency[0] < 0.80
    assert 0.980 < efficiency[1] < 0.990
    assert efficiency[2] < efficiency[1]


def test_faults_weaken_limit_and_stop() -> None:
    dc = np.full((1, 3), 40_000.0)
    rated = np.full(3, 50_000.0)
    weak = convert(dc, rated, Effects(dc_factor=np.array([[0.5, 1.0, 1.0]])))
    held = convert(dc, rated, Effects(ac_limit=np.array([[1.0, 0.3, 1.0]])))
    stopped = convert(dc, rated, Effects(running=np.array([[1.0, 1.0, 0.0]])))
    whole = convert(dc, rated).ac_w[0, 0]
    assert weak.ac_w[0, 0] == pytest.approx(whole / 2, rel=0.02)
    assert held.ac_w[0, 1] == 15_000.0
    assert stopped.ac_w[0, 2] == stopped.dc_w[0, 2] == 0.0


@given(strings=st.integers(1, 40), inputs=st.integers(1, 16))
def test_every_string_hangs_on_an_input_and_they_are_dealt_out_evenly(strings: int, inputs: int) -> None:
    hung = [mppt_of(number, strings, inputs) for number in range(strings)]
    assert hung == sorted(hung)
    assert all(0 <= one < inputs for one in hung)
    if strings >= inputs:
        counts = np.bincount(hung, minlength=inputs)
        assert counts.max() - counts.min() <= 1
    assert default_inputs(strings) * 2 >= strings


def test_sums_of_plants_leave_out_plants_without_units() -> None:
    sums = of_plants(np.array([[1.0, 2.0, 4.0]]), np.array([2, 0, 2]), 4)
    assert sums.tolist() == [[2.0, 0.0, 5.0, 0.0]]


def _daily_ratios(seed: int) -> np.ndarray:
    """Daily energy of 60 units in three plants over 34 days, against the median unit of plant and day."""
    field = lay_out(registry(*(plant(n, inverters=20, extras=False) for n in range(3))), seed)
    sky = Sky(field.plants, seed)
    model = PowerModel(field, sky, seed)
    start_s = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
    book = EnergyBook(field, sky, model, healthy(field), start_s)
    first = sky.solar_day(start_s) + 1
    days = np.stack([book.day(first + d).total_wh.reshape(3, 20) for d in range(34)])
    return (days / np.median(days, axis=2, keepdims=True)).ravel()


@pytest.mark.needs("data:india_plant1_22inv")
def test_units_spread_as_those_of_a_recorded_plant(test_data: Path) -> None:
    table = pd.read_csv(test_data / "india_plant1_22inv" / "generation.csv.gz", parse_dates=["time"])
    normal = table[~table.inverter.isin(["INV01", "INV12"])]  # the two units known to be weak
    counters = normal.groupby([normal.time.dt.date, "inverter"]).total_yield_kwh
    energy = (counters.max() - counters.min()).unstack()  # noqa: PD010 (a table of days and units)
    recorded = energy.div(energy.median(axis=1), axis=0).to_numpy().ravel()
    recorded = recorded[np.isfinite(recorded)]
    simulated = np.concatenate([_daily_ratios(seed) for seed in (1, 2)])
    quantiles = [0.01, 0.05, 0.50, 0.95]
    expected, found = np.quantile(recorded, quantiles), np.quantile(simulated, quantiles)
    assert (np.abs(found - expected) < [0.025, 0.012, 0.004, 0.008]).all()
    assert found[0] == pytest.approx(0.91, abs=0.025)
    assert found[3] == pytest.approx(1.03, abs=0.008)
