"""What speaks against a value, as flags beside it: never a deletion, never a repair.

The order is that of the work: a sentinel is not "out of range", a stopped value is judged only in daylight and
above one per cent of the rating (four flags of five would be ordinary nights), and what a limit holds is
clipped or curtailed, not stale. Counters are judged where their energy is made (`kpis.series_energy`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.plant import DeviceKind
from domain.quantity import Kind, quantity
from domain.series import DeviceSeries, Flag, Flags, Floats, PlantSeries
from kpis.plateaus import at_ceiling, held, interpolated, stale
from kpis.series_days import days_of
from kpis.series_energy import step_energy
from kpis.units import wrong_units

Mask = NDArray[np.bool_]
POWER = "ac_active_power_w"
SENTINELS = (
    -1_000_000.0,
    -99_999.0,
    -9_999.0,
    -999.0,
    65_535.0,
    32_767.0,
    -32_768.0,
    4_294_967_295.0,
    2_147_483_647.0,
)
_SCALES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
_WITNESS = re.compile(r"_voltage_v$|_temperature_c$|^grid_frequency")
_MOVING = re.compile(
    r"(ac_active_power_w|dc_power_w|dc_(string|mppt)_\d\d_(current_a|power_w)|irradiance_\w+)$"
)
_LEAST = 0.01  # of the rating, or of 1000 W/m2: below it standing still is no news
_RATING_LOW, _RATING_HIGH = -0.01, 1.05
_CAPACITY_SHARE, _CAPACITY_DAYS = 0.002, 3
_CEILING = 0.9  # of the known ceiling: a plateau below it on most inverters is an order, not the inverter
_FAR = 3.0  # times full: no value of the device
_AT_CEILING = 0.97  # a repeated value below it is a frozen device
_MOST_INVERTERS, _PEERS_MIN = 0.8, 3
_LIMIT_PERCENT = 99.5
_POA_SCALE_W_M2 = 1000.0
_FINE_S = 900.0
DAYLIGHT_DEG = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a whole column or device, for the data steward."""

    device_id: str
    quantity: str
    flag: Flag
    detail: str
    factor: float = 1.0


def with_flags(series: PlantSeries) -> tuple[PlantSeries, list[Finding]]:
    """Return the series with its flags, and what is wrong with whole columns."""
    findings: list[Finding] = []
    day = np.isnan(series.sun_elevation_deg) | (series.sun_elevation_deg > DAYLIGHT_DEG)
    flagged = {
        name: replace(device, flags=_device_flags(series, device, day, findings))
        for name, device in series.devices.items()
    }
    limited = _curtailed(replace(series, devices=flagged))
    return replace(series, devices=limited), findings


def reference_max(device: DeviceSeries, name: str, values: Floats) -> float:
    """Return what "full" is for a quantity of a device: rating, 1000 W/m2, or the most it showed. NaN: nothing."""
    if name.startswith("irradiance_"):
        return _POA_SCALE_W_M2
    rated_kw = max(device.device.rated_power_kw, device.device.dc_capacity_kw)
    if name in {POWER, "dc_power_w"} and rated_kw > 0:
        return rated_kw * 1000.0
    known = values[~np.isnan(values)]
    place = round(0.995 * (len(known) - 1))
    return float(np.partition(known, place)[place]) if len(known) else np.nan


def _device_flags(
    series: PlantSeries, device: DeviceSeries, day: Mask, findings: list[Finding]
) -> dict[str, Flags]:
    flags = {}
    for name, values in device.values.items():
        own = np.where(np.isnan(values), Flag.MISSING.value, 0).astype(np.uint16)
        _mark(own, sentinels(name, values, reference_max(device, name, values)), Flag.SENTINEL)
        _mark(own, out_of_range(name, values) & (own == 0), Flag.OUT_OF_RANGE)
        if name in {POWER, "dc_power_w"}:
            _rating(device, name, values, own, series, findings)
        if _MOVING.match(name):
            _standing(values, own, reference_max(device, name, _plain(values, own)), day)
        flags[name] = own
    if POWER in device.values and device.device.kind is DeviceKind.INVERTER:
        _held_not_frozen(device, flags)
        _limits(series, device, flags)
        _steady_inputs(flags)
    for found in wrong_units(series, replace(device, flags=flags)):
        findings.append(
            Finding(device.device.device_id, found.quantity, Flag.UNIT, found.detail, found.factor)
        )
        _mark(flags[found.quantity], ~np.isnan(device.values[found.quantity]), Flag.UNIT)
    counted = step_energy(series, replace(device, flags=flags))
    if counted.flags is not None:
        flags[counted.counter] |= counted.flags
    return flags


