"""F35, F36, F38, F41: values that stand still, that are bad, that are off by a factor, that cannot be."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.conditions.efficiency import day_efficiency
from alerts.conditions.plant_low import day_index
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
_NOISE_DAYS, _NOISE = 30, 2.5
_ALL = 0.8  # so many of a plant's units are wrong alike: it is the table, not the units
_FACTORS = (10.0, 2.0, 3.0**0.5, 1000.0, 100.0)
_BAD = np.uint16((Flag.OUT_OF_RANGE | Flag.SENTINEL).value)
_UNIT = np.uint16(Flag.UNIT.value)


def judge_stale(scene: Scene, limits: Limits) -> Judgement:
    """F35. TRUE: the same value ``samples`` times running while it should move, and peers do move."""
    need = int(limits["samples"])
    power = scene.raw(POWER)
    if power is None or scene.length < need:
        return Judgement((), np.empty((0, scene.length), dtype=np.int8))
    same = np.zeros(power.shape, dtype=np.bool_)
    windows = np.lib.stride_tricks.sliding_window_view(power, need, axis=1)
    with np.errstate(invalid="ignore"):
        still = (windows.max(axis=2) - windows.min(axis=2)) <= 1e-5 * np.abs(windows[..., 0])
        same[:, need - 1 :] = still & (windows[..., -1] > limits["load_share"] * scene.rated_w)
    top = np.nanmax(np.where(np.isfinite(power), power, -np.inf), axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        clipped = power >= 0.985 * np.maximum(top, scene.rated_w)
    median = scene.to_units(scene.median_specific)
    moved = np.zeros_like(same)
    light = scene.to_units(scene.irradiance_w_m2)
    moved[:, need - 1 :] = _moves(median, need, limits["peers_move"]) | _moves(
        light / 1000.0, need, limits["peers_move"]
    )
    found = verdicts(np.isfinite(power), same & moved & ~clipped & ~_others_move(scene))
    return Judgement(scene.subjects, found, {"power_w": power})


def _others_move(scene: Scene) -> Bools:
    """Return where a unit's voltages or temperature change while its power may not: it is held, and not frozen."""
    found = np.zeros((len(scene.units), scene.length), dtype=np.bool_)
    for name in _WITNESSES:
        values = scene.raw(name)
        if values is not None:
            with np.errstate(invalid="ignore"):
                found[:, 1:] |= np.abs(np.diff(values, axis=1)) > 0.0
    return found


def _moves(values: Floats, need: int, least: float) -> Bools:
    windows = np.lib.stride_tricks.sliding_window_view(values, need, axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((windows.max(axis=2) - windows.min(axis=2)) > least)


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
    index = day_index(scene, days, 1.0, 0.6)
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
