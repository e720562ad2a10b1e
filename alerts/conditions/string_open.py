"""F10: a string carries no current while its neighbours on the same inverter do."""

from math import ceil

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Bools, Judgement, Verdicts, floats, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene
from alerts.strings import Strings, strings_of
from alerts.windows import true_of_last
from domain.alert import Severity
from domain.series import Floats

BOUNDS: Bounds = {
    "open_share": (0.005, 0.3),
    "median_a": (0.5, 10),
    "clear_share": (0.2, 0.95),
    "need_min": (1, 600),
    "last_min": (1, 600),
    "several": (2, 20),
}


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: under ``open_share`` of the median string in ``need_min`` of the last ``last_min`` that count."""
    strings = strings_of(scene)
    median = strings.median_a[strings.unit_of]
    bright = strings.eligible(scene.daylight(Daylight.D4))
    with np.errstate(invalid="ignore"):
        known = np.isfinite(strings.ratio) & (median > limits["median_a"]) & bright
        low = known & (strings.ratio < limits["open_share"])
        clear = strings.ratio > limits["clear_share"]
    need, last = (max(1, ceil(limits[name] * 60.0 / scene.step_s)) for name in ("need_min", "last_min"))
    is_open = true_of_last(low, known, max(need, last)) >= need
    found = verdicts(known, is_open & ~clear, clear)
    grade = _grade(strings, is_open, int(limits["several"]))

    def lost_w(row: int) -> Floats | None:
        unit = strings.unit_of[row]
        alive = np.nansum(strings.by_unit(strings.current_a)[unit], axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            missing = np.maximum(median[row] - strings.current_a[row], 0.0) / alive
        return floats(scene.power_w[unit] * missing)

    measures = {"string_current_a": strings.current_a, "median_current_a": median}
    return Judgement(strings.subjects, found, measures, grade, lost_w)


def _grade(strings: Strings, is_open: Bools, several: int) -> Verdicts:
    """Return S2 where several strings of one inverter are open at once."""
    if not is_open.any():
        return np.zeros(is_open.shape, dtype=np.int8)
    dead = strings.by_unit(np.where(is_open, 1.0, 0.0))
    many = (np.nansum(dead, axis=1) >= several)[strings.unit_of]
    return np.where(many, int(Severity.S2), 0).astype(np.int8)
