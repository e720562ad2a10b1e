"""Samples of a plant → PlantSeries: one regular grid, the sun, the sky, and which irradiance is used.

The grid's step is the usual distance of two samples of a device (the shortest among the devices, at least
``STEP_MIN_S``); its phase is the usual phase of the stamps, so a recorder that writes at :01 and :16 is not
torn apart. A stamp beside the grid belongs to the nearest point when it lies within half a step. Where
several samples share a point, gauges are averaged, and counters and states take the last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.frame import DEVICE, INSTANT
from domain.plant import Device, DeviceKind, Plant
from domain.quantity import Kind, quantity
from domain.series import DeviceSeries, Floats, Instants, PlantSeries
from domain.sun import sun_position
from kpis.clear_sky import clear_sky_poa

STEP_MIN_S = 60.0
STEP_DEFAULT_S = 300.0
POA, GHI = "irradiance_poa_w_m2", "irradiance_ghi_w_m2"
MODULE_C, AMBIENT_C = "module_temperature_c", "ambient_temperature_c"
_NS = 1_000_000_000
_GRID_MAX = 6_000_000  # eleven years of minutes: beyond it a stamp is wrong, not a record long
_DAY_S = 86_400.0
_SAME_STEP = 0.75  # samples this close to the grid's step, as a share, are one a point


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of instants. ``start_ns`` is nanoseconds of the Unix epoch.

    ``nearest``: a stamp belongs to the nearest point; otherwise, where samples are denser than the grid, to the
    point before it.
    """

    start_ns: int
    step_s: float
    count: int
    nearest: bool = True

    @property
    def step_ns(self) -> int:
        """Return the step. [ns]"""
        return round(self.step_s * _NS)

    def instants(self) -> Instants:
        """Return its instants, UTC."""
        return (self.start_ns + np.arange(self.count, dtype=np.int64) * self.step_ns).astype("datetime64[ns]")

    def places(self, at_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the point each stamp belongs to."""
        shift = self.step_ns // 2 if self.nearest else 0
        return np.asarray((at_ns - self.start_ns + shift) // self.step_ns, dtype=np.int64)


def epoch_ns(instants: pd.Series) -> NDArray[np.int64]:
    """Return aware instants as nanoseconds of the Unix epoch. [ns]"""
    naive = instants.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(naive.to_numpy().astype("datetime64[ns]").astype(np.int64))


def _usual(numbers: NDArray[np.int64]) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[np.argmax(counts)])


def native_step_s(at_ns: NDArray[np.int64], device: NDArray[np.int64]) -> float | None:
    """Return the usual distance of two samples, the shortest among devices; None when nothing tells. [s]"""
    found = []
    for code in np.unique(device):
        apart = np.diff(at_ns[device == code])
        apart = apart[(apart > 0) & (apart <= _DAY_S * _NS)]
        if len(apart):
            found.append(_usual(np.rint(apart / _NS).astype(np.int64)))
    steps = [step for step in found if step > 0]
    return float(min(steps)) if steps else None


def grid_of(at_ns: NDArray[np.int64], device: NDArray[np.int64], step_s: float | None = None) -> Grid:
    """Return the grid that fits the stamps (ascending within each device); ``step_s`` overrides its step.

    Raises
    ------
    ValueError
        There is no stamp, or the record would be longer than any plant's.
    """
    if not len(at_ns):
        raise ValueError("no sample, no grid")
    native = native_step_s(at_ns, device)
    step = step_s or max(native or STEP_DEFAULT_S, STEP_MIN_S)
    step_ns = round(step * _NS)
    nearest = native is None or native >= _SAME_STEP * step
    phase = _usual(np.rint((at_ns % step_ns) / _NS).astype(np.int64)) * _NS % step_ns if nearest else 0
    half = step_ns // 2 if nearest else 0
    first, last = int(at_ns.min()), int(at_ns.max())
    start = (first - phase + half) // step_ns * step_ns + phase
    count = (last - start + half) // step_ns + 1
    if count > _GRID_MAX:
        raise ValueError(
            f"{count} steps of {step:g} s from the first to the last stamp; one of them is wrong"
        )
    return Grid(start, step, int(count), nearest)


def _fill(values: Floats, places: NDArray[np.int64], count: int, *, average: bool) -> Floats:
    """Lay values on the grid: their mean, or the last of each point. NaN says nothing."""
    said = ~np.isnan(values)
    grid = np.full(count, np.nan)
    where = places[said]
    if average and len(where) and (np.diff(where) == 0).any():
        number = np.bincount(where, minlength=count)
        with np.errstate(invalid="ignore", divide="ignore"):
            grid = np.bincount(where, weights=values[said], minlength=count) / number
        return np.asarray(grid)
    grid[where] = values[said]
    return grid


def device_on_grid(device: Device, table: pd.DataFrame, grid: Grid) -> DeviceSeries:
    """Return one device on the grid; ``table`` holds its rows, ascending, with a float column per quantity."""
    at_ns = epoch_ns(table[INSTANT])
    places = grid.places(at_ns)
    inside = (places >= 0) & (places < grid.count)
    values = {}
    for name in table.columns:
        if name in {DEVICE, INSTANT, "plant_id"}:
            continue
        numbers = table[name].to_numpy(dtype=np.float64)
        if not np.isnan(numbers).all():
            average = quantity(str(name)).kind is Kind.GAUGE
            values[str(name)] = _fill(numbers[inside], places[inside], grid.count, average=average)
    return DeviceSeries(device, values)


_BY_QUANTITY = (
    ("meter_", DeviceKind.REVENUE_METER),
    ("ac_active_power_w", DeviceKind.INVERTER),
    ("ac_energy_", DeviceKind.INVERTER),
    ("dc_", DeviceKind.INVERTER),
    ("irradiance_", DeviceKind.WEATHER_STATION),
    ("plant_", DeviceKind.LOGGER),
    ("ambient_", DeviceKind.WEATHER_STATION),
    ("module_", DeviceKind.WEATHER_STATION),
    ("wind_", DeviceKind.WEATHER_STATION),
)


def guessed_kind(quantities: Sequence[str]) -> DeviceKind:
    """Return what a device that is in no registry probably is, from what it says."""
    for start, kind in _BY_QUANTITY:
        if any(name.startswith(start) for name in quantities):
            return kind
    return DeviceKind.LOGGER


def build_series(plant: Plant, samples: pd.DataFrame, step_s: float | None = None) -> PlantSeries:
    """Return the series of one plant.

    Parameters
    ----------
    plant : Plant
        Coordinates may be NaN: then sun and clear sky are NaN too. A device that is not of the plant's list
        is taken for what its quantities say.
    samples : DataFrame
        ``device_id``, ``measured_at`` (UTC) and a float column per quantity; sorted by device and instant.
    step_s : float, optional
        Step of the grid. [s]

    Raises
    ------
    ValueError
        There are no samples.
    """
    at_ns = epoch_ns(samples[INSTANT])
    names, codes = np.unique(samples[DEVICE].to_numpy(dtype="str"), return_inverse=True)
    grid = grid_of(at_ns, codes, step_s)
    known = {device.device_id: device for device in plant.devices}
    devices = {}
    edges = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1, [len(codes)]])
    in_order = len(edges) == len(names) + 1
    for code, name in enumerate(names):
        rows = samples.iloc[edges[code] : edges[code + 1]] if in_order else samples[codes == code]
        own = known.get(str(name))
        if own is None:
            rows = rows.dropna(axis="columns", how="all")
            own = Device(str(name), plant.plant_id, guessed_kind([str(c) for c in rows.columns]), str(name))
        devices[str(name)] = device_on_grid(own, rows, grid)
    return with_sky(plant, grid, devices)


def with_sky(plant: Plant, grid: Grid, devices: Mapping[str, DeviceSeries]) -> PlantSeries:
    """Return the series with the sun, the clear sky and the plant's own weather; sun at the middle of a step."""
    instants = grid.instants()
    middle_s = (grid.start_ns + (np.arange(grid.count) + 0.5) * grid.step_ns) / _NS
    elevation, azimuth = sun_position(middle_s, plant.latitude, plant.longitude)
    clear = clear_sky_poa(elevation, azimuth, plant.tilt_deg, plant.azimuth_deg)
    if np.isnan(clear).all() and not np.isnan(plant.latitude):
        clear = clear_sky_poa(elevation, azimuth, 0.0, 180.0)
    bare = PlantSeries(plant.plant_id, plant.time_zone, instants, grid.step_s, devices, elevation, clear)
    return replace(
        bare,
        irradiance_poa_w_m2=own_gauge(bare, POA),
        irradiance_source="own" if own_gauge(bare, POA) is not None else "",
        module_temperature_c=own_gauge(bare, MODULE_C),
        ambient_temperature_c=own_gauge(bare, AMBIENT_C),
    )


def own_gauge(series: PlantSeries, name: str) -> Floats | None:
    """Return the mean of what the plant's devices say, weather stations first; None when none says it."""
    stations = [d for d in series.devices.values() if d.device.kind is DeviceKind.WEATHER_STATION]
    for chosen in (stations, list(series.devices.values())):
        told = [values for device in chosen if (values := device.good(name)) is not None]
        if len(told) == 1:
            return told[0]
        if told:
            table = np.vstack(told)
            count = (~np.isnan(table)).sum(axis=0)
            total = np.nansum(table, axis=0)
            return np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return None
