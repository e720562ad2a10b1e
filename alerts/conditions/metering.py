"""F22, F28, F29, F37, F39: the revenue meter and the counters: power factor, line loss, night draw, jumps."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Bools, Judgement, Subject, verdicts
from alerts.rule import Daylight
from alerts.scene import Ints, Scene
from alerts.windows import Days, before, days_of, days_true
from domain.series import DeviceSeries, Floats

FACTOR_BOUNDS: Bounds = {"low": (0.3, 0.999), "days": (1, 31)}
LOSS_BOUNDS: Bounds = {"most": (0.005, 0.3), "jump": (0.005, 0.3), "least": (-0.1, 0.0), "days": (3, 31)}
NIGHT_BOUNDS: Bounds = {"times": (1.1, 20), "share_of_rating": (0.0005, 0.05), "days": (1, 10)}
JUMP_BOUNDS: Bounds = {"tolerance": (1.0, 2.0), "least_kwh": (0.001, 100)}
METER_BOUNDS: Bounds = {"differs": (0.02, 0.5), "flat_kwh": (0.0, 10), "load_share": (0.01, 0.5)}
COUNTERS = ("ac_energy_total_wh", "meter_energy_forward_wh")


def meters(scene: Scene) -> tuple[list[Subject], Ints]:
    """Return a subject per revenue meter and the number of its plant."""
    number = {plant.plant_id: n for n, plant in enumerate(scene.plants)}
    subjects = [Subject(each.device.plant_id, each.device.device_id) for each in scene.meters]
    return subjects, np.array([number[each.plant_id] for each in subjects], dtype=np.int64)


def _empty(scene: Scene) -> Judgement:
    return Judgement((), np.empty((0, scene.length), dtype=np.int8))


def _daily_growth(counter: Floats, days: Days) -> Floats:
    """Return by how much each counter grew from day to day's last reading, NaN where one is missing. [kWh]"""
    last = np.full((len(counter), days.count), np.nan)
    for day, (first, stop) in enumerate(zip(days.first, days.last, strict=True)):
        for row in range(len(counter)):
            known = np.flatnonzero(np.isfinite(counter[row, first : stop + 1]))
            if known.size:
                last[row, day] = counter[row, first + known[-1]]
    grown = np.full_like(last, np.nan)
    grown[:, 1:] = np.diff(last, axis=1)
    return np.asarray(np.where(grown >= 0, grown, np.nan) / 1000.0)


def judge_factor(scene: Scene, limits: Limits) -> Judgement:
    """F22. TRUE: the power factor of the energy of the last ``days`` at the meter, by day, is under ``low``."""
    active, reactive = scene.meter("meter_active_power_w"), scene.meter("meter_reactive_power_var")
    if active is None or reactive is None:
        return _empty(scene)
    subjects, plants = meters(scene)
    days = days_of(scene)
    bright = scene.daylight(Daylight.D3)[plants] & np.isfinite(active) & np.isfinite(reactive)
    p, q = days.sum(np.abs(active), bright), days.sum(np.abs(reactive), bright)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = p / np.hypot(p, q)
        known, need = np.isfinite(factor), int(limits["days"])
        low = days_true(factor < limits["low"], known, need, need)
    found = days.place(verdicts(known, low, factor > limits["low"]), plants)
    return Judgement(subjects, found, {"power_factor": days.spread(factor)})


def line_loss(scene: Scene, days: Days) -> tuple[Floats, Ints]:
    """Return the daily share of inverter energy that the meter does not see, by meter; NaN unknown."""
    forward = scene.meter("meter_energy_forward_wh")
    subjects, plants = meters(scene)
    own = scene.maybe("ac_energy_total_wh")
    if forward is None or own is None or not subjects:
        return np.empty((0, days.count)), plants
    grown = _daily_growth(own, days)
    inverters = np.stack([grown[scene.plant_of == plant].sum(axis=0) for plant in plants])
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = (inverters - _daily_growth(forward, days)) / inverters
    return np.asarray(np.where(inverters > 1.0, loss, np.nan)), plants


