"""F09: an inverter that falls to nothing and returns again and again, or starts late morning after morning."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Bools, Judgement, bools, verdicts
from alerts.scene import Scene
from alerts.windows import Days, days_of, days_true
from domain.series import Floats

BOUNDS: Bounds = {
    "trips": (1, 20),
    "zero_share": (0.0, 0.05),
    "peer_share": (0.02, 0.5),
    "late_min": (5, 300),
    "late_days": (1, 10),
    "of_days": (1, 10),
    "clear_days": (1, 10),
}


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: more than ``trips`` falls in a day while peers run, or late on ``late_days`` of ``of_days``."""
    days = days_of(scene)
    median = scene.to_units(scene.median_share)
    with np.errstate(invalid="ignore"):
        lit = median > limits["peer_share"]
        runs = bools(scene.share > limits["zero_share"])
    known = np.isfinite(scene.share)
    falls = np.zeros_like(runs)
    falls[:, 1:] = runs[:, :-1] & ~runs[:, 1:] & known[:, 1:] & lit[:, 1:] & lit[:, :-1]
    count = days.count_of(falls)
    enough = bools(scene.to_units(scene.reporting > 2).any(axis=1))[:, None]
    seen = (days.count_of(known & lit) > 0) & enough
    late_min = _start_min(days, runs) - _start_min(days, scene.to_units(scene.median_share) > 0.01)
    with np.errstate(invalid="ignore"):
        late = late_min > limits["late_min"]
    is_late = days_true(late, seen, int(limits["late_days"]), int(limits["of_days"]))
    bad = (count > limits["trips"]) | is_late
    clean = days_true((count <= 1) & ~late, seen, int(limits["clear_days"]), int(limits["clear_days"]))
    found = days.place(verdicts(seen, bad, clean), scene.plant_of)
    measures = {"falls": days.spread(count.astype(np.float64)), "late_min": days.spread(late_min)}
    return Judgement(scene.subjects, found, measures)


def _start_min(days: Days, runs: Bools) -> Floats:
    """Return the minute of each day at which it first ran, NaN when it did not [rows, days]."""
    minute = np.where(runs, days.hour * 60.0, np.inf)
    first = np.minimum.reduceat(minute, days.first, axis=1)
    return np.asarray(np.where(np.isfinite(first), first, np.nan))
