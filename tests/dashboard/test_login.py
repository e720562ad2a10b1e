import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import guard
from dashboard.login import own_path
from tests.dashboard.small_app import PASSWORD, PREFIX, START, SmallApp, body, pattern_body, small_app

NEW = "a-quite-different-word-91"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallApp]:
    """For tests that leave nothing behind."""
    with small_app(tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SmallApp]:
    with small_app(tmp_path) as made:
        yield made


def test_the_right_password_opens_the_page_that_was_asked_for(app: SmallApp) -> None:
    browser = app.browser()
    asked = browser.get(f"{PREFIX}plants?town=1")
    assert asked.location == "/login?next=/app/plants%3Ftown%3D1"
    form = browser.get(asked.location).get_data(as_text=True)
    action = re.search(r'action="([^"]+)"', form)
    assert action is not None
    answer = browser.login("om", path=action[1].replace("&amp;", "&"))
    assert (answer.status_code, answer.location) == (303, f"{PREFIX}plants?town=1")
    assert browser.get(answer.location).status_code == 200
    assert browser.get("/login").location == f"{PREFIX}todo"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(app: SmallApp) -> None:
    pages = []
    for name in ("om", "nobody"):
        answer = app.browser().login(name, "wrong-password")
        assert answer.status_code == 401
        page = answer.get_data(as_text=True).replace(f'value="{name}"', "")
        pages.append(re.sub(r'name="csrf_token" value="[^"]*"', "", page))
    assert pages[0] == pages[1]
    assert "用户名或密码不对" in pages[0]


def test_the_password_never_comes_back_in_a_page_and_the_name_is_escaped(app: SmallApp) -> None:
    text = app.browser().login('"><script>alert(1)</script>', "my-own-secret").get_data(as_text=True)
    assert "my-own-secret" not in text
    assert "<script>" not in text


def test_many_wrong_tries_wait_and_then_go_on(app: SmallApp) -> None:
    browser = app.browser()
    for _ in range(5):
        assert browser.login("om", "wrong").status_code == 401
    answer = browser.login("om")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "请等" in answer.get_data(as_text=True)
    app.clock.advance(60)
    assert browser.login("om").status_code == 303


def test_a_session_planted_before_login_is_worthless_after_it(app: SmallApp) -> None:
    browser = app.browser()
    browser.client.set_cookie("pvmon_session", "planted-by-an-attacker")
    browser.login("om")
    first = browser.token()
    assert first not in {None, "planted-by-an-attacker"}
    browser.login("om")
    assert browser.token() != first
    thief = app.browser()
    thief.client.set_cookie("pvmon_session", first or "")
    assert thief.get(PREFIX).status_code == 302


def test_the_csrf_secret_is_new_after_login(app: SmallApp) -> None:
    browser = app.browser()
    before = browser.csrf()
    browser.login("om")
    assert browser.callback(body(), {guard.CSRF_HEADER: before}).status_code == 400


def test_a_stolen_cookie_is_worthless_after_logout(app: SmallApp) -> None:
    browser, thief = app.browser(), app.browser()
    browser.login("om")
    thief.client.set_cookie("pvmon_session", browser.token() or "")
    assert thief.get(PREFIX).status_code == 200
    answer = browser.post("/logout", {})
    assert (answer.status_code, answer.location) == (303, "/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert browser.token() is None
    assert thief.get(PREFIX).status_code == 302
    assert thief.callback(body()).status_code == 401


def test_logging_out_twice_or_without_a_login_is_harmless(app: SmallApp) -> None:
    browser = app.browser()
    assert browser.post("/logout", {}).status_code == 303
    assert browser.get("/logout").status_code == 405


@pytest.mark.parametrize(
    ("role", "minutes"), [("om", 60), ("accountant", 15), ("county", 15), ("auditor", 15)]
)
def test_a_session_ends_when_nobody_uses_it(app: SmallApp, role: str, minutes: int) -> None:
    browser = app.browser()
    browser.login(role)
    app.clock.advance(minutes * 60 - 1)
    assert browser.get(PREFIX).status_code == 200
    app.clock.advance(minutes * 60)
    assert browser.get(PREFIX).status_code == 302


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(app: SmallApp) -> None:
    ticking, idle = app.browser(), app.browser()
    ticking.login("accountant")
    idle.login("auditor")
    token, header = ticking.csrf(), idle.csrf()
    for _ in range(30):
        app.clock.advance(31)
        ticking.client.post(
            f"{PREFIX}_dash-update-component", json=pattern_body(1), headers={guard.CSRF_HEADER: token}
        )
        idle.client.post(
            f"{PREFIX}_dash-update-component",
            json=body(),
            headers={guard.CSRF_HEADER: header, guard.IDLE_HEADER: "61"},
        )
    assert ticking.callback(pattern_body(1)).status_code == 401
    assert idle.callback(body()).status_code == 401


def test_a_session_ends_after_twelve_hours_of_use(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("om")
    for _ in range(23):
        app.clock.advance(1800)
        assert browser.get(PREFIX).status_code == 200
    app.clock.advance(1800)
    assert browser.get(PREFIX).status_code == 302


def test_the_fourth_login_ends_the_first(app: SmallApp) -> None:
    browsers = []
    for _ in range(4):
        browser = app.browser()
        browser.login("om")
        browsers.append(browser)
        app.clock.advance(1)
    assert [browser.get(PREFIX).status_code for browser in browsers] == [302, 200, 200, 200]


def test_a_one_time_password_opens_nothing_but_its_change(app: SmallApp) -> None:
    browser = app.browser()
    assert browser.login("fresh").location == "/password"
    assert browser.get(PREFIX).location == "/password"
    assert browser.callback(body()).status_code == 401
    assert "一次性密码" in browser.get("/password").get_data(as_text=True)
    answer = browser.post("/password", {"current": PASSWORD, "new": NEW, "again": NEW})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert browser.get("/password").status_code == 302
    assert browser.login("fresh", NEW).location == f"{PREFIX}todo"
    assert browser.get(PREFIX).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "again", "words"),
    [
        ("wrong", NEW, NEW, "现在的密码不对"),
        (PASSWORD, NEW, NEW + "x", "不一样"),
        (PASSWORD, "short-1", "short-1", "至少要 12 个字符"),
        (PASSWORD, "guangfu123456", "guangfu123456", "太容易猜"),
        (PASSWORD, PASSWORD, PASSWORD, "请换一个"),
    ],
)
def test_a_bad_new_password_is_refused_with_why(
    app: SmallApp, current: str, new: str, again: str, words: str
) -> None:
    browser = app.browser()
    browser.login("om")
    answer = browser.post("/password", {"current": current, "new": new, "again": again})
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert app.browser().login("om").status_code == 303


