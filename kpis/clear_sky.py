"""What a cloudless sky gives in the plane of an array, in plain numpy: quick enough for every plant and year."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.sun import clear_sky_ghi

Floats = NDArray[np.float64]
DIFFUSE_SHARE = 0.14  # of clear-sky global irradiance (ASHRAE clear day, yearly mean)
ALBEDO = 0.2
_IRRADIANCE_MAX_W_M2 = 1200.0
_LOW_SUN = 0.07  # sine of 4 degrees: below it the beam of a model is noise


def incidence_cosine(
    elevation_deg: ArrayLike, sun_azimuth_deg: ArrayLike, tilt_deg: float, azimuth_deg: float
) -> Floats:
    """Return the cosine of the angle between the sun and the normal of the array; 0 behind it."""
    height, tilt = np.radians(np.asarray(elevation_deg, dtype=np.float64)), np.radians(tilt_deg)
    turn = np.radians(np.asarray(sun_azimuth_deg, dtype=np.float64) - azimuth_deg)
    cosine = np.sin(height) * np.cos(tilt) + np.cos(height) * np.sin(tilt) * np.cos(turn)
    return np.asarray(np.maximum(cosine, 0.0))


def clear_sky_poa(
    elevation_deg: ArrayLike, sun_azimuth_deg: ArrayLike, tilt_deg: float, azimuth_deg: float
) -> Floats:
    """Return clear-sky irradiance in the plane of the array. [W/m2]

    Horizontal clear-sky irradiance (Haurwitz 1945) is split by a fixed diffuse share, its beam turned onto the
    plane, its diffuse part taken as isotropic (Liu and Jordan 1963). NaN where the sun's place is not known.
    """
    elevation = np.asarray(elevation_deg, dtype=np.float64)
    ghi = clear_sky_ghi(elevation)
    height = np.sin(np.radians(elevation))
    tilt = np.radians(tilt_deg)
    incidence = incidence_cosine(elevation, sun_azimuth_deg, tilt_deg, azimuth_deg)
    beam = (1.0 - DIFFUSE_SHARE) * ghi * incidence / np.maximum(height, _LOW_SUN)
    sky = DIFFUSE_SHARE * ghi * (1.0 + np.cos(tilt)) / 2.0
    ground = ALBEDO * ghi * (1.0 - np.cos(tilt)) / 2.0
    total = np.minimum(beam + sky + ground, _IRRADIANCE_MAX_W_M2)
    return np.where(np.isnan(elevation), np.nan, np.where(elevation > 0, total, 0.0))
