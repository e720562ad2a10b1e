"""What was owed when the books began can be paid, by year and part; what stands beside the books stays beside them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from commands.money_in import FilePreview
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView
from queries.money_views import Energies
from revenue.receipt import Movement
from tests.commands.money import CHECKER, MAKER, SHARES, A, B, C, MoneyOffice, open_office, row, sheet

HEAD = "村编码,项目,电站编号,所属月份,金额,备注"
ROWS = [
    *(f"{A},银行存款,,,12000.00,对账单", f"{A},未分配收益,,,12600.00,"),
    *(f"{B},应收电费,joint,2024年12月,360.00,", f"{B},未分配收益,,,360.00,"),
    *(f"{C},应收电费,joint,202412,40.00,", f"{C},未分配收益,,,40.00,"),
    f"{A},应收电费,joint,,600.00,不写月份即建账前一个月",
    *(
        f"{A},应收补贴,joint,2023,6000.00,",
        f"{B},应收补贴,joint,2023年,3600.00,",
        f"{C},应收补贴,joint,2023-12,400.00,",
    ),
    *(f"{A},已用补贴小时,joint,,3210.5,", f"{A},以前月份收益,,2024-10,4321.00,台账"),
]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MoneyOffice]:
    made = open_office(tmp_path)
    yield made
    made.records.close()


def bring(office: MoneyOffice, *rows: str) -> FilePreview:
    content = "\n".join([HEAD, *rows]).encode()
    return office.money_in().import_openings(MAKER, "期初.csv", content, date(2025, 1, 1), "交接书（虚构）")


def opened(office: MoneyOffice) -> None:
    assert bring(office, *ROWS).problems == ()
    office.books().approve_openings(CHECKER, list(SHARES))


def queries(office: MoneyOffice) -> MoneyQueries:
    nothing = Energies(lambda *_: None, lambda *_: None)
    return MoneyQueries(office.records, office.registry, office.clock, nothing)


def arrive(office: MoneyOffice, reference: str, fen: int, day: date) -> str:
    movement = Movement("6100", reference, day, fen, "供电公司（虚构）")
    office.money_in().enter_movement(MAKER, movement)
    return movement.identity


def test_what_was_owed_is_open_only_when_a_second_person_approved_it(office: MoneyOffice) -> None:
    assert bring(office, *ROWS).problems == ()
    assert queries(office).arrears(CHECKER) == []
    office.books().approve_openings(CHECKER, list(SHARES))
    rows = {one.row.year: one.row for one in queries(office).arrears(CHECKER)}
    assert (rows["2024"].open_fen, rows["2024"].subsidy_open_fen) == (100_000, 0)
    assert (rows["2023"].open_fen, rows["2023"].subsidy_open_fen) == (0, 1_000_000)


def test_a_receipt_of_a_month_before_the_books_clears_what_each_village_was_owed(office: MoneyOffice) -> None:
    opened(office)
    [waiting] = [arrive(office, "B1", 100_000, date(2025, 1, 20))]
    office.receipts().confirm(CHECKER, waiting)
    assert {village: office.balance(village, "11201") for village in SHARES} == dict.fromkeys(SHARES, 0)
    assert office.balance(A, "10201") == 1_200_000 + 60_000
    assert (office.balance(B, "10201"), office.balance(C, "10201")) == (36_000, 4_000)
    assert sum(office.balance(village, "50101") for village in SHARES) == 0  # it was income before


def test_a_subsidy_of_years_before_the_books_is_income_when_it_comes(office: MoneyOffice) -> None:
    opened(office)
    assert sum(office.balance(village, "501") for village in SHARES) == 0
    movement = arrive(office, "B2", 1_000_000, date(2025, 3, 4))
    office.receipts().confirm_subsidy(CHECKER, movement, {"joint": 1_000_000}, "2023-01", "2023-12")
    paid = {village: -office.balance(village, "50102") for village in SHARES}
    assert paid == {A: 600_000, B: 360_000, C: 40_000}
    [voucher] = [v for v in office.records.vouchers([B]) if v.entry.source_kind == "receipt"]
    assert (voucher.period, voucher.entry.belongs_to) == ("2025-03", date(2023, 12, 1))
    assert office.records.verify().broken == ""


def test_hours_and_earlier_months_stand_beside_the_books(office: MoneyOffice) -> None:
    opened(office)
    checks = MoneyChecksView(office.records, None, office.registry, office.tariffs, office.clock)
    hours = {one.plant_id: one for one in checks.hours(CHECKER)}
    assert (hours["joint"].opening_hours, hours["joint"].first_period) == (Decimal("3210.5"), "2025-01")
    assert hours["second"].opening_hours == 0
    [month] = queries(office).income(CHECKER, A)
    assert (month.period, month.net_fen, month.distributable_fen) == ("2024-10", 432_100, 0)
    assert month.is_before_books


def test_a_month_before_the_books_is_not_settled(office: MoneyOffice) -> None:
    opened(office)
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("2024-12", 1_000), row("2025-01", 1_000)))
    outcome = office.books().settle_month(CHECKER, "2024-12", booked_on=date(2025, 2, 1))
    assert outcome.settled == ()
    assert "早于建账日 2025-01-01" in outcome.problems[0][1]
    assert len(office.books().settle_month(CHECKER, "2025-01", booked_on=date(2025, 2, 1)).settled) == 1


@pytest.mark.parametrize(
    ("bad", "column", "reason"),
    [
        (f"{A},应收电费,joint,2025-01,1.00,", "period", "after_opening"),
        (f"{A},应收补贴,,2023,1.00,", "plant", "missing"),
        (f"{A},已用补贴小时,,,1,", "plant", "missing"),
        (f"{A},以前月份收益,,,1.00,", "period", "missing"),
        (f"{A},应收补贴,joint,某年,1.00,", "period", "period"),
        (f"{A},欠条,joint,,1.00,", "item", "unknown_item"),
        (f"{A},应收补贴,joint,2023,=1+1,", "amount", "formula"),
    ],
)
def test_a_row_that_cannot_be_is_named_and_nothing_is_kept(
    office: MoneyOffice, bad: str, column: str, reason: str
) -> None:
    found = bring(office, *ROWS, bad)
    assert (column, reason) in {(one.column, one.reason) for one in found.problems}
    assert {one.row for one in found.problems} == {len(ROWS) + 2}
    assert office.records.facts("opening") == []


def test_a_village_without_a_row_for_the_books_is_refused(office: MoneyOffice) -> None:
    found = bring(office, f"{A},应收补贴,joint,2023,1.00,")
    assert [one.reason for one in found.problems] == ["opening_empty"]
