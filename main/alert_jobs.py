"""The jobs that watch over the plants, with the rules in force."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alerts.context import Context
from domain.handling import PlannedStop
from domain.timespan import Interval
from jobs.evaluate_alerts import STEP_S, AlertWatch, DailyAlerts, context_for
from jobs.judge_past import PastJudge
from jobs.schedule import Job
from main.configuration import load_alert_rules
from main.energy_prices import prices_of

if TYPE_CHECKING:
    from main.instance import Instance

_DAY_S = 86_400.0
_EVENING_S = 13.5 * 3600.0  # 21:30 in Shangzhou, in UTC seconds of the day: every plant's daylight is over


@dataclass(frozen=True, slots=True)
class AlertWork:
    """Who judges what: the newest minute, the weeks behind a day, and rows of the past that came at once."""

    watch: AlertWatch
    daily: DailyAlerts
    past: PastJudge

    def catch_up(self, span: Interval, stopping: Callable[[], bool]) -> int:
        """Judge a span of the past; the watch goes on from there. Return how many alerts were found."""
        with self.watch.at_rest():
            return self.past.judge(span, stopping=stopping)


def alert_work(instance: "Instance") -> AlertWork:
    """Return what judges, over the instance's stores and the rules in force."""
    options = instance.options
    overlay = options.settings.overlay_dir
    book = load_alert_rules(options.settings.config_dir, overlay if overlay.is_dir() else None)
    prices = prices_of(instance.tariffs(), options.registry.plants_by_id)
    context = context_for(options.registry, Context(prices=prices, stakes=book.stakes))
    parts = (instance.store, instance.records, options.registry, options.clock, book.rules, context)

    def stops(span: Interval) -> list[PlannedStop]:
        return instance.records.stops(span.start, span.end)

    past = PastJudge(instance.store, instance.records, options.registry, book.rules, context)
    return AlertWork(AlertWatch(*parts, stops), DailyAlerts(*parts, stops), past)


def alert_jobs(instance: "Instance") -> list[Job]:
    """Return the watch of every minute and the judgement of every evening."""
    work = instance.alert_work()

    def days(period: datetime) -> str:
        return work.daily.run(period, stopping=instance.stopping.is_set)

    return [
        Job("evaluate_alerts", STEP_S, work.watch.step),
        Job("evaluate_days", _DAY_S, days, offset_s=_EVENING_S),
    ]
