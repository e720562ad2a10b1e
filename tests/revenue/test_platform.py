"""Whose books are official, and balances held against those of the platform."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import Balance
from domain.money_fact import MoneyFact
from revenue.accounts import EVERY
from revenue.platform import STATUS, BooksStatus, compare, read_balances, read_codes, status_on
from revenue.sheet import Cell, SheetRow

AT = datetime(2026, 1, 1, tzinfo=UTC)


def said(status: str, since: str, village: str = "v", at: datetime = AT) -> MoneyFact:
    content = {"status": status, "from": since, "document": "x"}
    return MoneyFact(STATUS, f"{village}{since}{status}", content, "a", at, "", village)


def rows(*lines: tuple[str, ...]) -> list[SheetRow]:
    return [SheetRow(n, tuple(Cell(cell) for cell in line)) for n, line in enumerate(lines, 1)]


def test_books_are_auxiliary_until_a_document_says_otherwise() -> None:
    facts = [
        said("official", "2026-03-01"),
        said("auxiliary", "2026-06-01"),
        said("official", "2020-01-01", "w"),
    ]
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 6, 1))
    assert [status_on(facts, "v", day) for day in days] == [
        BooksStatus.AUXILIARY,
        BooksStatus.OFFICIAL,
        BooksStatus.AUXILIARY,
    ]
    later = said("auxiliary", "2026-03-01", at=AT.replace(hour=1))
    assert status_on([later, facts[0]], "v", date(2026, 3, 2)) is BooksStatus.AUXILIARY


def test_balances_are_compared_by_the_platforms_codes() -> None:
    ours = [Balance("v", "10201", 500), Balance("v", "10202", 70), Balance("v", "322", -570)]
    found = compare(ours, {"1002": 570, "3104": -500, "9": 1, "8": 0}, {"10201": "1002", "10202": "1002"})
    assert [(r.code, r.accounts, r.ours_fen, r.theirs_fen, r.off_fen, r.is_mapped) for r in found] == [
        ("1002", ("10201", "10202"), 570, 570, 0, True),
        ("3104", (), 0, -500, -500, True),
        ("322", ("322",), -570, None, 570, False),
        ("9", (), 0, 1, 1, True),
    ]


@given(st.dictionaries(st.sampled_from(EVERY), st.integers(-(10**12), 10**12)))
def test_the_same_balances_under_any_mapping_differ_nowhere(fen: dict[str, int]) -> None:
    codes = {account: f"P{account[:3]}" for account in fen}
    theirs: dict[str, int] = {}
    for account, amount in fen.items():
        theirs[codes[account]] = theirs.get(codes[account], 0) + amount
    found = compare([Balance("v", account, amount) for account, amount in fen.items()], theirs, codes)
    assert [row.off_fen for row in found] == [0] * len(found)


def test_a_balance_sheet_of_the_platform_is_read_below_its_titles() -> None:
    found, problems = read_balances(
        rows(
            ("科目余额表",),
            ("科目代码", "科目名称", "借方余额", "贷方余额"),
            ("1002", "银行存款", "1,234.50", ""),
            ("3104", "收益分配", "", "1234.50"),
            ("合计", "", "1234.50", "1234.50"),
        )
    )
    assert (found, problems) == ({"1002": 123_450, "3104": -123_450}, [])


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (("1002", "x", "1", ""), "code", "code_twice"),
        (("9", "x", "一", ""), "debit", "number"),
        (("9", "x", "", "1.005"), "credit", "part_of_a_fen"),
        (("", "x", "1", ""), "code", "missing"),
    ],
)
def test_a_bad_balance_is_refused_with_row_and_column(
    line: tuple[str, ...], column: str, reason: str
) -> None:
    head = ("科目代码", "科目名称", "借方余额", "贷方余额")
    _, problems = read_balances(rows(head, ("1002", "x", "1", ""), line))
    assert [(p.row, p.column, p.reason) for p in problems] == [(3, column, reason)]


def test_a_mapping_names_accounts_of_ours_once() -> None:
    head = ("本系统科目", "平台科目")
    assert read_codes(rows(head, ("10201", "1002"), ("322", "3104"))) == (
        {"10201": "1002", "322": "3104"},
        [],
    )
    _, problems = read_codes(rows(head, ("999", "1"), ("322", "1"), ("322", "2"), ("213", "")))
    assert [(p.row, p.column, p.reason) for p in problems] == [
        (2, "our_code", "unknown_code"),
        (4, "our_code", "code_twice"),
        (5, "code", "missing"),
    ]
    assert [p.reason for p in read_codes(rows(("a",), ("b",)))[1]] == ["no_column", "no_column"]
