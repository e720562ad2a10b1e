"""The thread of the demonstration that makes its books, after the pages are up; what goes wrong is said."""

import threading
from datetime import timedelta

from commands.money_desk import MoneyDesk
from domain.clock import Clock, ManualClock
from domain.plant import Registry
from domain.timespan import day_of
from main.demo.background import Background
from main.demo.industries import make_season
from main.demo.money import make_books
from main.demo.payouts import make_payouts, months_before, owners_of
from main.demo.progress import Progress
from main.instance import Instance

_BACK = timedelta(days=400)


class BooksMaker(Background):
    """Makes twelve months of invented books, a season of the other industries, and a year of plans and payments.

    Books and season begin when ``recent`` is set, what is paid from the books when ``done`` is: curves come first.
    """

    def __init__(
        self,
        instance: Instance,
        registry: Registry,
        clock: Clock,
        progress: Progress,
        recent: threading.Event,
        done: threading.Event,
    ) -> None:
        super().__init__("books", progress)
        self._recent = recent
        self._done = done
        self._instance = instance
        self._registry = registry
        self._clock = clock

    def _run(self) -> None:
        if self._wait(self._recent):
            with self._said("books_failed"):
                self._keep_books()

    def _keep_books(self) -> None:
        now = self._clock.now()
        past = ManualClock(now - _BACK)  # the days on which people would have done all this
        tariffs = self._instance.tariffs()
        desk = MoneyDesk.over(self._instance.records, self._registry, tariffs, past, self._clock)
        made = make_books(
            desk, self._registry, tariffs, day_of(now), stopping=self._stopping.is_set, clock=past
        )
        if made.broken:
            self._progress("books_failed", reason=made.broken)
        elif not self._stopping.is_set():
            self._progress("books", months=made.months, vouchers=made.vouchers)
            with self._said("season_failed"):
                self._season()
            if self._wait(self._done):
                with self._said("payouts_failed"):
                    self._pay_out()

    def _pay_out(self) -> None:
        made = make_payouts(
            self._instance.payout_on,
            owners_of(self._registry),
            months_before(day_of(self._clock.now())),
            self._clock.now(),
            self._stopping,
        )
        if made.broken:
            self._progress("payouts_failed", reason=made.broken)
        elif not self._stopping.is_set():
            self._progress("payouts", plans=made.plans, notices=made.notices)

    def _season(self) -> None:
        made = make_season(
            self._instance.industries_on,
            self._registry,
            self._instance.industry_rules(),
            self._clock.now(),
            self._stopping,
        )
        if made is not None:
            self._progress("season", reports=made.reports, bases=made.bases)
