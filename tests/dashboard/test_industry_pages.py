"""The pages of industries for those who may see them, in both languages; a report by form; files; a visit."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from access.principal import Principal
from dashboard.pages.industries.parts import yuan
from domain.account import Role, Scope
from domain.industry import ReporterKind
from tests.commands.industry_world import COUNTY, reports_sheet
from tests.dashboard.fixtures import USERS, login
from tests.dashboard.industry_world import Season, open_season
from tests.dashboard.test_pages import HAN, route, words_of

pytestmark = pytest.mark.slow

SEERS = {"accountant", "county", "auditor", "township"}


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = open_season(tmp_path_factory.mktemp("season"))
    yield made
    made.world.close()


@pytest.fixture(scope="module")
def app(season: Season) -> Any:
    return season.app()


def addresses(season: Season) -> list[str]:
    village = season.world.registry.villages[2].village_id
    return [
        "/app/industries",
        "/app/industries?month=2026-09",
        "/app/industries/fungus_bags",
        "/app/industries/artichoke_mu?month=2026-10",
        "/app/industries/fungus_price",
        "/app/bases/shed-1",
        "/app/bases/panel-1",
        "/app/assessment",
        "/app/industry-alerts",
        "/app/village",
        f"/app/village/{village}",
    ]


def shown(client: Any, token: str, path: str) -> str:
    answer = route(client, token, path)
    assert answer.status_code == 200, path
    return json.dumps(answer.get_json(), ensure_ascii=False)


@pytest.mark.parametrize("role", USERS)
def test_the_pages_open_for_those_who_see_industries(app: Any, season: Season, role: str) -> None:
    client = app.test_client()
    token = login(client, role)
    for path in addresses(season):
        assert ("trouble" not in shown(client, token, path)) == (role in SEERS), path


def test_a_claim_and_a_round_show_their_money_and_a_refusal_says_why(app: Any, season: Season) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    for name in (season.made.claim_id, season.made.round_id):
        page = client.get(f"/app/fund-case/{name}").get_data(as_text=True)
        assert "钱从哪笔收款来" in page, name
        sent = client.post(f"/app/fund-case/{name}", data={"csrf_token": token, "act": "batch"})
        assert (sent.status_code, "已付过" in sent.get_data(as_text=True)) == (422, True)


def test_an_entry_is_typed_in_the_browser_and_a_wrong_one_says_why_and_is_kept_in_the_form(
    app: Any, season: Season
) -> None:
    client = app.test_client()
    token, village = login(client, "accountant"), season.world.registry.villages[2].village_id
    cells = {
        "base_id": "plot-7",
        "operator_id": "op-panel",
        "name": "板下丹参（虚构）",
        "industry": "under_panel",
        "indicator_id": "under_panel_mu",
        "village_id": village,
        "area_mu": "9000000",
        "plant_id": season.world.registry.plants[0].plant_id,
        "latitude": "33.9",
        "longitude": "110.0",
        "crop": "丹参",
        "yuan_per_mu": "900",
    }
    form = {"csrf_token": token, "act": "one"} | {f"cell.{key}": value for key, value in cells.items()}
    refused = client.post("/app/register/base", data=form)
    assert (refused.status_code, "超过当地土地" in refused.get_data(as_text=True)) == (422, True)
    assert 'value="板下丹参（虚构）"' in refused.get_data(as_text=True)
    kept = client.post("/app/register/base", data=form | {"cell.area_mu": "12"})
    assert kept.status_code == 303
    assert "plot-7" in client.get("/app/register/base").get_data(as_text=True)
    page = shown(client, token, "/app/industries/under_panel_mu")
    assert re.search(r'"y": \[[\d., ]*\b33\.9\]', page), "on the map, after the base of the season"
    assert "板下丹参（虚构）" in shown(client, token, "/app/bases/plot-7")


def test_a_register_comes_as_a_file_by_its_own_template(app: Any) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    for kind in ("operator", "base", "contract", "industry_income"):
        content = client.get(f"/app/papers/register-template/{kind}").get_data()
        sent = {"csrf_token": token, "act": "file", "file": (io.BytesIO(content), "empty.xlsx")}
        answer = client.post(f"/app/register/{kind}", data=sent, content_type="multipart/form-data")
        assert answer.status_code == 303, kind  # no rows, nothing wrong
    sent = {"csrf_token": token, "act": "file", "file": (io.BytesIO(b"no table"), "x.xlsx")}
    answer = client.post("/app/register/operator", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 422


def test_the_wall_screen_shows_targets_and_no_person(app: Any) -> None:
    client = app.test_client()
    login(client, "county")
    assert "slide=industries" in client.get("/screen/?slide=rank").get_data(as_text=True), "it has its turn"
    page = client.get("/screen/?slide=industries").get_data(as_text=True)
    assert "食用菌栽培袋数" in page
    assert "<svg" in page
    assert not any(word in page for word in ("H001", "H009", "op-mushroom", "菌棚一区"))
    other = app.test_client()
    login(other, "om")  # may not see industries: the slide is another one
    assert "食用菌栽培袋数" not in other.get("/screen/?slide=industries").get_data(as_text=True)


def test_the_english_pages_have_no_chinese_of_ours(app: Any, season: Season) -> None:
    client = app.test_client()
    token = login(client, "county")
    client.get("/app/?lang=en")
    paths = (
        "industries",
        "assessment",
        "funds",
        "industries/potato_mu",
        "industries/fungus_bags",
        "bases/shed-1",
    )
    for path in (f"/app/{one}" for one in paths):
        page = route(client, token, path).get_json()["response"]["page"]["children"]
        ours = [word for word in words_of(page) if HAN.search(word) and "虚构" not in word]
        data = ("商州发", "转述", "假定", "文件", "香菇")
        assert [word for word in ours if not any(mark in word for mark in data)] == [], path


def test_the_overview_says_where_it_is_missing_and_who_is_silent(app: Any, season: Season) -> None:
    client = app.test_client()
    token = login(client, "county")
    page = shown(client, token, "/app/industries")
    for words in (
        "食用菌栽培袋数",
        "万袋",
        "按进度应到",
        "落后",
        "1 个镇办未报",
        "食用菌风险保障基金",
        "52,000.00",
    ):
        assert words in page, words
    one = shown(client, token, "/app/industries/fungus_bags")
    for words in ("进度曲线为假定", "食用菌约 1 亿袋", "菌棚一区", "暂按村数分摊"):
        assert words in one, words


def test_a_village_shows_every_source_beside_the_year_before(app: Any, season: Season) -> None:
    client = app.test_client()
    token = login(client, "county")
    page = shown(client, token, f"/app/village/{season.world.registry.villages[2].village_id}")
    for words in ("产业务工", "产业补贴", "保障基金赔付", "仅本系统所见来源"):
        assert words in page, words


def test_ground_under_the_panels_stands_beside_the_plant(app: Any) -> None:
    client = app.test_client()
    token = login(client, "county")
    page = shown(client, token, "/app/bases/panel-1")
    for words in ("板下种植与上方电站", "黄芪", "45,000.00", "电站近 12 个月净收益"):
        assert words in page, words
    assert "H001" not in page, "the county sees no household"


def test_a_base_is_measured_by_its_capacity_and_the_village_shows_its_report_and_its_power(
    app: Any, season: Season
) -> None:
    client = app.test_client()
    token = login(client, "county")
    view = season.services.queries.indicator(COUNTY, "fungus_bags", "2026-10")
    [shed] = [one for one in view.bases if one.base.base_id == "shed-1"]
    assert shed.expected == 600_000 * Decimal("0.84")
    assert shed.gap is not None
    assert shed.gap < 0, "the season makes it a tenth short"
    assert shed.report is not None
    page = shown(client, token, "/app/industries/fungus_bags?month=2026-10")
    assert "按产能应到" in page
    village = season.world.registry.villages[2].village_id
    assert shed.report.entered in shown(client, token, f"/app/village/{village}")
    plant = next(one for one in season.world.registry.plants if one.ownership)
    owner = next(iter(plant.ownership[-1].shares_kw))
    own = season.services.queries.village(COUNTY, owner).plants
    assert [one.now_fen for one in own if one.plant.plant_id == plant.plant_id] != [None]
    page = shown(client, token, f"/app/village/{owner}")
    assert "2026 年净收益" in page
    assert yuan(own[0].now_fen) in page


def test_the_page_of_a_plant_names_what_grows_below_it_to_who_may_see_industries(
    app: Any, season: Season
) -> None:
    view = season.services.queries.base(COUNTY, "panel-1")
    assert view.plant is not None
    path = f"/app/plants/{view.plant.plant_id}?tab=papers"
    for role, sees in (("county", True), ("om", False)):
        client = app.test_client()
        assert ("板下黄芪（虚构）" in shown(client, login(client, role), path)) is sees, role


def test_a_report_is_echoed_in_words_then_kept_and_then_frozen(app: Any, season: Season) -> None:
    client = app.test_client()
    token = login(client, "township")
    address = f"/app/report-form/{season.made.silent}/2026-10"
    assert "食用菌栽培袋数" in client.get(address).get_data(as_text=True)

    def send(**changed: Any) -> Any:
        form = {"csrf_token": token, "keep": "", **changed}
        return client.post(address, data=form, content_type="multipart/form-data")

    echoed = send(**{"amount.local_chickens": "1203"})
    assert echoed.status_code == 200
    assert "壹仟贰佰零叁只" in echoed.get_data(as_text=True)
    assert send(**{"amount.local_chickens": "-3"}).status_code == 422
    assert send().status_code == 422
    kept = send(
        **{"amount.local_chickens": "1203", "mark.bee_colonies": "same", "keep": "1", "confirmed": "1"}
    )
    assert kept.status_code == 303
    again = send(**{"amount.local_chickens": "1300", "keep": "1"})
    assert again.status_code == 422
    assert "更正请写明原因" in again.get_data(as_text=True)
    found = season.world.records.reports(reporter_ids=[season.made.silent], first_period="2026-10")
    assert {one.indicator_id for one in found} == {"local_chickens", "bee_colonies"}


def test_files_dropped_together_say_what_each_brings_and_who_is_missing(app: Any, season: Season) -> None:
    client = app.test_client()
    token = login(client, "township")
    town = season.world.registry.towns_by_id[season.made.silent].name
    good = reports_sheet(("土鸡", town, "2026-11", "1203", "只", "", ""))
    bad = reports_sheet(("土鸡", town, "2027-01", "1203", "只", "", ""))

    def send(keep: str) -> Any:
        files = [(io.BytesIO(good), "好.xlsx"), (io.BytesIO(bad), "坏.xlsx"), (io.BytesIO(b"\x00"), "x.csv")]
        form = {"csrf_token": token, "keep": keep, "files": files}
        return client.post("/app/report-import", data=form, content_type="multipart/form-data")

    looked = send("").get_data(as_text=True)
    assert "好.xlsx：1 行有数" in looked
    assert "第 2 行：2027-01 还没有到" in looked
    assert season.world.records.reports(kind=ReporterKind.TOWN, first_period="2026-11") == []
    assert "好.xlsx：收下 1 个数" in send("1").get_data(as_text=True)
    assert len(season.world.records.reports(kind=ReporterKind.TOWN, first_period="2026-11")) == 1
    assert town in client.get("/app/report-import?month=2026-10").get_data(as_text=True)


def test_files_of_villages_dropped_together_become_the_towns_report_and_the_missing_are_named(
    app: Any, season: Season
) -> None:
    client, registry = app.test_client(), season.world.registry
    token, town = login(client, "township"), season.made.silent
    villages = [one for one in registry.villages if one.town_id == town]
    sheets = client.get(f"/app/papers/village-templates/{town}/2026-10")
    with zipfile.ZipFile(io.BytesIO(sheets.data)) as packed:
        assert len(packed.namelist()) == len(villages)
        books = [load_workbook(io.BytesIO(packed.read(name))) for name in packed.namelist()]
    files = []
    for book, amount in zip(books[:-1], (300, 200), strict=False):  # the last village sends nothing
        row = next(row for row in book.worksheets[0].iter_rows(min_row=2) if row[0].value == "黄花菜种植面积")
        row[3].value = amount
        filled = io.BytesIO()
        book.save(filled)
        files.append((io.BytesIO(filled.getvalue()), f"{amount}.xlsx"))
    form = {"csrf_token": token, "keep": "1", "confirmed": "1", "files": files}
    page = client.post("/app/report-import?month=2026-10", data=form, content_type="multipart/form-data")
    said = page.get_data(as_text=True)
    assert f"已报 {len(files)}/{len(villages)} 村；未报：" in said
    assert villages[-1].name in said
    taken = client.get(f"/app/report-form/{town}/2026-11?villages=1").get_data(as_text=True)
    assert "按各村合计填入" not in taken, "another month"
    page = client.get(f"/app/report-form/{town}/2026-10?villages=1").get_data(as_text=True)
    total = sum((300, 200)[: len(files)])
    assert f"各村合计 {total} 亩（{len(files)}/{len(villages)} 村）" in page
    assert f'value="{total}"' in page
    send = {"csrf_token": token, "keep": "1", "confirmed": "1", "amount.daylily_mu": "499"}
    assert client.post(f"/app/report-form/{town}/2026-10", data=send).status_code == 303
    page = client.get(f"/app/report-form/{town}/2026-10").get_data(as_text=True)
    assert "与镇办报数不同，只比对" in page


def test_papers_are_downloaded(app: Any, season: Season) -> None:
    client = app.test_client()
    login(client, "township")
    town = season.world.registry.towns[0].town_id
    sheet = f"report-sheet/{town}/2026-10"
    for path in ("report-template/2026-10", f"{sheet}?form=xlsx", "assessment/2026-10"):
        answer = client.get(f"/app/papers/{path}")
        assert answer.status_code == 200, path
        assert answer.data.startswith(b"PK"), path
    paper = client.get(f"/app/papers/{sheet}").get_data(as_text=True)
    for words in ("2026-10 产业月报", "食用菌栽培袋数", "制表：", "审核：", "负责人：", "（盖章）", "@page"):
        assert words in paper, words
    table = client.get("/app/papers/assessment/2026-10?form=csv").data.decode("utf-8-sig")
    assert len(table.splitlines()) == 1 + len(season.world.registry.towns)


def test_a_households_sources_are_seen_by_who_may_see_people_and_the_look_is_audited(
    app: Any, season: Season
) -> None:
    village = season.world.registry.villages[2].village_id
    path = f"/app/household-income/{village}?household=H001"
    own, county = app.test_client(), app.test_client()
    token = login(own, "town")
    page = own.get(path).get_data(as_text=True)
    for words in ("产业务工", "产业补贴", "今年有收入的来源数 2", "仅本系统所见来源"):
        assert words in page, words
    audited = season.world.records.audit(datetime(2020, 1, 1, tzinfo=UTC))
    looks = [one.subject for one in audited if one.action == "people.look"]
    assert f"{village} H001" in looks
    assert "household-asked" in shown(own, token, f"/app/village/{village}")
    wide = login(county, "county")
    assert county.get(path).status_code == 403
    assert "household-asked" not in shown(county, wide, f"/app/village/{village}")
    other = next(
        one
        for one in season.world.registry.villages
        if one.town_id != season.world.registry.villages[2].town_id
    )
    for bad in (f"/app/household-income/{other.village_id}?household=H001", path.replace("H001", "H999")):
        assert own.get(bad).status_code == 422, bad
    nobody = own.get(f"/app/household-income/{village}")
    assert (nobody.status_code, nobody.location) == (302, f"/app/village/{village}"), "asked for on that page"


def test_a_fallen_household_is_a_question_of_its_town_alone_and_closes_with_a_note(
    app: Any, season: Season
) -> None:
    county = Principal("county", "县", frozenset({Role.COUNTY}), Scope(everything=True))
    assert season.services.stability.ask(county) == 1
    wide, town = app.test_client(), app.test_client()
    token, own = login(wide, "township"), login(town, "town")
    assert "H009" not in shown(wide, token, "/app/questions")
    assert "H009" in shown(town, own, "/app/questions")
    address = f"/app/question/{season.world.registry.villages[2].village_id}-H009-2026"
    assert wide.get(address).status_code >= 400
    assert town.get(address).status_code == 200
    assert town.post(address, data={"csrf_token": own, "note": "x"}).status_code == 422
    assert town.post(address, data={"csrf_token": own, "note": "已走访，外出务工（虚构）"}).status_code == 303
    assert "外出务工" in shown(town, own, "/app/questions")
