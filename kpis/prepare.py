"""From samples on a grid to a series that everything else can judge: flags, irradiance, expected power."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.plant import Plant
from domain.series import DeviceSeries, Floats, PlantSeries
from kpis.build_series import AMBIENT_C, MODULE_C, POA, own_gauge
from kpis.data_quality import POWER, Finding, with_flags
from kpis.expected import OWN, PEERS_KM, distance_km, inverters_of, on_grid, with_expected, with_irradiance
from kpis.horizon import behind_horizon
from kpis.series_days import days_of
from kpis.soiling import dirt_by_day

Others = Sequence[tuple[Plant, PlantSeries]]
_LAPSE_C_PER_M = 0.0065  # the standard atmosphere


@dataclass(frozen=True, slots=True)
class Prepared:
    """A series with everything in it, and what is wrong with whole columns."""

    series: PlantSeries
    findings: tuple[Finding, ...]


def prepared(series: PlantSeries, plant: Plant, others: Others = ()) -> Prepared:
    """Return the series with flags, the best irradiance (``others`` may lend it) and expected power."""
    lit, findings = _lit(series, plant, others)
    share = dirt_of(lit)
    return Prepared(replace(with_air(with_expected(lit), plant, others), dirt_share=share), tuple(findings))


def _lit(series: PlantSeries, plant: Plant, others: Others) -> tuple[PlantSeries, Sequence[Finding]]:
    """Return the series with flags and the best irradiance, and what is wrong with whole columns."""
    flagged, findings = with_flags(series)
    relit = _relit(flagged)
    framed = replace(relit, clear_sky_poa_w_m2=behind_horizon(relit, plant))
    return with_irradiance(framed, plant, others), findings


def with_dirt(series: PlantSeries, plant: Plant) -> PlantSeries:
    """Return the series, otherwise as it is, with the share that dirt takes: the same as its ledger's."""
    if not series.irradiance_source.startswith(OWN):
        return series  # a lent sky tells nothing of dirt
    return replace(series, dirt_share=dirt_of(_lit(series, plant, ())[0]))


def dirt_of(series: PlantSeries) -> Floats:
    """Return at each instant the share that dirt takes of the clean power of its day."""
    days = days_of(series.instants, series.zone)
    return np.asarray(dirt_by_day(series, days)[days.codes])


def with_air(series: PlantSeries, plant: Plant, others: Others) -> PlantSeries:
    """Return the series with air temperature: its own, else the nearest of ``others`` at the plant's height. [C]

    Good enough to know frost by; what a unit should give is not taken from it.
    """
    if series.ambient_temperature_c is not None:
        return series
    for other, lent in sorted(others, key=lambda one: np.nan_to_num(distance_km(plant, one[0]), nan=np.inf)):
        air = lent.ambient_temperature_c
        if air is None or other.plant_id == plant.plant_id or not distance_km(plant, other) <= PEERS_KM:
            continue
        told = on_grid(series, lent, air)
        if not np.isnan(told).all():
            return replace(series, ambient_temperature_c=told + height_c(plant, other))
    return series


def height_c(plant: Plant, other: Plant) -> float:
    """Return how much warmer the air is at a plant than at another one, by their heights. [C]"""
    return float(np.nan_to_num(-_LAPSE_C_PER_M * (plant.altitude_m - other.altitude_m)))


def _relit(series: PlantSeries) -> PlantSeries:
    """Return the series with its weather taken again, now that bad values are known."""
    light = own_gauge(series, POA)
    return replace(
        series,
        irradiance_poa_w_m2=light,
        irradiance_source="" if light is None else "own",
        module_temperature_c=own_gauge(series, MODULE_C),
        ambient_temperature_c=own_gauge(series, AMBIENT_C),
    )


def lendable(series: PlantSeries) -> PlantSeries:
    """Return what other plants may need of a series: irradiance, air temperature and inverter power, and no more."""
    flagged, _ = with_flags(replace(series, devices=_power_only(series)))
    return flagged


def _power_only(series: PlantSeries) -> dict[str, DeviceSeries]:
    return {
        name: replace(device, values={POWER: device.values[POWER]}, flags={})
        for name, device in inverters_of(series).items()
    }
