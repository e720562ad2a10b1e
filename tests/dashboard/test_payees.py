"""One act at a time on payees and sheets: accounts by two persons, heirs, ended slip codes, corrections."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from commands.households import Households
from dashboard.factory import create_app
from revenue.approval import Step
from revenue.notice import NoticeKind
from stores.records.household_codes import SqlHouseholdCodes
from stores.records.sealing import Sealer
from tests.commands.payout_world import VILLAGES, World, roster_file
from tests.dashboard.fixtures import login
from tests.dashboard.test_pages import route
from texts.loader import Texts

VILLAGE = VILLAGES[0]
NUMBER = "6217999900001234"


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("payees"))
    made.fund(VILLAGE)
    made.enrol(VILLAGE, 4)
    made.answer(made.send(made.release(VILLAGE).plan.plan_id), frozenset({1}))
    yield made
    made.close()


@pytest.fixture(scope="module")
def codes(paid: World) -> SqlHouseholdCodes:
    return SqlHouseholdCodes(paid.records.database, Sealer(paid.folder / "people.key"))


@pytest.fixture(scope="module")
def app(world: Any, paid: World, codes: SqlHouseholdCodes) -> Any:
    given = (paid.stores, paid.registry, paid.rules, paid.clock, paid.clock)
    services = paid.services(households=Households(*given, codes, "https://pv.example.cn"))
    sources = replace(world.services.sources, registry=paid.registry, clock=paid.clock)
    return create_app(replace(world.services, payout=services, sources=sources), world.settings)


def shown_on(client: Any, token: str, path: str) -> str:
    return json.dumps(route(client, token, path).get_json(), ensure_ascii=False)


def send(client: Any, token: str, path: str, photo: bytes = b"", **given: Any) -> Any:
    form: dict[str, Any] = {"csrf_token": token, **given}
    if photo:
        form["photo"] = (io.BytesIO(photo), "p.jpg")
    return client.post(f"/app/{path}", data=form, content_type="multipart/form-data")


def test_an_account_is_changed_with_a_document_and_checked_by_somebody_else(app: Any, paid: World) -> None:
    accountant, township = app.test_client(), app.test_client()
    mine, theirs = login(accountant, "accountant"), login(township, "township")
    person = paid.stores.rosters.rosters(VILLAGE)[0].members[1].person_id
    address = f"payee-account/{VILLAGE}/{person}"
    assert "H002 村****甲" in accountant.get(f"/app/{address}").get_data(as_text=True)
    assert township.get(f"/app/{address}").status_code == 403
    bare = send(accountant, mine, address, bank="信用社", number=NUMBER)
    assert bare.status_code == 422, "without a document"
    assert NUMBER in bare.get_data(as_text=True), "what was typed stays"
    assert send(accountant, mine, address, b"card", bank="信用社", number=NUMBER).status_code == 303
    (waiting,) = paid.rosters.waiting_accounts(paid.accountant, VILLAGE)
    listed = township.get(f"/app/payee-accounts/{VILLAGE}").get_data(as_text=True)
    assert "****1234" in listed
    assert NUMBER not in listed
    own = send(accountant, mine, f"payee-accounts/{VILLAGE}", account=waiting.account_id)
    assert own.status_code == 403, "who changes does not check"
    done = send(township, theirs, f"payee-accounts/{VILLAGE}", account=waiting.account_id)
    assert done.status_code == 303
    assert paid.stores.rosters.accounts([person])[person].number == NUMBER
    again = send(township, theirs, f"payee-accounts/{VILLAGE}", account=waiting.account_id)
    assert again.status_code == 422


def test_returned_money_goes_to_an_heir_on_a_proof_by_the_checker(app: Any, paid: World) -> None:
    township = app.test_client()
    token = login(township, "township")
    dossier = paid.stores.dossiers.of_villages([VILLAGE])[0]
    (stands,) = [one for one in dossier.standings().values() if one.returned is not None]
    entitlement = stands.entitlement.entitlement_id
    heir = paid.stores.rosters.rosters(VILLAGE)[0].members[3].person_id
    page = shown_on(township, token, f"/app/plans/{dossier.plan.plan_id}")
    assert f"payee-heir/{entitlement}" in page
    assert heir in township.get(f"/app/payee-heir/{entitlement}").get_data(as_text=True)
    assert send(township, token, f"payee-heir/{entitlement}", payee=heir).status_code == 422
    assert send(township, token, f"payee-heir/{entitlement}", b"proof", payee="x").status_code == 422
    assert send(township, token, f"payee-heir/{entitlement}", b"proof", payee=heir).status_code == 303
    after = paid.stores.dossiers.of_plan(dossier.plan.plan_id)
    assert after is not None
    assert after.heirs == {entitlement: heir}


def test_a_household_that_left_loses_its_slip_codes(app: Any, paid: World, codes: SqlHouseholdCodes) -> None:
    accountant = app.test_client()
    token = login(accountant, "accountant")
    plan_id = paid.stores.dossiers.of_villages([VILLAGE])[0].plan.plan_id
    assert accountant.get(f"/app/papers/slips/{plan_id}").status_code == 200
    shown = shown_on(accountant, token, f"/app/roster?village={VILLAGE}")
    assert f"household-end/{VILLAGE}/H003" in shown
    address = f"household-end/{VILLAGE}/H003"
    assert "H003" in accountant.get(f"/app/{address}").get_data(as_text=True)
    assert send(accountant, token, address).status_code == 303
    assert codes.end_codes(VILLAGE, "H003", paid.clock.now()) == 0, "nothing is left to end"
    assert codes.end_codes(VILLAGE, "H004", paid.clock.now()) == 2, "the others keep theirs"


def test_a_correction_is_published_by_a_form_and_numbered(app: Any, paid: World) -> None:
    accountant = app.test_client()
    token = login(accountant, "accountant")
    plan_id = paid.stores.dossiers.of_villages([VILLAGE])[0].plan.plan_id
    shown = shown_on(accountant, token, "/app/notices")
    assert f"notice-correct/{plan_id}/1" in shown
    address = f"notice-correct/{plan_id}/1"
    row: dict[str, Any] = {"label-1": "道路保洁", "old-1": "20 天", "new-1": "30 天"}
    assert send(accountant, token, address, **row).status_code == 422, "without a reason"
    assert send(accountant, token, address, reason="抄错").status_code == 422, "without a change"
    assert send(accountant, token, address, reason="抄错", **row).status_code == 303
    newest = paid.notices.notices(paid.accountant, VILLAGE)[0]
    assert (newest.kind, newest.corrects, len(newest.changes)) == (NoticeKind.CORRECTION, 1, 1)
    page = accountant.get(f"/app/papers/notice/{plan_id}/{newest.number}").get_data(as_text=True)
    for words in ("更正", "20 天", "30 天", "抄错"):
        assert words in page
    assert Texts("zh")("papers.notice.correction", number=newest.number, corrects=1) in page


def test_a_notice_is_photographed_on_its_board_and_the_photo_is_in_the_audit_package(
    app: Any, paid: World
) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    notice = paid.notices.notices(paid.accountant, VILLAGE)[-1]
    address = f"notice-post/{notice.plan_id}/{notice.number}"
    assert address in shown_on(client, token, "/app/notices")
    assert "已存 0 张" in client.get(f"/app/{address}").get_data(as_text=True)
    assert send(client, token, address).status_code == 422, "without a photo"
    assert send(client, token, f"notice-post/{notice.plan_id}/99", b"board").status_code == 422
    assert send(client, token, address, b"board").status_code == 303
    assert "已存 1 张" in client.get(f"/app/{address}").get_data(as_text=True)
    dossier = paid.stores.dossiers.of_plan(notice.plan_id)
    assert dossier is not None
    (kept,) = dossier.posted
    assert (kept.number, kept.on) == (notice.number, paid.today)
    made = client.get(f"/app/prints/file?what=package&place={VILLAGE}&first=2026-01&last=2026-12")
    assert zipfile.ZipFile(io.BytesIO(made.data)).read(f"papers/{kept.photo}") == b"board"
    other = app.test_client()
    theirs = login(other, "township")
    assert send(other, theirs, address, b"x").status_code == 403


def test_one_person_is_shown_for_a_minute_for_a_reason_that_is_kept(app: Any, paid: World) -> None:
    client = app.test_client()
    token = login(client, "accountant")
    person = paid.stores.rosters.rosters(VILLAGE)[0].members[2].person_id
    address = f"person/{VILLAGE}/{person}"
    assert address in shown_on(client, token, f"/app/roster?village={VILLAGE}")
    asked = client.get(f"/app/{address}").get_data(as_text=True)
    assert "村民003甲" not in asked
    assert send(client, token, address, reason=" ").status_code == 422
    shown = send(client, token, address, reason="核对同名")
    assert "村民003甲" in shown.get_data(as_text=True)
    assert shown.headers["Refresh"].startswith("60;")
    assert shown.headers["Cache-Control"] == "no-store"
    kept = paid.records.audit(paid.clock.now())
    done = [one for one in kept if (one.action, one.outcome) == ("people.unmask", "done")]
    assert [(one.subject, one.detail["reason"]) for one in done] == [(person, "核对同名")]
    assert send(client, token, f"person/{VILLAGES[1]}/{person}", reason="x").status_code == 422
    county = app.test_client()
    theirs = login(county, "county")
    assert send(county, theirs, address, reason="x").status_code == 403


def test_money_of_the_dead_without_an_heir_goes_to_the_collective_by_a_form(app: Any, paid: World) -> None:
    township, accountant = app.test_client(), app.test_client()
    token, other = login(township, "township"), login(accountant, "accountant")
    dossier = paid.stores.dossiers.of_villages([VILLAGE])[0]
    plan_id = dossier.plan.plan_id
    (stands,) = [one for one in dossier.standings().values() if one.open_fen]
    address = f"payee-lapse/{stands.entitlement.entitlement_id}"
    assert address in shown_on(township, token, f"/app/plans/{plan_id}")
    assert address not in shown_on(accountant, other, f"/app/plans/{plan_id}")
    asked = township.get(f"/app/{address}").get_data(as_text=True)
    assert "第一千一百六十条" in asked
    owed = stands.entitlement
    for words in (owed.household_id, dossier.plan.line(owed.line_id).purpose, f"{owed.fen / 100:,.2f}"):
        assert words in asked, "whose money, what for and how much, not a number nobody knows"
    assert send(township, token, address).status_code == 422, "without a proof"
    alive = send(township, token, address, b"proof")
    assert (alive.status_code, "名册没有写明此人死亡" in alive.get_data(as_text=True)) == (422, True)
    assert "记为已发放" not in accountant.get(f"/app/plan-pay/{plan_id}").get_data(as_text=True)
    bury(paid, stands.entitlement.person_id)
    assert send(township, token, address, b"proof").status_code == 303
    page = shown_on(township, token, f"/app/plans/{plan_id}")
    assert "归村集体" in page
    assert address not in page
    trace = f"/app/trace?line={stands.entitlement.entitlement_id}"
    assert "无继承人" in shown_on(township, token, trace)
    pays = accountant.get(f"/app/plan-pay/{plan_id}").get_data(as_text=True)
    assert "记为已发放" in pays
    assert f"plan-pay/{plan_id}/batch" not in pays, "there is nothing to send"
    assert send(township, token, f"plan-pay/{plan_id}/settled").status_code == 403
    assert send(accountant, other, f"plan-pay/{plan_id}/settled").status_code == 303
    after = paid.stores.dossiers.of_plan(plan_id)
    assert after is not None
    assert after.approval.step is Step.PAID


def bury(paid: World, person: str) -> None:
    """Keep a roster of today that says a person died."""
    row = next(
        line
        for line, one in zip(
            roster_file(4).decode().splitlines()[1:],
            paid.stores.rosters.rosters(VILLAGE)[0].members,
            strict=False,
        )
        if one.person_id == person
    )
    kept = roster_file(4).decode().replace(row, row[:-2] + ",死亡,").encode()
    paid.rosters.import_file(paid.accountant, VILLAGE, paid.today, "名册.csv", kept)
