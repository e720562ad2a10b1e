"""The jobs that watch over the plants, with the rules in force."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alerts.context import Context
from domain.handling import PlannedStop
from domain.timespan import Interval
from jobs.evaluate_alerts import QUICK, STEP_S, AlertWatch, DailyAlerts, context_for
from jobs.judge_past import PastJudge
from jobs.schedule import Job
from main.configuration import load_alert_rules
from main.energy_prices import prices_of

if TYPE_CHECKING:
    from main.instance import Instance

_DAY_S = 86_400.0
_RING_S = 1.0
_REAL_TIME = 0.9  # real seconds a field second lasts at least
_LOOK_S, _LOOKS = 0.25, 24
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
    watch = AlertWatch(*parts, stops, lambda until: caught_up(instance, until))
    return AlertWork(watch, DailyAlerts(*parts, stops), past)


def caught_up(instance: "Instance", until: datetime) -> bool:
    """Tell whether all that was measured before ``until`` is in the store; waits a little for what is on its way.

    A process that does not collect itself cannot know, and where field time runs fast the store is behind it.
    """
    collector, forwarder = instance.collector, instance.forwarder
    if collector is None or forwarder is None or instance.options.clock.wait_s(1.0) < _REAL_TIME:
        return False
    for _ in range(_LOOKS):
        if not collector.is_behind(until) and not forwarder.is_behind(until):
            return True
        if instance.stopping.wait(_LOOK_S):
            return False
    return False


def watch_job(watch: AlertWatch) -> Job:
    """Return the job of every minute: it rings as soon as a minute can be judged."""
    return Job("evaluate_alerts", STEP_S, watch.step, offset_s=QUICK.total_seconds(), ring_s=_RING_S)


def alert_jobs(instance: "Instance") -> list[Job]:
    """Return the watch of every minute and the judgement of every evening."""
    work = instance.alert_work()

    def days(period: datetime) -> str:
        return work.daily.run(period, stopping=instance.stopping.is_set)

    return [
        watch_job(work.watch),
        Job("evaluate_days", _DAY_S, days, offset_s=_EVENING_S),
    ]
