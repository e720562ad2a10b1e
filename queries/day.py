"""The part of a snapshot that needs the store: power of today and yesterday per plant, energy of today.

One look a minute answers every page: two curve queries and one counter query for the whole district.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.plant import Connection, DeviceKind, Registry
from domain.timespan import Interval, day_of, local_day
from queries.devices import POWER
from queries.energy import energies_today
from queries.sources import Sources

Floats = NDArray[np.float64]
STEP = timedelta(minutes=10)
BUCKETS = 144
FILE_LOOK_BACK = timedelta(days=40)
READING_LOOK_BACK = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class DayPart:
    """Curves and energies of one local day.

    Attributes
    ----------
    start : datetime
        The day's first instant; bucket ``i`` begins ``i * STEP`` later.
    today_kw, yesterday_kw : arrays of shape (plants, BUCKETS)
        Mean power of the plant's inverters, NaN where nothing was reported. [kW]
    reporting : array of shape (plants, BUCKETS)
        How many inverters a value of today rests on.
    energy_kwh, exported_kwh : arrays of shape (plants,)
        Since the day began, from lifetime counters; NaN where not known. [kWh]
    newest : mapping of plant id to datetime
        Last data of plants that do not report by themselves.
    """

    taken_at: datetime
    day: date
    start: datetime
    today_kw: Floats
    reporting: NDArray[np.int32]
    yesterday_kw: Floats
    energy_kwh: Floats
    exported_kwh: Floats
    newest: Mapping[str, datetime]


def inverters_by_plant(registry: Registry) -> dict[str, list[str]]:
    """Return ids of the inverters of each plant."""
    return {
        plant.plant_id: [device.device_id for device in plant.devices_of(DeviceKind.INVERTER)]
        for plant in registry.plants
    }


def curve_matrix(
    frame: pd.DataFrame, rows: Mapping[str, int], start: datetime, scale: float = 1e-3
) -> tuple[Floats, NDArray[np.int32]]:
    """Lay a frame of power curves out as plants x buckets; NaN where there is no row. [kW]"""
    values = np.full((len(rows), BUCKETS), np.nan)
    counts = np.zeros((len(rows), BUCKETS), dtype=np.int32)
    if len(frame) == 0:
        return values, counts
    origin = pd.Timestamp(start)
    bucket = ((frame["instant"] - origin) // pd.Timedelta(STEP)).to_numpy(dtype=np.int64)
    row = frame["group"].astype(str).map(dict(rows)).to_numpy(dtype=np.int64)
    inside = (bucket >= 0) & (bucket < BUCKETS)
    values[row[inside], bucket[inside]] = frame["value"].to_numpy(dtype=np.float64)[inside] * scale
    counts[row[inside], bucket[inside]] = frame["devices"].to_numpy(dtype=np.int32)[inside]
    return values, counts


def _curves(sources: Sources, interval: Interval) -> tuple[Floats, NDArray[np.int32]]:
    rows = {plant.plant_id: index for index, plant in enumerate(sources.registry.plants)}
    groups = {name: ids for name, ids in inverters_by_plant(sources.registry).items() if ids}
    if interval.end <= interval.start:
        return curve_matrix(pd.DataFrame(), rows, interval.start)
    frame = sources.store.power_curves(groups, POWER, interval, STEP)
    return curve_matrix(frame, rows, interval.start)


def _newest_of_silent(sources: Sources, now: datetime) -> dict[str, datetime]:
    """Return the last data of plants without a link: readings of a keeper, rows of a maker's export."""
    found: dict[str, datetime] = {}
    for plant in sources.registry.plants:
        if plant.connection is Connection.MANUAL:
            span = Interval(now - READING_LOOK_BACK, now + timedelta(days=1))
            readings = sources.records.readings(plant.plant_id, span)
            if readings:
                found[plant.plant_id] = readings[-1].read_at
        elif plant.connection is Connection.FILE:
            ids = [device.device_id for device in plant.devices]
            batches = sources.store.latest(ids, now - FILE_LOOK_BACK) if ids else []
            if batches:
                found[plant.plant_id] = max(batch.measured_at for batch in batches)
    return found


def take_day(sources: Sources, previous: DayPart | None = None) -> DayPart:
    """Read the day from the store; yesterday's curves are taken over from ``previous`` of the same day."""
    now = sources.clock.now()
    day = day_of(now)
    whole = local_day(day)
    so_far = Interval(whole.start, min(whole.end, now + timedelta(seconds=1)))
    today_kw, reporting = _curves(sources, so_far)
    if previous is not None and previous.day == day and now - previous.taken_at < timedelta(minutes=10):
        yesterday_kw = previous.yesterday_kw
    else:
        yesterday_kw, _ = _curves(sources, local_day(day - timedelta(days=1)))
    produced, exported = energies_today(sources, day, so_far)
    return DayPart(
        now,
        day,
        whole.start,
        today_kw,
        reporting,
        yesterday_kw,
        produced,
        exported,
        _newest_of_silent(sources, now),
    )


def without_last(day: DayPart, now: datetime, settle_s: float) -> DayPart:
    """Blank the running bucket until ``settle_s`` have passed: a sum of the first to report is no sum."""
    position = (now - day.start) / STEP
    if not 0 <= position < BUCKETS or (position % 1.0) * STEP.total_seconds() >= settle_s:
        return day
    today = day.today_kw.copy()
    today[:, int(position)] = np.nan
    return replace(day, today_kw=today)
