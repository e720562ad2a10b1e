"""Devices of one profile and string count: they share a register image and a table of quantities."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.errors import ConfigurationError
from domain.plant import Device, DeviceKind
from domain.quantity import Kind, quantity
from inverters.dlt645 import meter_quantities
from inverters.profile import DeviceProfile
from simulator.layout import Field, default_inputs
from simulator.noise import Floats

# What a gateway that speaks our JSON format sends for each kind of device.
_JSON_INVERTER = [
    "ac_active_power_w",
    "ac_reactive_power_var",
    "ac_energy_total_wh",
    "ac_energy_today_wh",
    "dc_power_w",
    "device_status",
    "ac_phase_a_voltage_v",
    "ac_phase_b_voltage_v",
    "ac_phase_c_voltage_v",
    "ac_phase_a_current_a",
    "ac_phase_b_current_a",
    "ac_phase_c_current_a",
    "grid_frequency_hz",
    "power_factor",
    "internal_temperature_c",
    "insulation_resistance_ohm",
]
_JSON_METER = [
    "ac_active_power_w",
    "ac_reactive_power_var",
    "meter_energy_forward_wh",
    "meter_energy_reverse_wh",
    "power_factor",
    "ac_phase_a_voltage_v",
    "ac_phase_b_voltage_v",
    "ac_phase_c_voltage_v",
]
_JSON_WEATHER = [
    "irradiance_poa_w_m2",
    "irradiance_ghi_w_m2",
    "ambient_temperature_c",
    "module_temperature_c",
    "wind_speed_m_s",
]
_JSON_LOGGER = ["plant_active_power_w", "plant_energy_total_wh", "plant_energy_today_wh"]
_JSON = {
    DeviceKind.INVERTER: _JSON_INVERTER,
    DeviceKind.REVENUE_METER: _JSON_METER,
    DeviceKind.WEATHER_STATION: _JSON_WEATHER,
    DeviceKind.LOGGER: _JSON_LOGGER,
}

JSON_DECIMALS = 3


@dataclass(frozen=True)
class Group:
    """Devices that are alike.

    ``columns`` are numbers of inverters in the field, or of plants for all other kinds.
    """

    profile: DeviceProfile
    kind: DeviceKind
    string_count: int
    devices: tuple[Device, ...]
    columns: NDArray[np.int64]

    @cached_property
    def live_quantities(self) -> tuple[str, ...]:
        """Quantities such a device is asked for each cycle, in the profile's order."""
        if not self.profile.points:
            return self._by_name
        points = self.profile.points_for(self.string_count or None)
        return tuple(dict.fromkeys(p.name for p in points if p.class_ == "live" and not p.is_text))

    @cached_property
    def all_quantities(self) -> tuple[str, ...]:
        """Every quantity such a device has a register for."""
        if not self.profile.points:
            return self._by_name
        points = self.profile.points_for(self.string_count or None)
        return tuple(dict.fromkeys(p.name for p in points if not p.is_text))

    @property
    def _by_name(self) -> tuple[str, ...]:
        """Quantities of a device that has no registers: data identifiers, or documents."""
        if self.profile.dlt645:
            return meter_quantities()
        if self.profile.mapping is not None:
            return tuple(dict.fromkeys(self.profile.mapping.names()))
        strings = [f"dc_string_{number:02d}_current_a" for number in range(1, self.string_count + 1)]
        return (*_JSON[self.kind], *strings)

    @cached_property
    def inputs(self) -> int:
        """DC inputs its registers know, at most one a string; 0: it has none."""
        known = sum(
            name.startswith("dc_mppt_") and name.endswith("_voltage_v") for name in self.live_quantities
        )
        return min(known, default_inputs(self.string_count)) if self.string_count else known

    @cached_property
    def ratios(self) -> tuple[Floats, Floats]:
        """Current and voltage transformer ratios, [devices]."""
        return (
            np.array([device.ct_ratio for device in self.devices]),
            np.array([device.pt_ratio for device in self.devices]),
        )

    @cached_property
    def gauge_steps(self) -> Mapping[str, float]:
        """The smallest step a register (or a JSON number) can show of each gauge; ratios left aside."""
        if not self.profile.points:
            gauges = [name for name in self.live_quantities if quantity(name).kind is Kind.GAUGE]
            return dict.fromkeys(gauges, 10.0**-JSON_DECIMALS)
        return {
            point.name: point.scale
            for point in self.profile.points
            if not point.is_text and not point.ratio and quantity(point.name).kind is Kind.GAUGE
        }

    @cached_property
    def resolutions(self) -> Mapping[str, Floats]:
        """The smallest step of each counter, [devices]; counters are cut to it, so they never round up."""
        ct, pt = self.ratios
        by_word = {"": np.ones(len(self.devices)), "ct": ct, "pt": pt, "ct_pt": ct * pt}
        found: dict[str, Floats] = {}
        for name in self.all_quantities:
            if quantity(name).kind is not Kind.COUNTER:
                continue
            steps = [p.scale * by_word[p.ratio] for p in self.profile.points if p.name == name]
            found[name] = np.min(steps, axis=0) if steps else np.ones(len(self.devices))
        return found


def group(field: Field, profiles: Mapping[str, DeviceProfile]) -> tuple[Group, ...]:
    """Return the live devices of a field in groups.

    Raises
    ------
    ConfigurationError
        A device names a profile that does not exist.
    """
    buckets: dict[tuple[str, DeviceKind, int], list[Device]] = {}
    for device in field.live_devices:
        if device.profile not in profiles:
            raise ConfigurationError(
                f"device {device.device_id}: no profile {device.profile!r}; there are {', '.join(sorted(profiles))}"
            )
        strings = device.string_count if device.kind is DeviceKind.INVERTER else 0
        buckets.setdefault((device.profile, device.kind, strings), []).append(device)
    return tuple(
        Group(
            profiles[name],
            kind,
            strings,
            tuple(devices),
            np.array([_column(field, device) for device in devices], dtype=np.int64),
        )
        for (name, kind, strings), devices in sorted(buckets.items(), key=lambda item: str(item[0]))
    )


def _column(field: Field, device: Device) -> int:
    if device.kind is DeviceKind.INVERTER:
        return field.inverters.index[device.device_id]
    return field.plant_index[device.plant_id]
