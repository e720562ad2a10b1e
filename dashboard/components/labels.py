"""Where the name of each town stands on the map, so that names cover neither each other nor the plants."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Place = tuple[float, float]
Box = tuple[float, float, float, float]  # left, low, right, high
Floats = NDArray[np.float64]
_CHAR_SHARE, _LATIN_SHARE, _LINE_SHARE = 0.033, 0.0185, 0.048  # of the map's width and height
_DOT_SHARE = 0.017
_ACROSS = (0.0, 0.5, -0.5)  # shifts in widths of the name
_UP = (0.04, -0.04, 0.0, 0.075, -0.075, 0.11, -0.11)


@lru_cache(maxsize=32)
def label_places(
    places: tuple[Place, ...], names: tuple[str, ...], points: tuple[Place, ...]
) -> tuple[Place, ...]:
    """Return where the middle of each name stands: near its town, with the least overlap.

    Parameters
    ----------
    places : tuple of (longitude, latitude)
        Where each name belongs.
    names : tuple of str
    points : tuple of (longitude, latitude)
        What should stay visible.
    """
    if not places:
        return ()
    whole = np.array([*places, *points], dtype=np.float64)
    low = whole.min(axis=0)
    span = np.maximum(whole.max(axis=0) - low, 1e-6)
    dots = (np.array(points, dtype=np.float64).reshape(-1, 2) - low) / span
    taken: list[Box] = []
    chosen: list[Place] = []
    for place, name in zip(places, names, strict=True):
        width = sum(_CHAR_SHARE if ord(char) > 0x2E80 else _LATIN_SHARE for char in name)
        x, y = (np.array(place) - low) / span
        middles = [(float(x) + dx * (width + 0.03), float(y) + dy) for dy in _UP for dx in _ACROSS]
        boxes = [
            (mx - width / 2, my - _LINE_SHARE / 2, mx + width / 2, my + _LINE_SHARE / 2) for mx, my in middles
        ]
        costs = [
            _cost(box, dots, taken) + 2.0 * abs(my - float(y)) + 0.4 * abs(mx - float(x))
            for box, (mx, my) in zip(boxes, middles, strict=True)
        ]
        best = int(np.argmin(costs))
        taken.append(boxes[best])
        middle = low + span * np.array(middles[best])
        chosen.append((float(middle[0]), float(middle[1])))
    return tuple(chosen)


def _cost(box: Box, dots: Floats, taken: Sequence[Box]) -> float:
    left, low, right, high = box
    covered = (
        (dots[:, 0] > left - _DOT_SHARE)
        & (dots[:, 0] < right + _DOT_SHARE)
        & (dots[:, 1] > low - _DOT_SHARE)
        & (dots[:, 1] < high + _DOT_SHARE)
    )
    crossed = sum(left < r and right > a and low < h and high > b for a, b, r, h in taken)
    outside = left < -0.06 or right > 1.06 or low < -0.05 or high > 1.05
    return float(covered.sum()) + 6.0 * crossed + 3.0 * outside
