"""The demonstration from start to end: fleet, history, instance, accounts; then it waits to be ended."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.clock import FieldClock, SystemClock, daylight_start
from domain.plant import Registry
from domain.timespan import DEFAULT_ZONE
from main.configuration import load_registry
from main.demo.faults import write_fault_script
from main.demo.fleet import FleetProcess, broker_of, demo_ports
from main.demo.folder import PAST, fresh_folder
from main.demo.progress import Progress
from main.ports import refuse_used_port, with_ports
from main.waiting import StopSignal, log_to
from texts.loader import Texts

if TYPE_CHECKING:
    from main.demo.stage import Running


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


@contextmanager
def running(show: Show, progress: Progress) -> Iterator["Running"]:
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
        fleet = FleetProcess(
            show.config, folder, clock, show.seed, ports, broker.port if broker else None, show.texts.language
        )
        stack.callback(fleet.stop)
        script = write_fault_script(registry, folder, clock.anchor) if show.faults else None
        fleet.start(_what_is_past(show, folder, script))
        from main.demo.stage import begin  # heavy, and the fleet works meanwhile

        yield begin(show, progress, stack, registry, clock, folder, fleet)


def _what_is_past(show: Show, folder: Path, script: Path | None) -> tuple[str, ...]:
    """Return what the fleet is told of the time before it began."""
    faults = ("--faults", str(script)) if script is not None else ()
    days = ("--past", str(folder / PAST), "--past-days", str(show.history_days))
    return faults + (days if show.history_days > 0 else ())


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


def _watch(up: "Running", progress: Progress) -> Callable[[], None]:
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
