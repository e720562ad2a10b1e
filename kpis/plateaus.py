"""Values that stand still: repeated by a device, drawn as a straight line, or held by a limit. Masks only."""

import numpy as np
from numpy.typing import NDArray

from domain.series import Floats

Mask = NDArray[np.bool_]
WINDOW = 6  # values; the default of pvanalytics
RELATIVE, ABSOLUTE = 1e-5, 1e-8
CLIP_WINDOW = 3
CLIP_SLOPE = (
    0.002  # of the mean: lowest and highest of a window this close stand still (pvanalytics geometric)
)
CLIP_LEAST = 0.1  # of the day's highest
PILE_SHARE, PILE_VALUES, PILE_TIMES, PILE_DAYS = 0.003, 10, 4.0, 3
_COARSE_S = 600.0
_AVERAGED_S = 900.0


def _spread(flags: Mask, window: int, count: int) -> Mask:
    """Mark every value of the windows flagged (by their first value); the last axis is time."""
    found = np.zeros((*flags.shape[:-1], count), dtype=np.bool_)
    for ahead in range(window):
        found[..., ahead : ahead + flags.shape[-1]] |= flags
    return found


def _close_to_first(values: Floats, window: int) -> Mask:
    """Return, per window, whether all its values are those of its first; a NaN is like nothing."""
    same = np.ones(len(values) - window + 1, dtype=bool)
    first = values[: len(same)]
    room = ABSOLUTE + RELATIVE * np.abs(first)
    for ahead in range(1, window):
        same &= np.abs(values[ahead : ahead + len(same)] - first) <= room
    return same & ~np.isnan(first)


def stale(values: Floats, window: int = WINDOW) -> Mask:
    """Return runs of at least ``window`` equal values, whole."""
    if len(values) < window:
        return np.zeros(len(values), dtype=bool)
    return _spread(_close_to_first(values, window), window, len(values))


def interpolated(values: Floats, window: int = WINDOW) -> Mask:
    """Return runs of at least ``window`` values on a straight line that is not level, whole."""
    if len(values) < window:
        return np.zeros(len(values), dtype=bool)
    steps = np.diff(values)
    straight = _close_to_first(steps, window - 1)
    level = np.abs(steps[: len(straight)]) <= ABSOLUTE + RELATIVE * np.abs(values[: len(straight)])
    return _spread(straight & ~level, window, len(values))


def _still(values: Floats) -> Mask:
    """Return the values of windows in which power hardly moves [days, values]."""
    count = values.shape[1]
    if count < CLIP_WINDOW:
        return np.zeros(values.shape, dtype=np.bool_)
    ahead = [values[:, place : count - CLIP_WINDOW + 1 + place] for place in range(CLIP_WINDOW)]
    high, low = np.maximum.reduce(ahead), np.minimum.reduce(ahead)
    with np.errstate(invalid="ignore", divide="ignore"):
        flat = (high - low) < CLIP_SLOPE * (high + low) / 2.0
    return _spread(flat, CLIP_WINDOW, count)


def _by_day(values: Floats, days: list[slice]) -> Floats:
    """Return values day by day [days, values of a day], NaN after the end of a shorter one."""
    table = np.full((len(days), max(day.stop - day.start for day in days)), np.nan)
    for row, day in zip(table, days, strict=True):
        row[: day.stop - day.start] = values[day]
    return table


def held(power_w: Floats, days: list[slice], step_s: float) -> Mask:
    """Return where power is held by a limit: at the level of the day's still windows (pvanalytics geometric).

    Data denser than ten minutes are averaged to fifteen before stillness is asked, and the level is then the
    mean of the still values less two standard deviations; otherwise it is their range. A lower plateau counts
    as well: what holds it, the inverter or an order, is for the caller to say.
    """
    found = np.zeros(len(power_w), dtype=bool)
    if not days:
        return found
    group = max(1, round(_AVERAGED_S / step_s)) if step_s < _COARSE_S else 1
    own = _by_day(power_w, days)
    highest = np.where(np.isnan(own), -np.inf, own).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        bright = np.where((own >= CLIP_LEAST * highest) & (highest > 0), own, np.nan)
    if group == 1:
        still = _still(bright)
    else:
        count = own.shape[1] // group
        means = bright[:, : count * group].reshape(len(own), count, group).mean(axis=2)
        still = np.zeros(own.shape, dtype=bool)
        still[:, : count * group] = np.repeat(_still(means), group, axis=1)
    still &= ~np.isnan(bright)
    marked = _at_level(own, still, spread=group > 1)
    for row, day in zip(marked, days, strict=True):
        found[day] = row[: day.stop - day.start]
    return found


def _at_level(own: Floats, still: Mask, *, spread: bool) -> Mask:
    """Return the values of each day that lie at the level of its still ones."""
    number = np.maximum(still.sum(axis=1, keepdims=True), 1)
    high = np.where(still, own, -np.inf).max(axis=1, keepdims=True)
    low = np.where(still, own, np.inf).min(axis=1, keepdims=True)
    if spread:
        mean = np.where(still, own, 0.0).sum(axis=1, keepdims=True) / number
        off = np.where(still, own - mean, 0.0)
        told = still.any(axis=1, keepdims=True)
        low = np.where(told, mean - 2.0 * np.sqrt((off * off).sum(axis=1, keepdims=True) / number), np.inf)
    with np.errstate(invalid="ignore"):
        return np.asarray((own >= low) & (own <= high))


def at_ceiling(power_w: Floats, days: list[slice]) -> Mask:
    """Return values that pile up at the highest ever seen: many within 0.3 % of it, few just below.

    It finds a limit in coarse records, where a cloudless noon never shows three still values in a row.
    """
    none = np.zeros(len(power_w), dtype=bool)
    if np.isnan(power_w).all():
        return none
    highest = float(np.nanmax(power_w))
    with np.errstate(invalid="ignore"):
        top = power_w >= highest * (1.0 - PILE_SHARE)
        below = (power_w >= highest * (1.0 - 2.0 * PILE_SHARE)) & ~top
    often = sum(bool(top[day].any()) for day in days) >= PILE_DAYS
    if highest > 0 and often and top.sum() >= max(PILE_VALUES, PILE_TIMES * below.sum()):
        return np.asarray(top)
    return none
