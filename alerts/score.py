"""How alerts do against a known truth: recall, precision, delay and false alarms, rule by rule.

An event is found by an alert of a rule that can name it, of the same plant, of the same device or its plant,
that overlaps it. An alert is right when it overlaps an event its rule, or what it explains, can name.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.errors import CommandError

# which rules can name a kind of truth, the nearest first
NAMES: Mapping[str, tuple[str, ...]] = {
    "string_open": ("F10", "F44", "F11", "F14", "F15"),
    "string_open_circuit": ("F10", "F44", "F11", "F14", "F15"),
    "bypass_diode_short": ("F45",),
    "inverter_trip": ("F08", "F07", "F06", "F18"),  # a make may trip on insulation, and say so
    "inverter_failure": ("F08", "F06", "F07", "F25"),
    "zero_output_in_daylight": ("F08", "F06", "F07"),
    "sustained_underperformance": ("F15", "F26"),
    "derating": ("F15", "F17", "F23", "F44"),
    "curtailment": ("F23",),
    "soiling": ("F30", "F26", "F15"),
    "shading": ("F32", "F15"),
    "snow": ("F31", "F25"),
    "grid_outage": ("F04", "F05"),
    "feeder_outage": ("F05", "F04"),
    "dead_unit": ("F03",),
    "dead_gateway": ("F01", "F02"),
    "frozen_values": ("F35",),
    "counter_reset": ("F37",),
    "wrong_clock": ("F34",),
    "meter_drift": ("F28", "F39"),
    "clipping": ("F24",),
    "unit_error": ("F38",),
    "communication": ("F01", "F02", "F03"),
    "outage": ("F06", "F04", "F08", "F05"),
}
TRUTH_COLUMNS = ("kind", "plant_id", "device_id", "part", "start", "end", "lost_kwh")


@dataclass(frozen=True, slots=True)
class Event:
    """What really happened; ``end`` None: it is still there."""

    kind: str
    plant_id: str
    device_id: str
    part: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert as a table of a replay tells it."""

    rule: str
    plant_id: str
    device_id: str
    part: str
    raised_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Score:
    """One rule against the truth, or one kind of truth against all rules (``rule`` is then the kind)."""

    rule: str
    events: int
    found: int
    alerts: int
    right: int
    delay_h: float | None
    false_per_plant_day: float | None

    @property
    def recall(self) -> float | None:
        """Events found over events."""
        return self.found / self.events if self.events else None

    @property
    def precision(self) -> float | None:
        """Right alerts over alerts."""
        return self.right / self.alerts if self.alerts else None


def _rows(text: str, needed: Sequence[str], what: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in needed if name not in (reader.fieldnames or ())]
    if missing:
        raise CommandError(f"{what}: column {', '.join(missing)} is missing; needed: {', '.join(needed)}")
    return list(reader)


def _instant(text: str, what: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{what}: {text!r} is no instant; write 2026-07-01T10:00:00+08:00") from error
    if at.tzinfo is None:
        raise CommandError(f"{what}: {text!r} has no offset; write 2026-07-01T10:00:00+08:00")
    return at


def read_truth(text: str) -> list[Event]:
    """Return the events of a truth file (CSV: kind, plant_id, device_id, part, start, end, lost_kwh)."""
    rows = _rows(text, TRUTH_COLUMNS[:-1], "truth")
    return [
        Event(
            row["kind"],
            row["plant_id"],
            row["device_id"],
            row["part"],
            _instant(row["start"], "truth"),
            _instant(row["end"], "truth") if row["end"] else None,
        )
        for row in rows
    ]


def read_alerts(text: str) -> list[Raised]:
    """Return the alerts of an alerts.csv."""
    rows = _rows(text, ("rule", "plant_id", "device_id", "part", "raised_at", "resolved_at"), "alerts")
    return [
        Raised(
            row["rule"],
            row["plant_id"],
            row["device_id"],
            row["part"],
            _instant(row["raised_at"], "alerts"),
            _instant(row["resolved_at"], "alerts") if row["resolved_at"] else None,
        )
        for row in rows
    ]


def score(alerts: Sequence[Raised], events: Sequence[Event], days: float | None = None) -> list[Score]:
    """Return one score per rule that raised or should have, then one per kind of event.

    ``days`` is how many plant days were watched, for the rate of false alarms.
    """
    rules = sorted({each.rule for each in alerts} | {NAMES[e.kind][0] for e in events if e.kind in NAMES})
    found = [_of_rule(rule, alerts, events, days) for rule in rules]
    kinds = sorted({each.kind for each in events})
    return [*found, *(_of_kind(kind, alerts, events) for kind in kinds)]


def _of_rule(rule: str, alerts: Sequence[Raised], events: Sequence[Event], days: float | None) -> Score:
    own = [each for each in alerts if each.rule == rule]
    named = [each for each in events if rule in NAMES.get(each.kind, ())]
    hits = {id(event): [a for a in own if meets(a, event)] for event in named}
    right = [a for a in own if any(meets(a, event) for event in named)]
    false = len(own) - len(right)
    rate = false / days if days else None
    return Score(
        rule,
        len(named),
        sum(bool(each) for each in hits.values()),
        len(own),
        len(right),
        _delay(named, own),
        rate,
    )


def _of_kind(kind: str, alerts: Sequence[Raised], events: Sequence[Event]) -> Score:
    named = [each for each in events if each.kind == kind]
    able = [each for each in alerts if each.rule in NAMES.get(kind, ())]
    found = sum(any(meets(alert, event) for alert in able) for event in named)
    right = sum(any(meets(alert, event) for event in named) for alert in able)
    return Score(kind, len(named), found, len(able), right, _delay(named, able), None)


def meets(alert: Raised, event: Event) -> bool:
    """Tell whether an alert is about an event: the same place or its parent, at the same time."""
    if event.plant_id and alert.plant_id and alert.plant_id != event.plant_id:
        return False
    if event.device_id and alert.device_id and alert.device_id != event.device_id:
        return False
    if alert.resolved_at is not None and alert.resolved_at <= event.start:
        return False
    return event.end is None or alert.raised_at < event.end or _late(alert, event)


def _late(alert: Raised, event: Event) -> bool:
    """A short event may be over when its hold is: raised within an hour of its end still counts."""
    return event.end is not None and 0 <= (alert.raised_at - event.end).total_seconds() <= 3600.0


def _delay(events: Sequence[Event], alerts: Sequence[Raised]) -> float | None:
    """Return the median delay from the start of an event to its first alert. [h]"""
    delays = []
    for event in events:
        raised = [a.raised_at for a in alerts if meets(a, event) and a.raised_at >= event.start]
        if raised:
            delays.append((min(raised) - event.start).total_seconds() / 3600.0)
    if not delays:
        return None
    delays.sort()
    middle = len(delays) // 2
    return delays[middle] if len(delays) % 2 else (delays[middle - 1] + delays[middle]) / 2
