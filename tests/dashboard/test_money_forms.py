"""Acts on the money pages: a reversal by two persons, a flag closed with its reason, an advice confirmed, what stands beside."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from commands.closing import DraftLine
from commands.money_desk import MoneyDesk
from dashboard.factory import create_app
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView
from queries.money_views import Energies
from revenue.receipt import Movement
from tests.commands.money import CHECKER, MAKER, VILLAGE_MAKER, A, B, MoneyOffice, open_office, row, sheet
from tests.dashboard.fixtures import login
from tests.dashboard.test_factory import callback
from tests.dashboard.test_pages import route


@pytest.fixture
def office(tmp_path: Any) -> Iterator[MoneyOffice]:
    made = open_office(tmp_path)
    made.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-12", 20_000)))
    assert made.books().settle_month(CHECKER, "2025-12").problems == ()
    movement = Movement("6100", "B1", date(2026, 1, 9), 709_000, "供电公司")
    made.money_in().enter_movement(MAKER, movement)
    made.receipts().confirm(CHECKER, movement.identity)
    lines = [DraftLine("51109", 5_000), DraftLine("21101", -5_000)]
    made.closings().draft(VILLAGE_MAKER, A, "D1", date(2026, 1, 5), "办公用品", "发票 7", lines)
    made.closings().approve(CHECKER, "D1")
    yield made
    made.records.close()


@pytest.fixture
def app(world: Any, office: MoneyOffice) -> Any:
    desk = MoneyDesk.over(office.records, office.registry, office.tariffs, office.clock, office.clock)
    energies = Energies(lambda *_: None, lambda *_: None)
    queries = MoneyQueries(office.records, office.registry, office.clock, energies)
    checks = MoneyChecksView(office.records, None, office.registry, office.tariffs, office.clock)
    services = replace(world.services, money=desk, money_queries=queries, money_checks=checks)
    return create_app(services, world.settings)


class Person:
    """Somebody in a browser of their own."""

    def __init__(self, app: Any, role: str) -> None:
        self.client = app.test_client()
        self.token = login(self.client, role)

    def sees(self, path: str) -> str:
        """Return a page as text."""
        return json.dumps(route(self.client, self.token, path).get_json(), ensure_ascii=False)

    def does(self, form: str, which: str, reason: str = "") -> str:
        """Press a form's button; return what it says."""
        state = [(f"{form}-which", "value", which), (f"{form}-reason", "value", reason)]
        answer = callback(
            self.client,
            self.token,
            f"{form}-said.children",
            [(f"{form}-act", "n_clicks", 1)],
            state,
            f"{form}-act.n_clicks",
        )
        if answer.status_code != 200:
            return str(answer.status_code)
        return str(answer.get_json()["response"][f"{form}-said"]["children"])


def test_a_voucher_is_reversed_on_the_page_by_two_persons(app: Any, office: MoneyOffice) -> None:
    maker, checker = Person(app, "settlement"), Person(app, "county")
    address = f"/app/ledger?village={A}&month=2026-01"
    seen = maker.sees(address)
    assert ("ask-reversal-which" in seen, "draft:D1" in seen, "复核并冲正" in seen) == (True, True, False)
    assert "settlement:joint" not in seen  # corrected by a statement, never reversed by hand
    assert "辅助台账" in seen
    assert (
        maker.does("ask-reversal", "draft:D1") == "要写明依据（文件、发票或原因），最多 200 个字，不能换行。"
    )
    assert "请另一个人复核" in maker.does("ask-reversal", "draft:D1", "记错村")
    assert "记错村" in checker.sees(address)
    assert maker.does("reverse", "draft:D1") == "403"
    assert "已冲正 draft:D1" in checker.does("reverse", "draft:D1")
    assert office.balance(A, "51109") == 0
    after = checker.sees(address)
    assert ("已冲正" in after, "reverse-which" in after) == (True, False)


def test_balances_are_those_of_the_months_end_and_an_account_opens_its_lines(
    app: Any, office: MoneyOffice
) -> None:
    lines = [DraftLine("51109", 700), DraftLine("21101", -700)]
    office.closings().draft(VILLAGE_MAKER, A, "D0", date(2025, 12, 20), "电话费", "发票 6", lines)
    office.closings().approve(CHECKER, "D0")
    checker = Person(app, "county")
    december = checker.sees(f"/app/ledger?village={A}&month=2025-12")
    assert ("科目余额（2025-12 末）" in december, '"7.00"' in december) == (True, True)
    assert ("4,254.00" in december, "57.00" in december) == (False, False), (
        "what came in January is not there"
    )
    january = checker.sees(f"/app/ledger?village={A}&month=2026-01")
    assert ("4,254.00" in january, '"57.00"' in january) == (True, True)
    assert f"/app/ledger?village={A}&month=2026-01&account=51109" in january
    one = checker.sees(f"/app/ledger?village={A}&month=2026-01&account=51109")
    journal = one[: one.index("科目余额")]
    assert ("办公用品" in journal, "供电公司" in journal, "看全部科目" in journal) == (True, False, True)
    assert "B1" not in journal
    assert "看全部科目" not in checker.sees(f"/app/ledger?village={A}&month=2026-01&account=9")


