"""What an inverter can say: every quantity of the vocabulary that the physics gives, by name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.layout import default_inputs, mppt_of
from simulator.noise import Floats, normal, uniform, wander
from simulator.snapshot import Observer, Snapshot
from simulator.states import CODES, UNKNOWN_MAKE, StateCodes, UnitState

_NUMBERED = re.compile(r"^(dc_(?:string|mppt))_(\d\d)_(voltage_v|current_a|power_w)$")
_STRING_NOISE, _STRING_CLOUD_NOISE, _STRING_NOISE_S = 0.010, 0.020, 900.0
_SUMS = {
    "ac_energy_this_month_wh": "month_wh",
    "ac_energy_this_year_wh": "year_wh",
    "ac_energy_yesterday_wh": "yesterday_wh",
}
_VOLTAGE_PER_C = -0.0029


@dataclass(frozen=True)
class InverterValues:
    """Values of some inverters over the instants of a snapshot, each array [instants, units].

    Parameters
    ----------
    columns : numbers of the units in the field.
    profile : name of their profile; ``strings`` and ``inputs`` how many they have (0: two strings an input).
    """

    observer: Observer
    snapshot: Snapshot
    columns: NDArray[np.int64]
    profile: str
    strings: int
    inputs: int = 0

    def get(self, name: str) -> Floats | None:
        """Return the values of one quantity; None when the physics does not know it."""
        match = _NUMBERED.match(name)
        if match is not None:
            return self._numbered(match[1], int(match[2]), match[3])
        if name in _SUMS:
            sums = self.snapshot.sums
            return None if sums is None else np.asarray(getattr(sums, _SUMS[name])[None, self.columns])
        maker = self._makers.get(name)
        return None if maker is None else np.broadcast_to(maker(), self._shape)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.snapshot.instants, len(self.columns)

    @cached_property
    def _makers(self) -> Mapping[str, Callable[[], Floats]]:
        shot, rated = self.snapshot, self._rated_w
        return {
            "ac_active_power_w": lambda: self._ac_w,
            "ac_apparent_power_va": lambda: np.hypot(self._ac_w, self._reactive_var),
            "ac_reactive_power_var": lambda: self._reactive_var,
            "ac_phase_a_voltage_v": lambda: self._phase_v[0],
            "ac_phase_b_voltage_v": lambda: self._phase_v[1],
            "ac_phase_c_voltage_v": lambda: self._phase_v[2],
            "ac_line_ab_voltage_v": lambda: _line(self._phase_v[0], self._phase_v[1]),
            "ac_line_bc_voltage_v": lambda: _line(self._phase_v[1], self._phase_v[2]),
            "ac_line_ca_voltage_v": lambda: _line(self._phase_v[2], self._phase_v[0]),
            "ac_phase_a_current_a": lambda: self._current(0),
            "ac_phase_b_current_a": lambda: self._current(1),
            "ac_phase_c_current_a": lambda: self._current(2),
            "grid_frequency_hz": lambda: np.where(self._no_grid, 0.0, shot.frequency_hz[:, None]),
            "power_factor": lambda: np.where(
                self._ac_w > 0, self._ac_w / np.maximum(np.hypot(self._ac_w, self._reactive_var), 1.0), 1.0
            ),
            "rated_active_power_w": lambda: rated[None, :],
            "efficiency_percent": lambda: np.where(
                self._dc_w > 0, 100.0 * self._ac_w / np.maximum(self._dc_w, 1.0), 0.0
            ),
            "dc_power_w": lambda: self._dc_w,
            "dc_bus_voltage_v": lambda: np.maximum(self._string_v, 650.0) * (self._ac_w > 0),
            "ac_energy_total_wh": lambda: shot.energy_wh[:, self.columns],
            "ac_energy_today_wh": lambda: shot.today_wh[:, self.columns],
            "device_status": lambda: self._codes.status_of(self._states),
            "fault_code": lambda: self._codes.fault_of(self._states),
            "insulation_resistance_ohm": lambda: self._insulation_ohm,
            "internal_temperature_c": lambda: self._ambient_c + 7.0 + 27.0 * self._load,
            "leakage_current_a": lambda: 0.02 + 0.05 * self._load,
            "igbt_temperature_c": lambda: self._ambient_c + 12.0 + 38.0 * self._load,
            "boost_temperature_c": lambda: self._ambient_c + 10.0 + 33.0 * self._load,
            "heatsink_temperature_c": lambda: self._ambient_c + 9.0 + 30.0 * self._load,
            "output_type": lambda: np.ones((1, 1)),
        }

    @cached_property
    def _plant(self) -> NDArray[np.int64]:
        return self.observer.field.inverters.plant[self.columns]

    @cached_property
    def _rated_w(self) -> Floats:
        return self.observer.field.inverters.rated_w[self.columns]

    @cached_property
    def _ac_w(self) -> Floats:
        return self.snapshot.power.ac_w[:, self.columns]

    @cached_property
    def _dc_w(self) -> Floats:
        return self.snapshot.power.dc_w[:, self.columns]

    @cached_property
    def _states(self) -> NDArray[np.int64]:
        return self.snapshot.states[:, self.columns]

    @cached_property
    def _no_grid(self) -> NDArray[np.bool_]:
        return self.snapshot.no_grid[:, self.columns]

    @property
    def _codes(self) -> StateCodes:
        return CODES.get(self.profile, UNKNOWN_MAKE)

    @cached_property
    def _load(self) -> Floats:
        return np.asarray(self._ac_w / self._rated_w)

    @cached_property
    def _reactive_var(self) -> Floats:
        share = 0.008 + 0.02 * uniform(self.observer.seed + 50, self._keys)
        return np.asarray(self._ac_w * share)

    @cached_property
    def _keys(self) -> NDArray[np.int64]:
        return self.observer.field.inverters.key[self.columns]

    @cached_property
    def _ambient_c(self) -> Floats:
        return self.snapshot.sky.ambient_c[:, self._plant]

    @cached_property
    def _phase_v(self) -> list[Floats]:
        phases = self.observer.grid_voltage_v(self.snapshot.epoch_s, self._plant, self._load)
        return [np.where(self._no_grid, 0.0, phase) for phase in phases]

    def _current(self, phase: int) -> Floats:
        volts = self._phase_v[phase]
        return np.asarray(self._ac_w / 3.0 / np.where(volts > 0, volts, 230.0))

    @cached_property
    def _insulation_ohm(self) -> Floats:
        """Return insulation: megohms when dry, lower on wet mornings."""
        hours = self.snapshot.epoch_s[:, None] / 3600.0
        dry = 1.0e6 + 2.5e6 * uniform(self.observer.seed + 51, self._keys)
        return np.asarray(dry * (0.55 + 0.45 * wander(self.observer.seed + 52, self._plant, hours / 9.0)))

    @cached_property
    def _string_v(self) -> Floats:
        """Return the voltage of the strings at the power point: warmer modules, less; little light, less."""
        units = self.observer.field.inverters
        module = self.snapshot.sky.module_c[:, self._plant]
        light = self.snapshot.sky.poa_w_m2[:, self._plant]
        warm = 1.0 + _VOLTAGE_PER_C * (module - 25.0)
        return np.asarray(
            units.string_voltage_v[self.columns] * warm * np.clip(0.9 + light / 2_000.0, 0.0, 1.02)
        )

    @cached_property
    def string_current_a(self) -> Floats:
        """Return the current of every string, [instants, units, strings]. [A]"""
        units, shot = self.observer.field.inverters, self.snapshot
        shares = units.weights[self.columns][:, : self.strings][None]
        if shot.open_strings is not None:
            shares = shares * shot.open_strings[:, self.columns, : self.strings]
        cell = np.floor(shot.epoch_s / _STRING_NOISE_S).astype(np.int64)
        numbers = np.arange(self.strings)
        restless = (_STRING_NOISE + _STRING_CLOUD_NOISE * shot.sky.shade)[:, self._plant]
        noise = normal(self.observer.seed + 53, cell[:, None, None], self._keys[:, None], numbers)
        shares = shares * (1.0 + restless[:, :, None] * noise)
        total = np.maximum(shares.sum(axis=2), 1e-9)
        return np.asarray(shares * (self._dc_w / np.maximum(self._string_v, 1.0) / total)[:, :, None])

    def _numbered(self, family: str, number: int, what: str) -> Floats | None:
        inputs = self.inputs or default_inputs(self.strings)
        if number > (self.strings if family == "dc_string" else inputs):
            return None
        if what == "voltage_v":
            spread = 1.0 + 0.004 * normal(self.observer.seed + 54, self._keys, number)
            return np.asarray(self._string_v * spread)
        if family == "dc_string":
            return np.asarray(self.string_current_a[:, :, number - 1])
        mine = [s for s in range(self.strings) if mppt_of(s, self.strings, inputs) == number - 1]
        current = self.string_current_a[:, :, mine].sum(axis=2)
        return np.asarray(current * self._string_v) if what == "power_w" else np.asarray(current)

    @property
    def running(self) -> NDArray[np.bool_]:
        """Which units feed in."""
        return np.isin(self._states, [UnitState.RUNNING, UnitState.DERATED, UnitState.CURTAILED])


def _line(first_v: Floats, second_v: Floats) -> Floats:
    """Return the voltage between two phases a third of a turn apart. [V]"""
    return np.sqrt(first_v**2 + second_v**2 + first_v * second_v)
