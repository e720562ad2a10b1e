"""Energy since the day began, per plant, from lifetime counters of inverters and revenue meters.

The same arithmetic as the kept daily KPIs (kpis.energy), for the day that is not over yet. What a device
itself calls "today" is never shown: it resets by the device's clock.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.energy import CounterEnergy
from domain.frame import DEVICE, INSTANT
from domain.plant import Device, DeviceKind, Plant, Registry
from domain.timespan import DEFAULT_ZONE, Interval
from kpis.daily import plant_energy
from kpis.energy import CounterLimits, DayEnergy, Place, daily_energy, energy_from_counter, odd_days
from queries.sources import Sources

Floats = NDArray[np.float64]
PRODUCED = "ac_energy_total_wh"
EXPORTED = "meter_energy_forward_wh"
METER_TICK_WH = 10.0  # secondary side: two decimals of a kilowatt-hour
Energies = dict[tuple[str, date], DayEnergy]


def counter_limits(device: Device, plant: Plant) -> CounterLimits:
    """Return what the counter of a device can do: rated power, and its smallest step after CT and PT."""
    if device.kind is DeviceKind.REVENUE_METER:
        tick = METER_TICK_WH * max(device.ct_ratio * device.pt_ratio, 1.0)
        return CounterLimits(max(plant.ac_capacity_kw, plant.dc_capacity_kw) * 1000.0, tick)
    rated_kw = max(device.rated_power_kw, device.dc_capacity_kw) or plant.ac_capacity_kw
    return CounterLimits(rated_kw * 1000.0)


def energies_today(sources: Sources, day: date, interval: Interval) -> tuple[Floats, Floats]:
    """Return produced and exported energy per plant in the registry's order, NaN where not known. [kWh]"""
    registry = sources.registry
    produced = np.full(len(registry.plants), np.nan)
    exported = produced.copy()
    if interval.end <= interval.start:
        return produced, exported
    inverters = _ids(registry, DeviceKind.INVERTER)
    meters = _ids(registry, DeviceKind.REVENUE_METER)
    energies = {
        **_energies(sources, inverters, PRODUCED, interval),
        **_energies(sources, meters, EXPORTED, interval),
    }
    for row, plant in enumerate(registry.plants):
        told = plant_energy(
            plant.plant_id,
            day,
            [d.device_id for d in plant.devices_of(DeviceKind.INVERTER)],
            [d.device_id for d in plant.devices_of(DeviceKind.REVENUE_METER)],
            energies,
            None,
        )
        produced[row] = np.nan if told.produced_energy_kwh is None else told.produced_energy_kwh
        exported[row] = np.nan if told.exported_energy_kwh is None else told.exported_energy_kwh
    return produced, exported


def _ids(registry: Registry, kind: DeviceKind) -> list[str]:
    return [device.device_id for device in registry.devices() if device.kind is kind]


def _energies(sources: Sources, device_ids: Sequence[str], quantity: str, interval: Interval) -> Energies:
    if not device_ids:
        return {}
    aggregates = sources.store.daily_aggregates(device_ids, quantity, interval, DEFAULT_ZONE)
    if len(aggregates) == 0:
        return {}
    plants, devices = sources.registry.plants_by_id, sources.registry.devices_by_id
    present = [devices[name] for name in aggregates[DEVICE].astype(str).unique()]
    limits = {d.device_id: counter_limits(d, plants[d.plant_id]) for d in present}
    places = {}
    for device in present:
        plant = plants[device.plant_id]
        places[device.device_id] = Place(plant.latitude, plant.longitude, plant.time_zone)
    odd = _odd(sources, aggregates, limits, quantity, interval)
    return daily_energy(aggregates, limits, places, odd)


def _odd(
    sources: Sources,
    aggregates: pd.DataFrame,
    limits: dict[str, CounterLimits],
    quantity: str,
    interval: Interval,
) -> dict[tuple[str, date], CounterEnergy]:
    """Return the energy of counters that went back or jumped, from their readings."""
    rows = aggregates[odd_days(aggregates, limits)]
    if len(rows) == 0:
        return {}
    frame = sources.store.read(rows[DEVICE].astype(str).tolist(), [quantity], interval).good()
    found = {}
    for device_id, day in zip(rows[DEVICE].astype(str), rows["day"], strict=True):
        own = frame[frame[DEVICE] == device_id]
        times_s = own[INSTANT].astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9
        limit = limits[device_id]
        found[device_id, day] = energy_from_counter(
            times_s, own[quantity].to_numpy(dtype=float), limit.power_max_w, resolution_wh=limit.resolution_wh
        )
    return found
