"""The horizon of a plant, learnt from its own clear days: how high the sun must stand in each direction for its beam to come.

Behind a ridge a plant lives on the light of the sky alone. In each ten degrees of azimuth in which the sun was seen
on several clear days the horizon is the height that best parts dim instants (below) from bright ones (above); where
nothing parts them, none is known and the sky is taken as open. What the plant gives below it, over what a free sky
would give, is learnt with it, and dims the clear sky: of rules (daylight), and of light that a neighbour lends.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.plant import Plant
from domain.series import Floats, PlantSeries
from domain.sun import sun_position
from kpis.expected import power_index
from kpis.series_days import Days, days_of

Mask = NDArray[np.bool_]
BIN_DEG = 10.0
_BINS = 36
_LOWEST_DEG, _HIGHEST_DEG, _AROUND_DEG = 2.0, 30.0, 6.0
_DIM, _BRIGHT = 0.45, 0.6  # of a free clear sky
_CLEAR_INDEX, _EVEN = 0.75, 0.10
_CLEAR_DAYS_MIN = 5
_ROWS_MIN = 3
_DIMMEST_W_M2 = 15.0
_MIDDLING_DEG = (20.0, 45.0)  # the sun by which a morning or afternoon is called clear
_SOUTH_DEG = 180.0


@dataclass(frozen=True, slots=True)
class Horizon:
    """Height by direction, NaN where none is known, and the share of the clear sky that is left below it. [degrees]"""

    height_deg: Floats
    left: Floats
    clear_days: int

    def behind(self, elevation_deg: Floats, azimuth_deg: Floats) -> Mask:
        """Return where the sun stands behind the horizon."""
        with np.errstate(invalid="ignore"):
            return np.asarray(elevation_deg < self.height_deg[_bin(azimuth_deg)])


def _bin(azimuth_deg: Floats) -> NDArray[np.int64]:
    return np.asarray(np.nan_to_num(azimuth_deg) // BIN_DEG, dtype=np.int64) % _BINS


def learn_horizon(elevation_deg: Floats, azimuth_deg: Floats, index: Floats, days: Days) -> Horizon:
    """Return the horizon that power over a free clear sky tells of (1 at clear noons, NaN unknown)."""
    height, left = np.full(_BINS, np.nan), np.ones(_BINS)
    clear = _clear_halves(elevation_deg, azimuth_deg, index, days)
    told = clear & ~np.isnan(index) & (elevation_deg > 0) & (elevation_deg < _HIGHEST_DEG + _AROUND_DEG)
    seen = int((days.counts(clear) > 0).sum())
    if seen >= _CLEAR_DAYS_MIN:
        where = _bin(azimuth_deg)
        for number in np.unique(where[told]):
            rows = told & (where == number)
            height[number], left[number] = _parted(elevation_deg[rows], index[rows])
    return Horizon(height, left, seen)


def _clear_halves(elevation_deg: Floats, azimuth_deg: Floats, index: Floats, days: Days) -> Mask:
    """Return the steps of mornings and afternoons whose hours of middling sun are bright and even."""
    found = np.zeros(len(index), dtype=np.bool_)
    middling = (elevation_deg > _MIDDLING_DEG[0]) & (elevation_deg < _MIDDLING_DEG[1]) & ~np.isnan(index)
    morning = azimuth_deg < _SOUTH_DEG
    for span in days.slices():
        for half in (morning[span], ~morning[span]):
            own = index[span][middling[span] & half]
            if len(own) >= 2 * _ROWS_MIN and np.median(own) > _CLEAR_INDEX and np.std(own) < _EVEN:
                found[span] |= half
    return found


def _parted(elevation_deg: Floats, index: Floats) -> tuple[float, float]:
    """Return the height that parts dim from bright instants with fewest on the wrong side, and what is left below."""
    dim, bright = index < _DIM, index > _BRIGHT
    best, fewest = np.nan, np.inf
    for height in np.arange(_LOWEST_DEG, _HIGHEST_DEG + 0.25, 0.5):
        below, above = elevation_deg < height, elevation_deg >= height
        if (below & dim).sum() < _ROWS_MIN or (above & bright).sum() < _ROWS_MIN:
            continue
        wrong = float((below & ~dim).sum() + (above & ~bright & (elevation_deg < height + _AROUND_DEG)).sum())
        if wrong < fewest:
            best, fewest = float(height), wrong
    if np.isnan(best) or fewest > 0.3 * len(index):
        return np.nan, 1.0
    return best, float(np.median(index[elevation_deg < best]))


def behind_horizon(series: PlantSeries, plant: Plant) -> Floats:
    """Return the clear sky in the plane behind the plant's own horizon; as it was where nothing tells of one."""
    index = None if np.isnan(plant.latitude) else power_index(series, _DIMMEST_W_M2)
    if index is None:
        return series.clear_sky_poa_w_m2
    middle_s = series.instants.astype("datetime64[ms]").astype(np.int64) / 1000.0 + series.step_s / 2.0
    elevation, azimuth = sun_position(middle_s, plant.latitude, plant.longitude)
    learnt = learn_horizon(elevation, azimuth, index, days_of(series.instants, series.zone))
    left = np.where(learnt.behind(elevation, azimuth), learnt.left[_bin(azimuth)], 1.0)
    return np.asarray(series.clear_sky_poa_w_m2 * np.clip(left, 0.0, 1.0))
