"""What changes over weeks and years: soiling, degradation; and the shares of clipping and curtailment."""

import numpy as np
from numpy.typing import NDArray

from domain.series import Floats

Mask = NDArray[np.bool_]
SOILING_DAYS_MIN = 60
YEAR_DAYS = 365
DEGRADATION_PAIRS_MIN = 365
_CLEAN_QUANTILE = 0.95
_SMOOTH_DAYS = 7
_CLEANING_JUMP = 0.02
_DRY_DAYS_MIN = 10
_FAULT_STEP = 0.012  # between three days that tell: dirt does not come so fast
_FAULT_PER_DAY = 0.006  # for each dull day between them
_ALONE, _ABOUT = 0.6, 7
_RAMP_DAYS_MIN, _EDGES = 8, 40
_SLIDE_PER_DAY = 0.0006
_SLIDE_LEAST, _SLIDE_NOISE, _SLIDE_SEEN = 0.02, 3.0, 0.003


def soiling_loss(index_by_day: Floats, irradiation_by_day: Floats) -> float | None:
    """Return the irradiance-weighted soiling loss of a daily temperature-corrected index.

    After rdtools' rate and recovery, in short: the index is smoothed over a week and cut where it jumps up by
    2 % (rain, washing); in each stretch of ten days and more a falling Theil-Sen slope is dirt, and the loss is
    what the line has fallen since the stretch began. A stretch that does not fall is clean. None below two
    months.
    """
    known = ~np.isnan(index_by_day) & ~np.isnan(irradiation_by_day)
    values, weights = index_by_day[known], irradiation_by_day[known]
    if len(values) < SOILING_DAYS_MIN or weights.sum() <= 0:
        return None
    clean = _clean(values)
    lost = np.zeros(len(values))
    for part in _stretches(values, clean):
        lost[part] = np.maximum(-_slope(values[part]), 0.0) * np.arange(len(part)) / clean
    return float((lost * weights).sum() / weights.sum())


def slides_by_day(index: Floats, day: NDArray[np.int64] | None = None) -> Floats:
    """Return the share lost to slow slides on each of some known days in order, 0 where nothing slides.

    A stretch slides when it falls quicker than a season makes it and clearly beyond its own noise; a step down is
    a fault, and begins another stretch. ``day`` is the number of each day: over dull days that tell nothing dirt
    goes on falling, and what it has fallen then is no step.
    """
    clean = _clean(index)
    lost = np.zeros(len(index))
    days = np.arange(len(index)) if day is None else day
    for part in _stretches(index, clean, _steps_down(index, clean, days)):
        values = index[part]
        slope = _slope(values)
        noise = 1.4826 * float(np.median(np.abs(np.diff(values)))) / 2**0.5
        fall = -slope * len(part)
        falls = -slope > _SLIDE_PER_DAY * clean and fall > max(_SLIDE_LEAST * clean, _SLIDE_NOISE * noise)
        if falls and _is_ramp(values, days[part]):
            smooth = _smoothed(values)
            slid = 1.0 - smooth / float(np.quantile(smooth[:_DRY_DAYS_MIN], 0.9))
            lost[part] = np.where(slid > _SLIDE_SEEN, np.minimum(slid, 0.9), 0.0)
    return lost


def _smoothed(values: Floats) -> Floats:
    padded = np.pad(values, _SMOOTH_DAYS // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, _SMOOTH_DAYS), axis=1))


def _clean(values: Floats) -> float:
    return float(np.quantile(_smoothed(values), _CLEAN_QUANTILE))


def _stretches(values: Floats, clean: float, down: Mask | None = None) -> list[NDArray[np.int64]]:
    """Return the days between rises (and, where wanted, steps down), stretches of ten days and more."""
    smooth = _smoothed(values)
    cut = smooth[2:] - smooth[:-2] > _CLEANING_JUMP * clean
    cuts = np.flatnonzero(cut if down is None else cut | down) + 2
    return [part for part in np.split(np.arange(len(values)), cuts) if len(part) >= _DRY_DAYS_MIN]


def _steps_down(values: Floats, clean: float, day: NDArray[np.int64]) -> Mask:
    """Return where the level falls faster than dirt can, from each known day to the second one after it.

    A slide of noisy days falls in small steps too; a step stands alone: it is most of what is lost in the fortnight
    about it.
    """
    smooth = _smoothed(values)
    fall = smooth[:-2] - smooth[2:]
    last = len(smooth) - 1
    first = np.clip(np.arange(len(fall)) + 1 - _ABOUT, 0, max(last - 2 * _ABOUT, 0))
    about = smooth[first] - smooth[np.minimum(first + 2 * _ABOUT, last)]
    fast = fall > (_FAULT_STEP + _FAULT_PER_DAY * (day[2:] - day[:-2] - 2)) * clean
    return np.asarray(fast & (fall > _ALONE * about))


def _is_ramp(values: Floats, day: NDArray[np.int64]) -> bool:
    """Tell whether a line between two levels, of more than a week, fits better than any step."""
    count = len(values)
    edges = np.unique(np.linspace(0, count - 1, min(count, _EDGES)).round().astype(np.int64))
    one, other = (day[each].astype(np.float64) for each in np.meshgrid(edges, edges))
    slow = (other - one) >= _RAMP_DAYS_MIN
    ramps = np.clip((day - one[slow][:, None]) / (other - one)[slow][:, None], 0.0, 1.0)
    steps = (np.arange(count) >= np.arange(1, count)[:, None]).astype(np.float64)
    return bool(slow.any()) and _fitted(values, ramps) > _fitted(values, steps)


def _fitted(values: Floats, shapes: Floats) -> float:
    """Return how much of the values' scatter the best of some falling shapes explains."""
    off, shape = values - values.mean(), shapes - shapes.mean(axis=1, keepdims=True)
    along = np.minimum(shape @ off, 0.0)
    return float((along**2 / np.maximum((shape**2).sum(axis=1), 1e-12)).max())


def _slope(values: Floats) -> float:
    """Return the Theil-Sen slope: the median of all slopes between two days."""
    one, other = np.triu_indices(len(values), 1)
    return float(np.median((values[other] - values[one]) / (other - one)))


def degradation_per_year(index_by_day: Floats) -> float | None:
    """Return the median of (day - same day a year ago) over the level: rdtools' year on year.

    None below two full years: single months tell nothing.
    """
    if len(index_by_day) < 2 * YEAR_DAYS:
        return None
    change = index_by_day[YEAR_DAYS:] - index_by_day[:-YEAR_DAYS]
    known = change[~np.isnan(change)]
    level = float(np.nanmedian(index_by_day[:YEAR_DAYS]))
    return float(np.median(known) / level) if len(known) >= DEGRADATION_PAIRS_MIN and level > 0 else None


def limited_share(limited_kwh: float | None, produced_kwh: float | None) -> float | None:
    """Return what a limit took of what there would have been: for curtailment the national statistic's share."""
    if limited_kwh is None or produced_kwh is None or limited_kwh + produced_kwh <= 0:
        return None
    return limited_kwh / (limited_kwh + produced_kwh)
