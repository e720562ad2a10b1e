"""What the InfluxDB server answers, as arrays."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stores.influx_names import ROLLED_UP, tag_of


def numbers(column: Any) -> NDArray[np.float64]:
    """Return a column as floats, NaN where it is empty."""
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), dtype=np.float64)


def microseconds(table: pa.Table) -> NDArray[np.int64]:
    """Return the instants of a table. [us]"""
    return np.asarray(table["time"].combine_chunks().to_numpy(zero_copy_only=False), dtype=np.int64) // 1000


def coded(table: pa.Table, column: str) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct texts of a column and each row's place among them."""
    words = table[column].combine_chunks().dictionary_encode()
    texts = [str(word) for word in words.dictionary.to_pylist()]
    if column == "tags":
        texts = [tag_of(text) for text in texts]
    return texts, np.asarray(words.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


class Parts:
    """Collects rows of several answers; devices are numbered as they come."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self.numbers: dict[str, int] = {}
        self._wanted = wanted

    def rows(self, table: pa.Table, column: str) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return the device number of each row, and which rows are wanted: asked for, and not rolled up since."""
        device, asked = self.devices(table, column)
        return device, asked & ~replaced(table, device)

    def devices(self, table: pa.Table, column: str) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return the device number of each row, and which rows were asked for."""
        texts, codes = coded(table, column)
        for text in texts:
            self.numbers.setdefault(text, len(self.numbers))
        device = np.array([self.numbers[text] for text in texts], dtype=np.int32)
        asked = np.array([text in self._wanted for text in texts], dtype=bool)
        return device[codes], asked[codes]

    @property
    def names(self) -> dict[int, str]:
        """Names by number."""
        return {number: name for name, number in self.numbers.items()}


def is_rolled_up(table: pa.Table) -> NDArray[np.bool_]:
    """Return which rows are of a month that is rolled up."""
    names, codes = coded(table, "name")
    return np.array([name.endswith(ROLLED_UP) for name in names], dtype=bool)[codes]


def replaced(table: pa.Table, device: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which rows as they came have a rolled up one of the same device and instant beside them."""
    return doubled(device, microseconds(table), is_rolled_up(table))


def doubled(device: NDArray[Any], at: NDArray[np.int64], rolled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows that are not rolled up have one that is of the same device and instant."""
    if rolled.all() or not rolled.any():
        return np.zeros(len(rolled), dtype=bool)
    keys = np.empty(len(rolled), dtype=[("device", np.int64), ("at", np.int64)])
    keys["device"], keys["at"] = device, at
    return np.asarray(~rolled & np.isin(keys, keys[rolled]))