def test_a_change_of_password_ends_every_session(app: SmallApp) -> None:
    one, other = app.browser(), app.browser()
    one.login("om")
    other.login("om")
    one.post("/password", {"current": PASSWORD, "new": NEW, "again": NEW})
    assert other.get(PREFIX).status_code == 302
    assert app.browser().login("om").status_code == 401


def test_a_disabled_account_is_out_at_once(app: SmallApp) -> None:
    from access.principal import console_principal

    browser = app.browser()
    browser.login("om")
    app.services.accounts.disable(console_principal(), "om")
    assert browser.get(PREFIX).status_code == 302
    assert app.browser().login("om").status_code == 401


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/app/\r\nSet-Cookie: x=1",
        "///evil.example",
        "http:evil",
        "",
        "/login?next=/app/",
        "/logout",
    ],
)
def test_the_way_back_leads_only_to_own_pages(shared: SmallApp, wanted: str) -> None:
    assert own_path(wanted, PREFIX) == PREFIX
    browser = shared.browser()
    browser.csrf()
    answer = browser.client.post(
        "/login",
        query_string={"next": wanted},
        data={"csrf_token": browser.csrf(), "user": "om", "password": PASSWORD},
    )
    assert answer.location == f"{PREFIX}todo"


@given(st.text())
def test_no_text_whatever_leads_elsewhere(wanted: str) -> None:
    found = own_path(wanted, PREFIX)
    assert found.startswith("/")
    assert not found.startswith("//")
    assert "\\" not in found


def test_the_language_can_be_switched_without_javascript_and_is_remembered(app: SmallApp) -> None:
    browser = app.browser()
    page = browser.get("/login?next=/app/plants").get_data(as_text=True)
    assert '<html lang="zh-CN">' in page
    link = re.search(r'href="(\?[^"]*lang=en)"', page)
    assert link is not None
    english = browser.get("/login" + link[1].replace("&amp;", "&")).get_data(as_text=True)
    assert '<html lang="en">' in english
    assert "next=/app/plants" in english
    assert "Log in" in browser.get("/login").get_data(as_text=True)
    assert "<script" not in page


def test_the_landing_shows_only_what_is_there(app: SmallApp) -> None:
    browser = app.browser()
    before = browser.get("/").get_data(as_text=True)
    assert 'href="/login"' in before
    assert "公示" not in before
    browser.login("om")
    after = browser.get("/").get_data(as_text=True)
    assert f'href="{PREFIX}todo"' in after
    assert "om（虚构）" in after


def test_every_login_and_refusal_leaves_exactly_one_entry(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("om", "wrong")
    browser.login("my-password-typed-as-name", "x")
    browser.login("om")
    browser.post("/logout", {})
    entries = [(e.user_id, e.action, e.outcome, e.address) for e in app.records.audit(START)]
    assert entries == [
        ("om", "logout", "done", "127.0.0.1"),
        ("om", "login", "done", "127.0.0.1"),
        ("", "login", "refused", "127.0.0.1"),
        ("om", "login", "refused", "127.0.0.1"),
    ]
    assert "my-password" not in str(app.records.audit(START))


def test_only_the_hash_of_a_token_is_kept(app: SmallApp, tmp_path: Path) -> None:
    browser = app.browser()
    browser.login("om")
    token = browser.token() or ""
    assert len(token) >= 43
    for path in tmp_path.iterdir():
        assert token.encode() not in path.read_bytes()
