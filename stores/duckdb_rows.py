"""Arrow tables of the DuckDB store become numpy columns, frames and batches."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from domain.measurement import Batch, Origin, Quality
from stores import frames
from stores.duckdb_catalog import Catalog


def ints(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Return a column as int64."""
    column: NDArray[np.int64] = table.column(name).to_numpy().astype(np.int64)
    return column


def floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column as float64, NaN where missing."""
    column: NDArray[np.float64] = table.column(name).to_numpy().astype(np.float64, copy=False)
    return column


def curve_frame(tables: Sequence[pa.Table], labels: Sequence[str]) -> pd.DataFrame:
    """Return curves as a frame; ``grp`` numbers ``labels``."""
    if not tables:
        empty = np.empty(0, dtype=np.int64)
        return pd.DataFrame(
            {
                "group": pd.Series([], dtype="str"),
                "instant": frames.instants(empty),
                "value": np.empty(0),
                "devices": empty,
            }
        )
    table = tables[0]
    return pd.DataFrame(
        {
            "group": frames.texts(ints(table, "grp"), labels),
            "instant": frames.instants(ints(table, "bucket")),
            "value": floats(table, "value"),
            "devices": ints(table, "devices"),
        }
    )


def batches(table: pa.Table, names: Sequence[str], catalog: Catalog) -> list[Batch]:
    """Return rows as batches, each with the quantities it was written with."""
    count = len(table)
    values = np.empty((count, len(names)), dtype=object)
    for place, name in enumerate(names):
        column = floats(table, name)
        values[:, place] = column
        values[np.isnan(column), place] = None
    place_of = {name: place for place, name in enumerate(names)}
    layout = ints(table, "layout")
    chosen: list[tuple[float | None, ...]] = [()] * count
    for number in np.unique(layout):
        rows = np.flatnonzero(layout == number)
        columns = np.array([place_of[name] for name in catalog.layouts[int(number)]], dtype=np.intp)
        for row, line in zip(rows, values[np.ix_(rows, columns)].tolist(), strict=True):
            chosen[row] = tuple(line)
    plain = table.select(
        ["device", "measured_us", "arrived_after_ms", "origin", "layout", "quality"]
    ).to_pylist()
    return [_batch(row, line, catalog) for row, line in zip(plain, chosen, strict=True)]


def _batch(row: Mapping[str, Any], values: tuple[float | None, ...], catalog: Catalog) -> Batch:
    quantities = catalog.layouts[row["layout"]]
    measured_at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row["measured_us"])
    received_at = None
    if row["arrived_after_ms"] is not None:
        received_at = measured_at + timedelta(milliseconds=row["arrived_after_ms"])
    qualities = None
    if row["quality"] is not None:
        by_number = dict(pair.split(":") for pair in row["quality"].strip(",").split(","))
        numbers = catalog.quantity_numbers
        qualities = tuple(Quality(int(by_number.get(str(numbers[name]), 0))) for name in quantities)
    return Batch(
        catalog.device_ids[row["device"]],
        measured_at,
        quantities,
        values,
        qualities,
        received_at,
        Origin(row["origin"]),
    )
