import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dash
import pytest
from dash import Input, Output
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from access.guard import permission_of
from access.permissions import ROLE_PERMISSIONS, Permission
from dashboard import guard
from dashboard.callback_body import body_problem, value_problem
from domain.account import Role
from domain.errors import ConfigurationError
from tests.dashboard.small_app import KEY, PREFIX, SmallApp, admin_body, body, pattern_body, small_app

OPEN = {"/", "/login", "/livez"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallApp]:
    """For tests that leave nothing behind."""
    with small_app(tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SmallApp]:
    with small_app(tmp_path) as made:
        yield made


def _paths(server: Flask) -> list[tuple[str, str]]:
    found = []
    for rule in server.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        found += [
            (method, path) for method in sorted(rule.methods or ()) if method not in {"HEAD", "OPTIONS"}
        ]
    return found


def test_without_a_session_every_route_sends_to_the_login(app: SmallApp) -> None:
    walked = 0
    for method, path in _paths(app.server):
        is_asset = path.startswith(
            (f"{PREFIX}assets/", f"{PREFIX}_dash-component-suites/", f"{PREFIX}_favicon")
        )
        if path in OPEN | {"/logout"} or (method == "GET" and is_asset):
            continue
        answer = app.browser().client.open(path, method=method, headers={"Accept": "text/html"})
        walked += 1
        if method == "GET" and not path.startswith(f"{PREFIX}_"):
            assert answer.status_code == 302, path
            assert answer.location.startswith("/login?next="), path
        else:
            assert answer.status_code == 401, (method, path)
            if path.startswith(f"{PREFIX}_"):
                assert answer.get_json()["login"] == "/login"
            else:
                assert 'href="/login?next=' in answer.get_data(as_text=True), (
                    "a person is told where to go on"
                )
    assert walked >= 7


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_no_other_method_gets_past_the_guard_either(shared: SmallApp, method: str) -> None:
    for path in (PREFIX, f"{PREFIX}_dash-layout", f"{PREFIX}assets/x.js", "/password", "/nowhere"):
        assert shared.browser().client.open(path, method=method).status_code in {401, 405}


def test_landing_login_health_and_component_scripts_are_open(app: SmallApp) -> None:
    browser = app.browser()
    for path in sorted(OPEN):
        assert browser.get(path).status_code == 200, path
    assert browser.get(f"{PREFIX}_favicon.ico").status_code == 200
    assert browser.get(f"{PREFIX}assets/missing.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/app/assets/../_dash-layout",
        "/app/assets/%2e%2e/_dash-layout",
        "/app//_dash-layout",
        "//app/_dash-layout",
        "/app/_dash-layout/",
        "/app/_dash-layout;x",
        "/APP/_dash-layout",
        "/app/assets/..%2f..%2f_dash-dependencies",
    ],
)
def test_a_crooked_path_never_reaches_data(shared: SmallApp, path: str) -> None:
    answer = shared.browser().get(path)
    assert answer.status_code in {302, 308, 401, 404}
    assert b"dcc.Input" not in answer.data
    assert b"namespace" not in answer.data