def test_a_statement_opens_whom_it_paid_and_what_is_not_known_is_no_zero(
    app: Any, office: MoneyOffice
) -> None:
    office.money_in().import_statements(MAKER, "b.csv", sheet(row("2025-11", 10_000, "S 2")))
    checker = Person(app, "county")
    settled = checker.sees("/app/income?month=2025-12")
    assert ("trace?source=joint%7C2025-12%7C" in settled, "增值税" in settled) == (True, True)
    waiting = checker.sees("/app/income?month=2025-11")
    rows = waiting[waiting.index("待入账") : waiting.index("村收益")]
    assert ("trace?source=joint%7C2025-11" in waiting, '"0.00"' in rows.split("合计")[0]) == (False, False)
    total = rows[rows.index("合计") :]
    assert total.count('"—"') == 3, "VAT, costs and net of a month that is not settled"


def test_a_statement_far_from_the_meter_is_red_and_says_so(world: Any, office: MoneyOffice) -> None:
    energies = Energies(lambda *_: Decimal(19_000), lambda *_: None)
    queries = MoneyQueries(office.records, office.registry, office.clock, energies)
    desk = MoneyDesk.over(office.records, office.registry, office.tariffs, office.clock, office.clock)
    checks = MoneyChecksView(office.records, None, office.registry, office.tariffs, office.clock)
    services = replace(world.services, money=desk, money_queries=queries, money_checks=checks)
    seen = Person(create_app(services, world.settings), "county").sees("/app/income?month=2025-12")
    assert all(each in seen for each in ("over-limit", "+1,000.0", "超限", "2026-01-09"))


def test_a_list_that_is_cut_says_so(app: Any, office: MoneyOffice) -> None:
    checker = Person(app, "county")
    assert "只列最近" not in checker.sees("/app/income")
    for number in range(60):
        office.money_in().enter_movement(MAKER, Movement("6100", f"N{number}", date(2026, 1, 8), 100, "甲"))
    assert "只列最近 60 笔，共 61 笔。" in checker.sees("/app/income")


def test_a_flag_is_closed_with_a_reason_and_by_a_checker_alone(app: Any, office: MoneyOffice) -> None:
    maker, checker = Person(app, "settlement"), Person(app, "county")
    address, flag = "/app/reconciliation?month=2025-12", "quick_steps|joint 2025-12"
    assert flag in checker.sees(address)
    assert "close-flag-which" not in maker.sees(address)
    assert maker.does("close-flag", flag, "x") == "403"
    assert "要写明依据" in checker.does("close-flag", flag)
    assert checker.does("close-flag", "", "x") == "先选一条"
    assert flag in checker.does("close-flag", flag, "当面核对过原件")
    assert flag not in checker.sees(address)
    assert office.records.facts("flag_closed")[0].content["reason"] == "当面核对过原件"


def test_a_village_confirms_what_arrived(app: Any, office: MoneyOffice) -> None:
    maker, checker = Person(app, "settlement"), Person(app, "county")
    address = f"/app/income?village={A}&month=2025-12"
    assert "待村里确认" in maker.sees(address)
    assert "confirm-advice-which" not in checker.sees(address)
    remittance = office.records.facts("remittance")[0].identity
    assert maker.does("confirm-advice", f"{A} {remittance}") == "已确认收到 4,254.00 元"
    seen = maker.sees(address)
    assert ("已确认收到" in seen, "待村里确认" in seen) == (True, False)


def test_hours_and_the_platforms_balances_stand_on_the_pages(app: Any, office: MoneyOffice) -> None:
    checker = Person(app, "county")
    seen = checker.sees("/app/reconciliation?month=2025-12")
    assert ("补贴小时数" in seen, "逆变器 kWh" in seen, "补贴→到账 -9,910.00 元" in seen) == (
        True,
        True,
        True,
    )
    desk = MoneyDesk.over(office.records, office.registry, office.tariffs, office.clock, office.clock)
    address = f"/app/ledger?village={A}&month=2026-01"
    assert "与三资平台对比" not in checker.sees(address)
    desk.checks.keep_balances(MAKER, A, "2026-01", "科目代码,借方余额,贷方余额\n10201,4254.01,\n".encode())
    seen = checker.sees(address)
    assert ("与三资平台对比" in seen, "没有对照" in seen, '"0.01"' in seen) == (True, True, True)


def test_an_opening_state_is_approved_on_the_page_by_a_second_person(app: Any, office: MoneyOffice) -> None:
    rows = f"村编码,项目,电站编号,所属月份,金额\n{B},银行存款,,,500.00\n{B},未分配收益,,,500.00\n{B},应收补贴,joint,2023,7.00"
    on, paper = date(2025, 1, 1), "交接书（虚构）"
    assert office.money_in().import_openings(MAKER, "期初.csv", rows.encode(), on, paper).problems == ()
    maker, checker = Person(app, "settlement"), Person(app, "county")
    address = f"/app/ledger?village={A}"
    seen = checker.sees(address)
    assert ("approve-opening-which" in seen, "应收补贴（备查）" in seen, "2023-12" in seen) == (
        True,
        True,
        True,
    )
    assert "approve-opening-which" not in maker.sees(address)
    assert maker.does("approve-opening", B) == "403"
    before = office.balance(B, "10201")
    assert "2025-01" in checker.does("approve-opening", B)
    assert office.balance(B, "10201") == before + 50_000
    assert "待复核的期初" not in checker.sees(address)
