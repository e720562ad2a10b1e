"""Energy from lifetime counters: resets, spikes, gaps and catching up; per device, day and plant.

A counter is read now and then; energy is the sum of its steps, never its highest minus its lowest. A
backward step is a reset (or a misread), never negative energy. A rise the device could not have made in the
time is left out. A large rise after a long silence is catching up, and counts.

**Days.** Readings of a local day give ``last - first``. The step between one day's last reading and the
next one's first belongs to the later day when it happened in the dark, as it does every night. When the
line was silent in daylight the step is shared among the days of the silence in proportion to their
clear-sky irradiance within it, and the shares count as estimated: so days add up to the counter, and no day
shows another day's sun.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.energy import CounterEnergy
from domain.frame import DEVICE
from domain.sun import clear_sky_ghi, sun_position
from domain.timespan import day_of, days_between, local_day

Floats = NDArray[np.float64]
SILENCE_S = 1800.0
RESOLUTION_WH = 1000.0
GAP_DAYS_MAX = 14
_MARGIN = 1.05
_SUN_STEP_S = 300.0


@dataclass(frozen=True, slots=True)
class CounterLimits:
    """What a counter can do.

    Attributes
    ----------
    power_max_w : float
        The most the device can produce. [W]
    resolution_wh : float
        Smallest step of the counter (CT and PT ratio included): one step may come at any moment. [Wh]
    """

    power_max_w: float
    resolution_wh: float = RESOLUTION_WH

    def rise_max_wh(self, elapsed_s: float) -> float:
        """Return the largest step believable in ``elapsed_s``; 5 % above the rating is still believed. [Wh]"""
        return self.power_max_w * _MARGIN * elapsed_s / 3600.0 + self.resolution_wh


def energy_from_counter(
    times_s: Floats,
    values_wh: Floats,
    power_max_w: float,
    *,
    resolution_wh: float = RESOLUTION_WH,
    silence_s: float = SILENCE_S,
) -> CounterEnergy:
    """Return the energy between the first and last reading of a counter.

    Parameters
    ----------
    times_s : array [readings]
        Instants, ascending. [s]
    values_wh : array [readings]
        The counter; NaN where missing or not good. [Wh]
    power_max_w : float
        The most the device can produce. [W]
    resolution_wh : float
        Smallest step of the counter. [Wh]
    silence_s : float
        A step after a longer silence counts as catching up. [s]
    """
    said = ~np.isnan(values_wh)
    times, values = np.asarray(times_s)[said], np.asarray(values_wh)[said]
    limits = CounterLimits(power_max_w, resolution_wh)
    if len(values) < 2:
        return CounterEnergy(None, len(values))
    steps, elapsed = np.diff(values), np.diff(times)
    most = power_max_w * _MARGIN * elapsed / 3600.0 + resolution_wh
    if ((steps >= 0) & (steps <= most)).all():
        late = float(steps[elapsed > silence_s].sum())
        return CounterEnergy(float(values[-1] - values[0]), len(values), catch_up_wh=late)
    return _walk(times, values, limits, silence_s)


def _walk(times: Floats, values: Floats, limits: CounterLimits, silence_s: float) -> CounterEnergy:
    """Go from reading to reading. A single misread value is stepped over, a new level is taken up."""
    energy = late = 0.0
    resets = spikes = 0
    base = 0
    for here in range(1, len(values)):
        step = values[here] - values[base]
        if 0 <= step <= limits.rise_max_wh(times[here] - times[base]):
            energy += step
            late += step if times[here] - times[base] > silence_s else 0.0
            base = here
            continue
        resets += int(step < 0)
        spikes += int(step > 0)
        if not _returns(times, values, base, here + 1, limits):
            base = here
    return CounterEnergy(float(energy), len(values), resets, spikes, float(late))


def _returns(times: Floats, values: Floats, base: int, following: int, limits: CounterLimits) -> bool:
    """Tell whether the reading after an odd one goes on from ``base``: then the odd one was a misread."""
    if following >= len(values):
        return False
    step = values[following] - values[base]
    return bool(0 <= step <= limits.rise_max_wh(times[following] - times[base]))


def odd_days(aggregates: pd.DataFrame, limits: Mapping[str, CounterLimits]) -> NDArray[np.bool_]:
    """Return which rows of `MeasurementStore.daily_aggregates` cannot be told by first and last alone.

    Those days need their readings (`energy_from_counter`): the counter went back, or rose by more than the
    device can make in that time.
    """
    own = [limits[str(name)] for name in aggregates[DEVICE]]
    power = np.array([limit.power_max_w for limit in own], dtype=np.float64)
    tick = np.array([limit.resolution_wh for limit in own], dtype=np.float64)
    hours = (aggregates["last_at"] - aggregates["first_at"]).dt.total_seconds().to_numpy() / 3600.0
    rise = (aggregates["last"] - aggregates["first"]).to_numpy()
    steps = aggregates["steps_back"].to_numpy()
    odd: NDArray[np.bool_] = (steps > 0) | (rise < 0) | (rise > power * _MARGIN * hours + tick)
    return odd


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plant is, for sharing a silence among its days."""

    latitude: float
    longitude: float
    zone: str


@dataclass(slots=True)
class DayEnergy:
    """Energy of one device on one local day. ``energy_wh`` is None where no two readings tell it. [Wh]"""

    energy_wh: float | None = None
    estimated_wh: float = 0.0
    readings: int = 0

    def add(self, energy_wh: float, *, estimated: bool = False) -> None:
        """Count a step in. [Wh]"""
        self.energy_wh = (self.energy_wh or 0.0) + energy_wh
        self.estimated_wh += energy_wh if estimated else 0.0


