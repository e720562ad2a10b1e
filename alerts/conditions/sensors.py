"""F33, F34: the irradiance sensor and the clock, judged by the sun."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Bools, Judgement, verdicts
from alerts.scene import Scene
from alerts.windows import Days, before, days_of, days_true
from domain.alert import Severity
from domain.series import Floats

LIGHT_BOUNDS: Bounds = {
    "low": (0.3, 1.0),
    "high": (1.0, 2.0),
    "clear_days": (1, 10),
    "correlation": (0.0, 0.99),
    "step": (0.05, 0.9),
}
_MORE_DAYS = 3
_CLEAR, _DAYS_BACK, _DAYS_LEAST = 0.85, 30, 7
_CLEARISH = 0.8  # a day with four fifths of the best recent day's share of the clear sky is clear enough
CLOCK_BOUNDS: Bounds = {"off_min": (2, 120), "grave_min": (10, 240), "clear_min": (1, 60), "days": (3, 31)}


def judge_light(scene: Scene, limits: Limits) -> Judgement:
    """F33. TRUE: clear-day peaks off the clear sky, or light that does not go with power, or a step of their ratio."""
    days = days_of(scene)
    light = scene.irradiance_w_m2
    with np.errstate(invalid="ignore", divide="ignore"):
        peak = days.max(np.where(np.isfinite(light), light, np.nan)) / days.max(scene.clear_sky_w_m2)
        share = scene.plant_power_w / scene.plant_rated_w
        correlation = _correlation(light, share, days)
        response = days.sum(share, np.isfinite(light)) / days.sum(light, np.isfinite(share))
    bright = days.max(share) > 0.5
    usual = before(response, 30, 10, gap=3)
    now = before(np.concatenate([response, response[:, -1:]], axis=1), 3, 2)[:, 1:]
    own = np.array([[plant.irradiance_source == "own"] for plant in scene.plants])
    with np.errstate(invalid="ignore"):
        known = np.isfinite(peak) & bright & own
        off = (peak < limits["low"]) | (peak > limits["high"])
        need = int(limits["clear_days"])
        clear = known & _clear_by_power(scene, days)
        is_off = days_true(off & clear, clear, need, need)
        apart = days_true((correlation < limits["correlation"]) & bright, known, need, need)
        step = np.abs(now / usual - 1.0) > limits["step"]
        broken = apart | (step & known & (now / usual > 1.0))
        bad = is_off | broken
        grade = np.where(broken, int(Severity.S3), 0).astype(np.int8)
        fine = ~off & ~step & ~(correlation < limits["correlation"])
    found = days.place(verdicts(known, bad, fine), np.arange(len(scene.plants)))
    measures = {"peak_to_clear_sky": days.spread(peak), "correlation": days.spread(correlation)}
    return Judgement(scene.plant_subjects, found, measures, days.spread(grade).astype(np.int8))


def _clear_by_power(scene: Scene, days: Days) -> Bools:
    """Return the days that were clear by what the plant made of them: the sensor is no witness of itself.

    The best of the last weeks is the measure; of a few days nobody can say whether one was clear.
    """
    power = scene.plant_power_w
    with np.errstate(invalid="ignore", divide="ignore"):
        share = days.sum(power) / days.sum(np.where(np.isfinite(power), scene.clear_sky_w_m2, np.nan))
        known = np.cumsum(np.isfinite(share), axis=1) >= _DAYS_LEAST
        return np.asarray((share > _CLEAR * best_of(share, _DAYS_BACK)) & known)


def _correlation(light: Floats, share: Floats, days: Days) -> Floats:
    """Return how light and power go together over each day, NaN where there is too little of either."""
    known = np.isfinite(light) & np.isfinite(share) & ((light > 5) | (share > 0.01))
    count = days.count_of(known)
    x, y = np.where(known, light / 1000.0, 0.0), np.where(known, share, 0.0)
    mean_x, mean_y = days.sum(x) / count, days.sum(y) / count
    spread_x = days.sum(x * x) / count - mean_x**2
    spread_y = days.sum(y * y) / count - mean_y**2
    together = days.sum(x * y) / count - mean_x * mean_y
    enough = (count >= 6) & (spread_x > 1e-6) & (spread_y > 1e-6)
    return np.asarray(np.where(enough, together / np.sqrt(spread_x * spread_y), np.nan))


def clock_shift_min(scene: Scene, days: Days) -> Floats:
    """Return by how much each plant's production is late against the sun, less what is usual for it. [min]

    The centre of a day's power against the centre of the clear sky over the same instants.
    """
    power = np.nan_to_num(scene.plant_power_w)
    minute = days.hour * 60.0
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.isfinite(scene.plant_power_w)
        sky = np.where(known, np.nan_to_num(scene.clear_sky_w_m2), 0.0)
        power_sum, sky_sum = days.sum(power), days.sum(sky)
        centre = days.sum(power * minute) / power_sum
        noon = days.sum(sky * minute) / sky_sum
        clear_share = power_sum / sky_sum
        smooth = clear_share > _CLEARISH * best_of(clear_share, 30)
        complete = days.count_of(known & (scene.elevation_deg > 0)) >= 0.8 * days.count_of(
            scene.elevation_deg > 0
        )
    return np.asarray(np.where(smooth & complete, centre - noon, np.nan))


def best_of(by_day: Floats, back: int) -> Floats:
    """Return the greatest value of the last days, the day itself among them [rows, days]."""
    padded = np.concatenate([np.full((len(by_day), back - 1), np.nan), by_day], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.where(np.isfinite(padded), padded, -np.inf), back, axis=1
    )
    return np.asarray(windows.max(axis=2))


def judge_clock(scene: Scene, limits: Limits) -> Judgement:
    """F34. TRUE: the median shift of the last ``days`` is beyond ``off_min``; a constant shift counts as well.

    What the plant's azimuth moves is in the clear sky already: it is that of the array's own plane.
    """
    days = days_of(scene)
    shift = clock_shift_min(scene, days)
    back = int(limits["days"])
    least = max(3, back // 2 + 2)  # half-cloudy days stray by half an hour either way
    level = before(np.concatenate([shift, shift[:, -1:]], axis=1), back + _MORE_DAYS, least)[:, 1:]
    with np.errstate(invalid="ignore"):
        known = np.isfinite(level) & np.isfinite(shift)
        sure = (
            np.abs(level) - scene.step_s / 120.0
        )  # a label may stand for the start or the end of its interval
        grave = sure - scene.step_s / 120.0 > limits["grave_min"]
        grade = np.where(grave, int(Severity.S3), 0).astype(np.int8)
        found = verdicts(known, sure > limits["off_min"], sure < limits["clear_min"])
    return Judgement(
        scene.plant_subjects,
        days.place(found, np.arange(len(scene.plants))),
        {"clock_shift_min": days.spread(level)},
        days.spread(grade).astype(np.int8),
    )
