"""Planned inspections: which plant is due when, from a first day and a number of months. Pure."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from domain.maintenance import InspectionPlan
from domain.plant import Plant


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One inspection of one plant on a day. ``visit_id`` is the same whenever the calendar is made again."""

    visit_id: str
    plan: InspectionPlan
    plant_id: str
    on: date


def visits(
    plans: Iterable[InspectionPlan], plants: Sequence[Plant], first: date, last: date
) -> list[PlannedVisit]:
    """Return the visits from ``first`` to ``last``, both included, by day and plant.

    The plants of a plan are spread over the days of its month in their order, so that not all are due at once.
    """
    found = [visit for plan in plans for visit in _of_plan(plan, plants, first, last)]
    return sorted(found, key=lambda visit: (visit.on, visit.plant_id, visit.plan.plan_id))


def _of_plan(
    plan: InspectionPlan, plants: Sequence[Plant], first: date, last: date
) -> Iterator[PlannedVisit]:
    mine = [plant for plant in plants if not plan.plant_ids or plant.plant_id in plan.plant_ids]
    for month in _months(plan, last):
        length = monthrange(month.year, month.month)[1]
        for position, plant in enumerate(mine):
            day = 1 + position * length // len(mine)
            on = max(month.replace(day=day), plan.first)
            if first <= on <= last and on >= plant.grid_date:
                yield PlannedVisit(f"{plan.plan_id}:{plant.plant_id}:{month:%Y-%m}", plan, plant.plant_id, on)


def _months(plan: InspectionPlan, last: date) -> Iterator[date]:
    number = plan.first.year * 12 + plan.first.month - 1
    while number <= last.year * 12 + last.month - 1:
        yield date(number // 12, number % 12 + 1, 1)
        number += plan.every_months
