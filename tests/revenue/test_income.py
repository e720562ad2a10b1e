import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MoneyError
from revenue.accounts import CostKind
from revenue.income import (
    Allocated,
    PlantMonth,
    VillagePart,
    attribute,
    carry_forward,
    divide,
    payable,
    split_on,
)

fens = st.integers(-(10**9), 10**9)
weights = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3), st.integers(1, 10**6), min_size=1, max_size=6
)
months = st.builds(
    PlantMonth,
    st.just("p1"),
    st.just("2026-07"),
    st.integers(0, 10**8),
    st.integers(0, 10**6),
    st.dictionaries(st.sampled_from(list(CostKind)), st.integers(0, 10**7)),
)


@given(st.lists(months, min_size=1, max_size=8), weights)
def test_villages_add_up_to_the_plant_at_every_step_month_after_month(
    every: list[PlantMonth], shares: dict[str, int]
) -> None:
    parts: list[VillagePart] = []
    for month in every:
        now = divide(month, shares, Allocated.after(parts))
        assert sum(p.gross_fen for p in now) == month.gross_fen
        assert sum(p.vat_fen for p in now) == month.vat_fen
        assert sum(p.net_fen for p in now) == month.net_fen
        for kind, fen in month.costs_fen.items():
            assert sum(p.costs_fen.get(kind, 0) for p in now) == fen
        parts += now


@given(st.lists(st.integers(1000, 10**8), min_size=1, max_size=24), weights)
def test_the_running_total_keeps_everybody_within_a_fen(totals: list[int], shares: dict[str, int]) -> None:
    before: dict[str, int] = {}
    for total in totals:
        for key, fen in split_on(total, shares, before).items():
            before[key] = before.get(key, 0) + fen
    whole = sum(shares.values())
    for key, weight in shares.items():
        assert abs(before[key] * whole - sum(totals) * weight) <= whole


@given(fens, weights, st.lists(fens, max_size=5))
def test_no_part_has_the_other_sign(total: int, shares: dict[str, int], earlier: list[int]) -> None:
    before: dict[str, int] = {}
    for one in [*earlier, total]:
        parts = split_on(one, shares, before)
        assert sum(parts.values()) == one
        assert all(part * one >= 0 for part in parts.values())
        before = {key: before.get(key, 0) + part for key, part in parts.items()}


def test_the_odd_fen_of_a_plant_goes_round_its_villages() -> None:
    parts: list[VillagePart] = []
    for _ in range(3):
        parts += divide(
            PlantMonth("p1", "2026-07", 100, 10), {"a": 1, "b": 1, "c": 1}, Allocated.after(parts)
        )
    sums = Allocated.after(parts)
    assert (sums.gross_fen, sums.after_vat_fen, sums.net_fen) == (
        {"a": 100, "b": 100, "c": 100},
        {"a": 90, "b": 90, "c": 90},
        {"a": 90, "b": 90, "c": 90},
    )


def test_without_a_share_table_there_is_no_split() -> None:
    with pytest.raises(MoneyError, match="no share table"):
        divide(PlantMonth("p1", "2026-07", 100), {})


@given(st.lists(st.integers(-(10**6), 10**6), max_size=24))
def test_a_deficit_is_carried_and_never_negative(nets: list[int]) -> None:
    found = carry_forward([(f"m{n}", net) for n, net in enumerate(nets)])
    assert all(one.deficit_carried_fen >= 0 and one.distributable_fen >= 0 for one in found)
    last = found[-1].deficit_carried_fen if found else 0
    assert sum(one.distributable_fen for one in found) - last == sum(nets)


@given(st.integers(0, 10**9), st.dictionaries(st.text(min_size=1), st.integers(1, 10**7), min_size=1))
def test_a_remittance_is_attributed_whole(total: int, accrued: dict[str, int]) -> None:
    assert sum(attribute(total, accrued).values()) == total


def test_a_remittance_for_nothing_is_refused() -> None:
    with pytest.raises(MoneyError, match="statements first"):
        attribute(5, {"2026-07": 0})


def test_only_cash_can_be_paid() -> None:
    assert payable(100, 100).accepted
    assert not payable(-5, 1).accepted
    assert payable(-5, 1).payable_fen == 0
