"""Attendance in a grid, and objections as cases: what the month has, what others took, what blocks a plan."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cases.lifecycle import fold
from dashboard.factory import create_app
from domain.case import CaseKind
from domain.roster import Roster
from revenue.approval import Step
from revenue.plan import Basis, PlanLine
from revenue.refusal import RefusedError
from revenue.rule import LineClass
from tests.commands.payout_world import VILLAGES, World, number_of
from tests.dashboard.fixtures import login

LINES = (
    PlanLine("1", LineClass.POSTS, "道路保洁", 600_000, Basis.DAY_RATE, 6_000),
    PlanLine("2", LineClass.POSTS, "护林", 300_000, Basis.DAY_RATE, 6_000),
)


@pytest.fixture
def village(tmp_path: Any) -> Iterator[World]:
    made = World(tmp_path)
    made.fund(VILLAGES[0])
    made.enrol(VILLAGES[0], 4)
    yield made
    made.close()


@pytest.fixture
def app(world: Any, village: World) -> Any:
    payout = village.services()
    sources = replace(world.services.sources, registry=village.registry, clock=village.clock)
    return create_app(replace(world.services, payout=payout, sources=sources), world.settings)


def persons(village: World, plan_id: str) -> list[str]:
    dossier = village.plans.dossier(village.accountant, plan_id)
    roster = village.stores.rosters.roster(dossier.plan.roster_id)
    assert isinstance(roster, Roster)
    return [one.person_id for one in roster.members]


def test_days_are_kept_from_the_grid_with_the_signed_paper_and_what_cannot_be_is_refused(
    app: Any, village: World
) -> None:
    plan_id = village.draft(VILLAGES[0], LINES).plan.plan_id
    people = persons(village, plan_id)
    client = app.test_client()
    token = login(client, "accountant")
    address = f"/app/attendance/{plan_id}"

    def send(line: str, days: dict[str, str], **changed: Any) -> Any:
        form = {
            "csrf_token": token,
            "on": "2026-07-31",
            "photo": (io.BytesIO(b"signed"), "p.jpg"),
            **{f"day-{person}": text for person, text in days.items()},
            **changed,
        }
        where = f"{address}?line={line}&month=2026-07"
        return client.post(where, data=form, content_type="multipart/form-data")

    page = client.get(address).get_data(as_text=True)
    assert "当月 31 天" in page
    assert "村****甲" in page
    assert "村民001甲" not in page
    many = send("1", {people[0]: "32"})
    assert many.status_code == 422
    assert "H001: 32 天：当月只有 31 天" in many.get_data(as_text=True)
    assert 'value="32"' in many.get_data(as_text=True)
    assert send("1", {people[0]: "x"}).status_code == 422
    assert "缺签字考勤表的照片" in send("1", {people[0]: "20"}, photo=(io.BytesIO(b""), "")).get_data(
        as_text=True
    )
    assert send("1", {people[0]: "20", people[1]: ""}).status_code == 303
    [sheet] = village.plans.dossier(village.accountant, plan_id).sheets
    assert (sheet.days, sheet.line_id) == ({people[0]: 20}, "1")
    over = send("2", {people[1]: "5", people[0]: "12"})
    assert "H001: 12 天，另一岗位已有 20 天" in over.get_data(as_text=True)
    assert send("1", {people[0]: "15"}).status_code == 303
    assert send("2", {people[0]: "16"}).status_code == 303
    days = f"身份证号,天数\n{number_of(2)},9\n".encode()
    assert send("2", {people[0]: "1"}, file=(io.BytesIO(days), "d.csv")).status_code == 303
    assert village.plans.dossier(village.accountant, plan_id).sheets[-1].days == {people[1]: 9}
    unknown = b"id_number,days\n1,9\n"
    assert send("2", {}, file=(io.BytesIO(unknown), "d.csv")).status_code == 422


def test_a_blank_sheet_is_printed_and_no_wage_goes_out_before_its_attendance(
    app: Any, village: World
) -> None:
    plan_id = village.draft(VILLAGES[0], LINES[:1]).plan.plan_id
    client = app.test_client()
    login(client, "accountant")
    blank = client.get(f"/app/papers/attendance/{plan_id}/1/2026-07")
    assert blank.data.startswith(b"%PDF")
    assert client.get(f"/app/papers/attendance/{plan_id}/1/x").status_code == 422
    village.meet(plan_id)
    village.notices.publish(village.accountant, plan_id)
    village.clock.advance(8 * 86_400)
    village.check(plan_id, Step.TOWNSHIP_REVIEWED)
    village.check(plan_id, Step.FILED)
    with pytest.raises(Exception, match="2026-07"):
        village.check(plan_id, Step.READY)
    other = app.test_client()
    login(other, "county")
    assert other.get(f"/app/attendance/{plan_id}").status_code == 403


def test_an_objection_is_a_case_and_blocks_the_plan_until_it_is_answered(app: Any, village: World) -> None:
    plan_id = village.draft(VILLAGES[0], LINES).plan.plan_id
    client = app.test_client()
    token = login(client, "accountant")
    address = f"/app/objections/{plan_id}"
    given = {
        "csrf_token": token,
        "on": village.today.isoformat(),
        "text": "我家少了一天",
        "reporter": "甲（虚构）",
    }
    early = client.post(address, data=given)
    assert (early.status_code, "下一步是" in early.get_data(as_text=True)) == (422, True)
    village.meet(plan_id)
    village.notices.publish(village.accountant, plan_id)
    assert client.post(address, data={**given, "on": "2027-01-01"}).status_code == 422
    assert client.post(address, data={**given, "on": "x"}).status_code == 422
    assert client.post(address, data=given).status_code == 303
    [acts] = village.records.cases_acts(open_only=True, kinds=[CaseKind.OBJECTION])
    case = fold(acts)
    assert (case.number[:8], case.subject, case.reporter) == ("YY-2026-", "我家少了一天", "甲（虚构）")
    assert case.village_id == VILLAGES[0]
    village.clock.advance(8 * 86_400)
    with pytest.raises(RefusedError, match="objection 1 has no answer"):
        village.check(plan_id, Step.TOWNSHIP_REVIEWED)
    page = client.get(address).get_data(as_text=True)
    assert "我家少了一天" in page
    assert f"orders/{case.case_id}" not in page  # an accountant sees no cases
    other = app.test_client()
    login(other, "township")
    assert f"orders/{case.case_id}" in other.get(address).get_data(as_text=True)
    answer = {"csrf_token": token, "text": "已核对考勤表", "outcome": "dismissed"}
    assert client.post(f"{address}/7", data=answer).status_code == 422
    assert client.post(f"{address}/1", data={**answer, "outcome": "maybe"}).status_code == 422
    assert client.post(f"{address}/1", data=answer).status_code == 303
    assert village.records.cases_acts(open_only=True) == []
    assert fold(village.records.case_acts(case.case_id)).answer == "已核对考勤表"
    village.check(plan_id, Step.TOWNSHIP_REVIEWED)
