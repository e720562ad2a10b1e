"""The data interface over a small district, and tokens of three machines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from access.areas import Area
from access.principal import console_principal
from api.server import ApiArea, ApiServices
from commands.tokens import Tokens
from dashboard.factory import create_app
from domain.account import Role, Scope, User
from domain.alert import Alert, AlertState, Severity
from domain.clock import SystemClock
from domain.kpi import DailyKpi
from domain.timespan import day_of
from main.industries import load_industries
from main.industry_desk import industry_services
from main.settings import load_settings
from queries.exchange import Exchange
from queries.industry_exchange import IndustryExchange
from queries.snapshot import SnapshotKeeper
from tests.dashboard.fixtures import ROOT, World, build, few_plants, sample_registry

EVERY_AREA = frozenset(area.value for area in Area)
Ask = Callable[..., TestResponse]


@dataclass
class Face:
    """The data interface over a district; ``tokens`` by name: all, narrow (one plant), plants (one area)."""

    world: World
    app: Any
    tokens: Mapping[str, str]

    def ask(self, path: str, token: str = "all", **headers: str) -> TestResponse:
        """Ask as a program does."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {self.tokens.get(token, token)}"
        return self.app.test_client().get(f"/api/v1{path}", headers=sent)  # type: ignore[no-any-return]


def face_over(world: World, per_minute: float = 1e6) -> Face:
    """Return the interface over a district."""
    real = SystemClock()
    tokens = Tokens(world.records, real)
    services = world.services
    work = services.work.views if services.work is not None else None
    exchange = Exchange(
        services.sources,
        SnapshotKeeper(services.sources),
        services.money_queries,
        work,
        lambda: load_industries(ROOT / "config", None).in_force(day_of(world.clock.now())),
        services.industries.queries.attainments if services.industries is not None else None,
        IndustryExchange(services.industries.queries) if services.industries is not None else None,
    )
    area = ApiArea(ApiServices(tokens, exchange, real, world.clock, per_minute))
    app = create_app(services, world.settings, [area])
    app.testing = False
    return Face(world, app, _tokens(world, tokens))


def _tokens(world: World, tokens: Tokens) -> dict[str, str]:
    console = console_principal()
    one = Scope(plant_ids=frozenset({world.registry.plants[0].plant_id}))
    known = {user.user_id for user in world.records.users()}
    for name, scope in (("bureau", Scope(everything=True)), ("onlyone", one)):
        if name not in known:
            machine = frozenset({Role.MACHINE})
            world.records.add_user(User(name, name, machine, scope, world.passwords.hash("x" * 20)))
    given = {
        "all": ("bureau", EVERY_AREA),
        "narrow": ("onlyone", EVERY_AREA),
        "plants": ("bureau", frozenset({"plants"})),
    }
    return {name: tokens.add(console, user, name, areas, 30)[1] for name, (user, areas) in given.items()}


def fill(world: World) -> None:
    """Add what the district of the pages does not have: an alert of each of two plants, and kept days."""
    first, second = world.registry.plants[:2]
    now = world.clock.now()
    alerts = [
        Alert(
            f"alert-{plant.plant_id}",
            "F01",
            plant.plant_id,
            "",
            "",
            Severity.S2,
            AlertState.FIRING,
            now - timedelta(hours=2),
            now - timedelta(hours=1),
            subject=plant.plant_id,
        )
        for plant in (first, second)
    ]
    world.records.put_alerts(alerts, now)
    today = day_of(now)
    days = [
        DailyKpi(plant.plant_id, today - timedelta(days=back), 100.0, None, 4.0, None, 0.99, 3, 3)
        for plant in (first, second)
        for back in (1, 2, 3)
    ]
    world.store.put_daily(days)


def small_face(folder: Path) -> Face:
    """Return the interface over five live plants, one read by hand, one from files; 11:40 in June."""
    world = build(folder, few_plants(sample_registry()), days=0.6)
    sources = replace(world.services.sources, alerts=world.records)
    settings = load_settings({}, config_dir=ROOT / "config", data_dir=folder)
    desk = industry_services(settings, world.records, world.registry, world.clock)
    world.services = replace(world.services, sources=sources, industries=desk)
    fill(world)
    return face_over(world)
