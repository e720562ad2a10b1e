"""Alerts of days that are over: rows that came at once (a history, an import) are judged as if they had come by time.

What ended is kept with its life; what still holds is open, and the watch of every minute takes it up.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.catalog import KINDS
from alerts.context import Context
from alerts.engine import judge
from alerts.rule import AlertRule
from domain.alert import Alert, AlertState
from domain.errors import StoppedError
from domain.plant import Registry
from domain.series import PlantSeries
from domain.timespan import Interval, floor_to
from jobs.alert_series import Window, lights_of, parcels
from jobs.evaluate_alerts import trimmed
from stores.alert_protocol import AlertStore
from stores.protocol import MeasurementStore

STEP_S = 300.0


class PastJudge:
    """Judges a span of kept samples by the rules that look at instants."""

    def __init__(
        self,
        store: MeasurementStore,
        alerts: AlertStore,
        registry: Registry,
        rules: Sequence[AlertRule],
        context: Context,
    ) -> None:
        self._store = store
        self._alerts = alerts
        self._registry = registry
        self._rules = [rule for rule in rules if not KINDS[rule.rule_id].daily]
        self._context = context

    def judge(self, span: Interval, *, stopping: Callable[[], bool] = lambda: False) -> int:
        """Judge a span, plant by plant; return how many alerts are kept. Judging it again changes nothing.

        Raises
        ------
        StoppedError
            The program ends; nothing of this span is kept.
        """
        until = floor_to(span.end, STEP_S)
        length = round((until - span.start).total_seconds() / STEP_S)
        if length <= 0:
            return 0
        lights = lights_of(self._store, self._registry, STEP_S, length, until)

        def plants() -> Sequence[PlantSeries]:
            found: list[PlantSeries] = []
            for own in parcels(self._registry, length):
                if stopping():
                    raise StoppedError("the program ends; the past is judged when it runs again")
                window = Window(self._store, self._registry, STEP_S, length, own, lights=lights)
                found += [trimmed(each) for each in window.read_until(until)]
            return found

        told = judge((each for each in plants() if len(each.instants)), self._rules, self._context)
        self._keep([each for each in told if each.fired_at is not None], until)
        return len(told)

    def _keep(self, told: Sequence[Alert], until: datetime) -> None:
        """Keep alerts with the instants at which they fired and ended; those that live keep the id they have."""
        self._alerts.forget_alerts([each.alert_id for each in self._alerts.pending_alerts()])
        known = {each.key: each for each in self._alerts.open_alerts()}
        steps: list[tuple[datetime, Alert]] = []
        for alert in sorted(told, key=lambda each: (each.fired_at or each.since, each.alert_id)):
            before = known.get(alert.key)
            if before is not None and not alert.is_open:
                continue  # it fires now: what was earlier of it is part of its life
            named = alert if before is None else replace(alert, alert_id=before.alert_id)
            fired = replace(named, state=AlertState.FIRING, resolved_at=None)
            steps.append((alert.fired_at or alert.since, fired))
            if alert.resolved_at is not None:
                steps.append((alert.resolved_at, named))
        self._alerts.put_history(steps)
        first = [plant.plant_id for plant in self._registry.plants[:1]]
        self._alerts.put_judged_until([(plant_id, until) for plant_id in first])
