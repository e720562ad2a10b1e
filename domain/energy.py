"""MeteredEnergy: energy of an interval, with how complete it is and what it rests on."""

from dataclasses import dataclass
from datetime import date

from domain.timespan import Interval


@dataclass(frozen=True, slots=True)
class CounterEnergy:
    """Energy between readings of a lifetime counter.

    Attributes
    ----------
    energy_wh : float or None
        None when fewer than two readings can be told apart. [Wh]
    readings : int
        Good readings inside the interval.
    resets, spikes : int
        Backward steps left out, impossible rises left out.
    catch_up_wh : float
        The part that arrived in one step after a long silence. [Wh]
    """

    energy_wh: float | None
    readings: int
    resets: int = 0
    spikes: int = 0
    catch_up_wh: float = 0.0


@dataclass(frozen=True, slots=True)
class MeteredEnergy:
    """Energy of a plant (or device) over an interval.

    ``completeness`` is the share of expected readings that were good, 0 to 1; None when nothing was
    expected. ``estimated_share`` is the part of the energy that was filled.
    """

    subject_id: str
    interval: Interval
    energy_kwh: float | None
    completeness: float | None
    estimated_share: float = 0.0


@dataclass(frozen=True, slots=True)
class DailyEnergy:
    """Produced (inverters) and exported (revenue meter) energy of a plant on a local day."""

    plant_id: str
    day: date
    produced_energy_kwh: float | None
    exported_energy_kwh: float | None
    devices_reporting: int
    devices_expected: int
    completeness: float | None
