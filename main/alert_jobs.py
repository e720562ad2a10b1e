"""The jobs that watch over the plants, with the rules in force."""

from datetime import datetime
from typing import TYPE_CHECKING

from alerts.context import Context
from domain.handling import PlannedStop
from domain.timespan import Interval
from jobs.evaluate_alerts import STEP_S, AlertWatch, DailyAlerts, context_for
from jobs.schedule import Job
from main.configuration import load_alert_rules
from main.energy_prices import prices_of

if TYPE_CHECKING:
    from main.instance import Instance

_DAY_S = 86_400.0
_EVENING_S = 13.5 * 3600.0  # 21:30 in Shangzhou, in UTC seconds of the day: every plant's daylight is over


def alert_jobs(instance: "Instance") -> list[Job]:
    """Return the watch of every minute and the judgement of every evening."""
    options = instance.options
    overlay = options.settings.overlay_dir
    book = load_alert_rules(options.settings.config_dir, overlay if overlay.is_dir() else None)
    prices = prices_of(instance.tariffs(), options.registry.plants_by_id)
    context = context_for(options.registry, Context(prices=prices, stakes=book.stakes))
    parts = (instance.store, instance.records, options.registry, options.clock, book.rules, context)

    def stops(span: Interval) -> list[PlannedStop]:
        return instance.records.stops(span.start, span.end)

    daily = DailyAlerts(*parts, stops)

    def days(period: datetime) -> str:
        return daily.run(period, stopping=instance.stopping.is_set)

    return [
        Job("evaluate_alerts", STEP_S, AlertWatch(*parts, stops).step),
        Job("evaluate_days", _DAY_S, days, offset_s=_EVENING_S),
    ]
