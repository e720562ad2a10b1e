"""What a message says: short enough for a WeChat group, readable without the program. Pure."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.alert import Alert
from domain.notification import Event
from domain.plant import Registry
from domain.timespan import DEFAULT_ZONE
from texts.loader import Texts

CHARS_MAX = 500
_LINES_FIRST = 12


def rule_name(rule: str, texts: Texts) -> str:
    """Return the name of an alert rule, its id where it has none."""
    for key in (f"alerts.rule.{rule}.name", f"alerts.rule.{rule}", f"alerts.{rule}.name"):
        if key in texts:
            return texts(key)
    return rule


def part_name(part: str, texts: Texts) -> str:
    """Return what a part of a device is called: string or tracker by its number, anything else as it is."""
    kind, _, number = part.partition("_")
    if kind in {"string", "mppt"} and number.isdecimal():
        return texts(f"notify.part.{kind}", number=int(number))
    return part


def place_name(alert: Alert, registry: Registry, texts: Texts) -> str:
    """Return plant, device and part, or the feeder or count of plants for an alert of several."""
    if alert.is_of_industries:
        name = alert.evidence.get("name_en" if texts.language == "en" else "name", alert.subject)
        return f"{name} {alert.part}".rstrip()
    plant = registry.plants_by_id.get(alert.plant_id)
    if plant is None:
        count = len(alert.plant_ids)
        return texts("notify.several", subject=alert.subject, count=count) if count else alert.subject
    name = plant.name_en if texts.language == "en" else plant.name
    device = registry.devices_by_id.get(alert.device_id)
    parts = [name, device.name if device is not None else alert.device_id, part_name(alert.part, texts)]
    return " ".join(part for part in parts if part)


def line(alert: Alert, registry: Registry, texts: Texts) -> str:
    """Return an alert in one line: severity, place, fault, since when, yuan a day."""
    since = alert.since.astimezone(ZoneInfo(DEFAULT_ZONE))
    risk = ""
    if alert.at_risk_fen is not None:
        risk = texts("notify.risk", yuan=f"{alert.at_risk_fen / 100:,.0f}")
    return texts(
        "notify.line",
        severity=alert.severity.name,
        place=place_name(alert, registry, texts),
        rule=rule_name(alert.rule, texts),
        since=f"{since:%m-%d %H:%M}",
        risk=risk,
    )


def title(event: Event, alerts: Sequence[Alert], registry: Registry, texts: Texts) -> str:
    """Return the first line of a message."""
    said = texts(f"notify.event.{event.value}")
    worst = min(alert.severity for alert in alerts)
    if len(alerts) == 1:
        place = place_name(alerts[0], registry, texts)
        return texts("notify.title_one", severity=worst.name, event=said, place=place)
    return texts("notify.title_many", severity=worst.name, event=said, count=len(alerts))


def body(
    alerts: Sequence[Alert], registry: Registry, texts: Texts, link: str = "", head: Sequence[str] = ()
) -> str:
    """Return at most `CHARS_MAX` characters: the most urgent and costly first, then how many more there are."""
    ordered = sorted(alerts, key=lambda one: (one.severity, -(one.at_risk_fen or 0), one.alert_id))
    kept = [line(alert, registry, texts) for alert in ordered[:_LINES_FIRST]]
    tail = [link] if link else []
    while kept:
        left = len(ordered) - len(kept)
        more = [texts("notify.more", count=left)] if left else []
        text = "\n".join([*head, *kept, *more, *tail])
        if len(text) <= CHARS_MAX:
            return text
        kept.pop()
    more = [texts("notify.more", count=len(ordered))] if ordered else []
    return "\n".join([*head, *more])[:CHARS_MAX]


def local_minute(at: datetime) -> str:
    """Return an instant as people read it."""
    return f"{at.astimezone(ZoneInfo(DEFAULT_ZONE)):%m-%d %H:%M}"
