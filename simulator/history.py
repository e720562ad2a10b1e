"""Rows of the past, made by the same physics: what an empty chart is filled with before the first poll.

Days come newest first; counters run backwards from the live ones, so the last row of the past and the
first poll meet. Sleeping inverters have no rows, as they would have given none.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from domain.frame import DEVICE, INSTANT
from domain.plant import DeviceKind
from domain.timespan import Interval
from simulator.counters import Counters
from simulator.energy import EnergyBook
from simulator.faults import FaultKind
from simulator.groups import Group
from simulator.noise import Floats
from simulator.sky import Sky
from simulator.snapshot import Observer, Snapshot

_NOT_IN_PAST = frozenset({"device_time_epoch_s"})


class Past(Protocol):
    """What history needs of a fleet."""

    book: EnergyBook
    sky: Sky
    observer: Observer
    counters: Counters
    groups: tuple[Group, ...]

    def table(self, one: Group, shot: Snapshot, names: tuple[str, ...]) -> dict[str, Floats]:
        """Return what a group says."""
        ...


Table = tuple[tuple[str, ...], pd.DataFrame]


def days_of(fleet: Past, interval: Interval, every: timedelta) -> Iterator[list[Table]]:
    """Yield the (quantities, table) of every profile in [start, end), a list a solar day, newest day first.

    Each table has ``device_id`` (categorical), ``measured_at`` (datetime64[ns, UTC]) and a float column per
    quantity; rows are at whole multiples of ``every`` since the epoch.
    """
    step_s = every.total_seconds()
    first_s, last_s = interval.start.timestamp(), interval.end.timestamp()
    book, sky = fleet.book, fleet.sky
    newest = sky.solar_day(last_s)
    made, energy_wh = book.today, book.day_start_wh
    for day in range(book.current_day, sky.solar_day(first_s) - 1, -1):
        if day < book.current_day:
            made = book.day(day)
            energy_wh = energy_wh - made.total_wh
        if day > newest:
            continue
        start_s = sky.day_start_s(day)
        begin = np.ceil(max(first_s, start_s) / step_s)
        end = np.ceil(min(last_s, start_s + 86_400.0) / step_s)
        at = np.asarray(np.arange(begin, end) * step_s, dtype=np.float64)
        if at.size:
            today = made.at(at)
            shot = fleet.observer.look(at, energy_wh + today, today)
            yield [table for one in fleet.groups for table in _group_rows(fleet, one, shot)]


def _group_rows(fleet: Past, one: Group, shot: Snapshot) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    names = tuple(name for name in one.live_quantities if name not in _NOT_IN_PAST)
    table = fleet.table(one, shot, names)
    there = _answering(fleet, one, shot)
    if not there.any():
        return
    instants = pd.to_datetime(np.round(shot.epoch_s * 1e9).astype(np.int64), utc=True)
    # device by device, as stores like it
    row_device, row_instant = np.nonzero(there.T)
    columns: dict[str, object] = {
        DEVICE: pd.Categorical.from_codes(row_device, pd.Index([device.device_id for device in one.devices])),
        INSTANT: instants[row_instant].as_unit("ns"),
    }
    for name, values in table.items():
        columns[name] = _as_read(values.T[there.T], one.gauge_steps.get(name))
    yield tuple(table), pd.DataFrame(columns, copy=False)


def _as_read(values: Floats, step: float | None) -> Floats:
    """Cut values to what a register shows, so that rows of the past look (and compress) like polled ones."""
    if step is None or step <= 0:
        return values
    counts = np.round(values / step)
    per_unit = round(1.0 / step)
    # dividing by a whole number gives the double nearest to the decimal; multiplying by 0.1 does not
    return np.asarray(counts / per_unit if per_unit > 1 else counts * step)


def _answering(fleet: Past, one: Group, shot: Snapshot) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which device had answered when, [instants, devices]."""
    there = np.ones((shot.instants, len(one.devices)), dtype=np.bool_)
    if one.kind is DeviceKind.INVERTER:
        there = shot.sky.awake[:, fleet.observer.field.inverters.plant[one.columns]].copy()
    faults = fleet.observer.faults
    for fault in faults.between(
        frozenset({FaultKind.DEAD_UNIT, FaultKind.DEAD_GATEWAY}),
        float(shot.epoch_s[0]),
        float(shot.epoch_s[-1]),
    ):
        silent = (shot.epoch_s >= fault.start_s) & (shot.epoch_s < fault.end_s)
        for column, device in enumerate(one.devices):
            if device.device_id in fault.device_ids:
                there[silent, column] = False
    return there
