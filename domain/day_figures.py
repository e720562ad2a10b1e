"""What the engine says of a day: figures of each inverter and of the plant, and the energy that was lost, by cause."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One inverter (an empty ``device_id``: the plant) on one local day; None: cannot be known."""

    plant_id: str
    device_id: str
    day: date
    energy_kwh: float | None = None
    expected_kwh: float | None = None
    lost_kwh: float | None = None
    performance_ratio: float | None = None
    time_availability: float | None = None
    completeness: float | None = None


@dataclass(frozen=True, slots=True)
class DayLoss:
    """Energy one inverter lost on one local day by one cause, the range it lies in, and what it was worth.

    ``benchmark_fen`` and ``subsidy_fen`` are None without a tariff.
    """

    plant_id: str
    device_id: str
    day: date
    cause: str
    lost_kwh: float
    low_kwh: float
    high_kwh: float
    method: str
    benchmark_fen: int | None = None
    subsidy_fen: int | None = None
