"""What changes over weeks and years: soiling, degradation; and the shares of clipping and curtailment."""

import numpy as np

from domain.series import Floats

SOILING_DAYS_MIN = 60
YEAR_DAYS = 365
DEGRADATION_PAIRS_MIN = 365
_CLEAN_QUANTILE = 0.95
_SMOOTH_DAYS = 7
_CLEANING_JUMP = 0.02
_DRY_DAYS_MIN = 10


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
    padded = np.pad(values, _SMOOTH_DAYS // 2, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, _SMOOTH_DAYS), axis=1)
    clean = float(np.quantile(smooth, _CLEAN_QUANTILE))
    jumps = np.flatnonzero(smooth[2:] - smooth[:-2] > _CLEANING_JUMP * clean) + 2
    lost = np.zeros(len(values))
    for part in np.split(np.arange(len(values)), jumps):
        if len(part) >= _DRY_DAYS_MIN:
            slope = _slope(values[part])
            lost[part] = np.maximum(-slope, 0.0) * np.arange(len(part)) / clean
    return float((lost * weights).sum() / weights.sum())


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
