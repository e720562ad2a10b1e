"""A running process: what it opened, in which order, and how it ends.

The embedded instance does everything (`keep`, `collect`, `work`, `serve`); a server role does its part.
Stop is the reverse of start: the pages first, then polling, then the queue is drained into the store, and
only then are the files closed.
"""

import contextlib
import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from collectors.history import History
from collectors.mqtt import MqttCollector
from collectors.spool import Spool
from collectors.time_guard import ClockSource
from commands.accounts import Accounts
from commands.authenticate import Authenticate
from commands.money_desk import MoneyDesk, Order, money_orders
from commands.passwords import Passwords
from commands.payee_list import PayeeList, payee_list_order
from commands.readings import Readings
from dashboard.industry_services import IndustryServices
from dashboard.services import DashboardSettings, Services
from domain.clock import Clock, SystemClock
from domain.errors import StoreUnavailableError
from industries.rules import IndustryRules
from jobs.collect import Collector
from jobs.collecting import Manner
from jobs.export_books import export_order
from jobs.forward import Forwarder
from jobs.schedule import Schedule
from jobs.show_money import MoneyLooks, look_orders
from main.alert_jobs import AlertWork, alert_work
from main.api import data_interface
from main.build import (
    Options,
    authenticate_on,
    generation_of,
    open_records,
    open_spool,
    open_store,
)
from main.care.telling import notifier_of
from main.care.work import work_services
from main.collector_thread import CollectorThread
from main.control import ControlServer
from main.energy_prices import prices_of
from main.field.following import RegistryFollower
from main.field.questions import FieldQuestions
from main.industries import load_industries
from main.industry_desk import industry_services
from main.metered import energies
from main.network import reach_of
from main.orders import orders
from main.payout import PayoutDesk, open_desk
from main.personal import personal_services, personal_store
from main.practice import PracticeDesk, practice_commands
from main.pulse import Pulse, unready
from main.second_factor import second_factors
from main.setting_up import setup_services
from main.sources import make_source
from main.tariffs import load_tariffs
from main.timetable import timetable
from main.web import WebServer
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView
from queries.payee_flags import PayeeFlags
from queries.plan_dues import PlanDues
from queries.sources import Sources
from revenue.tariff import Tariffs
from stores.latest import LatestCache
from stores.protocol import MeasurementStore
from stores.records.questions import SqlQuestionStore
from stores.records.store import SqlRecordStore

log = logging.getLogger(__name__)
_WARM_UP = timedelta(days=2)
_REFRESH_S = 10.0
COLLECTOR_FIGURES = ("cycles", "late_cycles", "reads", "batches", "messages")
QUEUE_FIGURES = ("spool_rows",)


