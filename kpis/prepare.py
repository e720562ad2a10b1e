"""From samples on a grid to a series that everything else can judge: flags, irradiance, expected power."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.plant import Plant
from domain.series import DeviceSeries, PlantSeries
from kpis.build_series import AMBIENT_C, MODULE_C, POA, own_gauge
from kpis.data_quality import POWER, Finding, with_flags
from kpis.expected import inverters_of, with_expected, with_irradiance
from kpis.horizon import behind_horizon

Others = Sequence[tuple[Plant, PlantSeries]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A series with everything in it, and what is wrong with whole columns."""

    series: PlantSeries
    findings: tuple[Finding, ...]


def prepared(series: PlantSeries, plant: Plant, others: Others = ()) -> Prepared:
    """Return the series with flags, the best irradiance (``others`` may lend it) and expected power."""
    flagged, findings = with_flags(series)
    relit = _relit(flagged)
    framed = replace(relit, clear_sky_poa_w_m2=behind_horizon(relit, plant))
    lit = with_irradiance(framed, plant, others)
    return Prepared(with_expected(lit), tuple(findings))


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
    """Return what other plants may need of a series: irradiance and inverter power, and no more."""
    flagged, _ = with_flags(replace(series, devices=_power_only(series)))
    return flagged


def _power_only(series: PlantSeries) -> dict[str, DeviceSeries]:
    return {
        name: replace(device, values={POWER: device.values[POWER]}, flags={})
        for name, device in inverters_of(series).items()
    }
