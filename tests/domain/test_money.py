"""Not one fen is lost or made."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import MoneyError
from domain.money import Money, split, split_running

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


@given(st.integers(-(10**13), 10**13).map(Money), WEIGHTS)
def test_who_has_the_same_weight_differs_by_a_fen_at_most(total: Money, weights: dict[str, int]) -> None:
    shares = split(total, {**weights, "twin one": 7, "twin two": 7})
    assert abs(shares["twin one"].fen - shares["twin two"].fen) <= 1


@given(st.integers(-(10**13), 10**13).map(Money), st.sets(st.text(max_size=3), max_size=5))
def test_where_nobody_has_a_weight_nothing_is_split(total: Money, names: set[str]) -> None:
    with pytest.raises(MoneyError, match="nobody has a weight"):
        split(total, dict.fromkeys(names, 0))


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


SIGNED = st.integers(-(10**10), 10**10)
SMALL_WEIGHTS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 40), min_size=1, max_size=12
).filter(lambda weights: sum(weights.values()) > 0)


@given(SIGNED, WEIGHTS)
def test_a_correction_is_the_mirror_image_of_what_it_takes_back(fen: int, weights: dict[str, int]) -> None:
    shares, mirrored = split(Money(fen), weights), split(Money(-fen), weights)
    assert sum(share.fen for share in shares.values()) == fen
    assert {key: -share.fen for key, share in shares.items()} == {k: s.fen for k, s in mirrored.items()}


@given(TOTALS, WEIGHTS, st.integers(1, 50))
def test_only_proportions_matter(total: Money, weights: dict[str, int], factor: int) -> None:
    assert split(total, {key: weight * factor for key, weight in weights.items()}) == split(total, weights)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=30), SMALL_WEIGHTS)
@settings(max_examples=60)
def test_on_the_running_total_nobody_is_ever_a_fen_away(totals: list[int], weights: dict[str, int]) -> None:
    whole = sum(weights.values())
    got = {key: Money(0) for key in weights}
    for total in totals:
        shares = split_running(Money(total), weights, got)
        assert sum(share.fen for share in shares.values()) == total
        assert all(share.fen >= 0 for share in shares.values())
        got = {key: got[key] + share for key, share in shares.items()}
    so_far = sum(totals)
    assert all(abs(got[key].fen * whole - so_far * weights[key]) < 2 * whole for key in weights)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=40), SMALL_WEIGHTS)
@settings(max_examples=200)
def test_where_every_month_has_two_fen_for_everybody_the_drift_stays_below_a_fen(
    more: list[int], weights: dict[str, int]
) -> None:
    whole, least = sum(weights.values()), min(weight for weight in weights.values() if weight)
    enough, so_far = -(-2 * whole // least), 0
    got = {key: Money(0) for key in weights}
    for total in (enough + one for one in more):
        so_far += total
        shares = split_running(Money(total), weights, got)
        got = {key: got[key] + share for key, share in shares.items()}
        assert all(abs(got[key].fen * whole - so_far * weights[key]) < whole for key in weights)


def test_over_240_months_the_drift_of_a_household_is_below_a_fen() -> None:
    random = Random(7)
    for weights in (
        {f"h{number:02d}": 1 for number in range(37)},
        {f"h{number:02d}": random.randint(1, 7) for number in range(37)},
    ):
        whole, so_far = sum(weights.values()), 0
        got = {key: Money(0) for key in weights}
        for _ in range(240):
            total = random.randint(500_000, 3_000_000)
            so_far += total
            shares = split_running(Money(total), weights, got)
            got = {key: got[key] + share for key, share in shares.items()}
        assert max(abs(got[key].fen - so_far * weights[key] / whole) for key in weights) < 1


def test_a_running_total_knows_nobody_who_has_no_weight_now() -> None:
    with pytest.raises(MoneyError, match="b have no weight"):
        split_running(Money(10), {"a": 1}, {"b": Money(3)})


def test_percentages_are_no_weights() -> None:
    with pytest.raises(MoneyError, match="whole numbers"):
        split(Money(10), {"a": 33.33, "b": 66.67})  # type: ignore[dict-item]
