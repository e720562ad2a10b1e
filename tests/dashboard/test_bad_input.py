"""What goes wrong in front of a browser: a clear answer in words, nothing of anybody else's, and never a trace."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from dashboard.factory import create_app
from tests.dashboard.fixtures import World, login
from tests.dashboard.test_pages import route

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SCRIPT = "<script>alert(1)</script>"
CALLBACK = "/app/_dash-update-component"


@pytest.fixture(scope="module")
def app(world: World) -> Any:
    return world.app()


def told(answer: Any, status: int) -> str:
    """Return what an answer says after checking that it is this status and no trace."""
    text = str(answer.get_data(as_text=True))
    assert answer.status_code == status, text[:400]
    for leak in ("Traceback", 'File "', "sqlalchemy", "werkzeug"):
        assert leak not in text
    return text


def test_an_expired_session_leads_to_the_login_and_back(app: Any, world: World) -> None:
    client = app.test_client()
    token = login(client, "om")
    world.records.end_sessions_of("om")
    assert client.get("/app/plants?x=1").location == "/login?next=/app/plants%3Fx%3D1"
    refused = json.loads(told(client.post(CALLBACK, json={}, headers={"X-CSRFToken": token}), 401))
    assert refused == {"error": "login", "login": "/login"}
    sent = client.post("/app/view/compare", data={"csrf_token": token}, headers={"Accept": "text/html"})
    assert "登录已过期" in told(sent, 401)


def test_a_form_of_another_tab_is_refused_in_words_after_a_new_login_and_the_new_one_works(app: Any) -> None:
    client = app.test_client()
    old = login(client, "om")
    client.post("/logout", data={"csrf_token": old})
    new = login(client, "om")  # in the second tab
    kept = {"name": "我的", "query": ""}
    form = {"Accept": "text/html"}
    told(client.post("/app/view/compare", data={**kept, "csrf_token": old}, headers=form), 400)
    assert client.post("/app/view/compare", data={**kept, "csrf_token": new}, headers=form).status_code == 303


def test_a_plant_taken_away_while_it_is_viewed_is_said_to_be_not_there(world: World) -> None:
    gone = world.registry.plants[0]
    fewer = replace(world.registry, plants=world.registry.plants[1:])
    sources = replace(world.services.sources, registry=fewer)
    client = create_app(replace(world.services, sources=sources), world.settings).test_client()
    token = login(client, "om")
    for tab in ("summary", "curves", "devices", "strings", "papers", "days"):
        page = told(route(client, token, f"/app/plants/{gone.plant_id}?tab={tab}"), 200)
        assert "trouble" in page, tab
        assert gone.name not in json.loads(page).get("response", {}).get("title", {}).get("data", "")
    picks = f"/app/compare?picks={gone.plant_id}:plant_power"
    told(route(client, token, picks), 200)
    body = {
        "output": "..plant-head.children...plant-body.children..",
        "outputs": [
            {"id": "plant-head", "property": "children"},
            {"id": "plant-body", "property": "children"},
        ],
        "inputs": [
            {"id": "plant-tab", "property": "value", "value": "summary"},
            {"id": "plant-tick", "property": "n_intervals", "value": 1},
        ],
        "state": [{"id": "plant-id", "property": "data", "value": {"plant": gone.plant_id, "device": None}}],
        "changedPropIds": ["plant-tick.n_intervals"],
    }
    answer = client.post(CALLBACK, json=body, headers={"X-CSRFToken": token})
    assert answer.status_code in {200, 403, 404}, answer.get_data(as_text=True)[:300]
    assert gone.name not in told(answer, answer.status_code)


@pytest.mark.parametrize(
    "span", ["from=2016-06-18&to=2026-06-18", "from=0001-01-01&to=9999-12-31", "from=x&to=y"]
)
def test_a_span_of_ten_years_or_of_none_is_answered(app: Any, world: World, span: str) -> None:
    client, plant = app.test_client(), world.registry.plants[0].plant_id
    token = login(client, "om")
    for path in (
        f"/app/plants/{plant}?tab=curves&{span}",
        f"/app/plants/{plant}?tab=days&{span}",
        f"/app/compare?picks={plant}:plant_power&{span}",
        f"/app/compare?mode=strings&{span}",
        f"/app/data?{span}",
    ):
        page = told(route(client, token, path), 200)
        assert len(page) < 3_000_000, path


def test_a_script_in_a_name_is_text_everywhere(world: World) -> None:
    plants = [
        replace(p, name=SCRIPT, devices=tuple(replace(d, name=SCRIPT) for d in p.devices))
        for p in world.registry.plants
    ]
    registry = replace(world.registry, plants=tuple(plants))
    services = replace(world.services, sources=replace(world.services.sources, registry=registry))
    client = create_app(services, world.settings).test_client()
    token = login(client, "om")
    manual = next(p.plant_id for p in plants if p.connection.value == "manual")
    for path in (f"/app/readings/{manual}", "/app/stops", "/app/report-form", "/app/share?kind=brief"):
        page = told(client.get(path), 200)
        assert SCRIPT not in page, path
    assert "&lt;script&gt;" in client.get(f"/app/readings/{manual}").get_data(as_text=True)
    for path in ("/app/", "/app/plants", f"/app/plants/{plants[0].plant_id}?tab=devices"):
        answer = route(client, token, path)
        assert answer.mimetype == "application/json"  # text of components, never markup
        assert "dangerously" not in told(answer, 200)
    table = client.get("/app/export?page=/app/plants&table=0&form=csv")
    assert table.mimetype == "text/csv"


@pytest.mark.parametrize("path", [CALLBACK, "/app/report-form", "/login", "/app/view/compare"])
def test_two_hundred_megabytes_are_refused_before_they_are_read(app: Any, path: str) -> None:
    client = app.test_client()
    token = login(client, "om")

    class Endless:
        """A body that must not be read to its end."""

        read_bytes = 0

        def read(self, count: int = -1) -> bytes:
            wanted = count if count > 0 else 1 << 16
            self.read_bytes += wanted
            return b"x" * wanted

        readline = read

    body = Endless()
    kind = "application/json" if path == CALLBACK else "multipart/form-data; boundary=x"
    answer = client.post(
        path,
        headers={"X-CSRFToken": token, "Accept": "text/html"},
        content_type=kind,
        environ_overrides={"CONTENT_LENGTH": str(200 * 1024 * 1024), "wsgi.input": body},
    )
    told(answer, 413)
    assert body.read_bytes < 40 * 1024 * 1024


def bomb(parts: int = 1, size: int = 200 * 1024 * 1024) -> bytes:
    """A small file that is large when it is opened."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for number in range(parts):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
                for _ in range(size // (4 << 20)):
                    part.write(b" " * (4 << 20))
    return target.getvalue()


def test_a_workbook_that_is_a_bomb_is_refused_in_words(app: Any) -> None:
    client = app.test_client()
    token = login(client, "om")
    for content in (bomb(), bomb(3_000, 0), b"PK\x03\x04broken", b"%PDF-1.7"):
        assert len(content) < 1 << 20
        sent = {"csrf_token": token, "month": "2026-05", "file": (io.BytesIO(content), "x.xlsx", XLSX)}
        page = told(client.post("/app/report-form", data=sent, content_type="multipart/form-data"), 422)
        assert 'class="problem"' in page


@pytest.mark.parametrize("value", ["", "x", "a" * 3_900, "\u00e9", "' OR 1=1 --", "../../etc/passwd"])
def test_a_tampered_cookie_is_nobodys(app: Any, value: str) -> None:
    client = app.test_client()
    token = login(client, "om")
    client.set_cookie("pvmon_session", value)
    assert client.get("/app/plants").location.startswith("/login")
    told(client.post(CALLBACK, json={}, headers={"X-CSRFToken": token}), 401)
    whole = app.test_client()
    token = login(whole, "om")
    whole.set_cookie("pvmon_form", value)
    answer = whole.post(CALLBACK, json={}, headers={"X-CSRFToken": token})
    assert answer.status_code in {400, 404}
    told(answer, answer.status_code)


def test_a_token_of_one_person_opens_nothing_in_the_session_of_another(app: Any) -> None:
    mine, theirs = app.test_client(), app.test_client()
    own, other = login(mine, "om"), login(theirs, "county")
    assert own != other
    kept = {"name": "x", "query": ""}
    form = {"Accept": "text/html"}
    told(mine.post("/app/view/compare", data={**kept, "csrf_token": other}, headers=form), 400)
    session = mine.get_cookie("pvmon_session").value
    mine.post("/logout", data={"csrf_token": own})
    late = app.test_client()
    late.set_cookie("pvmon_session", session)
    assert late.get("/app/plants").location.startswith("/login")


@pytest.mark.parametrize("place", [[], [[[[]]]], ["x"], [None, 3, "y"], None])
def test_a_close_asked_for_nowhere_is_refused_in_words(app: Any, place: Any) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    body = {
        "output": "ledger-said.children",
        "outputs": {"id": "ledger-said", "property": "children"},
        "inputs": [{"id": "ledger-ask", "property": "n_clicks", "value": 1}],
        "state": [{"id": "ledger-place", "property": "data", "value": place}],
        "changedPropIds": ["ledger-ask.n_clicks"],
    }
    answer = client.post(CALLBACK, json=body, headers={"X-CSRFToken": token})
    assert answer.status_code < 500
    told(answer, answer.status_code)
