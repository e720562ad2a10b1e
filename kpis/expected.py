"""Expected power of every inverter, with the irradiance it rests on named. The door to pvlib.

In order of trust: an own sensor in the plane; an own horizontal sensor turned into it (Erbs, isotropic); the
clear-sky index of a neighbour with a sensor; the clear-sky index that the plants around show by their own
power. A unit with irradiance learns its own model (`kpis.unit_model`); without any it is compared with the
units beside it (`peers`), and a lone unit without irradiance has no expectation: NaN, and the reason stays
in the empty source.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from domain.plant import DeviceKind, Plant
from domain.series import DeviceSeries, Flag, Floats, PlantSeries
from domain.sun import sun_position
from kpis.build_series import GHI, own_gauge
from kpis.data_quality import POWER
from kpis.medians import middle
from kpis.series_days import days_of
from kpis.unit_model import features, learn

OWN, OWN_GHI, NEIGHBOUR, PEERS = "own", "own_ghi", "neighbour", "peers"
NEIGHBOUR_KM, PEERS_KM = 15.0, 40.0
PEERS_MIN = 3
INDEX_MIN_W_M2 = 100.0
_INDEX_MAX = 1.3
_INDEX_OUT = 0.005
_FAIMAN_WIND_M_S = 1.0
_AMBIENT_C = 15.0
_HEALTHY = 0.5  # of the median of its peers: a unit below it is no peer
_LIMIT_ROWS = 3
_LIMIT_SHARE = 0.95  # of the most a unit gives
_EARTH_KM = 6371.0


def with_irradiance(
    series: PlantSeries, plant: Plant, others: Sequence[tuple[Plant, PlantSeries]] = ()
) -> PlantSeries:
    """Return the series with the best irradiance there is, its source named, and a module temperature."""
    light, source = series.irradiance_poa_w_m2, series.irradiance_source
    if light is None:
        light, source = _turned(series, plant), OWN_GHI
    if light is None:
        light, source = _from_neighbour(series, plant, others)
    if light is None:
        light, source = _from_peers(series, plant, others), PEERS
    if light is None:
        return replace(series, irradiance_source="")
    return replace(
        series,
        irradiance_poa_w_m2=light,
        irradiance_source=source,
        module_temperature_c=_module_temperature(series, light),
    )


def _turned(series: PlantSeries, plant: Plant) -> Floats | None:
    """Turn horizontal irradiance into the plane; None when there is none, or nobody knows where the plane is."""
    ghi = own_gauge(series, GHI)
    if ghi is None or np.isnan(plant.latitude):
        return None
    if np.isnan(plant.tilt_deg) or plant.tilt_deg == 0:
        return ghi
    from pvlib import irradiance

    middle_s = _epoch_s(series) + series.step_s / 2.0
    elevation, azimuth = sun_position(middle_s, plant.latitude, plant.longitude)
    zenith = 90.0 - elevation
    day_of_year = (series.instants.astype("datetime64[D]") - series.instants.astype("datetime64[Y]")).astype(
        int
    ) + 1
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        parts = irradiance.erbs(np.maximum(ghi, 0.0), zenith, day_of_year)
        total = irradiance.get_total_irradiance(
            plant.tilt_deg,
            plant.azimuth_deg,
            zenith,
            azimuth,
            parts["dni"],
            np.maximum(ghi, 0.0),
            parts["dhi"],
        )
    poa = np.asarray(total["poa_global"], dtype=np.float64)
    return np.where(np.isnan(ghi), np.nan, np.where(elevation > 0, np.nan_to_num(poa), np.maximum(ghi, 0.0)))


def _epoch_s(series: PlantSeries) -> Floats:
    return series.instants.astype("datetime64[ms]").astype(np.int64) / 1000.0


def distance_km(one: Plant, other: Plant) -> float:
    """Return the distance between two plants; NaN when one is nowhere. [km]"""
    north = np.radians(other.latitude - one.latitude)
    east = np.radians(other.longitude - one.longitude) * np.cos(
        np.radians((one.latitude + other.latitude) / 2.0)
    )
    return float(_EARTH_KM * np.hypot(north, east))


def _from_neighbour(
    series: PlantSeries, plant: Plant, others: Sequence[tuple[Plant, PlantSeries]]
) -> tuple[Floats | None, str]:
    near = [
        (distance_km(plant, other), other, theirs)
        for other, theirs in others
        if theirs.irradiance_poa_w_m2 is not None and theirs.irradiance_source == OWN
    ]
    near = [found for found in near if found[0] <= NEIGHBOUR_KM and found[1].plant_id != plant.plant_id]
    for _, other, theirs in sorted(near, key=lambda found: found[0]):
        index = _index(theirs.irradiance_poa_w_m2, theirs.clear_sky_poa_w_m2)
        told = on_grid(series, theirs, index)
        if not np.isnan(told).all():
            return _of_index(series, told), f"{NEIGHBOUR}:{other.plant_id}"
    return None, ""


def _from_peers(
    series: PlantSeries, plant: Plant, others: Sequence[tuple[Plant, PlantSeries]]
) -> Floats | None:
    """Return irradiance from the power of the plants around, this one left out."""
    told = []
    for other, theirs in others:
        if other.plant_id == plant.plant_id or not distance_km(plant, other) <= PEERS_KM:
            continue
        index = power_index(theirs)
        if index is not None:
            told.append(on_grid(series, theirs, index))
    if len(told) < PEERS_MIN:
        return None
    table = np.vstack(told)
    enough = (~np.isnan(table)).sum(axis=0) >= PEERS_MIN
    index = np.full(table.shape[1], np.nan)
    index[enough] = middle(table[:, enough], axis=0)
    return None if np.isnan(index).all() else _of_index(series, index)


def power_index(series: PlantSeries, least_w_m2: float = INDEX_MIN_W_M2) -> Floats | None:
    """Return power over clear-sky irradiance, scaled so that the plant's clear hours are 1; None unknowable.

    NaN where a clear sky gives less than ``least_w_m2``.
    """
    shares = _shares(series)
    if shares is None:
        return None
    power = np.full(shares.shape[1], np.nan)
    said = ~np.isnan(shares).all(axis=0)
    power[said] = middle(shares[:, said], axis=0)
    index = _index(power, series.clear_sky_poa_w_m2 / 1000.0, least=least_w_m2 / 1000.0, cap=np.inf)
    with np.errstate(invalid="ignore"):
        index[index < _INDEX_OUT] = (
            np.nan
        )  # no sky by day is so dark: the plant stood still, and says nothing
    known = index[~np.isnan(index) & (series.clear_sky_poa_w_m2 > INDEX_MIN_W_M2)]
    if len(known) < PEERS_MIN:
        return None
    clear = float(np.quantile(known, 0.95))
    return np.minimum(index / clear, _INDEX_MAX) if clear > 0 else None


def _index(
    light: Floats | None, clear: Floats, least: float = INDEX_MIN_W_M2, cap: float = _INDEX_MAX
) -> Floats:
    assert light is not None
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.where(clear > least, np.minimum(light / clear, cap), np.nan)


def _of_index(series: PlantSeries, index: Floats) -> Floats:
    """Return irradiance of a clear-sky index: below the threshold the last known one is carried on."""
    places = np.where(np.isnan(index), -1, np.arange(len(index)))
    last = np.maximum.accumulate(places)
    low = np.isnan(index) & (series.clear_sky_poa_w_m2 <= INDEX_MIN_W_M2)
    filled = np.where(low & (last >= 0), index[np.maximum(last, 0)], index)
    filled = np.where(series.clear_sky_poa_w_m2 <= 0, 0.0, filled)
    return np.asarray(filled * series.clear_sky_poa_w_m2)


def on_grid(series: PlantSeries, theirs: PlantSeries, values: Floats) -> Floats:
    """Return another plant's values at this plant's instants: the value in force; NaN outside their record."""
    places = np.searchsorted(theirs.instants, series.instants, side="right") - 1
    step = np.timedelta64(round(theirs.step_s * 1e9), "ns")
    inside = (places >= 0) & (series.instants - theirs.instants[np.maximum(places, 0)] < step)
    return np.where(inside, values[np.maximum(places, 0)], np.nan)


def _module_temperature(series: PlantSeries, light: Floats) -> Floats:
    """Return the module temperature: measured, else Faiman's from air and wind, else from irradiance alone."""
    from pvlib.temperature import faiman

    air = series.ambient_temperature_c
    wind = own_gauge(series, "wind_speed_m_s")
    air = np.full(len(light), _AMBIENT_C) if air is None else np.where(np.isnan(air), _AMBIENT_C, air)
    blow = (
        np.full(len(light), _FAIMAN_WIND_M_S)
        if wind is None
        else np.where(np.isnan(wind), _FAIMAN_WIND_M_S, wind)
    )
    modelled = np.asarray(faiman(np.nan_to_num(light), air, blow), dtype=np.float64)
    told = series.module_temperature_c
    return modelled if told is None else np.where(np.isnan(told), modelled, told)


