"""Plans drafted, sent back and printed on pages, as an accountant and a township do in a browser."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from commands.plans import StepOrder
from dashboard.factory import create_app
from revenue.approval import Body, Meeting, Step
from revenue.plan import Basis, Weighting
from revenue.rule import LineClass
from tests.commands.payout_world import PAPER, TOWN, VILLAGES, World
from tests.dashboard.fixtures import login
from tests.dashboard.test_pages import route

VILLAGE = VILLAGES[0]
SPAN = "first=2026-07&last=2026-09"
LINES = {
    "class-1": "posts", "purpose-1": "道路保洁", "basis-1": "day_rate", "amount-1": "9,000.00", "rate-1": "60",
    "class-2": "aid", "purpose-2": "困难补助", "basis-2": "weights", "amount-2": "1200.01", "weighting-2": "points",
    "class-3": "works", "purpose-3": "村道修补", "basis-3": "payee", "amount-3": "3000", "payee-3": "修路队（虚构）",
}  # fmt: skip


@pytest.fixture
def paid(tmp_path: Any) -> Iterator[World]:
    made = World(tmp_path)
    for place, village in enumerate(VILLAGES[:2]):
        made.fund(village)
        made.enrol(village, 4, first=1 + 100 * place)
    yield made
    made.close()


@pytest.fixture
def app(world: Any, paid: World) -> Any:
    sources = replace(world.services.sources, registry=paid.registry, clock=paid.clock)
    return create_app(replace(world.services, payout=paid.services(), sources=sources), world.settings)


class Person:
    """Somebody logged in."""

    def __init__(self, app: Any, user: str) -> None:
        self.client = app.test_client()
        self.token = login(self.client, user)

    def shown(self, path: str) -> str:
        return str(self.client.get(f"/app/{path}").get_data(as_text=True))

    def page(self, path: str) -> str:
        return json.dumps(route(self.client, self.token, f"/app/{path}").get_json(), ensure_ascii=False)

    def send(self, path: str, **form: Any) -> Any:
        data = {"csrf_token": self.token, **form}
        return self.client.post(f"/app/{path}", data=data, content_type="multipart/form-data")


def test_a_plan_is_drafted_line_by_line_beside_what_there_is(app: Any, paid: World) -> None:
    person, address = Person(app, "accountant"), f"plan-draft/{VILLAGE}?{SPAN}"
    assert "可分配 16,200.00 元" in person.shown(address)
    wrong = person.send(address, **{**LINES, "amount-2": "many"})
    assert wrong.status_code == 422
    assert "第 2 行" in wrong.get_data(as_text=True)
    assert 'value="9,000.00"' in wrong.get_data(as_text=True), "what was typed stays"
    much = person.send(address, **{**LINES, "amount-3": "30000"})
    assert much.status_code == 422
    assert paid.stores.dossiers.of_villages([VILLAGE]) == []
    assert person.send(address).status_code == 422, "no line at all"
    kept = person.send(address, **LINES)
    plan_id = f"{VILLAGE}-202607-202609"
    assert (kept.status_code, kept.location) == (303, f"/app/plans/{plan_id}")
    plan = paid.plans.dossier(paid.accountant, plan_id).plan
    assert [(one.kind, one.basis, one.fen) for one in plan.lines] == [
        (LineClass.POSTS, Basis.DAY_RATE, 900_000),
        (LineClass.AID, Basis.WEIGHTS, 120_001),
        (LineClass.WORKS, Basis.PAYEE, 300_000),
        (LineClass.RETAINED, Basis.NOBODY, 299_999),
    ]
    assert plan.lines[1].weighting is Weighting.POINTS
    again = person.shown(address)
    assert 'value="1200.01"' in again, "the draft is changed where it stands"
    assert f"plan-draft/{VILLAGE}?{SPAN}" in person.page(f"plans/{plan_id}")
    file = "用途,事由,方式,金额,标准,权数,收款人\n公益岗位,护林,按天,600,60,,\n".encode()
    assert person.send(address, file=(io.BytesIO(file), "l.csv")).status_code == 303
    assert paid.plans.dossier(paid.accountant, plan_id).plan.version == 2


def test_who_makes_no_plans_drafts_none_and_a_foreign_village_is_refused(app: Any) -> None:
    assert Person(app, "township").client.get(f"/app/plan-draft/{VILLAGE}").status_code == 403
    assert Person(app, "accountant").client.get("/app/plan-draft/611002888201").status_code == 403


def test_a_township_sends_a_plan_back_with_a_reason(app: Any, paid: World) -> None:
    plan_id = paid.draft(VILLAGE).plan.plan_id
    paid.meet(plan_id)
    township = Person(app, "township")
    address = f"plan-back/{plan_id}"
    assert address in township.page(f"plans/{plan_id}")
    assert 'value="reviewed"' in township.shown(address)
    assert township.send(address, to="drafted", reason=" ").status_code == 422
    assert township.send(address, to="paid", reason="x").status_code == 422
    assert township.send(address, to="nowhere", reason="x").status_code == 422
    assert Person(app, "accountant").send(address, to="drafted", reason="x").status_code == 403
    assert township.send(address, to="drafted", reason="积分有误").status_code == 303
    assert paid.plans.dossier(paid.accountant, plan_id).approval.step is Step.DRAFTED


def test_an_assembly_decides_by_its_own_quorum_and_the_paper_names_people_only_when_the_village_said_so(
    app: Any, paid: World
) -> None:
    plan_id = paid.draft(VILLAGE).plan.plan_id
    for step in (Step.PROPOSED, Step.DISCUSSED, Step.REVIEWED):
        paid.plans.step(paid.accountant, StepOrder(plan_id, step, paid.today, Meeting(30, 24, 20), PAPER))
    person, address = Person(app, "accountant"), f"plan-step/{plan_id}"
    assert "成员（代表）大会" in person.shown(address)
    form = {"step": "decided", "on": paid.today.isoformat(), "due": "30", "present": "24", "votes": "20"}

    def decide(**more: str) -> Any:
        return person.send(address, photo=(io.BytesIO(b"p"), "p.jpg"), body="assembly", **form, **more)

    late = decide(called=paid.today.isoformat())
    assert late.status_code == 422
    assert 'value="assembly" selected' in late.get_data(as_text=True)
    assert decide(called="2026-09-20").status_code == 303
    taken = paid.plans.dossier(paid.accountant, plan_id).approval.taken(Step.DECIDED)
    assert taken is not None
    assert taken.meeting is not None
    assert taken.meeting.body is Body.ASSEMBLY
    assert 'name="named"' in person.shown(address)
    today = paid.today.isoformat()
    assert person.send(address, step="published", on=today, named="1").status_code == 303
    (notice,) = paid.notices.notices(paid.accountant, VILLAGE)
    assert notice.named
    other = paid.draft(VILLAGES[1]).plan.plan_id
    paid.meet(other)
    assert person.send(f"plan-step/{other}", step="published", on=today).status_code == 303
    assert not paid.notices.notices(paid.accountant, VILLAGES[1])[0].named


def test_a_work_is_paid_once_by_the_checker(app: Any, paid: World) -> None:
    plan_id = paid.release(VILLAGE).plan.plan_id
    township, address = Person(app, "township"), f"plan-pay/{plan_id}"
    assert "村道修补 · 修路队（虚构） · 3,000.00" in township.shown(address)
    assert Person(app, "accountant").send(f"{address}/works", line="3").status_code == 403
    assert township.send(f"{address}/works", line="9").status_code == 422
    assert township.send(f"{address}/works", line="3").status_code == 303
    after = township.shown(address)
    assert "已登记付款" in after
    assert f"{address}/works" not in after


@pytest.mark.parametrize("what", ["notices", "slips", "reports", "vouchers"])
def test_a_town_prints_everything_of_its_villages_in_one_file(app: Any, paid: World, what: str) -> None:
    for village in VILLAGES[:2]:
        paid.release(village)
    person = Person(app, "accountant")
    assert "全镇各村" in person.shown("prints")
    found = [
        person.client.get(f"/app/prints/file?what={what}&place={place}&first=2026-01&last=2026-12")
        for place in (TOWN, VILLAGE)
    ]
    assert [one.status_code for one in found] == [200, 200]
    pages = [len(PdfReader(io.BytesIO(one.data)).pages) for one in found]
    assert pages[0] >= pages[1] >= 1
    texts = "".join(page.extract_text() for page in PdfReader(io.BytesIO(found[0].data)).pages)
    assert "样例1村" in texts
    assert "样例2村" in texts


def test_files_are_given_within_the_scope_and_by_permission_and_refusals_stay_on_the_page(
    app: Any, paid: World
) -> None:
    paid.release(VILLAGE)
    person = Person(app, "accountant")
    span = "first=2026-01&last=2026-12"
    bare = person.client.get(f"/app/prints/file?what=notices&place={VILLAGES[1]}&{span}")
    assert bare.status_code == 422
    assert "没有可打印的材料" in bare.get_data(as_text=True)
    assert person.client.get(f"/app/prints/file?what=reports&place=611002888201&{span}").status_code == 403
    assert person.client.get(f"/app/prints/file?what=all&place={VILLAGE}&{span}").status_code == 422
    assert (
        person.client.get(f"/app/prints/file?what=reports&place={VILLAGE}&first=2026&last=x").status_code
        == 422
    )
    town = person.client.get(f"/app/prints/file?what=package&place={TOWN}&{span}")
    assert town.status_code == 422
    package = person.client.get(f"/app/prints/file?what=package&place={VILLAGE}&{span}")
    assert "verifier.py" in zipfile.ZipFile(io.BytesIO(package.data)).namelist()
    county = Person(app, "county")
    assert "明白卡" not in county.shown("prints")
    assert county.client.get(f"/app/prints/file?what=slips&place={VILLAGE}&{span}").status_code == 403
    assert county.client.get(f"/app/prints/file?what=workbook&place={VILLAGE}&{span}").status_code == 200
