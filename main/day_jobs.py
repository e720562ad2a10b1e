"""The job that keeps figures and losses of every day."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain.handling import PlannedStop
from domain.timespan import Interval
from jobs.compute_days import DayBooks
from jobs.schedule import Job
from main.energy_prices import prices_of

if TYPE_CHECKING:
    from main.instance import Instance

_DAY_S = 86_400.0
_EVENING_S = 14.0 * 3600.0  # 22:00 in Shangzhou, in UTC seconds of the day: after the rules on whole days


def day_books(instance: "Instance") -> DayBooks:
    """Return what computes them, over the instance's stores and tariffs."""
    options = instance.options
    prices = prices_of(instance.tariffs(), options.registry.plants_by_id)

    def stops(span: Interval) -> list[PlannedStop]:
        return instance.records.stops(span.start, span.end)

    return DayBooks(instance.store, instance.records, options.registry, options.clock, prices, stops)


def day_jobs(instance: "Instance") -> list[Job]:
    """Return the job of every evening."""
    books = day_books(instance)

    def run(period: datetime) -> str:
        return books.run(period, stopping=instance.stopping.is_set)

    return [Job("compute_days", _DAY_S, run, offset_s=_EVENING_S)]
