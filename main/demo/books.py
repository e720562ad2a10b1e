"""The thread of the demonstration that makes its books, after the pages are up; what goes wrong is said."""

import threading
from datetime import timedelta

from commands.money_desk import MoneyDesk
from domain.clock import Clock, ManualClock
from domain.errors import PvmonError
from domain.plant import Registry
from domain.timespan import day_of
from main.demo.industries import make_season
from main.demo.money import make_books
from main.demo.payouts import make_payouts, months_before, owners_of
from main.demo.progress import Progress
from main.instance import Instance

_STOP_S = 4.0
_LOOK_S = 0.2
_BACK = timedelta(days=400)


class BooksMaker:
    """Makes twelve months of invented books in the background, then a year of plans and payments, and a season of the other industries.

    It begins when ``after`` is set: the newest curves come first.
    """

    def __init__(
        self,
        instance: Instance,
        registry: Registry,
        clock: Clock,
        progress: Progress,
        after: threading.Event,
    ) -> None:
        self._after = after
        self._instance = instance
        self._registry = registry
        self._clock = clock
        self._progress = progress
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="books", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the month at hand."""
        self._stopping.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        while not self._after.wait(_LOOK_S):
            if self._stopping.is_set():
                return
        now = self._clock.now()
        past = ManualClock(now - _BACK)  # the days on which people would have done all this
        tariffs = self._instance.tariffs()
        desk = MoneyDesk.over(self._instance.records, self._registry, tariffs, past, self._clock)
        try:
            made = make_books(
                desk, self._registry, tariffs, day_of(now), stopping=self._stopping.is_set, clock=past
            )
        except PvmonError as error:
            if not self._stopping.is_set():
                self._progress("books_failed", reason=error)
            return
        if made.broken:
            self._progress("books_failed", reason=made.broken)
        elif not self._stopping.is_set():
            self._progress("books", months=made.months, vouchers=made.vouchers)
            self._pay_out()

    def _pay_out(self) -> None:
        try:
            made = make_payouts(
                self._instance.payout_on,
                owners_of(self._registry),
                months_before(day_of(self._clock.now())),
                self._clock.now(),
                self._stopping,
            )
        except PvmonError as error:
            if not self._stopping.is_set():
                self._progress("payouts_failed", reason=error)
            return
        if made.broken:
            self._progress("payouts_failed", reason=made.broken)
        elif not self._stopping.is_set():
            self._progress("payouts", plans=made.plans, notices=made.notices)
            self._season()

    def _season(self) -> None:
        instance, rules = self._instance, self._instance.industry_rules()
        try:
            made = make_season(
                instance.industries_on, self._registry, rules, self._clock.now(), self._stopping
            )
        except PvmonError as error:
            if not self._stopping.is_set():
                self._progress("season_failed", reason=error)
            return
        if made is not None:
            self._progress("season", reports=made.reports, bases=made.bases)
