"""Money asks for the second factor again on its pages: in the form of a step, above the accounts, before a bank file."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest

from commands.authenticate import Authenticate
from commands.passwords import Passwords
from commands.second_factor import SecondFactors
from dashboard.factory import create_app
from domain.clock import ManualClock
from revenue.approval import Step
from stores.records.sealing import Sealer
from stores.records.tokens import SqlFactorStore
from tests.commands.industry_world import COUNTY
from tests.commands.payout_world import START, VILLAGES, World
from tests.dashboard.fixtures import PASSWORD
from tests.dashboard.industry_world import open_season

VILLAGE = VILLAGES[0]


class Person:
    """Somebody at a browser, with an app on the telephone."""

    def __init__(self, app: Any, user: str, clock: ManualClock) -> None:
        self.client = app.test_client()
        self._clock = clock
        page = self.client.get("/login").get_data(as_text=True)
        self._post("/login", page, user=user, password=PASSWORD)
        page = self.client.get("/second-factor").get_data(as_text=True)
        found = re.search(r"<code>([A-Z2-7]{16,})</code>", page)
        assert found is not None
        self._secret = found[1]
        assert self._post("/second-factor", page, code=self.code()).status_code == 200
        self.client.get("/app/")

    def _post(self, path: str, page: str, **form: str) -> Any:
        token = page.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]
        return self.client.post(path, data={"csrf_token": token, **form})

    def code(self) -> str:
        return pyotp.TOTP(self._secret).generate_otp(int(self._clock.now().timestamp()) // 30)

    def shown(self, path: str) -> str:
        return str(self.client.get(path).get_data(as_text=True))

    def post(self, path: str, **form: Any) -> Any:
        cookie = self.client.get_cookie("csrf_token")
        data = {"csrf_token": cookie.value, **form}
        return self.client.post(path, data=data, content_type="multipart/form-data")


@pytest.fixture
def paid(tmp_path: Any) -> Iterator[World]:
    made = World(tmp_path)
    made.fund(VILLAGE)
    made.enrol(VILLAGE, 3)
    yield made
    made.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def _authenticate(records: Any, folder: Path, passwords: Passwords, clock: ManualClock) -> Authenticate:
    """Return logins that ask money's people for a code."""
    store = SqlFactorStore(records.database, Sealer(folder / "factors.key"))
    return Authenticate(records, passwords, clock, factors=SecondFactors(records, store, clock))


@pytest.fixture
def app(world: Any, paid: World, clock: ManualClock) -> Any:
    for name in ("accountant", "township"):
        user = world.records.user(name)
        assert user is not None
        paid.records.add_user(user)
    authenticate = _authenticate(paid.records, paid.folder, world.passwords, clock)
    sources = replace(world.services.sources, registry=paid.registry, clock=paid.clock)
    services = replace(world.services, payout=paid.services(), sources=sources, authenticate=authenticate)
    return create_app(services, world.settings)


def test_a_step_of_the_checker_asks_for_the_code_in_its_own_form_and_keeps_nothing_without(
    app: Any, paid: World, clock: ManualClock
) -> None:
    plan_id = paid.draft(VILLAGE).plan.plan_id
    paid.meet(plan_id)
    paid.notices.publish(paid.accountant, plan_id)
    paid.clock.advance(8 * 86_400)
    township, address = Person(app, "township", clock), f"/app/plan-step/{plan_id}"
    assert "factor_code" not in township.shown(address), "just logged in with a code"
    clock.advance(301)
    assert 'name="factor_code"' in township.shown(address)

    def send(**more: str) -> Any:
        photo = (io.BytesIO(b"photo"), "p.jpg")
        step = {"step": "township_reviewed", "on": paid.today.isoformat(), "number": "样镇〔2026〕1号"}
        return township.post(address, photo=photo, **step, **more)

    without = send()
    assert without.status_code == 422
    assert "五分钟内要有一次动态码" in without.get_data(as_text=True)
    wrong = send(factor_code="000000")
    assert wrong.status_code == 422
    assert "码不对" in wrong.get_data(as_text=True)
    assert paid.plans.dossier(paid.accountant, plan_id).approval.step is Step.PUBLISHED
    assert send(factor_code=township.code()).status_code == 303
    assert paid.plans.dossier(paid.accountant, plan_id).approval.step is Step.TOWNSHIP_REVIEWED


def test_accounts_are_confirmed_and_bank_files_given_only_with_a_fresh_code(
    app: Any, paid: World, clock: ManualClock
) -> None:
    plan_id = paid.release(VILLAGE).plan.plan_id
    accountant, pay = Person(app, "accountant", clock), f"/app/plan-pay/{plan_id}"
    clock.advance(301)
    assert f'action="/second-factor?next={pay}"' in accountant.shown(pay)
    assert accountant.post(f"{pay}/batch").status_code == 422
    assert paid.plans.dossier(paid.accountant, plan_id).batches == ()
    done = accountant.post(f"/second-factor?next={pay}", code=accountant.code())
    assert (done.status_code, done.location) == (303, pay)
    assert "/second-factor?next" not in accountant.shown(pay)
    assert accountant.post(f"{pay}/batch").status_code == 303
    (batch,) = paid.plans.dossier(paid.accountant, plan_id).batches
    file = f"/app/papers/bank/{plan_id}/{batch.batch_id}"
    assert accountant.client.get(file).status_code == 200
    clock.advance(301)
    asked = accountant.client.get(f"{file}?form=csv")
    assert (asked.status_code, asked.location) == (302, f"/second-factor?next={file}%3Fform%3Dcsv")
    given = accountant.post(f"/second-factor?next={file}%3Fform%3Dcsv", code=accountant.code())
    assert (given.status_code, given.location) == (303, f"{file}?form=csv")
    assert accountant.client.get(given.location).status_code == 200


def test_a_claim_is_granted_and_its_payment_booked_only_with_a_fresh_code(
    tmp_path: Path, clock: ManualClock
) -> None:
    season = open_season(tmp_path)
    records = season.world.records
    authenticate = _authenticate(records, tmp_path, season.world.passwords, clock)
    services = replace(season.world.services, industries=season.services, authenticate=authenticate)
    county = Person(create_app(services, season.world.settings), "county", clock)
    (open_claim,) = [
        claim.identity
        for fund in season.services.queries.funds(COUNTY)
        for claim, decision in fund.claims
        if decision is None
    ]
    page = f"/app/fund-case/{open_claim}"
    assert "/second-factor?next" not in county.shown(page)
    clock.advance(301)
    assert f'action="/second-factor?next={page}"' in county.shown(page)
    refused = county.post(page, act="decide", yuan="5000")
    assert refused.status_code == 422
    assert "五分钟内要有一次动态码" in refused.get_data(as_text=True)
    assert season.services.cases.case(COUNTY, open_claim).decision is None
    assert county.post(f"/second-factor?next={page}", code=county.code()).location == page
    assert county.post(page, act="decide", yuan="5000").status_code == 303
    assert season.services.cases.case(COUNTY, open_claim).decision is not None
    season.world.close()
