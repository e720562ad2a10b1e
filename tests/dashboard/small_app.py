"""A small real application behind the guard: Flask, the plain pages, Dash with three callbacks, real stores."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dash
from dash import ALL, Input, Output, State, dcc, html
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from access.permissions import Permission
from access.principal import Principal
from access.throttle import Throttle
from commands.accounts import Accounts
from commands.authenticate import Authenticate
from commands.passwords import Passwords
from commands.second_factor import SecondFactors
from dashboard import guard, login, second_factor, security
from domain.account import Role, Scope, User
from domain.clock import ManualClock
from domain.errors import CommandError
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore
from stores.records.tokens import SqlFactorStore

START = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
PASSWORD = "tabu-lemo-4827-koni-vasi"  # of every invented account here
KEY = "k3y-of-the-tests-0123456789abcdefghijklmnop"
PREFIX = "/app/"
HTML = {"Accept": "text/html"}


@dataclass(frozen=True)
class Services:
    authenticate: Authenticate
    accounts: Accounts


@dataclass(frozen=True)
class SmallApp:
    server: Flask
    dash: Any
    records: SqlRecordStore
    clock: ManualClock
    services: Services
    https: bool

    def browser(self) -> "Browser":
        return Browser(self)


class Browser:
    """A person's browser: keeps cookies, sends the CSRF cookie back as the scripts and forms do."""

    def __init__(self, app: SmallApp) -> None:
        self.app = app
        self.client: FlaskClient = app.server.test_client()
        self.base = "https://localhost" if app.https else "http://localhost"

    def get(self, path: str, **options: Any) -> TestResponse:
        options.setdefault("headers", HTML)
        return self.client.get(path, base_url=self.base, **options)

    def csrf(self) -> str:
        self.get("/")
        cookie = self.client.get_cookie(guard.CSRF_COOKIE)
        assert cookie is not None
        return cookie.value

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        sent = {**HTML, "Referer": f"{self.base}/", **headers}
        data = {"csrf_token": self.csrf(), **form}
        return self.client.post(path, data=data, headers=sent, base_url=self.base)

    def login(self, user: str, password: str = PASSWORD, path: str = "/login") -> TestResponse:
        return self.post(path, {"user": user, "password": password})

    def token(self) -> str | None:
        cookie = self.client.get_cookie(guard.guard_of(self.app.server).cookie)
        return cookie.value if cookie else None

    def callback(self, body: Any, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        sent = {guard.CSRF_HEADER: self.csrf(), "Referer": f"{self.base}/", "Origin": self.base}
        sent.update(headers or {})
        return self.client.post(
            f"{PREFIX}_dash-update-component", json=body, headers=sent, base_url=self.base, **options
        )


def body(value: Any = "3", *, output: str = "total.children", number: Any = 1, **more: Any) -> dict[str, Any]:
    """Return what Dash's renderer posts for the callback of the small app."""
    return {
        "output": output,
        "outputs": {"id": "total", "property": "children"},
        "inputs": [{"id": "day", "property": "value", "value": value}],
        "state": [{"id": "number", "property": "data", "value": number}],
        "changedPropIds": ["day.value"],
        **more,
    }


def admin_body(value: Any = "x") -> dict[str, Any]:
    return {
        "output": "users.children",
        "outputs": {"id": "users", "property": "children"},
        "inputs": [{"id": "day", "property": "value", "value": value}],
        "changedPropIds": ["day.value"],
    }


def pattern_body(*numbers: Any) -> dict[str, Any]:
    return {
        "output": "sum.children",
        "outputs": {"id": "sum", "property": "children"},
        "inputs": [
            [{"id": {"n": n, "kind": "cell"}, "property": "value", "value": 1} for n in numbers],
            {"id": "tick", "property": "n_intervals", "value": 4},
        ],
        "changedPropIds": ["tick.n_intervals"],
    }


def _callbacks(app: Any) -> None:
    @guard.secured(
        app,
        Output("total", "children"),
        Input("day", "value"),
        State("number", "data"),
        permission=Permission.VIEW_OVERVIEW,
        takes=(str, (int, float)),
    )
    def total(principal: Principal, day: str, number: float) -> str:
        if day == "crash":
            raise ZeroDivisionError("secret inside of the program")
        if day == "refuse":
            raise CommandError("cannot be done")
        return f"{principal.user_id}:{day}:{number}"

    @guard.secured(
        app,
        Output("users", "children"),
        Input("day", "value"),
        permission=Permission.MANAGE_USERS,
        uploads=True,
    )
    def users(principal: Principal, day: str) -> str:
        return f"accounts for {principal.user_id}, {len(day)}"

    @guard.secured(
        app,
        Output("sum", "children"),
        Input({"kind": "cell", "n": ALL}, "value"),
        Input("tick", "n_intervals"),
        permission=Permission.VIEW_OVERVIEW,
    )
    def total_of_cells(principal: Principal, cells: list[int], tick: int) -> str:
        return f"{sum(cells)} {tick}"

    app.clientside_callback("function(x) { return x }", Output("mirror", "children"), Input("day", "value"))


def _account(user_id: str, role: Role, passwords: Passwords, **more: Any) -> User:
    hashed = passwords.hash(PASSWORD)
    return User(user_id, f"{user_id}（虚构）", frozenset({role}), Scope(everything=True), hashed, **more)


@contextmanager
def small_app(folder: Path, *, https: bool = False, factors: bool = False) -> Iterator[SmallApp]:
    """Build everything, accounts included: one for each role, and ``fresh`` with a one-time password."""
    clock = ManualClock(START)
    records = SqlRecordStore.at(folder / "records.sqlite")
    passwords = Passwords(memory_kib=64, passes=1)
    for role in Role:
        records.add_user(_account(role.value, role, passwords))
    records.add_user(_account("fresh", Role.OM, passwords, must_change_password=True))
    throttle = Throttle(free=5, wait_max_s=60.0)
    store = SqlFactorStore(records.database, Sealer(folder / "people.key"))
    second = SecondFactors(records, store, clock) if factors else None
    services = Services(
        Authenticate(records, passwords, clock, throttle, Throttle(free=50), factors=second),
        Accounts(records, passwords, clock),
    )
    server = Flask("small", static_folder=None)
    server.secret_key = KEY
    known = {PREFIX, f"{PREFIX}plants"}
    guard.install(server, services, known_path=known.__contains__, prefix=PREFIX, https=https)
    login.install(server)
    second_factor.install(server)
    server.add_url_rule("/livez", "livez", lambda: "ok")
    untyped: Any = server  # Dash's annotation is narrower than what it takes
    app = dash.Dash(
        "small",
        server=untyped,
        url_base_pathname=PREFIX,
        enable_mcp=False,
        add_log_handler=False,
        **guard.DASH_OPTIONS,
    )
    app.layout = html.Div([dcc.Input(id="day"), dcc.Store(id="number"), html.Div(id="total")])
    _callbacks(app)
    guard.check_callbacks(app)
    security.install(server, app, https=https)
    try:
        yield SmallApp(server, app, records, clock, services, https)
    finally:
        records.close()
