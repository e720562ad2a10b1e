"""Alert rates against the targets of alarm management (ISA-18.2, IEC 62682), as this district set them. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from domain.alert import Alert, Severity
from domain.notification import Notification
from domain.timespan import day_of, days_between

DESK_PER_DAY_MAX = 30
PUSH_PER_DAY_MAX = 3
FLOOD_COUNT = 10
FLOOD = timedelta(minutes=10)
STALE_AFTER = timedelta(hours=24)
CHATTER = timedelta(hours=1)
CHATTER_COUNT = 3
FLOOD_SHARE_BELOW = 0.01
STALE_BELOW = 5


@dataclass(frozen=True, slots=True)
class Pushes:
    """What one receiver in the field got: messages a day on average and at most, and days above the target."""

    receiver_id: str
    mean: float
    most: int
    days_over: int


@dataclass(frozen=True, slots=True)
class AlertRates:
    """Measures over some days; shares are 0..1, None: nothing to count.

    Attributes
    ----------
    desk_per_day : float or None
        Median of the alerts put before the desk a day (parents only, notes left out).
    push_per_day : int
        Most messages any one field receiver got on any day.
    flood_share : float or None
        Share of 10-minute periods with more than ten alerts.
    stale : int
        Alerts open for more than a day without a case, a shelf or a silence.
    chatter : int
        Alerts that came three times or more within an hour.
    split : tuple of float or None
        Shares of S1 and S2, of S3, of S4.
    per_day : tuple of (date, int)
        Alerts put before the desk on each day.
    per_receiver : tuple of Pushes
        What each receiver in the field got.
    """

    desk_per_day: float | None
    push_per_day: int
    flood_share: float | None
    stale: int
    chatter: int
    split: tuple[float, float, float] | None
    per_day: tuple[tuple[date, int], ...] = ()
    per_receiver: tuple[Pushes, ...] = ()


def met(found: AlertRates) -> dict[str, bool | None]:
    """Return which targets are met; None: nothing was measured."""
    desk, flood = found.desk_per_day, found.flood_share
    return {
        "desk_per_day": None if desk is None else desk <= DESK_PER_DAY_MAX,
        "push_per_day": found.push_per_day <= PUSH_PER_DAY_MAX,
        "flood_share": None if flood is None else flood < FLOOD_SHARE_BELOW,
        "stale": found.stale < STALE_BELOW,
        "chatter": found.chatter == 0,
    }


def rates(
    alerts: Sequence[Alert],
    pushes: Iterable[Notification],
    field_ids: Collection[str],
    handled_ids: Collection[str],
    start: datetime,
    now: datetime,
) -> AlertRates:
    """Return the measures from ``start`` to ``now``.

    Parameters
    ----------
    alerts : sequence
        Every alert that fired or was open in that time.
    field_ids : collection
        Receivers in the field, for whom messages are counted.
    handled_ids : collection
        Alerts with a case, a shelf or a silence.
    """
    shown = [
        alert
        for alert in alerts
        if alert.parent_id is None and alert.fired_at is not None and start <= alert.fired_at <= now
    ]
    urgent = [alert for alert in shown if alert.severity is not Severity.S4]
    days = list(days_between(day_of(start), day_of(now)))
    pushed = _pushed(pushes, field_ids)
    per_day = Counter(day_of(alert.fired_at) for alert in urgent if alert.fired_at is not None)
    return AlertRates(
        float(np.median([per_day[day] for day in days])) if days else None,
        max(pushed.values(), default=0),
        _flood_share(urgent, start, now),
        sum(
            alert.is_open
            and alert.parent_id is None
            and now - (alert.fired_at or alert.since) > STALE_AFTER
            and alert.alert_id not in handled_ids
            for alert in alerts
        ),
        _chattering(shown),
        _split(shown),
        tuple((day, per_day[day]) for day in days),
        tuple(_of_receiver(name, pushed, days) for name in sorted(field_ids)) if days else (),
    )


def _of_receiver(receiver_id: str, pushed: Mapping[tuple[str, date], int], days: Sequence[date]) -> Pushes:
    counts = [pushed.get((receiver_id, day), 0) for day in days]
    return Pushes(
        receiver_id,
        sum(counts) / len(counts),
        max(counts),
        sum(count > PUSH_PER_DAY_MAX for count in counts),
    )


def _pushed(pushes: Iterable[Notification], field_ids: Collection[str]) -> Mapping[tuple[str, date], int]:
    counted = {
        (one.receiver_id, day_of(one.created_at), one.created_at, one.event)
        for one in pushes
        if one.receiver_id in field_ids
    }
    return Counter((receiver, day) for receiver, day, _, _ in counted)


def _flood_share(alerts: Sequence[Alert], start: datetime, now: datetime) -> float | None:
    periods = int((now - start) / FLOOD)
    if periods <= 0:
        return None
    counts = Counter(int((alert.fired_at - start) / FLOOD) for alert in alerts if alert.fired_at is not None)
    return sum(count > FLOOD_COUNT for count in counts.values()) / periods


def _chattering(alerts: Sequence[Alert]) -> int:
    fired: dict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    for alert in alerts:
        fired[alert.key].extend([alert.fired_at or alert.since] * (1 + alert.reopened))
    return sum(_comes_often(sorted(instants)) for instants in fired.values())


def _comes_often(instants: Sequence[datetime]) -> bool:
    pairs = zip(instants, instants[CHATTER_COUNT - 1 :], strict=False)
    return any(last - first <= CHATTER for first, last in pairs)


def _split(alerts: Sequence[Alert]) -> tuple[float, float, float] | None:
    if not alerts:
        return None
    counts = Counter(alert.severity for alert in alerts)
    urgent = counts[Severity.S1] + counts[Severity.S2]
    return urgent / len(alerts), counts[Severity.S3] / len(alerts), counts[Severity.S4] / len(alerts)
