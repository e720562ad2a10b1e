"""A small district to draw: the sample registry (or part of it), rows made by the virtual fleet, real stores."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commands.accounts import Accounts
from commands.alert_handling import AlertHandling
from commands.authenticate import Authenticate
from commands.cases import Cases
from commands.deputies import Deputies
from commands.money_desk import MoneyDesk
from commands.notifications import Notifications
from commands.own_things import OwnThings
from commands.passwords import Passwords
from commands.readings import Readings
from commands.setting_up import (
    Finding,
    FirstStart,
    Question,
    RegistryPreview,
    SettingRow,
    SettingUp,
    SetupRefusedError,
)
from dashboard.factory import create_app
from dashboard.services import DashboardSettings, PersonalServices, Services, SetupServices, WorkServices
from domain.account import Role, Scope, User
from domain.clock import ManualClock, SystemClock
from domain.measurement import Batch, Origin
from domain.plant import Plant, Registry
from domain.records import MeterReading
from domain.timespan import Interval
from inverters.profile import load_profiles
from main.care.maintenance import load_maintenance
from main.care.notifying import load_notifying
from main.configuration import load_registry
from main.demo.money import make_books
from main.metered import energies
from main.tariffs import load_tariffs
from notifiers.log import LogChannel
from queries.desk import Desk
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView
from queries.public_contacts import PublicContacts
from queries.sources import Sources
from queries.work import Work, WorkSources
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet
from stores.duckdb import DuckDbStore
from stores.latest import LatestCache
from stores.records.personal import SqlPersonalStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 6, 18, 3, 40, tzinfo=UTC)  # 11:40 in Shangzhou
NIGHT = datetime(2026, 6, 18, 15, 0, tzinfo=UTC)  # 23:00
PASSWORD = "correct-horse-battery-staple-42"
KEY = "k3y-for-tests-" + "0123456789abcdef" * 3
USERS = {
    "om": Role.OM,
    "accountant": Role.ACCOUNTANT,
    "county": Role.COUNTY,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
    "keeper": Role.KEEPER,
    "field": Role.FIELD,
    "settlement": Role.SETTLEMENT,
    "township": Role.TOWNSHIP,
}


@dataclass
class World:
    """Everything a test may want to look at or change."""

    registry: Registry
    clock: ManualClock
    store: DuckDbStore
    latest: LatestCache
    records: SqlRecordStore
    services: Services
    settings: DashboardSettings
    passwords: Passwords

    def app(self) -> Any:
        """Return a new application over the same stores."""
        return create_app(self.services, self.settings)

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()
        self.records.close()


def part_of(registry: Registry, plant_ids: Sequence[str]) -> Registry:
    """Return the registry with only these plants."""
    return replace(registry, plants=tuple(registry.plants_by_id[name] for name in plant_ids))


def _strings(plant: Plant) -> bool:
    """Tell whether the plant's make measures each string."""
    return any(d.profile in {"huawei_sun2000", "sungrow_sg", "growatt_max"} for d in plant.devices)


def few_plants(registry: Registry) -> Registry:
    """Return five live plants of one or two towns, a manual one and a file one."""
    live = sorted(
        (p for p in registry.plants if p.connection.value == "live" and len(p.devices) < 26 and _strings(p)),
        key=lambda p: (p.town_id, p.plant_id),
    )
    chosen = [p.plant_id for p in live[:5]]
    for kind in ("manual", "file"):
        chosen.append(next(p.plant_id for p in registry.plants if p.connection.value == kind))
    return part_of(registry, chosen)


def sample_registry() -> Registry:
    """Return the registry that comes with the program."""
    return load_registry(ROOT / "config", None)


def sample_faults(registry: Registry, now: datetime) -> list[Fault]:
    """Return a tripped inverter, an open string, a shaded and a derated plant, a dead gateway."""
    live = [p for p in registry.plants if p.connection.value == "live"]
    since = (now - timedelta(hours=3)).timestamp()
    units = [[d.device_id for d in p.devices if d.kind.value == "inverter"] for p in live]
    return [
        Fault("f1", FaultKind.INVERTER_TRIP, units[1][2], since, device_ids=(units[1][2],)),
        Fault("f2", FaultKind.STRING_OPEN, units[0][0], since, device_ids=(units[0][0],), strings=(3,)),
        Fault("f3", FaultKind.SOILING, live[2].plant_id, since - 8e6, device_ids=tuple(units[2]), amount=0.4),
    ]


