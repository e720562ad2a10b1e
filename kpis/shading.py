"""Which steps a unit stands in a recurring shadow: the same half hour, low on most clear days, the day itself not.

The yardstick is the power of its healthy peers, or its own model of light: a mountain that shades all units and
the sensor alike lowers what is expected, and is no loss (`kpis.horizon`).
"""

import numpy as np
from numpy.typing import NDArray

from domain.series import Floats, PlantSeries
from kpis.medians import middle
from kpis.series_days import Days

Mask = NDArray[np.bool_]
SLOT_S = 1800
DENT = 0.15  # of the slot's expectation (F32)
_CLEAR = 0.6  # of clear-sky light
_CLEAR_DAYS, _OF_DAYS = 5, 10
_ELEVATION_DEG = 3.0
_DAY_S = 86_400


def in_shade(series: PlantSeries, days: Days, power: Floats | None, reference: Floats, idle: Mask) -> Mask:
    """Return the steps of recurring shadow; ``idle`` steps (stopped, limited) tell nothing."""
    shaded = np.zeros(len(reference), dtype=np.bool_)
    if power is None:
        return shaded
    with np.errstate(invalid="ignore", divide="ignore"):
        told = _clear(series) & ~idle & (reference > 0)
        ratio = np.where(told, power / reference, np.nan)
    slot = series.instants.astype("datetime64[s]").astype(np.int64) % _DAY_S // SLOT_S
    told &= ~np.isnan(ratio)
    cells = _DAY_S // SLOT_S
    key = days.codes * cells + slot
    shape = (len(days.days), cells)
    wanted, made = (
        np.bincount(key[told], weights=values[told], minlength=shape[0] * cells).reshape(shape)
        for values in (reference, power)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        by_slot = np.where(wanted > 0, made / wanted, np.nan)
        whole = np.nan_to_num(middle(by_slot), nan=1.0)
    low = by_slot < (1.0 - DENT) * whole[:, None]
    return np.asarray((low & _recurring(low, ~np.isnan(by_slot))).reshape(-1)[key] & ~idle)


def _clear(series: PlantSeries) -> Mask:
    light = series.irradiance_poa_w_m2
    high = series.sun_elevation_deg > _ELEVATION_DEG
    if light is None:
        return np.asarray(high)
    with np.errstate(invalid="ignore"):
        return np.asarray(high & (light > _CLEAR * series.clear_sky_poa_w_m2))


def _recurring(low: Mask, known: Mask) -> Mask:
    """Return where a slot is low on most of its last ten clear days, or will be on most of the next ten."""
    found = np.zeros_like(low)
    for slot in np.flatnonzero(low.any(axis=0)):
        where = np.flatnonzero(known[:, slot])
        total = np.concatenate([[0], np.cumsum(low[where, slot])])
        place = np.arange(len(where))
        back = total[1:] - total[np.maximum(place + 1 - _OF_DAYS, 0)]
        ahead = total[np.minimum(place + _OF_DAYS, len(where))] - total[:-1]
        found[where, slot] = np.maximum(back, ahead) >= _CLEAR_DAYS
    return found
