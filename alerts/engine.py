"""From series to alerts: every rule over every plant, then causes, then what is at stake."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from alerts.area import area_alerts, source_alerts
from alerts.catalog import DANGERS, KINDS
from alerts.condition import Kind
from alerts.context import Context
from alerts.inhibition import attach
from alerts.judgement import TRUE, UNKNOWN, Judgement, Subject, Verdicts, instant, live
from alerts.lifecycle import Begin
from alerts.rule import AlertRule, Timing
from alerts.scene import Ints, Scene
from alerts.stake import by_money, priced
from domain.alert import Alert, AlertState, Severity
from domain.series import PlantSeries


def judge(series: Iterable[PlantSeries], rules: Sequence[AlertRule], context: Context) -> list[Alert]:
    """Return every alert of recorded plants, from first to last, with causes, losses and severity.

    Plants are taken one by one, so ``series`` may read them as they are asked for. Pure: the same series
    give the same alerts.
    """
    found: list[Alert] = []
    for plant in series:
        found += judge_plant(plant, rules, context)
    return settled([*found, *of_many_plants(found, rules, context)], context)


def of_many_plants(alerts: Sequence[Alert], rules: Sequence[AlertRule], context: Context) -> list[Alert]:
    """Return the alerts of areas and of sources of data: one for many plants."""
    chosen = {rule.rule_id: rule for rule in rules if rule.enabled}
    found: list[Alert] = []
    if "F42" in chosen:
        found += source_alerts(alerts, chosen["F42"], context.plants, context.source_of)
    if "F05" in chosen:
        found += area_alerts(alerts, chosen["F05"], context.plants)
    return found


def settled(alerts: Sequence[Alert], context: Context, now: datetime | None = None) -> list[Alert]:
    """Return the alerts with what explains them, and their severity by what is at stake."""
    return [by_money(alert, context.stakes, DANGERS) for alert in attach(alerts, context.plants, now)]


def judge_plant(plant: PlantSeries, rules: Sequence[AlertRule], context: Context) -> list[Alert]:
    """Return every alert of one plant that fired, without causes."""
    if len(plant.instants) == 0:
        return []
    scene = Scene([plant], context)
    found: list[Alert] = []
    for rule in rules:
        kind = KINDS.get(rule.rule_id)
        if kind is None or kind.condition is None or not rule.enabled:
            continue
        with np.errstate(
            invalid="ignore", divide="ignore"
        ):  # NaN compares as false and divides to NaN: meant
            judgement = kind.condition(scene, limits_of(rule, plant.plant_id))
            found += alerts_of(scene, rule, kind, judgement)
    return found


def limits_of(rule: AlertRule, plant_id: str) -> Mapping[str, float]:
    """Return the thresholds of a rule for a plant."""
    own = rule.by_plant.get(plant_id)
    return {**rule.limits, **own} if own else rule.limits


def timing_of(rule: AlertRule, kind: Kind, step_s: float) -> Timing:
    """Return the times of a rule on a grid: where a kind asks for several samples, at least so long."""
    return replace(rule.timing, on_s=max(rule.timing.on_s, kind.intervals * step_s))


def masked(scene: Scene, rule: AlertRule, judgement: Judgement) -> Verdicts:
    """Return the verdicts with UNKNOWN where the instant does not count or the subject is worked on."""
    counts = scene.daylight(rule.daylight)
    plants = plant_numbers(scene, judgement.subjects)
    said = np.where(counts[plants], judgement.verdicts, UNKNOWN).astype(np.int8)
    planned = (
        scene.context.maintenance and rule.rule_id not in DANGERS
    )  # an arc is an arc, whoever works there
    for row, subject in enumerate(judgement.subjects if planned else ()):
        for name in (subject.plant_id, subject.device_id):
            for span in scene.context.maintenance.get(name, ()):
                start, end = (
                    np.datetime64(each.replace(tzinfo=None), "ns") for each in (span.start, span.end)
                )
                said[row, (scene.instants >= start) & (scene.instants < end)] = UNKNOWN
    return said


def plant_numbers(scene: Scene, subjects: Sequence[Subject]) -> Ints:
    """Return the number of the plant of each subject."""
    if subjects is scene.subjects:
        return scene.plant_of
    number = {plant.plant_id: n for n, plant in enumerate(scene.plants)}
    return np.array([number[each.plant_id] for each in subjects], dtype=np.int64)


def alerts_of(scene: Scene, rule: AlertRule, kind: Kind, judgement: Judgement) -> list[Alert]:
    """Return the alerts that fired in a judgement, with evidence, severity and what they cost."""
    if not judgement.subjects:
        return []
    said = masked(scene, rule, judgement)
    found: list[Alert] = []
    for row in np.flatnonzero((said == TRUE).any(axis=1)).tolist():
        begin = beginning(rule, kind, judgement.subjects[row])
        lives = live(said[row], scene.instants, scene.step_s, timing_of(rule, kind, scene.step_s), begin)
        told = [each for each in lives if each.fired_at is not None]
        found += [finished(scene, rule, judgement, row, each) for each in told]
    return found


def beginning(rule: AlertRule, kind: Kind, subject: Subject) -> Begin:
    """Return what makes a pending alert of a subject; its id says rule, subject, part and first sign."""

    def begin(at: datetime) -> Alert:
        stamp = at.strftime("%Y%m%dT%H%M")
        part = f"-{subject.part}" if subject.part else ""
        return Alert(
            f"{rule.rule_id}-{subject.name}{part}-{stamp}",
            rule.rule_id,
            subject.plant_id,
            subject.device_id,
            subject.part,
            rule.severity,
            AlertState.PENDING,
            since=at,
            subject=subject.name,
            cause=kind.cause,
        )

    return begin


def finished(scene: Scene, rule: AlertRule, judgement: Judgement, row: int, alert: Alert) -> Alert:
    """Return an alert with its evidence, its severity by time and value, and what it costs."""
    epoch = scene.instants.astype("datetime64[s]").astype(np.int64)
    alert = _backdated(scene, judgement, row, alert, epoch)
    first = int(np.searchsorted(epoch, int(alert.since.timestamp())))
    stop = scene.length
    if alert.resolved_at is not None:
        stop = int(np.searchsorted(epoch, int(alert.resolved_at.timestamp())))
    if alert.fired_at is None or first >= stop:
        return alert
    fired = min(int(np.searchsorted(epoch, int(alert.fired_at.timestamp()))) - 1, scene.length - 1)
    alert = replace(
        alert,
        evidence={**alert.evidence, **evidence(judgement, row, max(fired, 0))},
        severity=severity_of(rule, judgement, row, slice(first, stop), alert),
        cause=alert.cause if judgement.cause is None else judgement.cause(row, slice(first, stop)),
    )
    return priced(scene, judgement, row, slice(first, stop), alert)


def _backdated(scene: Scene, judgement: Judgement, row: int, alert: Alert, epoch: Ints) -> Alert:
    """Return the alert with its true beginning, where its first verdict rests on a stretch of the past."""
    if judgement.began is None:
        return alert
    said = int(np.searchsorted(epoch, int(alert.since.timestamp())))
    return replace(alert, since=instant(scene.instants[judgement.began[row, min(said, scene.length - 1)]]))


def evidence(judgement: Judgement, row: int, position: int) -> dict[str, str]:
    """Return the values a person needs to check the alert, as they were when it fired."""
    found = {}
    for name, values in judgement.measures.items():
        value = float(values[row, position])
        if np.isfinite(value):
            found[name] = f"{value:.4g}"
    return found


def severity_of(rule: AlertRule, judgement: Judgement, row: int, span: slice, alert: Alert) -> Severity:
    """Return the severity: the rule's, the grade of its worst instant, and what time made of it."""
    severity = rule.severity
    if judgement.grade is not None:
        grades = judgement.grade[row, span][judgement.verdicts[row, span] == TRUE]
        graded = grades[grades > 0]
        if graded.size:
            severity = Severity(int(graded.min()))
    if rule.raise_to is not None and alert.held_s >= rule.raise_after_s:
        severity = min(severity, rule.raise_to)
    return severity
