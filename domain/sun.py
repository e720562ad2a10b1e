"""Where the sun is and what a clear sky gives, in numpy.

Position: the low-precision formulas of the Astronomical Almanac (Michalsky 1988, Solar Energy 40(3)),
good to about 0.01 degrees between 1950 and 2050, refraction left out. Clear sky: Haurwitz (1945), global
horizontal only. Poller, alerts and pages need "is it day" without a heavy library; a test holds both
against pvlib.
"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.timespan import DEFAULT_ZONE, local_day

Floats = NDArray[np.float64]
_J2000_EPOCH_S = 946_728_000.0  # 2000-01-01 12:00 UTC


def sun_position(epoch_s: ArrayLike, latitude: ArrayLike, longitude: ArrayLike) -> tuple[Floats, Floats]:
    """Return elevation and azimuth of the sun. [degrees], [degrees clockwise from north]

    Parameters broadcast: ``epoch_s`` in seconds of the Unix epoch, places in degrees (north, east).
    """
    days = (np.asarray(epoch_s, dtype=np.float64) - _J2000_EPOCH_S) / 86_400.0
    mean_longitude = np.mod(280.460 + 0.9856474 * days, 360.0)
    mean_anomaly = np.radians(np.mod(357.528 + 0.9856003 * days, 360.0))
    ecliptic = np.radians(mean_longitude + 1.915 * np.sin(mean_anomaly) + 0.020 * np.sin(2 * mean_anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    sidereal_h = 6.697375 + 0.0657098242 * days + np.mod(days + 0.5, 1.0) * 24.0
    local_sidereal = np.radians(np.mod(sidereal_h * 15.0 + np.asarray(longitude), 360.0))
    hour_angle = local_sidereal - right_ascension
    phi = np.radians(np.asarray(latitude, dtype=np.float64))
    elevation = np.arcsin(
        np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    )
    azimuth = np.arctan2(
        -np.cos(declination) * np.sin(hour_angle),
        np.sin(declination) * np.cos(phi) - np.cos(declination) * np.sin(phi) * np.cos(hour_angle),
    )
    return np.degrees(elevation), np.mod(np.degrees(azimuth), 360.0)


def clear_sky_ghi(elevation_deg: ArrayLike) -> Floats:
    """Return global horizontal irradiance of a clear sky. [W/m2] (Haurwitz 1945)"""
    sine = np.sin(np.radians(np.asarray(elevation_deg, dtype=np.float64)))
    up = np.maximum(sine, 1e-6)
    return np.where(sine > 0, 1098.0 * up * np.exp(-0.057 / up), 0.0)


def sun_elevation(at: datetime, latitude: float, longitude: float) -> float:
    """Return the sun's elevation at one instant and place. [degrees]"""
    elevation, _ = sun_position(at.timestamp(), latitude, longitude)
    return float(elevation)


def sunrise_sunset(
    day: date, latitude: float, longitude: float, zone: str = DEFAULT_ZONE
) -> tuple[datetime, datetime] | None:
    """Return first and last minute of local ``day`` with the sun above -0.83 degrees, None in polar night."""
    start = local_day(day, zone).start
    epoch_s = start.timestamp() + np.arange(1440) * 60.0
    elevation, _ = sun_position(epoch_s, latitude, longitude)
    up = np.flatnonzero(elevation > -0.833)
    if up.size == 0:
        return None
    origin = start.astimezone(UTC)
    return origin + timedelta(minutes=int(up[0])), origin + timedelta(minutes=int(up[-1]))
