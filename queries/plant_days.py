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
    """What is kept of a plant's days, oldest first; empty: nothing was computed yet."""

    plant: Plant
    days: tuple[DayFigures, ...] = ()
    day: Waterfall | None = None
    month: Waterfall | None = None
    ranking: tuple[Ranked, ...] = field(default=())
    baseline: Baseline = field(default=Baseline(0))


@guarded
class PlantDaysQuery:
    """Days of plants in a reader's scope."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @require(Permission.VIEW_PLANT)
    def view(self, principal: Principal, plant_id: str) -> PlantDays:
        """Return the last weeks of a plant; AccessDeniedError outside the scope."""
        registry, store = self._sources.registry, self._sources.days
        plant = registry.plants_by_id.get(plant_id)
        if plant is None or not principal.sees_plant(plant, registry):
            raise AccessDeniedError(f"no plant {plant_id[:40]!r} within the scope of {principal.user_id}")
        if store is None:
            return PlantDays(plant)
        today = day_of(self._sources.clock.now(), plant.time_zone)
        figures = store.day_figures(plant_id, today - timedelta(days=SHOWN_DAYS - 1), today)
        whole = [each for each in figures if not each.device_id and each.energy_kwh is not None]
        if not whole:
            return PlantDays(plant)
        last = whole[-1].day
        losses = store.day_losses(plant_id, last.replace(day=1), last)
        month = [each for each in whole if each.day >= last.replace(day=1)]
        return PlantDays(
            plant,
            tuple(whole),
            _waterfall([whole[-1]], [each for each in losses if each.day == last]),
            _waterfall(month, losses),
            ranking_of(
                plant,
                [each for each in figures if each.device_id and each.day > last - timedelta(RANKED_DAYS)],
            ),
            self._baseline(plant, last),
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
