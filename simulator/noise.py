"""Randomness without a past: every number is a pure function of a seed and of what it belongs to.

Any instant of the virtual field can be computed without the ones before it, in any order and by any
process, and comes out the same. Numbers are splitmix64 (Steele, Lea, Flood 2014) over integer keys.
"""

from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_FOUR_DICE_SPREAD: Final = np.sqrt(1 / 3)  # standard deviation of the sum of four uniform numbers


def _mixed(keys: Keys) -> Keys:
    keys = keys + _GOLDEN
    keys = (keys ^ (keys >> np.uint64(30))) * _FIRST
    keys = (keys ^ (keys >> np.uint64(27))) * _SECOND
    return keys ^ (keys >> np.uint64(31))


def _as_key(value: ArrayLike) -> Keys:
    return np.atleast_1d(np.asarray(value)).astype(np.int64).view(np.uint64)


def hashed(seed: int, *keys: ArrayLike) -> Keys:
    """Return 64 random bits for each combination of integer ``keys``; the keys broadcast."""
    return reduce(lambda state, key: _mixed(state ^ _as_key(key)), keys, _mixed(_as_key(seed)))


def uniform(seed: int, *keys: ArrayLike) -> Floats:
    """Return numbers in [0, 1)."""
    return (hashed(seed, *keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seed: int, *keys: ArrayLike) -> Floats:
    """Return numbers of mean 0 and deviation 1, never beyond 3.5: the sum of four dice of 16 bits."""
    bits = hashed(seed, *keys)
    low = np.uint64(0xFFFF)
    total = sum((bits >> np.uint64(shift)) & low for shift in (0, 16, 32, 48))
    return np.asarray((np.asarray(total, dtype=np.float64) / 65_536.0 - 2.0) / _FOUR_DICE_SPREAD)


def text_key(text: str) -> int:
    """Return a key for a name, the same in every process (FNV-1a, 63 bits)."""
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return state >> 1


def _eased(fraction: Floats) -> Floats:
    return fraction * fraction * (3.0 - 2.0 * fraction)


def wander(seed: int, key: ArrayLike, x: ArrayLike) -> Floats:
    """Return smooth noise in [0, 1) along ``x``: random at whole numbers, eased between them."""
    position = np.asarray(x, dtype=np.float64)
    cell = np.floor(position)
    first, second = uniform(seed, key, cell), uniform(seed, key, cell + 1)
    return first + (second - first) * _eased(position - cell)


def landscape(seed: int, key: int, x: Floats, y: Floats) -> Floats:
    """Return smooth noise in [0, 1) over a plane; ``x`` and ``y`` have one shape."""
    column, row = np.floor(x), np.floor(y)
    east, north = _eased(x - column), _eased(y - row)
    near = uniform(seed, key, column, row)
    south = near + (uniform(seed, key, column + 1, row) - near) * east
    far = uniform(seed, key, column, row + 1)
    top = far + (uniform(seed, key, column + 1, row + 1) - far) * east
    return south + (top - south) * north


def octaves(seed: int, x_km: Floats, y_km: Floats, cells_km: tuple[float, ...]) -> Floats:
    """Return noise of several sizes at once, the larger the stronger, of mean 0.5 and deviation near 0.2."""
    total = np.zeros_like(x_km)
    weight = 0.0
    for number, cell_km in enumerate(cells_km):
        share = 0.62**number
        total += share * (landscape(seed, number, x_km / cell_km, y_km / cell_km) - 0.5)
        weight += share * share
    return np.asarray(0.5 + total / np.sqrt(weight))