def _limits(series: PlantSeries, device: DeviceSeries, flags: dict[str, Flags]) -> None:
    """Mark what a limit holds; at the unit's own ceiling it is clipped and not stale."""
    days = days_of(series.instants, series.zone).slices()
    power, own = device.values[POWER], flags[POWER]
    plain = _plain(power, own & ~np.uint16(Flag.STALE.value))
    limit = held(plain, days, series.step_s)
    coarse = series.step_s > _FINE_S  # finer records show three still values where a limit holds
    if coarse:
        limit |= at_ceiling(plain, days)
    if coarse and "dc_power_w" in flags:
        dc = _plain(device.values["dc_power_w"], flags["dc_power_w"] & ~np.uint16(Flag.STALE.value))
        limit |= at_ceiling(dc, days) & ~np.isnan(plain)
    _mark(own, limit, Flag.CLIPPED)
    if limit.any():
        ceiling = float(np.nanquantile(plain, 0.999))
        with np.errstate(invalid="ignore"):
            own[limit & (power >= _AT_CEILING * ceiling)] &= ~np.uint16(Flag.STALE.value)


def _steady_inputs(flags: dict[str, Flags]) -> None:
    """Take the mark of standing still off the inputs of a unit whose power a limit holds and that is not frozen."""
    own = flags[POWER]
    holds = ((own & np.uint16(Flag.CLIPPED.value)) != 0) & ((own & np.uint16(Flag.STALE.value)) == 0)
    for name, marks in flags.items():
        if name.startswith(("dc_string_", "dc_mppt_")):
            marks[holds] &= ~np.uint16(Flag.STALE.value)


def _plain(values: Floats, flags: Flags) -> Floats:
    return np.where(flags != 0, np.nan, values)


def _mark(flags: Flags, mask: Mask, flag: Flag) -> None:
    flags[mask] |= np.uint16(flag.value)


def sentinels(name: str, values: Floats, full: float) -> Mask:
    """Return makers' "no value" numbers that came through as numbers, in any decimal scale.

    One that the quantity could show is only taken for a sentinel when it stands far above all else.
    """
    bounds = quantity(name)
    doubtful = (values < bounds.low) | (values > bounds.high)
    if bounds.kind is Kind.GAUGE and not np.isnan(full):
        doubtful |= np.abs(values) > _FAR * full
    found = np.zeros(len(values), dtype=bool)
    if doubtful.any():
        numbers = np.array(sorted({number * scale for number in SENTINELS for scale in _SCALES}))
        told = values[doubtful]
        places = np.clip(np.searchsorted(numbers, told), 1, len(numbers) - 1)
        nearest = np.minimum(np.abs(told - numbers[places - 1]), np.abs(told - numbers[places]))
        found[doubtful] = nearest <= 1e-9 * np.abs(told) + 1e-9
    return found


def out_of_range(name: str, values: Floats) -> Mask:
    """Return what the quantity of a village plant's device cannot be."""
    bounds = quantity(name)
    outside = (values < bounds.low) | (values > bounds.high)
    if bounds.can_be(0.0):
        outside &= values != 0.0
    return np.asarray(outside)


def _rating(
    device: DeviceSeries, name: str, values: Floats, own: Flags, series: PlantSeries, findings: list[Finding]
) -> None:
    """Judge power by the rating; when it is passed day after day, the rating is wrong and not the power.

    Below nothing it is judged by the most it showed where no rating is known.
    """
    rated_kw = max(device.device.rated_power_kw, device.device.dc_capacity_kw)
    full_w = reference_max(device, name, values)
    _mark(own, (values < _RATING_LOW * full_w) & (full_w > 0) & (own == 0), Flag.OUT_OF_RANGE)
    if rated_kw <= 0:
        return
    share = values / (rated_kw * 1000.0)
    above = (share > _RATING_HIGH) & (own == 0)
    days = days_of(series.instants, series.zone)
    often = above.mean() > _CAPACITY_SHARE and (days.counts(above) > 0).sum() >= _CAPACITY_DAYS
    if not often:
        _mark(own, above, Flag.OUT_OF_RANGE)
    elif np.quantile(share[above], 0.9) < 3.0:  # further off it is a unit, not a capacity
        _mark(own, above, Flag.CONFIGURATION)
        highest = float(np.max(share[above])) * rated_kw
        findings.append(
            Finding(device.device.device_id, name, Flag.CONFIGURATION, f"{highest:.0f} kW > {rated_kw:g} kW")
        )


