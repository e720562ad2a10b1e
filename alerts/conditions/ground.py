"""F30, F31, F32: dirt, snow and shadows on the modules."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.conditions.plant_low import day_index
from alerts.judgement import Bools, Judgement, shortfall, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene, quantile
from alerts.windows import Days, Ints, before, days_of, first_true, true_of_last
from domain.series import Floats

SOILING_BOUNDS: Bounds = {"loss": (0.01, 0.3), "days": (5, 60), "clean_days": (20, 400)}
SNOW_BOUNDS: Bounds = {
    "cold_c": (-10, 10),
    "within_h": (1, 120),
    "output": (0.01, 0.5),
    "clear": (0.1, 0.9),
    "voltage_share": (0.2, 1.0),
    "strings_share": (0.3, 1.0),
}
SHADE_BOUNDS: Bounds = {"loss": (0.05, 0.9), "clear_days": (2, 20), "of_days": (2, 30), "sky": (0.5, 1.0)}
_SLOT_H = 0.5
_OWN = frozenset({"own", "own_ghi", "file"})
_NOISE_DAYS, _NOISE = 30, 2.5  # a fifth-day median strays by so many usual distances of a day from it


def judge_soiling(scene: Scene, limits: Limits) -> Judgement:
    """F30. TRUE: the daily index has slid by ``loss`` from its clean level without a rise of rain or washing.

    A slide is slow: half of it must have been there before the last ``days`` began, or it is something else.
    """
    days = days_of(scene)
    index = day_index(scene, days, 1.0, 0.6)
    back = int(limits["days"])
    widened = np.concatenate([index, index[:, -1:]], axis=1)
    now = before(widened, 5, 3)[:, 1:]
    noise = before(np.abs(index - now), _NOISE_DAYS, 5)
    earlier = before(index, 5, 3, gap=back // 2)
    clean = np.full_like(index, np.nan)
    for day in range(days.count):
        part = now[:, max(0, day - int(limits["clean_days"])) : day]
        ordered = np.sort(part, axis=1)
        count = np.isfinite(part).sum(axis=1)
        at = np.maximum(np.ceil(0.85 * count).astype(np.int64) - 1, 0)
        if part.shape[1]:
            clean[:, day] = np.where(count >= 10, ordered[np.arange(len(part)), at], np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = 1.0 - now / clean
        slid = (
            (loss > np.maximum(limits["loss"], _NOISE * np.nan_to_num(noise)))
            & ((earlier - now) / clean > 0.15 * loss)
            & (1.0 - earlier / clean > 0.25 * loss)
        )
        known = np.isfinite(loss) & np.isfinite(earlier) & _own_light(scene)
    found = days.place(verdicts(known, slid, loss < 0.5 * limits["loss"]), np.arange(len(scene.plants)))
    drop, began = _slide(scene, days, days.spread(np.clip(np.nan_to_num(loss), 0.0, 0.9)))
    measures = {"soiling_loss": days.spread(loss)}
    return Judgement(scene.plant_subjects, found, measures, drop=drop, began=began)


def _slide(scene: Scene, days: Days, loss: Floats) -> tuple[Floats, Ints]:
    """Return the share dirt takes at each instant and where that slide began: the ledger's where it was looked for."""
    share = loss.copy()
    began = np.tile(np.arange(scene.length), (len(scene.plants), 1))
    for row, plant in enumerate(scene.plants):
        if plant.dirt_share is not None:
            share[row] = plant.dirt_share
            by_day = plant.dirt_share[days.last] > 0.0
            clean = np.maximum.accumulate(np.where(by_day, -1, np.arange(days.count)))
            first = np.where(by_day, clean + 1, np.arange(days.count))
            began[row] = np.where(by_day[days.index], days.first[first[days.index]], began[row])
    return share, began


def _own_light(scene: Scene) -> Bools:
    """Return which plants measure their own light [plants, 1]: a lent sky errs by more than dirt costs."""
    return np.array([[plant.irradiance_source in _OWN] for plant in scene.plants])


