"""F11, F12, F13: a weak string, a string that takes current, strings that differ."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Judgement, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene
from alerts.strings import Strings, strings_of
from alerts.windows import Days, days_of, days_true, first_true
from domain.alert import Severity
from domain.series import Floats

LOW_BOUNDS: Bounds = {
    "low": (0.5, 0.99),
    "low_days": (1, 10),
    "very_low": (0.3, 0.95),
    "open_share": (0.0, 0.3),
    "clear": (0.5, 1.0),
    "clear_days": (1, 10),
}
BACK_BOUNDS: Bounds = {"back_a": (0.05, 5)}
SPREAD_BOUNDS: Bounds = {"high": (0.02, 0.5), "very_high": (0.05, 1.0), "days": (1, 10)}
_LEAST_SAMPLES = 3


def _day_ratio(strings: Strings, days: Days) -> Floats:
    """Return a day's current of each string over the median string's, in steady light; by sums, so by light."""
    scene = strings.scene
    steady = strings.eligible(scene.daylight(Daylight.D4))
    median = strings.median_a[strings.unit_of]
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = steady & np.isfinite(strings.current_a) & (median > 1.0)
        ratio = days.sum(strings.current_a, counts) / days.sum(median, counts)
    least = max(_LEAST_SAMPLES, round(1800.0 / scene.step_s))
    return np.asarray(np.where(days.count_of(counts) >= least, ratio, np.nan))


def judge_low(scene: Scene, limits: Limits) -> Judgement:
    """F11. TRUE: under ``low`` of the median string on ``low_days`` days, or under ``very_low`` on one."""
    days, strings = days_of(scene), strings_of(scene)
    ratio = _day_ratio(strings, days)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(ratio) & (ratio > limits["open_share"])
        need, clean = int(limits["low_days"]), int(limits["clear_days"])
        low = days_true(ratio < limits["low"], known, need, need) | (known & (ratio < limits["very_low"]))
        clear = days_true(ratio > limits["clear"], known, clean, clean)
        grade = np.where(ratio < limits["very_low"], int(Severity.S3), 0).astype(np.int8)
    found = days.place(verdicts(known, low, clear), strings.plant_of)
    share = np.clip(1.0 - np.nan_to_num(ratio, nan=1.0), 0.0, 1.0) / strings.count[strings.unit_of][:, None]
    with np.errstate(invalid="ignore"):
        since = first_true(ratio < limits["low"], known, need)
    return Judgement(
        strings.subjects, found, {"ratio_to_median": days.spread(ratio)},
        days.spread(grade).astype(np.int8), drop=days.spread(share), began=days.began_on(since),
    )  # fmt: skip


def judge_back(scene: Scene, limits: Limits) -> Judgement:
    """F12. TRUE: a string takes more than ``back_a``."""
    strings = strings_of(scene)
    with np.errstate(invalid="ignore"):
        found = verdicts(np.isfinite(strings.current_a), strings.current_a < -limits["back_a"])
    return Judgement(strings.subjects, found, {"string_current_a": strings.current_a})


def judge_spread(scene: Scene, limits: Limits) -> Judgement:
    """F13. TRUE: the day's dispersion (population standard deviation over mean) is above ``high``."""
    days, strings = days_of(scene), strings_of(scene)
    gathered = strings.by_unit(_day_ratio(strings, days)) if len(strings) else np.empty((0, 1, days.count))
    if len(strings) == 0:
        return Judgement((), np.empty((0, scene.length), dtype=np.int8))
    known = np.isfinite(gathered).sum(axis=1) >= 3
    count = np.maximum(np.isfinite(gathered).sum(axis=1), 1)
    mean = np.nansum(gathered, axis=1) / count
    spread = np.sqrt(np.nansum((gathered - mean[:, None]) ** 2, axis=1) / count) / np.where(
        mean > 0, mean, np.nan
    )
    need = int(limits["days"])
    with np.errstate(invalid="ignore"):
        high = days_true(spread > limits["high"], known, need, need)
        clear = days_true(spread < 0.8 * limits["high"], known, need, need)
        grade = np.where(spread > limits["very_high"], int(Severity.S3), 0).astype(np.int8)
    found = days.place(verdicts(known, high, clear), scene.plant_of)
    measures = {"string_current_dispersion": days.spread(spread)}
    return Judgement(scene.subjects, found, measures, days.spread(grade).astype(np.int8))
