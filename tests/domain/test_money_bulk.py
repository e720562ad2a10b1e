"""The bulk split is the plain split, many times at once, and quick."""

from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MoneyError
from domain.money import Money, split
from domain.money_bulk import split_many

GROUP = st.tuples(
    st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**4), min_size=1, max_size=12)
).filter(lambda group: sum(group[1]) > 0)


def _bulk(groups: list[tuple[int, list[int]]]) -> list[int]:
    numbers = np.repeat(np.arange(len(groups)), [len(weights) for _, weights in groups])
    weights = np.array([weight for _, of_group in groups for weight in of_group], np.int64)
    shares = split_many(np.array([total for total, _ in groups], np.int64), numbers, weights)
    return [int(share) for share in shares]


def _plain(groups: list[tuple[int, list[int]]]) -> list[int]:
    found: list[int] = []
    for total, weights in groups:
        named = {f"{place:06d}": weight for place, weight in enumerate(weights)}
        found.extend(share.fen for share in split(Money(total), named).values())
    return found


@given(st.lists(GROUP, min_size=1, max_size=8))
def test_every_fen_goes_where_the_plain_split_sends_it(groups: list[tuple[int, list[int]]]) -> None:
    assert _bulk(groups) == _plain(groups)


def test_amounts_beyond_63_bits_are_split_as_well() -> None:
    groups = [(10**15, [10**6, 1, 999_999]), (7, [1, 1])]
    assert _bulk(groups) == _plain(groups)


def test_a_million_payouts_take_a_small_part_of_the_time_of_the_plain_split() -> None:
    random = np.random.default_rng(3)
    numbers = np.sort(random.integers(0, 12_500, 1_000_000))
    weights = random.integers(1, 30, 1_000_000)
    totals = random.integers(10**5, 10**8, 12_500)
    start = process_time()
    shares = split_many(totals, numbers, weights)
    bulk_s = process_time() - start
    start = process_time()
    for group in range(100):
        rows = np.flatnonzero(numbers == group)
        named = {f"{row:09d}": int(weights[row]) for row in rows}
        assert [s.fen for s in split(Money(int(totals[group])), named).values()] == shares[rows].tolist()
    assert bulk_s < (process_time() - start) * 125


@pytest.mark.parametrize(
    ("totals", "groups", "weights", "said"),
    [
        ([1], [0, 0], [1], "sorted"),
        ([1, 1], [1, 0], [1, 1], "sorted"),
        ([1], [0], [-1], "negative"),
        ([1], [0], [0], "nobody"),
    ],
)
def test_a_bulk_split_that_makes_no_sense_is_refused(
    totals: list[int], groups: list[int], weights: list[int], said: str
) -> None:
    with pytest.raises(MoneyError, match=said):
        split_many(np.array(totals), np.array(groups), np.array(weights))
