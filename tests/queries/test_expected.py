"""The two yardsticks of power: clear sky and peers."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
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
    noon = int(np.median(np.flatnonzero(power == power.max())))  # the inverters hold it around noon
    assert 72 <= noon <= 84  # 12:00 to 14:00: the sun stands highest at 12:41 here
    assert 0.6 * plant.ac_capacity_kw < power.max() <= plant.ac_capacity_kw


@pytest.mark.parametrize(
    "start", [datetime(2027, 1, 13, 16, tzinfo=UTC), datetime(2027, 3, 19, 16, tzinfo=UTC)]
)
def test_a_sound_plant_stays_below_the_clear_sky_limit_on_a_clear_cold_day(
    world: Any, start: datetime
) -> None:
    from pvlib import atmosphere, clearsky, irradiance, solarposition

    plant = replace(world.registry.plants[0], tilt_deg=25.0, azimuth_deg=180.0)
    times = pd.date_range(start, periods=144, freq="10min")
    sun = solarposition.get_solarposition(times, plant.latitude, plant.longitude, 750.0)
    zenith, extra = sun["apparent_zenith"], irradiance.get_extra_radiation(start.timetuple().tm_yday + 1)
    mass = atmosphere.get_relative_airmass(zenith)
    thick = atmosphere.get_absolute_airmass(mass, atmosphere.alt2pres(750.0))
    sky = clearsky.ineichen(zenith, thick, 2.2, 750.0, extra)
    light = irradiance.get_total_irradiance(
        25.0, 180.0, zenith, sun["azimuth"], sky["dni"], sky["ghi"], sky["dhi"], extra, mass, model="perez"
    )["poa_global"].fillna(0.0)
    cell_c = -5.0 + 0.03 * light  # a clear frosty day
    sound = plant.dc_capacity_kw * 0.92 * light / 1000.0 * (1.0 - 0.0035 * (cell_c - 25.0))
    instants: Any = start.timestamp() + np.arange(144) * 600.0
    limit = clear_sky_power_kw(plant, instants)
    bright = np.asarray(light > 200.0)
    told = np.minimum(sound.to_numpy(), plant.ac_capacity_kw)
    assert bright.sum() > 30
    assert (told[bright] <= limit[bright] + 1e-9).all()
    assert (limit[bright] <= 1.35 * told[bright]).all(), "a limit far above everything says nothing"


def test_modules_turned_to_the_west_peak_later(world: Any) -> None:
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
