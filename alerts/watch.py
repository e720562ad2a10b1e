"""The engine live: the newest instants of a short window carry the lives of alerts on.

What is remembered between two steps is the alerts themselves; the same instants are never judged twice. The
verdicts come from the same conditions as in a replay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from alerts.catalog import DANGERS, KINDS
from alerts.context import Context
from alerts.engine import (
    beginning,
    evidence,
    limits_of,
    masked,
    of_many_plants,
    severity_of,
    timing_of,
)
from alerts.inhibition import attach
from alerts.judgement import TRUE, UNKNOWN, Judgement, Verdicts, live
from alerts.rule import AlertRule
from alerts.scene import Scene
from alerts.stake import at_risk_as, by_money, carried, priced
from domain.alert import Alert, AlertState
from domain.series import PlantSeries

Key = tuple[str, str, str]
_REFRESH_S = 600.0
KEPT = timedelta(hours=1)  # an ended alert may reopen, and may still explain others, for so long


@dataclass(frozen=True, slots=True)
class Changes:
    """What a step changed: alerts to keep (new state, value or parent), and pending ones that came to nothing."""

    kept: tuple[Alert, ...] = ()
    forgotten: tuple[str, ...] = ()
    judged: int = 0


@dataclass
class Watch:
    """Rules, and the alerts that live. `restore` after a restart, then `step` after `step`."""

    rules: Sequence[AlertRule]
    context: Context
    lives: dict[Key, Alert] = field(default_factory=dict)
    _scenes: dict[tuple[str, ...], Scene] = field(default_factory=dict, repr=False)

    _afresh: bool = False

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take over alerts as they were kept.

        A pending one is not: the next step judges the whole window for everything that has no alert, which
        finds it again with all it has held, and an alert found twice has the same id.
        """
        told = [each for each in alerts if each.state is not AlertState.PENDING]
        self.lives = {alert.key: alert for alert in sorted(told, key=lambda each: each.since)}
        self._afresh = True

    def step(self, plants: Sequence[PlantSeries], since: datetime, now: datetime) -> Changes:
        """Judge the instants from ``since`` on; ``plants`` hold a window before it, each on its own grid."""
        if not plants or len(plants[0].instants) == 0:
            return Changes()
        before = dict(self.lives)
        judged = 0
        for rule in self.rules:
            kind = KINDS.get(rule.rule_id)
            if kind is None or kind.condition is None or not rule.enabled:
                continue
            for members in _by_limits(plants, rule):
                scene = self._scene(members)
                with np.errstate(invalid="ignore", divide="ignore"):
                    judgement = kind.condition(scene, limits_of(rule, members[0].plant_id))
                    self._carry_on(scene, rule, judgement, since)
                judged += len(judgement.subjects)
        self._scenes.clear()
        self._afresh = False
        self._settle(now)
        return self._changes(before, now, judged)

    def _scene(self, members: Sequence[PlantSeries]) -> Scene:
        key = tuple(each.plant_id for each in members)
        if key not in self._scenes:
            self._scenes[key] = Scene(members, self.context)
        return self._scenes[key]

    def _carry_on(self, scene: Scene, rule: AlertRule, judgement: Judgement, since: datetime) -> None:
        """Live on with the new instants of every row that has an alert or gives cause for one."""
        if not judgement.subjects:
            return
        first = _first_new(scene, since)
        said = masked(scene, rule, judgement)
        news = said[:, first:]
        alive = {key[1:]: key for key in self.lives if key[0] == rule.rule_id}
        rows = set(np.flatnonzero(((said if self._afresh else news) == TRUE).any(axis=1)).tolist())
        rows |= {n for n, each in enumerate(judgement.subjects) if (each.name, each.part) in alive}
        for row in sorted(rows):
            subject = judgement.subjects[row]
            start = 0 if self._afresh and (subject.name, subject.part) not in alive else first
            if (said[row, start:] != UNKNOWN).any():
                self._one(scene, rule, judgement, (row, start), said[row, start:])

    def _one(
        self, scene: Scene, rule: AlertRule, judgement: Judgement, place: tuple[int, int], news: Verdicts
    ) -> None:
        row, first = place
        kind = KINDS[rule.rule_id]
        subject = judgement.subjects[row]
        key: Key = (rule.rule_id, subject.name, subject.part)
        before = self.lives.get(key)
        timing = timing_of(rule, kind, scene.step_s)
        lived = live(
            news, scene.instants[first:], scene.step_s, timing, beginning(rule, kind, subject), before
        )
        if not lived:
            self.lives.pop(key, None)
            return
        alert = lived[-1]
        if alert.fired_at is not None:
            alert = self._told(scene, rule, judgement, (row, first), alert)
        self.lives[key] = alert

    def _told(
        self, scene: Scene, rule: AlertRule, judgement: Judgement, place: tuple[int, int], alert: Alert
    ) -> Alert:
        """Return a firing alert with its evidence, severity and what the new instants cost."""
        row, first = place
        start = np.datetime64(alert.since.replace(tzinfo=None), "ns")
        begun = int(np.searchsorted(scene.instants, start))
        span = slice(min(begun, scene.length - 1), scene.length)
        fresh = slice(max(first, begun), scene.length) if alert.lost_kwh is not None else span
        cost = priced(scene, judgement, row, fresh, replace(alert, lost_kwh=None, lost_fen=None, evidence={}))
        if cost.at_risk_fen is None or not (judgement.verdicts[row, fresh] == TRUE).any():
            cost = at_risk_as(cost, alert)  # minutes of recovery say nothing of what a day without it costs
        cost = carried(alert, cost, scene)
        told = replace(
            cost,
            severity=severity_of(rule, judgement, row, span, alert),
            evidence={**cost.evidence, **evidence(judgement, row, scene.length - 1)},
        )
        return by_money(told, self.context.stakes, DANGERS)

    def _settle(self, now: datetime) -> None:
        """Bring areas, causes and money together; drop what ended long ago."""
        own = [each for each in self.lives.values() if not each.plant_ids]
        many = of_many_plants([each for each in own if each.fired_at], self.rules, self.context)
        for alert in many:
            self.lives[alert.key] = by_money(alert, self.context.stakes, DANGERS)
        named = {each.key for each in many}
        for key, alert in list(self.lives.items()):
            if alert.plant_ids and key not in named and alert.is_open:
                self.lives[key] = replace(alert, state=AlertState.RESOLVED, resolved_at=now)
        told = [each for each in self.lives.values() if each.fired_at is not None]
        for alert in attach(told, self.context.plants, now):
            self.lives[alert.key] = alert

    def _changes(self, before: Mapping[Key, Alert], now: datetime, judged: int) -> Changes:
        kept = [alert for key, alert in self.lives.items() if _worth_keeping(before.get(key), alert)]
        kept = [each for each in kept if each.state is not AlertState.PENDING or each.resolved_at is None]
        ids = {alert.alert_id for alert in self.lives.values()}
        gone = [
            alert.alert_id
            for alert in before.values()
            if alert.state is AlertState.PENDING and alert.alert_id not in ids
        ]
        for key, alert in list(self.lives.items()):
            if alert.resolved_at is not None and now - alert.resolved_at > KEPT and not alert.is_open:
                del self.lives[key]
        return Changes(tuple(kept), tuple(gone), judged)


