"""F15: an inverter that gives less than its peers, day after day."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Judgement, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene
from alerts.windows import Days, days_of, days_true
from domain.alert import Severity
from domain.series import Floats

BOUNDS: Bounds = {
    "low": (0.5, 0.99),
    "low_days": (1, 10),
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

    Clipped hours and dim ones do not count; NaN for a day with fewer than ``bright_h`` hours that do.
    """
    bright = scene.to_units(scene.daylight(Daylight.D3))
    median = scene.to_units(scene.median_specific)
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = bright & np.isfinite(scene.specific) & np.isfinite(median) & (scene.share < 0.985)
        own, peers = days.sum(scene.specific, counts), days.sum(median, counts)
        enough = days.count_of(counts) * scene.step_s >= bright_h * 3600.0
        return np.asarray(np.where(enough & (peers > 0), own / peers, np.nan))


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: under ``low`` on ``low_days`` days running, or under ``weak`` on ``weak_days`` of ``of_days``."""
    days = days_of(scene)
    ratio = day_ratio(scene, days, limits["bright_h"])
    with np.errstate(invalid="ignore"):
        known = np.isfinite(ratio) & (scene.to_units(scene.reporting).max(axis=1) > limits["peers"])[:, None]
        low_days, clear_days = int(limits["low_days"]), int(limits["clear_days"])
        low = days_true(ratio < limits["low"], known, low_days, low_days)
        weak = days_true(ratio < limits["weak"], known, int(limits["weak_days"]), int(limits["of_days"])) & (
            ratio < limits["clear"]
        )
        clear = days_true(ratio > limits["clear"], known, clear_days, clear_days)
        grade = np.where(ratio < limits["grave"], int(Severity.S2), 0).astype(np.int8)
    found = days.place(verdicts(known, low | weak, clear), scene.plant_of)
    drop = days.spread(np.clip(1.0 - np.nan_to_num(ratio, nan=1.0), 0.0, 0.99))
    measures = {"ratio_to_peers": days.spread(ratio)}
    return Judgement(scene.subjects, found, measures, days.spread(grade).astype(np.int8), drop=drop)
