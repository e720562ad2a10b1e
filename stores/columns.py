"""Batches and tables as columns: what a store writes is numpy arrays, never row by row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.frame import DEVICE, INSTANT
from domain.measurement import Batch

MICROSECOND = 1_000_000
NO_ARRIVAL = int(np.iinfo(np.int64).min)
Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """Rows of devices of one kind, as columns of the same length.

    Attributes
    ----------
    quantities : tuple of str
        Names of the columns of ``values``.
    device : int array
        Device numbers.
    measured_us : int array
        Microseconds of the Unix epoch. [us]
    arrived_ms : int array
        Milliseconds from measuring to arriving; ``NO_ARRIVAL`` where not known. [ms]
    origin, layout : int arrays
        `domain.measurement.Origin`, and the number of the row's tuple of quantities.
    quality : list or None
        None when every value is good; else a text (or None) a row: ``,number:quality,number:quality,``.
    values : float array [rows, quantities]
        NaN where missing.
    """

    quantities: tuple[str, ...]
    device: NDArray[np.int32]
    measured_us: Longs
    arrived_ms: Longs
    origin: NDArray[np.uint8]
    layout: NDArray[np.int32]
    quality: list[str | None] | None
    values: Floats

    def __len__(self) -> int:
        return len(self.device)

    def take(self, rows: NDArray[np.intp]) -> "Columns":
        """Return the given rows, in the given order."""
        quality = None if self.quality is None else [self.quality[row] for row in rows]
        return Columns(
            self.quantities,
            self.device[rows],
            self.measured_us[rows],
            self.arrived_ms[rows],
            self.origin[rows],
            self.layout[rows],
            quality,
            self.values[rows],
        )

    def first_copies(self) -> "Columns":
        """Return the rows without repeats of (device, instant); the first one stays, order is kept."""
        if len(np.unique(self.device)) == len(self):
            return self  # a sweep: every device once
        order = np.lexsort((self.measured_us, self.device))
        same = (np.diff(self.device[order]) == 0) & (np.diff(self.measured_us[order]) == 0)
        if not same.any():
            return self
        keep = np.ones(len(self), dtype=bool)
        keep[order[1:][same]] = False  # lexsort is stable: the first copy comes first
        return self.take(np.flatnonzero(keep))

    def without_infinite(self) -> tuple["Columns", NDArray[np.intp]]:
        """Return the rows without infinite values, and the positions of those left out."""
        infinite = np.isinf(self.values).any(axis=1)
        if not infinite.any():
            return self, np.empty(0, dtype=np.intp)
        return self.take(np.flatnonzero(~infinite)), np.flatnonzero(infinite)

    def months(self) -> NDArray[np.int64]:
        """Return the UTC month of each row as a number such as 202611."""
        return month_number(self.measured_us)


def month_number(measured_us: Longs) -> NDArray[np.int64]:
    """Return UTC months as numbers such as 202611."""
    months = measured_us.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return (1970 + months // 12) * 100 + months % 12 + 1


def quality_text(batch: Batch, numbers: Mapping[str, int]) -> str | None:
    """Return the compact text of the values of ``batch`` that are not good, None when all are."""
    if batch.qualities is None or not any(batch.qualities):
        return None
    odd = (
        f"{numbers[name]}:{int(quality)}"
        for name, quality in zip(batch.quantities, batch.qualities, strict=True)
        if quality
    )
    return f",{','.join(odd)},"


def _arrived_ms(batch: Batch, measured_s: float) -> int:
    if batch.received_at is None:
        return NO_ARRIVAL
    return round((batch.received_at.timestamp() - measured_s) * 1000)


def from_batches(
    batches: Sequence[Batch],
    device_number: Callable[[str], int],
    layout_number: Callable[[tuple[str, ...]], int],
    numbers: Mapping[str, int],
) -> Columns:
    """Return ``batches`` (of one kind of device) as columns, in their order."""
    by_layout: dict[tuple[str, ...], list[int]] = {}
    last, rows_of_last = None, []
    for row, batch in enumerate(batches):
        if batch.quantities is not last:  # looking up a tuple hashes each of its names
            last = batch.quantities
            rows_of_last = by_layout.setdefault(last, [])
        rows_of_last.append(row)
    names = tuple(dict.fromkeys(name for quantities in by_layout for name in quantities))
    layout = np.empty(len(batches), dtype=np.int32)
    if len(by_layout) == 1:
        said = [batch.values for batch in batches]  # noqa: PD011 (a batch, no frame)
        values = np.array(said, dtype=np.float64).reshape(len(batches), len(names))
        layout[:] = layout_number(names)
    else:
        place = {name: column for column, name in enumerate(names)}
        values = np.full((len(batches), len(names)), np.nan)
        for quantities, rows in by_layout.items():
            part = np.array([batches[row].values for row in rows], dtype=np.float64)  # noqa: PD011
            columns = [place[name] for name in quantities]
            values[np.ix_(rows, columns)] = part.reshape(len(rows), len(columns))
            layout[rows] = layout_number(quantities)
    measured_s = [batch.measured_at.timestamp() for batch in batches]
    quality = [quality_text(batch, numbers) for batch in batches]
    return Columns(
        names,
        np.array([device_number(batch.device_id) for batch in batches], dtype=np.int32),
        np.rint(np.array(measured_s) * MICROSECOND).astype(np.int64),
        np.array([_arrived_ms(b, s) for b, s in zip(batches, measured_s, strict=True)], dtype=np.int64),
        np.array([batch.origin for batch in batches], dtype=np.uint8),
        layout,
        quality if any(quality) else None,
        values,
    )


def from_table(
    quantities: Sequence[str],
    table: pd.DataFrame,
    origin: int,
    device_number: Callable[[str], int],
    layout: int,
) -> Columns:
    """Return the rows of ``table`` as columns, in order of time."""
    codes, ids = pd.factorize(table[DEVICE])
    numbers = np.array([device_number(str(name)) for name in ids], dtype=np.int32)
    instants = table[INSTANT].dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    count = len(table)
    columns = Columns(
        tuple(quantities),
        numbers[codes] if count else numbers,
        instants,
        np.full(count, NO_ARRIVAL, dtype=np.int64),
        np.full(count, origin, dtype=np.uint8),
        np.full(count, layout, dtype=np.int32),
        None,
        table[list(quantities)].to_numpy(dtype=np.float64),
    )
    # time order is what keeps a column small: whole night vectors of zeros vanish
    return columns.take(np.argsort(instants, kind="stable")).first_copies()


def merged(parts: Sequence[Columns]) -> Columns:
    """Return rows of several layouts, all good, together: in order of time, without repeats (the first stays)."""
    if len(parts) == 1:
        return parts[0]
    names = tuple(dict.fromkeys(name for part in parts for name in part.quantities))
    place = {name: column for column, name in enumerate(names)}
    values = np.full((sum(len(part) for part in parts), len(names)), np.nan)
    start = 0
    for part in parts:
        values[start : start + len(part), [place[name] for name in part.quantities]] = part.values  # noqa: PD011
        start += len(part)
    whole = Columns(
        names,
        np.concatenate([part.device for part in parts]),
        np.concatenate([part.measured_us for part in parts]),
        np.concatenate([part.arrived_ms for part in parts]),
        np.concatenate([part.origin for part in parts]),
        np.concatenate([part.layout for part in parts]),
        None,
        values,
    )
    return whole.take(np.argsort(whole.measured_us, kind="stable")).first_copies()
