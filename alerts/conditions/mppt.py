"""F14: MPPT inputs of one inverter that differ, for devices that tell no string currents."""

import re

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Judgement, Subject, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene, quantile
from alerts.windows import before, days_of, days_true, middle_of
from domain.series import DeviceSeries, Floats

BOUNDS: Bounds = {"low": (0.3, 0.98), "days": (1, 10), "clear": (0.5, 1.0)}
_MPPT = re.compile(r"dc_mppt_(\d\d)_(power_w|current_a)")
_HISTORY_DAYS, _HISTORY_LEAST = 30, 3
Kind = tuple[str, int, int, int]  # plant, rated power [W], how many inputs, which
_ALIKE_LEAST, _ALIKE_SPREAD, _QUARTILES = 3, 0.06, (0.25, 0.75)


def inputs(unit: DeviceSeries) -> dict[int, Floats]:
    """Return the power (else the current) of each MPPT input of an inverter that ever had one."""
    found: dict[int, Floats] = {}
    for name in sorted(unit.values, reverse=True):  # power comes before current
        match = _MPPT.fullmatch(name)
        values = unit.good(name) if match else None
        if match and values is not None and int(match[1]) not in found:
            known = values[np.isfinite(values)]
            if known.size and np.quantile(known, 0.98) > 0.5:
                found[int(match[1])] = values
    return found


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: an input's share of its inverter is under ``low`` of what is usual for it.

    Usual is its own history (inputs may be of unequal size); without one, that of the same input of the other
    inverters where these are built alike, and else nothing is known yet.
    """
    days = days_of(scene)
    subjects: list[Subject] = []
    shares: list[Floats] = []
    usual: list[Floats] = []
    kinds: list[Kind] = []
    plants: list[int] = []
    bright = scene.to_units(scene.daylight(Daylight.D3))
    for number, unit in enumerate(scene.units):
        each = inputs(unit)
        if len(each) < 2:
            continue
        owner = scene.subjects[number]
        power = np.stack(list(each.values()))
        counts = bright[number] & np.isfinite(power).all(axis=0)
        sums = days.sum(power, np.broadcast_to(counts, power.shape))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = sums / np.median(sums, axis=0)
        own = before(share, _HISTORY_DAYS, _HISTORY_LEAST, gap=int(limits["days"]))
        shares.append(share)
        usual.append(np.where(np.isfinite(own) & (own > 0), own, np.nan))
        rated_w = round(unit.device.rated_power_kw * 1000.0)
        kinds += [(owner.plant_id, rated_w, len(each), key) for key in each]
        plants += [int(scene.plant_of[number])] * len(each)
        subjects += [Subject(owner.plant_id, owner.device_id, f"mppt_{key}") for key in each]
    if not subjects:
        return Judgement((), np.empty((0, scene.length), dtype=np.int8))
    share, own = np.concatenate(shares), np.concatenate(usual)
    ratio = share / np.where(np.isfinite(own), own, _of_alike(share, kinds))
    known, need = np.isfinite(ratio), int(limits["days"])
    with np.errstate(invalid="ignore"):
        low = days_true(ratio < limits["low"], known, need, need)
        found = verdicts(known, low, ratio > limits["clear"])
    many = np.broadcast_to(np.array([[kind[2]] for kind in kinds], dtype=np.float64), ratio.shape)
    measures = {"ratio_to_usual": days.spread(ratio), "dc_inputs": days.spread(many)}
    return Judgement(subjects, days.place(found, np.array(plants)), measures)


def _of_alike(share: Floats, kinds: list[Kind]) -> Floats:
    """Return by day the median share of each input among the plant's inverters of its size with as many inputs.

    NaN for too few of them, and where they are not built alike after all: their inputs may be of unequal size.
    """
    found = np.full_like(share, np.nan)
    for kind in set(kinds):
        rows = [row for row, each in enumerate(kinds) if each == kind]
        if len(rows) < _ALIKE_LEAST:
            continue
        middle = middle_of(share[rows].T, _ALIKE_LEAST)
        with np.errstate(invalid="ignore"):
            low, high = (quantile(share[rows].T, each) for each in _QUARTILES)
            found[rows] = np.where((middle > 0) & (high - low <= _ALIKE_SPREAD * middle), middle, np.nan)
    return found
