"""Curves of one plant over a chosen stretch of days: power of the plant, or one quantity of some inverters.

This is the one page part that asks the store while somebody waits: one plant, a bounded number of buckets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.plant import DeviceKind, Plant
from domain.timespan import Interval, day_of, local_day
from queries.devices import POWER, TEMPERATURE
from queries.sources import Sources

Floats = NDArray[np.float64]
DEVICES_MAX = 6


class Span(Enum):
    """How many days, with the bucket that keeps the curve at a few hundred points."""

    TODAY = "1"
    TWO_DAYS = "2"
    WEEK = "7"
    MONTH = "30"

    @property
    def days(self) -> int:
        """Local days, today included."""
        return int(self.value)

    @property
    def step(self) -> timedelta:
        """Width of a bucket."""
        return timedelta(minutes={1: 5, 2: 10, 7: 30, 30: 120}[self.days])


class Subject(Enum):
    """What is drawn."""

    PLANT = "plant"  # power of all inverters together
    NORMALISED = "normalised"  # power over rated power, one line an inverter
    TEMPERATURE = "temperature"
    VOLTAGE = "voltage"
    ENERGY = "energy"  # kept daily energies, bars


_QUANTITY = {
    Subject.NORMALISED: POWER,
    Subject.TEMPERATURE: TEMPERATURE,
    Subject.VOLTAGE: "ac_line_ab_voltage_v",
}
_FALLBACK = {Subject.VOLTAGE: "ac_phase_a_voltage_v"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line; values per bucket, NaN in gaps."""

    name: str
    values: Floats


@dataclass(frozen=True, slots=True)
class CurvesView:
    """Lines over a shared axis; ``days`` is set instead for daily bars."""

    subject: Subject
    span: Span
    start: datetime
    step_s: float
    lines: tuple[Line, ...]
    days: tuple[date, ...] = ()


@guarded
class Curves:
    """Queries of the curves tab."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @require(Permission.VIEW_PLANT)
    def view(
        self,
        principal: Principal,
        plant_id: str,
        subject: Subject,
        span: Span,
        device_ids: Sequence[str] = (),
    ) -> CurvesView:
        """Return what was asked for; at most six inverters, the first six when none is named.

        Raises
        ------
        AccessDeniedError
            There is no such plant in the scope of ``principal``.
        """
        plant = principal.plant(plant_id, self._sources.registry)
        now = self._sources.clock.now()
        today = day_of(now)
        first = today - timedelta(days=span.days - 1)
        interval = Interval(local_day(first).start, min(local_day(today).end, now + timedelta(seconds=1)))
        if subject is Subject.ENERGY:
            return self._energy(plant, span, first, today)
        if subject is Subject.PLANT:
            lines = self._plant(plant, interval, span.step)
        else:
            lines = self._devices(plant, subject, interval, span.step, device_ids)
        return CurvesView(subject, span, interval.start, span.step.total_seconds(), lines)

    def _plant(self, plant: Plant, interval: Interval, step: timedelta) -> tuple[Line, ...]:
        ids = [device.device_id for device in plant.devices_of(DeviceKind.INVERTER)]
        if not ids:
            return ()
        frame = self._sources.store.power_curves({plant.plant_id: ids}, POWER, interval, step)
        values = buckets(frame["instant"], frame["value"], interval, step)
        return (Line(plant.plant_id, values * 1e-3),)

    def _devices(
        self, plant: Plant, subject: Subject, interval: Interval, step: timedelta, device_ids: Sequence[str]
    ) -> tuple[Line, ...]:
        own = {device.device_id: device for device in plant.devices_of(DeviceKind.INVERTER)}
        chosen = ([i for i in device_ids if i in own] or list(own))[:DEVICES_MAX]
        if not chosen:
            return ()
        wanted = [_QUANTITY[subject], *([_FALLBACK[subject]] if subject in _FALLBACK else [])]
        frame = self._sources.store.read(chosen, wanted, interval, every=step).good()
        lines = []
        for device_id in chosen:
            rows = frame[frame["device_id"] == device_id]
            column = next((c for c in wanted if c in rows and rows[c].notna().any()), wanted[0])
            series = rows[column] if column in rows else pd.Series(np.nan, index=rows.index)
            values = buckets(rows["measured_at"], series, interval, step)
            if subject is Subject.NORMALISED:
                values = values / (own[device_id].rated_power_kw * 10.0)
            lines.append(Line(own[device_id].name, values))
        return tuple(lines)

    def _energy(self, plant: Plant, span: Span, first: date, today: date) -> CurvesView:
        kept = {
            kpi.day: kpi.produced_energy_kwh
            for kpi in self._sources.store.daily([plant.plant_id], first, today)
        }
        days = tuple(first + timedelta(days=n) for n in range(span.days))
        values = np.array([np.nan if kept.get(day) is None else kept[day] for day in days], dtype=np.float64)
        return CurvesView(
            Subject.ENERGY, span, local_day(first).start, 86_400.0, (Line(plant.plant_id, values),), days
        )


def buckets(instants: pd.Series, values: pd.Series, interval: Interval, step: timedelta) -> Floats:
    """Lay values out on the buckets of an interval; NaN where there is no row."""
    count = int(np.ceil(interval.duration / step)) or 1
    laid = np.full(count, np.nan)
    if len(instants) == 0:
        return laid
    position = ((instants - pd.Timestamp(interval.start)) // pd.Timedelta(step)).to_numpy(dtype=np.int64)
    inside = (position >= 0) & (position < count)
    laid[position[inside]] = values.to_numpy(dtype=np.float64)[inside]
    return laid
