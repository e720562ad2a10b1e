"""Tell or not, and why: one pure function per receiver and alert, whose answer always has a reason.

The fact (`Alert`), what people did about it (`Handling`) and who was told (`Told`) are three things; this is
the only place where they meet. Twice asked is once told: the occasion's key is kept with the message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.office_hours import in_daytime, next_daytime, next_list, next_week
from domain.alert import Alert, AlertState, Severity
from domain.handling import Handling, PlannedStop, StopKind
from domain.notification import Decision, Event, Reason, Receiver, Route, Timing, Told, When
from domain.plant import Registry

_EVENTS = {
    Reason.FIRST: Event.FIRING,
    Reason.WORSE: Event.WORSE,
    Reason.REMINDER: Event.REMINDER,
    Reason.RESOLVED: Event.RESOLVED,
    Reason.UNACKNOWLEDGED: Event.ESCALATION,
}
_STOPPED = {StopKind.MAINTENANCE: Reason.MAINTENANCE, StopKind.OUTAGE: Reason.OUTAGE}
_SAID = frozenset({Event.FIRING, Event.WORSE, Event.ESCALATION})
_RESOLVED_WORTH = frozenset({Severity.S1, Severity.S2})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything about an alert that matters to telling somebody.

    Attributes
    ----------
    told : sequence
        What this receiver was told of this alert, oldest first.
    first_told_at : datetime or None
        When anybody was first told of it (escalation counts from here, else from when it fired).
    sent_today : int
        Messages this receiver got on this local day.
    parent_is_open : bool
        The alert that explains this one is still open.
    """

    alert: Alert
    handling: Handling
    receiver: Receiver
    route: Route | None
    told: Sequence[Told] = field(default=())
    stop: PlannedStop | None = None
    first_told_at: datetime | None = None
    sent_today: int = 0
    parent_is_open: bool = False
    sample: bool = False


def is_theirs(receiver: Receiver, alert: Alert, registry: Registry) -> bool:
    """Tell whether an alert concerns a receiver: everything, one of their plants, or a plant of their towns."""
    if not receiver.town_ids and not receiver.plant_ids:
        return True
    if alert.is_of_industries:
        return alert.subject in receiver.town_ids
    named = {alert.plant_id, *alert.plant_ids} - {""}
    if named & receiver.plant_ids:
        return True
    plants = (registry.plants_by_id.get(plant_id) for plant_id in named)
    return any(plant is not None and plant.town_id in receiver.town_ids for plant in plants)


def route_for(receiver: Receiver, alert: Alert, routes: Iterable[Route]) -> Route | None:
    """Return the first route that fits; one that names no rules is about plants."""
    for route in routes:
        fits = receiver.role in route.roles and alert.severity in route.severities
        if fits and (alert.rule in route.rules or not (route.rules or alert.is_of_industries)):
            return route
    return None


def episode(alert: Alert, handling: Handling) -> int:
    """Return which time round it is: an alert that opened again is news again."""
    return alert.reopened + handling.reopened


def decide(given: Circumstances, timing: Timing, now: datetime) -> Decision:
    """Return whether to tell, and why."""
    reason, until = _why(given, timing, now)
    return Decision(now, given.alert.alert_id, given.receiver.receiver_id, reason, until)


def occasion(given: Circumstances, decision: Decision) -> Told:
    """Return what to remember of a decision to tell; its key is the same however often it is asked."""
    alert, event = given.alert, _EVENTS[decision.reason]
    key = f"{event.value}:{episode(alert, given.handling)}"
    if event is Event.WORSE:
        key += f":{alert.severity.name}"
    elif event is Event.REMINDER:
        key += f":{sum(told.event is Event.REMINDER for told in _of_episode(given)) + 1}"
    return Told(given.receiver.receiver_id, alert.alert_id, key, event, decision.at, alert.severity)


def _of_episode(given: Circumstances) -> list[Told]:
    number = str(episode(given.alert, given.handling))
    return [told for told in given.told if told.key.split(":")[1] == number]


_Answer = tuple[Reason, datetime | None]


def _why(given: Circumstances, timing: Timing, now: datetime) -> _Answer:
    if given.parent_is_open:
        return Reason.CHILD, None
    quieted = _quieted(given, now)
    if quieted is not None:
        return quieted
    if given.alert.state is AlertState.RESOLVED:
        return _why_resolved(given, timing, now)
    if given.route is None:
        return Reason.NO_ROUTE, None
    if not given.receiver.target_ids:
        return Reason.NO_CHANNEL, None
    said = [told for told in _of_episode(given) if told.event in _SAID]
    if said:
        return _why_again(given, said, timing, now)
    if given.handling.acknowledged_by:
        return Reason.ACKNOWLEDGED, None
    return _why_first(given, given.route, timing, now)


