"""Which steps a unit runs with strings missing: by the strings' own currents, else by a lasting step of its index."""

import re
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.series import DeviceSeries, Floats, PlantSeries
from kpis.series_days import Days

Mask = NDArray[np.bool_]
_STRING = re.compile(r"dc_string_\d\d_current_a$")
_DEAD = 0.03  # of the median string
_MEDIAN_A = 2.0
_NORMAL_DAYS = 5
_LAST_DAYS = 3
_SMOOTH_DAYS = 5
_ROWS_MIN = 3
_DAY_SHARE = 0.5


def string_currents(device: DeviceSeries) -> Floats | None:
    """Return the currents of the connected strings (those that ever carried one), a row each; None without."""
    told = [
        values
        for name in sorted(device.values)
        if _STRING.match(name) and (values := device.good(name)) is not None
    ]
    rows = [row for row in told if (np.nan_to_num(row) > _MEDIAN_A / 4.0).any()]
    return np.vstack(rows) if len(rows) > 1 else None


def lost_to_strings(
    series: PlantSeries, days: Days, device: DeviceSeries, reference: Floats, stopped: Mask
) -> Mask:
    """Return the steps whose loss is that of missing strings."""
    currents = string_currents(device)
    if currents is not None:
        return _dead_days(currents, days)
    return _by_index(series, days, device, reference, stopped)


def _dead_days(currents: Floats, days: Days) -> Mask:
    """Return the days on which a connected string carries nothing while the median string does."""
    said = ~np.isnan(currents).all(axis=0)
    middle = np.full(currents.shape[1], np.nan)
    middle[said] = np.nanmedian(currents[:, said], axis=0)
    bright = middle > _MEDIAN_A
    mask = np.zeros(currents.shape[1], dtype=bool)
    for row in currents:
        dead = days.counts(bright & (row < _DEAD * middle))
        seen = days.counts(bright & ~np.isnan(row))
        mask |= ((dead >= _ROWS_MIN) & (dead > 0.5 * seen))[days.codes]
    return mask


def _by_index(
    series: PlantSeries, days: Days, device: DeviceSeries, reference: Floats, stopped: Mask
) -> Mask:
    """Return the days a unit is low by about a whole number of strings, having been normal before."""
    strings = device.device.string_count
    power = device.good("ac_active_power_w")
    nothing = np.zeros(len(series.instants), dtype=bool)
    if strings < 2 or power is None:
        return nothing
    good = ~np.isnan(power) & ~np.isnan(reference) & ~stopped & (reference > 0)
    wanted, made = days.sums(reference, where=good), days.sums(power, where=good)
    with np.errstate(invalid="ignore", divide="ignore"):
        missing = (1.0 - made / wanted) * strings
        missing[~(wanted >= _DAY_SHARE * days.sums(reference))] = np.nan  # most of the day was an outage
    told = np.flatnonzero(~np.isnan(missing))
    low = np.zeros(len(missing), dtype=bool)
    low[told] = _running_median(missing[told]) >= 0.6
    edges = [0, *(np.flatnonzero(np.diff(low.astype(np.int8))) + 1).tolist(), len(low)]
    for start, end in pairwise(edges):
        if not low[start] or end - start < _LAST_DAYS:
            continue
        level = float(np.nanmedian(missing[start:end]))
        normal = int((np.abs(missing[:start]) < 0.4).sum())
        if normal >= _NORMAL_DAYS and abs(level - round(level)) < 0.3:
            nothing |= (days.codes >= start) & (days.codes < end)
    return nothing & ~stopped


def _running_median(values: Floats) -> Floats:
    """Return the median of each day and the days around it, of as many as there are."""
    half = _SMOOTH_DAYS // 2
    padded = np.pad(values, half, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _SMOOTH_DAYS)
    return np.asarray(np.nanmedian(windows, axis=1))