def build(
    folder: Path,
    registry: Registry | None = None,
    *,
    now: datetime = NOON,
    days: float = 1.6,
    every: timedelta = timedelta(minutes=10),
    silent: Sequence[str] = (),
    demo_clock: bool = True,
) -> World:
    """Return a district with ``days`` of rows behind it; plants in ``silent`` stopped two hours ago."""
    whole = registry or few_plants(sample_registry())
    clock = ManualClock(now)
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {device.device_id: device.kind for device in whole.devices()}
    store = DuckDbStore(folder / "samples.duckdb", clock, kinds)
    latest = LatestCache()
    fleet = Fleet(whole, load_profiles(), clock, 7, sample_faults(whole, now))
    mute = {d.device_id for d in whole.devices() if d.plant_id in silent}
    # the virtual fleet's minute before now is what collectors would have read last
    for quantities, table in fleet.history(Interval(now - timedelta(days=days), now), every):
        kept = table[~(table["device_id"].isin(mute) & (table["measured_at"] > now - timedelta(hours=2)))]
        store.write_table(quantities, kept, Origin.DEMO_HISTORY)
    fresh = Interval(now - timedelta(seconds=60), now)
    for quantities, table in fleet.history(fresh, timedelta(seconds=30)):
        latest.update([b for b in batches_of(quantities, table) if b.device_id not in mute])
    latest.warm(store, sorted(mute), now - timedelta(days=1))
    records = SqlRecordStore.at(folder / "records.sqlite")
    return _serve(whole, clock, store, latest, records, demo_clock=demo_clock)


def bare(folder: Path, registry: Registry, now: datetime = NOON) -> World:
    """Return a district that never received anything."""
    clock = ManualClock(now)
    kinds = {device.device_id: device.kind for device in registry.devices()}
    store = DuckDbStore(folder / "samples.duckdb", clock, kinds)
    records = SqlRecordStore.at(folder / "records.sqlite")
    return _serve(registry, clock, store, LatestCache(), records, demo_clock=True)


def batches_of(quantities: Sequence[str], table: pd.DataFrame) -> list[Batch]:
    """Return the rows of a table as batches."""
    values = table[list(quantities)].to_numpy(dtype=float)
    names = tuple(quantities)
    return [
        Batch(
            str(device_id),
            at.to_pydatetime().astimezone(UTC),
            names,
            tuple(None if np.isnan(value) else float(value) for value in row),
        )
        for device_id, at, row in zip(table["device_id"], table["measured_at"], values, strict=True)
    ]


def _serve(
    registry: Registry,
    clock: ManualClock,
    store: DuckDbStore,
    latest: LatestCache,
    records: SqlRecordStore,
    *,
    demo_clock: bool,
) -> World:
    real = SystemClock()
    passwords = Passwords(memory_kib=64, passes=1)
    tariffs = load_tariffs(ROOT / "config", None, registry)
    desk = MoneyDesk.over(records, registry, tariffs, real, clock)
    money_queries = MoneyQueries(records, registry, clock, energies(lambda: store, registry))
    money_checks = MoneyChecksView(records, None, registry, tariffs, clock)
    assert records.database.path is not None
    people_key = Sealer(records.database.path.with_name("people.key"))
    personal = SqlPersonalStore(records.database, people_key)
    services = Services(
        Authenticate(records, passwords, real, personal=personal),
        Accounts(records, passwords, real, registry),
        Readings(records, store, registry, real, clock, latest),
        Sources(
            registry,
            store,
            latest,
            records,
            clock,
            figures=lambda: {"spool_rows": "0"},
            alerts=records,
            days=records,
        ),
        desk,
        money_queries,
        money_checks,
        work=work_services(registry, records, clock),
        setup=SetupServices(
            SettingUp(records, NoFiles(), real, clock), FirstStart(records, passwords, real, "0a1b2c3d4e5f")
        ),
        personal=PersonalServices(OwnThings(personal, real), Deputies(records, personal, real, clock)),
    )
    make_books(desk, registry, tariffs, clock.now().date(), months=3)
    world = World(
        registry,
        clock,
        store,
        latest,
        records,
        services,
        DashboardSettings(secret_key=KEY, demo_clock=demo_clock, build="test-1"),
        passwords,
    )
    add_users(world)
    add_readings(world)
    return world


