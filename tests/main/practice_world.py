"""A server of a district with one accountant whose village has a roster and money of a quarter: for practice copies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from access.principal import Principal
from commands.practice import CHECKER
from dashboard.factory import create_app
from dashboard.practice import PracticeFront
from dashboard.services import DashboardSettings
from domain.account import Role, Scope, User
from domain.clock import ManualClock
from main.build import options_from
from main.instance import Instance
from main.settings import load_settings
from tests.commands.builders import QUICK
from tests.commands.payout_world import START, World, roster_file
from tests.dashboard.fixtures import PASSWORD

KEY = "k3y-for-tests-" + "0123456789abcdef" * 3
SINCE = date(2026, 1, 1)


@dataclass
class Desk:
    """A server of a district with one accountant, and a browser of hers."""

    instance: Instance
    front: PracticeFront
    village: str
    client: Client
    token: str

    def get(self, path: str) -> Any:
        """Open a page."""
        return self.client.get(path)

    def post(self, path: str, **fields: Any) -> Any:
        """Send a form."""
        return self.client.post(path, data={"csrf_token": self.token, **fields})

    def begin(self) -> None:
        """Make the copy."""
        assert self.post("/app/practice").location == "/practice/todo"

    def copy(self) -> Instance:
        """The opened copy."""
        return self.instance.practice._open["accountant"].inner


def inside(instance: Instance) -> World:
    """The commands of a copy in the hands of its two seats."""
    payout, seen = instance.payout(), Scope(everything=True)
    made = World.__new__(World)
    made.records, made.stores = instance.records, payout.stores
    made.plans, made.payments, made.notices, made.rosters = (
        payout.plans,
        payout.payments,
        payout.notices,
        payout.rosters,
    )
    assert isinstance(instance.options.clock, ManualClock)
    made.clock = instance.options.clock
    made.accountant = Principal("accountant", "accountant", frozenset({Role.ACCOUNTANT}), seen)
    made.township = Principal(CHECKER, CHECKER, frozenset({Role.TOWNSHIP}), seen)
    return made


def browser(front: PracticeFront, user: str) -> tuple[Client, str]:
    """Log in; return the browser and its CSRF token."""
    client = Client(front)
    page = client.get("/login").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/login", data={"user": user, "password": PASSWORD, "csrf_token": token})
    page = client.get("/password").get_data(as_text=True)
    return client, page.split('name="csrf_token" value="')[1].split('"')[0]


Served = tuple[Instance, PracticeFront, str]


@contextmanager
def practice_world(folder: Path) -> Iterator[Served]:
    """Open the district, its applications, and the village."""
    settings = load_settings(environment={"PVMON_DATA_DIR": str(folder)})
    instance = Instance(replace(options_from(settings), clock=ManualClock(START)))
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("main.instance.second_factors", lambda *_: None)
            instance.open_records()
            instance.open_store()
            village = next(iter(instance.options.registry.plants[0].ownership[-1].shares_kw))
            for name, role in (("accountant", Role.ACCOUNTANT), ("om", Role.OM), ("second", Role.ACCOUNTANT)):
                scope = Scope(village_ids=frozenset({village}))
                instance.records.add_user(User(name, name, frozenset({role}), scope, QUICK.hash(PASSWORD)))
            real = inside(instance)
            real.rosters.import_file(real.accountant, village, SINCE, "名册.csv", roster_file(6))
            real.fund(village)
            services, shown = instance.services(), DashboardSettings(secret_key=KEY)
            instance.practice.serve(services, shown)
            app = create_app(services, shown)
            yield instance, PracticeFront(app, instance.practice, services.authenticate), village
    finally:
        instance.practice.stop()
        instance.stop()
