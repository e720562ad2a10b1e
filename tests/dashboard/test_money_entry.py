"""Statements and slips come in by forms: a file with its preview, a paper typed beside its photo."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from commands.money_desk import MoneyDesk
from dashboard.factory import create_app
from queries.money import MoneyQueries
from queries.money_views import Energies
from tests.commands.money import ACCOUNT, MoneyOffice, open_office, row, sheet
from tests.dashboard.fixtures import USERS, login
from tests.dashboard.test_pages import route

MAY_ENTER = {"settlement", "accountant"}
PNG = b"\x89PNG\r\n\x1a\n" + b"paper"
STATEMENT = {
    "account": ACCOUNT,
    "period": "2025-11",
    "number": "T11",
    "kwh": "10,000",
    "price": "0.3545",
    "amount": "3545.00",
    "start": "1000",
    "end": "1250",
    "multiplier": "40",
    "from": "2025-11-01",
    "to": "2025-12-01",
}


@pytest.fixture
def office(tmp_path: Any) -> Iterator[MoneyOffice]:
    made = open_office(tmp_path)
    yield made
    made.records.close()


@pytest.fixture
def app(world: Any, office: MoneyOffice) -> Any:
    desk = MoneyDesk.over(office.records, office.registry, office.tariffs, office.clock, office.clock)
    queries = MoneyQueries(
        office.records, office.registry, office.clock, Energies(lambda *_: None, lambda *_: None)
    )
    return create_app(replace(world.services, money=desk, money_queries=queries), world.settings)


def send(client: Any, token: str, address: str, **fields: Any) -> Any:
    form = {"csrf_token": token, "keep": "1", **fields}
    return client.post(f"/app/{address}", data=form, content_type="multipart/form-data")


def paper(content: bytes, name: str = "结算单.csv") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def test_only_those_who_enter_money_see_the_forms(app: Any) -> None:
    for role in USERS:
        client = app.test_client()
        login(client, role)
        for address in ("money-import/statements", "money-type/statement", "money-type/slip"):
            status = client.get(f"/app/{address}").status_code
            assert status == (200 if role in MAY_ENTER else 403), (role, address)


def test_a_file_is_shown_before_it_is_kept_and_kept_once(app: Any, office: MoneyOffice) -> None:
    client = app.test_client()
    token = login(client, "settlement")
    content = sheet(row("2025-12", 10_000), row("2026-01", 5_000))
    would = send(client, token, "money-import/statements", keep="", file=paper(content))
    assert "可以录入：新 4 条" in would.get_data(as_text=True)
    assert office.records.facts("statement") == []
    kept = send(client, token, "money-import/statements", file=paper(content))
    assert "已录入：新 4 条，原有 0 条" in kept.get_data(as_text=True)
    again = send(client, token, "money-import/statements", file=paper(content)).get_data(as_text=True)
    assert "新 0 条，原有 4 条" in again
    assert len(office.records.facts("statement")) == 4


def test_every_bad_row_is_named_and_nothing_is_kept(app: Any, office: MoneyOffice) -> None:
    client = app.test_client()
    token = login(client, "settlement")
    content = sheet(row("2025-12", 10_000), row("2026-01", 5, account="777"), row("2025-13", 1))
    for keep in ("", "1"):
        answer = send(client, token, "money-import/statements", keep=keep, file=paper(content))
        words = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert "第 3 行 户号：户号 777 没有登记" in words
        assert "第 4 行 月份：“2025-13”不是月份" in words
    assert office.records.facts("statement") == []
    assert send(client, token, "money-import/statements", file=paper(b"")).status_code == 422
    assert send(client, token, "money-import/other", file=paper(content)).status_code == 422


def test_bank_movements_deductions_and_openings_are_previewed_too(app: Any, office: MoneyOffice) -> None:
    client = app.test_client()
    token = login(client, "settlement")
    village = office.registry.villages[0].village_id
    files = {
        "receipts": "账号,流水号,交易日期,收入金额,对方户名\n61,B1,2026-01-05,3545.00,供电公司\n",
        "deductions": "电站编号,月份,费用类别,金额,凭据\njoint,2025-12,运维,100.00,发票1\n",
        "openings": f"村编码,项目,金额\n{village},银行存款,5.00\n{village},未分配收益,5.00\n",
    }
    for kind, text in files.items():
        given = {"on": "2026-01-01", "document": "交接书"}
        address, content = f"money-import/{kind}", text.encode()
        would = send(client, token, address, keep="", file=paper(content), **given).get_data(as_text=True)
        assert "可以录入：新 1 条" in would, kind
        done = send(client, token, address, file=paper(content), **given).get_data(as_text=True)
        assert "已录入：新 1 条" in done, kind
    changed = files["receipts"].replace("3545.00", "3546.00").encode()
    refused = send(client, token, "money-import/receipts", file=paper(changed))
    assert "第 2 行 流水号" in refused.get_data(as_text=True)
    assert refused.status_code == 422


def test_a_statement_typed_from_its_photo_keeps_both_and_the_checker_sees_the_photo(
    app: Any, office: MoneyOffice
) -> None:
    client, checker = app.test_client(), app.test_client()
    token = login(client, "settlement")
    both = {**STATEMENT, "subsidy_price": "0.4955", "subsidy_amount": "4955.00"}
    done = send(client, token, "money-type/statement", photo=paper(PNG, "p.png"), **both)
    assert "已录入：新 2 条" in done.get_data(as_text=True)
    kept = office.records.facts("statement")
    assert [fact.content["fen"] for fact in kept] == [354_500, 495_500]
    other = login(checker, "county")
    answer = checker.get("/app/money-photo/statement", query_string={"id": kept[0].identity})
    assert answer.data == PNG
    page = json.dumps(route(checker, other, "/app/income?month=2025-11").get_json(), ensure_ascii=False)
    assert "看照片" in page
    keeper = app.test_client()
    login(keeper, "keeper")
    assert keeper.get("/app/money-photo/statement", query_string={"id": kept[0].identity}).status_code == 403


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"amount": "3845.00"}, "与电量乘电价 354500 分相差太多"),
        ({"end": "1260"}, "= 10400 kWh，表上写 10000 kWh"),
        ({"account": "1"}, "户号 1 没有登记"),
        ({"amount": ""}, "没有金额"),
        ({"to": "2025-10-01"}, "不晚于抄表起"),
        ({"kwh": "many"}, "不是数字"),
    ],
)
def test_what_cannot_be_is_refused_while_everything_typed_stays(
    app: Any, office: MoneyOffice, changed: dict[str, str], words: str
) -> None:
    client = app.test_client()
    token = login(client, "settlement")
    typed = {**STATEMENT, **changed}
    answer = send(client, token, "money-type/statement", photo=paper(PNG, "p.png"), **typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert 'value="T11"' in page
    assert office.records.facts("statement") == []


def test_a_paper_without_its_photo_is_not_kept(app: Any, office: MoneyOffice) -> None:
    client = app.test_client()
    token = login(client, "settlement")
    missing = send(client, token, "money-type/statement", **STATEMENT)
    assert "要附单据的照片" in missing.get_data(as_text=True)
    wrong = send(client, token, "money-type/statement", photo=paper(b"%PDF", "p.pdf"), **STATEMENT)
    assert "JPEG 或 PNG" in wrong.get_data(as_text=True)
    assert office.records.facts("statement") == []
    assert "可以录入" in send(client, token, "money-type/statement", keep="", **STATEMENT).get_data(
        as_text=True
    )


def test_a_slip_is_typed_once_and_an_exchange_lets_the_readings_fit(app: Any, office: MoneyOffice) -> None:
    client = app.test_client()
    token = login(client, "settlement")
    slip = {
        "bank_account": "61",
        "reference": "B7",
        "on": "2026-01-05",
        "amount": "3545.00",
        "payer": "供电公司",
    }
    first = send(client, token, "money-type/slip", photo=paper(PNG, "p.png"), **slip)
    assert "新 1 条" in first.get_data(as_text=True)
    again = send(client, token, "money-type/slip", photo=paper(PNG, "p.png"), **slip)
    assert "新 0 条，原有 1 条" in again.get_data(as_text=True)
    assert (
        send(
            client, token, "money-type/slip", photo=paper(PNG, "p.png"), **{**slip, "amount": "1"}
        ).status_code
        == 422
    )
    across = {**STATEMENT, "end": "50", "kwh": "8000", "amount": "2836.00"}
    assert send(client, token, "money-type/statement", photo=paper(PNG, "p.png"), **across).status_code == 422
    exchange = {
        "account": ACCOUNT,
        "on": "2025-11-15",
        "old_end": "1150",
        "new_start": "0",
        "new_multiplier": "40",
        "document": "换表工单（虚构）",
    }
    assert send(client, token, "money-type/exchange", **{**exchange, "account": "1"}).status_code == 422
    assert send(client, token, "money-type/exchange", **{**exchange, "old_end": "x"}).status_code == 422
    assert send(client, token, "money-type/exchange", keep="", **exchange).status_code == 200
    assert office.records.facts("meter_exchange") == []  # a check keeps nothing
    assert send(client, token, "money-type/exchange", **exchange).status_code == 200
    done = send(client, token, "money-type/statement", photo=paper(PNG, "p.png"), **across)
    assert "新 1 条" in done.get_data(as_text=True)


def test_the_page_that_waits_is_told_how_far_a_long_file_is(app: Any) -> None:
    client = app.test_client()
    token = login(client, "settlement")
    shown = client.get("/app/money-import/statements").get_data(as_text=True)
    assert 'name="ticket"' in shown
    assert 'data-progress="/app/money-progress/"' in shown
    before = client.get("/app/money-progress/abc").get_json()
    assert before == {"said": ""}
    content = sheet(*(row(f"{2021 + n // 12}-{n % 12 + 1:02d}", 1000, f"S{n}") for n in range(40)))
    send(client, token, "money-import/statements", ticket="abc", file=paper(content))
    assert client.get("/app/money-progress/abc").get_json() == {"said": "已录 80 条，共 80 条"}
    other = app.test_client()
    login(other, "om")
    assert other.get("/app/money-progress/abc").status_code == 403


def test_an_unknown_account_is_mapped_with_its_paper_and_its_file_is_then_taken(
    app: Any, office: MoneyOffice
) -> None:
    client = app.test_client()
    token = login(client, "settlement")
    content = sheet(row("2025-12", 10_000, account="777"))
    assert send(client, token, "money-import/statements", file=paper(content)).status_code == 422
    form = {"account": "777", "plant": "joint", "document": "供电公司函（虚构）"}
    assert send(client, token, "money-type/account", keep="", **form).status_code == 200
    assert office.records.facts("account_map") == []
    for wrong in ({"plant": "nowhere"}, {"document": ""}, {"account": "9900000000002"}):
        assert send(client, token, "money-type/account", **{**form, **wrong}).status_code == 422
    assert send(client, token, "money-type/account", **form).status_code == 200
    assert send(client, token, "money-type/account", **{**form, "plant": "second"}).status_code == 422
    kept = send(client, token, "money-import/statements", file=paper(content)).get_data(as_text=True)
    assert "已录入：新 2 条" in kept
