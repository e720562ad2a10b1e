"""How alerts do against a known truth: recall, precision, delay and false alarms, rule by rule.

An event is found by an alert of a rule that can name it, of the same plant, of the same device or its plant, of
the same string or input where both name one, that overlaps it. An alert is right when it meets an event its rule
can name. An alert after the end of an event counts only as far as the rule's own hold makes it late.
An event has no signal when what it cost is told and lies below the least energy asked for: it is not looked for,
and an alert about it is right all the same.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from alerts.catalog import KINDS
from alerts.rule import AlertRule
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
_LOOKS_BACK = frozenset({"plateau_min", "last_min", "within_min", "dawn_min"})
_MOST, _EVENING = timedelta(hours=1), timedelta(hours=16)
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
    lost_kwh: float | None = None


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


def _energy(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError as error:
        raise CommandError(f"truth: lost_kwh {text!r} is no number; write 12.5, or nothing") from error


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
            _energy(row.get("lost_kwh") or ""),
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


@dataclass(frozen=True)
class Sums:
    """What a score is counted over: the events with a signal, those without, and how late a rule may be."""

    events: Sequence[Event]
    silent: Sequence[Event] = ()
    allowed: Mapping[str, timedelta] = field(default_factory=dict)

    def meets(self, alert: Raised, event: Event) -> bool:
        """Tell whether an alert is about an event."""
        return meets(alert, event, self.allowed.get(alert.rule, timedelta()))


def allowances(rules: Iterable[AlertRule], step_s: float = 300.0) -> dict[str, timedelta]:
    """Return how long after the end of an event each rule may still raise for it.

    That is its hold, with what its limits look back over; a rule on days speaks in the evening of the event's day.
    """
    found = {}
    for rule in rules:
        if rule.rule_id in KINDS and KINDS[rule.rule_id].daily:
            found[rule.rule_id] = _EVENING
            continue
        back_s = [60.0 * value for name, value in rule.limits.items() if name in _LOOKS_BACK]
        back_s.append(step_s * rule.limits.get("samples", 0.0))
        found[rule.rule_id] = min(timedelta(seconds=rule.timing.on_s + max(back_s) + step_s), _MOST)
    return found


def score(
    alerts: Sequence[Raised],
    events: Sequence[Event],
    days: float | None = None,
    allowed: Mapping[str, timedelta] | None = None,
    least_kwh: float = 0.0,
) -> list[Score]:
    """Return one score per rule that raised or should have, then one per kind of event.

    ``days`` is how many plant days were watched, for the rate of false alarms; ``allowed`` see `allowances`;
    events known to have cost less than ``least_kwh`` have no signal.
    """
    told = [each for each in events if each.lost_kwh is None or each.lost_kwh >= least_kwh]
    sums = Sums(told, [each for each in events if each not in told], allowed or {})
    rules = sorted({each.rule for each in alerts} | {NAMES[e.kind][0] for e in told if e.kind in NAMES})
    found = [_of_rule(rule, alerts, sums, days) for rule in rules]
    kinds = sorted({each.kind for each in told})
    return [*found, *(_of_kind(kind, alerts, sums) for kind in kinds)]


def _of_rule(rule: str, alerts: Sequence[Raised], sums: Sums, days: float | None) -> Score:
    own = [each for each in alerts if each.rule == rule]
    named = [each for each in sums.events if rule in NAMES.get(each.kind, ())]
    silent = [each for each in sums.silent if rule in NAMES.get(each.kind, ())]
    found = sum(any(sums.meets(alert, event) for alert in own) for event in named)
    right = [a for a in own if any(sums.meets(a, event) for event in (*named, *silent))]
    rate = (len(own) - len(right)) / days if days else None
    return Score(rule, len(named), found, len(own), len(right), _delay(named, own, sums), rate)


def _of_kind(kind: str, alerts: Sequence[Raised], sums: Sums) -> Score:
    named = [each for each in sums.events if each.kind == kind]
    all_of_it = [*named, *(each for each in sums.silent if each.kind == kind)]
    able = [each for each in alerts if each.rule in NAMES.get(kind, ())]
    found = sum(any(sums.meets(alert, event) for alert in able) for event in named)
    right = sum(any(sums.meets(alert, event) for event in all_of_it) for alert in able)
    return Score(kind, len(named), found, len(able), right, _delay(named, able, sums), None)


def meets(alert: Raised, event: Event, late: timedelta = timedelta()) -> bool:
    """Tell whether an alert is about an event: the same place or its parent, at the same time.

    ``late``: a short event may be over when the rule's hold is.
    """
    if event.plant_id and alert.plant_id and alert.plant_id != event.plant_id:
        return False
    if event.device_id and alert.device_id and alert.device_id != event.device_id:
        return False
    if _other_part(alert.part, event.part):
        return False
    if alert.resolved_at is not None and alert.resolved_at <= event.start:
        return False
    return event.end is None or alert.raised_at < event.end + late


def _other_part(ours: str, true: str) -> bool:
    """Tell whether two parts are of one sort and not the same: string_3 and string_04; an input is no string."""
    (our_sort, _, our_number), (true_sort, _, true_number) = ours.rpartition("_"), true.rpartition("_")
    return our_sort == true_sort and our_number.lstrip("0") != true_number.lstrip("0") and bool(ours and true)


def _delay(events: Sequence[Event], alerts: Sequence[Raised], sums: Sums) -> float | None:
    """Return the median delay from the start of an event to its first alert. [h]"""
    delays = []
    for event in events:
        raised = [a.raised_at for a in alerts if sums.meets(a, event) and a.raised_at >= event.start]
        if raised:
            delays.append((min(raised) - event.start).total_seconds() / 3600.0)
    return median(delays) if delays else None