def _quieted(given: Circumstances, now: datetime) -> _Answer | None:
    if given.sample:
        return Reason.SAMPLE, None
    if given.stop is not None:
        return _STOPPED[given.stop.kind], given.stop.end
    if given.handling.is_shelved(now):
        return Reason.SHELVED, given.handling.shelved_until
    if given.handling.is_silenced(now):
        return Reason.SILENCED, given.handling.silenced_until
    return None


def _why_resolved(given: Circumstances, timing: Timing, now: datetime) -> _Answer:
    """All clear goes to who was told, once, for urgent ones only: the rest is on the next list."""
    known = _of_episode(given)
    said = [told for told in known if told.event in _SAID]
    if not said:
        return Reason.RESOLVED_BEFORE, None
    if any(told.event is Event.RESOLVED for told in known):
        return Reason.ALREADY_TOLD, None
    if min(told.severity for told in said) not in _RESOLVED_WORTH:
        return Reason.ALREADY_TOLD, None
    if not in_daytime(now, timing):
        return Reason.QUIET_HOURS, next_daytime(now, timing)
    if _is_capped(given, min(told.severity for told in said)):
        return Reason.CAPPED, None
    return Reason.RESOLVED, None


def _why_again(given: Circumstances, said: Sequence[Told], timing: Timing, now: datetime) -> _Answer:
    """Told before: again only when it grew worse, or when a reminder is due and nobody took it."""
    alert = given.alert
    if given.handling.acknowledged_by:
        return Reason.ACKNOWLEDGED, None
    if alert.severity < min(told.severity for told in said) and alert.severity in _RESOLVED_WORTH:
        if alert.severity is not Severity.S1 and not in_daytime(now, timing):
            return Reason.QUIET_HOURS, next_daytime(now, timing)
        return (Reason.CAPPED, None) if _is_capped(given, alert.severity) else (Reason.WORSE, None)
    reminders = [told for told in _of_episode(given) if told.event is Event.REMINDER]
    if alert.severity not in _RESOLVED_WORTH or len(reminders) >= timing.reminders_max:
        return Reason.ALREADY_TOLD, None
    last_at = max(told.at for told in (*said, *reminders))
    due_at = next_daytime(last_at + timing.remind_after, timing)
    if now < due_at or not in_daytime(now, timing):
        return Reason.ALREADY_TOLD, due_at
    return (Reason.CAPPED, None) if _is_capped(given, alert.severity) else (Reason.REMINDER, None)


def _why_first(given: Circumstances, route: Route, timing: Timing, now: datetime) -> _Answer:
    alert = given.alert
    fired_at = alert.fired_at or alert.since
    ready_at = fired_at + timing.delays.get(alert.rule, timedelta(0))
    if now < ready_at:
        return Reason.DELAYED, ready_at
    waiting, due_at = _due(route, ready_at, given, timing, now)
    if now < due_at:
        return waiting, due_at
    if _is_capped(given, alert.severity):
        return Reason.CAPPED, next_list(now, timing)
    if alert.severity is not Severity.S1 and now < ready_at + timing.group:
        return Reason.GROUPING, ready_at + timing.group
    return (Reason.UNACKNOWLEDGED if route.when is When.UNACKNOWLEDGED else Reason.FIRST), None


def _due(
    route: Route, ready_at: datetime, given: Circumstances, timing: Timing, now: datetime
) -> tuple[Reason, datetime]:
    if route.when is When.AT_ONCE:
        return Reason.DELAYED, ready_at
    if route.when is When.DAILY_LIST:
        due_at = next_list(ready_at, timing)
        return Reason.DAILY_LIST, due_at if now < due_at else _by_day(now, timing)
    if route.when is When.WEEKLY:
        due_at = next_week(ready_at, timing)
        return Reason.WEEKLY_REPORT, due_at if now < due_at else _by_day(now, timing)
    if route.when is When.UNACKNOWLEDGED:
        due_at = (given.first_told_at or ready_at) + route.after
        if given.alert.severity is Severity.S1 or now < due_at:
            return Reason.WAITING, due_at
        return Reason.QUIET_HOURS, _by_day(now, timing)
    return Reason.QUIET_HOURS, max(ready_at, _by_day(now, timing))


def _by_day(now: datetime, timing: Timing) -> datetime:
    return now if in_daytime(now, timing) else next_daytime(now, timing)


def _is_capped(given: Circumstances, severity: Severity) -> bool:
    most = given.receiver.daily_max
    return bool(most) and severity is not Severity.S1 and given.sent_today >= most
