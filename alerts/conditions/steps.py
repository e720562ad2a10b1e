"""F44, F45: a step down of a unit's DC current (a string is gone) or DC voltage (bypass diodes conduct).

For devices that tell no string currents. The unit is held against its own past under the same light; a string
takes its share of current at every hour, so most of a day's samples must be low, which a shadow does not do.
"""

from collections.abc import Callable

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import FALSE, NEAR, TRUE, UNKNOWN, Bools, Judgement, bools
from alerts.localmodel import LocalModel, fit, terms, watched
from alerts.scene import Scene, quantile
from alerts.windows import Days, days_of
from domain.series import Flag, Floats, PlantSeries

_SIZE_OF_A_STRING_KW = 6.0
_SETTLING_DAYS = 21
STRING_BOUNDS: Bounds = {
    "share_of_string": (0.2, 1.0),
    "sigmas_day": (2, 20),
    "sigmas_days": (1, 10),
    "days": (1, 10),
    "samples_share": (0.5, 1.0),
    "bright_h": (0.5, 8),
    "bright_kwh_m2": (0.0, 5.0),
    "clear_share": (0.05, 0.9),
    "voltage_ratio": (0.005, 0.5),
    "back_days": (10, 120),
    "least_days": (5, 60),
}
DIODE_BOUNDS: Bounds = {
    "step": (0.002, 0.1),
    "most": (0.01, 0.5),
    "days": (2, 30),
    "sigmas": (1, 10),
    "samples_share": (0.5, 1.0),
    "clear_share": (0.05, 0.9),
    "bright_h": (0.5, 8),
    "bright_kwh_m2": (0.0, 5.0),
    "back_days": (10, 120),
    "least_days": (5, 60),
}


def light_of(scene: Scene) -> Floats:
    """Return the light each unit stands in: measured, else what its peers make of it. [W/m2]"""
    peers = np.where(scene.reporting >= 3, scene.median_specific * 1000.0, np.nan)
    light = np.where(
        bools(np.isfinite(scene.irradiance_w_m2).any(axis=1))[:, None], scene.irradiance_w_m2, peers
    )
    return scene.to_units(light)


def temperature_of(scene: Scene) -> Floats:
    """Return module temperature by unit, from its own air and the light where nobody measures it. [C]"""
    found = np.full((len(scene.plants), scene.length), np.nan)
    for row, plant in enumerate(scene.plants):
        if plant.module_temperature_c is not None:
            found[row] = plant.module_temperature_c
        elif plant.ambient_temperature_c is not None and _thermometer(plant):
            found[row] = plant.ambient_temperature_c + 0.03 * np.nan_to_num(scene.irradiance_w_m2[row])
    return scene.to_units(found)


def _thermometer(plant: PlantSeries) -> bool:
    """Tell whether a plant's air is its own: a lent one is good to know frost by, not for a voltage."""
    return any("ambient_temperature_c" in each.values for each in plant.devices.values())


def free(scene: Scene) -> Bools:
    """Return where a unit follows the light: neither clipped nor held back."""
    found = np.ones((len(scene.units), scene.length), dtype=np.bool_)
    held = np.uint16((Flag.CLIPPED | Flag.CURTAILED).value)
    top = quantile(scene.power_w, 0.999)[:, None]
    with np.errstate(invalid="ignore"):
        near_top = scene.power_w > 0.97 * top
        plateau = (near_top & np.isfinite(scene.power_w)).sum(axis=1) > 0.02 * (
            scene.power_w > 0.2 * top
        ).sum(axis=1)
        found &= ~((scene.power_w > 0.93 * top) & plateau[:, None])
    for row, unit in enumerate(scene.units):
        flags = unit.flags.get("ac_active_power_w")
        if flags is not None:
            found[row] &= (flags & held) == 0
    return found


def _usable(scene: Scene, watched_values: Floats) -> Bools:
    light = light_of(scene)
    with np.errstate(invalid="ignore"):
        runs = scene.share > 0.01
        return bools(
            (light > 150.0) & runs & np.isfinite(watched_values) & (watched_values > 0) & free(scene)
        )


