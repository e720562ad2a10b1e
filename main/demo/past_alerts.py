"""The thread of the demonstration that judges its past, so that the first pages show what was wrong before."""

import threading

from domain.clock import Clock
from domain.errors import PvmonError
from domain.timespan import Interval
from main.day_jobs import day_books
from main.demo.past import RECENT
from main.demo.progress import Progress
from main.instance import Instance

_STOP_S = 4.0
_LOOK_S = 0.2


class PastAlerts:
    """Judges the newest days when they are kept, and the weeks behind them when all of the history is."""

    def __init__(
        self,
        instance: Instance,
        clock: Clock,
        progress: Progress,
        recent: threading.Event,
        done: threading.Event,
    ) -> None:
        self._instance = instance
        self._clock = clock
        self._progress = progress
        self._recent = recent
        self._done = done
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="past-alerts", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the plant at hand."""
        self._stopping.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        work = self._instance.alert_work()
        try:
            if not self._wait(self._recent):
                return
            now = self._clock.now()
            found = work.catch_up(Interval(now - RECENT, now), self._stopping.is_set)
            self._progress("past_alerts", days=RECENT.days, count=found)
            if self._wait(self._done):
                day_books(self._instance).run(stopping=self._stopping.is_set)
                work.daily.run(stopping=self._stopping.is_set)
                self._progress("past_days", count=len(self._instance.records.open_alerts()))
        except PvmonError as error:
            if not self._stopping.is_set():
                self._progress("past_alerts_failed", reason=error)

    def _wait(self, event: threading.Event) -> bool:
        """Wait for an event; tell whether to go on."""
        while not event.wait(_LOOK_S):
            if self._stopping.is_set():
                return False
        return not self._stopping.is_set()
