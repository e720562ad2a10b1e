"""What one inverter makes of irradiance and module temperature, learnt from its own clean days.

The shape is that of Huld et al. (2010; the PVGIS module model): power per irradiance as a polynomial in the
logarithm of irradiance and in temperature, with two terms for the long way of the light at low sun. It is
linear in its coefficients, so a week is a small system of equations. The coefficients are drawn towards the
published ones of crystalline silicon scaled to the unit, which carries a new unit through its first season.

A day teaches the model only when it agrees with what the model knew before it: a lost string, a stopped
inverter or snow never becomes normal. A slow drift within the band does; it is for other rules to see.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.series import Floats

Mask = NDArray[np.bool_]
BLOCK_DAYS = 7
FIRST_DAYS = 14
BAND_MIN, BAND_MAX = 0.03, 0.05
IRRADIANCE_MIN_W_M2 = 5.0
TEACHING_MIN_W_M2 = 20.0
_HULD = (1.0, -0.017162, -0.040289, -0.004681, 0.000148, 0.000169, 0.000005)  # c-Si (Huld et al. 2010)
_TEMPERATURE_SCALE_C = 50.0
_AIR_MASS_MAX = 12.0
_PRIOR_DAYS = 2.0
_TERMS = 10
_ALIVE = 0.3  # of what the prior expects: below it a sample tells of an outage, not of the unit
_ROWS_MIN = 30


@dataclass(frozen=True, slots=True)
class UnitModel:
    """What was learnt. ``expected_w`` is NaN without irradiance; ``spread`` is of a day's ratio (1 sigma)."""

    expected_w: Floats
    spread: float
    days_taught: int
    scale_w: float  # power at 1000 W/m2 and 25 degrees, as learnt last


def features(irradiance_w_m2: Floats, module_c: Floats, elevation_deg: Floats) -> Floats:
    """Return the terms of the model, one row an instant; NaN rows where irradiance or temperature is missing."""
    light = np.maximum(irradiance_w_m2, 1.0) / 1000.0
    log = np.log(light)
    warm = (module_c - 25.0) / _TEMPERATURE_SCALE_C
    height = np.where(np.isnan(elevation_deg), 90.0, elevation_deg)
    mass = np.minimum(1.0 / np.maximum(np.sin(np.radians(height)), 0.05), _AIR_MASS_MAX) / 10.0
    columns = [light, light * log, light * log**2, light * warm, light * warm * log, light * warm * log**2]
    columns += [light * warm**2, np.ones_like(light), light * mass, light * mass**2]
    return np.column_stack(columns)


def prior_coefficients(scale_w: float) -> Floats:
    """Return the published coefficients of a unit that gives ``scale_w`` at 1000 W/m2 and 25 degrees."""
    one, *k = _HULD
    per = _TEMPERATURE_SCALE_C
    shape = [one, k[0], k[1], k[2] * per, k[3] * per, k[4] * per, k[5] * per**2, 0.0, 0.0, 0.0]
    return scale_w * np.array(shape)


def learn(
    power_w: Floats, terms: Floats, irradiance_w_m2: Floats, clean: Mask, days: Sequence[slice]
) -> UnitModel:
    """Return what the unit should have given at each instant, each day judged by the days before its week.

    Parameters
    ----------
    power_w : array
        Measured power, NaN missing. [W]
    terms : array [instants, terms]
        From `features`.
    irradiance_w_m2 : array
        In the plane. [W/m2]
    clean : boolean array
        Instants that may teach: data good, not clipped, not curtailed.
    days : sequence of slices
        The instants of each day, in order.
    """
    teaching = (
        clean & (irradiance_w_m2 > TEACHING_MIN_W_M2) & ~np.isnan(power_w) & ~np.isnan(terms).any(axis=1)
    )
    nothing = np.full(len(power_w), np.nan)
    first = _first_scale_w(power_w, terms, teaching)
    if first is None:
        return UnitModel(nothing, np.nan, 0, np.nan)
    lessons = _Lessons(power_w, terms, irradiance_w_m2, teaching, days, first)
    expected = nothing
    lessons.predict(expected, 0, min(FIRST_DAYS, len(days)))
    for start in range(FIRST_DAYS, len(days), BLOCK_DAYS):
        lessons.accept_until(start)
        lessons.predict(expected, start, min(start + BLOCK_DAYS, len(days)))
    expected[np.isnan(irradiance_w_m2)] = np.nan
    expected[irradiance_w_m2 <= IRRADIANCE_MIN_W_M2] = 0.0
    return UnitModel(
        np.maximum(expected, 0.0), lessons.spread, len(lessons.accepted), float(lessons.coefficients[0])
    )


