"""F40: strings that were whole at sunset and are gone next morning, several side by side."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Bools, Judgement, verdicts
from alerts.rule import Daylight
from alerts.scene import Ints, Scene, median_of
from alerts.strings import Strings, strings_of
from alerts.windows import days_of
from domain.series import Floats

_STOPPED = 0.001  # of the rating
_CUT_V = 50.0
BOUNDS: Bounds = {"strings": (2, 30), "gone_share": (0.005, 0.3), "whole_share": (0.3, 1.0)}


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: at least ``strings`` neighbouring strings of an inverter, healthy the evening before, carry nothing.

    Judged by the plant's strings against the other inverters of the plant, because on one inverter the median
    itself may be gone.
    """
    strings, days = strings_of(scene), days_of(scene)
    if len(strings) == 0:
        return Judgement((), np.empty((0, scene.length), dtype=np.int8))
    light = strings.eligible(scene.daylight(Daylight.D3))
    typical = _typical_a(strings)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = strings.current_a / typical
        counts = light & np.isfinite(ratio) & (typical > 1.0)
        gone = counts & (ratio < limits["gone_share"])
    by_day = days.median(ratio, counts, 2)
    was_whole = np.zeros(by_day.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        was_whole[:, 1:] = by_day[:, :-1] > limits["whole_share"]
    candidate = gone & was_whole[:, days.index] & ~_alive_today(counts & ~gone, days.index)
    candidate &= ~_standing_by(scene)[strings.unit_of]
    longest = _longest_run(strings, candidate)
    known = strings.any_of_unit(counts)
    true = longest >= limits["strings"]
    return Judgement(scene.subjects, verdicts(known, true, longest == 0), {"strings_gone": longest})


def _longest_run(strings: Strings, candidate: Bools) -> Floats:
    """Return how many strings beside each other are candidates, by unit."""
    run = np.zeros((len(strings.scene.units), strings.scene.length))
    longest = np.zeros_like(run)
    if not candidate.any():
        return longest
    gathered = np.nan_to_num(strings.by_unit(candidate.astype(np.float64)))
    for position in range(gathered.shape[1]):
        run = np.where(gathered[:, position] > 0, run + 1, 0)
        longest = np.maximum(longest, run)
    return longest


def _alive_today(alive: Bools, day: Ints) -> Bools:
    """Return where a string has carried current earlier on the same day: what goes out by day is no theft."""
    last = np.maximum.accumulate(np.where(alive, day, -1), axis=1)
    return np.asarray(last == day)


def _standing_by(scene: Scene) -> Bools:
    """Return where a unit gives nothing while its strings have voltage (or nobody measures it): a stop, no theft."""
    with np.errstate(invalid="ignore"):
        stopped = ~(scene.power_w > _STOPPED * scene.rated_w)
        volts = scene.maybe("dc_voltage_v")
        cut = np.zeros_like(stopped) if volts is None else volts < _CUT_V
    return np.asarray(stopped & ~cut)


def _typical_a(strings: Strings) -> Floats:
    """Return the median current of all strings of a string's plant. [A]"""
    plants = strings.plant_of
    found = np.full(strings.current_a.shape, np.nan)
    when = strings.bright
    for plant in np.unique(plants).tolist():
        rows = np.flatnonzero(plants == plant)
        found[np.ix_(rows, when)] = median_of(strings.current_a[np.ix_(rows, when)][None])[0]
    return found
