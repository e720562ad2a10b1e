"""F43: alerts that are themselves the trouble: chattering, left open, or one rule that drowns the rest."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from alerts.rule import AlertRule
from domain.alert import Alert, AlertState

BOUNDS: Mapping[str, tuple[float, float]] = {
    "chatter": (2, 20),
    "stale_h": (1, 240),
    "rule_share": (0.01, 1.0),
    "least_alerts": (5, 1000),
}
_HOUR, _WEEK = timedelta(hours=1), timedelta(days=7)


def quality_alerts(
    alerts: Sequence[Alert], rule: AlertRule, now: datetime, acknowledged: Collection[str] = ()
) -> list[Alert]:
    """Return one alert per rule (id as subject) whose alerts of the last week chatter, are left or are too many.

    ``acknowledged`` are ids somebody has taken note of.
    """
    recent = [each for each in alerts if each.fired_at is not None and each.fired_at > now - _WEEK]
    recent = [each for each in recent if each.rule != rule.rule_id]
    counts = Counter(each.rule for each in recent)
    chatter = {each.rule for each in recent if _chatters(each, recent, int(rule.limits["chatter"]))}
    stale_after = timedelta(hours=rule.limits["stale_h"])
    left = {
        each.rule
        for each in recent
        if each.is_open
        and each.parent_id is None
        and each.alert_id not in acknowledged
        and now - (each.fired_at or now) > stale_after
    }
    enough = len(recent) >= rule.limits["least_alerts"]
    many = {name for name, n in counts.items() if enough and n > rule.limits["rule_share"] * len(recent)}
    found = []
    for name in sorted(chatter | left | many):
        why = [
            word
            for word, rules in (("chatter", chatter), ("left_open", left), ("many", many))
            if name in rules
        ]
        found.append(_made(rule, name, why, counts[name], now))
    return found


def _chatters(alert: Alert, recent: Sequence[Alert], least: int) -> bool:
    """Tell whether an alert of one key was raised and ended again and again within an hour."""
    same = [each for each in recent if each.key == alert.key and abs(each.since - alert.since) <= _HOUR]
    return sum(1 + each.reopened for each in same) >= least


def _made(rule: AlertRule, name: str, why: Sequence[str], count: int, now: datetime) -> Alert:
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return Alert(
        f"{rule.rule_id}-{name}-{monday:%Y%m%d}",
        rule.rule_id,
        "",
        "",
        "",
        rule.severity,
        AlertState.FIRING,
        since=monday,
        fired_at=now,
        subject=name,
        cause="data",
        evidence={"why": ", ".join(why), "alerts_of_a_week": str(count)},
    )
