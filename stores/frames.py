"""Tables that leave a store: numpy columns become checked frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.frame import DEVICE, INSTANT, MeasurementFrame


def instants(measured_us: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Return microseconds of the epoch as datetime64[ns, UTC]."""
    return pd.DatetimeIndex(measured_us.astype("datetime64[us]").astype("datetime64[ns]")).tz_localize("UTC")


def texts(codes: NDArray[Any], words: Sequence[str]) -> pd.Series:
    """Return ``words[codes]`` as a text column."""
    return pd.Series(pd.array(list(words), dtype="str").take(codes.astype(np.intp)))


def frame(
    device: NDArray[np.int32],
    measured_us: NDArray[np.int64],
    quantities: Sequence[str],
    values: Mapping[str, NDArray[np.float64]],
    device_ids: Mapping[int, str],
    qualities: Mapping[str, NDArray[np.uint8]] | None = None,
) -> MeasurementFrame:
    """Return rows sorted by device id and instant."""
    numbers, codes = np.unique(device, return_inverse=True)
    ids = [device_ids[int(number)] for number in numbers]
    by_name = np.argsort(np.array(ids, dtype=object)) if ids else np.empty(0, dtype=np.intp)
    rank = np.empty(len(ids), dtype=np.int64)
    rank[by_name] = np.arange(len(ids))
    order = np.lexsort((measured_us, rank[codes])) if len(device) else np.empty(0, dtype=np.intp)
    keys = {
        DEVICE: texts(codes[order], ids) if ids else pd.Series([], dtype="str"),
        INSTANT: instants(measured_us[order]),
    }
    table = pd.DataFrame({**keys, **{name: values[name][order] for name in quantities}})
    if qualities is None:
        return MeasurementFrame(table)
    beside = pd.DataFrame({**keys, **{name: qualities[name][order] for name in quantities}})
    return MeasurementFrame(table, beside)


def quality_columns(
    rows: Sequence[str | None], quantities: Sequence[str], numbers: Mapping[str, int]
) -> dict[str, NDArray[np.uint8]] | None:
    """Return one uint8 column per quantity from compact texts, None when all is good."""
    found = {name: np.zeros(len(rows), dtype=np.uint8) for name in quantities}
    by_number = {numbers[name]: name for name in quantities if name in numbers}
    odd = False
    for row, text in enumerate(rows):
        if text is None:
            continue
        for pair in text.strip(",").split(","):
            number, _, quality = pair.partition(":")
            name = by_number.get(int(number))
            if name is not None:
                found[name][row] = int(quality)
                odd = True
    return found if odd else None


def daily_frame(
    device_ids: Sequence[str],
    days: NDArray[Any],
    columns: Mapping[str, NDArray[np.float64]],
    first_us: NDArray[np.int64],
    last_us: NDArray[np.int64],
    counts: Mapping[str, NDArray[np.int64]],
) -> pd.DataFrame:
    """Return the table of `MeasurementStore.daily_aggregates`, sorted; ``days`` are days since 1970."""
    table = pd.DataFrame(
        {
            DEVICE: pd.Series(list(device_ids), dtype="str"),
            "day": pd.Series(list(days.astype("datetime64[D]").astype(object)), dtype=object),
            **{name: columns[name] for name in ("first", "last", "low", "high")},
            "first_at": instants(first_us),
            "last_at": instants(last_us),
            "readings": counts["readings"].astype(np.int64),
            "steps_back": counts["steps_back"].astype(np.int64),
        }
    )
    return table.sort_values([DEVICE, "day"], ignore_index=True)
