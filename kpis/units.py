"""Columns that are off by a factor: ten, a thousand, the square root of three. Named, with the factor."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from domain.plant import DeviceKind
from domain.series import DeviceSeries, Floats, PlantSeries

FACTORS = (0.001, 0.01, 0.1, 3**-0.5, 3**0.5, 10.0, 100.0, 1000.0)
_NEAR = 0.08  # a ratio this close to a factor (relative), and not to 1
_BRIGHT = 0.3  # of the highest seen
_ROWS_MIN = 20
_DC, _AC, _COUNTER = "dc_power_w", "ac_active_power_w", "ac_energy_total_wh"
_IRRADIANCE = ("irradiance_poa_w_m2", "irradiance_ghi_w_m2")


@dataclass(frozen=True, slots=True)
class WrongUnit:
    """A quantity that reads ``factor`` times what it should."""

    quantity: str
    factor: float
    detail: str


def nearest_factor(ratio: float) -> float | None:
    """Return the factor a ratio is near to, None when there is none (or it is 1)."""
    if not np.isfinite(ratio) or ratio <= 0:
        return None
    best = min(FACTORS, key=lambda factor: abs(np.log(ratio / factor)))
    return best if abs(ratio / best - 1.0) <= _NEAR else None


def _bright_ratio(above: Floats, below: Floats) -> float:
    with np.errstate(invalid="ignore"):
        bright = (below > _BRIGHT * np.nanmax(below, initial=0.0)) & ~np.isnan(above)
    if bright.sum() < _ROWS_MIN:
        return np.nan
    return float(np.median(above[bright] / below[bright]))


def wrong_units(series: PlantSeries, device: DeviceSeries) -> Iterator[WrongUnit]:
    """Yield every column of a device that is off by a factor.

    DC against AC power, AC power against its own counter, DC power against voltage times current, and
    irradiance against what a sky can give.
    """
    ac, dc = device.good(_AC), device.good(_DC)
    if device.device.kind is DeviceKind.INVERTER and ac is not None:
        ac_factor = _against_counter(series, device, ac)
        if ac_factor is not None:
            yield WrongUnit(_AC, ac_factor, f"sum of power / counter = {ac_factor:.4g}")
        if dc is not None:
            ratio = _bright_ratio(dc, ac)
            factor = nearest_factor(ratio)
            if factor is not None and ac_factor is None:
                yield WrongUnit(_DC, factor, f"DC / AC = {ratio:.4g}")
    for name in _IRRADIANCE:
        light = device.good(name)
        if light is not None and not np.isnan(light).all():
            highest = float(np.nanquantile(light, 0.999))
            if 0.3 < highest < 2.0 and _spans_days(series):
                yield WrongUnit(name, 0.001, f"highest {highest:.3g}: kW/m2")


def _spans_days(series: PlantSeries) -> bool:
    return len(series.instants) * series.step_s >= 5 * 86_400.0


def _against_counter(series: PlantSeries, device: DeviceSeries, power_w: Floats) -> float | None:
    counter = device.good(_COUNTER)
    if counter is None:
        return None
    rise = np.diff(counter)
    summed = (power_w * series.step_s / 3600.0)[:-1]
    both = ~np.isnan(rise) & ~np.isnan(summed) & (rise >= 0)
    if both.sum() < _ROWS_MIN or rise[both].sum() <= 0:
        return None
    return nearest_factor(float(summed[both].sum() / rise[both].sum()))
