"""Comparison: any quantities of any devices over any span, the strings of an inverter for a day, a ranking of plants.

The width of a bucket follows from the span, so that a chart holds some two thousand points whatever was asked;
the store averages, gaps stay gaps. Asked for by addresses, so everything that comes in is doubted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.errors import AccessDeniedError
from domain.plant import Device, DeviceKind, Plant
from domain.quantity import is_known, quantity
from domain.timespan import Interval, local_day
from queries.curves import Floats, buckets
from queries.devices import POWER
from queries.sources import Sources

PICKS_MAX = 12
POINTS_MAX = 2_200
DAYS_MAX = 3_660
STRINGS_MAX = 32
PLANT_POWER, PLANT_ENERGY = "plant_power", "plant_energy"
_EARLIEST = date(2000, 1, 1)
_STEPS = tuple(timedelta(minutes=m) for m in (5, 10, 15, 30, 60, 120, 240, 480, 1440))
_WIDEST_GUESS = timedelta(hours=1)
_STRING_STEP = timedelta(minutes=10)
_UNITS = {PLANT_POWER: "kW", PLANT_ENERGY: "kWh"}


@dataclass(frozen=True, slots=True)
class Pick:
    """One line that is asked for: a plant or a device, and what of it."""

    subject_id: str
    quantity: str

    def __str__(self) -> str:
        return f"{self.subject_id}:{self.quantity}"


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: values per bucket, NaN in gaps; ``shifted`` is the same period a year before."""

    pick: Pick
    plant: Plant
    device: Device | None
    unit: str
    values: Floats
    shifted: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Lines over one axis. ``step_s`` is the width of a bucket; ``unit_refused`` were left out: a third unit."""

    start: datetime
    first: date
    last: date
    step_s: float
    curves: tuple[Curve, ...]
    unit_refused: tuple[Pick, ...] = ()


@dataclass(frozen=True, slots=True)
class StringHeat:
    """Currents of the strings of an inverter over a day; rows are strings that ever reported. [A]"""

    device: Device
    day: date
    start: datetime
    step_s: float
    strings: tuple[int, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class RankRow:
    """A plant over the span, from kept daily KPIs; None where nothing is known. ``before_h`` a year before."""

    plant: Plant
    hours_h: float | None
    produced_kwh: float | None
    exported_kwh: float | None
    completeness: float | None
    days: int
    before_h: float | None


def picks_of(text: str) -> list[Pick]:
    """Return the lines an address asks for, each once; what does not look like one is left out."""
    found: dict[Pick, None] = {}
    for part in text.split(",")[: 4 * PICKS_MAX]:
        subject, _, name = part.strip().partition(":")
        if subject and (name in _UNITS or is_known(name)):
            found[Pick(subject, name)] = None
    return list(found)[:PICKS_MAX]


def unit_of(name: str) -> str:
    """Return the unit of what is drawn."""
    return _UNITS.get(name) or quantity(name).unit


def span_of(first: str, last: str, today: date) -> tuple[date, date]:
    """Return the days of an address: in order, not after today, ten years at most; today where they are no days."""
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return today, today
    start, end = max(min(start, end), _EARLIEST), min(max(start, end, _EARLIEST), today)
    start = min(start, end)
    return max(start, end - timedelta(days=DAYS_MAX)), end


def step_for(days: int) -> timedelta:
    """Return the width of a bucket that keeps a chart at some two thousand points."""
    span = timedelta(days=days)
    return next((step for step in _STEPS if span / step <= POINTS_MAX), _STEPS[-1])


@guarded
class Compare:
    """Queries of the comparison page."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @require(Permission.VIEW_PLANT)
    def plants(self, principal: Principal) -> tuple[Plant, ...]:
        """Return the plants to choose from."""
        return principal.plants(self._sources.registry)

    @require(Permission.VIEW_PLANT)
    def curves(
        self,
        principal: Principal,
        picks: Sequence[Pick],
        first: date,
        last: date,
        *,
        year_before: bool = False,
    ) -> Comparison:
        """Return the lines asked for that are in scope; two units at most, the first two named."""
        step = step_for((last - first).days + 1)
        if any(pick.quantity == PLANT_ENERGY for pick in picks):
            step = timedelta(days=1)
        found = self._drawn(principal, picks, first, last, step, year_before=year_before)
        while _scattered(found.curves) and step < _WIDEST_GUESS:
            step = next(wider for wider in _STEPS if wider > step)
            found = self._drawn(principal, picks, first, last, step, year_before=year_before)
        return found

    def _drawn(
        self,
        principal: Principal,
        picks: Sequence[Pick],
        first: date,
        last: date,
        step: timedelta,
        *,
        year_before: bool,
    ) -> Comparison:
        units: dict[str, None] = {}
        drawn: list[Curve] = []
        refused: list[Pick] = []
        for pick in picks:
            place = self._place(principal, pick.subject_id)
            if place is None or (place[1] is None) != (pick.quantity in _UNITS):
                continue
            unit = unit_of(pick.quantity)
            if unit not in units and len(units) == 2:
                refused.append(pick)
                continue
            units[unit] = None
            values = self._values(pick, place, first, last, step)
            drawn.append(Curve(pick, *place, unit, values))
            if year_before:
                earlier = self._values(pick, place, _year_before(first), _year_before(last), step)
                drawn.append(Curve(pick, *place, unit, _as_long(earlier, len(values)), shifted=True))
        start = local_day(first).start
        return Comparison(start, first, last, step.total_seconds(), tuple(drawn), tuple(refused))

    @require(Permission.VIEW_PLANT)
    def strings(self, principal: Principal, device_id: str, day: date) -> StringHeat:
        """Return the currents of an inverter's strings over a day.

        Raises
        ------
        AccessDeniedError
            There is no such inverter in scope.
        """
        place = self._place(principal, device_id)
        if place is None or place[1] is None or place[1].kind is not DeviceKind.INVERTER:
            raise AccessDeniedError(
                f"inverter {device_id[:40]!r} is not within the scope of {principal.user_id}"
            )
        interval = local_day(day)
        names = [f"dc_string_{number:02d}_current_a" for number in range(1, STRINGS_MAX + 1)]
        frame = self._sources.store.read([device_id], names, interval, every=_STRING_STEP).good()
        shown = [n for n, name in enumerate(names, 1) if name in frame and frame[name].notna().any()]
        rows = [buckets(frame["measured_at"], frame[names[n - 1]], interval, _STRING_STEP) for n in shown]
        values = np.vstack(rows) if rows else np.full((0, 144), np.nan)
        return StringHeat(place[1], day, interval.start, _STRING_STEP.total_seconds(), tuple(shown), values)

    @require(Permission.VIEW_PLANT)
    def ranking(self, principal: Principal, first: date, last: date) -> list[RankRow]:
        """Return the plants in scope by equivalent hours, those without any last; beside them a year before."""
        plants = self.plants(principal)
        ids = [plant.plant_id for plant in plants]
        now = self._daily(ids, first, last)
        before = self._daily(ids, _year_before(first), _year_before(last))
        rows = [_rank_row(plant, now.get(plant.plant_id), before.get(plant.plant_id)) for plant in plants]
        return sorted(rows, key=lambda row: (row.hours_h is None, -(row.hours_h or 0.0), row.plant.plant_id))

    # ------------------------------------------------------------------ helpers

    def _place(self, principal: Principal, subject_id: str) -> tuple[Plant, Device | None] | None:
        registry = self._sources.registry
        device = registry.devices_by_id.get(subject_id)
        plant = registry.plants_by_id.get(subject_id if device is None else device.plant_id)
        if plant is None or not principal.sees_plant(plant, registry):
            return None
        return plant, device

    def _values(
        self, pick: Pick, place: tuple[Plant, Device | None], first: date, last: date, step: timedelta
    ) -> Floats:
        plant, device = place
        interval = Interval(local_day(first).start, local_day(last).end)
        store = self._sources.store
        if pick.quantity == PLANT_ENERGY:
            known = {k.day: k.produced_energy_kwh for k in store.daily([plant.plant_id], first, last)}
            days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
            return np.array(
                [np.nan if known.get(day) is None else known[day] for day in days], dtype=np.float64
            )
        now = self._sources.clock.now()
        asked = Interval(interval.start, min(interval.end, max(now, interval.start) + timedelta(seconds=1)))
        if device is None:
            ids = [one.device_id for one in plant.devices_of(DeviceKind.INVERTER)]
            if not ids:
                return buckets(pd.Series(dtype=float), pd.Series(dtype=float), interval, step)
            found = store.power_curves({plant.plant_id: ids}, POWER, asked, step)
            return buckets(found["instant"], found["value"], interval, step) * 1e-3
        frame = store.read([device.device_id], [pick.quantity], asked, every=step).good()
        values = frame[pick.quantity] if pick.quantity in frame else pd.Series(np.nan, index=frame.index)
        return buckets(frame["measured_at"], values, interval, step)

    def _daily(self, ids: Sequence[str], first: date, last: date) -> dict[str, pd.DataFrame]:
        kept = self._sources.store.daily(ids, first, last)
        if not kept:
            return {}
        frame = pd.DataFrame(
            {
                "plant": [k.plant_id for k in kept],
                "hours": pd.Series([k.equivalent_hours_h for k in kept], dtype=float),
                "produced": pd.Series([k.produced_energy_kwh for k in kept], dtype=float),
                "exported": pd.Series([k.exported_energy_kwh for k in kept], dtype=float),
                "share": pd.Series([k.completeness for k in kept], dtype=float),
            }
        )
        return {str(name): part for name, part in frame.groupby("plant")}