def _worth_keeping(before: Alert | None, alert: Alert) -> bool:
    """Tell whether a change must be kept now: how long a pending or open one has held is not worth a row a minute."""
    if before is None or before.alert_id != alert.alert_id:
        return True
    if alert.state is AlertState.PENDING:
        return before.state is not AlertState.PENDING
    same = replace(
        before, held_s=alert.held_s, evidence=alert.evidence, lost_kwh=alert.lost_kwh, lost_fen=alert.lost_fen
    )
    same = replace(same, at_risk_fen=alert.at_risk_fen)
    whole = int(alert.held_s // _REFRESH_S) != int(before.held_s // _REFRESH_S)
    return same != alert or (whole and before != alert)


def _first_new(scene: Scene, since: datetime) -> int:
    """Return the number of the first instant that was not whole, and so not judged, at ``since``."""
    whole = since.timestamp() // scene.step_s * scene.step_s
    at = np.datetime64(round(whole * 1e9), "ns")
    return int(np.searchsorted(scene.instants, at))


def _by_limits(plants: Sequence[PlantSeries], rule: AlertRule) -> list[list[PlantSeries]]:
    """Return plants that share their grid and their thresholds together, those with their own alone."""
    common: dict[float, list[PlantSeries]] = {}
    for each in plants:
        if each.plant_id not in rule.by_plant:
            common.setdefault(each.step_s, []).append(each)
    return [*common.values(), *([each] for each in plants if each.plant_id in rule.by_plant)]
