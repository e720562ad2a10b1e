"""Lists of deductions, opening states, receipts and late subsidies are read row by row, or refused with the row."""

from collections.abc import Sequence
from datetime import date

import pytest

from revenue import money_rows
from revenue.accounts import CostKind
from revenue.deduction import Deduction, sums
from revenue.opening import opening_entry
from revenue.receipt import Item, Movement
from revenue.refusal import SumsError
from revenue.sheet import Cell, SheetRow
from revenue.statement_rows import RowProblem
from tests.commands.money import A, B, district

ON = date(2025, 1, 1)


def rows(*lines: str) -> list[SheetRow]:
    return [SheetRow(n, tuple(map(Cell, line.split(",")))) for n, line in enumerate(lines, 1)]


def reasons(problems: Sequence[RowProblem]) -> list[tuple[int, str]]:
    return [(one.row, one.reason) for one in problems]


def test_a_list_of_deductions_keeps_plant_month_kind_amount_and_paper() -> None:
    given = rows(
        "电站编号,月份,费用类别,金额,凭据", "joint,2025-01,运维,1080.00,发票1", "joint,202502,租金,30.5,租约"
    )
    found, problems = money_rows.deductions(given, district())
    assert problems == []
    assert found == [
        (2, Deduction("joint", "2025-01", CostKind.OPERATION, 108_000, "发票1")),
        (3, Deduction("joint", "2025-02", CostKind.RENT, 3_050, "租约")),
    ]


def test_a_deduction_of_nobody_for_nothing_or_twice_is_named() -> None:
    given = rows(
        "电站编号,月份,费用类别,金额,凭据",
        "nowhere,2025-01,运维,1.00,发票1",
        "joint,2025-01,宴请,1.00,发票2",
        "joint,2025-01,运维,-1.00,发票3",
        "joint,2025-01,运维,1.00,发票4",
        "joint,2025-01,运维,1.00,发票4",
    )
    _, problems = money_rows.deductions(given, district())
    assert reasons(problems) == [
        *((2, "unknown_plant"), (3, "unknown_cost"), (4, "wrong_sign")),
        (6, "twice"),
    ]


def test_deductions_are_added_up_by_kind() -> None:
    spent = [(CostKind.RENT, 300), (CostKind.OPERATION, 1), (CostKind.RENT, -50)]
    found = sums(Deduction("joint", "2025-01", kind, fen, "凭据") for kind, fen in spent)
    assert found == {CostKind.RENT: 250, CostKind.OPERATION: 1}


def test_of_a_bank_list_money_that_came_in_is_kept_and_money_that_went_out_left_aside() -> None:
    given = rows(
        "本方账号,流水号,交易日期,收入金额,对方户名",
        "6100,N1,2026-01-09,7090.00,供电公司",
        "6100,N2,2026-01-10,,办公用品店",
        "6100,N3,2026-01-11,0.00,手续费",
        "6100,N4,2026-01-12,-1.00,供电公司",
        "6100,N1,2026-01-09,7090.00,供电公司",
    )
    found, problems = money_rows.movements(given[:4])
    assert (found, problems) == ([(2, Movement("6100", "N1", date(2026, 1, 9), 709_000, "供电公司"))], [])
    found, problems = money_rows.movements(given)
    assert {one.reference for _, one in found} == {"N1"}
    assert reasons(problems) == [(5, "wrong_sign"), (6, "twice")]


def test_an_opening_state_is_read_by_village_and_a_strange_village_is_refused() -> None:
    given = rows(
        "村编码,项目,金额",
        f"{A},银行存款,5.00",
        f"{A},未分配收益,5.00",
        f"{B},银行存款,1.00",
        f"{B},应付款,1.00",
    )
    found, problems = money_rows.openings(given, district(), ON, "交接书")
    assert problems == []
    assert [(row, one.village_id, one.off_fen) for row, one in found] == [(3, A, 0), (5, B, 0)]
    entry = opening_entry(found[0][1], "期初", "li", "wang")
    assert [(line.account, line.fen) for line in entry.postings] == [("10201", 500), ("322", -500)]
    _, problems = money_rows.openings(
        rows("村编码,项目,金额", "611099999999,银行存款,5.00"), district(), ON, "交接书"
    )
    assert reasons(problems) == [(2, "unknown_village")]


def test_an_opening_state_that_does_not_balance_is_told_with_its_last_row() -> None:
    given = rows("村编码,项目,金额", f"{A},银行存款,5.00", f"{A},未分配收益,4.99")
    [(_, one)], problems = money_rows.openings(given, district(), ON, "交接书")
    assert reasons(problems) == [(3, "opening_off")]
    assert one.off_fen == 1
    with pytest.raises(SumsError, match=A):
        opening_entry(one, "期初", "li", "wang")


def test_a_late_subsidy_is_told_by_plant_and_no_plant_comes_twice() -> None:
    found, problems = money_rows.subsidies(rows("电站编号,金额", "joint,131109.30", "second,0.01"))
    assert (found, problems) == ({"joint": 13_110_930, "second": 1}, [])
    _, problems = money_rows.subsidies(rows("电站编号,金额", "joint,1.00", "joint,1.00", "second,0.00"))
    assert reasons(problems) == [(3, "plant_twice"), (4, "wrong_sign")]


def test_what_a_receipt_pays_is_benchmark_unless_the_list_says_otherwise() -> None:
    given = rows("电站编号,月份,部分,金额", "joint,2025-01,,2.00", "joint,2025-01,补贴,3.00")
    found, problems = money_rows.items(given)
    assert problems == []
    assert found == [Item("2025-01", "joint", "benchmark", 200), Item("2025-01", "joint", "subsidy", 300)]
    bad = rows(
        "电站编号,月份,部分,金额",
        "joint,2025-01,x,2.00",
        "joint,2025-01,,0.00",
        "joint,2025-01,,1.00",
        "joint,2025-01,标杆,1.00",
    )
    assert reasons(money_rows.items(bad)[1]) == [(2, "unknown_part"), (3, "wrong_sign"), (5, "item_twice")]
