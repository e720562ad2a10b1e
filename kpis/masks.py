"""Masks over instants: which of them count. Nothing is deleted; the caller combines masks."""

from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.sun import sun_position
from domain.timespan import Interval

DAYLIGHT_ELEVATION_DEG = 5.0


def daylight(
    epoch_s: ArrayLike,
    latitude: float,
    longitude: float,
    *,
    elevation_min_deg: float = DAYLIGHT_ELEVATION_DEG,
) -> NDArray[np.bool_]:
    """Return where the sun stands high enough that an inverter should be awake.

    Parameters
    ----------
    epoch_s : array
        Instants. [s of the Unix epoch]
    latitude, longitude : float
        Place. [degrees north, east]
    elevation_min_deg : float
        Least elevation; inverters in a valley wake some minutes after sunrise. [degrees]
    """
    elevation, _ = sun_position(epoch_s, latitude, longitude)
    mask: NDArray[np.bool_] = elevation >= elevation_min_deg
    return mask


def daylight_buckets(
    interval: Interval, every_s: float, latitude: float, longitude: float, *, until: datetime | None = None
) -> NDArray[np.int64]:
    """Return the starts of epoch-aligned buckets that lie wholly in daylight and wholly before ``until``. [s]"""
    start, end = interval.start.timestamp(), interval.end.timestamp()
    if until is not None:
        end = min(end, until.timestamp())
    starts = np.arange(np.ceil(start / every_s) * every_s, end - every_s + 1e-6, every_s)
    bright = daylight(starts, latitude, longitude) & daylight(starts + every_s, latitude, longitude)
    return np.rint(starts[bright]).astype(np.int64)
