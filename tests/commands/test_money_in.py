"""Entering money and booking it: two persons, scope, refusals that leave nothing behind."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.closing import DraftLine
from commands.money_base import MoneyRefusedError
from domain.account import Role, Scope
from domain.errors import AccessDeniedError
from revenue.accounts import CostKind
from revenue.deduction import Deduction
from revenue.receipt import Item, Movement
from revenue.statement import GridStatement
from revenue.tariff import Seller, TaxRegime
from tests.commands.money import (
    ACCOUNT,
    ACCOUNT_2,
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
    person,
    row,
    sheet,
)
from texts.loader import Texts


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MoneyOffice]:
    office = open_office(tmp_path)
    yield office
    office.records.close()


def settled(office: MoneyOffice, month: str = "2025-06", kwh: int = 20_000) -> None:
    office.money_in().import_statements(MAKER, "a.csv", sheet(row(month, kwh)))
    assert office.books().settle_month(CHECKER, month).problems == ()


def paid(office: MoneyOffice, fen: int, reference: str = "B1", day: date = date(2025, 8, 2)) -> str:
    movement = Movement("6100", reference, day, fen, "供电公司")
    office.money_in().enter_movement(MAKER, movement)
    return movement.identity


def test_a_file_with_one_bad_row_leaves_nothing(office: MoneyOffice) -> None:
    content = sheet(row("202506", 1000), row("202507", 1000, account="8888"))
    preview = office.money_in().preview_statements(MAKER, content)
    assert [(p.row, p.reason) for p in preview.problems] == [(3, "unknown_account")]
    with pytest.raises(MoneyRefusedError, match="1 problems"):
        office.money_in().import_statements(MAKER, "a.csv", content)
    assert office.records.facts("statement") == []


def test_d09_the_same_again_is_no_news_and_other_content_is_refused(office: MoneyOffice) -> None:
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("202405", 30_110, "ST-1")))
    again = office.money_in().import_statements(MAKER, "b.csv", sheet(row("2024-05", 30_110, "ST-1")))
    assert (again.new, again.known) == (0, 2)
    other = sheet(row("202405", 30_120, "ST-1"))
    assert {p.reason for p in office.money_in().preview_statements(MAKER, other).problems} == {
        "other_content"
    }
    office.books().settle_month(CHECKER, "2024-05")
    assert office.books().settle_month(CHECKER, "2024-05").unchanged == 1
    assert sum(-office.balance(v, "50101") for v in SHARES) == 1_067_400


@given(st.permutations([0, 1, 2]), st.lists(st.integers(0, 2), max_size=3), st.permutations([1, 2, 3]))
@settings(max_examples=8, deadline=None)
def test_any_order_of_files_again_and_again_gives_the_same_books(
    order: list[int], again: list[int], months: list[int]
) -> None:
    files = [sheet(row(f"20250{n}", 10_000 * n, f"S{n}")) for n in (1, 2, 3)]
    seen = []
    for numbers, settled in (((0, 1, 2), months), ((*order, *again), months)):
        with tempfile.TemporaryDirectory() as folder:
            office = open_office(Path(folder))
            for number in numbers:
                office.money_in().import_statements(MAKER, "x.csv", files[number])
            for month in settled:
                office.books().settle_month(CHECKER, f"2025-0{month}")
            entries = {v.entry.key: v.content_hash for v in office.records.vouchers()}
            seen.append((office.records.balances(), entries))
            office.records.close()
    assert seen[0] == seen[1]


def test_who_entered_never_settles_confirms_or_closes(office: MoneyOffice) -> None:
    both = person("settler", Role.SETTLEMENT, Role.COUNTY)  # a person with two roles is still one person
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-06", 20_000)))
    outcome = office.books().settle_month(both, "2025-06")
    assert (outcome.settled, len(outcome.problems)) == ((), 1)
    assert "制单和复核不能是同一个人" in outcome.problems[0][1]  # in the language of who asked
    office.books().settle_month(CHECKER, "2025-06")
    movement = paid(office, 709_000)
    with pytest.raises(MoneyRefusedError, match="one person"):
        office.receipts().confirm(both, movement)
    office.closings().ask_close(VILLAGE_MAKER, A, "2025-06")
    same = person("accountant", Role.COUNTY)
    with pytest.raises(MoneyRefusedError, match="one person"):
        office.closings().close(same, A, "2025-06")


@pytest.mark.parametrize("role", [Role.OM, Role.ADMIN, Role.AUDITOR, Role.KEEPER, Role.FIELD])
def test_others_cannot_touch_money(office: MoneyOffice, role: Role) -> None:
    who = person("x", role)
    for act in (
        lambda: office.money_in().import_statements(who, "a.csv", sheet(row("2025-06", 1))),
        lambda: office.books().settle_month(who, "2025-06"),
        lambda: office.receipts().confirm(who, "x"),
        lambda: office.closings().close(who, A, "2025-06"),
    ):
        with pytest.raises(AccessDeniedError):
            act()


def test_makers_cannot_check_and_checkers_cannot_make(office: MoneyOffice) -> None:
    with pytest.raises(AccessDeniedError):
        office.books().settle_month(MAKER, "2025-06")
    with pytest.raises(AccessDeniedError):
        office.money_in().import_statements(CHECKER, "a.csv", sheet(row("2025-06", 1)))


def test_an_institution_that_sees_one_plant_brings_only_its_statements(office: MoneyOffice) -> None:
    narrow = replace(MAKER, scope=Scope(plant_ids=frozenset({"joint"})))
    content = sheet(row("2025-06", 1000), row("2025-06", 1000, "S2", ACCOUNT_2))
    problem = office.money_in().preview_statements(narrow, content).problems[0]
    assert (problem.row, problem.reason) == (3, "unknown_account")
    assert office.money_in().import_statements(narrow, "a.csv", sheet(row("2025-06", 1000))).new == 2


def test_without_seller_or_shares_a_plant_is_left_out_with_its_reason(office: MoneyOffice) -> None:
    bare = replace(office, tariffs=replace(office.tariffs, by_plant={}))
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-06", 1000)))
    [(plant, why)] = bare.books().settle_month(CHECKER, "2025-06").problems
    assert plant == "joint"
    assert "tariffs.yaml" in why


def test_a_village_that_sells_owes_the_vat_and_an_institution_takes_it_off_before(tmp_path: Path) -> None:
    own = open_office(tmp_path / "own", TaxRegime.GENERAL, Seller.VILLAGE)
    settled(own)
    assert sum(-own.balance(v, "21401") for v in SHARES) == 81_566
    assert sum(own.balance(v, "11201") for v in SHARES) == 709_000
    theirs = open_office(tmp_path / "theirs", TaxRegime.GENERAL, Seller.INSTITUTION)
    settled(theirs)
    assert sum(theirs.balance(v, "21401") for v in SHARES) == 0
    assert sum(theirs.balance(v, "11201") for v in SHARES) == 709_000 - 81_566
    theirs.receipts().confirm(CHECKER, paid(theirs, 709_000))
    assert sum(theirs.balance(v, "10201") for v in SHARES) == 709_000 - 81_566


def test_one_receipt_pays_many_plants_and_months(office: MoneyOffice) -> None:
    content = sheet(
        *(row(m, 20_000, f"S{m}{a[-1]}", a) for m in ("2025-05", "2025-06") for a in (ACCOUNT, ACCOUNT_2))
    )
    office.money_in().import_statements(MAKER, "a.csv", content)
    for month in ("2025-05", "2025-06"):
        office.books().settle_month(CHECKER, month)
    done = office.receipts().confirm(CHECKER, paid(office, 4 * 709_000))
    assert len(done.items) == 4
    assert sum(office.balance(v, "10201") for v in SHARES) == 4 * 709_000
    assert [v.entry.source_kind for v in office.records.vouchers([A])].count("receipt") == 1


def test_a_receipt_in_parts_is_divided_to_the_fen(office: MoneyOffice) -> None:
    settled(office)
    first = paid(office, 333_333)
    office.receipts().confirm(CHECKER, first, [Item("2025-06", "joint", "benchmark", 333_333)])
    office.receipts().confirm(
        CHECKER, paid(office, 375_667, "B2"), [Item("2025-06", "joint", "benchmark", 375_667)]
    )
    assert [office.balance(v, "11201") for v in SHARES] == [0, 0, 0]
    assert [office.balance(v, "10201") for v in SHARES] == [425_400, 255_240, 28_360]


@pytest.mark.parametrize(
    ("items", "key"),
    [
        ([Item("2025-06", "joint", "benchmark", 1)], "not_the_movement"),
        ([Item("2025-06", "joint", "benchmark", 709_001)], "not_the_movement"),
        ([Item("2025-07", "joint", "benchmark", 709_000)], "not_open"),
    ],
)
def test_a_match_that_does_not_fit_is_refused(office: MoneyOffice, items: list[Item], key: str) -> None:
    settled(office)
    movement = paid(office, 709_000)
    with pytest.raises(MoneyRefusedError) as refusal:
        office.receipts().confirm(CHECKER, movement, items)
    assert refusal.value.key == key
    assert office.balance(A, "10201") == 0


def test_a_month_that_is_not_settled_gets_no_money(office: MoneyOffice) -> None:
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-06", 20_000)))
    with pytest.raises(MoneyRefusedError) as refusal:
        office.receipts().confirm(CHECKER, paid(office, 709_000))
    assert refusal.value.key == "not_settled"


def test_a_wrong_match_is_undone_and_the_movement_waits_again(office: MoneyOffice) -> None:
    settled(office)
    movement = paid(office, 709_000)
    office.receipts().confirm(CHECKER, movement)
    with pytest.raises(MoneyRefusedError, match="before"):
        office.receipts().confirm(CHECKER, movement)
    assert office.receipts().undo(CHECKER, movement, "对错月份") == 3
    assert [office.balance(v, "10201") for v in SHARES] == [0, 0, 0]
    [waiting] = office.receipts().waiting(CHECKER)
    assert waiting.proposal is not None
    office.receipts().confirm(CHECKER, movement)
    assert office.balance(B, "10201") == 255_240
    assert office.records.verify().is_sound


def test_money_that_waits_is_proposed_only_when_it_fits_to_the_fen(office: MoneyOffice) -> None:
    settled(office)
    paid(office, 709_001)
    [waiting] = office.receipts().waiting(CHECKER)
    assert waiting.proposal is None
    with pytest.raises(MoneyRefusedError) as refusal:
        office.receipts().confirm(CHECKER, waiting.movement.identity)
    assert refusal.value.key == "no_proposal"


def test_a_deduction_needs_its_document_and_warns_above_its_ceiling(office: MoneyOffice) -> None:
    enter = office.money_in().enter_deduction
    with pytest.raises(MoneyRefusedError):
        enter(MAKER, Deduction("joint", "2025-06", CostKind.OPERATION, 100, " "))
    assert enter(MAKER, Deduction("joint", "2025-06", CostKind.OPERATION, 1_500_000, "发票1")) == []
    [warning] = enter(MAKER, Deduction("joint", "2025-07", CostKind.OPERATION, 1, "发票2"))
    assert (warning.fen, warning.ceiling_fen) == (1_500_001, 1_500_000)


def test_a_typed_line_is_checked_like_one_of_a_file(office: MoneyOffice) -> None:
    line = GridStatement(
        "joint", ACCOUNT, "2025-06", "S9", "benchmark", Decimal(1000), 35_450, Decimal("0.3545")
    )
    assert office.money_in().enter_statement(MAKER, line)
    for wrong in (replace(line, account_number=ACCOUNT_2), replace(line, number="S8", fen=-35_450)):
        with pytest.raises(MoneyRefusedError):
            office.money_in().enter_statement(MAKER, wrong)
    with pytest.raises(MoneyRefusedError) as said:
        office.money_in().enter_statement(MAKER, replace(line, kwh=Decimal(-5)))
    assert said.value.words(Texts("zh")).startswith("这一行不能录入：")
    assert "is negative" in said.value.words(Texts("en"))


def test_a_typed_voucher_is_booked_by_a_second_person_and_reversed_by_two(office: MoneyOffice) -> None:
    lines = [DraftLine("51109", 5_000), DraftLine("21101", -5_000)]
    draft = (A, "D1", date(2026, 1, 5), "办公用品", "发票 7", lines)
    office.closings().draft(VILLAGE_MAKER, *draft)
    voucher = office.closings().approve(TOWNSHIP, "D1")
    assert (voucher.entry.made_by, voucher.entry.checked_by) == ("accountant", "township")
    office.closings().ask_reversal(VILLAGE_MAKER, voucher.entry.key, "记错村")
    office.closings().reverse(TOWNSHIP, voucher.entry.key)
    assert office.records.balances([A]) == []
    with pytest.raises(MoneyRefusedError):
        office.closings().draft(
            VILLAGE_MAKER, A, "D2", date(2026, 1, 5), "x", "y", [lines[0], DraftLine("21101", -1)]
        )
    with pytest.raises(MoneyRefusedError, match="no account"):
        office.closings().draft(VILLAGE_MAKER, A, "D3", date(2026, 1, 5), "x", "y", [DraftLine("999", 1)])


def test_another_villages_books_are_out_of_reach(office: MoneyOffice) -> None:
    settled(office)
    for village in (C, "611002999999", "x"):
        with pytest.raises(MoneyRefusedError, match="out of your scope"):
            office.closings().ask_close(VILLAGE_MAKER, village, "2025-06")


def test_settlements_and_receipts_are_not_reversed_by_themselves(office: MoneyOffice) -> None:
    settled(office)
    key = office.records.vouchers([A])[0].entry.key
    with pytest.raises(MoneyRefusedError, match="correction"):
        office.closings().ask_reversal(VILLAGE_MAKER, key, "x")


def test_a_month_with_a_statement_that_waits_is_not_closed(office: MoneyOffice) -> None:
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-06", 20_000)))
    office.closings().ask_close(VILLAGE_MAKER, A, "2025-06")
    with pytest.raises(MoneyRefusedError, match="not in the books"):
        office.closings().close(TOWNSHIP, A, "2025-06")
    office.closings().ask_close(VILLAGE_MAKER, A, "2026-01")
    with pytest.raises(MoneyRefusedError, match="not over"):
        office.closings().close(TOWNSHIP, A, "2026-01")


def test_the_platforms_number_is_written_back_once(office: MoneyOffice) -> None:
    settled(office)
    key = office.records.vouchers([A])[0].entry.key
    office.closings().note_platform_number(VILLAGE_MAKER, key, "记-2026-01-0007")
    with pytest.raises(MoneyRefusedError, match="other content"):
        office.closings().note_platform_number(VILLAGE_MAKER, key, "记-2026-01-0008")


def test_every_act_and_every_refusal_is_audited(office: MoneyOffice) -> None:
    settled(office)
    with pytest.raises(MoneyRefusedError):
        office.receipts().confirm(CHECKER, "nothing")
    seen = [(e.action, e.outcome) for e in office.records.audit(office.clock.now())[::-1]]
    assert seen == [
        ("statement.import", "done"),
        ("month.settle", "done"),
        ("receipt.confirm", "refused"),
    ]
