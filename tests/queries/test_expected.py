"""The two yardsticks of power: clear sky and peers."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from queries.expected import clear_sky_power_kw, peer_band

MIDNIGHT_S = datetime(2026, 6, 17, 16, tzinfo=UTC).timestamp()
DAY_S: Any = MIDNIGHT_S + np.arange(144, dtype=np.float64) * 600.0


def test_a_cloudless_day_begins_and_ends_dark_and_peaks_around_solar_noon(world: Any) -> None:
    plant = world.registry.plants[0]
    power = clear_sky_power_kw(plant, DAY_S)
    assert power[:30].max() == 0
    assert power[-20:].max() == 0
    noon = int(np.argmax(power))
    assert 72 <= noon <= 84  # 12:00 to 14:00: the sun stands highest at 12:41 here
    assert 0.6 * plant.ac_capacity_kw < power.max() <= plant.ac_capacity_kw


def test_modules_turned_to_the_west_peak_later(world: Any) -> None:
    from dataclasses import replace

    plant = world.registry.plants[0]
    west = clear_sky_power_kw(replace(plant, azimuth_deg=250.0), DAY_S)
    east = clear_sky_power_kw(replace(plant, azimuth_deg=110.0), DAY_S)
    hours = np.arange(144)
    assert (west * hours).sum() / west.sum() > (east * hours).sum() / east.sum() + 3


def test_two_peers_are_no_band_and_gaps_are_not_noughts() -> None:
    low, high = peer_band(np.full((2, 4), 0.5))
    assert np.isnan(low).all()
    assert np.isnan(high).all()
    values = np.array([[0.2, np.nan], [0.4, 0.4], [0.6, 0.6], [0.8, np.nan]])
    low, high = peer_band(values)
    assert low[0] == np.quantile([0.2, 0.4, 0.6, 0.8], 0.25)
    assert np.isnan(low[1])
    assert np.isnan(high[1])


@given(st.lists(st.lists(st.floats(0, 1), min_size=6, max_size=6), min_size=3, max_size=12))
def test_the_band_lies_between_the_least_and_the_most_of_the_peers(rows: Any) -> None:
    values = np.array(rows)
    low, high = peer_band(values)
    assert (low <= high + 1e-12).all()
    assert (low >= values.min(axis=0) - 1e-12).all()
    assert (high <= values.max(axis=0) + 1e-12).all()
