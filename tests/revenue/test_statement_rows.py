from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue import sheet
from revenue.sheet import Cell, CellError, SheetRow
from revenue.statement_rows import ReadLines, StatementReader
from tests.commands.money import ACCOUNT, ACCOUNT_2, district

HEAD = ("户号", "结算月份", "结算单号", "上网电量", "标杆电价", "标杆电费")


def rows(*lines: Sequence[str | Cell], head: Sequence[str] = HEAD) -> list[SheetRow]:
    every = [head, *lines]
    return [
        SheetRow(number, tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in line))
        for number, line in enumerate(every, 1)
    ]


def read(*lines: Sequence[str | Cell], head: Sequence[str] = HEAD) -> ReadLines:
    return StatementReader(district()).read(rows(*lines, head=head))


def reasons(found: ReadLines) -> list[tuple[int, str, str]]:
    return [(p.row, p.column, p.reason) for p in found.problems]


GOOD = (ACCOUNT, "202607", "S1", "1000", "0.3545", "354.50")


def test_a_line_is_told_by_its_account_and_keeps_what_is_printed() -> None:
    [(row, line)] = read(GOOD).lines
    assert (row, line.plant_id, line.period, line.kwh, line.fen) == (
        2,
        "joint",
        "2026-07",
        Decimal(1000),
        35450,
    )
    assert line.identity == "joint|2026-07|S1|benchmark"


@pytest.mark.parametrize("text", ["202607", "2026-07", "2026年7月", "2026/7", "2026年07月份", "2026-07-01"])
def test_a_month_may_be_written_in_many_ways(text: str) -> None:
    assert sheet.period(Cell(text)) == "2026-07"


@pytest.mark.parametrize("text", ["2026", "202613", "7月", "2026-07-", "二〇二六年七月"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        sheet.period(Cell(text))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (("8888", "202607", "S", "1", "0.3545", "0.35"), (2, "account", "unknown_account")),
        (("", "202607", "S", "1", "0.3545", "0.35"), (2, "account", "no_account")),
        (
            (Cell("9.9e12", is_number=True), "202607", "S", "1", "0.3545", "0.35"),
            (2, "account", "code_as_number"),
        ),
        (
            (Cell("990000000000000001", is_number=True), "202607", "S", "1", "1", "1"),
            (2, "account", "code_as_number"),
        ),
        ((ACCOUNT, "某月", "S", "1", "0.3545", "0.35"), (2, "period", "period")),
        ((ACCOUNT, "202607", "S", "-5", "0.3545", "-1.77"), (2, "kwh", "negative_energy")),
        ((ACCOUNT, "202607", "S", "1000", "0.3545", "-354.50"), (2, "amount", "wrong_sign")),
        ((ACCOUNT, "202607", "S", "1000", "0.3545", "3545.00"), (2, "amount", "not_the_product")),
        ((ACCOUNT, "202607", "S", "1000", "0.3545", "354.505"), (2, "amount", "part_of_a_fen")),
        ((ACCOUNT, "202607", "S", "1000", "0.3545", "约三百"), (2, "amount", "number")),
        ((ACCOUNT, "202607", "S", "1000", "0.3545", ""), (2, "amount", "no_amount")),
        (
            (ACCOUNT, "202607", "S", "1000", "0.3545", Cell("=D2*E2", is_formula=True)),
            (2, "amount", "formula"),
        ),
    ],
)
def test_a_bad_cell_is_refused_with_row_column_and_reason(
    line: Sequence[str | Cell], reason: tuple[int, str, str]
) -> None:
    found = read(line)
    assert reason in reasons(found)
    assert found.lines == ()


def test_every_problem_of_every_row_is_told_at_once() -> None:
    found = read(("8888", "某月", "S", "x", "0.3", "1"), GOOD, (ACCOUNT, "202608", "S", "1", "1", "y"))
    assert {row for row, _, _ in reasons(found)} == {2, 4}
    assert len(found.problems) >= 4


def test_a_line_twice_in_one_file_is_refused() -> None:
    assert reasons(read(GOOD, GOOD)) == [(3, "number", "twice")]


