"""Backward steps of counters, noted when rows are written, so that nobody must sort months of rows to find them.

A day of a counter is odd when a reading is lower than the one before it. Finding that out afterwards means
sorting every row of the period by device and time. When a row is written its predecessor is nearly always
known, so each row carries a small mark: one bit per counter that *may* have stepped back at this row, and
one bit (``AFTER``) when the step to the following row is not known either. No mark is a proof that nothing
went back; a mark only says: look at this day.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.quantity import Kind, quantity

COUNTERS_MAX = 30
AFTER = np.uint32(1 << 31)
EVERY_COUNTER = np.uint32((1 << COUNTERS_MAX) - 1)

Marks = NDArray[np.uint32]


def counters_of(quantities: Sequence[str], bits: Mapping[str, int]) -> list[tuple[int, int]]:
    """Return (column, bit) of each counter among ``quantities``."""
    return [
        (column, bits[name]) for column, name in enumerate(quantities) if quantity(name).kind is Kind.COUNTER
    ]


class StepTracker:
    """Remembers the newest row of each device. Not thread safe: the store's writer owns it."""

    def __init__(self) -> None:
        self._newest_us = np.empty(0, dtype=np.int64)
        self._known = np.empty(0, dtype=bool)
        self._values = np.empty((0, COUNTERS_MAX))

    def _grow(self, device_max: int) -> None:
        missing = device_max + 1 - len(self._newest_us)
        if missing <= 0:
            return
        missing = max(missing, 256)
        self._newest_us = np.append(self._newest_us, np.full(missing, np.iinfo(np.int64).min))
        self._known = np.append(self._known, np.zeros(missing, dtype=bool))
        self._values = np.vstack([self._values, np.full((missing, COUNTERS_MAX), np.nan)])

    def introduce(self, device: int) -> None:
        """Take note of a device that has no rows at all."""
        self._grow(device)
        self._known[device] = True

    def restore(self, device: int, newest_us: int, counters: Mapping[int, float]) -> None:
        """Take up where the file ends: the newest row of ``device``; counters it does not tell are doubtful."""
        self._grow(device)
        self._known[device] = True
        self._newest_us[device] = newest_us
        self._values[device] = np.inf  # every later value is lower: looked at once, then known
        for bit, value in counters.items():
            self._values[device, bit] = value

    def doubtful(self, device: NDArray[np.int32], measured_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows belong to a device of which the row before the first one is not known."""
        if len(device) == 0:
            return np.zeros(0, dtype=bool)
        self._grow(int(device.max()))
        late = (measured_us <= self._newest_us[device]) | ~self._known[device]
        return np.isin(device, device[late]) if late.any() else late

    def marks(
        self,
        device: NDArray[np.int32],
        measured_us: NDArray[np.int64],
        values: NDArray[np.float64],
        counters: Sequence[tuple[int, int]],
        crowded: frozenset[int] | None = None,
    ) -> Marks:
        """Return the marks of rows about to be written.

        Parameters
        ----------
        device, measured_us : arrays [rows]
            Device numbers and instants.
        values : array [rows, columns]
            NaN where missing or not good.
        counters : sequence of (column, bit)
            Which columns are counters.
        crowded : frozenset or None
            Devices that have rows between the ones to be written; None when nobody looked.
        """
        marks = np.zeros(len(device), dtype=np.uint32)
        if len(device) == 0 or not counters:
            return marks
        doubtful = self.doubtful(device, measured_us)
        order = np.lexsort((measured_us, device))
        first = np.append(True, np.diff(device[order]) != 0)
        for column, bit in counters:
            before = _before(values[order, column], device[order], first, self._values[:, bit])
            with np.errstate(invalid="ignore"):
                back = values[order, column] < before
            marks[order[back]] |= np.uint32(1 << bit)
        if crowded is None:
            marks[doubtful] = EVERY_COUNTER | AFTER
        else:
            edge = np.zeros(len(device), dtype=bool)
            edge[order[first]] = True
            marks[doubtful & edge] |= EVERY_COUNTER
            edge[:] = False
            edge[order[np.append(first[1:], True)]] = True
            marks[doubtful & edge] |= AFTER
            marks[doubtful & np.isin(device, list(crowded))] = EVERY_COUNTER | AFTER
        return marks

    def advance(
        self,
        device: NDArray[np.int32],
        measured_us: NDArray[np.int64],
        values: NDArray[np.float64],
        counters: Sequence[tuple[int, int]],
    ) -> None:
        """Take note of rows that were written."""
        if len(device) == 0:
            return
        strange = device[~self._known[device]]
        self._values[strange] = np.inf  # as in restore
        self._known[strange] = True
        order = np.lexsort((measured_us, device))
        fresh = order[measured_us[order] > self._newest_us[device[order]]]
        for column, bit in counters:
            said = fresh[~np.isnan(values[fresh, column])]
            self._values[device[said], bit] = values[said, column]  # in time order: the last one stays
        self._newest_us[device[fresh]] = measured_us[fresh]


def _before(
    value: NDArray[np.float64],
    device: NDArray[np.int32],
    first: NDArray[np.bool_],
    tracked: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the last good value before each row (rows sorted by device and time), NaN where there is none."""
    place = np.arange(len(value))
    said = np.where(np.isnan(value), -1, place)
    start = np.maximum.accumulate(np.where(first, place, 0))
    newest = np.maximum.accumulate(said)
    previous = np.append(-1, newest[:-1])
    inside = previous >= start
    return np.where(inside, value[np.maximum(previous, 0)], tracked[device])
