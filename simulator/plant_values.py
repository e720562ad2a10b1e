"""What the devices of a whole plant can say: revenue meter, logger, weather station."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.plant import Device
from simulator.layout import Field
from simulator.noise import Floats, normal, text_key, uniform, wander
from simulator.power import of_plants
from simulator.snapshot import Observer, Snapshot

_LINE_LOSS_LEAST, _LINE_LOSS_MORE = 0.008, 0.010
_NIGHT_USE_SHARE = 0.0012  # of rated power
_NIGHT_END_H, _NIGHT_START_H = 6.5, 18.0
_NIGHT_H = 24.0 - (_NIGHT_START_H - _NIGHT_END_H)
_SHARE = {
    "sharp": 0.28,
    "peak": 0.24,
    "flat": 0.44,
    "valley": 0.04,
}  # of a sunny year's energy by tariff time


@dataclass(frozen=True, slots=True)
class MeterShift:
    """What faults did to a meter's forward counter: ``factor`` on what came after ``since_wh``. [Wh]"""

    since_wh: float
    factor: float


class Grid:
    """Fixed properties of the plants' way to the grid: losses and use of their own."""

    def __init__(self, field: Field, seed: int) -> None:
        units = field.inverters
        key = np.array([text_key(plant.plant_id) for plant in field.plants], dtype=np.int64)
        self.loss = _LINE_LOSS_LEAST + _LINE_LOSS_MORE * uniform(seed + 60, key)
        self.rated_w = of_plants(units.rated_w[None, :], units.plant, len(field.plants))[0]
        self.night_use_w = self.rated_w * _NIGHT_USE_SHARE
        self.begun_s = np.array(
            [(plant.grid_date.toordinal() - 719_163) * 86_400.0 for plant in field.plants]
        )

    def reverse_wh(self, epoch_s: Floats, noon_shift_s: float) -> Floats:
        """Return what the plants drew at night since they were built, [instants, plants]. [Wh]"""
        days, rest = np.divmod(epoch_s + noon_shift_s, 86_400.0)
        hours = rest / 3600.0
        of_today = np.minimum(hours, _NIGHT_END_H) + np.maximum(hours - _NIGHT_START_H, 0.0)
        nights_h = days * _NIGHT_H + of_today
        begun_h = self.begun_s / 86_400.0 * _NIGHT_H
        return np.asarray(np.maximum(nights_h[:, None] - begun_h, 0.0) * self.night_use_w)

    def night(self, epoch_s: Floats, noon_shift_s: float) -> NDArray[np.bool_]:
        """Return whether it is night, when plants draw power, [instants, 1]."""
        hours = (epoch_s + noon_shift_s) % 86_400.0 / 3600.0
        return np.asarray((hours < _NIGHT_END_H) | (hours >= _NIGHT_START_H))[:, None]


