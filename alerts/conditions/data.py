"""F35, F36, F38, F41: values that stand still, that are bad, that are off by a factor, that cannot be."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.conditions.efficiency import day_efficiency
from alerts.conditions.plant_low import steady_index
from alerts.judgement import Bools, Judgement, Subject, Verdicts, verdicts
from alerts.rule import Daylight
from alerts.scene import POWER, Scene
from alerts.windows import before, days_of
from domain.series import Flag, Floats

STALE_BOUNDS: Bounds = {"samples": (3, 60), "load_share": (0.0, 0.5), "peers_move": (0.0, 0.2)}
BAD_BOUNDS: Bounds = {"share": (0.005, 0.9)}
SHIFT_BOUNDS: Bounds = {"step": (0.02, 0.5), "days": (5, 60), "factor_tolerance": (0.01, 0.3)}
IMPOSSIBLE_BOUNDS: Bounds = {
    "rating": (1.0, 2.0),
    "clear_sky": (1.0, 2.0),
    "night_deg": (-18, 0),
    "night_share": (0.0, 0.1),
}
_WITNESSES = (
    "ac_phase_a_voltage_v",
    "ac_line_ab_voltage_v",
    "dc_voltage_v",
    "dc_mppt_01_voltage_v",
    "internal_temperature_c",
)
_MOST, _DOUBLINGS = 0.5, 4
_NOISE_DAYS, _NOISE = 30, 2.5
_ALL = 0.8  # so many of a plant's units are wrong alike: it is the table, not the units
_FACTORS = (10.0, 2.0, 3.0**0.5, 1000.0, 100.0)
_BAD = np.uint16((Flag.OUT_OF_RANGE | Flag.SENTINEL).value)
_UNIT = np.uint16(Flag.UNIT.value)


def judge_stale(scene: Scene, limits: Limits) -> Judgement:
    """F35. TRUE: the same value ``samples`` times running while peers or the light move.

    Under an even sky those hardly move for hours: then the other gauges tell, when all of a unit's stand still
    to the last digit and those of most units do not.
    """
    need = int(limits["samples"])
    power = scene.raw(POWER)
    if power is None or scene.length < need:
        return Judgement((), np.empty((0, scene.length), dtype=np.int8))
    same = _stood(np.where(power > limits["load_share"] * scene.rated_w, power, np.nan), need)
    top = np.nanmax(np.where(np.isfinite(power), power, -np.inf), axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        clipped = power >= 0.985 * np.maximum(top, scene.rated_w)
    told, moves = witnesses(scene)
    lately = ~_of_all(~moves, need - 1)
    frozen = same & ~clipped & ~lately
    moved = np.zeros_like(same)
    if frozen.any():
        still = _of_all(told & ~moves, need - 1)
        others = scene.by_plant(np.where(told, lately, np.nan).astype(np.float64))
        most = np.nansum(others, axis=1) >= _MOST * np.fmax(np.isfinite(others).sum(axis=1), 1)
        moved = still & scene.to_units(most)
        for window in _lengths(need, scene.length):
            stood = frozen & _stood(power, window)
            for by_plant in (scene.median_specific, scene.irradiance_w_m2 / 1000.0):
                moved |= stood & scene.to_units(_moves(by_plant, window, limits["peers_move"]))
    return Judgement(scene.subjects, verdicts(np.isfinite(power), frozen & moved), {"power_w": power})


def _lengths(need: int, length: int) -> list[int]:
    """Return over how many samples a value that stands still is held against what moves: the slower, the more."""
    return [need * 2**times for times in range(_DOUBLINGS) if need * 2**times <= length]


def _stood(values: Floats, window: int) -> Bools:
    """Return where a value has been the same for so many samples."""
    found = np.zeros(values.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        step = np.abs(np.diff(values, axis=1)) <= 1e-5 * np.abs(values[:, 1:])
    found[:, 1:] = step
    return _of_all(found, window - 1)


def _of_all(true: Bools, window: int) -> Bools:
    """Return where each of the last ``window`` instants is true."""
    total = np.cumsum(true, axis=1)
    found = np.zeros(true.shape, dtype=np.bool_)
    before = np.concatenate([np.zeros((len(true), 1), dtype=total.dtype), total], axis=1)
    found[:, window - 1 :] = total[:, window - 1 :] - before[:, : true.shape[1] - window + 1] >= window
    return found


def witnesses(scene: Scene) -> tuple[Bools, Bools]:
    """Return where a unit tells a voltage or temperature, and where one of these has just changed."""
    told, found = (np.zeros((len(scene.units), scene.length), dtype=np.bool_) for _ in range(2))
    for name in _WITNESSES:
        values = scene.raw(name)
        if values is not None:
            steps = np.abs(np.diff(values, axis=1))
            told[:, 1:] |= np.isfinite(steps)
            with np.errstate(invalid="ignore"):
                found[:, 1:] |= steps > 0.0
    return told, found


def _moves(values: Floats, need: int, least: float) -> Bools:
    windows = np.lib.stride_tricks.sliding_window_view(values, need, axis=1)
    found = np.zeros(values.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        found[:, need - 1 :] = (windows.max(axis=2) - windows.min(axis=2)) > least
    return found


def judge_bad(scene: Scene, limits: Limits) -> Judgement:
    """F36. TRUE: more than ``share`` of a device's values of a day fail the tests of range and sentinels.

    A column in a wrong unit is F38, and so is what it shows beyond its range.
    """
    days = days_of(scene)
    subjects: list[Subject] = []
    rows: list[Floats] = []
    plants: list[int] = []
    for number, plant in enumerate(scene.plants):
        for each in plant.devices.values():
            worst = np.zeros(days.count)
            for name, flags in each.flags.items():
                bad = (((flags & _BAD) != 0) & ((flags & _UNIT) == 0))[None]
                if not bad.any():
                    continue
                told = (np.isfinite(each.values[name]) | bad[0])[None] if name in each.values else bad
                with np.errstate(invalid="ignore", divide="ignore"):
                    share = days.count_of(bad)[0] / days.count_of(told)[0]
                worst = np.fmax(worst, np.nan_to_num(share))
            if each.flags:
                subjects.append(Subject(plant.plant_id, each.device.device_id))
                rows.append(worst)
                plants.append(number)
    if not rows:
        return Judgement((), np.empty((0, scene.length), dtype=np.int8))
    worst_share = np.stack(rows)
    found = verdicts(np.ones(worst_share.shape, dtype=np.bool_), worst_share > limits["share"])
    measures = {"bad_share": days.spread(worst_share)}
    return Judgement(subjects, days.place(found, np.array(plants)), measures)


def judge_shift(scene: Scene, limits: Limits) -> Judgement:
    """F38. TRUE: DC over AC is off by a factor such as 10, or power over expectation steps and stays."""
    days = days_of(scene)
    dc = scene.in_any_unit("dc_power_w")
    eta = before(_widened(day_efficiency(scene, days, 0.1, dc)), 5, 2)[:, 1:]
    by_factor = _near_factor(eta, limits["factor_tolerance"])
    index = steady_index(scene, days, 1.0, 0.6)
    back = int(limits["days"])
    now = before(_widened(index), back, max(3, back // 2))[:, 1:]
    earlier = before(index, back, max(3, back // 2), gap=back)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = before(np.abs(index / now - 1.0), _NOISE_DAYS, 5)  # a lent sky strays by a tenth a day
        step = np.abs(now / earlier - 1.0) > np.maximum(limits["step"], _NOISE * np.nan_to_num(noise))
    plants = np.arange(len(scene.plants))
    told = np.isfinite(scene.by_plant(eta))
    common = (told & (scene.by_plant(by_factor.astype(np.float64)) > 0)).sum(axis=1) / told.sum(axis=1)
    everywhere = common >= _ALL
    units = verdicts(np.isfinite(eta), by_factor & ~scene.to_units(everywhere))
    whole = verdicts(np.isfinite(now) & np.isfinite(earlier), step)
    all_units = verdicts(np.isfinite(common), everywhere)
    subjects = (
        *(Subject(each.plant_id, "", "dc_power") for each in scene.plant_subjects),
        *(Subject(each.plant_id, each.device_id, "dc_power") for each in scene.subjects),
        *scene.plant_subjects,
    )
    said: Verdicts = np.concatenate(
        [days.place(all_units, plants), days.place(units, scene.plant_of), days.place(whole, plants)]
    )
    measures = {
        "efficiency": days.spread(np.concatenate([scene.median(eta), eta, np.full_like(now, np.nan)])),
        "index": days.spread(np.concatenate([np.full_like(now, np.nan), np.full_like(eta, np.nan), now])),
    }
    return Judgement(subjects, said, measures)


def _widened(by_day: Floats) -> Floats:
    return np.concatenate([by_day, by_day[:, -1:]], axis=1)


def _near_factor(eta: Floats, tolerance: float) -> Bools:
    """Return where a conversion efficiency is a usual one times a factor of a wrong unit."""
    found = np.zeros(eta.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        for factor in _FACTORS:
            for wrong in (factor, 1.0 / factor):
                found |= np.abs(eta / (0.975 * wrong) - 1.0) < tolerance
    return found


def judge_impossible(scene: Scene, limits: Limits) -> Judgement:
    """F41. TRUE: more than the rating, more than a clear sky could give, or power in the dark."""
    sky = scene.to_units(_greatest_around(scene.clear_sky_w_m2))
    dark = scene.to_units(_greatest_around(scene.elevation_deg)) < limits["night_deg"]
    day = scene.to_units(scene.daylight(Daylight.D3))
    raw = scene.raw(POWER)
    power = scene.power_w if raw is None else raw
    with np.errstate(invalid="ignore"):
        known = np.isfinite(power)
        above = power > limits["rating"] * np.fmax(scene.rated_w, scene.dc_capacity_w)
        beyond = (
            day
            & (power > limits["clear_sky"] * 1.1 * sky / 1000.0 * scene.dc_capacity_w)
            & (power > 0.3 * scene.rated_w)
        )
        by_night = dark & (power > limits["night_share"] * scene.rated_w)
    return Judgement(scene.subjects, verdicts(known, above | beyond | by_night), {"power_w": power})


def _greatest_around(values: Floats) -> Floats:
    """Return the greatest of each instant and its neighbours: a label may name the start or the end."""
    widened = np.concatenate([values[:, :1], values, values[:, -1:]], axis=1)
    return np.asarray(np.fmax.reduce([widened[:, :-2], values, widened[:, 2:]]))
