import base64
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard import security
from domain.errors import ConfigurationError
from tests.dashboard.small_app import PREFIX, SmallApp, body, small_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SmallApp]:
    with small_app(tmp_path) as made:
        yield made


@pytest.fixture
def app_https(tmp_path: Path) -> Iterator[SmallApp]:
    with small_app(tmp_path, https=True) as made:
        yield made


def test_every_answer_carries_the_headers_also_refusals_and_errors(app: SmallApp) -> None:
    stranger, known = app.browser(), app.browser()
    known.login("om")
    answers = [
        stranger.get("/"),
        stranger.get("/login"),
        stranger.get(PREFIX),
        stranger.callback(body()),
        known.get(PREFIX),
        known.get(f"{PREFIX}nowhere"),
        known.get(f"{PREFIX}_dash-layout"),
        known.callback(body()),
        known.callback(body("crash")),
        known.callback({}),
        known.get(f"{PREFIX}_favicon.ico"),
    ]
    for answer in answers:
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers
        assert "Access-Control-Allow-Origin" not in headers


def test_scripts_run_only_from_us_or_by_their_hash(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("om")
    answer = browser.get(PREFIX)
    found = re.search(r"script-src ([^;]+);", answer.headers["Content-Security-Policy"])
    assert found is not None
    allowed = found[1].split()
    assert allowed[0] == "'self'"
    assert all(source.startswith("'sha256-") for source in allowed[1:])
    html = answer.get_data(as_text=True)
    inline = re.findall(r"<script(?![^>]*(?:src=|json))[^>]*>(.+?)</script>", html, re.DOTALL)
    assert inline
    for code in inline:
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed


def test_data_is_never_kept_by_a_browser_and_scripts_are(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("om")
    html = browser.get(PREFIX).get_data(as_text=True)
    script = re.search(r'src="(/app/_dash-component-suites/[^"]+)"', html)
    assert script is not None
    for path in (PREFIX, f"{PREFIX}_dash-layout", f"{PREFIX}_dash-dependencies", "/login", "/"):
        assert browser.get(path).headers["Cache-Control"] == "no-store"
    assert browser.callback(body()).headers["Cache-Control"] == "no-store"
    assert "immutable" in browser.get(script[1]).headers["Cache-Control"]
    assert browser.get(f"{PREFIX}_favicon.ico").headers["Cache-Control"] == "no-cache"
    assert browser.get(f"{PREFIX}assets/missing.js?m=1").headers["Cache-Control"] == "no-store"


def test_cookies_are_closed_to_scripts_and_other_sites(app: SmallApp) -> None:
    browser = app.browser()
    [session] = [
        c for c in browser.login("om").headers.getlist("Set-Cookie") if c.startswith("pvmon_session=")
    ]
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Secure" not in session
    for cookie in browser.get("/login?lang=en").headers.getlist("Set-Cookie"):
        assert "SameSite=Lax" in cookie
        assert "HttpOnly" in cookie or cookie.startswith("csrf_token=")


def test_over_https_every_cookie_is_secure_and_bound_to_the_host(app_https: SmallApp) -> None:
    browser = app_https.browser()
    answer = browser.login("om")
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie") + browser.get("/").headers.getlist("Set-Cookie")
    names = {cookie.partition("=")[0] for cookie in cookies}
    assert {"__Host-pvmon_session", "__Host-pvmon_form", "csrf_token"} >= names
    assert all("Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie for cookie in cookies)
    assert browser.get(PREFIX).status_code == 200
    assert browser.callback(body()).status_code == 200
    assert browser.get("/").headers["Strict-Transport-Security"] == "max-age=31536000"
    assert browser.post("/logout", {}).status_code == 303
    assert browser.token() is None


def test_a_body_above_the_limit_is_refused(app: SmallApp) -> None:
    browser = app.browser()
    token = browser.csrf()
    answer = browser.client.post("/login", data={"csrf_token": token, "user": "x" * 2_000_000})
    assert answer.status_code == 413
    assert "Traceback" not in answer.get_data(as_text=True)


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    key = security.secret_key(tmp_path)
    path = tmp_path / "secrets" / "web.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(key) >= 64
    assert security.secret_key(tmp_path) == key
    assert security.secret_key(tmp_path / "other") != key


def test_a_key_others_may_read_is_refused_with_the_cure(tmp_path: Path) -> None:
    security.secret_key(tmp_path)
    path = tmp_path / "secrets" / "web.key"
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {path}"):
        security.secret_key(tmp_path)


@pytest.mark.parametrize("bad", ["", "changeme", "x" * 64, "my-super-secret-auth-token", "admin123"])
def test_a_key_that_is_none_is_refused(tmp_path: Path, bad: str) -> None:
    security.secret_key(tmp_path)
    (tmp_path / "secrets" / "web.key").write_text(bad)
    with pytest.raises(ConfigurationError, match="remove the file"):
        security.secret_key(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="--data"):
        security.secret_key(tmp_path / "file")


@pytest.mark.parametrize("name", ["DASH_MCP_ENABLED", "DASH_DEBUG", "FLASK_DEBUG"])
def test_switches_that_open_the_pages_to_anybody_stop_the_start(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        security.refuse_switches({name: "true"})
    security.refuse_switches({name: "0", "PATH": os.defpath})
    security.refuse_switches({})