def _first_scale_w(power_w: Floats, terms: Floats, teaching: Mask) -> float | None:
    """Return the unit's power at 1000 W/m2 as its first weeks show it; outages left out."""
    rows = np.flatnonzero(teaching)[:4000]
    if len(rows) < _ROWS_MIN:
        return None
    shape = terms[rows] @ prior_coefficients(1.0)
    ratio = power_w[rows] / np.maximum(shape, 1e-3)
    alive = ratio > _ALIVE * np.quantile(ratio, 0.9)
    return float(np.median(ratio[alive])) if alive.sum() >= _ROWS_MIN else None


class _Lessons:
    """The equations of the days that taught so far."""

    def __init__(
        self,
        power_w: Floats,
        terms: Floats,
        light: Floats,
        teaching: Mask,
        days: Sequence[slice],
        scale_w: float,
    ) -> None:
        self._power, self._terms, self._days = power_w, terms, days
        self._prior = prior_coefficients(scale_w)
        alive = power_w > _ALIVE * (terms @ self._prior)
        self._teaching = teaching & alive
        self._weight = np.where(self._teaching, 1.0 / np.maximum(light, 50.0), 0.0)
        self.coefficients = self._prior.copy()
        self.accepted: list[int] = []
        self.ratios: list[float] = []
        self._judged = 0
        self._left = np.zeros((_TERMS, _TERMS))
        self._right = np.zeros(_TERMS)
        self._begin()

    @property
    def spread(self) -> float:
        """Return the spread of accepted days about the model."""
        recent = np.array(self.ratios[-60:])
        return float(1.4826 * np.median(np.abs(recent - np.median(recent)))) if len(recent) > 4 else np.nan

    def _begin(self) -> None:
        """Learn the first days from one another: fit, leave out what stands apart, fit again."""
        first = range(min(FIRST_DAYS, len(self._days)))
        chosen = list(first)
        for _ in range(2):
            chosen = [day for day in first if self._agrees(day, 3 * BAND_MAX)] or list(first)
            self._left[:], self._right[:] = 0.0, 0.0
            for day in chosen:
                self._teach(day)
            self._solve()
        self.accepted = chosen
        self._judged = len(first)

    def _rows(self, day: int) -> NDArray[np.int64]:
        span = self._days[day]
        return np.asarray(span.start + np.flatnonzero(self._teaching[span]))

    def _ratio(self, day: int) -> float:
        rows = self._rows(day)
        wanted = float((self._terms[rows] @ self.coefficients).sum())
        return float(self._power[rows].sum()) / wanted if len(rows) > 1 and wanted > 0 else np.nan

    def _agrees(self, day: int, band: float) -> bool:
        ratio = self._ratio(day)
        return bool(abs(ratio - 1.0) <= band)

    def _teach(self, day: int) -> None:
        rows = self._rows(day)
        if len(rows):
            weighted = self._terms[rows] * self._weight[rows, None]
            self._left += weighted.T @ self._terms[rows]
            self._right += weighted.T @ self._power[rows]

    def _solve(self) -> None:
        pull = np.diag(self._left) / max(len(self.accepted), FIRST_DAYS) * _PRIOR_DAYS + 1e-9
        self.coefficients = np.asarray(
            np.linalg.solve(self._left + np.diag(pull), self._right + pull * self._prior), dtype=np.float64
        )

    def accept_until(self, day: int) -> None:
        """Judge the days before ``day`` and learn from those that agree."""
        spread = self.spread
        band = BAND_MIN if np.isnan(spread) else float(np.clip(3.0 * spread, BAND_MIN, BAND_MAX))
        for one in range(self._judged, day):
            ratio = self._ratio(one)
            if abs(ratio - 1.0) <= band:
                self.ratios.append(ratio)
                self.accepted.append(one)
                self._teach(one)
        self._judged = day
        self._solve()

    def predict(self, expected: Floats, start: int, end: int) -> None:
        """Fill in what the unit should give on days ``start`` to ``end``."""
        span = slice(self._days[start].start, self._days[end - 1].stop)
        expected[span] = self._terms[span] @ self.coefficients