def judge_string(scene: Scene, limits: Limits) -> Judgement:
    """F44. TRUE: DC current a good part of a string lower than the past says, all day long.

    On one day when the step is far beyond the unit's noise, else on several days running.
    """
    current = scene.maybe("dc_current_a")
    if current is None:
        return _nothing(scene)
    days = days_of(scene)
    usable = _usable(scene, current)
    model = _model(
        scene,
        days,
        np.log(np.where(usable, current / np.where(usable, light_of(scene), 1), 1.0)),
        usable,
        limits,
    )
    residual = _less_the_plant(scene, model.residual)
    middle, upper = _watched(scene, days, residual, usable, limits)
    noise = _noise(middle)
    sizes = _string_share(scene)
    need = sizes * limits["share_of_string"]
    still = ~(np.abs(_voltage_step(scene, days, usable, limits)) > limits["voltage_ratio"])
    with np.errstate(invalid="ignore"):
        low = (upper < -0.6 * need[:, None]) & still & (middle < -need[:, None])
        sudden = low & (middle < -limits["sigmas_day"] * noise)
        slow = _running(low & (middle < -limits["sigmas_days"] * noise), int(limits["days"]))
    return _latched(
        scene, days, model, (sudden | slow, middle), usable, limits, lambda unit: need[unit], sizes
    )


def judge_diode(scene: Scene, limits: Limits) -> Judgement:
    """F45. TRUE: DC voltage at least ``step`` lower than the past says, for days; more than ``most`` is no diode."""
    voltage = scene.maybe("dc_voltage_v")
    if voltage is None:
        return _nothing(scene)
    days = days_of(scene)
    usable = _usable(scene, voltage)
    wait = int(limits["days"])
    model = _model(scene, days, np.log(np.where(usable, voltage, 1.0)), usable, limits, wait)
    residual = _less_the_plant(scene, model.residual)
    middle, upper = _watched(scene, days, residual, usable, limits)
    level, seen = _mean_of_last(middle, wait)
    top, _ = _mean_of_last(upper, wait)
    noise = _noise(middle) / np.sqrt(wait)
    with np.errstate(invalid="ignore"):
        step = (level < -limits["step"]) & (level > -limits["most"]) & (seen >= 0.6 * wait)
        step &= (top < 0.0) & (level < -limits["sigmas"] * noise)
    return _latched(scene, days, model, (step, level), usable, limits, lambda _unit: limits["step"])


def _watched(
    scene: Scene, days: Days, residual: Floats, usable: Bools, limits: Limits
) -> tuple[Floats, Floats]:
    """Return the median and the upper residual of each day that was bright enough and long enough."""
    least = max(2, round(limits["bright_h"] * 3600.0 / scene.step_s))
    middle, upper = watched(days, residual, usable, least, limits["samples_share"])
    light_kwh = days.sum(light_of(scene), usable & np.isfinite(residual)) * scene.step_s / 3.6e6
    bright = light_kwh >= limits["bright_kwh_m2"]
    return np.where(bright, middle, np.nan), np.where(bright, upper, np.nan)


def _nothing(scene: Scene) -> Judgement:
    return Judgement((), np.empty((0, scene.length), dtype=np.int8))


def _model(scene: Scene, days: Days, y: Floats, usable: Bools, limits: Limits, gap: int = 0) -> LocalModel:
    light = light_of(scene)
    weight = np.where(usable, np.clip(light, 0, 1200) / 1000.0, 0.0)
    back, least = int(limits["back_days"]), int(limits["least_days"])
    x = terms(np.where(usable, light, 1000.0), temperature_of(scene))
    return fit(y, x, weight, days, back=back, least=least, gap=gap)


def _voltage_step(scene: Scene, days: Days, usable: Bools, limits: Limits) -> Floats:
    """Return how far a day's DC voltage is from the past; far off means the unit is held back, not short."""
    voltage = scene.maybe("dc_voltage_v")
    if voltage is None:
        return np.zeros((len(scene.units), days.count))
    with np.errstate(invalid="ignore", divide="ignore"):
        model = _model(
            scene,
            days,
            np.log(np.where(usable & (voltage > 0), voltage, 1.0)),
            usable & (voltage > 0),
            limits,
        )
    middle, _ = watched(days, model.residual, usable, 2, 0.5)
    return np.nan_to_num(middle)


def _less_the_plant(scene: Scene, residual: Floats) -> Floats:
    """Return residuals less the median of the plant's units, where there are enough: haze is nobody's fault."""
    many = np.isfinite(scene.by_plant(residual)).sum(axis=1) >= 4
    common = np.where(many, scene.median(residual), 0.0)
    return np.asarray(residual - scene.to_units(common))


def _noise(middle: Floats, back: int = 30) -> Floats:
    """Return the usual day-to-day spread of the daily residuals before each day."""
    found = np.full_like(middle, 0.01)
    for day in range(1, middle.shape[1]):
        part = np.abs(middle[:, max(0, day - back) : day])
        count = np.isfinite(part).sum(axis=1)
        ordered = np.sort(part, axis=1)
        at = np.maximum(count - 1, 0) // 2
        spread = 1.48 * ordered[np.arange(len(part)), at]
        found[:, day] = np.where(count >= 5, np.maximum(spread, 1e-4), 0.01)
    return found


