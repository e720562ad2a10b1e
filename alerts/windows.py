"""Counting back in time: over instants that count, and over local days."""

from datetime import UTC, datetime
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from alerts.judgement import UNKNOWN, Bools, Verdicts
from alerts.scene import Scene
from domain.series import Floats, Instants

Ints = npt.NDArray[np.int64]
_T = TypeVar("_T", bound=np.generic)
_AWAKE_DEG = 5.0
_SHORT = 512


def true_of_last(true: Bools, counted: Bools, last: int) -> Ints:
    """Return how many of the last ``last`` counted instants were true, row by row [rows, instants].

    Instants that do not count hold the number of the last one that did.
    """
    return _of_short(true, counted, last) if true.shape[1] <= _SHORT else _of_long(true, counted, last)


def _of_short(true: Bools, counted: Bools, last: int) -> Ints:
    """All rows at once; it needs several times the room of its arguments."""
    rows, _ = np.nonzero(counted)
    if rows.size == 0:
        return np.zeros(true.shape, dtype=np.int64)
    total = np.concatenate([[0], np.cumsum(true[counted])])
    first = np.concatenate([[0], np.cumsum(counted.sum(axis=1))])[:-1]
    place = np.arange(rows.size)
    in_last = total[1:] - total[np.maximum(place + 1 - last, first[rows])]
    held = np.cumsum(counted, axis=1) - 1
    return np.where(held >= 0, in_last[np.minimum(first[:, None] + np.maximum(held, 0), rows.size - 1)], 0)


def _of_long(true: Bools, counted: Bools, last: int) -> Ints:
    """Row by row."""
    found = np.zeros(true.shape, dtype=np.int64)
    for number, (row, counts) in enumerate(zip(true, counted, strict=True)):
        where = np.flatnonzero(counts)
        if where.size == 0 or not row.any():
            continue
        total = np.concatenate([[0], np.cumsum(row[where])])
        back = np.maximum(np.arange(1, where.size + 1) - last, 0)
        in_last = total[1:] - total[back]
        held = np.searchsorted(where, np.arange(true.shape[1]), side="right") - 1
        found[number] = np.where(held >= 0, in_last[np.maximum(held, 0)], 0)
    return found


