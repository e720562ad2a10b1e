"""A plant by days: expected beside produced, what was lost to what, and its inverters ranked among themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.day_figures import DayFigures, DayLoss
from domain.errors import AccessDeniedError
from domain.plant import Device, DeviceKind, Plant
from domain.timespan import day_of
from kpis.baseline import Baseline, baseline
from queries.meter_months import end_of_month
from queries.sources import Sources

SHOWN_DAYS = 31
RANKED_DAYS = 7
PEERS_MIN = 4


@dataclass(frozen=True, slots=True)
class CauseLoss:
    """Energy lost by one cause over some days, its range, and its worth; ``fen`` None: a day has no tariff."""

    cause: str
    lost_kwh: float
    low_kwh: float
    high_kwh: float
    benchmark_fen: int | None
    subsidy_fen: int | None

    @property
    def fen(self) -> int | None:
        """Both parts together."""
        if self.benchmark_fen is None or self.subsidy_fen is None:
            return None
        return self.benchmark_fen + self.subsidy_fen


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From expected to produced over a span of days, both included; None: not every part is known."""

    first: date
    last: date
    expected_kwh: float | None
    produced_kwh: float | None
    losses: tuple[CauseLoss, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One inverter among its peers over some days: ``ratio`` of its specific yield to the median; None: too few."""

    device: Device
    yield_h: float | None
    ratio: float | None
    time_availability: float | None
    lost_kwh: float | None


@dataclass(frozen=True, slots=True)
class PlantDays:
    """What is kept of a plant's days, oldest first; empty: nothing was computed yet.

    ``shown`` is the day whose losses ``day`` tells, ``month`` those of its month; ``day`` None: nothing is kept of it.
    ``today`` is the last day that can be asked for.
    """

    plant: Plant
    days: tuple[DayFigures, ...] = ()
    day: Waterfall | None = None
    month: Waterfall | None = None
    ranking: tuple[Ranked, ...] = field(default=())
    baseline: Baseline = field(default=Baseline(0))
    shown: date | None = None
    today: date | None = None
    last: DayFigures | None = None


@guarded
class PlantDaysQuery:
    """Days of plants in a reader's scope."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @require(Permission.VIEW_PLANT)
    def view(self, principal: Principal, plant_id: str, day: date | None = None) -> PlantDays:
        """Return the last weeks of a plant with the losses of ``day`` (without one, of the last day known).

        The days shown are those around an earlier day; ranking and baseline are always of now.

        Raises
        ------
        AccessDeniedError
            The plant is outside the reader's scope.
        """
        registry, store = self._sources.registry, self._sources.days
        plant = registry.plants_by_id.get(plant_id)
        if plant is None or not principal.sees_plant(plant, registry):
            raise AccessDeniedError(f"no plant {plant_id[:40]!r} within the scope of {principal.user_id}")
        today = day_of(self._sources.clock.now(), plant.time_zone)
        asked = None if day is None or day > today else day
        if store is None:
            return PlantDays(plant, shown=asked, today=today)
        recent = store.day_figures(plant_id, today - timedelta(days=SHOWN_DAYS - 1), today)
        first, end = _window(asked, today)
        figures = recent if end == today else store.day_figures(plant_id, first, end)
        whole, known = _whole(figures), _whole(recent)
        if not whole:
            return PlantDays(plant, shown=asked, today=today)
        shown = asked or whole[-1].day
        last = (known or whole)[-1]
        losses = store.day_losses(plant_id, shown.replace(day=1), end)
        month = [each for each in whole if (each.day.year, each.day.month) == (shown.year, shown.month)]
        own = [each for each in whole if each.day == shown]
        return PlantDays(
            plant,
            tuple(whole),
            _waterfall(own, [each for each in losses if each.day == shown]) if own else None,
            _waterfall(month, losses) if month else None,
            ranking_of(
                plant,
                [each for each in recent if each.device_id and each.day > last.day - timedelta(RANKED_DAYS)],
            ),
            self._baseline(plant, last.day),
            shown,
            today,
            last,
        )

    def _baseline(self, plant: Plant, last: date) -> Baseline:
        """Return how the month and the year stand against the design and the year before."""
        first = date(last.year - 1, 1, 1)
        rows = self._sources.store.daily([plant.plant_id], first, last)
        told = {
            one.day: one.produced_energy_kwh if one.exported_energy_kwh is None else one.exported_energy_kwh
            for one in rows
        }
        return baseline(plant, {day: kwh for day, kwh in told.items() if kwh is not None}, last)


def _window(asked: date | None, today: date) -> tuple[date, date]:
    """Return first and last of the days shown: the last weeks, or around an earlier day with all of its month."""
    if asked is None or asked >= today - timedelta(days=SHOWN_DAYS - 1):
        return today - timedelta(days=SHOWN_DAYS - 1), today
    return asked.replace(day=1), min(end_of_month(asked), today)


def _whole(figures: Sequence[DayFigures]) -> list[DayFigures]:
    return [each for each in figures if not each.device_id and each.energy_kwh is not None]


def _waterfall(days: Sequence[DayFigures], losses: Sequence[DayLoss]) -> Waterfall:
    """Return the way from expected to produced: over the days of which both are known."""
    known = [each for each in days if each.expected_kwh is not None and each.lost_kwh is not None]
    expected = sum(each.expected_kwh or 0.0 for each in known) if known else None
    lost = sum(each.lost_kwh or 0.0 for each in known)
    chosen = {each.day for each in known}
    by_cause: dict[str, list[DayLoss]] = {}
    for each in losses:
        if each.day in chosen:
            by_cause.setdefault(each.cause, []).append(each)
    return Waterfall(
        days[0].day,
        days[-1].day,
        expected,
        None if expected is None else expected - lost,
        tuple(sorted((_cause(name, own) for name, own in by_cause.items()), key=lambda one: -one.lost_kwh)),
    )


def _cause(name: str, losses: Sequence[DayLoss]) -> CauseLoss:
    parts = [(each.benchmark_fen, each.subsidy_fen) for each in losses]
    known = all(benchmark is not None and subsidy is not None for benchmark, subsidy in parts)
    return CauseLoss(
        name,
        sum(each.lost_kwh for each in losses),
        sum(each.low_kwh for each in losses),
        sum(each.high_kwh for each in losses),
        sum(benchmark or 0 for benchmark, _ in parts) if known else None,
        sum(subsidy or 0 for _, subsidy in parts) if known else None,
    )


def ranking_of(plant: Plant, figures: Sequence[DayFigures]) -> tuple[Ranked, ...]:
    """Return the inverters, the weakest first, those that cannot be ranked last."""
    by_device: dict[str, list[DayFigures]] = {}
    for each in figures:
        by_device.setdefault(each.device_id, []).append(each)
    units = [device for device in plant.devices_of(DeviceKind.INVERTER) if device.device_id in by_device]
    yields = {device.device_id: _yield_h(device, by_device[device.device_id]) for device in units}
    told = [value for value in yields.values() if value is not None]
    middle = median(told) if len(told) >= PEERS_MIN else None
    ranked = [_ranked(device, by_device[device.device_id], yields, middle) for device in units]
    return tuple(sorted(ranked, key=lambda one: (one.ratio is None, one.ratio or 0.0, one.device.device_id)))


def _yield_h(device: Device, days: Sequence[DayFigures]) -> float | None:
    if device.dc_capacity_kw <= 0 or any(each.energy_kwh is None for each in days):
        return None
    return sum(each.energy_kwh or 0.0 for each in days) / device.dc_capacity_kw


def _ranked(
    device: Device, days: Sequence[DayFigures], yields: Mapping[str, float | None], middle: float | None
) -> Ranked:
    own = yields[device.device_id]
    ratio = None if own is None or not middle else own / middle
    shares = [each.time_availability for each in days if each.time_availability is not None]
    lost = [each.lost_kwh for each in days if each.lost_kwh is not None]
    return Ranked(
        device,
        own,
        ratio,
        sum(shares) / len(shares) if shares else None,
        sum(lost) if lost else None,
    )
