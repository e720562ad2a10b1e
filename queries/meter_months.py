"""Metered energy of plants by month, and how complete the samples behind it are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.kpi import DailyKpi
from revenue.plan import months_between
from stores.protocol import MeasurementStore


@dataclass(frozen=True, slots=True)
class MeterMonth:
    """Exported energy of a plant and month as metered, and how complete the samples behind it are."""

    plant_id: str
    month: date
    exported_kwh: float | None
    completeness: float | None
    days: int


def meter_months(
    samples: MeasurementStore | None, plant_ids: Sequence[str], first: date, last: date
) -> tuple[MeterMonth, ...]:
    """Return a row a plant and month from ``first`` to ``last``; nothing without samples."""
    if not plant_ids or samples is None:
        return ()
    days: dict[tuple[str, date], list[DailyKpi]] = {}
    for one in samples.daily(plant_ids, first.replace(day=1), end_of_month(last)):
        days.setdefault((one.plant_id, one.day.replace(day=1)), []).append(one)
    return tuple(
        _month(plant_id, month, days.get((plant_id, month), []))
        for plant_id in plant_ids
        for month in months_between(first, last)
    )


def end_of_month(month: date) -> date:
    """Return the last day of a month."""
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _month(plant_id: str, month: date, days: Sequence[DailyKpi]) -> MeterMonth:
    energies = [one.exported_energy_kwh for one in days if one.exported_energy_kwh is not None]
    shares = [one.completeness for one in days if one.completeness is not None]
    return MeterMonth(
        plant_id,
        month,
        sum(energies) if energies else None,
        sum(shares) / len(shares) if shares else None,
        len(days),
    )
