"""Curves on paper: broken where nothing is known, under a round number."""

import numpy as np

from dashboard.print_sheet import polyline, top_of


def test_a_curve_breaks_where_there_is_no_data() -> None:
    assert len(polyline(np.array([1.0, 2.0, np.nan, 1.0]), 2.0, 300.0, 100.0)) == 2
    assert polyline(np.array([]), 2.0, 300.0, 100.0) == []
    assert (top_of([0.0, np.nan]), top_of([7.0]), top_of([72.0])) == (1.0, 7.0, 80.0)
