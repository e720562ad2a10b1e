"""The sky: right by the sun, coherent over the district, without memory."""

from datetime import UTC, datetime

import numpy as np
import pytest

from domain.sun import clear_sky_ghi, sun_position
from simulator.sky import Sky
from tests.simulator.builders import plant

DAY = datetime(2026, 6, 20, tzinfo=UTC).timestamp()


def sky(count: int = 2, seed: int = 1, apart: float = 0.02) -> Sky:
    return Sky([plant(n, latitude=33.8, longitude=109.9 + apart * n) for n in range(count)], seed)


def lit_instants(one: Sky, step_s: float = 300.0) -> np.ndarray:
    first, last = one.light_span_s(one.solar_day(DAY))
    return np.arange(first, last, step_s)


def test_the_clear_sky_agrees_with_the_simple_formula_of_the_district() -> None:
    one = sky(1)
    at = lit_instants(one)
    elevation, _ = sun_position(at, 33.8, 109.9)
    high = elevation > 35
    day = one._clear_day(one.solar_day(DAY))
    grid = one.day_start_s(one.solar_day(DAY)) + 900.0 * np.arange(97)
    ours = np.interp(at, grid, (day.beam_ghi + day.diffuse_ghi)[:, 0])
    assert np.abs(ours[high] / clear_sky_ghi(elevation[high]) - 1.0).max() < 0.12


def test_night_is_dark_and_inverters_sleep() -> None:
    one = sky()
    midnight = np.array([one.day_start_s(one.solar_day(DAY))])
    dark = one.conditions(midnight)
    assert dark.poa_w_m2.max() == 0.0
    assert not dark.awake.any()


def test_light_never_exceeds_what_edges_of_clouds_can_give() -> None:
    one = sky(4)
    light = one.conditions(lit_instants(one))
    assert (light.poa_w_m2 >= 0).all()
    assert light.poa_w_m2.max() < 1300.0
    assert (light.poa_w_m2 <= light.clear_poa_w_m2 * 1.6 + 1.0).all()


def test_an_instant_is_the_same_alone_and_in_company() -> None:
    one = sky()
    at = lit_instants(one)
    together = one.conditions(at)
    alone = sky().conditions(at[57:58])
    assert np.array_equal(together.poa_w_m2[57], alone.poa_w_m2[0])


def test_neighbours_see_the_same_clouds_more_than_distant_plants_do() -> None:
    near, far = [], []
    for seed in range(6):
        one = Sky([plant(0, longitude=109.60), plant(1, longitude=109.61), plant(2, longitude=110.20)], seed)
        at = lit_instants(one, 60.0)
        light = one.conditions(at)
        # minutes against the hour around them: the clouds themselves, not the weather they share
        index = light.poa_w_m2 / (light.clear_poa_w_m2 + 50.0)
        kernel = np.ones(60) / 60
        quick = np.stack([row - np.convolve(row, kernel, "same") for row in index.T])[:, 60:-60]
        if quick.std(axis=1).min() < 0.01:
            continue
        near.append(np.corrcoef(quick[0], quick[1])[0, 1])
        far.append(np.corrcoef(quick[0], quick[2])[0, 1])
    assert np.mean(near) > 0.5
    assert np.mean(near) > np.mean(far) + 0.3


def test_another_seed_is_another_weather() -> None:
    at = lit_instants(sky())
    assert not np.allclose(sky(seed=1).conditions(at).poa_w_m2, sky(seed=2).conditions(at).poa_w_m2)


def test_a_year_gives_the_irradiation_of_the_region() -> None:
    one = sky(2, seed=5)
    first = one.solar_day(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    days = [one.conditions(np.arange(*one.light_span_s(first + d), 900.0)) for d in range(0, 365, 9)]
    kwh = np.mean([day.poa_w_m2[:, 0].sum() * 900.0 / 3.6e6 for day in days])
    assert 3.2 < kwh < 4.9  # kWh/m2 a day on the tilted plane


def test_winter_is_cold_and_summer_is_warm() -> None:
    one = sky()
    january, july = (
        one.conditions(
            np.arange(24, dtype=np.float64) * 3600.0 + datetime(2026, month, 15, tzinfo=UTC).timestamp()
        ).ambient_c.mean()
        for month in (1, 7)
    )
    assert -6 < january < 7
    assert 19 < july < 31


@pytest.mark.parametrize("hour", [0, 6, 12, 18])
def test_the_grid_stays_near_fifty_hertz(hour: int) -> None:
    at = DAY + hour * 3600.0 + np.arange(600, dtype=np.float64) * 5.0
    frequency = sky().frequency_hz(at)
    assert 49.9 < frequency.min() < frequency.max() < 50.1
