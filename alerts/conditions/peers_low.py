"""F15: an inverter that gives less than its peers, day after day."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Bools, Ints, Judgement, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene
from alerts.windows import Days, days_of, days_true, first_true, true_of_last
from domain.alert import Severity
from domain.series import Floats

_STANDS = 0.002  # of the rating
BOUNDS: Bounds = {
    "low": (0.5, 0.99),
    "low_days": (1, 10),
    "very_low": (0.3, 0.95),
    "weak": (0.5, 0.995),
    "weak_days": (1, 10),
    "of_days": (1, 20),
    "clear": (0.5, 1.0),
    "clear_days": (1, 10),
    "grave": (0.1, 0.9),
    "peers": (2, 20),
    "bright_h": (0.5, 8),
}


def day_ratio(scene: Scene, days: Days, bright_h: float) -> Floats:
    """Return a day's specific yield of each unit over the median unit's, at the instants both tell.

    Clipped hours, dim ones, and those in which the unit stands still (F08) do not count; NaN for a day with
    fewer than ``bright_h`` hours that do.
    """
    bright = scene.to_units(scene.daylight(Daylight.D3))
    median = scene.to_units(scene.median_specific)
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = bright & np.isfinite(scene.specific) & np.isfinite(median) & (scene.share < 0.985)
        counts &= scene.share > _STANDS
        own, peers = days.sum(scene.specific, counts), days.sum(median, counts)
        enough = days.count_of(counts) * scene.step_s >= bright_h * 3600.0
        return np.asarray(np.where(enough & (peers > 0), own / peers, np.nan))


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: under ``low`` on ``low_days`` days running or ``very_low`` once, or ``weak`` on some days of a few."""
    days = days_of(scene)
    ratio = day_ratio(scene, days, limits["bright_h"])
    with np.errstate(invalid="ignore"):
        known = np.isfinite(ratio) & (scene.to_units(scene.reporting).max(axis=1) > limits["peers"])[:, None]
        low_days, clear_days = int(limits["low_days"]), int(limits["clear_days"])
        low = days_true(ratio < limits["low"], known, low_days, low_days) | (ratio < limits["very_low"])
        clear = days_true(ratio > limits["clear"], known, clear_days, clear_days)
        weak_days = _since_clear(ratio < limits["weak"], known, clear, int(limits["of_days"]))
        weak = (weak_days >= limits["weak_days"]) & known & (ratio < limits["clear"])
        grade = np.where(ratio < limits["grave"], int(Severity.S2), 0).astype(np.int8)
    found = days.place(verdicts(known, low | weak, clear), scene.plant_of)
    drop = days.spread(np.clip(1.0 - np.nan_to_num(ratio, nan=1.0), 0.0, 0.99))
    measures = {"ratio_to_peers": days.spread(ratio)}
    with np.errstate(invalid="ignore"):
        since = first_true(ratio < limits["weak"], known, max(low_days, int(limits["of_days"])))
    healed = np.maximum.accumulate(np.where(clear, np.arange(days.count), -1), axis=1)
    since = np.maximum(since, np.minimum(healed + 1, np.arange(days.count)))
    return Judgement(
        scene.subjects,
        found,
        measures,
        days.spread(grade).astype(np.int8),
        drop=drop,
        began=days.began_on(since),
    )


def _since_clear(weak: Bools, known: Bools, clear: Bools, last: int) -> Ints:
    """Return how many of the last known days were weak, those before a recovery left out: they have been told."""
    found = true_of_last(weak, known, last)
    for row in np.flatnonzero((weak & known).any(axis=1)).tolist():
        days = np.flatnonzero(known[row])
        well = np.flatnonzero(clear[row, days])
        for place in range(len(days)) if well.size else ():
            healed = well[well <= place]
            first = max(place + 1 - last, int(healed[-1]) + 1 if healed.size else 0)
            found[row, days[place]] = int(weak[row, days[first : place + 1]].sum())
    return found
