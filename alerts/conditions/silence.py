"""F01, F02, F03: a plant, a bus or a device says nothing while the sun is up and others speak."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Bools, Judgement, Subject, bools, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene
from alerts.windows import longest_step
from domain.plant import DeviceKind
from domain.series import DeviceSeries, Floats

NO_BOUNDS: Bounds = {}
BUS_BOUNDS: Bounds = {"devices": (2, 30)}
_LEAST_SHARE = 0.02  # of its rating: a plant that gave less over the bright hours of a silence stood
_SPEAK = frozenset({DeviceKind.INVERTER, DeviceKind.LOGGER, DeviceKind.REVENUE_METER})


def heard(each: DeviceSeries) -> Bools:
    """Return where a device said anything at all."""
    found = np.zeros(len(next(iter(each.values.values()), ())), dtype=np.bool_)
    for values in each.values.values():
        found |= np.isfinite(values)
        if found.all():
            break
    return found


_Heard = tuple[list[DeviceSeries], Bools, list[int]]


def _all_heard(scene: Scene) -> _Heard:
    """Return every device that ever spoke, where it did, and the number of its plant; listened to once."""
    if "heard" not in scene.memory:
        scene.memory["heard"] = _listen(scene)
    found: _Heard = scene.memory["heard"]
    return found


def _listen(scene: Scene) -> _Heard:
    devices, rows, plants = [], [], []
    for number, plant in enumerate(scene.plants):
        for each in plant.devices.values():
            row = heard(each)
            if row.any():
                devices.append(each)
                rows.append(row)
                plants.append(number)
    return devices, np.stack(rows) if rows else np.zeros((0, scene.length), dtype=np.bool_), plants


def judge_plant(scene: Scene, limits: Limits) -> Judgement:  # noqa: ARG001
    """TRUE: no device of the plant said anything."""
    _, rows, plants = _all_heard(scene)
    spoke = np.zeros((len(scene.plants), scene.length), dtype=np.bool_)
    np.logical_or.at(spoke, np.array(plants, dtype=np.int64), rows)
    known = np.repeat(bools(spoke.any(axis=1))[:, None], scene.length, axis=1)
    grown = counter_growth_kwh(scene)
    lit_h = scene.daylight(Daylight.D2) * scene.step_s / 3600.0

    def cause(row: int, span: slice) -> str:
        """The counters that return tell: they grew, so it was the line; they stood, so it was the plant."""
        told = grown[row, span][np.isfinite(grown[row, span])]
        least_kwh = _LEAST_SHARE * float(scene.plant_rated_w[row, 0]) / 1000.0 * float(lit_h[row, span].sum())
        return "outage" if told.size and float(told.max()) < least_kwh else "communication"

    measures = {"counter_growth_kwh": grown}
    return Judgement(scene.plant_subjects, verdicts(known, ~spoke), measures, cause=cause)


def judge_bus(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: every one of several devices of a bus is silent while another bus of the plant speaks."""
    devices, rows, plants = _all_heard(scene)
    buses: dict[tuple[int, str], list[int]] = {}
    for number, each in enumerate(devices):
        if each.device.gateway_id:
            buses.setdefault((plants[number], each.device.gateway_id), []).append(number)
    chosen = {key: rows_ for key, rows_ in buses.items() if len(rows_) >= limits["devices"]}
    subjects = [Subject(scene.plants[plant].plant_id, "", bus) for plant, bus in chosen]
    said = np.zeros((len(chosen), scene.length), dtype=np.bool_)
    others = np.zeros_like(said)
    for row, ((plant, _), members) in enumerate(chosen.items()):
        said[row] = rows[members].any(axis=0)
        rest = [n for n, own in enumerate(plants) if own == plant and n not in members]
        others[row] = rows[rest].any(axis=0)
    return Judgement(subjects, verdicts(said | others, ~said & others))


def judge_device(scene: Scene, limits: Limits) -> Judgement:  # noqa: ARG001
    """TRUE: one device is silent while another one of the plant speaks."""
    devices, rows, plants = _all_heard(scene)
    wanted = [n for n, each in enumerate(devices) if each.device.kind in _SPEAK]
    subjects = [Subject(scene.plants[plants[n]].plant_id, devices[n].device.device_id) for n in wanted]
    spoke = rows[wanted] if wanted else np.zeros((0, scene.length), dtype=np.bool_)
    speaking = np.zeros((len(scene.plants), scene.length), dtype=np.int64)
    np.add.at(speaking, np.array(plants, dtype=np.int64), rows)
    others = bools(speaking[[plants[n] for n in wanted]] - spoke > 0) if wanted else spoke
    return Judgement(subjects, verdicts(spoke | others, ~spoke & others))


def counter_growth_kwh(scene: Scene) -> Floats:
    """Return by how much the plant's lifetime counters grew over the silence around each instant. [kWh]

    NaN while nobody knows: the counter of a plant that is still silent, or that has none.
    """
    found = np.full((len(scene.plants), scene.length), np.nan)
    for row, plant in enumerate(scene.plants):
        grown = np.zeros(scene.length)
        any_counter = False
        for each in plant.devices.values():
            counter = each.values.get("ac_energy_total_wh", each.values.get("meter_energy_forward_wh"))
            if counter is None or (each.device.kind is DeviceKind.REVENUE_METER and any_counter):
                continue
            step = longest_step(counter)
            grown = np.where(np.isfinite(step), grown + step, grown)
            any_counter = any_counter or bool(np.isfinite(step).any())
        if any_counter:
            found[row] = grown / 1000.0
    return found