def judge_loss(scene: Scene, limits: Limits) -> Judgement:
    """F28. TRUE: the loss of the last ``days`` is above ``most``, negative, or off its weeks before by ``jump``."""
    days = days_of(scene)
    loss, plants = line_loss(scene, days)
    if len(loss) == 0:
        return _empty(scene)
    back = int(limits["days"])
    recent = before(np.concatenate([loss, loss[:, -1:]], axis=1), back, max(2, back // 2))[:, 1:]
    earlier = before(loss, 3 * back, back, gap=back)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(recent) & np.isfinite(loss)
        jump = np.abs(recent - earlier) > limits["jump"]
        bad = (recent > limits["most"]) | (recent < limits["least"]) | jump
    found = days.place(verdicts(known, bad), plants)
    return Judgement(meters(scene)[0], found, {"line_loss_ratio": days.spread(recent)})


def judge_night(scene: Scene, limits: Limits) -> Judgement:
    """F29. TRUE: the night's draw is ``times`` its 30-day median and more than a share of the rating."""
    active = scene.meter("meter_active_power_w")
    if active is None:
        return _empty(scene)
    subjects, plants = meters(scene)
    days = days_of(scene)
    night = (scene.elevation_deg < -6.0)[plants]
    draw = days.median(np.abs(active), night & np.isfinite(active), max(2, round(3600.0 / scene.step_s)))
    usual = before(draw, 30, 5)
    rated = scene.plant_rated_w[plants]
    with np.errstate(invalid="ignore"):
        known = np.isfinite(draw)
        high = (draw > limits["share_of_rating"] * rated) & ~(draw <= limits["times"] * usual)
    need = int(limits["days"])
    found = days.place(verdicts(known, days_true(high, known, need, need)), plants)
    return Judgement(subjects, found, {"night_draw_w": days.spread(draw), "usual_w": days.spread(usual)})


def _counters(scene: Scene) -> tuple[list[Subject], Floats, Floats, Ints]:
    """Return every lifetime counter as it was sent, with the rating above which it cannot grow. [Wh], [W]"""
    subjects: list[Subject] = []
    rows: list[Floats] = []
    rated: list[float] = []
    plants: list[int] = []
    for number, plant in enumerate(scene.plants):
        whole = float(np.nansum(scene.rated_w[scene.plant_of == number]))
        for each in plant.devices.values():
            counter = _counter(each)
            own = max(each.device.rated_power_kw, each.device.dc_capacity_kw) * 1000.0 or whole
            if counter is not None and own > 0:
                subjects.append(Subject(plant.plant_id, each.device.device_id))
                rows.append(counter)
                rated.append(own)
                plants.append(number)
    counters = np.stack(rows) if rows else np.empty((0, scene.length))
    return subjects, counters, np.array(rated)[:, None], np.array(plants, dtype=np.int64)


def _counter(each: DeviceSeries) -> Floats | None:
    return next((each.values[name] for name in COUNTERS if name in each.values), None)


def judge_jump(scene: Scene, limits: Limits) -> Judgement:
    """F37. TRUE: a counter falls, or grows by more than its rating could have given since it last moved.

    A counter that froze catches up when it moves again: that is no jump. One that has stood still since the first
    instant may have stood for longer than can be seen, so how far it grows then says nothing; a fall always tells.
    """
    subjects, counters, rated, _ = _counters(scene)
    place = np.broadcast_to(np.arange(scene.length), counters.shape)
    known = np.isfinite(counters)
    before = _last_place(known, place)
    grown = counters - np.take_along_axis(counters, np.maximum(before, 0), axis=1)
    known = known & (before >= 0)
    moved = np.maximum.accumulate(np.where(known & (grown != 0.0), place, -1), axis=1)
    moved = np.concatenate([np.full((len(moved), 1), -1), moved[:, :-1]], axis=1)
    steps = (
        place - np.where(moved >= 0, moved, before) + 1
    )  # one more: a reading may lie anywhere in its step
    most = rated * steps * scene.step_s / 3600.0 * limits["tolerance"]
    slack = limits["least_kwh"] * 1000.0
    fell, leapt = grown < -slack, grown > most + slack
    bad = known & (fell | (leapt & (moved >= 0)))
    unsure = leapt & (moved < 0)
    return Judgement(
        subjects, verdicts(known & ~unsure, bad), {"counter_step_kwh": _held(grown / 1000.0, bad)}
    )


def _last_place(true: Bools, place: Ints) -> Ints:
    """Return where something was true last before each instant, -1 where it never was [rows, instants]."""
    last = np.maximum.accumulate(np.where(true, place, -1), axis=1)
    return np.concatenate([np.full((len(last), 1), -1), last[:, :-1]], axis=1)


def _held(values: Floats, where: Bools) -> Floats:
    """Return the newest value that counts at each instant, NaN before the first [rows, instants]."""
    last = np.maximum.accumulate(np.where(where, np.arange(values.shape[1]), -1), axis=1)
    return np.asarray(np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=1), np.nan))


def judge_meter(scene: Scene, limits: Limits) -> Judgement:
    """F39. TRUE: the meter's phase currents differ from the inverters' sums, one is nothing, or it stands still."""
    subjects, plants = meters(scene)
    if not subjects:
        return _empty(scene)
    power = scene.plant_power_w[plants]
    loaded = power > limits["load_share"] * scene.plant_rated_w[plants]
    known = np.zeros((len(subjects), scene.length), dtype=np.bool_)
    bad = np.zeros_like(known)
    active = scene.meter("meter_active_power_w")
    with np.errstate(invalid="ignore", divide="ignore"):
        if active is not None:
            off = np.abs(np.abs(active) - power) / power
            known |= np.isfinite(off) & loaded
            bad |= off > limits["differs"]
        currents = [scene.meter(f"ac_phase_{phase}_current_a") for phase in "abc"]
        if all(each is not None for each in currents):
            phases = np.abs(np.stack([each for each in currents if each is not None]))
            dead = (phases.min(axis=0) < 0.02 * phases.max(axis=0)) & (phases.max(axis=0) > 0)
            known |= np.isfinite(phases).all(axis=0) & loaded
            bad |= dead
        still = _still(scene, limits["flat_kwh"])
        known |= np.isfinite(still) & loaded
        bad |= still > 0
    measure = {
        "meter_power_w": np.full_like(power, np.nan) if active is None else active,
        "inverters_w": power,
    }
    return Judgement(subjects, verdicts(known, bad & loaded), measure)


def _still(scene: Scene, flat_kwh: float) -> Floats:
    """Return 1 where the meter's counter did not grow over the last hour, NaN where nobody can tell."""
    forward = scene.meter("meter_energy_forward_wh")
    back = max(1, round(3600.0 / scene.step_s))
    if forward is None or scene.length <= back:
        return np.full((len(scene.meters), scene.length), np.nan)
    found = np.full(forward.shape, np.nan)
    grown = forward[:, back:] - forward[:, :-back]
    found[:, back:] = np.where(np.isfinite(grown), (grown <= flat_kwh * 1000.0).astype(np.float64), np.nan)
    return found
