"""What a plant could be expected to give at an instant: two plain yardsticks, neither of them a promise.

The clear-sky limit is computed from the sun's position alone: what the modules would give under a cloudless
sky. The peer band is what the plants around it really gave, scaled to its size: clouds that cover all of
them are in it, so it tells a cloudy day from a broken plant.
"""

import numpy as np
from numpy.typing import NDArray

from domain.plant import Plant
from domain.sun import clear_sky_ghi, sun_position

Floats = NDArray[np.float64]
DIFFUSE_SHARE = 0.14  # of clear-sky global irradiance (ASHRAE clear day, yearly mean)
ALBEDO = 0.2
# A limit is what a plant without a fault cannot pass, so each factor is the best of its kind and not the usual one.
SYSTEM_FACTOR = (
    0.93  # clean modules: mismatch 0.98, wiring 0.98 (PVWatts, Dobos 2014, least), conversion 0.97
)
# Haurwitz fits mean air at sea level. Clear winter air in the Qinling gives up to 1.12 to 1.14 of it on modules at 25
# degrees (pvlib: Ineichen and Perez 2002 with Linke turbidity 2.2 at 750 m, light on the plane after Perez 1990).
CLEAN_AIR = 1.14
# Power of silicon modules falls by 0.35 % a kelvin of cell temperature (data sheets: 0.29 to 0.40), counted from 25.
POWER_PER_K, REFERENCE_C = -0.0035, 25.0
ROSS_K_M2_W = 0.025  # cell above air by light: a well cooled array (Ross 1976: 0.02 to 0.04)
# Air of the year in Shangzhou (January 0.4, July 25 degrees) less a cold snap: below it few bright hours fall.
AIR_MEAN_C, AIR_SWING_C, COLDEST_DAY, COLD_SNAP_K = 12.8, 12.4, 18.0, 10.0
_DAY_S, _YEAR_D = 86_400.0, 365.25
LOW_QUANTILE, HIGH_QUANTILE = 0.25, 0.75
LEAST_PEERS = 3


def clear_sky_power_kw(plant: Plant, epoch_s: Floats) -> Floats:
    """Return the most that ``plant`` would give under a cloudless sky: clean cold air, clean cold modules. [kW]

    Horizontal clear-sky irradiance (Haurwitz 1945) is split by a fixed diffuse share, its beam turned onto
    the module plane, its diffuse part taken as isotropic (Liu and Jordan 1963); the inverters limit the rest.
    """
    elevation_deg, azimuth_deg = sun_position(epoch_s, plant.latitude, plant.longitude)
    ghi = clear_sky_ghi(elevation_deg)
    height, tilt = np.radians(elevation_deg), np.radians(plant.tilt_deg)
    turn = np.radians(azimuth_deg - plant.azimuth_deg)
    incidence = np.sin(height) * np.cos(tilt) + np.cos(height) * np.sin(tilt) * np.cos(turn)
    beam = (1.0 - DIFFUSE_SHARE) * ghi * np.maximum(incidence, 0.0) / np.maximum(np.sin(height), 0.07)
    sky = DIFFUSE_SHARE * ghi * (1.0 + np.cos(tilt)) / 2.0
    ground = ALBEDO * ghi * (1.0 - np.cos(tilt)) / 2.0
    irradiance = np.minimum(CLEAN_AIR * (beam + sky + ground), 1200.0)
    power = plant.dc_capacity_kw * SYSTEM_FACTOR * _cold(epoch_s, irradiance) * irradiance / 1000.0
    return np.minimum(np.where(elevation_deg > 0, power, 0.0), plant.ac_capacity_kw)


def _cold(epoch_s: Floats, irradiance_w_m2: Floats) -> Floats:
    """Return power over that at 25 degrees of modules on a cold day of the season."""
    season = np.cos(2.0 * np.pi * (epoch_s / _DAY_S - COLDEST_DAY) / _YEAR_D)
    cell_c = AIR_MEAN_C - AIR_SWING_C * season - COLD_SNAP_K + ROSS_K_M2_W * irradiance_w_m2
    return np.asarray(1.0 + POWER_PER_K * (cell_c - REFERENCE_C))


def peer_band(normalised: Floats) -> tuple[Floats, Floats]:
    """Return low and high of what peers gave, per instant, as a share of AC capacity.

    Parameters
    ----------
    normalised : array of shape (peers, instants)
        Power over AC capacity, NaN where a peer did not report.

    Returns
    -------
    low, high : arrays of shape (instants,)
        Quartiles; NaN where fewer than three peers reported.
    """
    if normalised.shape[0] < LEAST_PEERS:
        nothing = np.full(normalised.shape[1], np.nan)
        return nothing, nothing.copy()
    known = np.isfinite(normalised)
    enough = known.sum(axis=0) >= LEAST_PEERS
    low = np.full(normalised.shape[1], np.nan)
    high = low.copy()
    if enough.any():
        low[enough], high[enough] = np.nanquantile(
            normalised[:, enough], [LOW_QUANTILE, HIGH_QUANTILE], axis=0
        )
    return low, high
