"""DailyKpi: what kpis/ hands on about one plant and one local day. Every ratio may be None."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DailyKpi:
    """One plant, one local day.

    ``final_yield_h`` is produced energy over DC capacity, ``equivalent_hours_h`` exported energy over AC
    capacity (both kWh per kW, so hours); None where the energy is not known.
    """

    plant_id: str
    day: date
    produced_energy_kwh: float | None
    exported_energy_kwh: float | None
    final_yield_h: float | None
    equivalent_hours_h: float | None
    completeness: float | None
    devices_reporting: int
    devices_expected: int