def test_many_accounts_and_sums_in_one_file() -> None:
    other = (ACCOUNT_2, "202607", "S2", "2000", "0.3545", "709.00")
    good = read(GOOD, ("小计", "", "", "1000", "", "354.50"), other, ("合计", "", "", "3000", "", "1,063.50"))
    assert (len(good.lines), good.problems) == (2, ())
    wrong = read(GOOD, other, ("合计", "", "", "3000", "", "1,063.49"))
    assert reasons(wrong) == [(4, "amount", "total_differs")]


def test_title_rows_and_a_merged_head_of_two_rows_are_found() -> None:
    lines = [
        SheetRow(1, (Cell("2026年7月结算单"),)),
        SheetRow(2, (Cell(""),)),
        SheetRow(3, tuple(Cell(c) for c in ("户号", "结算月份", "标杆", "", "抄表日期", ""))),
        SheetRow(4, tuple(Cell(c) for c in ("", "", "电价", "电费", "起", "止"))),
        SheetRow(
            5, tuple(Cell(c) for c in (ACCOUNT, "202607", "0.3545", "354.50", "2026-06-26", "20260725"))
        ),
    ]
    found = StatementReader(district()).read(lines)
    [(row, line)] = found.lines
    assert (row, line.fen, line.read_from and line.read_from.isoformat()) == (5, 35450, "2026-06-26")


def test_a_file_without_the_needed_columns_says_which() -> None:
    found = read(("x", "y"), head=("户号", "电价"))
    assert {p.column for p in found.problems} == {"period", "amount"}


def test_a_name_that_belongs_to_another_plant_is_refused() -> None:
    head = (*HEAD, "电站名称")
    assert reasons(read((*GOOD, "second联村电站"), head=head)) == [(2, "plant", "other_plant")]
    assert reasons(read((*GOOD, "joint联村电站"), head=head)) == []


def test_dates_out_of_order_and_readings_that_do_not_fit_are_refused() -> None:
    head = (*HEAD, "上次抄表日期", "本次抄表日期", "上次示数", "本次示数", "倍率")
    late = (*GOOD, "2026-07-25", "2026-06-26", "100", "125", "40")
    assert reasons(read(late, head=head)) == [(2, "kwh", "days_out_of_order")]
    off = (*GOOD, "2026-06-26", "2026-07-25", "100", "126", "40")
    assert reasons(read(off, head=head)) == [(2, "kwh", "readings_differ")]
    rolled = (*GOOD, "2026-06-26", "2026-07-25", "999990", "15", "40")
    assert reasons(read(rolled, head=head)) == []


def test_an_account_a_person_mapped_is_known_from_then_on() -> None:
    line = ("7777", *GOOD[1:])
    [(_, found)] = StatementReader(district(), {"7777": "second"}).read(rows(line)).lines
    assert found.plant_id == "second"


def test_other_headings_come_from_a_template() -> None:
    head = ("结算账户", *HEAD[1:])
    assert StatementReader(district()).read(rows(GOOD, head=head)).lines == ()
    reader = StatementReader(district(), columns={"account": ["结算账户"]})
    assert len(reader.read(rows(GOOD, head=head)).lines) == 1


@given(st.integers(-(10**11), 10**11))
def test_an_amount_of_a_spreadsheet_is_read_to_the_fen(fen: int) -> None:
    as_excel_keeps_it = repr(fen / 100)
    assert sheet.fen(Cell(as_excel_keeps_it, is_number=True)) == fen


@given(st.lists(st.lists(st.text(max_size=8), max_size=8), max_size=8))
def test_any_sheet_is_read_or_refused_and_never_fails(lines: list[list[str]]) -> None:
    found = StatementReader(district()).read(rows(*lines))
    assert isinstance(found, ReadLines)


@given(st.permutations(range(6)))
def test_the_order_of_rows_changes_no_line(order: list[int]) -> None:
    lines = [(ACCOUNT, f"20260{n + 1}", f"S{n}", "1000", "0.3545", "354.50") for n in range(6)]
    straight = {line for _, line in read(*lines).lines}
    shuffled = {line for _, line in read(*[lines[n] for n in order]).lines}
    assert straight == shuffled
    assert len({replace(line, number="") for line in straight}) == 6


@pytest.mark.parametrize("text", ["", "-", "—", "/", "元"])
def test_a_cell_that_says_nothing_is_no_number_and_no_zero(text: str) -> None:
    assert sheet.number(Cell(text)) is None
    assert sheet.fen(Cell(text)) is None
