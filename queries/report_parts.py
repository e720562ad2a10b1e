"""Sums of days for reports: what a plant made, should have made and lost over a span. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.day_figures import DayFigures, DayLoss
from domain.plant import Plant


@dataclass(frozen=True, slots=True)
class PlantSum:
    """A plant over some days; None: not known of any of them. ``days`` counts those of which energy is known.

    The performance ratio is weighted by energy, availability is the mean of days. ``lost_fen`` is None where a loss
    has no tariff.
    """

    plant: Plant
    days: int
    energy_kwh: float | None
    expected_kwh: float | None
    lost_kwh: float | None
    lost_fen: int | None
    performance_ratio: float | None
    availability: float | None
    main_cause: str = ""

    @property
    def hours_h(self) -> float | None:
        """Equivalent full-load hours over AC capacity."""
        return None if self.energy_kwh is None else self.energy_kwh / self.plant.ac_capacity_kw

    @property
    def attainment(self) -> float | None:
        """Energy over what was to be expected of the weather, over the days that know both."""
        if self.energy_kwh is None or not self.expected_kwh:
            return None
        return self.energy_kwh / self.expected_kwh


def plant_sum(plant: Plant, figures: Iterable[DayFigures], losses: Sequence[DayLoss]) -> PlantSum:
    """Return the sums of a plant's own rows (not those of its devices)."""
    days = [one for one in figures if not one.device_id and one.energy_kwh is not None]
    both = [one for one in days if one.expected_kwh is not None]
    rated = [one for one in days if one.performance_ratio is not None and one.energy_kwh]
    energy = sum(one.energy_kwh or 0.0 for one in rated)
    ratio = sum((one.performance_ratio or 0.0) * (one.energy_kwh or 0.0) for one in rated)
    times = [one.time_availability for one in days if one.time_availability is not None]
    causes: dict[str, float] = {}
    for loss in losses:
        causes[loss.cause] = causes.get(loss.cause, 0.0) + loss.lost_kwh
    priced = all(one.benchmark_fen is not None and one.subsidy_fen is not None for one in losses)
    return PlantSum(
        plant,
        len(days),
        known_sum(one.energy_kwh for one in days),
        known_sum(one.expected_kwh for one in both),
        known_sum(one.lost_kwh for one in days),
        sum((one.benchmark_fen or 0) + (one.subsidy_fen or 0) for one in losses) if priced and days else None,
        ratio / energy if energy else None,
        sum(times) / len(times) if times else None,
        max(causes, key=lambda cause: causes[cause]) if causes else "",
    )


def known_sum(values: Iterable[float | None]) -> float | None:
    """Return the sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def weighted(sums: Sequence[PlantSum], value: Callable[[PlantSum], float | None]) -> float | None:
    """Return the mean of a ratio over plants by their capacity; None where none knows it."""
    known = [(one.plant.ac_capacity_kw, found) for one in sums if (found := value(one)) is not None]
    total = sum(capacity for capacity, _ in known)
    return sum(capacity * found for capacity, found in known) / total if total else None


def rounded(value: float | None, places: int = 0) -> Decimal | None:
    """Return a number of a cell."""
    return None if value is None else round(Decimal(repr(float(value))), places)


def in_percent(value: float | None) -> Decimal | None:
    """Return a ratio in percent, one place."""
    return None if value is None else rounded(value * 100, 1)


def in_yuan(fen: int | None) -> Decimal | None:
    """Return fen in yuan."""
    return None if fen is None else (Decimal(fen) / 100).quantize(Decimal("0.01"))


def days_of_month(month: date, today: date) -> tuple[date, date]:
    """Return the first and last day of a month that are over or today."""
    first = month.replace(day=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    last = date.fromordinal(following.toordinal() - 1)
    return first, min(last, max(today, first))


def named_sums(sums: Sequence[PlantSum]) -> dict[str, str | Decimal | None]:
    """Return the figures of plants together by the names forms ask for."""
    fens = [one.lost_fen for one in sums if one.energy_kwh is not None]
    lost = None if not fens or None in fens else sum(fen or 0 for fen in fens)
    return {
        "plants": Decimal(len(sums)),
        "capacity_kw": rounded(sum(one.plant.ac_capacity_kw for one in sums)),
        "energy_kwh": rounded(known_sum(one.energy_kwh for one in sums)),
        "expected_kwh": rounded(known_sum(one.expected_kwh for one in sums)),
        "lost_kwh": rounded(known_sum(one.lost_kwh for one in sums)),
        "lost_yuan": in_yuan(lost),
        "attainment_percent": in_percent(weighted(sums, lambda one: one.attainment)),
        "availability_percent": in_percent(weighted(sums, lambda one: one.availability)),
    }
