"""The thread of the demonstration that judges its past, so that the first pages show what was wrong before."""

import threading

from domain.clock import Clock
from domain.timespan import Interval
from main.day_jobs import day_books
from main.demo.background import Background
from main.demo.past import RECENT
from main.demo.progress import Progress
from main.instance import Instance


class PastAlerts(Background):
    """Judges the newest days when they are kept, and the weeks behind them when all of the history is."""

    def __init__(
        self,
        instance: Instance,
        clock: Clock,
        progress: Progress,
        recent: threading.Event,
        done: threading.Event,
    ) -> None:
        super().__init__("past-alerts", progress)
        self._instance = instance
        self._clock = clock
        self._recent = recent
        self._done = done

    def _run(self) -> None:
        with self._said("past_alerts_failed"):
            self._judge()

    def _judge(self) -> None:
        work = self._instance.alert_work()
        if not self._wait(self._recent):
            return
        now = self._clock.now()
        found = work.catch_up(Interval(now - RECENT, now), self._stopping.is_set)
        self._progress("past_alerts", days=RECENT.days, count=found)
        if self._wait(self._done):
            day_books(self._instance).run(stopping=self._stopping.is_set)
            work.daily.run(stopping=self._stopping.is_set)
            self._progress("past_days", count=len(self._instance.records.open_alerts()))
