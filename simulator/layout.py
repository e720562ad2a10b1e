"""What stands in the field: the registry as arrays, and what makes each unit differ from its neighbour.

The spread between units and between strings was fitted to recorded fleets: the daily energy of a normal
unit against the median unit lies at 0.91 (p1), 0.97 (p5), 1.00 (p50) and 1.03 (p95).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.plant import Connection, Device, DeviceKind, Plant, Registry
from simulator.noise import Floats, normal, text_key, uniform

Integers = NDArray[np.int64]
_UNIT_SPREAD = 0.011
_STRING_SPREAD = 0.009
_WEAK_SHARE = 0.02
_STRINGS_PER_MPPT = 2
_DEFAULT_STRINGS = 16


@dataclass(frozen=True)
class Inverters:
    """Every inverter of the field. Arrays have one entry per unit; strings are padded to the longest.

    Attributes
    ----------
    plant : index of the unit's plant.
    rated_w, dc_w : rated AC power, module power. [W]
    factor : fixed quality of the unit, near 1.
    strings : number of strings; ``weights`` [units, strings] shares of the unit's power, summing to 1.
    string_voltage_v : voltage of a string at 25 C. [V]
    """

    devices: tuple[Device, ...]
    key: Integers
    plant: Integers
    rated_w: Floats
    dc_w: Floats
    factor: Floats
    strings: Integers
    weights: Floats
    string_voltage_v: Floats
    index: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.devices)


@dataclass(frozen=True)
class Field:
    """The registry as the physics sees it: plants by number, inverters as arrays, the rest by plant."""

    registry: Registry
    plants: tuple[Plant, ...]
    plant_index: Mapping[str, int]
    inverters: Inverters
    others: tuple[Device, ...]

    @property
    def live_devices(self) -> tuple[Device, ...]:
        """Devices that answer on a wire or publish."""
        live = {p.plant_id for p in self.plants if p.connection is Connection.LIVE}
        return tuple(
            device
            for device in (*self.inverters.devices, *self.others)
            if device.plant_id in live and device.gateway_id is not None and device.profile
        )


def lay_out(registry: Registry, seed: int) -> Field:
    """Return the field of ``registry``; ``seed`` chooses how its units differ."""
    plants = registry.plants
    index = {plant.plant_id: number for number, plant in enumerate(plants)}
    devices = [device for plant in plants for device in plant.devices if device.in_service_to is None]
    inverters = tuple(device for device in devices if device.kind is DeviceKind.INVERTER)
    others = tuple(device for device in devices if device.kind is not DeviceKind.INVERTER)
    return Field(registry, plants, index, _inverters(inverters, index, seed), others)


def _inverters(devices: tuple[Device, ...], plant_index: Mapping[str, int], seed: int) -> Inverters:
    key = np.array([text_key(device.device_id) for device in devices], dtype=np.int64)
    rated_w = np.array([(device.rated_power_kw or 50.0) * 1000.0 for device in devices])
    dc_w = np.array([device.dc_capacity_kw * 1000.0 for device in devices])
    strings = np.array([device.string_count or _DEFAULT_STRINGS for device in devices], dtype=np.int64)
    factor = np.ones(len(devices)) + _UNIT_SPREAD * normal(seed + 20, key)
    weak = uniform(seed + 21, key) < _WEAK_SHARE
    factor = np.where(weak, factor - 0.03 - 0.05 * uniform(seed + 22, key), factor)
    return Inverters(
        devices=devices,
        key=key,
        plant=np.array([plant_index[device.plant_id] for device in devices], dtype=np.int64),
        rated_w=rated_w,
        dc_w=np.where(dc_w > 0, dc_w, rated_w * 1.1),
        factor=factor,
        strings=strings,
        weights=_weights(key, strings, seed),
        string_voltage_v=600.0 + 90.0 * uniform(seed + 23, key),
        index={device.device_id: number for number, device in enumerate(devices)},
    )


def _weights(key: Integers, strings: Integers, seed: int) -> Floats:
    width = int(strings.max()) if len(strings) else 1
    number = np.arange(width)
    raw = 1.0 + _STRING_SPREAD * normal(seed + 24, key[:, None], number)
    raw = np.where(number < strings[:, None], raw, 0.0)
    return np.asarray(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-9))


def mppt_of(string: int, strings: int, inputs: int) -> int:
    """Return the DC input (from 0) string ``string`` (from 0) hangs on, strings dealt out evenly."""
    return min(string * inputs // max(strings, 1), inputs - 1)


def default_inputs(strings: int) -> int:
    """Return how many DC inputs a unit with so many strings has, two strings an input."""
    return max(1, -(-strings // _STRINGS_PER_MPPT))
