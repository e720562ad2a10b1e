"""The local days of a series, and sums over them that keep "not known" apart from nought."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
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
    """Return the local days of ascending instants; of one grid they are worked out once."""
    epoch_ns = instants.astype("datetime64[ns]").astype(np.int64)
    steps = np.diff(epoch_ns)
    if len(steps) and (steps == steps[0]).all():
        return _days_of_grid(int(epoch_ns[0]), int(steps[0]), len(epoch_ns), zone)
    return _days(instants, zone)


@lru_cache(maxsize=8)
def _days_of_grid(first_ns: int, step_ns: int, count: int, zone: str) -> Days:
    return _days((first_ns + np.arange(count, dtype=np.int64) * step_ns).astype("datetime64[ns]"), zone)


def _days(instants: Instants, zone: str) -> Days:
    local = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    ordinal = local.to_numpy().astype("datetime64[D]").astype(np.int64)
    distinct, codes = np.unique(ordinal, return_inverse=True)
    epoch = date(1970, 1, 1).toordinal()
    return Days(tuple(date.fromordinal(epoch + int(day)) for day in distinct), codes.astype(np.int64))
