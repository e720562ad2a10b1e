"""Faults for a campaign, drawn by seed: every kind in turn, one at a time on a plant, with quiet days between."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from domain.frame import DEVICE, INSTANT
from domain.plant import DeviceKind, Plant, Registry
from simulator.faults import Fault, FaultKind

K = FaultKind
WARM_UP_DAYS = 8
QUIET_DAYS = 2
# kind → days it lasts, hour of the day it begins, size
PLAN: tuple[tuple[FaultKind, float, float, float], ...] = (
    (K.INVERTER_TRIP, 0.25, 10.0, 0.0),
    (K.STRING_OPEN, 3.0, 9.0, 0.0),
    (K.DEAD_UNIT, 0.3, 9.5, 0.0),
    (K.GRID_OUTAGE, 0.1, 11.0, 0.0),
    (K.CURTAILMENT, 0.15, 10.5, 0.35),
    (K.FROZEN_VALUES, 0.2, 10.0, 0.0),
    (K.DERATING, 4.0, 0.0, 0.5),
    (K.DEAD_GATEWAY, 0.2, 10.0, 0.0),
    (K.COUNTER_RESET, 0.1, 11.0, 0.0),
    (K.SHADING, 10.0, 0.0, 0.6),
)
_LEVEL_WH = 5.0e7  # taken off a counter that begins anew, as one that was exchanged would show
_HELD = frozenset({K.FROZEN_VALUES})


def drawn(registry: Registry, start: datetime, days: int, seed: int) -> tuple[Fault, ...]:
    """Return faults on every plant after the days in which the engine learns, and one outage of each feeder."""
    found: list[Fault] = []
    last = start + timedelta(days=days - 1)
    for place, plant in enumerate(registry.plants):
        dice = np.random.default_rng([seed, place])
        day, turn = WARM_UP_DAYS + place % 3, place
        while True:
            kind, lasts, hour, amount = PLAN[turn % len(PLAN)]
            begin = start + timedelta(days=day, hours=hour + float(dice.uniform(0.0, 1.0)))
            end = begin + timedelta(days=lasts)
            if end > last:
                break
            found.append(_fault(plant, kind, begin, end, amount, dice))
            day += int(np.ceil(lasts)) + QUIET_DAYS
            turn += 1
    return (*_clear_of_feeders(found, outages := _outages(registry, start, days)), *outages)


def _outages(registry: Registry, start: datetime, days: int) -> list[Fault]:
    feeders: dict[str, list[Plant]] = {}
    for plant in registry.plants:
        if plant.feeder:
            feeders.setdefault(plant.feeder, []).append(plant)
    named = [name for name, plants in sorted(feeders.items()) if len(plants) >= 3]
    return [
        Fault(
            f"feeder-{name}",
            K.FEEDER_OUTAGE,
            name,
            begin := (
                start + timedelta(days=days - 3 - 2 * number % max(days - WARM_UP_DAYS - 3, 1), hours=11.2)
            ).timestamp(),
            begin + 2 * 3600.0,
            tuple(device.device_id for plant in feeders[name] for device in plant.devices),
        )
        for number, name in enumerate(named)
    ]


def _clear_of_feeders(faults: Sequence[Fault], outages: Sequence[Fault]) -> list[Fault]:
    """Leave out what would touch the day of an outage of its feeder: two causes cannot be told apart."""
    return [
        each
        for each in faults
        if not any(
            set(each.device_ids) & set(out.device_ids)
            and each.start_s < out.end_s + 86_400.0
            and each.end_s > out.start_s - 86_400.0
            for out in outages
        )
    ]


def _fault(
    plant: Plant, kind: FaultKind, begin: datetime, end: datetime, amount: float, dice: np.random.Generator
) -> Fault:
    inverters = plant.devices_of(DeviceKind.INVERTER)
    unit = inverters[int(dice.integers(len(inverters)))]
    whole = kind in {K.GRID_OUTAGE, K.CURTAILMENT, K.DEAD_GATEWAY}
    devices = [each for each in plant.devices if kind is not K.CURTAILMENT or each in inverters]
    names = tuple(each.device_id for each in devices) if whole else (unit.device_id,)
    string = 1 + int(dice.integers(max(unit.string_count, 1)))
    return Fault(
        f"{kind.value}-{plant.plant_id}-{begin:%m%d}",
        kind,
        plant.plant_id if whole else unit.device_id,
        begin.timestamp(),
        end.timestamp(),
        names,
        strings=(string,) if kind is K.STRING_OPEN else (),
        amount=amount,
        from_h=13.0 if kind is K.SHADING else 0.0,
        to_h=15.5 if kind is K.SHADING else 24.0,
    )


def replayable(table: pd.DataFrame, faults: Sequence[Fault]) -> pd.DataFrame:
    """Return rows of the past with what only a device that answers would do: values held, a counter begun anew."""
    values = [name for name in table.columns if name not in {DEVICE, INSTANT}]
    at_s = table[INSTANT].astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9
    for fault in faults:
        if fault.kind not in _HELD and fault.kind is not K.COUNTER_RESET:
            continue
        mine = table[DEVICE].isin(fault.device_ids).to_numpy()
        during = np.flatnonzero(mine & (at_s >= fault.start_s) & (at_s < fault.end_s))
        if fault.kind in _HELD and during.size:
            for name in values:
                column = table[name].to_numpy(copy=True)
                column[during] = column[during[0]]
                table[name] = column
        if fault.kind is K.COUNTER_RESET and "ac_energy_total_wh" in table.columns:
            column = table["ac_energy_total_wh"].to_numpy(copy=True)
            column[mine & (at_s >= fault.start_s)] -= _LEVEL_WH
            table["ac_energy_total_wh"] = column
    return table
