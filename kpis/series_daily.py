"""What a series tells of each local day, per inverter and for the plant: the columns of daily.csv and more.

Every figure may be NaN: then it cannot be known. Ratios of a plant are ratios of sums, never means of ratios.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.handling import PlannedStop
from domain.plant import DeviceKind, Plant
from domain.series import DeviceSeries, Floats, PlantSeries
from kpis.availability import down
from kpis.clock_shift import ClockShift, clock_shift
from kpis.data_quality import DAYLIGHT_DEG, POWER
from kpis.expected import inverters_of, power_table
from kpis.losses import Cause, Ledger, ledgers
from kpis.planned import planned_of
from kpis.series_days import Days, days_of
from kpis.series_energy import power_of, step_energy

Mask = NDArray[np.bool_]
USEFUL_W_M2 = 50.0
USEFUL_CLEAR_W_M2 = 100.0
IRRADIATION_COMPLETE = 0.9
_SHARED_CLOCK = 4  # this many inverters and more are read by one recorder, whose clock is judged by their sum


@dataclass(frozen=True, slots=True)
class DeviceDays:
    """One device (or, with an empty id, the plant), an array a figure, a value a day."""

    device_id: str
    energy_kwh: Floats
    expected_kwh: Floats
    lost_kwh: Floats
    performance_ratio: Floats
    time_availability: Floats
    clock_shift_min: Floats
    completeness: Floats
    estimated_share: Floats


@dataclass(frozen=True, slots=True)
class SeriesDays:
    """Every day of a plant: its devices in order, the plant last, and the ledgers by device."""

    days: Days
    rows: tuple[DeviceDays, ...]
    ledgers: Mapping[str, Ledger] = field(default_factory=dict)
    irradiation_kwh_m2: Floats | None = None


def daily_of(series: PlantSeries, plant: Plant, stops: Iterable[PlannedStop] = ()) -> SeriesDays:
    """Return every figure of every day; flags, irradiance and expected power must be in the series.

    ``stops`` are maintenance tags and announced outages: what was lost in them is theirs.
    """
    days = days_of(series.instants, series.zone)
    books = ledgers(series, days, planned_of(series, plant, stops))
    irradiation = _irradiation(series, days)
    shifts = _shifts(series, plant, days)
    useful = useful_steps(series)
    rows = [
        _device(series, days, device, books.get(name), irradiation, shifts.get(name), useful)
        for name, device in series.devices.items()
        if device.device.kind is not DeviceKind.WEATHER_STATION
    ]
    whole = _plant(series, plant, days, rows, irradiation)
    return SeriesDays(days, (*rows, whole), books, irradiation)


def useful_steps(series: PlantSeries) -> Mask:
    """Return the steps in which an inverter should run: 50 W/m2 in the plane, else a clear sky of 100 W/m2."""
    light = series.irradiance_poa_w_m2
    clear = series.clear_sky_poa_w_m2 > USEFUL_CLEAR_W_M2
    if light is None:
        return np.asarray(clear)
    return np.where(np.isnan(light), clear, light > USEFUL_W_M2)


def _nothing(days: Days) -> Floats:
    return np.full(len(days.days), np.nan)


def _irradiation(series: PlantSeries, days: Days) -> Floats:
    """Return irradiation of the days of which nine tenths of the daylight are known. [kWh/m2]"""
    light = series.irradiance_poa_w_m2
    if light is None:
        return _nothing(days)
    day = daylight(series)
    enough = days.shares(~np.isnan(light), day) >= IRRADIATION_COMPLETE
    total = days.sums(np.maximum(light, 0.0)) * series.step_s / 3.6e6
    return np.where(enough, total, np.nan)


def daylight(series: PlantSeries) -> Mask:
    """Return the steps of daylight; without coordinates every step is."""
    elevation = series.sun_elevation_deg
    return np.asarray(np.isnan(elevation) | (elevation > DAYLIGHT_DEG))


def _shifts(series: PlantSeries, plant: Plant, days: Days) -> dict[str, Floats]:
    """Return the clock shift of each inverter by local day; of many inverters the sum is judged."""
    units = inverters_of(series)
    place = (plant.latitude, plant.longitude, plant.tilt_deg, plant.azimuth_deg)
    if len(units) >= _SHARED_CLOCK:
        table = power_table(units)
        power = np.where(np.isnan(table).all(axis=0), np.nan, np.nansum(table, axis=0))
        found = _by_day(clock_shift(series, power, *place), days)
        return dict.fromkeys(units, found)
    return {
        name: _by_day(clock_shift(series, own, *place), days)
        for name, device in units.items()
        if (own := device.good(POWER)) is not None
    }


def _by_day(shift: ClockShift | None, days: Days) -> Floats:
    """Return shifts by local day; the sun's days differ from them by hours at most, and in number by one."""
    if shift is None:
        return _nothing(days)
    told = shift.shift_min
    first = days.days[0].toordinal()
    places = np.array([day.toordinal() - first for day in days.days])
    return np.asarray(told[np.clip(places, 0, len(told) - 1)])