def test_with_a_session_pages_open_and_unknown_paths_are_not_found(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("om")
    assert browser.get(PREFIX).status_code == 200
    assert browser.get(f"{PREFIX}plants").status_code == 200
    for path in ("x", "plants/x", "_mcp", "admin", "plants.php", "%2e%2e", "_reload-hash/x", ".git/config"):
        answer = browser.get(PREFIX + path)
        assert answer.status_code == 404, path
        assert b"_dash-config" not in answer.data
    assert browser.get("/.git/config").status_code == 404
    assert browser.get("/metrics").status_code == 404


@pytest.mark.parametrize("role", [role for role in Role if role.logs_in])
@pytest.mark.parametrize("which", ["overview", "users"])
def test_each_role_gets_exactly_the_callbacks_of_the_table(shared: SmallApp, role: Role, which: str) -> None:
    browser = shared.browser()
    browser.login(role.value)
    permission = Permission.VIEW_OVERVIEW if which == "overview" else Permission.MANAGE_USERS
    answer = browser.callback(body() if which == "overview" else admin_body())
    assert answer.status_code == (200 if permission in ROLE_PERMISSIONS[role] else 403)
    if answer.status_code == 200:
        assert role.value in answer.get_data(as_text=True)
    else:
        assert "没有此项权限" in answer.get_json()["reason"]


def test_every_callback_of_the_app_states_a_permission(app: SmallApp) -> None:
    stated = {
        output: permission_of(spec["callback"])
        for output, spec in app.dash.callback_map.items()
        if "callback" in spec
    }
    assert stated == {
        "total.children": Permission.VIEW_OVERVIEW,
        "users.children": Permission.MANAGE_USERS,
        "sum.children": Permission.VIEW_OVERVIEW,
    }


def _bare_app(tmp_path: Path) -> Any:
    server: Any = Flask("bare", static_folder=None)
    server.secret_key = KEY
    services: Any = object()  # nothing is asked of them at start
    guard.install(server, services, known_path=lambda _: True, prefix=PREFIX)
    return dash.Dash("bare", server=server, url_base_pathname=PREFIX, enable_mcp=False, **guard.DASH_OPTIONS)


def test_a_callback_without_a_permission_stops_the_start(tmp_path: Path) -> None:
    app = _bare_app(tmp_path)
    app.callback(Output("leak", "children"), Input("x", "value"))(lambda x: x)
    with pytest.raises(ConfigurationError, match=r"leak\.children"):
        guard.check_callbacks(app)
    guard.check_callbacks(app, internal=["leak.children"])


def test_a_route_without_a_permission_stops_the_start(tmp_path: Path) -> None:
    app = _bare_app(tmp_path)
    app.server.add_url_rule("/export", "export", lambda: "everything")
    with pytest.raises(ConfigurationError, match="/export"):
        guard.check_callbacks(app)


@pytest.mark.parametrize("key", [None, "", "dev", "x" * 31])
def test_a_server_without_a_good_key_is_refused(key: str | None) -> None:
    server = Flask("bare")
    server.secret_key = key
    services: Any = object()
    with pytest.raises(ConfigurationError, match="secret key"):
        guard.install(server, services, known_path=lambda _: True)


HOSTILE_BODIES: list[Any] = [
    None,
    [],
    "x",
    7,
    {},
    {"output": None},
    {"output": ["total.children"]},
    {"output": "nowhere.children"},
    {"output": "mirror.children"},
    {"output": ".."},
    body(output="total.style"),
    body() | {"inputs": []},
    body() | {"inputs": "day.value"},
    body() | {"inputs": [{"id": "night", "property": "value"}]},
    body() | {"inputs": [{"id": "day", "property": "n_clicks"}]},
    body() | {"inputs": [None]},
    body() | {"inputs": [[{"id": "day", "property": "value"}]]},
    body() | {"state": []},
    body() | {"state": {"id": "number"}},
    body() | {"outputs": None},
    body() | {"outputs": {"id": "users", "property": "children"}},
    body() | {"outputs": [{"id": "total", "property": "children"}]},
    body() | {"changedPropIds": "day.value"},
    body() | {"changedPropIds": [{"id": "day"}]},
    body("x" * 20_001),
    body(["x"] * 60_000),
    body(number=1 << 70),
    pattern_body({"n": 1}),
    pattern_body(None),
    pattern_body(True),
]


@pytest.mark.parametrize("hostile", HOSTILE_BODIES, ids=range(len(HOSTILE_BODIES)))
def test_a_body_no_browser_sends_is_the_senders_mistake(shared: SmallApp, hostile: Any) -> None:
    browser = shared.browser()
    browser.login("om")
    answer = browser.callback(hostile)
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("day", "number"), [(7, 1), (["a"], 1), ({"a": 1}, 1), (True, 1), ("a", "1"), ("a", [1]), ("a", True)]
)
def test_a_value_of_another_type_is_refused(shared: SmallApp, day: Any, number: Any) -> None:
    browser = shared.browser()
    browser.login("om")
    assert browser.callback(body(day, number=number)).status_code == 422
    assert browser.callback(body("a", number=None)).status_code == 200
    assert browser.callback(body("a", number=1.5)).status_code == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_refused(shared: SmallApp, number: str) -> None:
    browser = shared.browser()
    browser.login("om")
    raw = json.dumps(body()).replace('"value": 1', f'"value": {number}')
    assert number in raw
    answer = browser.client.post(
        f"{PREFIX}_dash-update-component",
        data=raw,
        content_type="application/json",
        headers={guard.CSRF_HEADER: browser.csrf()},
    )
    assert answer.status_code == 422


