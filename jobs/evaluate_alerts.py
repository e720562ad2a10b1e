"""Alerts, live: every minute the newest instants of every plant, every day the weeks behind it.

The store of alerts is what survives a restart: alerts that live are taken up again, and what was judged is not
judged twice. Late data change nothing here; the daily run sees them.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from alerts.catalog import KINDS
from alerts.context import Context, Meaning
from alerts.engine import judge_plant, settled
from alerts.rule import AlertRule
from alerts.watch import Changes, Watch
from domain.alert import Alert, AlertState
from domain.clock import Clock
from domain.errors import StoppedError
from domain.handling import PlannedStop
from domain.plant import Plant, Registry
from domain.series import Floats, PlantSeries
from domain.timespan import Interval, floor_to
from inverters.codes import Code, code_table
from jobs.alert_series import Window, lights_of, parcels
from jobs.live_windows import LiveWindows
from kpis.prepare import with_dirt
from stores.alert_protocol import AlertStore
from stores.protocol import MeasurementStore

STEP_S = 60.0
WINDOW_STEPS = 120
SETTLE = timedelta(seconds=60)  # values of a minute are in the store this much later
QUICK = timedelta(seconds=5)  # where everything is known to be in the store, this much later
DAY_STEP_S = 900.0
DAYS_BACK = 60
_EXPLAINS = timedelta(days=7)  # what ended longer ago explains no day that is still told


def meanings(profile: str, quantity: str, value: int) -> Sequence[Meaning]:
    """Return what a value of a status or alarm word means in common words."""
    table = code_table(profile)
    single = table.code(quantity, value)
    rows = ((single,) if single is not None else ()) + (table.active(quantity, value) if value else ())
    return tuple(_meaning(code) for code in rows)


def _meaning(code: Code) -> Meaning:
    return Meaning(code.category, code.rank, code.state.value, code.label, code.name_en)


def source_of(plant: Plant) -> str:
    """Return what a plant's data come through: the broker, or its own wire."""
    return next((g.protocol.value for g in plant.gateways if g.topic), plant.plant_id)


StopsOf = Callable[[Interval], Sequence[PlannedStop]]


def never_sure(until: datetime) -> bool:  # noqa: ARG001
    """Know nothing of what is on its way to the store."""
    return False


def no_stops(span: Interval) -> Sequence[PlannedStop]:  # noqa: ARG001
    """Know no planned stop."""
    return ()


def maintenance_of(stops: Sequence[PlannedStop], registry: Registry) -> dict[str, list[Interval]]:
    """Return the spans in which plants and devices are worked on or have no grid, by id."""
    found: dict[str, list[Interval]] = {}
    for stop in stops:
        plants = [each.plant_id for each in registry.plants if stop.feeder and each.feeder == stop.feeder]
        names = [stop.device_id] if stop.device_id else [stop.plant_id] if stop.plant_id else plants
        for name in names if stop.until > stop.start else ():
            found.setdefault(name, []).append(Interval(stop.start, stop.until))
    return found


def context_for(registry: Registry, base: Context | None = None) -> Context:
    """Return what the engine is told of a district."""
    return replace(base or Context(), plants=registry.plants_by_id, codes=meanings, source_of=source_of)