def work_services(registry: Registry, records: SqlRecordStore, clock: ManualClock) -> WorkServices:
    """Return the work on faults, with the delivered people as far as the registry has their places."""
    maintenance = load_maintenance(ROOT / "config", sample_registry())
    notifying = load_notifying(ROOT / "config", sample_registry())
    real = SystemClock()
    sources = WorkSources(registry, records, clock, maintenance, notifying)
    return WorkServices(
        Cases(records, registry, maintenance, real, clock),
        AlertHandling(records, registry, real, clock),
        Work(sources),
        Desk(sources),
        PublicContacts(registry, maintenance),
        Notifications(
            records,
            registry,
            notifying,
            {one.target_id: LogChannel() for one in notifying.targets},
            [],
            real,
            clock,
            may_send=True,
        ),
    )


def add_users(world: World) -> None:
    """Add an account for each role, and one that sees a single plant."""
    hashed = world.passwords.hash(PASSWORD)
    for name, role in USERS.items():
        world.records.add_user(User(name, name, frozenset({role}), Scope(everything=True), hashed))
    one = Scope(plant_ids=frozenset({world.registry.plants[0].plant_id}))
    world.records.add_user(User("narrow", "narrow", frozenset({Role.OM}), one, hashed))


def add_readings(world: World) -> None:
    """Add three readings to each plant that is read by hand."""
    for plant in world.registry.plants:
        if plant.connection.value != "manual":
            continue
        meter = next(d for d in plant.devices if d.kind.value == "revenue_meter")
        for days in (63, 33, 3):
            at = world.clock.now() - timedelta(days=days)
            world.records.add_reading(
                MeterReading(
                    f"{plant.plant_id}-{days}",
                    plant.plant_id,
                    meter.device_id,
                    at,
                    4.2e9 - days * 2.4e6,
                    "keeper",
                    at,
                )
            )


def login(client: Any, user: str = "om", language: str = "zh") -> str:
    """Log a test client in; return the CSRF token for posts."""
    page = client.get("/login").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/login", data={"user": user, "password": PASSWORD, "csrf_token": token})
    client.get(f"/app/?lang={language}" if language else "/app/")
    cookie = client.get_cookie("csrf_token")
    return cookie.value if cookie else ""


class Served:
    """An application answering on a free port, for browsers."""

    def __init__(self, app: Any) -> None:
        from waitress.server import create_server

        self._channels: dict[int, Any] = {}
        self._server = create_server(app, map=self._channels, host="127.0.0.1", port=0, threads=4)
        self.url = f"http://127.0.0.1:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._server.run()
        except OSError:
            return

    def stop(self) -> None:
        """Stop answering; connections a browser kept open are closed with it."""
        from waitress.wasyncore import close_all

        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=2)
        self._server.close()
        self._thread.join(5)
        close_all(self._channels, ignore_all=True)


class NoFiles:
    """A desk of setting up that has neither files nor wires: for tests of who may reach it."""

    def settings(self) -> Sequence[SettingRow]:
        """Return one setting."""
        return [SettingRow("port", "PVMON_PORT", "8050", "8050", is_default=True)]

    def export(self, form: str) -> tuple[str, bytes]:
        """Return nothing much."""
        return f"list.{form}", b"PK"

    def preview(self, content: bytes, texts: Any) -> RegistryPreview:
        """Refuse every file."""
        return RegistryPreview((), (texts("setup.registry.no_form"),), 0)

    def keep(self, content: bytes, parent: int, user_id: str, texts: Any) -> int:
        """Keep nothing."""
        raise AssertionError("nothing was previewed")

    def sees(self, principal: Any, plant_id: str) -> bool:
        """Know no plant."""
        return False

    def ask(self, question: Question, user_id: str) -> str:
        """Know no wire."""
        raise SetupRefusedError("device.no_gateway", gateway=question.gateway_id)

    def answer(self, ticket: str, user_id: str, texts: Any) -> Finding | None:
        """Know no question."""
        return None

    def add(self, finding: Finding, user_id: str, texts: Any) -> tuple[str, int]:
        """Add nothing."""
        raise AssertionError("nothing was found")
