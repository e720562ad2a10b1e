"""What dirt takes of each day, for the ledger: from the plant's own light and the power of its middle inverter.

Dirt lies on all units of a plant, so peers do not show it, and a unit's own model follows it slowly. What a clean
plant would give is therefore what is expected, raised by the share the plant's index has slid since it last rose.
A lent sky errs by more than dirt costs: without an own sensor nothing is said.
"""

import numpy as np

from domain.series import Floats, PlantSeries
from kpis.expected import inverters_of, limited, power_table
from kpis.series_days import Days
from kpis.slow_changes import slides_by_day

_OWN = frozenset({"own", "own_ghi", "file"})
_DAYS_MIN = 20
_BRIGHT_W_M2 = 200.0
_GAMMA_PER_C = -0.004
_HOURS_MIN = 2.0
_ODD = 0.15  # a day this far below the median of the two weeks about it was no matter of dirt
_ABOUT = 7


def dirt_by_day(series: PlantSeries, days: Days) -> Floats:
    """Return the share of clean energy that dirt takes on each day; 0 where nothing tells of any.

    Where it was looked for before (``PlantSeries.dirt_share``) it is taken from there.
    """
    found = np.zeros(len(days.days))
    if series.dirt_share is not None:
        found[days.codes] = series.dirt_share
        return found
    if series.irradiance_source not in _OWN or series.irradiance_poa_w_m2 is None:
        return found
    index = _index(series, days)
    known = np.flatnonzero(~np.isnan(index) & ~_odd(index))
    if len(known) < _DAYS_MIN:
        return found
    share = slides_by_day(index[known], known)
    place = np.clip(np.searchsorted(known, np.arange(len(found)), side="right") - 1, 0, None)
    return np.asarray(share[place])


def _index(series: PlantSeries, days: Days) -> Floats:
    """Return energy over light at 25 degrees by day, of the middle inverter; NaN below two bright hours."""
    units = inverters_of(series)
    light, warm = series.irradiance_poa_w_m2, series.module_temperature_c
    assert light is not None
    if not units:
        return np.full(len(days.days), np.nan)
    heat = 1.0 if warm is None else 1.0 + _GAMMA_PER_C * (np.nan_to_num(warm, nan=25.0) - 25.0)
    with np.errstate(invalid="ignore"):
        bright = light > _BRIGHT_W_M2
    rows = []
    for row, device in zip(power_table(units), units.values(), strict=True):
        told = bright & ~np.isnan(row) & ~limited(device)
        hours = np.nan_to_num(days.sums(np.where(told, series.step_s / 3600.0, np.nan)))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = days.sums(row, where=told) / days.sums(light * heat, where=told)
        rows.append(np.where(hours >= _HOURS_MIN, ratio, np.nan) / _usual(ratio))
    table = np.vstack(rows)
    found = np.full(table.shape[1], np.nan)
    said = ~np.isnan(table).all(axis=0)
    found[said] = np.nanmedian(table[:, said], axis=0)
    return found


def _usual(ratio: Floats) -> float:
    known = ratio[np.isfinite(ratio) & (ratio > 0)]
    return float(np.median(known)) if len(known) else np.nan


def _odd(index: Floats) -> np.ndarray:
    """Return days far below those about them: an outage, snow, a fault of the sensor."""
    padded = np.pad(index, _ABOUT, constant_values=np.nan)
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * _ABOUT + 1)
    middle = np.full(len(index), np.nan)
    said = ~np.isnan(views).all(axis=1)
    middle[said] = np.nanmedian(views[said], axis=1)
    return np.asarray(np.nan_to_num(index) < (1.0 - _ODD) * np.nan_to_num(middle))


def cleaned(reference: Floats, power: Floats | None, days: Days, dirt: Floats, *, by_peers: bool) -> Floats:
    """Return what a clean unit would give.

    Peers are as dirty as the unit; a unit's own model is dirty by what it has learnt of the slide, so what it
    already finds missing, at most the dirt, is not raised again.
    """
    if not (dirt > 0).any():
        return reference
    seen = np.zeros(len(dirt))
    if not by_peers and power is not None:
        told = ~np.isnan(power) & (reference > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            missing = 1.0 - days.sums(power, where=told) / days.sums(reference, where=told)
        seen = np.clip(np.nan_to_num(missing), 0.0, dirt)
    return np.asarray(reference * ((1.0 - seen) / (1.0 - dirt))[days.codes])