@dataclass(frozen=True)
class PlantValues:
    """Values of devices that look at a whole plant; arrays [instants, devices].

    Parameters
    ----------
    columns : number of each device's plant.
    shifts : what faults did to meters, by device id.
    """

    observer: Observer
    snapshot: Snapshot
    devices: tuple[Device, ...]
    columns: NDArray[np.int64]
    grid: Grid
    noon_shift_s: float
    shifts: Mapping[str, MeterShift]

    def get(self, name: str) -> Floats | None:
        """Return the values of one quantity; None when the physics does not know it."""
        maker = self._makers.get(name)
        if maker is None:
            return None
        return np.broadcast_to(maker(), (self.snapshot.instants, len(self.devices)))

    @cached_property
    def _makers(self) -> Mapping[str, Callable[[], Floats]]:
        phases = {
            f"ac_phase_{letter}_{what}": self._phase(number, what)
            for number, letter in enumerate("abc")
            for what in ("voltage_v", "current_a", "active_power_w")
        }
        lines = {f"ac_line_{pair}_voltage_v": self._line for pair in ("ab", "bc", "ca")}
        tariffs: dict[str, Callable[[], Floats]] = {
            f"meter_energy_forward_{name}_wh": self._tariff(share) for name, share in _SHARE.items()
        }
        return {**phases, **lines, **tariffs, **self._meter, **self._logger, **self._weather}

    # ---------------------------------------------------------------- meter

    @cached_property
    def _meter(self) -> Mapping[str, Callable[[], Floats]]:
        return {
            "ac_active_power_w": lambda: self._export_w,
            "ac_reactive_power_var": lambda: self._export_w * 0.03,
            "ac_apparent_power_va": lambda: np.abs(self._export_w) * 1.0005,
            "power_factor": lambda: np.where(self._export_w < 0, 0.92, 0.9996),
            "grid_frequency_hz": lambda: self._alive * self.snapshot.frequency_hz[:, None],
            "meter_energy_forward_wh": lambda: self._forward_wh,
            "meter_energy_reverse_wh": lambda: self._reverse_wh,
            "meter_energy_total_wh": lambda: self._forward_wh + self._reverse_wh,
            "meter_ct_ratio": lambda: np.array([[device.ct_ratio for device in self.devices]]),
            "meter_pt_ratio": lambda: np.array([[device.pt_ratio for device in self.devices]]),
        }

    @cached_property
    def _plant_w(self) -> Floats:
        return self.observer.plant_power_w(self.snapshot)[:, self.columns]

    @cached_property
    def _plant_wh(self) -> Floats:
        units, count = self.observer.field.inverters, len(self.observer.field.plants)
        return of_plants(self.snapshot.energy_wh, units.plant, count)[:, self.columns]

    @cached_property
    def _dark(self) -> NDArray[np.bool_]:
        names = (
            [self.observer.faults.dark_plants(float(second)) for second in self.snapshot.epoch_s]
            if self.observer.faults.faults
            else [frozenset[str]()] * self.snapshot.instants
        )
        return np.array([[device.plant_id in dark for device in self.devices] for dark in names])

    @property
    def _alive(self) -> Floats:
        return np.asarray(~self._dark, dtype=np.float64)

    @cached_property
    def _export_w(self) -> Floats:
        out = self._plant_w * (1.0 - self.grid.loss[self.columns])
        night = self.grid.night(self.snapshot.epoch_s, self.noon_shift_s)
        drawn = self.grid.night_use_w[self.columns] * night
        return np.asarray((out - drawn) * self._alive)

    @cached_property
    def _forward_wh(self) -> Floats:
        forward = self._plant_wh * (1.0 - self.grid.loss[self.columns])
        for column, device in enumerate(self.devices):
            shift = self.shifts.get(device.device_id)
            if shift is not None:
                forward[:, column] = shift.since_wh + (forward[:, column] - shift.since_wh) * shift.factor
        return np.asarray(forward)

    @cached_property
    def _reverse_wh(self) -> Floats:
        return self.grid.reverse_wh(self.snapshot.epoch_s, self.noon_shift_s)[:, self.columns]

    def _tariff(self, share: float) -> Callable[[], Floats]:
        return lambda: self._forward_wh * share

    @cached_property
    def _transformer(self) -> Floats:
        """Voltage of the measured side over low voltage: the voltage transformers say which side it is."""
        return np.array(
            [[device.pt_ratio * 57.7 / 230.0 if device.pt_ratio > 1 else 1.0 for device in self.devices]]
        )

    @cached_property
    def _volts(self) -> list[Floats]:
        load = self._plant_w / np.maximum(self.grid.rated_w[self.columns], 1.0)
        phases = self.observer.grid_voltage_v(self.snapshot.epoch_s, self.columns, load * 0.6)
        return [phase * self._transformer * self._alive for phase in phases]

    def _line(self) -> Floats:
        return np.asarray(np.sqrt(3.0) * sum(self._volts) / 3.0)

    def _phase(self, number: int, what: str) -> Callable[[], Floats]:
        if what == "voltage_v":
            return lambda: self._volts[number]
        if what == "active_power_w":
            return lambda: self._export_w / 3.0
        return lambda: (
            np.abs(self._export_w) / 3.0 / np.maximum(230.0 * self._transformer, self._volts[number])
        )

    # --------------------------------------------------------------- logger

    @cached_property
    def _logger(self) -> Mapping[str, Callable[[], Floats]]:
        return {
            "plant_active_power_w": lambda: self._plant_w,
            "plant_reactive_power_var": lambda: self._plant_w * 0.02,
            "plant_dc_power_w": lambda: self._sum(self.snapshot.power.dc_w),
            "plant_energy_total_wh": lambda: self._plant_wh,
            "plant_energy_today_wh": lambda: self._sum(self.snapshot.today_wh),
            "plant_power_factor": lambda: np.full((1, 1), 0.9998),
            "plant_rated_power_w": lambda: self.grid.rated_w[self.columns][None, :],
            "plant_line_ab_voltage_v": self._line,
            "plant_line_bc_voltage_v": self._line,
            "plant_line_ca_voltage_v": self._line,
        }

    def _sum(self, values: Floats) -> Floats:
        units = self.observer.field.inverters
        return of_plants(values, units.plant, len(self.observer.field.plants))[:, self.columns]

    # -------------------------------------------------------------- weather

    @cached_property
    def _weather(self) -> Mapping[str, Callable[[], Floats]]:
        sky, seconds = self.snapshot.sky, self.snapshot.epoch_s[:, None]
        seed, key = self.observer.seed, self.columns
        gain = 1.0 + 0.012 * normal(seed + 61, key)
        flicker = 1.0 + 0.004 * normal(seed + 62, key, np.floor(seconds / 10.0))
        return {
            "irradiance_poa_w_m2": lambda: sky.poa_w_m2[:, key] * gain * flicker,
            "irradiance_ghi_w_m2": lambda: sky.ghi_w_m2[:, key] * gain * flicker,
            "ambient_temperature_c": lambda: sky.ambient_c[:, key],
            "module_temperature_c": lambda: sky.module_c[:, key],
            "wind_speed_m_s": lambda: sky.wind_m_s[:, key],
            "wind_direction_deg": lambda: 360.0 * wander(seed + 63, key, seconds / 9_000.0) % 360.0,
            "relative_humidity_percent": lambda: np.clip(
                92.0
                - 1.6 * (sky.ambient_c[:, key] - 8.0)
                + 25.0 * wander(seed + 64, key, seconds / 30_000.0),
                15.0,
                100.0,
            ),
        }
