"""Every brief, notice, order and report leaves as words and as a long picture 750 px wide, and never with a person."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from commands.papers.document import PICTURE_WIDTH, _wrapped
from dashboard.components.seen import PICTURED
from dashboard.factory import create_app, pages
from domain.account import Scope, User
from tests.browser.walk import paid_world
from tests.commands.payout_world import VILLAGES
from tests.commands.payout_world import World as Paid
from tests.dashboard.fixtures import PASSWORD, World, login
from tests.dashboard.industry_world import Season, open_season
from tests.dashboard.test_pages import route
from tests.dashboard.test_work import busy_district


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    made = paid_world(tmp_path_factory.mktemp("paid"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = busy_district(tmp_path_factory.mktemp("busy"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(busy: World, paid: Paid) -> Any:
    own = busy.registry
    registry = replace(
        own, towns=(*own.towns, *paid.registry.towns), villages=(*own.villages, *paid.registry.villages)
    )
    sources = replace(busy.services.sources, registry=registry)
    return create_app(replace(busy.services, payout=paid.services(), sources=sources), busy.settings)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = open_season(tmp_path_factory.mktemp("season"))
    yield made
    made.world.close()


def share(client: Any, kind: str, about: str = "", form: str = "") -> Any:
    return client.get(f"/app/share?{urlencode({'kind': kind, 'id': about, 'form': form})}")


def words_and_picture(client: Any, kind: str, about: str = "") -> str:
    """Check that the page, its words and its picture agree; return the words."""
    page = share(client, kind, about)
    assert page.status_code == 200, (kind, about)
    picture = share(client, kind, about, "png")
    assert picture.content_type == "image/png"
    image = Image.open(io.BytesIO(picture.data))
    assert image.width == PICTURE_WIDTH == 750
    assert len({*image.convert("L").resize((75, 40)).tobytes()}) > 2, "something is drawn"
    told: str = share(client, kind, about, "txt").get_data(as_text=True)
    assert told.splitlines()[0].split(" ")[0] in page.get_data(as_text=True)
    return told


def names_of(paid: Paid) -> set[str]:
    """Everything that names a person of the rosters."""
    found = set[str]()
    for dossier in paid.stores.dossiers.of_villages(VILLAGES):
        roster = paid.stores.rosters.roster(dossier.plan.roster_id)
        assert roster is not None
        for one in paid.stores.rosters.people({member.person_id for member in roster.members}).values():
            found |= {one.name}
    return found


def test_the_brief_and_an_alert(app: Any) -> None:
    client = app.test_client()
    login(client, "om")
    assert "约损失" in words_and_picture(client, "brief")
    assert words_and_picture(client, "alert", "x0")


def test_an_order_without_who_does_it_and_whom_to_telephone(app: Any, busy: World) -> None:
    client = app.test_client()
    token = login(client, "om")
    client.post("/app/queue/x1", data={"csrf_token": token, "act": "order", "seen": "0"})
    case = next(iter(busy.records.cases_acts(open_only=True)))[0].case_id
    client.post(
        f"/app/orders/{case}", data={"csrf_token": token, "act": "assign", "seen": "1", "assignee": "王电工"}
    )
    page = client.get(f"/app/orders/{case}").get_data(as_text=True)
    assert "王电工" in page
    assert "share?kind=order" in page
    told = words_and_picture(client, "order", case)
    assert "王电工" not in told
    for holder in _phones(page):
        assert holder not in told


def _phones(page: str) -> set[str]:
    import re

    return set(re.findall(r"1\d{10}", page))


def test_a_notice_by_its_classes_with_its_code_and_nobody_in_it(app: Any, paid: Paid) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    dossier = paid.stores.dossiers.of_villages([VILLAGES[0]])[0]
    notice = dossier.notices[0]
    told = words_and_picture(client, "notice", f"{dossier.plan.plan_id}/{notice.number}")
    assert notice.code in told
    assert "公益岗位" in told or "岗位" in told
    names = names_of(paid)
    assert len(names) >= 8
    assert not {name for name in names if name in told}
    assert "*" not in told.replace(notice.code, "")
    assert not [row.household_id for row in notice.rows if row.household_id in told.split()]
    listed = json.dumps(route(client, token, "/app/notices").get_json(), ensure_ascii=False)
    assert "share?kind=notice" in listed


def test_a_month_of_work_by_town_and_contractor(app: Any) -> None:
    client = app.test_client()
    login(client, "om")
    told = words_and_picture(client, "month", "2026-06")
    assert "王电工" not in told


def test_every_page_that_names_no_person_offers_its_picture_and_no_other_does(app: Any, busy: World) -> None:
    client = app.test_client()
    token = login(client, "county")
    plant = busy.registry.plants[0].plant_id
    assert words_and_picture(client, "page", f"/app/plants/{plant}?tab=devices")
    assert words_and_picture(client, "page", "/app/income")
    shown = json.dumps(route(client, token, "/app/income").get_json(), ensure_ascii=False)
    assert "share?kind=page" in shown
    for page in (
        "/app/orders",
        "/app/roster",
        "/app/trace",
        "/app/payments",
        "/app/work",
        "/app/todo",
        "/app/nowhere",
    ):
        assert share(client, "page", page).status_code == 404, page
    assert share(client, "page", f"/app/plants/{plant}?tab=papers").status_code == 404
    assert {one.path for one in pages()} >= PICTURED
    personal = {
        "/orders",
        "/roster",
        "/trace",
        "/payments",
        "/questions",
        "/village/<village>",
        "/work",
        "/todo",
    }
    assert not personal & PICTURED


def test_a_towns_report_and_the_assessment(season: Season) -> None:
    client = season.app().test_client()
    login(client, "county")
    town = season.world.registry.villages[2].town_id
    told = words_and_picture(client, "town-report", f"{town}/2026-09")
    assert "万" in told or "袋" in told
    assert words_and_picture(client, "page", "/app/assessment")


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("", ""),
        ("nothing", ""),
        ("alert", "nobody"),
        ("order", "nobody"),
        ("notice", "x"),
        ("notice", "x/99999"),
        ("notice", "x/1"),
        ("page", "https://example.cn/"),
        ("page", "//example.cn"),
        ("page", ""),
    ],
)
def test_what_is_not_there_is_not_found(app: Any, kind: str, about: str) -> None:
    client = app.test_client()
    login(client, "county")
    assert share(client, kind, about).status_code == 404
    assert share(client, "brief", form="exe").status_code == 404


def test_scope_and_permission_hold_for_pictures_too(app: Any, busy: World, paid: Paid) -> None:
    narrow = app.test_client()
    login(narrow, "narrow")
    assert share(narrow, "alert", "x0", "png").status_code == 200
    assert share(narrow, "alert", "x1", "png").status_code == 404
    dossier = paid.stores.dossiers.of_villages([VILLAGES[0]])[0]
    about = f"{dossier.plan.plan_id}/{dossier.notices[0].number}"
    assert share(narrow, "notice", about, "png").status_code == 404
    hashed = busy.passwords.hash(PASSWORD)
    role = next(iter(u.roles for u in busy.records.users() if u.user_id == "accountant"))
    other = Scope(village_ids=frozenset({VILLAGES[1]}))
    busy.records.add_user(User("othervillage", "othervillage", role, other, hashed))
    client = app.test_client()
    login(client, "othervillage")
    assert share(client, "notice", about, "png").status_code == 404
    assert app.test_client().get("/app/share?kind=brief").status_code == 302


def test_a_days_words_are_in_the_readers_language(app: Any) -> None:
    client = app.test_client()
    login(client, "om", "en")
    page = share(client, "brief").get_data(as_text=True)
    assert "Copy" in page
    assert date(2026, 6, 18).strftime("%m-%d") in page


def test_a_line_never_breaks_inside_a_number_or_a_word() -> None:
    said = (
        "全站上网电量一万千瓦时，本村收益 6,000.00 元，计划编号 611002999201-202607-202609，另有 1,234,567.89 元"
        * 3
    )
    lines = _wrapped(said, 678, 26)
    assert "".join(lines).replace(" ", "") == said.replace(" ", "")
    for run in ("6,000.00", "611002999201-202607-202609", "1,234,567.89"):
        assert sum(line.count(run) for line in lines) == 3, run
    assert _wrapped("x" * 200, 100, 26) != ["x" * 200], "what is longer than a line is cut"