def inverters_of(series: PlantSeries) -> dict[str, DeviceSeries]:
    """Return the inverters that tell their power, by id; of a plant without any, its meters that do."""
    told = {name: device for name, device in series.devices.items() if POWER in device.values}
    own = {name: device for name, device in told.items() if device.device.kind is DeviceKind.INVERTER}
    return own or {n: d for n, d in told.items() if d.device.kind is DeviceKind.REVENUE_METER}


def power_table(units: Mapping[str, DeviceSeries]) -> Floats:
    """Return the trusted power of units, a row each. [W]"""
    told = [power for device in units.values() if (power := device.good(POWER)) is not None]
    return np.vstack(told)


def _scale_w(device: DeviceSeries) -> float:
    kw = device.device.dc_capacity_kw or device.device.rated_power_kw
    return kw * 1000.0 if kw > 0 else np.nan


def _shares(series: PlantSeries) -> Floats | None:
    """Return power over size of every inverter; without sizes, over what each gives at its best (all alike)."""
    units = inverters_of(series)
    if not units:
        return None
    power = power_table(units)
    sizes = np.array([_scale_w(device) for device in units.values()])
    if np.isnan(sizes).any():
        best = [np.nanquantile(row, 0.98) if not np.isnan(row).all() else np.nan for row in power]
        sizes = np.full(len(sizes), np.nanmedian(best)) if not np.isnan(best).all() else sizes
    return np.asarray(power / sizes[:, None])


