"""Counting back over instants that count."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alerts.windows import _of_long, _of_short, true_of_last

_ROWS = st.lists(
    st.lists(
        st.sampled_from([(False, False), (False, True), (True, True), (True, False)]), min_size=9, max_size=9
    ),
    min_size=1,
    max_size=4,
)


@given(_ROWS, st.integers(1, 10))
def test_counting_all_rows_at_once_gives_what_counting_row_by_row_gives(
    cells: list[list[tuple[bool, bool]]], last: int
) -> None:
    true, counted = np.moveaxis(np.array(cells, dtype=np.bool_), 2, 0)
    assert (_of_short(true, counted, last) == _of_long(true, counted, last)).all()


def test_only_instants_that_count_are_counted_and_others_hold_the_last_number() -> None:
    true = np.array([[True, True, False, True, False]])
    counted = np.array([[True, False, True, True, False]])
    assert true_of_last(true, counted, 2).tolist() == [[1, 1, 1, 1, 1]]
    assert true_of_last(true, counted, 3).tolist() == [[1, 1, 1, 2, 2]]