def judge_snow(scene: Scene, limits: Limits) -> Judgement:
    """F31. TRUE: it was cold, the light is there, DC voltage stands, and most units give next to nothing.

    Snow lies in the morning: a plant that ran today and then stopped has another reason.
    """
    cold = np.zeros((len(scene.plants), scene.length), dtype=np.bool_)
    for row, plant in enumerate(scene.plants):
        if plant.ambient_temperature_c is not None:
            cold[row] = _within(
                plant.ambient_temperature_c < limits["cold_c"], limits["within_h"] * 3600.0 / scene.step_s
            )
    voltage = scene.quantity("dc_voltage_v")
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = quantile(np.where(voltage > 50, voltage, np.nan), 0.5)[:, None]
        ratio = scene.power_w / scene.modelled_w
        standing = ~(voltage < limits["voltage_share"] * usual)
        buried = np.where(np.isfinite(ratio), (ratio < limits["output"]) & standing, np.nan)
        told = np.isfinite(scene.by_plant(buried)).sum(axis=1)
        many = np.nansum(scene.by_plant(buried), axis=1) >= limits["strings_share"] * told
        output = scene.plant_power_w / scene.plant_expected_w
        ran = scene.daylight(Daylight.D2) & (output > limits["clear"])
    day = days_of(scene).index
    ran_today = np.maximum.accumulate(np.where(ran, day, -1), axis=1) == day
    known = np.isfinite(output) & (told > 0)
    found = verdicts(known, cold & many & ~ran_today, output > limits["clear"])
    lost = shortfall(scene.plant_expected_w, scene.plant_power_w)
    return Judgement(scene.plant_subjects, found, {"output_ratio": output}, lost_w=lost)


def _within(true: Bools, steps: float) -> Floats:
    """Return where something was true at most so many instants ago."""
    position = np.where(true, np.arange(len(true)), -(10**9))
    return np.asarray(np.arange(len(true)) - np.maximum.accumulate(position) <= steps)


def judge_shade(scene: Scene, limits: Limits) -> Judgement:
    """F32. TRUE: the same half hour lies low on the day, as on many of the last clear days; clear after ten without."""
    days = days_of(scene)
    slot = (days.hour / _SLOT_H).astype(np.int64)
    clear = _clear(scene, limits["sky"])
    reference = np.where(scene.to_units(scene.reporting) >= 4, scene.by_peers_w, scene.modelled_w)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(
            scene.to_units(clear & scene.daylight(Daylight.D2)), scene.power_w / reference, np.nan
        )
    worst = np.full((len(scene.units), days.count), np.nan)
    last, need = int(limits["of_days"]), int(limits["clear_days"])
    seen_any = np.zeros(worst.shape, dtype=np.bool_)
    since = np.tile(np.arange(days.count), (len(worst), 1))
    true = np.zeros(worst.shape, dtype=np.bool_)
    lately = np.zeros(worst.shape, dtype=np.bool_)
    for number in np.unique(slot[np.isfinite(ratio).any(axis=0)]).tolist():
        by_day = days.median(ratio, np.isfinite(ratio), columns=slot == number)
        known = np.isfinite(by_day)
        share = before(np.concatenate([by_day, by_day[:, -1:]], axis=1), last, need)[:, 1:]
        from_day = _low_count(by_day < 1.0 - limits["loss"], known, last)
        today = known & (by_day < 1.0 - limits["loss"])
        here = (from_day >= need) & today & (share < 1.0 - limits["loss"] * 0.7)
        since = np.where(
            here, np.minimum(since, first_true(by_day < 1.0 - limits["loss"], known, last)), since
        )
        true |= here
        lately |= from_day > 0
        seen_any |= known
        worst = np.fmin(worst, by_day)
    whole = days.median(ratio, np.isfinite(ratio), 4)
    with np.errstate(invalid="ignore"):
        local = true & (whole > 1.0 - limits["loss"] / 2)  # low all day is no shadow
    return Judgement(
        scene.subjects,
        days.place(verdicts(seen_any, local, ~lately), scene.plant_of),
        {"worst_slot_ratio": days.spread(worst)},
        began=days.began_on(since),
    )


def _low_count(low: Bools, known: Bools, last: int) -> Floats:  # fmt: skip
    return np.asarray(true_of_last(low, known, last), dtype=np.float64)


def _clear(scene: Scene, sky: float) -> Bools:
    """Return where the sky is clear by the plant's own light; without light, where peers are steady and strong."""
    with np.errstate(invalid="ignore"):
        light = scene.irradiance_w_m2
        return np.asarray(
            np.where(np.isfinite(light), light > sky * scene.clear_sky_w_m2, scene.daylight(Daylight.D4)),
            dtype=np.bool_,
        )