def _standing(values: Floats, own: Flags, full: float, day: Mask) -> None:
    alive = day & (values > _LEAST * full) if not np.isnan(full) else day
    plain = np.where(own != 0, np.nan, values)
    _mark(own, stale(plain) & alive, Flag.STALE)
    _mark(own, interpolated(plain) & alive, Flag.INTERPOLATED)


def _held_not_frozen(device: DeviceSeries, flags: dict[str, Flags]) -> None:
    """Take the mark of standing still off power while the device's other gauges move: something holds it."""
    moved = np.zeros(len(device.values[POWER]), dtype=bool)
    for name, values in device.values.items():
        if _WITNESS.search(name):
            with np.errstate(invalid="ignore"):
                moved[1:] |= np.abs(np.diff(values)) > 0.0
    alive = moved & np.append(moved[1:], moved[-1:])
    for name in (POWER, "dc_power_w"):
        if name in flags:
            flags[name][alive] &= ~np.uint16(Flag.STALE.value)


def _curtailed(series: PlantSeries) -> dict[str, DeviceSeries]:
    """Tell an order from an inverter's own limit: a set point, or most inverters held below their ceiling."""
    units = {
        n: d for n, d in series.devices.items() if d.device.kind is DeviceKind.INVERTER and POWER in d.values
    }
    low = {name: _low_plateau(device) for name, device in units.items()}
    together = np.zeros(len(series.instants), dtype=bool)
    if len(units) >= _PEERS_MIN:
        seen = np.sum([~np.isnan(d.values[POWER]) for d in units.values()], axis=0)
        together = np.sum(list(low.values()), axis=0) >= _MOST_INVERTERS * np.maximum(seen, _PEERS_MIN)
    found = dict(series.devices)
    for name, device in units.items():
        ordered = _set_point(device) | (together & low[name])
        if ordered.any():
            flags = {key: marks.copy() for key, marks in device.flags.items()}
            _mark(flags[POWER], ordered, Flag.CURTAILED)
            flags[POWER][ordered] &= ~np.uint16(Flag.CLIPPED.value | Flag.STALE.value)
            found[name] = replace(device, flags=flags)
    return found


def _low_plateau(device: DeviceSeries) -> Mask:
    power = device.values[POWER]
    clipped = (device.flags[POWER] & np.uint16(Flag.CLIPPED.value)) != 0
    known = power[~np.isnan(power)]
    ceiling = float(np.quantile(known, 0.999)) if len(known) else np.nan
    return np.asarray(clipped & (power < _CEILING * ceiling))


def _set_point(device: DeviceSeries) -> Mask:
    """Return where a set point below full holds the power it allows (within 3 %)."""
    limit = device.values.get("active_power_limit_percent")
    rated_w = device.device.rated_power_kw * 1000.0
    if limit is None or rated_w <= 0:
        return np.zeros(len(device.values[POWER]), dtype=bool)
    allowed = limit / 100.0 * rated_w
    return np.asarray((limit < _LIMIT_PERCENT) & (device.values[POWER] >= 0.97 * allowed))


def flag_names(bits: int) -> list[str]:
    """Return the names of the flags set."""
    return [flag.name.lower() for flag in Flag if bits & flag.value and flag.name]


def rows_of(
    series: PlantSeries, skipped: Flag = Flag.MISSING
) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64], list[str]]]:
    """Return, by device, place, quantity number and quantity names of every flagged value (missing left out)."""
    found = {}
    for name, device in series.devices.items():
        names = list(device.flags)
        if names:
            table = np.vstack([device.flags[key] for key in names]) & ~np.uint16(skipped.value)
            quantity_at, place = np.nonzero(table)
            found[name] = (place, quantity_at, names)
    return found
