"""From light to alternating current, for every inverter of the field at once.

DC power follows PVWatts (Dobos 2014, NREL/TP-6A20-62641): module power times irradiance over 1000 W/m2,
times the temperature term, times fixed losses. The inverter takes a constant part, a linear and a quadratic
part of its load (Schmidt and Sauer 1996) and stops at its rated power.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.layout import Field, Integers
from simulator.noise import Floats, hashed, normal, uniform
from simulator.sky import Conditions, Sky

_TEMPERATURE_PER_C = -0.0038
_SYSTEM = 0.90  # soiling, mismatch, wiring, module rating
_LOSS_CONSTANT, _LOSS_LINEAR, _LOSS_QUADRATIC = 0.0032, 0.0045, 0.0085
_SLOW_NOISE, _CLOUD_NOISE = 0.010, 0.100
_NOISE_S = 900.0
_DAY_SPREAD = 0.010
_DIP_SHARE, _DIP_LEAST, _DIP_MORE = 0.016, 0.04, 0.10


@dataclass(frozen=True, slots=True)
class Effects:
    """What faults do to power at some instants; arrays of [instants, units], or None where nothing is wrong.

    ``dc_factor`` multiplies what the modules give; ``ac_limit`` is the share of rated power allowed;
    ``running`` is 0 where the unit stands still.
    """

    dc_factor: Floats | None = None
    ac_limit: Floats | None = None
    running: Floats | None = None

    @property
    def any(self) -> bool:
        """Whether anything is wrong with power."""
        return self.dc_factor is not None or self.ac_limit is not None or self.running is not None


NO_EFFECTS = Effects()


@dataclass(frozen=True, slots=True)
class Power:
    """Power of every unit; arrays of [instants, units]. [W]

    ``available_w`` is what the modules could give, ``dc_w`` what the inverter takes of it.
    """

    ac_w: Floats
    dc_w: Floats
    available_w: Floats


class PowerModel:
    """Power of every inverter as a pure function of the instant."""

    def __init__(self, field: Field, sky: Sky, seed: int) -> None:
        self._units = field.inverters
        self._sky = sky
        self._seed = seed
        self._days: dict[int, Floats] = {}

    def available_w(self, epoch_s: Floats, sky: Conditions) -> Floats:
        """Return what healthy modules give, [instants, units]. [W]"""
        units, plant = self._units, self._units.plant
        light = sky.poa_w_m2 * (_SYSTEM / 1000.0) * (1.0 + _TEMPERATURE_PER_C * (sky.module_c - 25.0))
        power = light[:, plant]
        power *= self.noise(epoch_s, sky)
        power *= units.dc_w * units.factor
        power *= self._of_day(epoch_s)
        return np.asarray(power)

    def noise(self, epoch_s: Floats, sky: Conditions) -> Floats:
        """Return the restlessness of each unit around 1: small under blue sky, larger among clouds."""
        position = epoch_s / _NOISE_S
        cell = np.floor(position).astype(np.int64)
        first = int(cell[0])
        nodes = normal(self._seed + 30, np.arange(first, int(cell[-1]) + 2)[:, None], self._units.key)
        rest = (position - cell)[:, None]
        below = nodes[cell - first]
        below += (nodes[cell - first + 1] - below) * rest
        below *= (_SLOW_NOISE + _CLOUD_NOISE * sky.shade)[:, self._units.plant]
        below += 1.0
        return np.asarray(below)

    def _of_day(self, epoch_s: Floats) -> Floats:
        """Return the factor of each unit on the solar day; all instants of one call are of one day or two."""
        first, last = self._sky.solar_day(float(epoch_s[0])), self._sky.solar_day(float(epoch_s[-1]))
        if first == last:
            return self.of_day(first)
        return np.stack([self.of_day(self._sky.solar_day(float(second))) for second in epoch_s])

    def of_day(self, day: int) -> Floats:
        """Return how well each unit does on one day: a normal spread, and now and then a bad day."""
        if day not in self._days:
            key, seed = self._units.key, self._seed
            factor = 1.0 + _DAY_SPREAD * normal(seed + 31, key, day)
            bad = uniform(seed + 32, key, day) < _DIP_SHARE
            dip = _DIP_LEAST + _DIP_MORE * uniform(seed + 33, key, day)
            if len(self._days) > 64:
                self._days.clear()
            self._days[day] = np.where(bad, factor - dip, factor)
        return self._days[day]

    def power(self, epoch_s: Floats, sky: Conditions, effects: Effects = NO_EFFECTS) -> Power:
        """Return power at ``epoch_s`` under ``sky`` and ``effects``."""
        available = self.available_w(epoch_s, sky)
        return convert(available, self._units.rated_w, effects)

    def restless(self, epoch_s: Floats, cell_s: float, key: int) -> Floats:
        """Return a number in [0, 1) per unit that jumps every ``cell_s`` seconds, [instants, units]."""
        cell = np.floor(epoch_s / cell_s).astype(np.int64)
        bits = hashed(self._seed + 34, key, cell[:, None], self._units.key)
        return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def convert(available_w: Floats, rated_w: Floats, effects: Effects = NO_EFFECTS) -> Power:
    """Return what inverters make of ``available_w``: losses, rated power, faults. [W]"""
    if effects.dc_factor is not None:
        available_w = available_w * effects.dc_factor
    ceiling = rated_w if effects.ac_limit is None else rated_w * effects.ac_limit
    ac = _after_losses(available_w, rated_w)
    over = ac > ceiling
    np.clip(ac, 0.0, ceiling, out=ac)
    dc = np.where(over, before_losses(ceiling, rated_w), available_w)
    if effects.running is not None:
        ac *= effects.running
        dc = dc * effects.running
    return Power(ac, np.asarray(dc), available_w)


def _after_losses(dc_w: Floats, rated_w: Floats) -> Floats:
    loss = dc_w * (_LOSS_QUADRATIC / rated_w)
    loss += _LOSS_LINEAR - 1.0
    loss *= dc_w
    loss += _LOSS_CONSTANT * rated_w
    return np.asarray(np.negative(loss, out=loss))


def before_losses(ac_w: Floats, rated_w: Floats) -> Floats:
    """Return the DC power that makes ``ac_w``: the smaller root of the loss equation. [W]"""
    linear = 1.0 - _LOSS_LINEAR
    square = _LOSS_QUADRATIC / rated_w
    root = np.sqrt(linear * linear - 4.0 * square * (ac_w + _LOSS_CONSTANT * rated_w))
    return np.asarray((linear - root) / (2.0 * square))


def of_plants(values: Floats, plant: Integers, count: int) -> Floats:
    """Return sums over the units of each plant, [instants, plants]."""
    order = np.argsort(plant, kind="stable")
    counts = np.bincount(plant, minlength=count)
    filled = np.flatnonzero(counts)
    total = np.zeros((values.shape[0], count))
    if filled.size:
        starts = (np.cumsum(counts) - counts)[filled]
        total[:, filled] = np.add.reduceat(values[:, order], starts, axis=1)
    return total


def empty_mask(shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a mask that is false everywhere."""
    return np.zeros(shape, dtype=np.bool_)
