"""A unit against its own recent past: a small linear model refitted every day on the weeks before it.

For each unit and day, ``y = c0 + c1 (T - 25)/25 + c2 ln(G/1000)`` is fitted by weighted least squares on the
days before, and the samples of the day are held against it. Seasons move the model along; a step stands out
until the weeks before contain it too, so who finds one freezes the coefficients of that day.
"""

from dataclasses import dataclass

import numpy as np

from alerts.judgement import Bools, floats
from alerts.windows import Days, middle_of
from domain.series import Floats

_TERMS = 3
_LEVERAGE = 12.0  # a sample this much farther out than the usual one of the past is not supported by it


@dataclass(frozen=True)
class LocalModel:
    """Residuals of every sample, and the coefficients of every day.

    Attributes
    ----------
    residual : float array [units, instants]
        Logarithm of measured over modelled, NaN where the past does not support a statement.
    coefficients : float array [units, days, 3]
    """

    residual: Floats
    coefficients: Floats
    _terms: Floats
    _y: Floats

    def frozen(self, unit: int, day: int) -> Floats:
        """Return the residuals of one unit at every instant by the coefficients of one day."""
        return np.asarray(self._y[unit] - self._terms[unit] @ self.coefficients[unit, day])


def terms(light_w_m2: Floats, temperature_c: Floats) -> Floats:
    """Return the terms of the model [units, instants, 3]; an unknown temperature counts as 25 C."""
    with np.errstate(invalid="ignore", divide="ignore"):
        log_light = np.log(light_w_m2 / 1000.0)
    warmth = np.nan_to_num((temperature_c - 25.0) / 25.0)
    found = np.stack([np.ones_like(log_light), warmth, log_light], axis=-1)
    return floats(np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0))


def fit(
    y: Floats, x: Floats, weight: Floats, days: Days, *, back: int, least: int, gap: int = 0
) -> LocalModel:
    """Fit every unit and day on ``back`` days that end ``gap`` days before it; at least ``least`` of them.

    ``weight`` 0 leaves a sample out; ``y`` is the logarithm of what is watched.
    """
    used = np.isfinite(y) & (weight > 0)
    w = np.where(used, weight, 0.0)
    clean = np.where(used, y, 0.0)
    products = np.stack(
        [_day_sums(w * x[..., i] * x[..., j], days) for i in range(_TERMS) for j in range(_TERMS)], axis=-1
    )
    matrix = _window(products, back, gap).reshape(*products.shape[:2], _TERMS, _TERMS)
    vector = _window(
        np.stack([_day_sums(w * x[..., i] * clean, days) for i in range(_TERMS)], axis=-1), back, gap
    )
    lit = _window((days.count_of(used) > 0).astype(np.float64)[..., None], back, gap)[..., 0]
    samples = np.maximum(_window(days.count_of(used).astype(np.float64)[..., None], back, gap)[..., 0], 1.0)
    mean_weight = np.maximum(matrix[..., 0, 0], 1e-12)
    ridge = np.eye(_TERMS) * np.array([0.0, 1e-4, 1e-4])
    normal = matrix / mean_weight[..., None, None] + ridge + np.eye(_TERMS) * 1e-9
    coefficients = np.linalg.solve(normal, (vector / mean_weight[..., None])[..., None])[..., 0]
    inverse = np.linalg.inv(normal)
    index = days.index
    leverage = np.einsum("uti,utij,utj->ut", x, inverse[:, index], x, optimize=True)
    enough = ((lit >= least) & (samples > 2 * _TERMS))[:, index]
    modelled = np.einsum("uti,uti->ut", x, coefficients[:, index])
    residual = np.where(used & enough & (leverage < _LEVERAGE), y - modelled, np.nan)
    return LocalModel(residual, coefficients, x, y)


def _day_sums(values: Floats, days: Days) -> Floats:
    return np.asarray(np.add.reduceat(values, days.first, axis=1))


def _window(by_day: Floats, back: int, gap: int) -> Floats:
    """Return sums over the ``back`` days that end ``gap`` days before each day [units, days, ...]."""
    total = np.concatenate([np.zeros_like(by_day[:, :1]), np.cumsum(by_day, axis=1)], axis=1)
    day = np.arange(by_day.shape[1])
    stop = np.maximum(day - gap, 0)
    start = np.maximum(stop - back, 0)
    return np.asarray(total[:, stop] - total[:, start])


def watched(days: Days, residual: Floats, used: Bools, least: int, share: float) -> tuple[Floats, Floats]:
    """Return the median residual of each day, and the residual that ``share`` of its samples stay below."""
    parts = days.gathered(np.where(used, residual, np.nan))
    ordered = np.sort(parts, axis=2)
    count = np.isfinite(ordered).sum(axis=2)
    at = np.clip(np.ceil(share * count).astype(np.int64) - 1, 0, ordered.shape[2] - 1)
    upper = np.take_along_axis(ordered, at[..., None], axis=2)[..., 0]
    return middle_of(parts, least), np.asarray(np.where(count >= least, upper, np.nan))
