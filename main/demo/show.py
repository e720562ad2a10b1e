"""The demonstration from start to end: fleet, history, instance, accounts; then it waits to be ended."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.account import Role
from domain.clock import FieldClock, SystemClock, daylight_start
from domain.errors import PvmonError
from domain.plant import Registry
from domain.timespan import DEFAULT_ZONE
from inverters.profile import load_profiles
from main.build import Options
from main.configuration import load_registry
from main.demo.accounts import DemoAccount, add_demo_accounts
from main.demo.books import BooksMaker
from main.demo.faults import SCRIPT, write_fault_script
from main.demo.fleet import FleetProcess, broker_of, demo_ports
from main.demo.folder import fresh_folder
from main.demo.influx import own_influx
from main.demo.past import RECENT, PastLoader, command
from main.demo.past_alerts import PastAlerts
from main.demo.progress import Progress
from main.demo.unlinked import bring_in
from main.instance import Instance
from main.ports import refuse_used_port, with_ports
from main.settings import load_settings
from main.waiting import StopSignal, log_to
from texts.loader import Texts

_BOOKS_FROM_DAYS = 7  # a shorter past is for a quick look or a check: no books are made


@dataclass(frozen=True)
class Show:
    """How a demonstration is to run.

    ``period_s`` overrides every plant's poll period (None: as configured). ``start`` is the field time it
    begins at (None: now, or 10:30 when it is night outside). ``store`` influx starts a server of its own.
    ``faults``: things went wrong before the start, so that there is something to see.
    """

    config: Path
    data: Path
    texts: Texts
    host: str = "127.0.0.1"
    port: int = 8050
    seed: int = 1
    speed: float = 1.0
    history_days: int = 30
    period_s: float | None = None
    start: datetime | None = None
    store: str = "duckdb"
    faults: bool = False


@dataclass
class Running:
    """A demonstration that is up."""

    instance: Instance
    fleet: FleetProcess
    registry: Registry
    clock: FieldClock
    accounts: list[DemoAccount]
    url: str
    first_page_s: float
    recent: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    recent_s: float = 0.0
    history_s: float = 0.0
    history_problem: str = ""


@contextmanager
def running(show: Show, progress: Progress) -> Iterator[Running]:
    """Start everything; on leaving, end it in order."""
    refuse_used_port(show.host, show.port)
    sample = load_registry(show.config, None)
    _say_registry(sample, progress)
    real_now = SystemClock().now()
    start = show.start or daylight_start(real_now)
    clock = FieldClock.starting(start, show.speed)
    local = start.astimezone(ZoneInfo(DEFAULT_ZONE))
    progress(
        "night" if start != real_now else "field_time", local=f"{local:%Y-%m-%d %H:%M}", speed=show.speed
    )
    folder = fresh_folder(show.data)
    log_to(folder / "log")
    progress("folder", path=folder)
    with ExitStack() as stack:
        ports = demo_ports(sample)
        registry = _with_period(with_ports(sample, ports), show.period_s)
        broker = broker_of(registry)
        fleet = FleetProcess(show.config, folder, clock, show.seed, ports, broker.port if broker else None)
        stack.callback(fleet.stop)
        script = write_fault_script(registry, folder, clock.anchor) if show.faults else None
        fleet.start(("--faults", str(script)) if script is not None else ())
        yield _start(show, progress, stack, registry, clock, folder, fleet)


def _say_registry(registry: Registry, progress: Progress) -> None:
    progress(
        "config",
        plants=len(registry.plants),
        kw=sum(plant.ac_capacity_kw for plant in registry.plants),
        devices=sum(len(plant.devices) for plant in registry.plants),
    )


def _with_period(registry: Registry, period_s: float | None) -> Registry:
    if period_s is None:
        return registry
    plants = tuple(replace(plant, poll_period_s=period_s) for plant in registry.plants)
    return replace(registry, plants=plants)


def _start(
    show: Show,
    progress: Progress,
    stack: ExitStack,
    registry: Registry,
    clock: FieldClock,
    folder: Path,
    fleet: FleetProcess,
) -> Running:
    settings = load_settings(
        {},
        config_dir=show.config,
        data_dir=folder,
        host=show.host,
        port=show.port,
        **_store(show, folder, stack),
    )
    options = Options(settings, registry, load_profiles(), clock, broker_of(registry), demonstration=True)
    instance = Instance(options)
    stack.callback(instance.stop)
    instance.keep()
    instance.control()
    progress("store")
    up = Running(instance, fleet, registry, clock, [], "", 0.0)
    _start_history(show, progress, stack, up, folder)
    ready = fleet.wait_ready()
    progress("simulator", gateways=ready.wires + ready.publishers)
    instance.collect()
    progress("collector", wires=ready.wires, period=registry.plants[0].poll_period_s)
    instance.work()
    instance.beat("run")
    up.url = instance.serve()
    up.first_page_s = progress.seconds
    progress("web", url=up.url)
    names = {role: show.texts(f"demo.roles.{role.value}") for role in Role if role.logs_in}
    up.accounts = add_demo_accounts(instance.accounts(), registry, names)
    if show.history_days >= _BOOKS_FROM_DAYS:
        books = BooksMaker(instance, registry, clock, progress, up.recent, up.done)
        stack.callback(books.stop)
        books.start()
    if show.history_days > 0:
        alerts = PastAlerts(instance, clock, progress, up.recent, up.done)
        stack.callback(alerts.stop)
        alerts.start()
    return up


def _store(show: Show, folder: Path, stack: ExitStack) -> dict[str, object]:
    """Return the settings of the sample store, its server started where it needs one."""
    if show.store != "influx":
        return {}
    token = folder / "influx_token"
    token.write_text(secrets.token_hex(16), "utf-8")  # the server asks for none
    url = stack.enter_context(own_influx(folder / "influx"))
    return {"store": "influx", "influx_url": url, "influx_token_file": token}


def _start_history(show: Show, progress: Progress, stack: ExitStack, up: Running, folder: Path) -> None:
    out = folder / "past"

    def recent(rows: int) -> None:
        up.recent_s = progress.seconds
        progress("recent", days=min(RECENT.days, show.history_days), rows=rows)
        up.recent.set()

    def done(rows: int, problem: str) -> None:
        up.history_s, up.history_problem = progress.seconds, problem or _bring_in(up, out)
        problem = up.history_problem
        if problem:
            progress("history_failed", reason=problem)
        else:
            progress("history", days=show.history_days, rows=rows)
        up.done.set()

    if show.history_days <= 0:
        up.recent.set()
        up.done.set()
        return
    script = folder / SCRIPT if show.faults else None
    note = show.texts("demo.manual_note")
    loader = PastLoader(
        up.instance.store,
        command(show.config, up.clock, show.seed, show.history_days, out, note, script),
        out,
        up.clock.anchor - RECENT,
        recent,
        done,
    )
    stack.callback(loader.stop)
    loader.start()


def _bring_in(up: Running, out: Path) -> str:
    """Bring in what the plants without a link have; return what went wrong."""
    instance = up.instance
    try:
        bring_in(out, instance.readings(), instance.store, up.registry, up.clock)
    except PvmonError as error:
        return str(error)
    return ""


def _watch(up: Running, progress: Progress) -> Callable[[], None]:
    """Return what says once that the fleet died."""
    said: list[int] = []

    def look() -> None:
        code = up.fleet.exit_code
        if code is not None and not said:
            said.append(code)
            progress("simulator_died", code=code, log=up.fleet.log)

    return look


def perform(show: Show) -> int:
    """Run the demonstration until it is ended."""
    progress = Progress(show.texts)
    ending = 0.0
    with running(show, progress) as up:
        progress.plain("accounts")
        for account in up.accounts:
            role = show.texts(f"demo.roles.{account.role.value}")
            progress.plain("account", role=role, user=account.user_id, password=account.password)
        stop = StopSignal()
        progress("ready", url=up.url)
        stop.wait(_watch(up, progress))
        ending = time.monotonic()
        progress("stopping")
    progress("stopped", seconds=time.monotonic() - ending)
    return 0
