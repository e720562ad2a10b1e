"""A practice copy: a month's work done in it, marked wherever it is shown, and nothing leaks either way."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from werkzeug.test import Client

from commands.papers.document import document_png
from commands.papers.practice_mark import marked
from commands.papers.seen import seen_csv, seen_xlsx
from commands.practice import CHECKER
from domain.document import Document, SeenTable
from domain.errors import RecordRejectedError
from main.instance import Instance
from stores.records.copy import sums
from tests.main.practice_world import Desk, Served, browser, inside, practice_world

MARK = "练习"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with practice_world(tmp_path_factory.mktemp("practice")) as made:
        yield made


@pytest.fixture
def desk(served: Served) -> Iterator[Desk]:
    instance, front, village = served
    yield Desk(instance, front, village, *browser(front, "accountant"))
    instance.practice.drop("accountant")


def everything(instance: Instance) -> list[Any]:
    """Return what all tables of the records add up to, sessions and audit aside."""
    with instance.records.database.reading() as connection:
        return [one for one in sums(connection) if one.table not in {"sessions", "audit"}]


def test_who_makes_plans_practises_and_nobody_else(desk: Desk) -> None:
    assert MARK in desk.get("/app/practice").get_data(as_text=True)
    other, token = browser(desk.front, "om")
    assert other.get("/app/practice").status_code == 403
    assert other.post("/app/practice", data={"csrf_token": token}).status_code == 403
    assert other.get("/practice/plans").location.endswith("/app/practice")
    nobody = Client(desk.front)
    assert nobody.get("/practice/plans").status_code == 303
    assert "/login" in nobody.get("/app/practice").location


def test_there_is_no_copy_before_it_is_made_and_none_after_it_is_deleted(desk: Desk) -> None:
    assert desk.get("/practice/todo").location.endswith("/app/practice")
    desk.begin()
    assert desk.get("/practice/todo").status_code == 200
    assert desk.post("/app/practice/end").status_code == 303
    assert desk.get("/practice/todo").location.endswith("/app/practice")
    assert list((desk.instance.options.data / "practice").iterdir()) == []
    assert desk.post("/app/practice/end").status_code == 422
    actions = [
        one.action
        for one in desk.instance.records.audit(desk.instance.options.clock.now().replace(year=2000))
    ]
    assert [one for one in reversed(actions) if one.startswith("practice")] == [
        "practice.begin",
        "practice.end",
        "practice.end",
    ]


def test_a_copy_belongs_to_its_owner_alone(desk: Desk) -> None:
    desk.begin()
    other, _ = browser(desk.front, "second")
    assert other.get("/practice/todo").location.endswith("/app/practice")
    inner = desk.instance.practice._open
    assert list(inner) == [] or list(inner) == ["accountant"]
    desk.get("/practice/todo")
    client = Client(desk.instance.practice._open["accountant"].application)
    client.set_cookie("pvmon_session", other.get_cookie("pvmon_session").value)  # type: ignore[union-attr]
    assert "/login" in client.get("/practice/todo").location


def test_no_real_person_is_in_the_copy_and_its_key_is_its_own(desk: Desk) -> None:
    desk.begin()
    desk.get("/practice/todo")
    real, copy = desk.instance.payout().stores.rosters, desk.copy().payout().stores.rosters
    here, there = real.rosters(desk.village)[0], copy.rosters(desk.village)[0]
    assert [one.household_id for one in here.members] == [one.household_id for one in there.members]
    ids = [one.person_id for one in here.members]
    assert {one.name for one in copy.people(ids).values()} == {f"{MARK}{place:03d}" for place in range(1, 7)}
    numbers = {one.id_number for one in real.people(ids).values()}
    assert not numbers & {one.id_number for one in copy.people(ids).values()}
    cards = {one.number for one in real.accounts(ids).values()}
    assert len(cards) == 6
    assert not cards & {one.number for one in copy.accounts(ids).values()}
    keys = [one.options.data / "records" / "people.key" for one in (desk.instance, desk.copy())]
    assert keys[0].read_bytes() != keys[1].read_bytes()


def test_a_session_logged_out_opens_no_copy(desk: Desk) -> None:
    desk.begin()
    assert desk.get("/practice/todo").status_code == 200
    cookie = desk.client.get_cookie("pvmon_session")
    assert cookie is not None
    desk.post("/logout")
    late = Client(desk.front)
    late.set_cookie("pvmon_session", cookie.value)
    assert late.get("/practice/todo").location.endswith("/app/practice")


def test_a_whole_quarter_is_practised_and_the_real_books_never_learn_of_it(desk: Desk) -> None:
    desk.begin()
    desk.get("/practice/todo")
    before, desk_of = everything(desk.instance), inside(desk.copy())
    plan_id = desk_of.release(desk.village).plan.plan_id
    batch = desk_of.send(plan_id)
    desk_of.answer(batch)
    assert everything(desk.instance) == before
    assert desk.instance.payout().stores.dossiers.of_villages([desk.village]) == []
    for path in (f"/app/plans/{plan_id}", f"/gs/{desk.village}/", "/app/plans"):
        assert plan_id not in desk.get(path).get_data(as_text=True), path
    step = desk.get(f"/practice/plan-pay/{plan_id}")
    assert step.status_code == 200
    assert plan_id in step.get_data(as_text=True)
    refused = desk.get(f"/practice/papers/bank/{plan_id}/{batch.batch_id}")
    assert refused.status_code == 422
    assert "不产生银行文件" in refused.get_data(as_text=True)
    assert everything(desk.instance) == before


def test_every_page_and_paper_of_a_copy_is_marked_and_no_real_one_is(desk: Desk) -> None:
    desk.begin()
    desk.get("/practice/todo")
    desk_of = inside(desk.copy())
    plan_id = desk_of.release(desk.village).plan.plan_id
    pages = (
        "/practice/todo",
        "/practice/plans",
        f"/practice/plan-pay/{plan_id}",
        f"/practice/plan-step/{plan_id}",
        f"/practice/roster-import/{desk.village}",
        f"/practice/papers/notice/{plan_id}/1",
        "/practice/nowhere",
    )
    for path in pages:
        assert 'class="practice"' in desk.get(path).get_data(as_text=True), path
    for name in ("notice-sheet", "slips"):
        suffix = "/1" if name == "notice-sheet" else ""
        paper = desk.get(f"/practice/papers/{name}/{plan_id}{suffix}")
        assert paper.mimetype == "application/pdf", name
        assert "practice-" in paper.headers["Content-Disposition"]
        for page in PdfReader(io.BytesIO(paper.data)).pages:
            assert page.extract_text().count("练习 不作凭据") == 2, name
    table = desk.get("/practice/export?page=/practice/plans&table=0&form=csv")
    assert table.data.decode("utf-8-sig").startswith('"练习 不作凭据"')
    for path in ("/app/todo", "/app/plans", f"/app/roster-import/{desk.village}"):
        assert 'class="practice"' not in desk.get(path).get_data(as_text=True), path


def test_the_second_seat_is_an_invented_checker(desk: Desk) -> None:
    desk.begin()
    page = desk.get("/practice/roster-import/" + desk.village)
    assert page.status_code == 200
    moved = desk.post("/practice/seat", seat=CHECKER, back="/practice/plans")
    assert moved.location == "/practice/plans"
    assert (
        desk.get("/practice/roster-import/" + desk.village).status_code == 403
    )  # a checker changes no roster
    assert (
        desk.post("/practice/seat", seat="", back="https://elsewhere.example/").location == "/practice/todo"
    )
    assert desk.get("/practice/roster-import/" + desk.village).status_code == 200
    assert desk.post("/practice/seat", seat=CHECKER, back="/practice//elsewhere").location == "/practice/todo"


def test_beginning_anew_forgets_what_was_done(desk: Desk) -> None:
    desk.begin()
    desk.get("/practice/todo")
    plan_id = inside(desk.copy()).draft(desk.village).plan.plan_id
    assert plan_id in desk.get(f"/practice/plan-step/{plan_id}").get_data(as_text=True)
    desk.begin()
    assert desk.get(f"/practice/plan-step/{plan_id}").status_code in {403, 404, 422}


def test_nothing_public_no_interface_and_no_work_is_served_from_a_copy(desk: Desk) -> None:
    desk.begin()
    desk.get("/practice/todo")
    application = desk.instance.practice._open["accountant"].application
    endpoints = {rule.endpoint for rule in application.url_map.iter_rules()}
    assert not endpoints & {"setup", "draft", "practice", "notify_targets"}
    assert not any(rule.rule.startswith("/api") for rule in application.url_map.iter_rules())
    for path in ("/practice/industries", "/practice/orders", "/practice/setup", "/practice/practice"):
        assert desk.get(path).status_code in {200, 403, 404}, path
    services = desk.copy().services()
    assert services.payout is not None
    assert services.payout.households is not None
    assert not services.payout.households.is_on()
    with pytest.raises(RecordRejectedError, match="practice copy"):
        desk.copy().store.write([])


def test_a_spreadsheet_a_table_and_a_picture_are_marked_and_other_files_do_not_leave() -> None:
    table = SeenTable("表", ("a", "b"), (("x", Decimal("1.50")),))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    made = marked(seen_xlsx([table]), kind, MARK)
    assert made is not None
    book = load_workbook(io.BytesIO(made))
    assert book.sheetnames[0] == MARK
    heads: list[Any] = [sheet.oddHeader for sheet in book.worksheets[1:]]
    assert [one.center.text for one in heads] == [MARK]
    assert book.worksheets[1]["B2"].value == Decimal("1.50")
    rows = list(
        csv.reader(io.StringIO((marked(seen_csv(table), "text/csv", MARK) or b"").decode("utf-8-sig")))
    )
    assert rows == [[MARK], ["a", "b"], ["x", "1.50"]]
    plain = document_png(Document("题", ("一",), (table,)))
    drawn = marked(plain, "image/png", MARK)
    assert drawn is not None
    assert drawn != plain
    assert marked(b"PK", "application/zip", MARK) is None