@dataclass
class Instance:
    """What one process runs. Each part may be started once; `stop` is always safe."""

    options: Options
    latest: LatestCache = field(default_factory=LatestCache)
    store: MeasurementStore = field(init=False)
    records: SqlRecordStore = field(init=False)
    spool: Spool | None = None
    collector: Collector | None = None
    web: WebServer | None = None
    _payout: PayoutDesk | None = None
    _alert_work: AlertWork | None = None
    forwarder: Forwarder | None = None
    schedule: Schedule | None = None
    follower: RegistryFollower | None = None
    first_word: str = ""  # opens the first account, while there is none
    _collector_thread: CollectorThread | None = None
    stopping: threading.Event = field(default_factory=threading.Event)  # long jobs look at it
    _undo: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    # ------------------------------------------------------------------ keeping

    def open_records(self) -> None:
        """Open the records."""
        self.records = open_records(self.options.settings)
        self._undo.callback(self.records.close)

    def open_store(self) -> None:
        """Open the sample store, and fill the last values from it.

        A server that is away keeps nobody from collecting: what comes waits in the queue.
        """
        self.store = open_store(self.options)
        self._undo.callback(self.store.close)
        try:
            self._warm()
        except StoreUnavailableError as error:
            log.warning("last values are not known yet: %s", error)

    def _warm(self) -> None:
        devices = list(self.options.registry.devices_by_id)
        self.latest.warm(self.store, devices, self.options.clock.now() - _WARM_UP)

    def follow_store(self) -> None:
        """Keep the last values fresh from the store: for a process that does not collect itself."""
        stopping = threading.Event()

        def follow() -> None:
            while not stopping.wait(_REFRESH_S):
                try:
                    self._warm()
                except Exception as error:
                    log.warning("last values are not refreshed: %s", error)

        threading.Thread(target=follow, name="latest", daemon=True).start()
        self._undo.callback(stopping.set)

    def open_queue(self) -> None:
        """Open the queue, and start the thread that empties it into the store."""
        self.spool = open_spool(self.options.data)
        self._undo.callback(self.spool.close)
        history = History(self.spool.path.with_name("history.sqlite"))
        self._undo.callback(history.close)
        self.forwarder = Forwarder(
            self.spool,
            self.store,
            self.latest,
            self.options.clock,
            generation=generation_of(history, self.store, self.options.clock),
        )
        self.forwarder.start()
        self._undo.callback(self.forwarder.stop)

    def keep(self) -> None:
        """Open everything that keeps.

        Raises
        ------
        StoreError
            A file cannot be opened; the message says what to do.
        """
        self.open_records()
        self.open_store()
        self.open_queue()

    @property
    def has_records(self) -> bool:
        """Whether the records are open here."""
        return hasattr(self, "records")

    # ------------------------------------------------------------------ doing

    def collect(self) -> None:
        """Start polling and listening."""
        assert self.spool is not None, "open the queue first"
        options = self.options
        messages = MqttCollector(options.broker, options.clock) if options.broker else None
        self.collector = Collector(
            options.registry,
            options.profiles,
            options.clock,
            self.spool,
            make_source=make_source,
            messages=messages,
            manner=Manner(clock_source=ClockSource(options.settings.clock_source)),
        )
        thread = self._collector_thread = CollectorThread(self.collector)
        thread.start()
        self._undo.callback(thread.stop)
        self._answer_questions()

    def _answer_questions(self) -> None:
        """Ask on the wires polled here what is put in a browser, wherever its process runs."""
        if self.has_records:
            questions = FieldQuestions(self, SqlQuestionStore(self.records.database))
            questions.start()
            self._undo.callback(questions.stop)

    def follow_registry(self) -> None:
        """Begin to follow the registry: what is changed from outside is in force here within seconds."""
        follower = self.follower = RegistryFollower(self)
        follower.start()
        self._undo.callback(follower.stop)

    def control(self) -> None:
        """Open the control socket for other commands."""
        server = ControlServer(self.options.data, orders(self))
        server.start()
        self._undo.callback(server.stop)

    def work(self) -> None:
        """Start the jobs."""
        self.schedule = Schedule(timetable(self), self.records, self.options.clock)
        self.schedule.start()
        self._undo.callback(self.schedule.stop)
        self.notify()

    def alert_work(self) -> AlertWork:
        """Return what judges the plants, made once: the watch remembers what lives."""
        if self._alert_work is None:
            self._alert_work = alert_work(self)
        return self._alert_work

    def notify(self) -> None:
        """Start telling people."""
        notifier = notifier_of(self.options, self.records)
        notifier.start()
        self._undo.callback(notifier.stop)

    def beat(self, name: str) -> None:
        """Begin to say that this process lives; ``name`` is what it is missed by."""
        pulse = Pulse(self, name)
        pulse.start()
        self._undo.callback(pulse.stop)

    def serve(self) -> str:
        """Start the pages; return their address."""
        from dashboard.factory import create_app  # here: a collector has none, and begins a second sooner
        from dashboard.practice import PracticeFront
        from dashboard.security import secret_key

        settings = self.options.settings
        given = settings.session_secret()
        token = settings.metrics_token()
        services = self.services()
        reach = reach_of(settings, SystemClock())
        if reach.authority is not None:
            log.warning("pages over https by our own authority: give people %s", reach.authority)
        token, screen = settings.metrics_token(), settings.screen_token()
        shown = DashboardSettings(
            secret_key=given.get_secret_value() if given else secret_key(self.options.data),
            https=reach.is_tls or settings.public_url.startswith("https://"),
            demo_clock=self.options.demonstration,
            metrics_token=token.get_secret_value() if token else "",
            screen_token=screen.get_secret_value() if screen else "",
        )
        app = create_app(services, shown, [data_interface(self.options, self.records, services)])
        self.practice.serve(services, shown)
        self._undo.callback(self.practice.stop)
        self.web = WebServer(PracticeFront(app, self.practice, services.authenticate), reach)
        self.web.start()
        self._undo.callback(self.web.stop)
        return self.web.url

    # ------------------------------------------------------------------ telling

    def accounts(self) -> Accounts:
        """Return the commands on accounts."""
        options = self.options
        return Accounts(self.records, Passwords(), SystemClock(), options.registry, options.clock)

    def readings(self) -> Readings:
        """Return the commands on hand-read meters."""
        options = self.options
        return Readings(self.records, self.store, options.registry, SystemClock(), options.clock, self.latest)

    def payout(self) -> PayoutDesk:
        """Return everything about payout, made once: its dossiers are remembered."""
        if self._payout is None:
            options = self.options
            store = getattr(self, "store", None)
            self._payout = open_desk(options.settings, self.records, store, options.registry, options.clock)
        return self._payout

    def payout_on(self, clock: Clock) -> PayoutDesk:
        """Return payout whose field time is another clock: the demonstration's past."""
        return open_desk(self.options.settings, self.records, None, self.options.registry, clock)

    def industry_rules(self) -> IndustryRules:
        """Return what the district decided about its other industries."""
        settings = self.options.settings
        return load_industries(settings.config_dir, settings.overlay_dir)

    def industries_on(self, clock: Clock) -> IndustryServices:
        """Return the other industries whose field time is ``clock``."""
        return industry_services(self.options.settings, self.records, self.options.registry, clock)

    def money(self) -> MoneyDesk:
        """Return the commands on money in."""
        options = self.options
        return MoneyDesk.over(self.records, options.registry, self.tariffs(), SystemClock(), options.clock)

    def money_queries(self) -> MoneyQueries:
        """Return what is shown of money in."""
        options = self.options
        ours = energies(lambda: getattr(self, "store", None), options.registry)
        desk = self.payout()
        payees, plans = PayeeFlags(desk.stores, self.records), PlanDues(desk.stores, desk.rules)
        return MoneyQueries(self.records, options.registry, options.clock, ours, payees, plans)

    def money_checks(self) -> MoneyChecksView:
        """Return what is held against the books."""
        options, stores = self.options, self.payout().stores
        return MoneyChecksView(self.records, stores.rosters, options.registry, self.tariffs(), options.clock)

    def authenticate(self) -> Authenticate:
        """Return logins for acts of the command line."""
        return authenticate_on(self.records, self.options.clock)

    def money_orders(self) -> dict[str, Order]:
        """Return the orders of the command line on money."""
        authenticate = self.authenticate()
        found = money_orders(self.money(), authenticate)
        checks = self.money_checks()
        looks = MoneyLooks(self.money_queries(), checks)
        found |= look_orders(looks, authenticate)
        payee_list = PayeeList(self.records, self.payout().stores.rosters, SystemClock(), self.options.clock)
        found["revenue.payee_list"] = payee_list_order(payee_list, authenticate)
        return found | {"revenue.export": export_order(self.money_queries(), authenticate, checks.codes)}

    def tariffs(self) -> Tariffs:
        """Return prices and taxation of every plant."""
        settings = self.options.settings
        return load_tariffs(settings.config_dir, settings.overlay_dir, self.options.registry)

    @cached_property
    def practice(self) -> PracticeDesk:
        """The practice copies beside this instance."""
        return PracticeDesk(self)

    def services(self) -> Services:
        """Return what the pages are given."""
        options = self.options
        sources = Sources(
            options.registry,
            self.store,
            self.latest,
            self.records,
            options.clock,
            health=self.collector.device_health if self.collector else dict,
            figures=self.figures,
            faults=self.faults,
            unready=lambda: unready(self),
            alerts=self.records,
            days=self.records,
            price_of=prices_of(self.tariffs(), options.registry.plants_by_id),
        )
        return Services(
            Authenticate(
                self.records,
                Passwords(),
                SystemClock(),
                field_clock=options.clock,
                factors=second_factors(options, self.records),
                personal=personal_store(options, self.records),
            ),
            self.accounts(),
            self.readings(),
            sources,
            money=self.money(),
            money_queries=self.money_queries(),
            money_checks=self.money_checks(),
            payout=self.payout().services,
            work=work_services(options, self.records),
            industries=self.industries_on(options.clock),
            personal=personal_services(options, self.records),
            setup=setup_services(self),
            practice=practice_commands(self),
        )

    def figures(self) -> dict[str, str]:
        """Return figures of the queue and the collector, where this process has them."""
        found: dict[str, str] = {}
        if self.spool is not None:
            found[QUEUE_FIGURES[0]] = str(self.spool.status().rows)
        if self.collector is not None:
            counts = self.collector.counts()
            for name in COLLECTOR_FIGURES:
                found[name] = str(getattr(counts, name))
        return found

    def faults(self) -> list[str]:
        """Return the parts of this process that do not tick."""
        found = list(self.collector.faults()) if self.collector is not None else []
        if self._collector_thread is not None and not self._collector_thread.is_alive():
            found.append("collector")
        if self.forwarder is not None and not self.forwarder.is_alive():
            found.append("forwarder")
        if self.schedule is not None and not self.schedule.is_alive():
            found.append("schedule")
        return found

    def stop(self) -> None:
        """Stop everything, newest first; what was read is in the store or the queue."""
        self.stopping.set()
        self._undo.close()
