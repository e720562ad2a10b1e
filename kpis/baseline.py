"""What a plant was to make: its design day by day, and the same days a year before.

The design of a month (feasibility report, less its yearly loss) is spread evenly over the month's days, so that a
month that is not over, or has days nobody knows, is held against the same days of the design.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from domain.plant import Plant
from kpis.performance import attainment, design_of_month, ratio

Energies = Mapping[date, float]  # of days that are known [kWh]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A plant's energy against what it was to make; None: no such baseline.

    ``days`` are the known days of the month that all but ``attainment_year`` are about. ``year_on_year`` is the
    change against a year before, as a share; ``estimated`` tells that monthly sums stood in for its days.
    """

    days: int
    attainment_month: float | None = None
    attainment_year: float | None = None
    year_on_year: float | None = None
    estimated: bool = False
    source: str = ""


def design_of_day(plant: Plant, day: date) -> float | None:
    """Return what the design has a plant make on a day, None before the first design. [kWh]"""
    design = plant.design_on(day)
    if design is None:
        return None
    years = day.year - design.valid_from.year
    month_kwh = design_of_month(design.months_kwh[day.month - 1], 1.0, design.yearly_loss, years)
    return month_kwh / monthrange(day.year, day.month)[1]


def design_of_days(plant: Plant, days: Iterable[date]) -> float | None:
    """Return the design over some days, None where one of them has none. [kWh]"""
    return _sum(design_of_day(plant, day) for day in days)


def baseline(plant: Plant, energies: Energies, last: date) -> Baseline:
    """Return how the month and the year up to ``last`` stand.

    Parameters
    ----------
    energies : mapping
        Energy of every known day, from a year before the month of ``last`` on. [kWh]
    """
    year = {day: kwh for day, kwh in energies.items() if day.year == last.year and day <= last}
    month = {day: kwh for day, kwh in year.items() if day.month == last.month}
    before, estimated = _year_before(plant, energies, month)
    change = ratio(sum(month.values()), before) if month else None
    design = plant.design_on(last)
    return Baseline(
        len(month),
        _attained(plant, month),
        _attained(plant, year),
        None if change is None else change - 1.0,
        estimated and change is not None,
        design.source if design is not None else "",
    )


def _attained(plant: Plant, known: Energies) -> float | None:
    return attainment(sum(known.values()), design_of_days(plant, known)) if known else None


def _year_before(plant: Plant, energies: Energies, month: Energies) -> tuple[float | None, bool]:
    """Return the energy of the same days a year before, and whether monthly sums stood in for any."""
    earlier = {one.month: one.energy_kwh for one in plant.earlier_months}
    found: list[float | None] = []
    estimated = False
    for day in month:
        then = _a_year_before(day)
        kwh = energies.get(then)
        if kwh is None and then.replace(day=1) in earlier:
            kwh = earlier[then.replace(day=1)] / monthrange(then.year, then.month)[1]
            estimated = True
        found.append(kwh)
    return _sum(found), estimated


def _a_year_before(day: date) -> date:
    last = monthrange(day.year - 1, day.month)[1]
    return date(day.year - 1, day.month, min(day.day, last))


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum, None when a part is not known or there is none."""
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if known and len(known) == len(found) else None
