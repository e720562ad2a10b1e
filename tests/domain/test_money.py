"""Not one fen is lost or made."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import MoneyError
from domain.money import Money, split

TOTALS = st.integers(0, 10**13).map(Money)
WEIGHTS = st.dictionaries(
    st.text(min_size=1, max_size=6), st.integers(0, 10**6), min_size=1, max_size=40
).filter(lambda weights: sum(weights.values()) > 0)


@given(TOTALS, WEIGHTS)
@settings(max_examples=500)
def test_not_one_fen_is_lost_or_made(total: Money, weights: dict[str, int]) -> None:
    assert sum(share.fen for share in split(total, weights).values()) == total.fen


@given(TOTALS, WEIGHTS)
@settings(max_examples=500)
def test_nobody_is_a_fen_or_more_from_the_exact_share(total: Money, weights: dict[str, int]) -> None:
    whole = sum(weights.values())
    shares = split(total, weights)
    assert all(abs(share.fen * whole - total.fen * weights[key]) < whole for key, share in shares.items())


@given(TOTALS, WEIGHTS)
def test_a_larger_weight_never_gets_less(total: Money, weights: dict[str, int]) -> None:
    shares = split(total, weights)
    ordered = sorted(weights, key=lambda key: weights[key])
    assert all(
        shares[low].fen <= shares[high].fen for low, high in pairwise(ordered) if weights[low] < weights[high]
    )


@given(TOTALS, WEIGHTS)
def test_who_has_no_weight_gets_nothing(total: Money, weights: dict[str, int]) -> None:
    shares = split(total, weights)
    assert all(shares[key].fen == 0 for key, weight in weights.items() if weight == 0)


@given(TOTALS, WEIGHTS, st.randoms())
def test_the_order_of_names_does_not_change_who_is_paid(
    total: Money, weights: dict[str, int], random: Random
) -> None:
    keys = list(weights)
    random.shuffle(keys)
    assert split(total, {key: weights[key] for key in keys}) == split(total, weights)


def test_the_odd_fen_goes_to_the_largest_remainder_then_the_smaller_key() -> None:
    assert split(Money(100), {"b": 1, "a": 1, "c": 1}) == {"b": Money(33), "a": Money(34), "c": Money(33)}
    assert split(Money(10), {"a": 1, "b": 5}) == {"a": Money(2), "b": Money(8)}


@pytest.mark.parametrize(
    ("fen", "weights", "said"),
    [
        (-1, {"a": 1}, "negative amount"),
        (1, {"a": -1, "b": 2}, "weights"),
        (1, {"a": 0}, "weight"),
        (1, {}, "weight"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(fen: int, weights: dict[str, int], said: str) -> None:
    with pytest.raises(MoneyError, match=said):
        split(Money(fen), weights)


@pytest.mark.parametrize("amount", [1.0, "1", True, None])
def test_money_is_whole_fen_and_nothing_else(amount: object) -> None:
    with pytest.raises(MoneyError, match="whole fen"):
        Money(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123456789, "1,234,567.89"), (-100, "-1.00")],
)
def test_money_is_written_in_yuan_with_two_places(fen: int, text: str) -> None:
    assert str(Money(fen)) == text


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_adding_and_taking_away_cancel(a: int, b: int) -> None:
    assert Money(a) + Money(b) - Money(b) == Money(a)
    assert (Money(a) < Money(b)) == (a < b)
