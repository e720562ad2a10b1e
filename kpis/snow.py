"""Which steps a unit lies under snow, for the ledger: the whole plant together, in a cold season, from the morning on.

Cold alone is no snow: in January every outage and every order would be some. Snow is believed when it froze within two
days in a month that knows snow, when most units of the plant give next to nothing of what the light would give, while
their modules still stand under voltage, and when the plant has not run that day: it falls by night, and a plant that
ran and then stopped has another reason. A single low unit among others that run is not snowed in.
"""

import numpy as np
from numpy.typing import NDArray

from domain.series import DeviceSeries, Floats, PlantSeries
from kpis.data_quality import POWER
from kpis.expected import held, inverters_of
from kpis.series_days import Days

Mask = NDArray[np.bool_]
_COLD_C, _WITHIN_S = 2.0, 48 * 3600.0
_NO_SNOW_MONTHS = frozenset(range(5, 10))  # a thermometer that stands at nought in July makes no snow
_BURIED, _CLEAR = 0.3, 0.5  # of what the light would give
_MANY = 0.7  # of the units that tell
_WORTH = 0.02  # of the size: below it nothing tells
_VOLTAGE, _STANDING, _ON_V = "dc_voltage_v", 0.5, 50.0


def snowed_in(series: PlantSeries, days: Days) -> dict[str, Mask]:
    """Return the steps in which snow lies on each inverter; none of a plant without air temperature or light."""
    units = {name: each for name, each in inverters_of(series).items() if each.unlimited_power_w is not None}
    cold = _cold(series, days)
    if not units or not cold.any():
        return {}
    ratios = np.vstack([_ratio(each) for each in units.values()])
    buried = np.vstack([_buried(each, row) for each, row in zip(units.values(), ratios, strict=True)])
    told = ~np.isnan(ratios)
    count = told.sum(axis=0)
    many = (count > 0) & (buried.sum(axis=0) >= _MANY * count)
    runs = (count > 0) & ((told & (ratios > _CLEAR)).sum(axis=0) > 0.5 * count)
    lies = cold & many & ~_since_morning(runs, days)
    return {name: np.asarray(lies & row) for name, row in zip(units, buried, strict=True)}


def _cold(series: PlantSeries, days: Days) -> Mask:
    """Return where it froze, or nearly, within the last two days, in a month that knows snow."""
    air = series.ambient_temperature_c
    if air is None:
        return np.zeros(len(series.instants), dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        seen = np.where(air < _COLD_C, np.arange(len(air)), -(10**9))
    lately = np.arange(len(air)) - np.maximum.accumulate(seen) <= _WITHIN_S / series.step_s
    season = np.array([day.month not in _NO_SNOW_MONTHS for day in days.days], dtype=np.bool_)
    return np.asarray(lately & season[days.codes])


def _ratio(device: DeviceSeries) -> Floats:
    """Return power over what the light would give; NaN where that is next to nothing, or a limit holds it."""
    power, due = device.good(POWER), device.unlimited_power_w
    assert power is not None
    assert due is not None
    size = float(np.nanquantile(due, 0.99)) if not np.isnan(due).all() else np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(due > _WORTH * size, power / due, np.nan)
    marks = device.flags.get(POWER)
    return ratio if marks is None else np.where(held(marks), np.nan, ratio)


def _buried(device: DeviceSeries, ratio: Floats) -> Mask:
    """Return where a unit gives next to nothing while its modules stand under voltage, as far as that is told."""
    volts = device.good(_VOLTAGE)
    with np.errstate(invalid="ignore"):
        low = np.asarray(ratio < _BURIED)
        if volts is None or not (volts > _ON_V).any():
            return low
        usual = float(np.median(volts[volts > _ON_V]))
        return np.asarray(low & ~(volts < _STANDING * usual))


def _since_morning(runs: Mask, days: Days) -> Mask:
    """Return where the plant has run at some step of the day so far."""
    day = np.maximum.accumulate(np.where(runs, days.codes, -1))
    return np.asarray(day == days.codes)
