"""What is owed and what came of it, by plant and year, the subsidy apart; what stood open when the books began included."""

from datetime import date
from decimal import Decimal

import pytest

from revenue.arrears import Arrears, ArrearsRow, village_cash
from revenue.opening import Claim
from revenue.receipt import Item, Remittance, VillageCash
from revenue.statement import GridStatement

SOME_DAY = date(2026, 2, 1)


def line(period: str, component: str, fen: int, plant: str = "p") -> GridStatement:
    return GridStatement(plant, "1", period, f"S{period}", component, Decimal(1), fen)


def paid(*items: Item, cash: tuple[VillageCash, ...] = ()) -> Remittance:
    return Remittance("m", items, cash, SOME_DAY)


def test_plants_and_years_stand_by_themselves_and_the_subsidy_apart() -> None:
    lines = [
        *(
            line("2025-11", "benchmark", 100),
            line("2025-12", "benchmark", 200),
            line("2025-12", "subsidy", 50),
        ),
        *(line("2026-01", "benchmark", 400), line("2025-12", "benchmark", 7, "q")),
    ]
    state = Arrears.of(
        lines, [], [paid(Item("2025-11", "p", "benchmark", 60), Item("2025-12", "p", "subsidy", 20))]
    )
    assert state.rows() == [
        ArrearsRow("p", "2025", 300, 60, 50, 20),
        ArrearsRow("p", "2026", 400, 0, 0, 0),
        ArrearsRow("q", "2025", 7, 0, 0, 0),
    ]
    assert [(row.open_fen, row.subsidy_open_fen) for row in state.rows()] == [(240, 30), (400, 0), (7, 0)]


def test_what_is_open_comes_oldest_first_and_what_is_paid_does_not_come() -> None:
    lines = [
        line("2026-01", "benchmark", 5),
        line("2025-12", "benchmark", 9),
        line("2025-11", "benchmark", 3),
    ]
    state = Arrears.of(lines, [], [paid(Item("2025-11", "p", "benchmark", 3))])
    assert [(item.period, item.fen) for item in state.open_items()] == [("2025-12", 9), ("2026-01", 5)]
    assert state.open_fen(Item("2025-12", "p", "benchmark", 0)) == 9
    assert state.open_fen(Item("2020-01", "p", "benchmark", 0)) == 0


def test_other_components_are_paid_with_the_month() -> None:
    state = Arrears.of([line("2025-12", "benchmark", 9), line("2025-12", "difference", -4)], [], [])
    assert [(item.component, item.fen) for item in state.open_items()] == [("benchmark", 5)]


def test_what_stood_open_when_the_books_began_is_due_to_its_villages() -> None:
    claims = [
        *(Claim("p", "2024-12", "benchmark", "a", 60), Claim("p", "2024-12", "benchmark", "b", 40)),
        Claim("p", "2023-12", "subsidy", "a", 500),
    ]
    state = Arrears.of([], [], [], claims)
    assert state.is_settled("p", "2024-12")
    assert not state.is_settled("p", "2023-12")  # a subsidy is nobody's before it comes
    assert state.dues_fen("p", "2024-12") == {"a": 60, "b": 40}
    assert [(item.period, item.component, item.fen) for item in state.open_items()] == [
        ("2023-12", "subsidy", 500),
        ("2024-12", "benchmark", 100),
    ]
    state.take_cash(VillageCash("a", "p", "2024-12", "benchmark", 50, 10))
    assert state.dues_fen("p", "2024-12") == {"a": 0, "b": 40}
    assert state.deficits_fen("p") == {"a": 0, "b": 0}


def test_a_village_that_got_too_much_owes_it_to_later_receipts() -> None:
    state = Arrears.of([], [], [], [Claim("p", "2024-12", "benchmark", "a", 60)])
    state.take_cash(VillageCash("a", "p", "2024-12", "benchmark", 75))
    assert state.deficits_fen("p") == {"a": 15}
    assert state.deficits_fen("q") == {}
    state.take_cash(VillageCash("a", "p", "2025-01", "benchmark", 0, 15))
    assert state.deficits_fen("p") == {"a": 0}
    state.take_cash(VillageCash("a", "p", "2024-12", "subsidy", 99))  # a subsidy is not of the month's due
    assert state.dues_fen("p", "2024-12") == {"a": -15}


def test_cash_is_told_by_village_and_the_month_it_came() -> None:
    cash = (VillageCash("a", "p", "2025-12", "benchmark", 5), VillageCash("a", "q", "2025-11", "subsidy", 6))
    assert village_cash([paid(cash=cash)]) == {("a", "2026-02"): 11}


@pytest.mark.parametrize("fen", [0, -3])
def test_nothing_or_less_is_never_open(fen: int) -> None:
    assert Arrears.of([line("2025-12", "benchmark", fen)], [], []).open_items() == []