def test_what_is_no_json_is_refused(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("om")
    headers = {guard.CSRF_HEADER: browser.csrf()}
    path = f"{PREFIX}_dash-update-component"
    for content_type, data, status in (
        ("text/plain", json.dumps(body()), 415),
        ("application/json", "{", 400),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", "[" * 100_000, 400),
        ("multipart/form-data; boundary=x", "--x--", 415),
    ):
        answer = browser.client.post(path, data=data, content_type=content_type, headers=headers)
        assert answer.status_code == status, (content_type, answer.data[:200])


def test_pattern_ids_pass_when_they_fit(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("om")
    assert "3 4" in browser.callback(pattern_body(1, 2, "c")).get_data(as_text=True)
    assert browser.callback(pattern_body()).status_code == 200


def test_a_crash_shows_an_incident_and_never_its_inside(
    app: SmallApp, caplog: pytest.LogCaptureFixture
) -> None:
    browser = app.browser()
    browser.login("om")
    with caplog.at_level(logging.ERROR):
        answer = browser.callback(body("crash"))
    assert answer.status_code == 500
    text = answer.get_data(as_text=True)
    assert "secret inside" not in text
    assert "ZeroDivisionError" not in text
    assert answer.get_json()["incident"] in caplog.text
    assert "secret inside" in caplog.text


def test_a_command_that_cannot_be_done_says_why(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("om")
    answer = browser.callback(body("refuse"))
    assert (answer.status_code, answer.get_json()["reason"]) == (422, "cannot be done")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8051"},
        {"Origin": "https://localhost"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_forged_post_of_another_page_is_refused(shared: SmallApp, headers: dict[str, str]) -> None:
    browser = shared.browser()
    browser.login("om")
    assert browser.callback(body(), headers).status_code == 403
    assert browser.post("/logout", {}, **headers).status_code == 403
    assert browser.callback(body()).status_code == 200


@pytest.mark.parametrize("token", [None, "", "x", "ImZvbyI.aaaa.bbbb"])
def test_a_post_without_the_csrf_token_is_refused(shared: SmallApp, token: str | None) -> None:
    browser = shared.browser()
    browser.login("om")
    headers = {} if token is None else {guard.CSRF_HEADER: token}
    answer = browser.client.post(f"{PREFIX}_dash-update-component", json=body(), headers=headers)
    assert answer.status_code == 400


def test_the_csrf_token_of_somebody_else_does_not_help(app: SmallApp) -> None:
    victim, attacker = app.browser(), app.browser()
    victim.login("om")
    attacker.login("keeper")
    assert victim.callback(body(), {guard.CSRF_HEADER: attacker.csrf()}).status_code == 400


def test_large_bodies_pass_only_where_files_are_taken(app: SmallApp) -> None:
    browser = app.browser()
    browser.login("admin")
    large = "x" * (2 * 1024 * 1024)
    assert browser.callback(admin_body(large)).status_code == 200
    assert browser.callback(body(large)).status_code in {413, 422}
    assert browser.callback(body([large[:15_000]] * 100)).status_code == 413
    assert browser.callback(admin_body(large * 15)).status_code == 413


def test_two_people_at_once_see_only_their_own(app: SmallApp) -> None:
    one, other = app.browser(), app.browser()
    one.login("om")
    other.login("keeper")
    assert "om:3" in one.callback(body()).get_data(as_text=True)
    assert "keeper:3" in other.callback(body()).get_data(as_text=True)
    assert "om:3" in one.callback(body()).get_data(as_text=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
SPECS = {
    "a.b": {"callback": print, "inputs": [{"id": "day", "property": "value"}], "state": []},
    "..a.b...c.d..": {"callback": print, "inputs": [{"id": '{"n":["ALL"]}', "property": "v"}], "state": []},
}


@given(
    st.fixed_dictionaries(
        {"output": st.sampled_from([*SPECS, "x"]) | json_values},
        optional={
            "inputs": json_values | st.just([{"id": "day", "property": "value", "value": 1}]),
            "state": json_values,
            "outputs": json_values,
            "changedPropIds": json_values,
        },
    )
    | json_values
)
def test_no_body_whatever_makes_the_check_itself_fail(hostile: Any) -> None:
    refusal = body_problem(hostile, SPECS)
    assert refusal is None or (400 <= refusal[0] < 500 and refusal[1])


def test_values_are_bounded_in_depth_and_number() -> None:
    deep: Any = 1
    for _ in range(30):
        deep = [deep]
    assert value_problem(deep) == "nested too deeply"
    assert value_problem([0] * 60_000) == "too many values"
    assert value_problem({"a": [1, "b", None, True, 2.5]}) == ""
