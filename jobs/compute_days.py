"""Figures and losses of every plant's days: expected energy, performance, availability, what was lost to what.

The model of a unit is learnt over the weeks of the window; the newest days are kept again every evening, so late
data of a week come in, and a plant that has none yet gets all of the window.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from domain.clock import Clock
from domain.day_figures import DayFigures, DayLoss
from domain.errors import StoppedError
from domain.plant import DeviceKind, Plant, Registry
from domain.price import PriceOf, no_prices
from domain.series import PlantSeries
from domain.timespan import Interval, floor_to
from jobs.alert_series import Window, parcels
from jobs.evaluate_alerts import StopsOf, no_stops, trimmed
from kpis.build_series import AMBIENT_C, GHI, POA, own_gauge
from kpis.data_quality import POWER
from kpis.expected import OWN
from kpis.losses import priced
from kpis.prepare import Others, lendable, prepared
from kpis.series_daily import DeviceDays, SeriesDays, daily_of
from stores.day_protocol import DayStore
from stores.protocol import MeasurementStore

STEP_S = 900.0
WINDOW_DAYS = 60
_LENGTH = round(timedelta(days=WINDOW_DAYS).total_seconds() / STEP_S)
AGAIN_DAYS = 7


class DayBooks:
    """Computes and keeps the days of every plant.

    Parameters
    ----------
    store, days, registry, clock : where samples come from, where days go, whose, and field time.
    price_of : what a kilowatt-hour of a day was worth.
    stops : maintenance tags and announced outages; what was lost in them is theirs.
    """

    def __init__(
        self,
        store: MeasurementStore,
        days: DayStore,
        registry: Registry,
        clock: Clock,
        price_of: PriceOf = no_prices,
        stops: StopsOf = no_stops,
    ) -> None:
        self._store = store
        self._days = days
        self._registry = registry
        self._clock = clock
        self._price_of = price_of
        self._stops = stops

    def run(self, period: datetime | None = None, *, stopping: Callable[[], bool] = lambda: False) -> str:  # noqa: ARG002
        """Compute the newest days of every plant that is collected; return a line for the job table.

        Raises
        ------
        StoppedError
            The program ends; the plants before this one are kept, and the period comes again.
        """
        until = floor_to(self._clock.now(), STEP_S)
        others = self._others(until)
        count = 0
        plants = self._registry.plants_by_id
        for own in parcels(self._registry, _LENGTH):
            if stopping():
                raise StoppedError(
                    "the program ends; the days of the plants left are computed when it runs again"
                )
            for series in self._window(own).read_until(until):
                count += self._plant(plants[series.plant_id], trimmed(series), others)
        return f"{count} plant days"

    def _window(self, plant_ids: Sequence[str] | None = None) -> Window:
        return Window(self._store, self._registry, STEP_S, _LENGTH, plant_ids)

    def _others(self, until: datetime) -> Others:
        """Return what plants can lend one another: light, and power that tells of the sky."""
        window = replace(
            self._window(),
            kinds=(DeviceKind.INVERTER, DeviceKind.WEATHER_STATION),
            quantities=frozenset({POWER, POA, GHI, AMBIENT_C}),
        )
        plants = self._registry.plants_by_id
        found = []
        for series in window.read_until(until):
            light = own_gauge(series, POA)
            lit = replace(series, irradiance_poa_w_m2=light, irradiance_source="" if light is None else OWN)
            found.append((plants[series.plant_id], lendable(lit)))
        return found

    def _plant(self, plant: Plant, series: PlantSeries, others: Others) -> int:
        if not len(series.instants):
            return 0
        told = daily_of(prepared(series, plant, others).series, plant, self._stops(_span(series)))
        days = told.days.days
        known = self._days.day_figures(plant.plant_id, days[0], days[-1])
        chosen = set(days[-AGAIN_DAYS:] if known else days)
        figures = [each for row in told.rows for each in _figures(plant, row, told) if each.day in chosen]
        losses = [each for each in _losses(plant, told, self._price_of) if each.day in chosen]
        self._days.put_days(plant.plant_id, sorted(chosen), figures, losses)
        return len(chosen)


def _span(series: PlantSeries) -> Interval:
    first, last = (
        datetime.fromtimestamp(float(at.astype("int64")) / 1e9, UTC) for at in series.instants[[0, -1]]
    )
    return Interval(first, last + timedelta(seconds=series.step_s))


def _figures(plant: Plant, row: DeviceDays, told: SeriesDays) -> list[DayFigures]:
    columns = (
        row.energy_kwh, row.expected_kwh, row.lost_kwh, row.performance_ratio, row.time_availability,
        row.completeness,
    )  # fmt: skip
    return [
        DayFigures(plant.plant_id, row.device_id, day, *(_known(column[place]) for column in columns))
        for place, day in enumerate(told.days.days)
    ]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _losses(plant: Plant, told: SeriesDays, price_of: PriceOf) -> list[DayLoss]:
    found = []
    for book in told.ledgers.values():
        for loss in book.losses:
            money = priced(loss, plant.plant_id, price_of)
            fen = (None, None) if money is None else (money.benchmark_fen, money.subsidy_fen)
            parts = (loss.lost_kwh, loss.low_kwh, loss.high_kwh)
            place = (plant.plant_id, loss.device_id, loss.day, loss.cause.value)
            found.append(DayLoss(*place, *parts, loss.method, *fen))
    return found