def _scattered(curves: Sequence[Curve]) -> bool:
    """Tell whether a curve is single points: its device reports more seldom than a bucket is wide."""
    for curve in curves:
        known = np.isfinite(curve.values)
        if known.sum() >= 3 and (known[1:] & known[:-1]).sum() * 4 < known.sum():
            return True
    return False


def _year_before(day: date) -> date:
    return (
        day.replace(year=day.year - 1, day=28)
        if (day.month, day.day) == (2, 29)
        else day.replace(year=day.year - 1)
    )


def _as_long(values: Floats, count: int) -> Floats:
    """Return values cut or filled with gaps to a length: a leap year has one day more."""
    laid = np.full(count, np.nan)
    laid[: min(count, len(values))] = values[:count]
    return laid


def _rank_row(plant: Plant, now: pd.DataFrame | None, before: pd.DataFrame | None) -> RankRow:
    def total(frame: pd.DataFrame | None, name: str) -> float | None:
        return None if frame is None or not frame[name].notna().any() else float(frame[name].sum())

    share = None if now is None or not now["share"].notna().any() else float(now["share"].mean())
    return RankRow(
        plant,
        total(now, "hours"),
        total(now, "produced"),
        total(now, "exported"),
        share,
        0 if now is None else int(now["hours"].notna().sum()),
        total(before, "hours"),
    )
