"""A year of one joint plant of three villages, from the opening state to balances an independent program confirms."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from beancount import loader

from commands.money_base import MoneyRefusedError
from commands.money_desk import MoneyDesk
from revenue.accounts import CostKind
from revenue.deduction import Deduction
from revenue.export import beancount_text
from revenue.figures import figures_of
from revenue.receipt import Movement
from revenue.statement import MeterExchange
from tests.commands.money import (
    ACCOUNT,
    CHECKER,
    MAKER,
    SHARES,
    TOWNSHIP,
    VILLAGE_MAKER,
    A,
    B,
    C,
    MoneyOffice,
    open_office,
    row,
    sheet,
)

KWH = (20_000, 2_500, 20_000, 52_000, 60_000, 58_600, 61_000, 57_000, 48_000, 40_000, 30_000, 24_000)
OPENING = """村编码,项目,金额,备注
{a},银行存款,12000.00,对账单
{a},应收电费,3000.00,
{a},未分配收益,15000.00,
{b},银行存款,7200.00,
{b},未分配收益,7200.00,
{c},银行存款,800.00,
{c},未分配收益,800.00,
"""
EXCHANGE_HEAD = "户号,结算月份,结算单号,上网电量,电价,电费,补贴电价,补贴电费,上次抄表日期,本次抄表日期,上次示数,本次示数,倍率"


def _bank(office: MoneyOffice, month: int, day: int, fen: int, reference: str) -> str:
    movement = Movement(
        "6100", reference, date(2025 + month // 13, (month - 1) % 12 + 1, day), fen, "供电公司"
    )
    office.money_in().enter_movement(MAKER, movement)
    return movement.identity


def _open(office: MoneyOffice) -> None:
    content = OPENING.format(a=A, b=B, c=C).encode()
    found = office.money_in().import_openings(MAKER, "期初.csv", content, date(2025, 1, 1), "交接书（虚构）")
    assert (found.new, found.problems) == (3, ())
    office.books().approve_openings(CHECKER, list(SHARES))


def _exchange(office: MoneyOffice) -> bytes:
    """June: the meter is replaced on the 15th; kWh = (1000 - 500) x 40 + (965 - 0) x 40."""
    exchange = MeterExchange("joint", date(2025, 6, 15), Decimal(1000), Decimal(0), Decimal(40))
    line = f"{ACCOUNT},2025年6月,S6,58600,0.3545,20773.70,0.4955,29036.30,2025-05-26,2025/6/25,500,965,40"
    refused = office.money_in().preview_statements(MAKER, sheet(line, head=EXCHANGE_HEAD))
    assert [p.reason for p in refused.problems] == ["readings_differ"]
    office.money_in().enter_exchange(MAKER, exchange, "换表工单（虚构）")
    return sheet(line, head=EXCHANGE_HEAD)


def _statements(office: MoneyOffice) -> None:
    for month, kwh in enumerate(KWH, 1):
        content = _exchange(office) if month == 6 else sheet(row(f"2025{month:02d}", kwh, f"S{month}"))
        assert office.money_in().import_statements(MAKER, f"{month}.csv", content).problems == ()
    again = office.money_in().import_statements(MAKER, "again.csv", sheet(row("202501", KWH[0], "S1")))
    assert (again.new, again.known) == (0, 2)


def _month(office: MoneyOffice, month: int) -> None:
    period = f"2025-{month:02d}"
    rent = 300_000 if month == 2 else 40_000
    office.money_in().enter_deduction(MAKER, Deduction("joint", period, CostKind.RENT, rent, f"租金{month}"))
    booked = date(2025, month, 25) + timedelta(days=12)
    outcome = office.books().settle_month(CHECKER, period, booked_on=booked)
    assert (len(outcome.settled), outcome.problems) == (1, ())
    gross = outcome.settled[0].gross_fen
    office.receipts().confirm(CHECKER, _bank(office, month + 1, 20, gross, f"B{month}"))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> MoneyOffice:
    office = open_office(tmp_path_factory.mktemp("story"))
    _open(office)
    _statements(office)
    for month in range(1, 13):
        _month(office, month)
    subsidy = sum(int(Decimal(kwh) * Decimal("0.4955") * 100) for kwh in KWH[:6])
    movement = _bank(office, 10, 14, subsidy, "B-subsidy")
    office.receipts().confirm_subsidy(CHECKER, movement, {"joint": subsidy}, "2025-01", "2025-06")
    office.money_in().import_statements(
        MAKER, "更正.csv", sheet(row("202503", 19_400, "S3-1", corrects="S3"))
    )
    corrected = office.books().settle_month(CHECKER, "2025-03", booked_on=date(2026, 1, 9))
    assert [one.revision for one in corrected.settled] == [2]
    return office


def _gross() -> int:
    return sum(int(Decimal(kwh) * Decimal("0.3545") * 100) for kwh in KWH) - 21_270


def _costs() -> int:
    return 300_000 + 11 * 40_000


def test_the_villages_net_adds_up_to_the_plants(office: MoneyOffice) -> None:
    income = -sum(office.balance(village, "50101") for village in SHARES)
    costs = sum(office.balance(village, "51102") for village in SHARES)
    assert (income, costs) == (_gross(), _costs())
    for village, kw in SHARES.items():
        net = (
            -office.balance(village, "501")
            + office.balance(village, "50102")
            - office.balance(village, "511")
        )
        assert abs(net - (_gross() - _costs()) * kw / 500) <= 1


def test_the_negative_month_was_made_good_by_the_next_and_nobody_was_debited(office: MoneyOffice) -> None:
    february = [v for v in office.records.vouchers([A]) if v.entry.belongs_to == date(2025, 2, 1)]
    [settled] = [v for v in february if v.entry.source_kind == "settlement"]
    due = sum(p.fen for p in settled.entry.postings if p.account == "11201")
    assert due == -126_825  # 60 % of 886.25 - 3,000.00 yuan
    assert [v for v in february if v.entry.source_kind == "receipt"] == []
    march = [v for v in office.records.vouchers([A]) if v.entry.key.startswith("receipt:6100|2025-04-20")]
    assert [p.fen for p in march[0].entry.postings if p.account == "10201"] == [
        (709_000 - 40_000) * 6 // 10 - 126_825
    ]


def test_the_late_subsidy_is_income_of_the_month_it_arrived_and_of_no_month_before(
    office: MoneyOffice,
) -> None:
    entries = [v for v in office.records.vouchers([A]) if any(p.account == "50102" for p in v.entry.postings)]
    assert [(v.period, v.entry.belongs_to) for v in entries] == [("2025-10", date(2025, 1, 1))]


def test_the_correction_left_the_old_voucher_and_is_owed_back(office: MoneyOffice) -> None:
    for village in SHARES:
        keys = [v.entry.key for v in office.records.vouchers([village]) if "joint|2025-03|" in v.entry.key]
        assert [key.split(":")[0] for key in keys if not key.startswith("receipt")] == [
            "settlement",
            "undo",
            "settlement",
        ]
    opening_due = 300_000
    owed = sum(office.balance(village, "11201") for village in SHARES) - opening_due
    assert owed == -21_270  # the next receipt is smaller by this


def test_every_fen_on_the_account_names_its_receipt(office: MoneyOffice) -> None:
    for village in SHARES:
        lots = office.records.lots(village)
        assert sum(lot.left_fen for lot in lots) == office.balance(village, "10201")
        assert all(lot.left_fen == lot.received_fen > 0 for lot in lots)


def test_a_closed_month_takes_nothing_more(office: MoneyOffice) -> None:
    office.closings().ask_close(VILLAGE_MAKER, A, "2025-12")
    with pytest.raises(MoneyRefusedError, match="one person"):
        office.closings().close(replace(VILLAGE_MAKER, roles=TOWNSHIP.roles), A, "2025-12")
    office.closings().close(TOWNSHIP, A, "2025-12")
    office.money_in().import_statements(
        MAKER, "late.csv", sheet(row("202504", 52_100, "S4-1", corrects="S4"))
    )
    with pytest.raises(MoneyRefusedError, match="closed"):
        office.books().settle_month(CHECKER, "2025-04", booked_on=date(2025, 12, 31))
    assert office.records.verify().broken == ""


def test_the_year_is_closed_by_two_persons_and_its_result_is_retained(office: MoneyOffice) -> None:
    given = (office.records, office.registry, office.tariffs, office.clock, office.clock)
    years = MoneyDesk.over(*given).years
    through = office.records.balances([B], through_period="2025-12")
    result = -sum(one.fen for one in through if one.account.startswith("5"))
    retained = office.balance(B, "322")
    years.ask_year_end(MAKER, B, 2025, 10_000, "成员大会决议（虚构）")
    with pytest.raises(MoneyRefusedError, match="one person"):
        years.end_year(replace(MAKER, roles=CHECKER.roles), B, 2025)
    done = years.end_year(CHECKER, B, 2025)
    assert (done.result_fen, len(done.vouchers)) == (result, 2)
    assert result > 10_000
    after = office.records.balances([B], through_period="2025-12")
    assert sum(one.fen for one in after if one.account.startswith("5")) == 0
    assert (office.balance(B, "321"), office.balance(B, "311")) == (0, -10_000)
    assert office.balance(B, "322") - retained == 10_000 - result
    figures = figures_of(office.records.vouchers([B]), [], [], date(2025, 1, 1), date(2025, 12, 1))
    assert figures.gross_fen > result
    with pytest.raises(MoneyRefusedError, match="is closed"):
        years.end_year(CHECKER, B, 2025)
    years.ask_year_end(MAKER, C, 2025, 10**9, "成员大会决议（虚构）")
    with pytest.raises(MoneyRefusedError, match="more than the result"):
        years.end_year(CHECKER, C, 2025)
    years.ask_year_end(MAKER, C, 2026, 0, "成员大会决议（虚构）")
    with pytest.raises(MoneyRefusedError, match="2026"):
        years.end_year(CHECKER, C, 2026)
    assert office.records.verify().broken == ""


def test_beancount_finds_the_export_clean_and_a_changed_fen_at_once(office: MoneyOffice) -> None:
    text = "\n".join(beancount_text(office.records.vouchers(), office.records.balances()))
    _, errors, _ = loader.load_string(text)
    assert errors == []
    entries, _, _ = loader.load_string(text)
    assert len([entry for entry in entries if type(entry).__name__ == "Transaction"]) == len(
        office.records.vouchers()
    )
    line = next(line for line in text.splitlines() if line.startswith("  Assets:"))
    amount = line.split()[-2]
    one_fen_more = line.replace(amount, str(Decimal(amount) + Decimal("0.01")))
    _, errors, _ = loader.load_string(text.replace(line, one_fen_more, 1))
    assert any("does not balance" in str(error.message) for error in errors)
