"""Energy of every step of a series: from a lifetime counter where there is one, else from power.

The steps add up to the counter. What a counter did during a silence is spread over the silent steps as the
clear sky would, and those steps count as estimated. A misread that returns is stepped over, a backward step
that stays is a reset, and a rise no device could make is left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.plant import DeviceKind
from domain.series import DeviceSeries, Flag, Flags, Floats, PlantSeries
from kpis.energy import RESOLUTION_WH, SILENCE_S, CounterLimits

COUNTERS = {
    DeviceKind.INVERTER: ("ac_energy_total_wh", "meter_energy_forward_wh"),
    DeviceKind.REVENUE_METER: ("meter_energy_forward_wh", "meter_energy_total_wh"),
    DeviceKind.LOGGER: ("plant_energy_total_wh",),
}
POWERS = {
    DeviceKind.INVERTER: ("ac_active_power_w",),
    DeviceKind.REVENUE_METER: ("meter_active_power_w", "ac_active_power_w"),
    DeviceKind.LOGGER: ("plant_active_power_w",),
}
_GLITCH_S = 86_400.0  # a misread that has not returned after a day is a new level


@dataclass(frozen=True, slots=True)
class StepEnergy:
    """Energy of each step; NaN where nothing tells. ``estimated`` marks steps shared out of a silence. [Wh]"""

    energy_wh: Floats
    estimated: NDArray[np.bool_]
    source: str  # "counter", "power", or empty
    counter: str = ""
    flags: Flags | None = None  # of the counter: COUNTER_RESET, CATCH_UP, OUTLIER (a misread)


def power_of(device: DeviceSeries) -> Floats | None:
    """Return the AC power of a device, NaN where it is not to be trusted; None when it has none. [W]"""
    for name in POWERS.get(device.device.kind, ()):
        power = device.good(name)
        if power is not None:
            return power
    return None


def power_max_w(device: DeviceSeries, power: Floats | None = None) -> float:
    """Return the most a device can give: its rating, else what it was seen to give; NaN unknown. [W]"""
    rated_kw = max(device.device.rated_power_kw, device.device.dc_capacity_kw)
    if rated_kw > 0:
        return rated_kw * 1000.0
    power = power_of(device) if power is None else power
    if power is None or np.isnan(power).all():
        return float("nan")
    return float(np.nanpercentile(power, 99.9)) * 1.1


def step_energy(series: PlantSeries, device: DeviceSeries) -> StepEnergy:
    """Return the energy of each step of one device of a series."""
    power = power_of(device)
    for name in COUNTERS.get(device.device.kind, ()):
        values = device.good(name)
        if values is not None and (~np.isnan(values)).sum() >= 2:
            limit = CounterLimits(power_max_w(device, power), RESOLUTION_WH)
            return energy_of_counter(values, series.step_s, limit, series.clear_sky_poa_w_m2, name)
    nothing = np.zeros(len(series.instants), dtype=bool)
    if power is None:
        return StepEnergy(np.full(len(series.instants), np.nan), nothing, "")
    return StepEnergy(power * series.step_s / 3600.0, nothing, "power")


def energy_of_counter(
    values_wh: Floats, step_s: float, limits: CounterLimits, clear_sky: Floats, name: str = ""
) -> StepEnergy:
    """Return the energy of each step of a counter read at the start of the steps.

    Parameters
    ----------
    values_wh : array
        The counter, NaN where it was not read. [Wh]
    step_s : float
        Length of a step. [s]
    limits : CounterLimits
        What it can do; a ``power_max_w`` of NaN believes any rise.
    clear_sky : array
        Irradiance by which a silence is shared; NaN shares it evenly. [W/m2]
    """
    count = len(values_wh)
    flags = np.zeros(count, dtype=np.uint16)
    read = _without_misreads(values_wh, step_s, limits, flags)
    energy, estimated = np.full(count, np.nan), np.zeros(count, dtype=bool)
    if len(read) < 2:
        return StepEnergy(energy, estimated, "counter", name, flags)
    rise, steps = np.diff(values_wh[read]), np.diff(read)
    believed = (rise >= 0) & ~(rise > _most(limits, steps * step_s))
    flags[read[1:][rise < 0]] |= Flag.COUNTER_RESET.value
    late = believed & (rise > 0) & (steps * step_s > SILENCE_S)
    flags[read[1:][late]] |= Flag.CATCH_UP.value
    light = np.where(np.isnan(clear_sky), 1.0, np.maximum(clear_sky, 0.0)) + 1e-6
    cumulated = np.concatenate([[0.0], np.cumsum(light)])
    per_light = np.where(believed, rise, np.nan) / (cumulated[read[1:]] - cumulated[read[:-1]])
    span = slice(int(read[0]), int(read[-1]))
    energy[span] = np.repeat(per_light, steps) * light[span]
    estimated[span] = np.repeat(steps > 1, steps)
    return StepEnergy(energy, estimated, "counter", name, flags)


def _most(limits: CounterLimits, elapsed_s: Floats) -> Floats:
    most = limits.power_max_w * 1.05 * elapsed_s / 3600.0 + limits.resolution_wh
    return np.where(np.isnan(most), np.inf, most)


def _without_misreads(
    values: Floats, step_s: float, limits: CounterLimits, flags: Flags
) -> NDArray[np.int64]:
    """Return the places of the readings that make sense; a run that leaves the counter and returns is dropped."""
    read = np.flatnonzero(~np.isnan(values))
    while len(read) > 1:
        rise, elapsed_s = np.diff(values[read]), np.asarray(np.diff(read) * step_s, dtype=np.float64)
        odd = np.flatnonzero((rise < 0) | (rise > _most(limits, elapsed_s)))
        dropped = False
        for place in odd:
            base = int(read[place])
            ahead = read[place + 1 :]
            ahead = ahead[(ahead - base) * step_s <= _GLITCH_S]
            gain = values[ahead] - values[base]
            fits = np.flatnonzero(
                (gain >= 0) & (gain <= _most(limits, np.asarray((ahead - base) * step_s, dtype=np.float64)))
            )
            if len(fits) and fits[0] > 0:
                wrong = ahead[: fits[0]]
                flags[wrong] |= Flag.OUTLIER.value
                read = read[~np.isin(read, wrong)]
                dropped = True
                break
        if not dropped:
            break
    return np.asarray(read, dtype=np.int64)
