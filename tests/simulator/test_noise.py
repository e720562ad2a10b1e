"""Noise: a pure function, spread as it says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.noise import landscape, normal, text_key, uniform, wander

KEYS = st.integers(-(2**40), 2**40)


@given(seed=st.integers(0, 2**31), first=KEYS, second=KEYS)
def test_the_same_keys_give_the_same_number_whatever_stands_beside_them(
    seed: int, first: int, second: int
) -> None:
    alone = uniform(seed, first, second)
    among = uniform(seed, np.array([0, first, 99]), second)
    assert alone[0] == among[1]
    assert 0.0 <= alone[0] < 1.0


def test_numbers_are_spread_as_they_say() -> None:
    keys = np.arange(40_000)
    even, bell = uniform(3, keys), normal(3, keys)
    assert abs(even.mean() - 0.5) < 0.01
    assert abs(np.quantile(even, 0.9) - 0.9) < 0.01
    assert abs(bell.mean()) < 0.02
    assert abs(bell.std() - 1.0) < 0.02


def test_other_seeds_and_other_keys_are_unrelated() -> None:
    keys = np.arange(20_000)
    assert abs(np.corrcoef(uniform(1, keys), uniform(2, keys))[0, 1]) < 0.03
    assert abs(np.corrcoef(uniform(1, keys), uniform(1, keys + 1))[0, 1]) < 0.03


@given(x=st.floats(-1e6, 1e6))
def test_wandering_noise_has_no_jumps(x: float) -> None:
    here, there = wander(1, 0, np.array([x, x + 1e-3]))
    assert abs(here - there) < 0.01


def test_a_landscape_has_no_jumps_between_cells() -> None:
    x = np.linspace(-3.0, 3.0, 6001)
    heights = landscape(1, 0, x, np.full_like(x, 0.4))
    assert np.abs(np.diff(heights)).max() < 0.005


def test_a_name_has_one_key_in_every_process() -> None:
    assert text_key("a") == (0xAF63DC4C8601EC8C >> 1)
