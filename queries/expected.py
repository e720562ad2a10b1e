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
SYSTEM_FACTOR = 0.86  # wiring, dirt, temperature and conversion together, for a limit that is seldom passed
LOW_QUANTILE, HIGH_QUANTILE = 0.25, 0.75
LEAST_PEERS = 3


def clear_sky_power_kw(plant: Plant, epoch_s: Floats) -> Floats:
    """Return the power of ``plant`` under a cloudless sky. [kW]

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
    irradiance = np.minimum(beam + sky + ground, 1200.0)
    power = plant.dc_capacity_kw * SYSTEM_FACTOR * irradiance / 1000.0
    return np.minimum(np.where(elevation_deg > 0, power, 0.0), plant.ac_capacity_kw)


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
