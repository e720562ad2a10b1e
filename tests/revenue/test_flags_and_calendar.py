from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from domain.ledger import Entry, Lot, Posting, Voucher
from revenue.money_calendar import DueKind, closes_due, receipts_due, statements_due
from revenue.receipt import Item
from revenue.red_flags import FlagKind, money_waits, quick_steps, same_pairs, same_photos, without_statement
from tests.commands.money import joint_plant

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def voucher(number: int, maker: str = "a", checker: str = "b", village: str = "v") -> Voucher:
    lines = (Posting("51109", 1), Posting("21101", -1))
    day = date(2026, 7, 1)
    entry = Entry(f"k{number}", village, day, day, "", lines, "x", "y", maker, checker)
    return Voucher(number, number, entry, "", "", "")


def test_money_that_lies_for_half_a_year_is_told_and_spent_money_is_not() -> None:
    lot = Lot("v", "10201", "r1", date(2026, 1, 1), 100, 40)
    assert [f.kind for f in money_waits([lot], date(2026, 7, 1))] == [FlagKind.MONEY_WAITS]
    assert money_waits([lot], date(2026, 6, 1)) == []
    assert money_waits([replace(lot, left_fen=0)], date(2027, 1, 1)) == []


def test_always_the_same_two_persons_is_told_from_a_dozen_on() -> None:
    every = [voucher(n) for n in range(12)]
    assert [f.kind for f in same_pairs(every)] == [FlagKind.SAME_PAIR]
    assert same_pairs(every[:11]) == []
    assert same_pairs([*every, voucher(13, "c")]) == []


def test_a_check_within_minutes_is_told() -> None:
    entered = {"a": NOW, "b": NOW}
    checked = {"a": NOW + timedelta(minutes=4), "b": NOW + timedelta(minutes=6), "c": NOW}
    assert [f.subject for f in quick_steps(entered, checked)] == ["a"]


def test_energy_without_statement_and_statement_without_telemetry() -> None:
    found = without_statement(["p1", "p2"], ["p2", "p3"], "2026-06")
    assert [(f.kind, f.subject) for f in found] == [
        (FlagKind.ENERGY_WITHOUT_STATEMENT, "p1 2026-06"),
        (FlagKind.STATEMENT_WITHOUT_TELEMETRY, "p3 2026-06"),
    ]


def test_one_photo_for_two_things_is_told() -> None:
    assert [
        f.detail for f in same_photos([("r1", "x"), ("r2", "x"), ("r3", "y"), ("r4", ""), ("r5", "")])
    ] == ["r1, r2"]


def test_a_statement_is_due_after_its_reading_day_and_escalates() -> None:
    plant = joint_plant()
    [due] = statements_due(plant, ["2026-05", "2026-06"], ["2026-05"], date(2026, 7, 4))
    assert (due.on, due.is_over, due.escalates) == (date(2026, 7, 5), False, False)
    assert due.kind is DueKind.STATEMENT
    [late] = statements_due(plant, ["2026-06"], [], date(2026, 7, 16))
    assert (late.is_over, late.escalates) == (True, True)
    assert statements_due(plant, ["2020-05"], [], date(2026, 7, 4)) == []  # before it was connected


def test_receipts_and_closes_are_due_and_subsidies_have_no_date() -> None:
    items = [Item("2026-05", "p", "benchmark", 1), Item("2026-05", "p", "subsidy", 1)]
    [due] = receipts_due(items, date(2026, 8, 1))
    assert (due.on, due.is_over, due.kind) == (date(2026, 7, 16), True, DueKind.RECEIPT)
    [close] = closes_due("v", ["2026-04", "2026-05"], "2026-04", date(2026, 7, 1))
    assert (close.period, close.on, close.is_over) == ("2026-05", date(2026, 7, 11), False)