def _device(
    series: PlantSeries,
    days: Days,
    device: DeviceSeries,
    book: Ledger | None,
    irradiation: Floats,
    shift: Floats | None,
    useful: Mask,
) -> DeviceDays:
    energy = step_energy(series, device)
    total = days.sums(energy.energy_wh) / 1000.0
    estimated = days.sums(energy.energy_wh, where=energy.estimated) / 1000.0
    said = np.any([~np.isnan(values) for values in device.values.values()], axis=0)
    expected, lost = (
        (_nothing(days), _nothing(days))
        if book is None
        else (book.expected_kwh, book.expected_kwh - book.produced_kwh)
    )
    size_kw = device.device.dc_capacity_kw
    inverter = device.device.kind is DeviceKind.INVERTER
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = total / size_kw / irradiation if inverter and size_kw > 0 else _nothing(days)
        share = np.where(total > 0, np.nan_to_num(estimated) / total, np.nan)
    return DeviceDays(
        device.device.device_id,
        total,
        expected,
        lost,
        np.where(np.isfinite(ratio), ratio, np.nan),
        _availability(days, device, useful) if inverter else _nothing(days),
        _nothing(days) if shift is None else shift,
        days.shares(said, daylight(series)),
        share,
    )


def _availability(days: Days, device: DeviceSeries, useful: Mask) -> Floats:
    """Return time availability: a step without information is neither up nor down, but for the counter."""
    power = power_of(device)
    if power is None:
        return _nothing(days)
    told = useful & ~np.isnan(power)
    return 1.0 - days.shares(down(power, told), told)


def _plant(
    series: PlantSeries, plant: Plant, days: Days, rows: list[DeviceDays], irradiation: Floats
) -> DeviceDays:
    units = inverters_of(series)
    own = [row for row in rows if row.device_id in units] or rows
    energy = _known_sum([row.energy_kwh for row in own], days)
    size_kw = np.array([plant.capacity_on(day).dc_capacity_kw for day in days.days])
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(size_kw > 0, energy / size_kw / irradiation, np.nan)
    weights = [_weight(series, row) for row in own]
    return DeviceDays(
        "",
        energy,
        _known_sum([row.expected_kwh for row in own], days),
        _known_sum([row.lost_kwh for row in own], days),
        np.where(np.isfinite(ratio), ratio, np.nan),
        _weighted([row.time_availability for row in own], weights, days),
        own[0].clock_shift_min if own else _nothing(days),
        _weighted([np.nan_to_num(row.completeness) for row in own], [1.0] * len(own), days),
        _weighted([row.estimated_share for row in own], weights, days),
    )


def _weight(series: PlantSeries, row: DeviceDays) -> float:
    device = series.devices[row.device_id].device
    return device.dc_capacity_kw or device.rated_power_kw or 1.0


def _known_sum(parts: list[Floats], days: Days) -> Floats:
    if not parts:
        return _nothing(days)
    table = np.vstack(parts)
    return np.where(np.isnan(table).all(axis=0), np.nan, np.nansum(table, axis=0))


def _weighted(parts: list[Floats], weights: list[float], days: Days) -> Floats:
    """Return the mean weighted by size, of what is known."""
    if not parts:
        return _nothing(days)
    table, weight = np.vstack(parts), np.array(weights)[:, None]
    known = np.where(np.isnan(table), 0.0, weight).sum(axis=0)
    total = np.nansum(table * weight, axis=0)
    return np.where(known > 0, total / np.maximum(known, 1e-12), np.nan)


def outage_kwh(book: Ledger) -> float:
    """Return what a device lost to outages, its own and the grid's. [kWh]"""
    return float(sum(loss.lost_kwh for loss in book.losses if loss.cause in {Cause.OUTAGE, Cause.GRID}))
