"""The local days of a series, and sums over them that keep "not known" apart from nought."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.series import Floats, Instants


@dataclass(frozen=True, slots=True)
class Days:
    """Which local day each step belongs to: ``codes`` points into ``days``."""

    days: tuple[date, ...]
    codes: NDArray[np.int64]

    def sums(self, values: Floats, *, where: NDArray[np.bool_] | None = None) -> Floats:
        """Return the sum of what is known on each day; NaN where nothing is."""
        known = ~np.isnan(values) if where is None else where & ~np.isnan(values)
        count = len(self.days)
        total = np.bincount(self.codes[known], weights=values[known], minlength=count)
        return np.where(np.bincount(self.codes[known], minlength=count) > 0, total, np.nan)

    def counts(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many steps of a mask each day has."""
        return np.bincount(self.codes[mask], minlength=len(self.days))

    def shares(self, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Floats:
        """Return the share of ``whole`` that is ``part``, by day; NaN where there is no whole."""
        wanted = self.counts(whole)
        told = self.counts(part & whole)
        return np.where(wanted > 0, told / np.maximum(wanted, 1), np.nan)

    def slices(self) -> list[slice]:
        """Return the steps of each day, in order."""
        edges = np.flatnonzero(np.diff(self.codes)) + 1
        bounds = [0, *edges.tolist(), len(self.codes)]
        return [slice(start, end) for start, end in pairwise(bounds)]


def days_of(instants: Instants, zone: str) -> Days:
    """Return the local days of ascending instants."""
    local = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    ordinal = local.to_numpy().astype("datetime64[D]").astype(np.int64)
    distinct, codes = np.unique(ordinal, return_inverse=True)
    epoch = date(1970, 1, 1).toordinal()
    return Days(tuple(date.fromordinal(epoch + int(day)) for day in distinct), codes.astype(np.int64))
