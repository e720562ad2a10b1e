"""Our small sun is held against pvlib's large one."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pvlib
import pytest

from domain.sun import clear_sky_ghi, sun_elevation, sun_position, sunrise_sunset
from domain.timespan import local_day

LATITUDE, LONGITUDE = 33.87, 109.94


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(LATITUDE, LONGITUDE), (34.2, 109.5), (-21.3, 55.5), (0.0, 0.0)]
)
def test_the_sun_stands_where_pvlib_says(latitude: float, longitude: float) -> None:
    instants = pd.date_range("2018-01-01", "2035-12-31", freq="1237min", tz="UTC", unit="ns")
    reference = pvlib.solarposition.get_solarposition(instants, latitude, longitude)
    elevation, azimuth = sun_position(instants.asi8 / 1e9, latitude, longitude)
    assert np.abs(elevation - reference["elevation"].to_numpy()).max() < 0.02
    up = (reference["elevation"].to_numpy() > 0) & (reference["elevation"].to_numpy() < 80)
    turned = (azimuth - reference["azimuth"].to_numpy() + 180) % 360 - 180
    assert np.abs(turned[up]).max() < 0.1


def test_a_clear_sky_is_haurwitz_but_for_the_last_digit_of_his_exponent() -> None:  # 0.057; 0.059 in pvlib
    elevation = np.linspace(0.5, 90, 200)
    reference = pvlib.clearsky.haurwitz(pd.Series(90 - elevation))["ghi"].to_numpy()
    assert np.abs(clear_sky_ghi(elevation) - reference).max() < 2.5


def test_there_is_no_light_below_the_horizon() -> None:
    assert clear_sky_ghi([-90.0, -1.0, 0.0]).tolist() == [0.0, 0.0, 0.0]


def test_places_and_instants_broadcast() -> None:
    elevation, azimuth = sun_position(np.arange(5) * 3600.0, np.full((3, 1), LATITUDE), LONGITUDE)
    assert elevation.shape == azimuth.shape == (3, 5)


def test_one_instant_gives_one_number() -> None:
    noon = datetime(2026, 6, 21, 4, 40, tzinfo=UTC)
    assert sun_elevation(noon, LATITUDE, LONGITUDE) == pytest.approx(79.5, abs=0.5)


@pytest.mark.parametrize("day", [date(2026, 3, 21), date(2026, 6, 21), date(2026, 12, 21)])
def test_sunrise_and_sunset_are_the_first_and_last_minute_above_the_horizon(day: date) -> None:
    found = sunrise_sunset(day, LATITUDE, LONGITUDE)
    assert found is not None
    minute = timedelta(minutes=1)
    rise, fall = found
    around = pd.DatetimeIndex([rise - minute, rise, fall, fall + minute]).as_unit("ns")
    elevation = pvlib.solarposition.get_solarposition(around, LATITUDE, LONGITUDE)["elevation"]
    assert (elevation > -0.833).tolist() == [False, True, True, False]
    assert rise in local_day(day)
    assert fall in local_day(day)


def test_there_is_no_sunrise_in_the_polar_night() -> None:
    assert sunrise_sunset(date(2026, 12, 21), 78.0, 15.0, "Arctic/Longyearbyen") is None