class AlertWatch:
    """The job of every minute.

    ``caught_up`` tells whether everything measured before an instant is in the store; then a minute is judged
    `QUICK` after its end, else after `SETTLE`.
    """

    def __init__(
        self,
        store: MeasurementStore,
        alerts: AlertStore,
        registry: Registry,
        clock: Clock,
        rules: Sequence[AlertRule],
        context: Context,
        stops: StopsOf = no_stops,
        caught_up: Callable[[datetime], bool] = never_sure,
    ) -> None:
        self._alerts = alerts
        self._clock = clock
        self._store = store
        self._caught_up = caught_up
        self._windows = LiveWindows(store, registry)
        quick = [rule for rule in rules if not KINDS[rule.rule_id].daily]
        self._watch = Watch(quick, context)
        self._registry = registry
        self._stops = stops
        self._plants = [plant.plant_id for plant in registry.plants]
        self._judged: datetime | None = None
        self._lock = threading.Lock()

    def step(self, period: datetime | None = None) -> str:  # noqa: ARG002 (what was judged says what is due)
        """Judge every whole minute that is settled; return a line for the job table."""
        with self._lock:
            now = self._clock.now()
            until = _floor(now - QUICK)
            if not self._caught_up(until):
                until = _floor(now - SETTLE)
            if self._judged is None:
                self._restore(now)
                self._judged = self._kept_mark() or until - timedelta(seconds=STEP_S)
            since = max(self._judged, until - timedelta(seconds=STEP_S * (WINDOW_STEPS // 2)))
            if since >= until:
                return "nothing new"
            window = Interval(until - timedelta(seconds=STEP_S * WINDOW_STEPS), until)
            worked_on = maintenance_of(self._stops(window), self._registry)
            self._watch.context = replace(self._watch.context, maintenance=worked_on)
            changes = self._watch.step(self._windows.read_until(until), since, until)
            self._keep(changes, until)
            self._judged = until
            return f"{changes.judged} judged, {len(changes.kept)} changed"

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Keep still while others judge; afterwards begin as after a restart, from what the store holds then."""
        with self._lock:
            yield
            self._judged = None
            self._windows = LiveWindows(self._store, self._registry)

    def _restore(self, now: datetime) -> None:
        self._alerts.forget_alerts([each.alert_id for each in self._alerts.pending_alerts()])
        lives = self._alerts.open_alerts()
        lives += self._alerts.resolved_since(now - timedelta(seconds=STEP_S * WINDOW_STEPS))
        self._watch.restore(each for each in lives if each.rule in KINDS and not KINDS[each.rule].daily)

    def _kept_mark(self) -> datetime | None:
        marks = [self._alerts.judged_until(plant_id) for plant_id in self._plants[:1]]
        return next((mark for mark in marks if mark is not None), None)

    def _keep(self, changes: Changes, until: datetime) -> None:
        if changes.forgotten:
            self._alerts.forget_alerts(changes.forgotten)
        if changes.kept:
            self._alerts.put_alerts(changes.kept, until)
        self._alerts.put_judged_until([(plant_id, until) for plant_id in self._plants[:1]])


def _floor(instant: datetime) -> datetime:
    return floor_to(instant, STEP_S)


class DailyAlerts:
    """The job of every day: rules that need weeks of days, one plant after the other."""

    def __init__(
        self,
        store: MeasurementStore,
        alerts: AlertStore,
        registry: Registry,
        clock: Clock,
        rules: Sequence[AlertRule],
        context: Context,
        stops: StopsOf = no_stops,
    ) -> None:
        self._store = store
        self._alerts = alerts
        self._registry = registry
        self._clock = clock
        self._rules = [rule for rule in rules if KINDS[rule.rule_id].daily or KINDS[rule.rule_id].weeks]
        self._context = context
        self._stops = stops

    def run(self, period: datetime | None = None, *, stopping: Callable[[], bool] = lambda: False) -> str:  # noqa: ARG002
        """Judge the last weeks of every plant; what still holds is open, what does not any more is ended.

        Raises
        ------
        StoppedError
            The program ends before every plant was judged; the period is not done and comes again.
        """
        until = floor_to(self._clock.now(), DAY_STEP_S)
        stops = self._stops(Interval(until - timedelta(days=DAYS_BACK), until))
        self._context = replace(self._context, maintenance=maintenance_of(stops, self._registry))
        count, length = 0, round(DAYS_BACK * 86_400 / DAY_STEP_S)
        ended = [each for each in self._alerts.resolved_since(until - _EXPLAINS) if each.fired_at is not None]
        lights = lights_of(self._store, self._registry, DAY_STEP_S, length, until)
        for own in parcels(self._registry, length):
            if stopping():
                raise StoppedError("the program ends; the plants left are judged when it runs again")
            window = Window(self._store, self._registry, DAY_STEP_S, length, own, lights=lights)
            for series in window.read_until(until):
                own_plant = self._registry.plants_by_id[series.plant_id]
                count += self._one(with_dirt(trimmed(series), own_plant), ended, until)
        return f"{count} changed"

    def _one(self, series: PlantSeries, ended: Sequence[Alert], until: datetime) -> int:
        """Settle one plant's daily alerts with those in the store; what ended by day may explain the day."""
        plant_id = series.plant_id
        kept = [each for each in self._alerts.open_alerts((plant_id,)) if each.rule in KINDS]
        over = [each for each in ended if each.rule in KINDS and _touches(each, plant_id)]
        quick = [each for each in (*kept, *over) if not KINDS[each.rule].daily]
        found = judge_plant(series, self._rules, self._context) if len(series.instants) else []
        known: Mapping[tuple[str, str, str], Alert] = {
            each.key: each for each in kept if KINDS[each.rule].daily and not each.plant_ids
        }
        told = settled([*found, *quick], self._context, until)
        changed = [self._merged(each, known) for each in told if KINDS[each.rule].daily and each.is_open]
        changed += [each for each in found if KINDS[each.rule].weeks and self._is_news(each, until)]
        held = {each.key for each in changed}
        changed += [
            replace(each, state=AlertState.RESOLVED, resolved_at=until)
            for key, each in known.items()
            if key not in held
        ]
        return self._alerts.put_alerts(changed, until)

    def _is_news(self, alert: Alert, until: datetime) -> bool:
        """Tell whether what weeks show of instants is of late and was not seen when it happened."""
        fired = alert.fired_at or alert.since
        step = timedelta(seconds=DAY_STEP_S)
        if fired < until - _EXPLAINS:
            return False
        near = Interval(alert.since - step, (alert.resolved_at or until) + step)
        told = self._alerts.alert_history(near, (alert.plant_id,), device_id=alert.device_id or None)
        return all(each.key != alert.key for each in told)

    @staticmethod
    def _merged(alert: Alert, known: Mapping[tuple[str, str, str], Alert]) -> Alert:
        """Return the alert under the id it was kept with: a longer look back must not make it another one."""
        before = known.get(alert.key)
        if before is None:
            return alert
        return replace(
            alert, alert_id=before.alert_id, since=min(before.since, alert.since), fired_at=before.fired_at
        )


def _touches(alert: Alert, plant_id: str) -> bool:
    return plant_id in (alert.plant_ids or (alert.plant_id,))


def trimmed(series: PlantSeries) -> PlantSeries:
    """Return a series from its first value on: a short history is not a long silence."""
    spoke = np.zeros(len(series.instants), dtype=np.bool_)
    for each in series.devices.values():
        for values in each.values.values():
            spoke |= np.isfinite(values)
    first = int(np.argmax(spoke)) if spoke.any() else len(spoke)
    cut = slice(first, None)
    devices = {
        name: replace(
            each,
            values={quantity: values[cut] for quantity, values in each.values.items()},
            expected_power_w=_cut(each.expected_power_w, cut),
        )
        for name, each in series.devices.items()
    }
    return replace(
        series,
        instants=series.instants[cut],
        devices=devices,
        sun_elevation_deg=series.sun_elevation_deg[cut],
        clear_sky_poa_w_m2=series.clear_sky_poa_w_m2[cut],
        irradiance_poa_w_m2=_cut(series.irradiance_poa_w_m2, cut),
        module_temperature_c=_cut(series.module_temperature_c, cut),
        ambient_temperature_c=_cut(series.ambient_temperature_c, cut),
    )


def _cut(values: Floats | None, cut: slice) -> Floats | None:
    return None if values is None else values[cut]
