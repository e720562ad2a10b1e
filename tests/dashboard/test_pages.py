"""Every page for every role in both languages, through the real server: shape, words, scope, refusals."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboard.fixtures import USERS, login

HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH_UI = re.compile(
    r"\b(Overview|Plants?|Power|Energy|Load|Today|Yesterday|Export|Devices|Strings|Summary|Curves|Papers|"
    r"Owner|Capacity|Reading|Data|Fault|Normal|Night|Interrupted|Fresh|Late|Median|Unknown|Log out|Jobs|Rows|Size)\b"
)
# identifiers of makes and files, and the name of the other language
DATA_WORDS = re.compile(r"duckdb|sun2000|sungrow_sg|growatt_max|English|中文")


@pytest.fixture(scope="module")
def app(world: Any) -> Any:
    return world.app()


def paths(world: Any) -> Any:
    live, manual, file = (
        next(p.plant_id for p in world.registry.plants if p.connection.value == kind)
        for kind in ("live", "manual", "file")
    )
    tabs = [
        f"/app/plants/{live}?tab={tab}"
        for tab in ("summary", "curves", "days", "devices", "strings", "masks", "papers")
    ]
    return [
        "/app/",
        "/app/plants",
        "/app/plants?show=abnormal",
        *tabs,
        f"/app/plants/{manual}",
        f"/app/plants/{file}",
        "/app/data",
    ]


MONEY_PATHS = ["/app/income", "/app/reconciliation", "/app/ledger"]
MONEY_ROLES = {"accountant", "county", "auditor", "settlement", "township"}


def route(client: Any, token: Any, path: Any) -> Any:
    """Ask the router for a page as the browser does."""
    address, _, search = path.partition("?")
    return client.post(
        "/app/_dash-update-component",
        json={
            "output": "..page.children...title.data...shown.data..",
            "outputs": [
                {"id": "page", "property": "children"},
                {"id": "title", "property": "data"},
                {"id": "shown", "property": "data"},
            ],
            "inputs": [
                {"id": "url", "property": "pathname", "value": address},
                {"id": "url", "property": "search", "value": f"?{search}" if search else ""},
            ],
            "state": [{"id": "shown", "property": "data", "value": None}],
            "changedPropIds": ["url.pathname"],
        },
        headers={"X-CSRFToken": token},
    )


def words_of(node: Any, skip: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every text a person reads in a layout: children, labels, titles, names of traces."""
    shown = {
        "children",
        "label",
        "title",
        "text",
        "placeholder",
        "headerName",
        "aria-label",
        "name",
        "state",
        "reason",
        "data",
    }
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str) and key in shown:
                yield value
            elif key not in skip:
                yield from words_of(value, skip)
    elif isinstance(node, list):
        for value in node:
            if isinstance(value, str):
                yield value
            else:
                yield from words_of(value, skip)


@pytest.mark.parametrize("role", USERS)
def test_every_page_answers_every_role_with_json_in_both_languages(app: Any, world: Any, role: Any) -> None:
    client = app.test_client()
    token = login(client, role)
    for language in ("zh", "en"):
        client.get(f"/app/?lang={language}")
        for path in paths(world):
            answer = route(client, token, path)
            assert answer.status_code == 200, path
            assert answer.get_json()["response"]["page"]["children"]["props"]["className"].startswith(
                "page"
            ), path
            assert "trouble" not in answer.get_json()["response"]["page"]["children"]["props"]["className"], (
                path
            )


@pytest.mark.parametrize("role", USERS)
def test_the_money_pages_open_for_those_who_see_money_and_for_nobody_else(
    app: Any, world: Any, role: Any
) -> None:
    client = app.test_client()
    token = login(client, role)
    for path in MONEY_PATHS:
        answer = json.dumps(route(client, token, path).get_json(), ensure_ascii=False)
        assert ("trouble" not in answer) == (role in MONEY_ROLES), path
    printed = client.get(f"/app/ledger/print?village={_owner(world)}&month=2026-05")
    assert (printed.status_code == 200) == (role in MONEY_ROLES)
    if role in MONEY_ROLES:
        assert "承前页" not in printed.get_data(as_text=True)  # one sheet
        assert "本页合计" in printed.get_data(as_text=True)


def _owner(world: Any) -> str:
    return str(min(world.registry.plants[0].ownership[-1].shares_kw))


def test_a_chinese_page_has_no_english_words_and_an_english_one_no_chinese_but_in_data(
    app: Any, world: Any
) -> None:
    client = app.test_client()
    token = login(client)
    plants = world.registry.plants
    data_zh = (
        {p.name for p in plants} | {p.feeder for p in plants} | {d.name for p in plants for d in p.devices}
    )
    data_zh |= {o.source for p in plants for o in p.ownership} | {world.registry.district}
    for language in ("zh", "en"):
        client.get(f"/app/?lang={language}")
        shell = client.get("/app/_dash-layout").get_json()
        for path, tree in [
            ("shell", shell),
            *((p, route(client, token, p).get_json()) for p in paths(world)),
        ]:
            for text in words_of(tree, skip=("theme", "font", "textfont", "id")):
                plain = DATA_WORDS.sub("", text)
                if language == "zh":
                    assert not ENGLISH_UI.search(plain), (path, text)
                else:
                    for known in data_zh:
                        plain = plain.replace(known, "")
                    assert not HAN.search(plain), (path, text)