def peer_power(series: PlantSeries) -> dict[str, Floats]:
    """Return for each inverter what the healthy others of its plant gave, at its size; NaN below three peers. [W]"""
    shares = _shares(series)
    units = inverters_of(series)
    if shares is None or len(units) <= PEERS_MIN:
        return {}
    with np.errstate(invalid="ignore"):
        healthy = np.where(shares >= _HEALTHY * middle(shares, axis=0), shares, np.nan)
    count = (~np.isnan(healthy)).sum(axis=0)
    reference = np.where(count >= PEERS_MIN, middle(healthy, axis=0), np.nan)
    sizes = np.array([_scale_w(device) for device in units.values()])
    if np.isnan(sizes).any():
        power = power_table(units)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            sizes = np.full(len(sizes), float(np.nanmedian(np.nanquantile(power, 0.98, axis=1))))
    return {name: reference * size for name, size in zip(units, sizes, strict=True)}


def with_expected(series: PlantSeries) -> PlantSeries:
    """Return the series with the expected power of every inverter; flags and irradiance must be in it."""
    units = inverters_of(series)
    peers = peer_power(series)
    light, warm = series.irradiance_poa_w_m2, series.module_temperature_c
    learnt: Mapping[str, DeviceSeries] = {}
    if light is not None and warm is not None:
        terms = features(light, warm, series.sun_elevation_deg)
        days = days_of(series.instants, series.zone).slices()
        learnt = {name: _learnt(series, device, terms, light, days) for name, device in units.items()}
    devices = dict(series.devices)
    for name, device in units.items():
        own = learnt.get(name)
        if own is not None and own.expected_power_w is not None:
            devices[name] = own
        elif name in peers:
            devices[name] = replace(
                device, expected_power_w=peers[name], unlimited_power_w=peers[name], expected_source=PEERS
            )
    return replace(series, devices=devices)


def _learnt(
    series: PlantSeries, device: DeviceSeries, terms: Floats, light: Floats, days: list[slice]
) -> DeviceSeries:
    power = device.good(POWER)
    assert power is not None
    marks = device.flags.get(POWER, np.zeros(len(power), dtype=np.uint16))
    model = learn(power, terms, light, ~held(marks), days)
    if model.days_taught == 0:
        return device
    limit = _limit_w(power, marks)
    return replace(
        device,
        expected_power_w=np.minimum(model.expected_w, limit),
        unlimited_power_w=model.expected_w,
        expected_source=series.irradiance_source,
        expected_spread=model.spread,
    )


def limited(device: DeviceSeries) -> NDArray[np.bool_]:
    """Return the steps in which a limit holds the power of a device, its own or an order's."""
    return held(device.flags.get(POWER, np.zeros(len(device.values[POWER]), dtype=np.uint16)))


def held(marks: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Return where flags of power say that a limit held it."""
    return np.asarray((marks & np.uint16((Flag.CLIPPED | Flag.CURTAILED).value)) != 0)


def _limit_w(power: Floats, marks: NDArray[np.uint16]) -> float:
    """Return the level at which the inverter limits itself, infinite when it was never seen to. [W]

    A level that the unit has passed clearly is none: under an even sky power stands still as well.
    """
    known = ~np.isnan(power)
    clipped = power[known & ((marks & np.uint16(Flag.CLIPPED.value)) != 0)]
    if len(clipped) < _LIMIT_ROWS:
        return np.inf
    level = float(np.quantile(clipped, 0.9))
    return level if level >= _LIMIT_SHARE * float(np.quantile(power[known], 0.999)) else np.inf
