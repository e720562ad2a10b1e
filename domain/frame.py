"""MeasurementFrame: a checked table of measurements, the border type between stores and thought."""

from dataclasses import dataclass

import pandas as pd

DEVICE = "device_id"
INSTANT = "measured_at"


@dataclass(frozen=True)
class MeasurementFrame:
    """Rows of measurements of one or many devices.

    Attributes
    ----------
    values : pandas.DataFrame
        Columns ``device_id`` (str), ``measured_at`` (datetime64[ns, UTC]) and one float column per
        quantity (NaN: missing). Sorted by device and instant, which together are unique.
    qualities : pandas.DataFrame or None
        None when every value is good; else the same rows, one uint8 column per quantity.
    """

    values: pd.DataFrame
    qualities: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        keys = self.values[[DEVICE, INSTANT]]
        if str(keys[INSTANT].dtype) != "datetime64[ns, UTC]":
            raise ValueError(f"{INSTANT} must be datetime64[ns, UTC], is {keys[INSTANT].dtype}")
        if keys.duplicated().any():
            raise ValueError("a device has two rows at one instant")
        if self.qualities is not None and len(self.qualities) != len(self.values):
            raise ValueError("qualities and values differ in length")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the quantity columns."""
        return tuple(name for name in self.values.columns if name not in {DEVICE, INSTANT})

    def good(self) -> pd.DataFrame:
        """Return the values with everything that is not good set to NaN."""
        if self.qualities is None:
            return self.values
        columns = list(self.quantities)
        masked = self.values.copy()
        masked[columns] = masked[columns].mask(self.qualities[columns].to_numpy() != 0)
        return masked
