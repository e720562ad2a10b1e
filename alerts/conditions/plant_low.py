"""F25, F26, F27: a plant that gives less than its light would allow, in a day, over weeks, or of its design."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Judgement, shortfall, verdicts
from alerts.scene import Scene
from alerts.windows import Days, before, days_of, days_true, first_true
from domain.alert import Severity
from domain.series import Floats

DAY_BOUNDS: Bounds = {
    "low": (0.3, 0.98),
    "grave": (0.1, 0.9),
    "clear": (0.5, 1.0),
    "irradiation_kwh_m2": (0.2, 6),
    "completeness": (0.5, 1.0),
    "days": (1, 10),
}
SLOW_BOUNDS: Bounds = {
    "low": (0.5, 0.995),
    "clear": (0.5, 1.0),
    "times": (1, 10),
    "of_days": (2, 30),
    "irradiation_kwh_m2": (0.2, 6),
    "completeness": (0.5, 1.0),
}
ATTAINMENT_BOUNDS: Bounds = {"low": (0.2, 1.0), "very_low": (0.1, 1.0)}
_ENOUGH_TO_CLEAR = 0.4  # of the light that is needed to raise: a dim day may clear a plant, not accuse it
_LENT_CLEAR = 0.6  # of the clear sky: below it a lent sky strays with the weather, not with the plant
_LENDERS = ("own", "file")
_WEEK, _BASE_GAP, _BASE_DAYS, _YEAR = 7, 10, 45, 365


def day_index(scene: Scene, days: Days, irradiation_kwh_m2: float, completeness: float) -> Floats:
    """Return produced over expected energy of each plant and day, NaN where it cannot be judged.

    Only instants at which power and expectation are known count; a day needs enough light and enough of them.
    """
    power, expected = scene.plant_power_w, scene.plant_expected_w
    known = np.isfinite(power) & np.isfinite(expected)
    lit = scene.irradiance_w_m2 > 20.0
    with np.errstate(invalid="ignore", divide="ignore"):
        light_kwh = days.sum(scene.irradiance_w_m2) * scene.step_s / 3.6e6
        share = days.count_of(known & lit) / days.count_of((scene.elevation_deg > 3.0) | lit)
        index = days.sum(power, known) / days.sum(expected, known)
    enough = (light_kwh > irradiation_kwh_m2) & (share > completeness)
    return np.asarray(np.where(enough & np.isfinite(index), index, np.nan))


def steady_index(scene: Scene, days: Days, irradiation_kwh_m2: float, completeness: float) -> Floats:
    """Return `day_index` of days that can accuse a plant: under a lent sky only bright ones."""
    index = day_index(scene, days, irradiation_kwh_m2, completeness)
    light = scene.irradiance_w_m2
    lent = np.array([[not plant.irradiance_source.startswith(_LENDERS)] for plant in scene.plants])
    with np.errstate(invalid="ignore", divide="ignore"):
        bright = days.sum(light) > _LENT_CLEAR * days.sum(scene.clear_sky_w_m2, np.isfinite(light))
    return np.asarray(np.where(lent & ~bright, np.nan, index))


def judge_day(scene: Scene, limits: Limits) -> Judgement:
    """F25. TRUE: a day's energy is under ``low`` of what its light would give; under a lent sky a bright day's."""
    days = days_of(scene)
    index = steady_index(scene, days, limits["irradiation_kwh_m2"], limits["completeness"])
    need = int(limits["days"])
    with np.errstate(invalid="ignore"):
        dim = day_index(scene, days, _ENOUGH_TO_CLEAR * limits["irradiation_kwh_m2"], limits["completeness"])
        index = np.where(np.isnan(index) & (dim > limits["clear"]), dim, index)
        known = np.isfinite(index)
        low = days_true(index < limits["low"], known, need, need)
        found = verdicts(known, low, index > limits["clear"])
        grade = np.where(index < limits["grave"], int(Severity.S2), 0).astype(np.int8)
    plants = np.arange(len(scene.plants))
    return Judgement(
        scene.plant_subjects,
        days.place(found, plants),
        {"index": days.spread(index)},
        days.spread(grade).astype(np.int8),
        shortfall(scene.plant_expected_w, scene.plant_power_w),
        began=days.began(len(plants), need - 1),
    )


def judge_slow(scene: Scene, limits: Limits) -> Judgement:
    """F26. TRUE: the weekly index is under ``low`` of its own in the same season, ``times`` in ``of_days``.

    The season's own value is that of a year before where there is one, else that of the weeks before; a model
    that runs a few per cent off with the seasons would otherwise raise an alarm every winter.
    """
    days = days_of(scene)
    index = steady_index(scene, days, limits["irradiation_kwh_m2"], limits["completeness"])
    following = before(np.concatenate([index, index[:, -1:]], axis=1), _WEEK, 4)[:, 1:]
    base = before(index, _BASE_DAYS, 20, gap=_BASE_GAP)
    if days.count > _YEAR + _WEEK:
        last_year = np.full_like(index, np.nan)
        wide = before(np.concatenate([index, index[:, -1:]], axis=1), 2 * _WEEK, 6)[:, 1:]
        last_year[:, _YEAR - _WEEK :] = wide[:, : days.count - _YEAR + _WEEK]
        base = np.where(np.isfinite(last_year), last_year, base)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = following / base
        known = np.isfinite(ratio) & np.isfinite(index)
        low = days_true(ratio < limits["low"], known, int(limits["times"]), int(limits["of_days"]))
        found = verdicts(known, low & (ratio < limits["clear"]), ratio > limits["clear"])
        since = first_true(ratio < limits["low"], known, int(limits["of_days"]))
    drop = days.spread(np.clip(1.0 - np.nan_to_num(ratio, nan=1.0), 0.0, 0.9))
    plants = np.arange(len(scene.plants))
    measures = {"week_to_season_ratio": days.spread(ratio)}
    return Judgement(
        scene.plant_subjects, days.place(found, plants), measures, drop=drop, began=days.began_on(since)
    )


def judge_attainment(scene: Scene, limits: Limits) -> Judgement:
    """F27. TRUE: a month's energy is under ``low`` of the design's; without a design nothing is said."""
    days = days_of(scene)
    months = (days.ordinal[days.first].astype("datetime64[D]")).astype("datetime64[M]")
    said = np.full((len(scene.plants), days.count), -1, dtype=np.int8)
    measure = np.full((len(scene.plants), days.count), np.nan)
    energy_kwh = days.sum(scene.plant_power_w) * scene.step_s / 3.6e6
    for row, plant in enumerate(scene.plants):
        for month in np.unique(months):
            inside = np.flatnonzero(months == month)
            following = month + np.timedelta64(1, "M")
            whole = (following.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int)
            design = scene.context.designs(plant.plant_id, month.item())
            if design is None or len(inside) < whole:
                continue
            ratio = float(energy_kwh[row, inside].sum()) / design
            measure[row, inside] = ratio
            said[row, inside[-1]] = ratio < limits["low"]
    grade = np.where(measure < limits["very_low"], int(Severity.S3), 0).astype(np.int8)
    plants = np.arange(len(scene.plants))
    return Judgement(
        scene.plant_subjects,
        days.place(said, plants),
        {"attainment_ratio": days.spread(measure)},
        days.spread(grade).astype(np.int8),
    )