def local_offset_s(instants: Instants, zone: str) -> Ints:
    """Return local time minus UTC at each instant, by the history of the zone. [s]

    A day whose offset is the same at both ends has it throughout; others are asked hour by hour.
    """
    place = ZoneInfo(zone)

    def offset(epoch_s: int) -> int:
        shift = datetime.fromtimestamp(epoch_s, UTC).astimezone(place).utcoffset()
        return 0 if shift is None else int(shift.total_seconds())

    epoch_s = instants.astype("datetime64[s]").astype(np.int64)
    found = np.empty(len(epoch_s), dtype=np.int64)
    days, where = np.unique(epoch_s // 86_400, return_inverse=True)
    for number, day in enumerate(days.tolist()):
        rows = where == number
        first, last = offset(day * 86_400), offset((day + 1) * 86_400)
        if first == last:
            found[rows] = first
        else:
            found[rows] = [offset(each // 900 * 900) for each in epoch_s[rows].tolist()]
    return found


class Days:
    """The local days of a scene: where each begins, and values gathered by day."""

    def __init__(self, scene: Scene, zone: str | None = None) -> None:
        self._scene = scene
        zone = zone or scene.plants[0].zone or "UTC"
        epoch_s = scene.instants.astype("datetime64[s]").astype(np.int64)
        self.local_s: Ints = epoch_s + local_offset_s(scene.instants, zone)
        self.ordinal: Ints = self.local_s // 86_400
        edges = np.flatnonzero(np.diff(self.ordinal)) + 1
        self.first: Ints = np.concatenate([[0], edges]).astype(np.int64)
        self.last: Ints = np.concatenate([edges, [scene.length]]).astype(np.int64) - 1
        self.index: Ints = np.cumsum(np.concatenate([[0], np.diff(self.ordinal) != 0])).astype(np.int64)

    @property
    def count(self) -> int:
        """Number of days, of which the first and last may be incomplete."""
        return len(self.first)

    @cached_property
    def hour(self) -> Floats:
        """Local time of day of each instant. [h]"""
        return np.asarray((self.local_s % 86_400) / 3600.0)

    @cached_property
    def stamp(self) -> Ints:
        """Instant at which a day is judged [plants, days]: the last with the sun up, else the day's last."""
        up = self._scene.elevation_deg > _AWAKE_DEG
        found = np.tile(self.last, (len(self._scene.plants), 1))
        for plant, row in enumerate(up):
            for day, (first, last) in enumerate(zip(self.first, self.last, strict=True)):
                where = np.flatnonzero(row[first : last + 1])
                if where.size:
                    found[plant, day] = first + where[-1]
        return found

    @cached_property
    def over(self) -> Bools:
        """Whether a day's daylight is over by the end of the scene [plants, days]."""
        found = np.ones((len(self._scene.plants), self.count), dtype=np.bool_)
        full = round(86_400 / self._scene.step_s)
        if self.last[-1] - self.first[-1] + 1 >= full * 0.95:
            return found
        for plant, row in enumerate(self._scene.elevation_deg):
            day = row[self.first[-1] :]
            up = np.flatnonzero(day > _AWAKE_DEG)
            dusk = up.size > 0 and up[-1] + 1 < len(day)
            found[plant, -1] = bool(dusk) and self.hour[-1] > 12.0
        return found

    def sum(self, values: Floats, where: Bools | None = None) -> Floats:
        """Return sums by day of what is there, 0 where nothing is [rows, days]."""
        kept = np.where(np.isfinite(values) & (True if where is None else where), values, 0.0)
        return np.asarray(np.add.reduceat(kept, self.first, axis=1))

    def count_of(self, true: Bools) -> Ints:
        """Return how many instants of each day are true [rows, days]."""
        return np.asarray(np.add.reduceat(true.astype(np.int64), self.first, axis=1))

    def gathered(self, values: Floats, columns: Bools | None = None) -> Floats:
        """Return values by day [rows, days, instants of a day], NaN where a day is shorter.

        ``columns`` leaves out whole instants (a half hour of every day, say).
        """
        index = self._positions(columns)
        if index.shape[1] == 0:
            return np.full((len(values), self.count, 1), np.nan)
        padded = np.concatenate([values, np.full((len(values), 1), np.nan)], axis=1)
        return padded[:, index]

    def _positions(self, columns: Bools | None) -> Ints:
        chosen = np.arange(self._scene.length) if columns is None else np.flatnonzero(columns)
        day = self.index[chosen]
        rank = np.arange(len(chosen)) - np.searchsorted(day, day)
        found = np.full((self.count, int(rank.max()) + 1 if rank.size else 0), -1, dtype=np.int64)
        found[day, rank] = chosen
        return found

    def median(self, values: Floats, where: Bools, least: int = 1, columns: Bools | None = None) -> Floats:
        """Return medians by day of values that count, NaN where there are fewer than ``least`` [rows, days]."""
        return middle_of(self.gathered(np.where(where, values, np.nan), columns), least)

    def max(self, values: Floats) -> Floats:
        """Return the greatest value of each day, NaN where there is none [rows, days]."""
        found = np.maximum.reduceat(np.where(np.isfinite(values), values, -np.inf), self.first, axis=1)
        return np.where(np.isfinite(found), found, np.nan)

    def place(self, by_day: Verdicts, plant_of: Ints) -> Verdicts:
        """Return verdicts by day as verdicts at the instant each day is judged [rows, instants]."""
        found = np.full((len(by_day), self._scene.length), UNKNOWN, dtype=np.int8)
        rows = np.arange(len(by_day))[:, None]
        said = np.where(self.over[plant_of], by_day, UNKNOWN)
        found[rows, self.stamp[plant_of]] = said
        return found

    def began(self, rows: int, back: int = 0) -> Ints:
        """Return the first instant of the day ``back`` days before each instant's own [rows, instants]."""
        first = self.first[np.maximum(self.index - back, 0)]
        return np.broadcast_to(first, (rows, len(first)))

    def began_on(self, day: Ints) -> Ints:
        """Return at every instant the first instant of the day that a verdict of its day reaches back to."""
        return self.first[self.spread(day)]

    def spread(self, by_day: npt.NDArray[_T]) -> npt.NDArray[_T]:
        """Return values by day at every instant of the day [rows, instants]."""
        return by_day[:, self.index]


def days_of(scene: Scene) -> Days:
    """Return the days of a scene, worked out once."""
    if "days" not in scene.memory:
        scene.memory["days"] = Days(scene)
    found: Days = scene.memory["days"]
    return found


def days_true(by_day: Bools, known: Bools, need: int, last: int) -> Bools:
    """Return where at least ``need`` of the ``last`` known days were true [rows, days]."""
    return np.asarray((true_of_last(by_day, known, last) >= need) & known)


def first_true(by_day: Bools, known: Bools, last: int) -> Ints:
    """Return the first true one of the ``last`` known days up to each day, each day itself where none was."""
    found = np.tile(np.arange(by_day.shape[1]), (len(by_day), 1))
    for row in np.flatnonzero((by_day & known).any(axis=1)).tolist():
        days = np.flatnonzero(known[row])
        count = len(days)
        place = np.where(by_day[row, days], np.arange(count), count)
        following = np.minimum.accumulate(place[::-1])[::-1]
        first = following[np.maximum(np.arange(count) + 1 - last, 0)]
        found[row, days] = np.where(first <= np.arange(count), days[np.minimum(first, count - 1)], days)
    return found


def middle_of(values: Floats, least: int = 1) -> Floats:
    """Return the median over the last axis of values that are there, NaN where fewer than ``least`` are."""
    ordered = np.sort(values, axis=-1)
    count = np.isfinite(ordered).sum(axis=-1)
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.minimum(count // 2, ordered.shape[-1] - 1)[..., None]
    middle = (np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1))[..., 0] / 2.0
    return np.asarray(np.where(count >= max(least, 1), middle, np.nan))


def before(by_day: Floats, back: int, least: int = 1, gap: int = 0) -> Floats:
    """Return the median of the ``back`` days before each day, ``gap`` nearest left out, NaN for too few."""
    if by_day.shape[1] == 0:
        return by_day
    padded = np.concatenate([np.full((len(by_day), back + gap), np.nan), by_day], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, back, axis=1)
    return middle_of(windows[:, : by_day.shape[1]], least)


def longest_step(counter: Floats) -> Floats:
    """Return by how much a counter grew over each gap, told at every instant of the gap, NaN elsewhere."""
    found = np.full(len(counter), np.nan)
    known = np.flatnonzero(np.isfinite(counter) & (counter > 0))
    for position in np.flatnonzero(np.diff(known) > 1).tolist():
        start, stop = known[position], known[position + 1]
        found[start + 1 : stop] = counter[stop] - counter[start]
    return found
