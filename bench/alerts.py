"""Alert rules: one step of all inverter rules of instants (no strings) over 1,250 units, values already stacked (CPU)."""

from datetime import UTC, datetime
from time import process_time

import numpy as np

from alerts.catalog import KINDS
from alerts.context import Context
from alerts.engine import masked
from alerts.judgement import Bools, Ints
from alerts.scene import Scene
from domain.plant import Device, DeviceKind
from domain.series import DeviceSeries, Floats, PlantSeries
from jobs.evaluate_alerts import meanings
from main.alert_rules import DELIVERED
from main.configuration import load_alert_rules

_PLANTS, _UNITS = 50, 25
_RULES = ("F07", "F08", "F09", "F17", "F18", "F19", "F20", "F21")
_PROFILE = "huawei_sun2000"
_NOON = np.datetime64(datetime(2026, 7, 1, 4, 0, tzinfo=UTC).replace(tzinfo=None), "ns")


def _unit(plant_id: str, number: int, dice: np.random.Generator) -> DeviceSeries:
    device = Device(
        f"{plant_id}-{number}",
        plant_id,
        DeviceKind.INVERTER,
        "",
        _PROFILE,
        rated_power_kw=50,
        dc_capacity_kw=55,
    )
    values = {
        "ac_active_power_w": dice.uniform(3e4, 4e4, 1),
        "internal_temperature_c": dice.uniform(40, 60, 1),
    }
    for phase in "abc":
        values[f"ac_phase_{phase}_voltage_v"] = dice.uniform(225, 232, 1)
        values[f"ac_phase_{phase}_current_a"] = dice.uniform(50, 52, 1)
    values["insulation_resistance_ohm"] = np.array([2e6])
    values["device_status"], values["fault_code"] = (
        np.array([512.0]),
        np.array([2061.0 if number == 3 else 0.0]),
    )
    return DeviceSeries(device, values, expected_power_w=np.array([3.6e4]))


def _plants() -> list[PlantSeries]:
    dice = np.random.default_rng(1)
    found = []
    for number in range(_PLANTS):
        name = f"p{number:02d}"
        units = {each.device.device_id: each for each in (_unit(name, n, dice) for n in range(_UNITS))}
        one = np.array([_NOON])
        sun, sky, light = np.array([70.0]), np.array([950.0]), np.array([820.0])
        found.append(PlantSeries(name, "Asia/Shanghai", one, 300.0, units, sun, sky, light, "own"))
    return found


def _step(warm: Scene, plants: list[PlantSeries], rules: list[object]) -> float:
    scene = Scene(plants, warm.context)
    scene._matrices = dict(warm._matrices)
    for name in ("subjects", "plant_of", "_slots", "units", "names"):
        scene.__dict__[name] = getattr(warm, name)
    begun = process_time()
    with np.errstate(invalid="ignore", divide="ignore"):
        for rule in rules:
            kind = KINDS[rule.rule_id]  # type: ignore[attr-defined]
            assert kind.condition is not None
            masked(scene, rule, kind.condition(scene, rule.limits))  # type: ignore[attr-defined, arg-type]
    return process_time() - begun


def _plain(values: dict[str, Floats], starts: Ints, plant: Ints, since: Floats) -> Bools:
    """Judge much the same with plain numpy, thresholds written down and holds of three minutes: a near-limit."""
    share = values["power"] / 50_000.0
    median = np.array([np.median(each) for each in np.split(share, starts[1:])])[plant]
    volts, amps = values["volts"], values["amps"]
    mean_v, mean_a = volts.mean(axis=0), amps.mean(axis=0)
    hit = np.stack(
        [
            (values["status"] == 768) | (values["code"] == 2064),
            (share <= 0.001) & (median > 0.1),
            (share <= 0.001) & (values["before"] > 0.1),
            (values["temperature"] > 75) & (share < 0.95 * median),
            values["resistance"] < 5e4,
            values["code"] == 2002,
            volts.max(axis=0) > 1.07 * 230.0,
            (np.ptp(amps, axis=0) > 0.1 * mean_a) | (np.ptp(volts, axis=0) > 0.1 * mean_v),
        ]
    )
    since[~hit] = np.inf
    since[hit & np.isinf(since)] = 0.0
    return np.asarray(hit & (300.0 - since >= 180.0))


def _plain_ms(rounds: int) -> float:
    dice, count = np.random.default_rng(1), _PLANTS * _UNITS
    plant = np.repeat(np.arange(_PLANTS), _UNITS)
    values = {
        name: dice.uniform(0.0, 4e4, count) for name in ("power", "before", "status", "code", "resistance")
    }
    values |= {"temperature": dice.uniform(40, 60, count)}
    values |= {"volts": dice.uniform(225, 232, (3, count)), "amps": dice.uniform(50, 52, (3, count))}
    taken = []
    for _ in range(rounds):
        since = np.full((len(_RULES), count), np.inf)
        begun = process_time()
        _plain(values, np.arange(0, count, _UNITS), plant, since)
        taken.append(process_time() - begun)
    return min(taken) * 1000.0


def run(*, quick: bool) -> dict[str, float | str]:
    plants = _plants()
    warm = Scene(plants, Context(codes=meanings))
    rules = [each for each in load_alert_rules(DELIVERED.parent).rules if each.rule_id in _RULES]
    _step(warm, plants, rules)  # type: ignore[arg-type]
    for name in list(KINDS):
        kind = KINDS[name]
        if name in _RULES and kind.condition is not None:
            limits = next(each.limits for each in rules if each.rule_id == name)
            kind.condition(warm, limits)
    rounds = 5 if quick else 50
    best = min(_step(warm, plants, rules) for _ in range(rounds))  # type: ignore[arg-type]
    plain_ms = _plain_ms(rounds)
    return {
        "units": float(_PLANTS * _UNITS),
        "rules": float(len(rules)),
        "step_ms": best * 1000.0,
        "plain_numpy_ms": plain_ms,
        "times_plain_numpy": best * 1000.0 / plain_ms,
    }
