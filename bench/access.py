"""Logging in, the guard in front of a callback, and the records store: what each request pays.

The guard's share is a trivial callback through the whole server (session, origin, CSRF, body check, headers)
minus the same callback called on a bare Dash application, in alternating turns of one run. CPU time.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dash
from dash import Input, Output, html
from flask import Flask

from access.permissions import Permission
from commands.accounts import Accounts
from commands.authenticate import Authenticate
from commands.passwords import Passwords
from dashboard import guard, login, security
from domain.account import AuditEntry, Role, Scope, User
from domain.clock import SystemClock
from stores.records.store import SqlRecordStore

PREFIX = "/app/"
PASSWORD = "tabu-lemo-4827-koni-vasi"
BODY = {
    "output": "out.children",
    "outputs": {"id": "out", "property": "children"},
    "inputs": [{"id": "day", "property": "value", "value": "x"}],
    "changedPropIds": ["day.value"],
}


class _Services:
    def __init__(self, records: SqlRecordStore, passwords: Passwords) -> None:
        self.authenticate = Authenticate(records, passwords, SystemClock())
        self.accounts = Accounts(records, passwords, SystemClock())


def _guarded(records: SqlRecordStore, passwords: Passwords) -> Callable[[], None]:
    server: Any = Flask("guarded", static_folder=None)
    server.secret_key = "key-of-the-benchmark-0123456789abcdefgh"
    guard.install(server, _Services(records, passwords), known_path=lambda _: True, prefix=PREFIX)
    login.install(server)
    app = dash.Dash(
        "guarded", server=server, url_base_pathname=PREFIX, enable_mcp=False, **guard.DASH_OPTIONS
    )
    app.layout = html.Div(id="out")
    guard.secured(
        app,
        Output("out", "children"),
        Input("day", "value"),
        permission=Permission.VIEW_OVERVIEW,
        takes=(str,),
    )(lambda _principal, day: day)
    guard.check_callbacks(app)
    security.install(server, app)
    client = server.test_client()
    client.get("/login")
    form = {"csrf_token": client.get_cookie(guard.CSRF_COOKIE).value, "user": "om", "password": PASSWORD}
    client.post("/login", data=form)
    client.get("/")
    headers = {guard.CSRF_HEADER: client.get_cookie(guard.CSRF_COOKIE).value, "Origin": "http://localhost"}
    return _poster(client, headers)


def _bare() -> Callable[[], None]:
    server: Any = Flask("bare", static_folder=None)
    app = dash.Dash("bare", server=server, url_base_pathname=PREFIX, enable_mcp=False)
    app.layout = html.Div(id="out")
    app.callback(Output("out", "children"), Input("day", "value"))(lambda day: day)
    return _poster(server.test_client(), {})


def _poster(client: Any, headers: dict[str, str]) -> Callable[[], None]:
    def post() -> None:
        answer = client.post(f"{PREFIX}_dash-update-component", json=BODY, headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"callback answered {answer.status_code}")

    post()
    return post


def _cpu_s(act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    return time.process_time() - started


def _wall_s(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def run(quick: bool = False) -> dict[str, float | str]:
    """Return the figures, units in the keys."""
    turns = 50 if quick else 300
    passwords = Passwords()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.sqlite"
        new_s = _wall_s(lambda: SqlRecordStore.at(path).close())
        open_s = [_wall_s(lambda: SqlRecordStore.at(path).close()) for _ in range(5)]
        records = SqlRecordStore.at(path)
        hashed = passwords.hash(PASSWORD)
        records.add_user(User("om", "om", frozenset({Role.OM}), Scope(everything=True), hashed))
        guarded, bare = _guarded(records, passwords), _bare()
        pairs = [(_cpu_s(guarded), _cpu_s(bare)) for _ in range(turns)]
        entry = AuditEntry(datetime(2026, 7, 1, tzinfo=UTC), "om", "bench", "", "done")
        audit_s = [_wall_s(lambda: records.add_audit(entry)) for _ in range(turns)]
        lookup_s = [_wall_s(lambda: records.user("om")) for _ in range(turns)]
        records.close()
    median = statistics.median
    return {
        "records_new_database_ms": new_s * 1e3,
        "records_open_up_to_date_ms": median(open_s) * 1e3,
        "records_user_lookup_us": median(lookup_s) * 1e6,
        "records_audit_commit_full_sync_ms": median(audit_s) * 1e3,
        "password_check_ms": median(_wall_s(lambda: passwords.verify(hashed, PASSWORD)) for _ in range(7))
        * 1e3,
        "callback_guarded_cpu_ms": median(pair[0] for pair in pairs) * 1e3,
        "callback_bare_cpu_ms": median(pair[1] for pair in pairs) * 1e3,
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name} = {value:.4g}" if isinstance(value, float) else f"{name} = {value}")
