"""Reads `config/alert_rules.yaml`: every fault at once, each layer only what differs.

Three layers with one layout: the file delivered with the program, the one of the configuration folder, the one
written by commands. A later layer wins key by key, threshold by threshold. What a threshold may be called and
how great it may be is said by the rule's condition (`alerts/catalog.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alerts.catalog import KINDS
from alerts.context import Stakes
from alerts.rule import AlertRule, Daylight, Timing
from domain.alert import Severity
from main.registry.fields import Choice, Flag, Number, Text, Whole, number_text
from main.registry.problem import Problems, nearest
from main.registry.records import Field, Many, One, Record, Row, Shares

FILE = "alert_rules.yaml"
DELIVERED = Path(__file__).parent.parent / "config" / FILE
Read = Callable[[Path, Record, Problems], Row | None]

_MINUTES = Number(0, 60 * 24 * 60)
_LIMITS = Shares(Text(r"[a-z][a-z0-9_]*", "peer_share"), Number(-1_000_000, 1_000_000))
_SEVERITY = Choice(tuple(each.name for each in Severity))
_DAYLIGHT = Choice(tuple(each.name for each in Daylight))
_RULE_ID = Text(r"[FI]\d\d", "F08")
RULE = Record(
    "alert_rule",
    (
        Field("id", _RULE_ID),
        Field("enabled", Flag(), default=None),
        Field("severity", _SEVERITY, default=None),
        Field("daylight", _DAYLIGHT, default=None),
        Field("on_min", _MINUTES, default=None),
        Field("off_min", _MINUTES, default=None),
        Field("reopen_min", _MINUTES, default=None),
        Field("raise_after_min", _MINUTES, default=None),
        Field("raise_to", _SEVERITY, default=None),
        Field("limits", _LIMITS, default=None),
        Field("source", Text(length_max=400), default=None),
    ),
)
PLANT_LIMITS = Record(
    "plant_limits",
    (Field("plant", Text(length_max=64)), Field("rule", _RULE_ID), Field("limits", _LIMITS)),
)
STAKES = Record(
    "stakes",
    (
        Field("raise_above_yuan", Number(0, 1_000_000), default=None),
        Field("lower_below_yuan", Number(0, 1_000_000), default=None),
    ),
)
RULES = Record(
    "alert_rules",
    (
        Field("format", Whole(1, 1)),
        Field("stakes", One(STAKES), default=None),
        Field("rules", Many(RULE), default=()),
        Field("plants", Many(PLANT_LIMITS), default=()),
    ),
)
_NEEDED = ("severity", "daylight", "on_min", "off_min", "source")


@dataclass(frozen=True)
class RuleBook:
    """The rules in force, and by how much money a severity moves."""

    rules: tuple[AlertRule, ...]
    stakes: Stakes = field(default_factory=Stakes)


@dataclass
class _Gathered:
    """What all layers say of one rule, later ones over earlier ones, and where."""

    values: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    by_plant: dict[str, dict[str, float]] = field(default_factory=dict)
    file: str = ""
    line: int = 0


def rule_book(
    folders: Iterable[Path], read: Read, problems: Problems, plant_ids: Iterable[str] | None = None
) -> RuleBook:
    """Return the rules of the delivered file and of ``folders``, later ones winning; faults are noted.

    ``plant_ids`` None: plants are not looked up (they may be unknown yet).
    """
    paths = [folder / FILE for folder in folders]
    if all(path.resolve() != DELIVERED.resolve() for path in paths):
        paths.insert(0, DELIVERED)
    gathered: dict[str, _Gathered] = {}
    yuan: dict[str, float] = {}
    known = None if plant_ids is None else frozenset(plant_ids)
    for path in paths:
        row = read(path, RULES, problems)
        if row is not None:
            _take_layer(row, gathered, problems, known)
            stakes = row.get("stakes")
            yuan |= {} if stakes is None else {k: v for k, v in stakes.values.items() if v is not None}
    rules = [_rule(name, each, problems) for name, each in sorted(gathered.items())]
    usual = Stakes()
    stakes = Stakes(
        yuan.get("raise_above_yuan", usual.raise_above_fen / 100) * 100,
        yuan.get("lower_below_yuan", usual.lower_below_fen / 100) * 100,
    )
    return RuleBook(tuple(rule for rule in rules if rule is not None), stakes)


def _take_layer(
    row: Row, gathered: dict[str, _Gathered], problems: Problems, known: frozenset[str] | None
) -> None:
    seen: dict[str, int] = {}
    for rule in row.get("rules") or ():
        name = rule.get("id")
        if name is None or not _is_rule(name, rule, "id", problems):
            continue
        if name in seen:
            problems.add(rule.file, rule.line, name, "written_twice", line=seen[name])
        seen[name] = rule.line
        one = gathered.setdefault(name, _Gathered())
        one.file, one.line = rule.file, rule.line
        one.values |= {
            key: value for key, value in rule.values.items() if value is not None and key != "limits"
        }
        one.limits |= _limits(name, rule, problems)
    for own in row.get("plants") or ():
        name, plant = own.get("rule"), own.get("plant")
        if name is None or plant is None or not _is_rule(name, own, "rule", problems):
            continue
        if known is not None and plant not in known:
            problems.add(
                own.file, own.line, "plant", "unknown_plant", suggestion=nearest(plant, known), id=plant
            )
        one = gathered.setdefault(name, _Gathered(file=own.file, line=own.line))
        one.by_plant.setdefault(plant, {}).update(_limits(name, own, problems))


def _is_rule(name: str, row: Row, key: str, problems: Problems) -> bool:
    if name in KINDS:
        return True
    problems.add(
        row.file,
        row.at(key),
        key,
        "bad_choice",
        suggestion=nearest(name, KINDS),
        value=name,
        options=", ".join(KINDS),
    )
    return False


def _limits(name: str, row: Row, problems: Problems) -> dict[str, float]:
    """Return the thresholds of a row that its rule knows and that make sense; others are faults."""
    bounds = KINDS[name].bounds
    found: dict[str, float] = {}
    for key, value in (row.get("limits") or {}).items():
        place = f"{name}.limits.{key}"
        if key not in bounds:
            problems.add(
                row.file,
                row.at("limits"),
                place,
                "unknown_key",
                suggestion=nearest(key, bounds),
                record="alert_rule",
                keys=", ".join(bounds),
            )
        elif not bounds[key][0] <= value <= bounds[key][1]:
            low, high = (number_text(each) for each in bounds[key])
            problems.add(
                row.file,
                row.at("limits"),
                place,
                "out_of_range",
                value=number_text(value),
                low=low,
                high=high,
            )
        else:
            found[key] = value
    return found


def _rule(name: str, said: _Gathered, problems: Problems) -> AlertRule | None:
    missing = [key for key in _NEEDED if said.values.get(key) is None]
    missing += [f"limits.{key}" for key in KINDS[name].bounds if key not in said.limits]
    for key in missing:
        problems.add(said.file, said.line, f"{name}.{key}", "missing_key", record="alert_rule")
    if missing:
        return None
    values: Mapping[str, Any] = said.values
    raise_to = values.get("raise_to")
    return AlertRule(
        rule_id=name,
        severity=Severity[values["severity"]],
        daylight=Daylight[values["daylight"]],
        timing=Timing(*(values.get(key, 0.0) * 60.0 for key in ("on_min", "off_min", "reopen_min"))),
        limits=said.limits,
        raise_after_s=values.get("raise_after_min", 0.0) * 60.0,
        raise_to=None if raise_to is None else Severity[raise_to],
        source=values["source"],
        enabled=values.get("enabled", True),
        by_plant=said.by_plant,
    )
