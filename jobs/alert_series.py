"""A short window of the store as series of whole plants, for the engine that runs live.

Light comes from a plant's own sensor, else from that of the nearest plant that has one; what a unit should
give follows from it simply: the live rules ask whether there should be power at all, not how much to a percent.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.frame import DEVICE, INSTANT
from domain.measurement import Quality
from domain.plant import Connection, Device, DeviceKind, Plant, Registry
from domain.series import QUARANTINED, DeviceSeries, Floats, Instants, PlantSeries
from domain.sun import sun_position
from domain.timespan import Interval
from kpis.clear_sky import clear_sky_poa
from stores.protocol import MeasurementStore

POA, GHI = "irradiance_poa_w_m2", "irradiance_ghi_w_m2"
_PLANT_STEPS = 20_000  # read at once, some 250 MB
_DOUBT_STEPS = 5  # a batch so old still tells whether its device is believed
_SYSTEM_RATIO = 0.82  # AC over DC at full light, losses included
_GAMMA_PER_C = -0.004
_KINDS = (DeviceKind.INVERTER, DeviceKind.REVENUE_METER, DeviceKind.WEATHER_STATION, DeviceKind.LOGGER)
_WANTED: Mapping[DeviceKind, tuple[str, ...]] = {
    DeviceKind.INVERTER: (
        *("ac_active_power_w", "dc_power_w", "dc_voltage_v", "dc_current_a", "ac_energy_total_wh"),
        *("ac_phase_a_voltage_v", "ac_phase_b_voltage_v", "ac_phase_c_voltage_v"),
        *("ac_line_ab_voltage_v", "ac_line_bc_voltage_v", "ac_line_ca_voltage_v"),
        *("ac_phase_a_current_a", "ac_phase_b_current_a", "ac_phase_c_current_a"),
        *("internal_temperature_c", "insulation_resistance_ohm", "device_status", "fault_code"),
        *("active_power_limit_percent", "grid_frequency_hz"),
    ),
    DeviceKind.REVENUE_METER: (
        *("meter_active_power_w", "meter_reactive_power_var", "meter_energy_forward_wh"),
        *("ac_phase_a_current_a", "ac_phase_b_current_a", "ac_phase_c_current_a"),
    ),
    DeviceKind.WEATHER_STATION: (POA, GHI, "ambient_temperature_c", "module_temperature_c"),
    DeviceKind.LOGGER: ("plant_active_power_w", "plant_active_power_limit_percent", "device_status"),
}
_FAMILIES = ("dc_string_", "dc_mppt_", "alarm_word_", "device_state_word_")


@dataclass
class Window:
    """The newest stretch of every live plant on one grid, read forward as time goes on.

    Parameters
    ----------
    store, registry : where values come from, and whose.
    step_s, length : grid of the window. [s], number of instants
    plant_ids : the plants to read; None: all.
    kinds : the kinds of devices to read.
    quantities : the quantities to read of what the rules look at; None: all.
    lights : plants that may lend their light besides those that are read.
    doubts : also say where a device was not believed (`QUARANTINED`), as far as its newest batch tells.
    """

    store: MeasurementStore
    registry: Registry
    step_s: float
    length: int
    plant_ids: Collection[str] | None = None
    kinds: Sequence[DeviceKind] = _KINDS
    quantities: Collection[str] | None = None
    lights: Sequence[PlantSeries] = ()
    doubts: bool = False
    _doubted: dict[str, Floats] = field(default_factory=dict)
    _blocks: dict[DeviceKind, "_Block"] = field(default_factory=dict)
    _end: datetime | None = None

    def read_until(self, until: datetime) -> list[PlantSeries]:
        """Return every live plant over the window that ends at ``until`` (a point of the grid)."""
        length = timedelta(seconds=self.step_s * self.length)
        start = until - length if self._end is None or self._end <= until - length else self._end
        shift = self.length if self._end is None else round((until - self._end).total_seconds() / self.step_s)
        for kind in self.kinds:
            devices = [each for each in self._live_devices() if each.kind is kind]
            self._take(kind, devices, Interval(start, until), shift)
        self._end = until
        if self.doubts:
            self._mark_doubt(until, min(shift, self.length))
        return self._series(until)

    def _mark_doubt(self, until: datetime, shift: int) -> None:
        """Note for the newest instants which devices were not believed in their newest batch."""
        ids = [each.device_id for each in self._live_devices()]
        not_before = until - timedelta(seconds=_DOUBT_STEPS * self.step_s)
        newest = {batch.device_id: batch for batch in self.store.latest(ids, not_before)} if ids else {}
        before, self._doubted = self._doubted, {}
        for name in {*newest, *before} & set(ids) if shift else before:
            row = np.full(self.length, np.nan)
            old = before.get(name)
            if old is not None:
                row[: self.length - shift] = old[shift:]
                row[self.length - shift :] = old[-1] if name in newest else np.nan
            if name in newest and shift:
                batch = newest[name]
                back = int((until - batch.measured_at).total_seconds() // self.step_s) + 1
                row[self.length - min(shift, max(back, 1)) :] = Quality.INCONSISTENT in (
                    batch.qualities or ()
                )
            self._doubted[name] = row

    def _live_devices(self) -> list[Device]:
        return [device for plant in self._live_plants() for device in plant.devices]

    def _live_plants(self) -> list[Plant]:
        chosen = self.plant_ids
        return [
            plant
            for plant in self.registry.plants
            if plant.connection is Connection.LIVE and (chosen is None or plant.plant_id in chosen)
        ]

    def _take(self, kind: DeviceKind, devices: Sequence[Device], interval: Interval, shift: int) -> None:
        """Move the window on and lay the new rows of one kind of device into it."""
        ids = [each.device_id for each in devices]
        names = self._names(kind, ids) if ids else []
        if not names:
            return
        block = self._blocks.get(kind)
        if block is None or block.names != names or block.ids != ids:
            block = self._blocks[kind] = _Block(ids, names, self.length, block)
        block.move(shift)
        if interval.end <= interval.start:
            return
        every = timedelta(seconds=self.step_s)
        table = self.store.read(ids, names, interval, every=every).good()
        at_ns = table[INSTANT].dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
        back = (pd.Timestamp(interval.end).value - at_ns) // round(self.step_s * 1e9)
        block.lay(table[DEVICE].to_numpy(), self.length - back, table[names].to_numpy(dtype=np.float64))

    def _names(self, kind: DeviceKind, ids: Sequence[str]) -> list[str]:
        """Return the quantities that rules look at and this kind of device has."""
        known = getattr(self.store, "quantities", None)
        there = list(_WANTED[kind]) if known is None else known(ids)
        found = [name for name in there if name in _WANTED[kind] or name.startswith(_FAMILIES)]
        return [name for name in found if self.quantities is None or name in self.quantities]

    def _series(self, until: datetime) -> list[PlantSeries]:
        end = np.datetime64(until.replace(tzinfo=None), "ns")
        step = np.timedelta64(round(self.step_s * 1e9), "ns")
        instants = end - np.arange(self.length, 0, -1) * step
        made = [self._plant(plant, instants) for plant in self._live_plants() if plant.devices]
        return lit(made, self.registry, self.lights)

    def _values(self, device: Device) -> Mapping[str, Floats]:
        block = self._blocks.get(device.kind)
        values = {} if block is None else dict(block.values_of(device.device_id))
        doubted = self._doubted.get(device.device_id)
        return values if doubted is None else {**values, QUARANTINED: doubted}

    def _plant(self, plant: Plant, instants: Instants) -> PlantSeries:
        epoch_s = instants.astype("datetime64[s]").astype(np.int64) + self.step_s / 2.0
        elevation, azimuth = sun_position(epoch_s, plant.latitude, plant.longitude)
        clear = clear_sky_poa(elevation, azimuth, plant.tilt_deg, plant.azimuth_deg)
        devices = {device.device_id: DeviceSeries(device, self._values(device)) for device in plant.devices}
        light, air, module = (
            _first(devices, names)
            for names in ((POA, GHI), ("ambient_temperature_c",), ("module_temperature_c",))
        )
        return PlantSeries(
            plant.plant_id, plant.time_zone, instants, self.step_s, devices, elevation, clear,
            light, "" if light is None else "own", module, air,
        )  # fmt: skip


class _Block:
    """Every device of one kind over the window: [devices, quantities, instants]."""

    def __init__(self, ids: list[str], names: list[str], length: int, before: "_Block | None") -> None:
        self.names = names
        self.ids = ids
        self.row = {name: n for n, name in enumerate(ids)}
        self.cells = np.full((len(ids), len(names), length), np.nan)
        if before is not None:
            before.lay_over(self)

    def lay_over(self, other: "_Block") -> None:
        """Give another block, of other devices or quantities, what both have."""
        stayed = [name for name in self.ids if name in other.row]
        here, there = ([block.row[name] for name in stayed] for block in (self, other))
        for column, name in enumerate(self.names):
            if name in other.names:
                other.cells[there, other.names.index(name)] = self.cells[here, column]

    def move(self, shift: int) -> None:
        """Make room for so many new instants at the end."""
        if shift > 0:
            length = self.cells.shape[2]
            keep = max(length - shift, 0)
            self.cells[:, :, :keep] = self.cells[:, :, length - keep :]
            self.cells[:, :, keep:] = np.nan

    def lay(self, devices: npt.NDArray[Any], places: npt.NDArray[np.int64], values: Floats) -> None:
        """Lay rows of values at their places."""
        names, where = np.unique(np.asarray(devices, dtype=str), return_inverse=True)
        rows = np.array([self.row[name] for name in names.tolist()], dtype=np.int64)
        if len(values):
            self.cells[rows[where], :, places] = values

    def values_of(self, device_id: str) -> Mapping[str, Floats]:
        """Return what a device said, quantities it never told left out."""
        if device_id not in self.row:
            return {}  # it came while the window was read
        own = self.cells[self.row[device_id]]
        told = np.isfinite(own).any(axis=1)
        return {name: own[column] for column, name in enumerate(self.names) if told[column]}


def _first(devices: Mapping[str, DeviceSeries], names: Sequence[str]) -> Floats | None:
    """Return the first of several quantities that a weather station of the plant tells."""
    for name in names:
        for each in devices.values():
            values = each.good(name)
            if (
                each.device.kind is DeviceKind.WEATHER_STATION
                and values is not None
                and np.isfinite(values).any()
            ):
                return values
    return None


def lit(
    plants: Sequence[PlantSeries], registry: Registry, lights: Sequence[PlantSeries] = ()
) -> list[PlantSeries]:
    """Return plants with light (their own or the nearest neighbour's) and what their units should give."""
    own = [each for each in (*plants, *lights) if each.irradiance_source == "own"]
    return [_lit(plant, own, registry) for plant in plants]


def lights_of(
    store: MeasurementStore, registry: Registry, step_s: float, length: int, until: datetime
) -> list[PlantSeries]:
    """Return the plants that measure light, with nothing but their weather, over the window up to ``until``."""
    window = Window(store, registry, step_s, length, kinds=(DeviceKind.WEATHER_STATION,))
    return [each for each in window.read_until(until) if each.irradiance_source == "own"]


def parcels(registry: Registry, length: int) -> Iterator[tuple[str, ...]]:
    """Yield the live plants in parcels to be read over ``length`` instants at once.

    A store in order of time reads as much for one plant as for all, so plants are read by as many as memory bears.
    """
    ids = [plant.plant_id for plant in registry.plants if plant.connection is Connection.LIVE]
    size = max(1, _PLANT_STEPS // max(1, length))
    for start in range(0, len(ids), size):
        yield tuple(ids[start : start + size])


def _lit(plant: PlantSeries, lights: Sequence[PlantSeries], registry: Registry) -> PlantSeries:
    own = registry.plants_by_id[plant.plant_id]
    light = plant.irradiance_poa_w_m2
    if light is None and lights:
        nearest = min(lights, key=lambda each: _distance(own, registry.plants_by_id[each.plant_id]))
        light = nearest.irradiance_poa_w_m2
        source = f"neighbour:{nearest.plant_id}"
        plant = replace(plant, irradiance_poa_w_m2=light, irradiance_source=source)
    return plant if light is None else _expecting(plant, light)


def _distance(one: Plant, other: Plant) -> float:
    return (one.latitude - other.latitude) ** 2 + (one.longitude - other.longitude) ** 2


def _expecting(plant: PlantSeries, light: Floats) -> PlantSeries:
    """Return the plant with what each inverter should give under its light."""
    warmth = plant.module_temperature_c
    if warmth is None and plant.ambient_temperature_c is not None:
        warmth = plant.ambient_temperature_c + 0.03 * light
    derating = 1.0 if warmth is None else 1.0 + _GAMMA_PER_C * (np.nan_to_num(warmth, nan=25.0) - 25.0)
    devices = {name: _with_expected(each, plant, light * derating) for name, each in plant.devices.items()}
    return replace(plant, devices=devices)


def _with_expected(each: DeviceSeries, plant: PlantSeries, light: Floats) -> DeviceSeries:
    if each.device.kind is not DeviceKind.INVERTER:
        return each
    limit_w = each.device.rated_power_kw * 1000.0 or np.inf
    power_w = np.clip(light * each.device.dc_capacity_kw * _SYSTEM_RATIO, 0.0, limit_w)
    return replace(each, expected_power_w=power_w, expected_source=plant.irradiance_source)
