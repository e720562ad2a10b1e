"""Medians of what is there: by sorting, which is many times quicker than `numpy.nanmedian` over many short rows."""

import numpy as np

from domain.series import Floats


def middle(values: Floats, axis: int = -1) -> Floats:
    """Return the median over an axis of values that are there, NaN where none is."""
    ordered = np.sort(values, axis=axis)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=axis, keepdims=True)
    low = np.maximum((count - 1) // 2, 0)
    high = np.minimum(count // 2, np.maximum(count - 1, 0))
    both = np.take_along_axis(ordered, low, axis) + np.take_along_axis(ordered, high, axis)
    return np.asarray(np.where(count > 0, both / 2.0, np.nan).squeeze(axis))
