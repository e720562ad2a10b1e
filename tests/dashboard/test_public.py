"""Public and household pages through the real server: open without a login, no script, nothing else open."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.households import Households
from commands.public_notices import PublicNotices
from dashboard.factory import create_app
from main.__main__ import main
from stores.records.household_codes import SqlHouseholdCodes
from stores.records.sealing import Sealer
from tests.commands.payout_world import VILLAGES, World

FIRST = "/first"  # there until the first account is made
OPEN = {
    FIRST,
    "/screen/",
    "/gs/",
    "/gs/contacts/",
    "/gs/<village>/",
    "/gs/<village>/<period>/",
    "/h/",
    "/h/<token>",
}


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("public"))
    made.fund(VILLAGES[0])
    made.enrol(VILLAGES[0], 6)
    plan_id = made.release(VILLAGES[0]).plan.plan_id
    made.answer(made.send(plan_id), frozenset({2}))
    yield made
    made.close()


def desk(paid: World, base: str) -> Households:
    codes = SqlHouseholdCodes(paid.records.database, Sealer(paid.folder / "people.key"))
    return Households(paid.stores, paid.registry, paid.rules, paid.clock, paid.clock, codes, base)


def server(world: Any, paid: World, base: str = "https://pv.example.cn") -> Any:
    payout = paid.services(PublicNotices(paid.stores, paid.registry, paid.clock, base), desk(paid, base))
    sources = replace(world.services.sources, registry=paid.registry, clock=paid.clock)
    return create_app(replace(world.services, payout=payout, sources=sources), world.settings)


def test_anybody_finds_the_notice_of_a_village_in_three_clicks(world: Any, paid: World) -> None:
    client = server(world, paid).test_client()
    page = client.get("/").get_data(as_text=True)
    clicks = 0
    for wanted in (r'href="(/gs/)"', rf'href="(/gs/{VILLAGES[0]}/)"', r'href="(/gs/\d+/2026-07/)"'):
        link = re.search(wanted, page)
        assert link is not None, wanted
        answer = client.get(link[1])
        assert answer.status_code == 200
        page = answer.get_data(as_text=True)
        clicks += 1
    assert clicks == 3
    assert "公益岗位工资" in page
    assert "<script" not in page
    assert not re.search(r"村民\d{3}甲", page)
    assert len(page.encode()) < 100_000


def test_what_is_not_there_is_not_found_and_says_so_plainly(world: Any, paid: World) -> None:
    client = server(world, paid).test_client()
    for path in ("/gs/999/", f"/gs/{VILLAGES[1]}/", f"/gs/{VILLAGES[0]}/2020-01/", "/gs/%3Cscript%3E/x/"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 404, path
        assert "<script>" not in answer.get_data(as_text=True)


def test_a_household_looks_with_its_slip_and_with_ten_digits(world: Any, paid: World) -> None:
    plan_id = paid.stores.dossiers.of_villages([VILLAGES[0]])[0].plan.plan_id
    household, code = next(iter(desk(paid, "https://pv.example.cn").issue(paid.accountant, plan_id).items()))
    client = server(world, paid).test_client()
    answer = client.get(code.address.removeprefix("https://pv.example.cn"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert household in page
    assert "村****甲" in page
    assert "村民" not in page
    assert "<script" not in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    form = client.get("/h/").get_data(as_text=True)
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    sent = {"csrf_token": token, "number": code.spaced, "tail": f"{int(household[1:]):04d}"}
    assert household in client.post("/h/", data=sent).get_data(as_text=True)
    wrong = client.post("/h/", data={**sent, "tail": "9999"})
    assert wrong.status_code == 404
    assert "没有查到" in wrong.get_data(as_text=True)
    assert client.post("/h/", data={"number": code.number, "tail": "0001"}).status_code == 400


def test_guesses_are_slowed_and_told_how_long(world: Any, paid: World) -> None:
    client = server(world, paid).test_client()
    answers = [client.get(f"/h/guess-{place}") for place in range(13)]
    assert {answer.status_code for answer in answers} == {404, 429}
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_without_a_public_host_the_look_up_is_not_there(world: Any, paid: World) -> None:
    client = server(world, paid, "").test_client()
    for path in ("/h/", "/h/abc"):
        assert client.get(path).status_code == 404
    assert 'href="/h/"' not in client.get("/").get_data(as_text=True)


def test_only_these_routes_are_open_without_a_login(world: Any, paid: World) -> None:
    app = server(world, paid)
    opened = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "__open__", False)
    }
    assert opened == OPEN
    assert app.test_client().get("/app/notices").status_code == 302


def test_the_verb_writes_the_pages_as_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = Path(__file__).parents[2] / "config"
    words = ["--config", str(config), "--data", str(tmp_path / "data"), "--json", "public", "export"]
    assert main([*words, str(tmp_path / "www")]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == 1
    assert "还没有公示" in (tmp_path / "www" / "gs" / "index.html").read_text("utf-8")
