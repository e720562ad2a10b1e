"""F04, F20, F21: is the grid there, too high, or out of balance?"""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import NEAR, TRUE, UNKNOWN, Bools, Judgement, bools, floats, shortfall, verdicts
from alerts.scene import Scene, quantile
from domain.series import Floats

PHASES = ("ac_phase_a_voltage_v", "ac_phase_b_voltage_v", "ac_phase_c_voltage_v")
LINES = ("ac_line_ab_voltage_v", "ac_line_bc_voltage_v", "ac_line_ca_voltage_v")
CURRENTS = ("ac_phase_a_current_a", "ac_phase_b_current_a", "ac_phase_c_current_a")
_NOMINAL_V = (220.0, 289.0, 312.0, 380.0, 462.0, 500.0, 540.0, 800.0, 10_000.0, 35_000.0)
_GONE_SHARE = 0.2

OUTAGE_BOUNDS: Bounds = {"gone_share": (0.05, 0.5), "units_share": (0.2, 1.0)}
HIGH_BOUNDS: Bounds = {"high_ratio": (1.02, 1.2), "clear_ratio": (1.0, 1.19)}
BALANCE_BOUNDS: Bounds = {"unbalance": (0.02, 0.5), "clear": (0.01, 0.4), "load_share": (0.05, 0.9)}


def voltages(scene: Scene) -> list[Floats]:
    """Return the phase voltages that any unit tells, line voltages where nobody tells phases. [V]"""
    found = [each for each in (scene.maybe(name) for name in PHASES) if each is not None]
    return found or [each for each in (scene.maybe(name) for name in LINES) if each is not None]


def greatest_voltage(scene: Scene) -> Floats:
    """Return the greatest phase (or line) voltage of each unit, NaN where it says none. [V]"""
    found = voltages(scene)
    if not found:
        return np.full((len(scene.units), scene.length), np.nan)
    return floats(np.fmax.reduce(found))


def nominal_v(voltage: Floats) -> Floats:
    """Return the usual voltage of each unit [units, 1]: the nominal value nearest to its upper range. [V]

    220 V stands where a unit never told a voltage.
    """
    typical = quantile(np.where(voltage > 1, voltage, np.nan), 0.8)
    nominal = np.array(_NOMINAL_V)
    apart = np.abs(np.log(nominal[None, :] / typical[:, None]))
    nearest = nominal[np.argmin(np.nan_to_num(apart, nan=0.0), axis=1)]
    return floats(np.where(np.isfinite(typical), nearest, _NOMINAL_V[0])[:, None])


def voltage_ratio(scene: Scene) -> Floats:
    """Return the greatest voltage of each unit over its nominal value, worked out once."""
    if "voltage_ratio" not in scene.memory:
        voltage = greatest_voltage(scene)
        scene.memory["voltage_ratio"] = voltage / nominal_v(voltage)
    found: Floats = scene.memory["voltage_ratio"]
    return found


def grid_gone(scene: Scene, share: float = 0.5, gone_share: float = _GONE_SHARE) -> Bools:
    """Return where at least ``share`` of the units that tell a voltage tell next to none [plants, instants]."""
    ratio = voltage_ratio(scene)
    gathered = scene.by_plant(ratio)
    told = np.isfinite(gathered).sum(axis=1)
    with np.errstate(invalid="ignore"):
        gone = (gathered < gone_share).sum(axis=1)
    return bools((told > 0) & (gone >= share * told))


def judge_outage(scene: Scene, limits: Limits) -> Judgement:
    """F04. TRUE: at least ``units_share`` of the reporting units tell less than ``gone_share`` of the voltage."""
    voltage = greatest_voltage(scene)
    known = bools(np.isfinite(scene.by_plant(voltage)).any(axis=1))
    gone = grid_gone(scene, limits["units_share"], limits["gone_share"])
    return Judgement(
        scene.plant_subjects,
        verdicts(known, gone),
        {"voltage_v": scene.median(voltage)},
        lost_w=shortfall(scene.plant_expected_w, np.nan_to_num(scene.plant_power_w)),
    )


def judge_high(scene: Scene, limits: Limits) -> Judgement:
    """F20. TRUE: a phase is above ``high_ratio`` of the nominal voltage.

    Where half of a plant's units say so it is the grid's, and one alert of the plant; its units then say nothing.
    """
    voltage = greatest_voltage(scene)
    ratio = voltage_ratio(scene)
    typical = scene.median(ratio)
    with np.errstate(invalid="ignore"):
        whole = verdicts(
            np.isfinite(typical), typical > limits["high_ratio"], typical < limits["clear_ratio"]
        )
        own = verdicts(np.isfinite(ratio), ratio > limits["high_ratio"], ratio < limits["clear_ratio"])
        several = scene.reporting_of(ratio) > 1
    of_plant = scene.to_units((whole == TRUE) & several)
    own = np.where(of_plant & (own == TRUE), NEAR, own).astype(np.int8)
    whole = np.where(several, whole, UNKNOWN).astype(np.int8)
    return Judgement(
        (*scene.plant_subjects, *scene.subjects),
        np.concatenate([whole, own]),
        {
            "voltage_v": np.concatenate([scene.median(voltage), voltage]),
            "voltage_ratio": np.concatenate([typical, ratio]),
        },
    )


def judge_balance(scene: Scene, limits: Limits) -> Judgement:
    """F21. TRUE: phase currents or voltages differ by ``unbalance`` of their mean at a fair load, or one is gone."""
    worst = np.full((len(scene.units), scene.length), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        for names in (PHASES, CURRENTS):
            found = [scene.maybe(name) for name in names]
            phases = [each for each in found if each is not None]
            if len(phases) == len(names):
                mean = sum(phases) / len(phases)
                off = np.fmax.reduce([np.abs(each - mean) for each in phases]) / np.maximum(mean, 1e-6)
                worst = np.fmax(worst, np.where(mean > 1.0, off, np.nan))
        loaded = scene.share > limits["load_share"]
        known = np.isfinite(worst) & loaded
        found_ = verdicts(known, worst > limits["unbalance"], worst < limits["clear"])
    return Judgement(scene.subjects, found_, {"unbalance_ratio": worst})