def test_a_plant_out_of_scope_looks_like_one_that_does_not_exist(app: Any, world: Any) -> None:
    client = app.test_client()
    token = login(client, "narrow")
    own, foreign = world.registry.plants[0].plant_id, world.registry.plants[1].plant_id
    assert "trouble" not in json.dumps(route(client, token, f"/app/plants/{own}").get_json())
    refused = route(client, token, f"/app/plants/{foreign}").get_json()["response"]["page"]
    nothing = route(client, token, "/app/plants/nowhere").get_json()["response"]["page"]
    assert refused == nothing
    assert "trouble" in json.dumps(refused)


def test_a_narrow_account_reads_no_name_of_another_plant_anywhere(app: Any, world: Any) -> None:
    client = app.test_client()
    token = login(client, "narrow")
    foreign = [p.name for p in world.registry.plants[1:]]
    for path in ("/app/", "/app/plants", "/app/data"):
        text = json.dumps(route(client, token, path).get_json(), ensure_ascii=False)
        assert not [name for name in foreign if name in text], path


def test_without_a_login_there_are_no_callbacks_and_no_layout(app: Any) -> None:
    client = app.test_client()
    assert client.get("/app/_dash-layout").status_code == 401
    assert client.get("/app/plants").status_code == 302


def test_an_unknown_page_is_not_found(app: Any) -> None:
    client = app.test_client()
    login(client)
    assert client.get("/app/nowhere").status_code == 404
    assert (
        client.get("/app/plants/some-plant").status_code == 200
    )  # told apart by the router, not by the address


def test_the_language_follows_the_account(app: Any, world: Any) -> None:
    client = app.test_client()
    login(client, "county")
    client.get("/app/?lang=en")
    assert world.records.user("county").language == "en"
    assert 'lang="en"' in client.get("/app/").get_data(as_text=True)
    other = app.test_client()
    login(other, "county", language="")
    assert 'lang="en"' in other.get("/app/").get_data(as_text=True)
    client.get("/app/?lang=zh")
    client.get("/app/?lang=klingon")
    assert world.records.user("county").language == "zh"
    assert 'lang="zh-CN"' in client.get("/app/").get_data(as_text=True)


def test_the_marks_say_demo_time_and_sample(app: Any, world: Any) -> None:
    client = app.test_client()
    login(client)
    text = json.dumps(client.get("/app/_dash-layout").get_json(), ensure_ascii=False)
    assert "演示时间" in text
    assert "样例" in text


def test_a_real_clock_shows_no_demo_mark(world: Any) -> None:
    from dataclasses import replace

    from dashboard.factory import create_app

    client = create_app(world.services, replace(world.settings, demo_clock=False)).test_client()
    login(client)
    assert "演示时间" not in json.dumps(client.get("/app/_dash-layout").get_json(), ensure_ascii=False)


def test_the_frame_comes_with_the_page_the_browser_stands_on(app: Any, world: Any) -> None:
    client = app.test_client()
    login(client)
    plant = world.registry.plants[0]
    here = {"Referer": f"http://localhost/app/plants/{plant.plant_id}?tab=papers"}
    frame = json.dumps(client.get("/app/_dash-layout", headers=here).get_json(), ensure_ascii=False)
    assert "确权" in frame
    assert f"/app/plants/{plant.plant_id}" in frame
    bare = json.dumps(client.get("/app/_dash-layout").get_json(), ensure_ascii=False)
    assert "确权" not in bare
    assert "正在打开" in bare
    foreign = {"Referer": "http://elsewhere/app/data"}
    assert "正在打开" in json.dumps(
        client.get("/app/_dash-layout", headers=foreign).get_json(), ensure_ascii=False
    )


def test_the_router_does_not_draw_again_what_came_with_the_frame(app: Any) -> None:
    client = app.test_client()
    token = login(client)
    answer = client.post(
        "/app/_dash-update-component",
        json={
            "output": "..page.children...title.data...shown.data..",
            "outputs": [
                {"id": i, "property": p}
                for i, p in (("page", "children"), ("title", "data"), ("shown", "data"))
            ],
            "inputs": [
                {"id": "url", "property": "pathname", "value": "/app/"},
                {"id": "url", "property": "search", "value": ""},
            ],
            "state": [{"id": "shown", "property": "data", "value": ["/app/", ""]}],
            "changedPropIds": ["url.pathname"],
        },
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 204
