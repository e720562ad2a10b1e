"""The page of the second factor, as a browser sees it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from dashboard import login
from domain.account import Role
from tests.dashboard.small_app import PASSWORD, Browser, SmallApp, small_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SmallApp]:
    with small_app(tmp_path, factors=True) as made:
        yield made


def _code(app: SmallApp, page: str, steps: int = 0) -> str:
    found = re.search(r"<code>([A-Z2-7]{16,})</code>", page)
    assert found is not None
    return _code_of(app, found[1], steps)


def _code_of(app: SmallApp, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(app.clock.now().timestamp()) // 30 + steps)


def _text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def _set_up(app: SmallApp, browser: Browser) -> tuple[str, list[str]]:
    answer = browser.login("accountant")
    assert answer.location == "/second-factor?next=/app/todo"
    page = _text(browser.get("/second-factor"))
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", page)
    assert secret is not None
    papers = _text(browser.post("/second-factor", {"code": _code(app, page)}))
    return secret[1], re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", papers)


def test_an_accountant_sets_the_app_up_and_gets_ten_codes_for_paper(app: SmallApp) -> None:
    browser = app.browser()
    _, papers = _set_up(app, browser)
    assert len(papers) == 10
    assert browser.get("/app/").status_code == 200


def test_until_the_code_is_given_every_page_and_callback_leads_to_it(app: SmallApp) -> None:
    from tests.dashboard.small_app import body

    browser = app.browser()
    browser.login("accountant")
    for path in ("/app/", "/app/plants", "/password", "/app/_dash-layout"):
        answer = browser.get(path)
        assert answer.status_code in {302, 401}, path
        assert b"dcc.Input" not in answer.data
    assert browser.callback(body()).status_code == 401


def test_the_second_login_asks_for_a_code_and_then_goes_where_one_wanted(app: SmallApp) -> None:
    secret, papers = _set_up(app, app.browser())
    app.clock.advance(60)
    browser = app.browser()
    answer = browser.login("accountant", path="/login?next=/app/plants")
    assert answer.location == "/second-factor?next=/app/plants"
    before = browser.token()
    assert browser.post("/second-factor", {"code": "000000"}).status_code == 401
    answer = browser.post("/second-factor?next=/app/plants", {"code": _code_of(app, secret)})
    assert (answer.status_code, answer.location) == (303, "/app/plants")
    assert browser.token() != before
    other = app.browser()
    other.login("accountant")
    assert other.post("/second-factor", {"code": papers[0]}).status_code == 303
    assert other.get("/app/").status_code == 200


def test_who_needs_none_logs_in_as_ever(app: SmallApp) -> None:
    browser = app.browser()
    assert browser.login(Role.OM.value, PASSWORD).location == "/app/todo"
    assert browser.get("/second-factor").location == "/app/"


def test_a_foreign_address_is_never_gone_to(app: SmallApp) -> None:
    secret, _ = _set_up(app, app.browser())
    app.clock.advance(60)
    browser = app.browser()
    browser.login("accountant")
    answer = browser.post("/second-factor?next=//evil.example/x", {"code": _code_of(app, secret)})
    assert answer.location == "/app/"
    assert login.own_path("//evil.example", "/app/") == "/app/"
