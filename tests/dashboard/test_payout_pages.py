"""Plans, payments, notices, traces and the roster on pages; steps by plain forms, also from a phone."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from dashboard.factory import create_app
from revenue.approval import Step
from tests.commands.payout_world import VILLAGES, World, roster_file
from tests.dashboard.fixtures import USERS, login
from tests.dashboard.test_pages import MONEY_ROLES, route

PEOPLE_ROLES = {"accountant", "township"}


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("paid"))
    for place, village in enumerate(VILLAGES[:2]):
        made.fund(village)
        made.enrol(village, 8, first=1 + 100 * place)
    plan_id = made.release(VILLAGES[0]).plan.plan_id
    made.answer(made.send(plan_id), frozenset({2}))
    made.draft(VILLAGES[1])
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(world: Any, paid: World) -> Any:
    payout = paid.services()
    sources = replace(world.services.sources, registry=paid.registry, clock=paid.clock)
    return create_app(replace(world.services, payout=payout, sources=sources), world.settings)


@pytest.fixture(scope="module")
def plan_id(paid: World) -> str:
    return paid.stores.dossiers.of_villages([VILLAGES[0]])[0].plan.plan_id


def shown(client: Any, token: str, path: str) -> str:
    answer = route(client, token, path)
    assert answer.status_code == 200, path
    return json.dumps(answer.get_json(), ensure_ascii=False)


def addresses(paid: World, plan_id: str) -> list[str]:
    line = paid.plans.dossier(paid.accountant, plan_id).entitlements[0].entitlement_id
    notice = paid.notices.notices(paid.accountant, VILLAGES[0])[0]
    return [
        "/app/plans",
        f"/app/plans/{plan_id}",
        "/app/payments",
        "/app/notices",
        f"/app/notices?code={notice.code}",
        "/app/trace",
        f"/app/trace?line={line}",
        f"/app/trace?source=lot:{VILLAGES[0]}:2026-07",
    ]


@pytest.mark.parametrize("role", USERS)
def test_the_pages_open_for_those_who_see_money_and_people_for_fewer(
    app: Any, paid: World, plan_id: str, role: str
) -> None:
    client = app.test_client()
    token = login(client, role)
    for path in addresses(paid, plan_id):
        assert ("trouble" not in shown(client, token, path)) == (role in MONEY_ROLES), path
    assert ("trouble" not in shown(client, token, "/app/roster")) == (role in PEOPLE_ROLES)


def test_a_plan_says_where_it_stands_and_what_it_lacks(app: Any, paid: World, plan_id: str) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    page = shown(client, token, f"/app/plans/{plan_id}")
    for words in ("部分发放", "没有发放成功", "退回: 户名不符", "样镇〔2026〕6号"):
        assert words in page
    assert "村民" not in page
    assert f"/app/ledger?village={VILLAGES[0]}&month=" in page, "the journal its money is from"
    other = paid.stores.dossiers.of_villages([VILLAGES[1]])[0].plan.plan_id
    assert "办理：提议" in shown(client, token, f"/app/plans/{other}")


def test_a_trace_leads_from_a_household_to_statements_and_from_a_receipt_to_households(
    app: Any, paid: World, plan_id: str
) -> None:
    client = app.test_client()
    token = login(client, "county")
    one = paid.plans.dossier(paid.accountant, plan_id).entitlements[-1]
    down = shown(client, token, f"/app/trace?line={one.entitlement_id}")
    assert f"{VILLAGES[0]}:2026-07" in down
    assert "÷" in down
    up = shown(client, token, f"/app/trace?source=lot:{VILLAGES[0]}:2026-07")
    assert one.entitlement_id.rpartition("/")[0] in up
    assert "没有应得" in shown(client, token, "/app/trace?source=nothing")


def test_the_roster_is_masked_and_the_notice_page_too(app: Any, paid: World, plan_id: str) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    page = shown(client, token, f"/app/roster?village={VILLAGES[0]}")
    assert "村****甲" in page
    assert "村民001甲" not in page
    notice = client.get(f"/app/papers/notice/{plan_id}/1").get_data(as_text=True)
    assert 'data-total="posts"' in notice
    assert "村民001甲" not in notice


def test_papers_are_downloaded_as_files_by_those_who_may(app: Any, plan_id: str) -> None:
    client = app.test_client()
    login(client, "accountant")
    for path in (
        f"papers/notice-sheet/{plan_id}/1",
        f"papers/slips/{plan_id}",
        f"papers/step/{plan_id}/decided",
    ):
        answer = client.get(f"/app/{path}")
        assert answer.status_code == 200, path
        assert answer.data.startswith(b"%PDF")
        assert "attachment" in answer.headers["Content-Disposition"]
    other = app.test_client()
    login(other, "county")
    assert other.get(f"/app/papers/slips/{plan_id}").status_code == 403


def test_a_step_is_taken_by_a_form_with_its_photo_and_refused_in_words(app: Any, paid: World) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    plan_id = paid.stores.dossiers.of_villages([VILLAGES[1]])[0].plan.plan_id
    address = f"/app/plan-step/{plan_id}"
    assert "党支部" not in client.get(address).get_data(as_text=True)

    def send(**changed: Any) -> Any:
        form = {
            "csrf_token": token,
            "step": "proposed",
            "on": paid.today.isoformat(),
            "due": "30",
            "present": "24",
            "votes": "20",
            "photo": (io.BytesIO(b"photo"), "p.jpg"),
            **changed,
        }
        return client.post(address, data=form, content_type="multipart/form-data")

    few = send(present="10", votes="9")
    assert few.status_code == 422
    assert "没有超过应到 30 人的一半" in few.get_data(as_text=True)
    assert send(due="many").status_code == 422
    assert send().status_code == 303
    assert paid.plans.dossier(paid.accountant, plan_id).approval.step is Step.PROPOSED


def test_a_roster_file_is_shown_before_it_is_kept(app: Any, paid: World) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    village = VILLAGES[2]

    def send(content: bytes, keep: str) -> Any:
        form = {"csrf_token": token, "on": "2026-01-01", "keep": keep, "file": (io.BytesIO(content), "r.csv")}
        return client.post(f"/app/roster-import/{village}", data=form, content_type="multipart/form-data")

    preview = send(roster_file(3, first=300), "")
    assert "3 人，3 户" in preview.get_data(as_text=True)
    assert paid.stores.rosters.rosters(village) == []
    wrong = send(b"a,b\n1,2\n", "1")
    assert wrong.status_code == 422
    assert send(roster_file(3, first=300), "1").status_code == 303
    assert len(paid.stores.rosters.rosters(village)[0].members) == 3


def test_accounts_are_confirmed_one_by_one_and_the_bank_file_is_made_and_answered_on_pages(
    app: Any, paid: World, plan_id: str
) -> None:
    accountant, township = app.test_client(), app.test_client()
    token, other = login(accountant, "accountant"), login(township, "township")
    address = f"/app/plan-pay/{plan_id}"
    waiting = paid.payments.to_confirm(paid.township, plan_id)
    for one in waiting:
        form = {"csrf_token": other, "payee": one.payee_id, "account": one.account_id}
        assert township.post(f"{address}/confirm", data=form).status_code == 303
    twice = township.post(f"{address}/confirm", data={"csrf_token": other, "payee": "x", "account": "y"})
    assert twice.status_code == 422
    assert township.post(f"{address}/batch", data={"csrf_token": other}).status_code == 403
    assert accountant.post(f"{address}/batch", data={"csrf_token": token}).status_code == 303
    assert accountant.post(f"{address}/batch", data={"csrf_token": token}).status_code == 422
    batch = paid.plans.dossier(paid.accountant, plan_id).batches[-1]
    file = accountant.get(f"/app/papers/bank/{plan_id}/{batch.batch_id}?form=csv")
    assert ",621700000000" in file.data.decode("gb18030")
    rows = "".join(f"{one.number},{one.fen / 100:.2f},成功\n" for one in batch.lines)
    reply = {"csrf_token": token, "file": (io.BytesIO(f"序号,金额,状态\n{rows}".encode()), "r.csv")}
    done = accountant.post(
        f"/app/bank-reply/{batch.batch_id}", data=reply, content_type="multipart/form-data"
    )
    assert done.status_code == 303
    assert paid.plans.dossier(paid.accountant, plan_id).approval.step is Step.PAID


def test_a_form_names_households_of_one_village_masked_to_those_who_may_see_them(
    app: Any, paid: World
) -> None:
    book = Workbook()
    page: Any = book.active
    for row, name in enumerate(("household:1", "payee:1", "group:2", "payee:9"), 1):
        page.cell(row, 1, f"{{{{{name}}}}}")
    target = io.BytesIO()
    book.save(target)

    def sent(role: str, place: str) -> Any:
        client = app.test_client()
        token = login(client, role)
        given = {"csrf_token": token, "month": "2026-09", "place": place}
        file = (io.BytesIO(target.getvalue()), "form.xlsx")
        return client.post("/app/report-form", data={**given, "file": file})

    looks = len(
        [
            one
            for one in paid.records.audit(paid.clock.now().replace(year=2000))
            if one.action == "people.look"
        ]
    )
    filled = sent("accountant", VILLAGES[0])
    assert filled.status_code == 200
    sheet: Any = load_workbook(io.BytesIO(filled.data)).active
    assert [sheet.cell(row, 1).value for row in (1, 2, 3, 4)] == ["H001", "村****甲", "三组", "—"]
    seen = [
        one for one in paid.records.audit(paid.clock.now().replace(year=2000)) if one.action == "people.look"
    ]
    assert len(seen) == looks + 1
    for role, place in (("accountant", ""), ("county", VILLAGES[0]), ("settlement", VILLAGES[0])):
        refused = sent(role, place)
        assert refused.status_code == 422, role
        assert "payee:1" in refused.get_data(as_text=True)
