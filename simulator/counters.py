"""Counters and clocks that faults have bent: resets, drifting meters, clocks that are off."""

from collections.abc import Callable
from typing import Final

import numpy as np

from simulator.faults import FaultKind, FaultSet
from simulator.groups import Group
from simulator.noise import Floats, normal, text_key
from simulator.plant_values import Grid, MeterShift
from simulator.sky import DAY_S

K = FaultKind
_BENT: Final = ("ac_energy_total_wh", "meter_energy_forward_wh")
_CLOCK_SPREAD_S = 18.0
_CLOCK_DRIFT = 12e-6


class Counters:
    """What faults made of counters and clocks.

    Parameters
    ----------
    faults, grid, seed : the field.
    energy_at : lifetime energy of every inverter at an instant, [units]. [Wh]
    """

    def __init__(self, faults: FaultSet, grid: Grid, seed: int, energy_at: Callable[[float], Floats]) -> None:
        self._faults = faults
        self._grid = grid
        self._seed = seed
        self._energy_at = energy_at
        self._marks: dict[str, Floats] = {}
        self._midnights: dict[str, tuple[float, Floats]] = {}

    def mark(self, epoch_s: float) -> None:
        """Note the counters at the start of faults that bend them."""
        for fault in self._faults.faults:
            bends = fault.kind in {K.COUNTER_RESET, K.METER_DRIFT}
            if bends and fault.start_s <= epoch_s and fault.fault_id not in self._marks:
                self._marks[fault.fault_id] = self._energy_at(fault.start_s)

    def meter_shifts(self, epoch_s: float) -> dict[str, MeterShift]:
        """Return what drifting meters add to their counters, by device."""
        shifts: dict[str, MeterShift] = {}
        for fault in self._faults.at(epoch_s, K.METER_DRIFT):
            mark = self._marks.get(fault.fault_id)
            for name in fault.device_ids if mark is not None else ():
                plant = self._plant_of(name)
                shifts[name] = MeterShift(self._at_meter(plant, mark), 1.0 + fault.amount)
        return shifts

    def reset(self, one: Group, values: dict[str, Floats], epoch_s: float) -> None:
        """Let counters that were reset begin again at what was left of them."""
        for fault in self._faults.faults:
            mark = self._marks.get(fault.fault_id)
            if fault.kind is not K.COUNTER_RESET or mark is None or epoch_s < fault.start_s:
                continue
            for row, device in enumerate(one.devices):
                for name in _BENT if device.device_id in fault.device_ids else ():
                    if name in values:
                        step = one.resolutions[name][row]
                        grown = values[name][row] - self._begun(one, row, mark) + fault.amount
                        values[name][row] = max(0.0, float(np.floor(grown / step) * step))

    def day_counters(
        self, one: Group, values: dict[str, Floats], epoch_s: float, zone_shift_s: float
    ) -> None:
        """Let day counters of devices with a wrong clock begin at what that clock takes for midnight."""
        name = "ac_energy_today_wh"
        for fault in self._faults.at(epoch_s, K.WRONG_CLOCK) if name in values else ():
            shift_s = zone_shift_s + fault.amount
            midnight_s = (epoch_s + shift_s) // DAY_S * DAY_S - shift_s
            for row, device in enumerate(one.devices):
                if device.device_id in fault.device_ids:
                    column, step = int(one.columns[row]), one.resolutions[name][row]
                    made = (
                        self._now_wh(column, epoch_s) - self._at_midnight(fault.fault_id, midnight_s)[column]
                    )
                    values[name][row] = np.floor(made / step) * step

    def _now_wh(self, column: int, epoch_s: float) -> float:
        return float(self._energy_at(epoch_s)[column])

    def _at_midnight(self, fault_id: str, midnight_s: float) -> Floats:
        known = self._midnights.get(fault_id)
        if known is None or known[0] != midnight_s:
            known = (midnight_s, self._energy_at(midnight_s))
            self._midnights[fault_id] = known
        return known[1]

    def clocks(self, one: Group, epoch_s: float, zone_shift_s: float, month_start_s: float) -> Floats:
        """Return what the clock of each device shows: local time, a little off, drifting, or set wrong. [s]"""
        key = np.array([text_key(device.device_id) for device in one.devices])
        off = _CLOCK_SPREAD_S * normal(self._seed + 70, key)
        drift = _CLOCK_DRIFT * normal(self._seed + 71, key) * (epoch_s - month_start_s)
        wrong = np.zeros(len(one.devices))
        for fault in self._faults.at(epoch_s, K.WRONG_CLOCK):
            for row, device in enumerate(one.devices):
                if device.device_id in fault.device_ids:
                    wrong[row] = fault.amount
        return np.asarray(np.floor(epoch_s + zone_shift_s + off + drift + wrong))

    def _plant_of(self, device_id: str) -> int:
        field = self._faults.field_
        return field.plant_index[field.registry.devices_by_id[device_id].plant_id]

    def _at_meter(self, plant: int, units_wh: Floats | None) -> float:
        assert units_wh is not None
        made = units_wh[self._faults.field_.inverters.plant == plant].sum()
        return float(made * (1.0 - self._grid.loss[plant]))

    def _begun(self, one: Group, row: int, mark: Floats) -> float:
        column = int(one.columns[row])
        device = one.devices[row]
        return (
            float(mark[column])
            if device.device_id in self._faults.field_.inverters.index
            else self._at_meter(column, mark)
        )
