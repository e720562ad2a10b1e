"""How far a device's clock is off, by the sun: no day has its own truth, but a season of days has.

Each day's power is laid over the clear-sky curve of its plane, moved by minutes; where they fit best is that
day's offset. Cloudy days scatter, so the offsets are cut into stretches of one level (a clock that is set
wrong stays wrong for days), and a stretch has the median of its days. Mountains, an inverter's limit and a
record labelled by the end move every day alike: the plant's own offset, learnt and not called a fault.
Offsets within some minutes of a multiple of a quarter hour are taken for it: that is how zones, daylight
saving and typing errors come.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.series import Floats, PlantSeries
from domain.sun import sun_position
from kpis.clear_sky import clear_sky_poa

SHIFT_MAX_MIN = 180
FINE_MIN = 5
FLAG_MIN = 15.0
OWN_OFFSET_MAX_MIN = 12.0
_QUARTER_MIN, _NEAR_QUARTER_MIN = 15.0, 6.0
_GOOD_FITS = (
    0.98,
    0.95,
    0.90,
)  # a stretch has the level of its clearest days: the first fit that enough reach
_GOOD_FIT = _GOOD_FITS[-1]
_STRETCH_MIN_DAYS = 7
_PENALTY_MIN = 60.0  # summed minutes a new stretch must explain, times the log of the number of days
_DAYS_MIN = 5
_DAY_MIN = 1440


@dataclass(frozen=True, slots=True)
class ClockShift:
    """Minutes to add to the stamps of a day to be right: -60 where a clock was put on summer time.

    NaN where nothing tells; ``own_offset_min`` is taken out.
    """

    shift_min: Floats
    raw_min: Floats  # each day's own fit
    own_offset_min: float


def clock_shift(
    series: PlantSeries,
    power_w: Floats,
    latitude: float,
    longitude: float,
    tilt_deg: float,
    azimuth_deg: float,
) -> ClockShift | None:
    """Return the shift of each day of the series (UTC days shifted to noon at the place); None when unknowable.

    The days are those of `day_table`, in order.
    """
    if np.isnan(latitude) or np.isnan(longitude):
        return None
    tilt, azimuth = (0.0, 180.0) if np.isnan(tilt_deg) or np.isnan(azimuth_deg) else (tilt_deg, azimuth_deg)
    table, midnight_s = day_table(series, power_w, longitude)
    raw, fit = _offsets(table, midnight_s, series.step_s, (latitude, longitude, tilt, azimuth))
    good = ~np.isnan(raw) & (np.nan_to_num(fit) >= _GOOD_FIT)
    if good.sum() < _DAYS_MIN:
        return None
    levels = _levels(raw, fit, good)
    calm = levels[good][np.abs(levels[good]) <= OWN_OFFSET_MAX_MIN]
    own = float(np.median(calm)) if len(calm) else 0.0
    shift = levels - own
    quarter = np.rint(shift / _QUARTER_MIN) * _QUARTER_MIN
    shift = np.where(np.abs(shift - quarter) <= _NEAR_QUARTER_MIN, quarter, shift)
    return ClockShift(shift, raw, own)


def day_table(series: PlantSeries, values: Floats, longitude: float) -> tuple[Floats, Floats]:
    """Return values as days by steps, each day from the midnight of the sun at the place, and those midnights. [s]"""
    start_s = float(series.instants[0].astype("datetime64[ms]").astype(np.int64)) / 1000.0
    offset_s = longitude / 360.0 * 86_400.0
    steps = round(86_400.0 / series.step_s)
    first_day = np.floor((start_s + offset_s) / 86_400.0)
    midnight_s = first_day * 86_400.0 - offset_s
    lead = round((start_s - midnight_s) / series.step_s)
    phase_s = start_s - midnight_s - lead * series.step_s
    count = -(-(lead + len(values)) // steps)
    table = np.full(count * steps, np.nan)
    table[lead : lead + len(values)] = values
    return table.reshape(count, steps), midnight_s + phase_s + np.arange(count) * 86_400.0


def _offsets(
    table: Floats, midnight_s: Floats, step_s: float, place: tuple[float, float, float, float]
) -> tuple[Floats, Floats]:
    """Return each day's best offset and how well the curves then agree (correlation). [min]"""
    latitude, longitude, tilt, azimuth = place
    fine = np.arange(0.0, 86_400.0, FINE_MIN * 60.0)
    elevation, sun_azimuth = sun_position(midnight_s[:, None] + fine + FINE_MIN * 30.0, latitude, longitude)
    clear = clear_sky_poa(elevation, sun_azimuth, tilt, azimuth)
    count, steps = table.shape
    per = max(1, round(step_s / 60.0 / FINE_MIN))
    shifts = np.arange(-SHIFT_MAX_MIN // FINE_MIN, SHIFT_MAX_MIN // FINE_MIN + 1)
    known = ~np.isnan(table)
    power = np.where(known, np.maximum(table, 0.0), 0.0)
    enough = known.sum(axis=1) > 0
    fits = np.full((len(shifts), count), np.nan)
    norm = np.sqrt((power**2).sum(axis=1))
    starts = np.rint(np.arange(steps) * step_s / 60.0 / FINE_MIN).astype(np.int64)
    smooth = np.cumsum(np.pad(clear, ((0, 0), (len(fine), len(fine) + per))), axis=1)
    for row, shift in enumerate(shifts):
        place_at = starts - shift + len(fine)
        moved = (smooth[:, place_at + per - 1] - smooth[:, place_at - 1]) / per
        with np.errstate(invalid="ignore", divide="ignore"):
            fits[row] = (power * moved).sum(axis=1) / (norm * np.sqrt((moved**2).sum(axis=1)))
    enough &= (norm > 0) & ~np.isnan(fits).any(axis=0)
    best = np.argmax(np.where(np.isnan(fits), -1.0, fits), axis=0)
    inner = np.clip(best, 1, len(shifts) - 2)
    days = np.arange(count)
    left, middle, right = fits[inner - 1, days], fits[inner, days], fits[inner + 1, days]
    with np.errstate(invalid="ignore", divide="ignore"):
        bend = np.clip((left - right) / (2.0 * (left - 2.0 * middle + right)), -1.0, 1.0)
    found = -(shifts[inner] + np.nan_to_num(bend)) * FINE_MIN
    return np.where(enough, found, np.nan), np.where(enough, fits[best, days], np.nan)


def _levels(raw: Floats, fit: Floats, good: NDArray[np.bool_]) -> Floats:
    """Return for each day the level of its stretch; a day that tells nothing has that of the days before it."""
    places = np.flatnonzero(good)
    values = raw[places]
    levels = np.full(len(raw), np.nan)
    bounds = _cuts(values, 0, len(values))
    edges = [0, *bounds, len(values)]
    for first, last in pairwise(edges):
        start = 0 if first == 0 else places[first]
        end = len(raw) if last == len(values) else places[last]
        levels[start:end] = _level(values[first:last], fit[places[first:last]])
    return levels


def _level(values: Floats, fit: Floats) -> float:
    for least in _GOOD_FITS:
        clear = values[fit >= least]
        if len(clear) >= _DAYS_MIN:
            return float(np.median(clear))
    return float(np.median(values))


def _cuts(values: Floats, start: int, end: int) -> list[int]:
    """Return where a level ends, by halving: a cut stays when it explains more minutes than it costs."""
    own = values[start:end]
    if len(own) < 2 * _STRETCH_MIN_DAYS:
        return []
    whole = np.abs(own - np.median(own)).sum()
    best, place = whole, 0
    for cut in _candidates(own):
        both = np.abs(own[:cut] - np.median(own[:cut])).sum() + np.abs(own[cut:] - np.median(own[cut:])).sum()
        if both < best:
            best, place = both, cut
    if whole - best < _PENALTY_MIN * np.log(len(values)) / 2.0 or place == 0:
        return []
    middle = start + place
    return [*_cuts(values, start, middle), middle, *_cuts(values, middle, end)]


def _candidates(values: Floats) -> list[int]:
    """Return the cuts worth trying: the strongest steps of a running median, and their neighbours."""
    count, width = len(values), _STRETCH_MIN_DAYS
    inside = np.arange(width, count - width + 1)
    before = np.array([np.median(values[max(0, at - 15) : at]) for at in inside])
    after = np.array([np.median(values[at : at + 15]) for at in inside])
    strongest = np.argsort(-np.abs(after - before))[:25]
    return sorted({int(inside[place]) for place in strongest})