def _string_share(scene: Scene) -> Floats:
    """Return the share of a unit's current that one string carries; strings of a usual size where unregistered."""
    count = np.array([each.device.string_count for each in scene.units], dtype=np.float64)
    by_size = np.maximum(
        np.rint(np.nan_to_num(scene.dc_capacity_w[:, 0]) / 1000.0 / _SIZE_OF_A_STRING_KW), 1.0
    )
    return np.asarray(1.0 / np.where(count > 0, count, by_size))


def _running(true: Bools, need: int) -> Bools:
    found = np.zeros_like(true)
    run = np.zeros(len(true), dtype=np.int64)
    for day in range(true.shape[1]):
        run = np.where(true[:, day], run + 1, 0)
        found[:, day] = run >= need
    return found


def _mean_of_last(by_day: Floats, last: int) -> tuple[Floats, Floats]:
    """Return the mean over the last days that have a value, and how many had one."""
    known = np.isfinite(by_day)
    total = np.cumsum(np.where(known, by_day, 0.0), axis=1)
    count = np.cumsum(known, axis=1)
    back = np.maximum(np.arange(by_day.shape[1]) - last, -1)
    earlier = np.where(back >= 0, total[:, back], 0.0)
    earlier_count = np.where(back >= 0, count[:, back], 0)
    seen = count - earlier_count
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (total - earlier) / seen
    return np.where(known, mean, np.nan), seen.astype(np.float64)


def _latched(
    scene: Scene,
    days: Days,
    model: LocalModel,
    found: tuple[Bools, Floats],
    usable: Bools,
    limits: Limits,
    need: Callable[[int], float],
    sizes: Floats | None = None,
) -> Judgement:
    """Return verdicts where a step, once found, is held against the coefficients of the day before it began."""
    step, level = found
    said = np.full(step.shape, UNKNOWN, dtype=np.int8)
    known = np.isfinite(level)
    said[known] = FALSE
    drop = np.zeros(step.shape)
    measure = level.copy()
    least = max(2, round(limits["bright_h"] * 3600.0 / scene.step_s))
    back = int(limits["days"]) - 1 if sizes is None else 0
    for unit in np.flatnonzero(step.any(axis=1)).tolist():
        start = 0
        while (first := _next_true(step[unit], start)) is not None:
            residual = model.frozen(unit, first)[None]
            middle = watched(days, residual, usable[unit : unit + 1], least, 0.5)[0][0]
            end = _until_clear(middle, first, limits["clear_share"] * need(unit))
            span = slice(first, end)
            seen = np.isfinite(middle[span])
            said[unit, span] = np.where(seen | known[unit, span], NEAR, UNKNOWN)
            said[unit, first] = TRUE
            drop[unit, max(first - back, 0) : end + 1] = _lost_share(
                level[unit, first], middle[first:end], sizes, unit
            )
            measure[unit, span] = np.where(seen, middle[span], level[unit, span])
            measure[unit, first] = level[unit, first]
            start = end + int(limits["back_days"]) // 2
    spread = days.spread(np.expm1(measure))
    verdict = days.place(said, scene.plant_of)
    began = days.began(len(said), back)
    measures = {"step_ratio": spread}
    return Judgement(scene.subjects, verdict, measures, drop=days.spread(drop), began=began)


def _lost_share(level: float, after: Floats, sizes: Floats | None, unit: int) -> float:
    """Return which share of power is gone: whole strings, or the median of the first weeks after the step."""
    known = after[np.isfinite(after)][:_SETTLING_DAYS]
    share = float(1.0 - np.exp(np.median(known) if known.size >= 3 else level))
    if sizes is None:
        return share
    strings = max(1.0, np.rint(share / sizes[unit]))
    return float(min(strings * sizes[unit], 0.95))


def _next_true(true: Bools, start: int) -> int | None:
    found = np.flatnonzero(true[start:])
    return start + int(found[0]) if found.size else None


def _until_clear(middle: Floats, day: int, limit: float, run: int = 3) -> int:
    """Return the first day after ``day`` from which the level is back for ``run`` days; the end otherwise."""
    back = 0
    for later in range(day + 1, len(middle)):
        if not np.isfinite(middle[later]):
            continue
        back = back + 1 if middle[later] > -limit else 0
        if back >= run:
            return later
    return len(middle)
