"""Energy and counts of a plant's day → DailyKpi."""

from collections.abc import Mapping, Sequence
from datetime import date

from domain.energy import DailyEnergy
from domain.kpi import DailyKpi
from domain.plant import Capacity
from kpis.energy import DayEnergy


def hours_at(energy_kwh: float | None, capacity_kw: float) -> float | None:
    """Return for how many hours ``capacity_kw`` would have made ``energy_kwh``. [kWh per kW = h]

    With DC capacity and produced energy this is the final yield (IEC 61724-1), with AC capacity and
    exported energy the equivalent hours (等效利用小时数). None when the energy is not known or the capacity
    is not positive.
    """
    if energy_kwh is None or capacity_kw <= 0:
        return None
    return energy_kwh / capacity_kw


def _sum_kwh(
    energies: Mapping[tuple[str, date], DayEnergy], device_ids: Sequence[str], day: date
) -> tuple[float | None, int]:
    told = [
        energy.energy_wh
        for name in device_ids
        if (energy := energies.get((name, day))) is not None and energy.energy_wh is not None
    ]
    return (sum(told) / 1000.0 if told else None), len(told)


def plant_energy(
    plant_id: str,
    day: date,
    inverter_ids: Sequence[str],
    meter_ids: Sequence[str],
    energies: Mapping[tuple[str, date], DayEnergy],
    completeness: float | None,
) -> DailyEnergy:
    """Return produced and exported energy of a plant on a local day.

    Produced energy is the sum over the inverters that can be told (``devices_reporting`` of
    ``devices_expected``). Exported energy is only known when every revenue meter can be told: half of an
    export is no check of a statement.
    """
    produced, reporting = _sum_kwh(energies, inverter_ids, day)
    exported, meters = _sum_kwh(energies, meter_ids, day)
    return DailyEnergy(
        plant_id,
        day,
        produced,
        exported if meters == len(meter_ids) else None,
        reporting,
        len(inverter_ids),
        completeness,
    )


def daily_kpi(energy: DailyEnergy, capacity: Capacity) -> DailyKpi:
    """Return the KPIs of one plant and day; ``capacity`` is the one in force on that day."""
    return DailyKpi(
        plant_id=energy.plant_id,
        day=energy.day,
        produced_energy_kwh=energy.produced_energy_kwh,
        exported_energy_kwh=energy.exported_energy_kwh,
        final_yield_h=hours_at(energy.produced_energy_kwh, capacity.dc_capacity_kw),
        equivalent_hours_h=hours_at(energy.exported_energy_kwh, capacity.ac_capacity_kw),
        completeness=energy.completeness,
        devices_reporting=energy.devices_reporting,
        devices_expected=energy.devices_expected,
    )
