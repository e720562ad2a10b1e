"""The page of reports and its files: what is chosen is shown, and nothing beyond the reader's scope."""

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from openpyxl import Workbook, load_workbook
from PIL import Image

from dashboard import shell
from dashboard.components.seen import text_of
from dashboard.factory import pages
from tests.dashboard.fixtures import World, bare, few_plants, login, sample_registry
from tests.queries.report_world import DAY, keep_days


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = bare(tmp_path_factory.mktemp("reports"), few_plants(sample_registry()))
    keep_days(made)
    yield made
    made.close()


def client_of(world: World, user: str, language: str = "zh") -> Any:
    client = world.app().test_client()
    login(client, user, language)
    return client


def file(client: Any, **asked: str) -> Any:
    return client.get(f"/app/report-file?{urlencode({'day': str(DAY), **asked})}")


@pytest.mark.parametrize(
    ("form", "start"), [("pdf", b"%PDF"), ("xlsx", b"PK"), ("png", b"\x89PNG"), ("txt", b"2026")]
)
def test_a_report_leaves_in_every_form(world: World, form: str, start: bytes) -> None:
    answer = file(client_of(world, "om"), kind="brief", subject="all", form=form)
    assert answer.status_code == 200
    assert answer.data.startswith(start)
    assert f"brief-all-{DAY}.{form}" in answer.headers["Content-Disposition"]


def test_the_long_picture_fits_a_phone(world: World) -> None:
    answer = file(client_of(world, "om"), kind="plant", subject=world.registry.plants[1].plant_id, form="png")
    assert Image.open(io.BytesIO(answer.data)).width == 750


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "brief", "subject": "all", "form": "exe"},
        {"kind": "nonsense", "subject": "all", "form": "pdf"},
        {"kind": "plant", "subject": "../../etc/passwd", "form": "pdf"},
        {"kind": "village", "subject": "611002100201", "form": "pdf"},
    ],
)
def test_what_is_not_there_or_not_his_is_not_found(world: World, asked: dict[str, str]) -> None:
    assert file(client_of(world, "om"), **asked).status_code == 404


def test_another_plant_is_beyond_a_narrow_scope(world: World) -> None:
    client = client_of(world, "narrow")
    one, two = world.registry.plants[:2]
    assert file(client, kind="plant", subject=one.plant_id, form="txt").status_code == 200
    assert file(client, kind="plant", subject=two.plant_id, form="txt").status_code == 404


def test_odd_days_fall_back_and_tomorrow_is_today(world: World) -> None:
    client = client_of(world, "om")
    for day in ("nonsense", "", "9999-12-31", "2026-02-30"):
        assert file(client, kind="brief", subject="all", form="txt", day=day).status_code == 200


def test_the_page_shows_the_report_and_its_words_to_copy(world: World) -> None:
    from dashboard.pages.base import Site
    from dashboard.services import queries_over
    from texts.loader import LANGUAGES, Texts

    site = Site(
        world.services,
        queries_over(world.services.sources),
        world.settings,
        {one: Texts(one) for one in LANGUAGES},
    )
    principal = world.services.authenticate.login("om", "correct-horse-battery-staple-42", "t").principal
    layout, title = shell.show(site, pages(), principal, "/app/reports", {"kind": "brief", "day": str(DAY)})
    said = text_of(layout)
    assert title.startswith("报告")
    assert "2026-06-17 运维日报" in said
    assert "共发电 1,800 kWh" in said
    assert "损失最多的电站" in said
    assert "还没有定时生成的报告" in said
    odd, _ = shell.show(site, pages(), principal, "/app/reports", {"kind": "plant", "subject": "<script>"})
    assert "没有这份报告" in text_of(odd)


def sent(client: Any, content: bytes, month: str = "2026-06", place: str = "") -> Any:
    token = (
        client.get("/app/report-form")
        .get_data(as_text=True)
        .split('name="csrf_token" value="')[1]
        .split('"')[0]
    )
    data = {"csrf_token": token, "month": month, "place": place, "file": (io.BytesIO(content), "form.xlsx")}
    return client.post("/app/report-form", data=data, content_type="multipart/form-data")


def form_of(*cells: str) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    for place, words in enumerate(cells, 1):
        sheet.cell(place, 1, words)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_form_comes_back_filled_within_the_scope_and_odd_ones_are_explained(world: World) -> None:
    one, two = world.registry.plants[:2]
    whole, narrow = client_of(world, "om"), client_of(world, "narrow")
    asked = form_of("{{month}}", "{{energy_kwh}}", f"{{{{energy_kwh:{one.plant_id}}}}}")
    for client, energy in ((whole, 1800), (narrow, 1000)):
        sheet: Any = load_workbook(io.BytesIO(sent(client, asked).data)).active
        assert [sheet.cell(row, 1).value for row in (1, 2, 3)] == ["2026-06", energy, 1000]
    foreign = sent(narrow, form_of(f"{{{{energy_kwh:{two.plant_id}}}}}"))
    assert foreign.status_code == 422
    assert "不认识的名称" in foreign.get_data(as_text=True)
    odd = sent(whole, b"nonsense", "9999-99")
    assert odd.status_code == 422
    assert "这不是 XLSX 表格" in odd.get_data(as_text=True)


def test_a_form_is_filled_for_one_village_or_town_of_the_own_scope(world: World) -> None:
    registry = world.registry
    first, second = registry.plants[0], registry.plants[1]
    village = min(first.ownership[-1].shares_kw)
    others = [one for one in registry.plants if one.ownership and village in one.ownership[-1].shares_kw]
    assert second not in others
    whole, narrow = client_of(world, "om"), client_of(world, "narrow")
    asked = form_of("{{place}}", "{{energy_kwh}}", f"{{{{energy_kwh:{first.plant_id}}}}}")
    sheet: Any = load_workbook(io.BytesIO(sent(whole, asked, place=village).data)).active
    assert [sheet.cell(row, 1).value for row in (1, 2, 3)] == [registry.village_label(village), 1000, 1000]
    town = load_workbook(io.BytesIO(sent(whole, form_of("{{place}}"), place=first.town_id).data)).active
    assert town is not None
    assert town.cell(1, 1).value == registry.towns_by_id[first.town_id].label("zh")
    assert f'value="{village}"' in whole.get("/app/report-form").get_data(as_text=True)
    for place in (village, first.town_id, "nowhere"):
        refused = sent(narrow, form_of("{{place}}"), place=place)
        assert refused.status_code == 422
        assert "不在您的范围内" in refused.get_data(as_text=True)
