"""F16: AC over DC energy of an inverter, against its own usual value."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Judgement, verdicts
from alerts.scene import Scene
from alerts.windows import Days, before, days_of, days_true
from domain.series import Floats

BOUNDS: Bounds = {
    "fall": (0.005, 0.2),
    "days": (1, 10),
    "least": (0.5, 0.98),
    "most": (0.98, 1.2),
    "load_share": (0.02, 0.5),
    "unit_error": (1.2, 20),
}
_HISTORY_DAYS, _HISTORY_LEAST = 30, 5


def day_efficiency(scene: Scene, days: Days, load_share: float, dc: Floats | None = None) -> Floats:
    """Return AC over DC energy of each unit and day at a fair load, NaN where nothing is known.

    ``dc`` stands for the good DC powers where given.
    """
    dc = scene.maybe("dc_power_w") if dc is None else dc
    if dc is None:
        return np.full((len(scene.units), days.count), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = np.isfinite(dc) & np.isfinite(scene.power_w) & (scene.share > load_share)
        enough = days.count_of(counts) * scene.step_s >= 3600.0
        ratio = days.sum(scene.power_w, counts) / days.sum(dc, counts)
    return np.asarray(np.where(enough & np.isfinite(ratio), ratio, np.nan))


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: ``fall`` below the unit's 30-day median, or outside the possible, on ``days`` days running.

    A value that is impossible by a factor is a wrong unit and belongs to F38.
    """
    days = days_of(scene)
    found = day_efficiency(scene, days, limits["load_share"])
    usual = before(found, _HISTORY_DAYS, _HISTORY_LEAST)
    with np.errstate(invalid="ignore"):
        factor = limits["unit_error"]
        known = np.isfinite(found) & (found < factor) & (found > 1.0 / factor)
        bad = (found < usual - limits["fall"]) | (found < limits["least"]) | (found > limits["most"])
        clear = ~(found < usual - limits["fall"] / 2)
    need = int(limits["days"])
    said = verdicts(known, days_true(bad, known, need, need), clear & ~bad)
    measures = {"efficiency": days.spread(found), "usual_efficiency": days.spread(usual)}
    return Judgement(scene.subjects, days.place(said, scene.plant_of), measures)
