"""F23, F24: power held back by a set-point or a plateau, and power cut off at the top of the inverter."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Bools, Ints, Judgement, floats, shortfall, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene, quantile
from alerts.windows import days_of
from domain.series import Flag, Floats

CURTAILED_BOUNDS: Bounds = {
    "set_point_percent": (1, 100),
    "plateau": (0.001, 0.05),
    "plateau_min": (10, 240),
    "units_share": (0.3, 1.0),
    "below_expected": (0.5, 0.99),
}
CLIPPED_BOUNDS: Bounds = {"share_of_bright": (0.01, 0.9), "days": (5, 31)}
_SET_POINTS = ("active_power_limit_percent", "plant_active_power_limit_percent")


def flat(scene: Scene, tolerance: float, least_min: float) -> Bools:
    """Return where a unit's power has stayed within a share of itself for some time [units, instants]."""
    need = max(2, round(least_min * 60.0 / scene.step_s))
    found = np.zeros((len(scene.units), scene.length), dtype=np.bool_)
    if scene.length < need:
        return found
    windows = np.lib.stride_tricks.sliding_window_view(scene.share, need, axis=1)
    with np.errstate(invalid="ignore"):
        highest = windows.max(axis=2)
        still = (
            highest - windows.min(axis=2)
        ) < tolerance * highest  # under an even sky a low power is near level
    found[:, need - 1 :] = still
    return found


def judge_curtailed(scene: Scene, limits: Limits) -> Judgement:
    """F23. TRUE: a set-point below its full value, or most units flat below what the light would give."""
    ceiling = quantile(scene.share, 0.999)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        low = scene.power_w < limits["below_expected"] * scene.modelled_w
        held = flat(scene, limits["plateau"], limits["plateau_min"]) & low & (scene.share < 0.97 * ceiling)
        held &= scene.share > 0.02
    gathered = scene.by_plant(np.where(np.isfinite(scene.share), held, np.nan))
    told = np.isfinite(gathered).sum(axis=1)
    plateau = (told > 0) & (np.nansum(gathered, axis=1) >= limits["units_share"] * told)
    point = _set_point(scene)
    with np.errstate(invalid="ignore"):
        asked = point < limits["set_point_percent"]
    known = np.isfinite(scene.plant_power_w) | np.isfinite(point)
    return Judgement(
        scene.plant_subjects,
        verdicts(known, asked | plateau),
        {"set_point_percent": point, "power_w": scene.plant_power_w},
        lost_w=shortfall(scene.plant_expected_w, scene.plant_power_w),
    )


def _set_point(scene: Scene) -> Floats:
    """Return the least set-point any device of each plant tells, NaN where none does. [%]"""
    found = np.full((len(scene.plants), scene.length), np.nan)
    for row, plant in enumerate(scene.plants):
        for each in plant.devices.values():
            for name in _SET_POINTS:
                values = each.good(name)
                enabled = each.good("active_power_limit_enabled")
                if values is not None:
                    in_force = values if enabled is None else np.where(enabled == 0, np.nan, values)
                    found[row] = np.fmin(found[row], in_force)
    return found


def judge_clipped(scene: Scene, limits: Limits) -> Judgement:
    """F24. TRUE: clipped for more than a share of the bright hours of the last ``days``. Design, not fault."""
    days = days_of(scene)
    bright = scene.to_units(scene.daylight(Daylight.D3)) & np.isfinite(scene.power_w)
    clipped = np.zeros_like(bright)
    for row, unit in enumerate(scene.units):
        flags = unit.flags.get("ac_active_power_w")
        if flags is not None:
            clipped[row] = (flags & np.uint16(Flag.CLIPPED.value)) != 0
    with np.errstate(invalid="ignore"):
        clipped |= scene.share >= 0.995
    back = int(limits["days"])
    count, of = (_last_days(days.count_of(each), back) for each in (clipped & bright, bright))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = count / of
    known = np.isfinite(share) & (of * scene.step_s > 20 * 3600.0)
    found = days.place(verdicts(known, share > limits["share_of_bright"]), scene.plant_of)
    return Judgement(scene.subjects, found, {"clipped_share": days.spread(share)})


def _last_days(by_day: Ints, back: int) -> Floats:
    total = np.concatenate([np.zeros((len(by_day), 1)), np.cumsum(by_day, axis=1)], axis=1)
    day = np.arange(by_day.shape[1])
    return floats(total[:, day + 1] - total[:, np.maximum(day + 1 - back, 0)])
