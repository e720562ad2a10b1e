"""Export of what is seen: the same rows, numbers as numbers, no formula, the page's own permission and scope."""

import csv
import io
from typing import Any

import pytest
from dash import html
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader

from commands.papers.seen import seen_csv, seen_xlsx
from dashboard.components.card import table
from dashboard.components.seen import tables_in
from domain.document import SeenTable
from tests.dashboard.fixtures import login
from tests.dashboard.test_pages import route


@pytest.fixture(scope="module")
def app(world: Any) -> Any:
    return world.app()


def opened(app: Any, role: str) -> Any:
    client = app.test_client()
    login(client, role)
    return client


def test_a_table_is_read_back_as_it_stands_with_numbers_as_numbers() -> None:
    made = table([("村", False), ("元", True)], [[html.A("甲", href="#"), "1,234.50"], ["乙", "—"]], "收益")
    (found,) = tables_in(html.Div([html.P("x"), made]), "page")
    assert (found.name, found.heads) == ("收益", ("村", "元"))
    assert [tuple(map(str, row)) for row in found.rows] == [("甲", "1234.50"), ("乙", "None")]


@pytest.mark.parametrize("path", ["/app/income", "/app/plants", "/app/reconciliation", "/app/data"])
def test_every_page_with_tables_offers_and_gives_them_in_both_forms(app: Any, path: str) -> None:
    client = app.test_client()
    token = login(client, "county")
    assert "form=xlsx" in route(client, token, path).get_data(as_text=True)
    answer = client.get(f"/app/export?page={path}&form=xlsx")
    assert answer.status_code == 200
    book = load_workbook(io.BytesIO(answer.data))
    assert all(sheet.max_row > 1 for sheet in book.worksheets)
    rows = list(
        csv.reader(io.StringIO(client.get(f"/app/export?page={path}&form=csv").data.decode("utf-8-sig")))
    )
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 1


def test_the_tables_of_a_page_are_printed_as_they_stand(world: Any, app: Any) -> None:
    client = opened(app, "county")
    answer = client.get("/app/export?page=/app/plants&form=pdf")
    assert answer.mimetype == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert world.registry.plants[0].name[:4] in text
    narrow = opened(app, "narrow").get("/app/export?page=/app/plants&form=pdf").data
    shown = "".join(page.extract_text() for page in PdfReader(io.BytesIO(narrow)).pages)
    assert world.registry.plants[1].name not in shown


def test_the_export_has_the_plants_of_the_page_and_of_nobody_else(world: Any, app: Any) -> None:
    def names(role: str) -> set[str]:
        data = opened(app, role).get("/app/export?page=/app/plants&form=csv").data.decode("utf-8-sig")
        return {plant.name for plant in world.registry.plants if plant.name in data}

    assert names("county") == {plant.name for plant in world.registry.plants}
    assert names("narrow") == {world.registry.plants[0].name}


def test_who_may_not_see_a_page_gets_nothing_of_it(app: Any) -> None:
    om = opened(app, "om")
    for path in ("/app/income", "/app/nothing", "/etc/passwd", "", "/app/export"):
        assert om.get(f"/app/export?page={path}&form=csv").status_code == 404, path
    assert om.get("/app/export?page=/app/plants&form=csv&table=99").status_code == 404
    assert om.get("/app/export?page=/app/plants&form=csv&table=-1").status_code == 404
    assert app.test_client().get("/app/export?page=/app/plants").status_code == 302


@given(st.text(max_size=30))
def test_no_text_becomes_a_formula(text: str) -> None:
    seen = SeenTable("t", ("h",), ((text,),))
    (_, *rows) = csv.reader(io.StringIO(seen_csv(seen).decode("utf-8-sig"), newline=""))
    assert not rows or not rows[0] or rows[0][0].lstrip()[:1] not in set("=+-@|%＝＋－＠") or not text.strip()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/c calc'!A1"])
def test_a_workbook_keeps_text_as_text(text: str) -> None:
    book = load_workbook(io.BytesIO(seen_xlsx([SeenTable("t", ("h",), ((text,),))])))
    cell = book.worksheets[0]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
