"""A form half filled survives the session; views come back by name; passing on is seen on both start pages."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.own_things import DRAFT_CHARS_MAX, FIELDS_MAX, VIEWS_MAX
from domain.account import Role, Scope, User
from domain.clock import SystemClock
from domain.timespan import day_of
from tests.dashboard.fixtures import PASSWORD, World, login
from tests.dashboard.test_pages import route

FORM = "/app/money-type/statement"
TYPED = [["account", "6100-1"], ["kwh", "12,345.6"]]


def body(fields: Any = None, form: Any = 0, place: Any = FORM) -> dict[str, Any]:
    return {"place": place, "form": form, "page": f"{FORM}?x=1", "title": "结算单", "fields": fields or TYPED}


def keep(client: Any, token: str, sent: Any) -> Any:
    return client.post("/app/draft", json=sent, headers={"X-CSRFToken": token})


def kept(client: Any, place: str = FORM, form: int = 0) -> Any:
    return client.get("/app/draft", query_string={"place": place, "form": form}).get_json()


@pytest.fixture
def desk(world: World) -> Any:
    client = world.app().test_client()
    token = login(client, "settlement")
    client.post("/app/draft/drop", json={"place": FORM, "form": 0}, headers={"X-CSRFToken": token})
    return client, token


def test_a_draft_outlives_session_and_server_and_is_offered_on_the_start_page(
    world: World, desk: Any
) -> None:
    client, token = desk
    assert keep(client, token, body()).get_json()["saved"]
    client.post("/logout", data={"csrf_token": token})
    assert client.get("/app/draft", query_string={"place": FORM, "form": 0}).status_code in {302, 401}
    later = world.app().test_client()
    token = login(later, "settlement")
    assert kept(later)["fields"] == TYPED
    page = json.dumps(route(later, token, "/app/todo").get_json(), ensure_ascii=False)
    assert "未提交的草稿" in page
    assert f"{FORM}?x=1" in page


def test_nobody_else_sees_a_draft(world: World, desk: Any) -> None:
    client, token = desk
    keep(client, token, body())
    other = world.app().test_client()
    login(other, "accountant")
    assert kept(other) == {}


def test_an_emptied_form_and_one_that_was_sent_have_no_draft(world: World, desk: Any) -> None:
    client, token = desk
    keep(client, token, body())
    keep(client, token, body([["kwh", " "]]))
    assert kept(client) == {}
    keep(client, token, body(place="/password"))
    client.post(
        "/app/view/compare", data={"csrf_token": token, "name": "x", "query": "mode=ranking"}
    )  # another form
    assert kept(client, "/password")["fields"] == TYPED
    keep(client, token, body(place="/app/view/compare"))
    answer = client.post(
        "/app/view/compare", data={"csrf_token": token, "name": "x", "query": "mode=ranking"}
    )
    assert answer.status_code == 303
    assert kept(client, "/app/view/compare") == {}


def test_a_form_that_was_refused_keeps_its_draft(desk: Any) -> None:
    client, token = desk
    keep(client, token, body())
    answer = client.post(FORM, data={"csrf_token": token, "keep": "1", "account": "none"})
    assert answer.status_code == 422
    assert kept(client)["fields"] == TYPED


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        {},
        body(place=7),
        body(place="https://example.cn/x"),
        body(place="//example.cn/x"),
        body(place="/x\\y"),
        body(form="x"),
        body(form=-1),
        body(form=10**9),
        body([["a"]]),
        body([["a", 1]]),
        body([["a", "x" * (DRAFT_CHARS_MAX + 1)]]),
        body([["a", "x"]] * (FIELDS_MAX + 1)),
        {**body(), "fields": "x"},
    ],
)
def test_what_is_no_form_of_ours_is_refused_in_words(desk: Any, sent: Any) -> None:
    client, token = desk
    assert keep(client, token, sent).status_code in {400, 422}


def test_a_draft_needs_the_csrf_token(desk: Any) -> None:
    client, _ = desk
    assert client.post("/app/draft", json=body()).status_code == 400


def test_every_plain_form_of_who_is_logged_in_saves_drafts_and_no_other_does(desk: Any, world: World) -> None:
    client, _ = desk
    page = client.get(FORM).get_data(as_text=True)
    assert 'data-address="/app/draft"' in page
    assert "60-drafts.js" in page
    assert "60-drafts.js" not in world.app().test_client().get("/login").get_data(as_text=True)


def test_a_form_sent_after_the_session_ended_says_so_and_leads_back(world: World) -> None:
    client = world.app().test_client()
    answer = client.post(
        FORM, data={"kwh": "1"}, headers={"Accept": "text/html", "Referer": f"http://localhost{FORM}?x=1"}
    )
    text = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "登录已过期" in text
    assert f"/login?next={FORM}%3Fx%3D1" in text
    foreign = client.post(FORM, headers={"Accept": "text/html", "Referer": "https://example.cn/x"})
    assert "example.cn" not in foreign.get_data(as_text=True)


def test_a_view_is_kept_listed_opened_and_forgotten(world: World) -> None:
    client = world.app().test_client()
    token = login(client, "om")
    sent = {"csrf_token": token, "name": "<b>两站</b>", "query": "mode=ranking&from=2026-06-01&to=2026-06-07"}
    answer = client.post("/app/view/compare", data=sent)
    assert (answer.status_code, answer.location) == (303, f"/app/compare?{sent['query']}")
    shown = json.dumps(route(client, token, "/app/compare").get_json(), ensure_ascii=False)
    assert "两站" in shown
    assert f"/app/compare?{sent['query']}" in shown
    client.post("/app/view/compare/drop", data=sent)
    shown = json.dumps(route(client, token, "/app/compare").get_json(), ensure_ascii=False)
    assert "两站" not in shown


@pytest.mark.parametrize("page", ["plans", "..", "x%2Fy"])
def test_views_of_other_pages_cannot_be_kept(desk: Any, page: str) -> None:
    client, token = desk
    answer = client.post(f"/app/view/{page}", data={"csrf_token": token, "name": "x", "query": "a=b"})
    assert answer.status_code in {404, 405}


def test_a_view_never_leads_away_and_there_are_not_endlessly_many(world: World) -> None:
    client = world.app().test_client()
    token = login(client, "county")
    hostile = {"csrf_token": token, "name": "x", "query": "//example.cn/?a=b\r\nSet-Cookie: x=y"}
    answer = client.post("/app/view/compare", data=hostile)
    assert answer.location.startswith("/app/compare?")
    assert "Set-Cookie" not in answer.headers.get("Set-Cookie", "")
    assert client.post("/app/view/compare", data={**hostile, "name": " "}).status_code == 422
    codes = [
        client.post("/app/view/compare", data={**hostile, "name": f"v{place}"}).status_code
        for place in range(VIEWS_MAX + 1)
    ]
    assert codes.count(303) >= VIEWS_MAX - 1
    assert codes[-1] == 422


def _with(world: World, user: str, scope: Scope) -> None:
    hashed = world.passwords.hash(PASSWORD)
    if world.records.user(user) is None:
        world.records.add_user(User(user, f"{user}（虚构）", frozenset({Role.KEEPER}), scope, hashed))


def test_passing_on_is_seen_on_both_start_pages_and_ended_there(world: World) -> None:
    own = Scope(plant_ids=frozenset({world.registry.plants[0].plant_id}))
    _with(world, "keeper1", own)
    _with(world, "keeper2", replace(own, plant_ids=frozenset({world.registry.plants[1].plant_id})))
    giver, taker = world.app().test_client(), world.app().test_client()
    token, other = login(giver, "keeper1"), login(taker, "keeper2")
    page = giver.get("/app/deputy").get_data(as_text=True)
    assert "keeper2（虚构）" in page
    assert "settlement" not in page
    last = (day_of(SystemClock().now()) + timedelta(days=1)).isoformat()
    sent = {"csrf_token": token, "taker": "keeper2", "last": last, "reason": "<i>培训</i>"}
    assert giver.post("/app/deputy", data={**sent, "last": "x"}).status_code == 422
    assert giver.post("/app/deputy", data={**sent, "taker": "om"}).status_code == 422
    assert giver.post("/app/deputy", data=sent).status_code == 303
    mine = json.dumps(route(giver, token, "/app/todo").get_json(), ensure_ascii=False)
    theirs = json.dumps(route(taker, other, "/app/todo").get_json(), ensure_ascii=False)
    assert "您的待办由keeper2（虚构）代办" in mine
    assert "您代keeper1（虚构）办理" in theirs
    plant = world.registry.plants[0].plant_id
    assert taker.get(f"/app/readings/{plant}").status_code == 200
    page = taker.get("/app/deputy").get_data(as_text=True)
    assert "<i>培训" not in page
    end = page.split('action="')[1].split('"')[0]
    assert taker.post(end, data={"csrf_token": other}).status_code == 303
    assert taker.get(f"/app/readings/{plant}").status_code in {403, 404, 422}
    assert taker.post(end, data={"csrf_token": other}).status_code == 422
