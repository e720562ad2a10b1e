"""Lifetime counters: power integrated over whole minutes of field time, the same however fast a run goes.

The counter of a unit begins a calendar month at a value that follows from its age alone, and grows by the
trapezoid of its power at every full minute. So a run that is stopped and started again later, or at
another speed, shows the same counters, and history made backwards meets the live counter exactly.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from domain.timespan import DEFAULT_ZONE, start_of_day
from simulator.faults import POWER_KINDS, Fault, FaultSet
from simulator.layout import Field
from simulator.noise import Floats
from simulator.power import PowerModel
from simulator.sky import DAY_S, Sky

STEP_S = 60.0
_CHUNK = 128
_YIELD_H_PER_YEAR = 1_120.0
_YEAR_S = 365.25 * 86_400.0


@dataclass(frozen=True, slots=True)
class Sums:
    """What the units made in calendar spans up to now, [units]; NaN where it is not known. [Wh]"""

    month_wh: Floats
    year_wh: Floats
    yesterday_wh: Floats


@dataclass(frozen=True, slots=True)
class DayEnergy:
    """Energy of every unit over one solar day.

    ``node_s`` are full minutes (shape [nodes]); ``since_start_wh`` what each unit made from the day's first
    minute up to each of them, [nodes, units]. Before and after, nothing is made.
    """

    node_s: Floats
    since_start_wh: Floats

    @property
    def total_wh(self) -> Floats:
        """Energy of the whole day, [units]. [Wh]"""
        return np.asarray(self.since_start_wh[-1])

    def at(self, epoch_s: Floats) -> Floats:
        """Return energy made since the start of the day up to each instant of it, [instants, units]. [Wh]"""
        position = np.clip((epoch_s - self.node_s[0]) / STEP_S, 0.0, len(self.node_s) - 1.0)
        index = np.minimum(position.astype(np.int64), max(len(self.node_s) - 2, 0))
        rest = (position - index)[:, None]
        first = self.since_start_wh[index]
        following = self.since_start_wh[np.minimum(index + 1, len(self.node_s) - 1)]
        return np.asarray(first + (following - first) * rest)


class EnergyBook:
    """Counters of every inverter at any instant.

    Parameters
    ----------
    field, sky, model : the physics.
    faults : what goes wrong with power.
    start_s : where the run begins; counters are anchored at the start of that month. [s since 1970]
    """

    def __init__(self, field: Field, sky: Sky, model: PowerModel, faults: FaultSet, start_s: float) -> None:
        self._field = field
        self._sky = sky
        self._model = model
        self._faults = faults
        self._zone = field.plants[0].time_zone if field.plants else DEFAULT_ZONE
        self._month = self._local_month(start_s)
        self.month_start_s = start_of_day(date(*self._month, 1), self._zone).timestamp()
        year_start_s = start_of_day(date(self._month[0], 1, 1), self._zone).timestamp()
        self._day = sky.solar_day(self.month_start_s)
        self._day_start_wh = self.nominal_wh(self.month_start_s)
        self._today = self.day(self._day)
        # The month begins after the solar day has: what it made before is none, it is night.
        self._month_base_wh = self._day_start_wh
        self._year_base_wh = self.nominal_wh(year_start_s)
        self._yesterday_wh = np.full(len(field.inverters), np.nan)

    def _local_month(self, epoch_s: float) -> tuple[int, int]:
        local = datetime.fromtimestamp(epoch_s, UTC).astimezone(ZoneInfo(self._zone))
        return local.year, local.month

    def nominal_wh(self, epoch_s: float) -> Floats:
        """Return what the counters would show at an instant had every year been an average one. [Wh]"""
        units = self._field.inverters
        begun = [
            device.in_service_from or self._field.plants[plant].grid_date
            for device, plant in zip(units.devices, units.plant, strict=True)
        ]
        begun_s = np.array([datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in begun])
        years = np.maximum(epoch_s - begun_s, 0.0) / _YEAR_S
        return np.asarray(units.dc_w * units.factor * _YIELD_H_PER_YEAR * years)

    def day(self, day: int, faults: FaultSet | None = None) -> DayEnergy:
        """Return the energy of one solar day, integrated minute by minute."""
        first_s, last_s = self._sky.light_span_s(day)
        nodes = np.arange(np.floor(first_s / STEP_S), np.ceil(last_s / STEP_S) + 1) * STEP_S
        return self.span(nodes, self._faults if faults is None else faults)

    def span(self, nodes: Floats, faults: FaultSet) -> DayEnergy:
        """Return the energy made over consecutive full minutes ``nodes``."""
        units = len(self._field.inverters)
        power = np.empty((len(nodes), units))
        for begin in range(0, len(nodes), _CHUNK):
            at = nodes[begin : begin + _CHUNK]
            sky = self._sky.conditions(at)
            power[begin : begin + _CHUNK] = self._model.power(at, sky, faults.effects(at)).ac_w
        made = np.zeros_like(power)
        np.cumsum((power[1:] + power[:-1]) * (STEP_S / 7200.0), axis=0, out=made[1:])
        return DayEnergy(nodes, made)

    def advance(self, epoch_s: float) -> None:
        """Take whole days that have passed into the counters; instants before cannot be asked for then."""
        day = self._sky.solar_day(epoch_s)
        while self._day < day:
            self._yesterday_wh = self._today.total_wh
            self._day_start_wh = self._day_start_wh + self._yesterday_wh
            self._day += 1
            self._today = self.day(self._day)
            self._turn_page(self._local_month(self._sky.day_start_s(self._day) + DAY_S / 2))

    def _turn_page(self, month: tuple[int, int]) -> None:
        """Begin the sums of a new month and year; it is night, nothing is being made."""
        if month != self._month:
            self._month_base_wh = self._day_start_wh
            if month[0] != self._month[0]:
                self._year_base_wh = self._day_start_wh
            self._month = month

    def sums(self, now_wh: Floats) -> Sums:
        """Return the sums of calendar spans when the counters stand at ``now_wh``."""
        return Sums(now_wh - self._month_base_wh, now_wh - self._year_base_wh, self._yesterday_wh)

    def at(self, epoch_s: float) -> Floats:
        """Return the counters at an instant not before the last `advance`d day, [units]. [Wh]"""
        self.advance(epoch_s)
        return np.asarray(self._day_start_wh + self._today.at(np.array([epoch_s]))[0])

    @property
    def day_start_wh(self) -> Floats:
        """Counters at the start of the current solar day, [units]. [Wh]"""
        return self._day_start_wh

    @property
    def current_day(self) -> int:
        """Number of the current solar day."""
        return self._day

    @property
    def today(self) -> DayEnergy:
        """Energy of the current solar day."""
        return self._today


class LossMeter:
    """What one fault has cost so far: energy without it, less energy with it, minute by minute. [Wh]"""

    def __init__(self, sky: Sky, model: PowerModel, faults: FaultSet, fault: Fault) -> None:
        self._sky = sky
        self._model = model
        self._faults = faults
        self._repaired = faults.without(fault)
        self._fault = fault
        # A trapezoid reaches from the minute before the fault to the minute after it.
        self._done_s = (np.floor(fault.start_s / STEP_S) - 1.0) * STEP_S
        self.lost_wh = 0.0

    def advance(self, epoch_s: float) -> float:
        """Count up to an instant; return the loss. [Wh]"""
        last_s = np.floor(min(epoch_s, self._fault.end_s + STEP_S) / STEP_S) * STEP_S
        while self._fault.kind in POWER_KINDS and self._done_s < last_s:
            light_from_s, light_until_s = self._sky.light_span_s(self._sky.solar_day(self._done_s))
            if self._done_s >= light_until_s:  # over the night, to the first minute of the next solar day
                night_s = self._sky.day_start_s(self._sky.solar_day(self._done_s) + 1)
                self._done_s = float(min(last_s, np.ceil(night_s / STEP_S) * STEP_S))
                continue
            begin_s = max(self._done_s, float(np.floor(light_from_s / STEP_S) * STEP_S))
            nodes = np.arange(begin_s, max(begin_s, min(last_s, begin_s + _CHUNK * STEP_S)) + 1.0, STEP_S)
            self.lost_wh += self._over(nodes)
            self._done_s = float(min(last_s, nodes[-1]))
        return self.lost_wh

    def _over(self, nodes: Floats) -> float:
        """Return what was lost over consecutive full minutes. [Wh]"""
        sky = self._sky.conditions(nodes)
        difference = (
            self._model.power(nodes, sky, self._repaired.effects(nodes)).ac_w
            - self._model.power(nodes, sky, self._faults.effects(nodes)).ac_w
        ).sum(axis=1)
        return float((difference[1:] + difference[:-1]).sum() * STEP_S / 7200.0)
