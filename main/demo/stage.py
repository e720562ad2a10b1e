"""What a demonstration shows, from the store to the pages: begun on top of a fleet that is under way."""

import secrets
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from domain.account import Role
from domain.clock import FieldClock
from domain.errors import PvmonError
from domain.plant import Registry
from inverters.profile import load_profiles
from main.build import Options
from main.demo.accounts import DemoAccount, add_demo_accounts
from main.demo.books import BooksMaker
from main.demo.fleet import FleetProcess, broker_of
from main.demo.folder import PAST
from main.demo.influx import own_influx
from main.demo.past import RECENT, PastLoader
from main.demo.past_alerts import PastAlerts
from main.demo.progress import Progress
from main.demo.show import Show
from main.demo.unlinked import bring_in
from main.instance import Instance
from main.settings import load_settings

_BOOKS_FROM_DAYS = 7  # a shorter past is for a quick look or a check: no books are made


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


def begin(
    show: Show,
    progress: Progress,
    stack: ExitStack,
    registry: Registry,
    clock: FieldClock,
    folder: Path,
    fleet: FleetProcess,
) -> Running:
    """Start the instance and what fills it; on leaving the stack it ends in order."""
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
    out = folder / PAST

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
    loader = PastLoader(
        up.instance.store, out, up.clock.anchor - RECENT, lambda: up.fleet.exit_code is None, recent, done
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