def daily_energy(
    aggregates: pd.DataFrame,
    limits: Mapping[str, CounterLimits],
    places: Mapping[str, Place],
    odd: Mapping[tuple[str, date], CounterEnergy] | None = None,
) -> dict[tuple[str, date], DayEnergy]:
    """Return the energy of each device and local day.

    Parameters
    ----------
    aggregates : pandas.DataFrame
        What `MeasurementStore.daily_aggregates` returned, sorted by device and day.
    limits, places : mappings by device id
        What the counter can do, and where it stands.
    odd : mapping of (device id, day) to CounterEnergy, optional
        What the readings of odd days (`odd_days`) tell. An odd day without it has no energy of its own.
    """
    known = odd or {}
    strange = odd_days(aggregates, limits)
    found: dict[tuple[str, date], DayEnergy] = {}
    before: _Day | None = None
    for day, is_odd in zip(_days(aggregates), strange, strict=True):
        own = found.setdefault((day.device_id, day.day), DayEnergy())
        own.readings = day.readings
        if is_odd:
            told = known.get((day.device_id, day.day))
            if told is not None and told.energy_wh is not None:
                own.add(told.energy_wh)
        elif day.readings >= 2:
            own.add(day.last - day.first)
        if before is not None and before.device_id == day.device_id:
            _share_step(before, day, limits[day.device_id], places[day.device_id], found)
        before = day
    return found


@dataclass(frozen=True, slots=True)
class _Day:
    device_id: str
    day: date
    first: float
    last: float
    first_at: datetime
    last_at: datetime
    readings: int


def _days(aggregates: pd.DataFrame) -> Iterator[_Day]:
    columns = [DEVICE, "day", "first", "last", "first_at", "last_at", "readings"]
    for row in zip(*(aggregates[name].to_list() for name in columns), strict=True):
        device_id, day, first, last, first_at, last_at, readings = row
        yield _Day(device_id, day, first, last, first_at.to_pydatetime(), last_at.to_pydatetime(), readings)


def _share_step(
    before: _Day,
    after: _Day,
    limits: CounterLimits,
    place: Place,
    found: dict[tuple[str, date], DayEnergy],
) -> None:
    """Give the step between two days to the days it was made on."""
    step = after.first - before.last
    elapsed_s = (after.first_at - before.last_at).total_seconds()
    if (after.day - before.day).days > GAP_DAYS_MAX or not 0 <= step <= limits.rise_max_wh(elapsed_s):
        return  # a reset, a spike, or a silence too long to say which day made what
    next_day = (after.day - before.day).days == 1
    if elapsed_s <= SILENCE_S or (step == 0 and next_day):
        found[after.device_id, after.day].add(step)
        return
    days = list(days_between(before.day, after.day))
    shares = daylight_shares(before.last_at, after.first_at, days, place)
    for day, share in zip(days, shares, strict=True):
        if share > 0 or before.day < day < after.day or day == after.day:
            own = found.setdefault((after.device_id, day), DayEnergy())
            own.add(step * share, estimated=share < 1.0)


def daylight_shares(start: datetime, end: datetime, days: Sequence[date], place: Place) -> list[float]:
    """Return the part of the clear-sky irradiation between two instants that falls on each local day.

    The parts add up to 1. In the dark all of it is the last day's.
    """
    epoch_s = np.arange(start.timestamp() + _SUN_STEP_S / 2, end.timestamp(), _SUN_STEP_S)
    elevation, _ = sun_position(epoch_s, place.latitude, place.longitude)
    light = clear_sky_ghi(elevation)
    total = float(light.sum())
    if total <= 0:
        return [0.0] * (len(days) - 1) + [1.0]
    shares = []
    for day in days:
        span = local_day(day, place.zone)
        inside = (epoch_s >= span.start.timestamp()) & (epoch_s < span.end.timestamp())
        shares.append(float(light[inside].sum()) / total)
    return shares


def aggregates_of(device_id: str, times_s: Floats, values_wh: Floats, zone: str) -> pd.DataFrame:
    """Return what `MeasurementStore.daily_aggregates` would, from readings at hand (one device, ascending)."""
    said = ~np.isnan(values_wh)
    times, values = np.asarray(times_s)[said], np.asarray(values_wh)[said]
    instants = pd.to_datetime(np.rint(times * 1e6).astype("int64"), unit="us", utc=True)
    days = [day_of(at.to_pydatetime(), zone) for at in instants]
    table = pd.DataFrame({"day": days, "value": values, "at": instants.as_unit("ns")})
    rows = []
    for day, group in table.groupby("day", sort=True):
        value = group["value"].to_numpy()
        rows.append(
            (
                device_id,
                day,
                value[0],
                value[-1],
                value.min(),
                value.max(),
                group["at"].iloc[0],
                group["at"].iloc[-1],
                len(value),
                int((np.diff(value) < 0).sum()),
            )
        )
    names = [DEVICE, "day", "first", "last", "low", "high", "first_at", "last_at", "readings", "steps_back"]
    return pd.DataFrame(rows, columns=names)


def neighbours(aggregates: pd.DataFrame, touched: Mapping[str, set[date]]) -> dict[str, set[date]]:
    """Return the days whose energy depends on readings of the ``touched`` days, by device.

    A reading decides the step to the day before it and to the day after it, and every silent day between.
    """
    found: dict[str, set[date]] = {name: set(days) for name, days in touched.items()}
    before: _Day | None = None
    for day in _days(aggregates):
        if before is not None and before.device_id == day.device_id and day.device_id in touched:
            apart = (day.day - before.day) // timedelta(days=1)
            if apart <= GAP_DAYS_MAX and touched[day.device_id] & {before.day, day.day}:
                found[day.device_id].update(days_between(before.day, day.day))
        before = day
    return found
