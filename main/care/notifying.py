"""`config/notifying.yaml` → `domain.notification.Notifying`; every fault with file, line and key."""

from collections.abc import Iterable
from datetime import time, timedelta
from pathlib import Path

from domain.alert import Severity
from domain.notification import Notifying, Receiver, Route, Target, TargetKind, Timing, When
from domain.plant import Registry
from main.configuration import RegistryProblemsError, read_record
from main.registry.fields import Choice, Flag, Number, Text, Whole
from main.registry.problem import Problems, nearest
from main.registry.records import Field, Many, One, Record, Row, TextList
from texts.loader import Texts

FILE = "notifying.yaml"
ROLES = ("desk", "field", "lead", "steward", "county", "town", "money", "money_lead")
_ID = Text(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "field-north", 48)
_CLOCK = Text(r"([01]\d|2[0-3]):[0-5]\d", "07:30", 5)
_SEVERITY = Text(r"S[1-4]", "S2", 2)
_RULE = Text(r"[FI]\d{2}", "F10", 3)
_ROLE = Text("|".join(ROLES), "field", 16)
_TARGET = Record(
    "target",
    (
        Field("id", _ID),
        Field("kind", Choice(tuple(kind.value for kind in TargetKind))),
        Field("secret", Text(r"[a-z0-9][a-z0-9_.-]{0,63}", "wecom.url", 64), default=""),
        Field("topic", Text(r"[A-Za-z0-9_/-]+", "pv/alerts", 80), default=""),
        Field("daily_max", Whole(0, 1000), default=0),
    ),
)
_RECEIVER = Record(
    "receiver",
    (
        Field("id", _ID),
        Field("name", Text(r".+", "赵某（虚构）", 40)),
        Field("role", Choice(ROLES)),
        Field("targets", TextList(_ID), default=()),
        Field("towns", TextList(Text(r"\d{9}", "611002100", 9)), default=()),
        Field("plants", TextList(_ID), default=()),
        Field("phone", Text(r"[0-9 +-]{3,20}", "0000-0000001", 20), default=""),
        Field("daily_max", Whole(0, 1000), default=0),
        Field("language", Choice(("zh", "en")), default="zh"),
    ),
)
_ROUTE = Record(
    "route",
    (
        Field("id", _ID),
        Field("roles", TextList(_ROLE)),
        Field("severities", TextList(_SEVERITY)),
        Field("when", Choice(tuple(when.value for when in When))),
        Field("rules", TextList(_RULE), default=()),
        Field("after_min", Number(0, 10_080), default=0.0),
    ),
)
_TIMING = Record(
    "timing",
    (
        Field("day_start", _CLOCK, default="07:30"),
        Field("day_end", _CLOCK, default="20:00"),
        Field("list_at", _CLOCK, default="08:00"),
        Field("group_s", Number(0, 600), default=5.0),
        Field("remind_after_h", Number(0.1, 720), default=24.0),
        Field("reminders_max", Whole(0, 20), default=2),
        Field("expire_after_h", Number(0.1, 168), default=24.0),
    ),
)
_DELAY = Record("delay", (Field("rule", _RULE), Field("minutes", Number(0, 10_080))))
_NOTIFYING = Record(
    "notifying",
    (
        Field("sample", Flag(), default=False),
        Field("private_hosts", TextList(Text(r"[A-Za-z0-9.:-]+:\d{1,5}", "10.1.2.3:8443", 80)), default=()),
        Field("targets", Many(_TARGET)),
        Field("receivers", Many(_RECEIVER)),
        Field("routes", Many(_ROUTE)),
        Field("timing", One(_TIMING), default=None),
        Field("delays", Many(_DELAY), default=()),
    ),
)


def load_notifying(config: Path, registry: Registry, texts: Texts | None = None) -> Notifying:
    """Return who is told what; nobody where the file is missing.

    Raises
    ------
    RegistryProblemsError
        Lists every fault.
    """
    problems = Problems(texts)
    row = read_record(config / FILE, _NOTIFYING, problems)
    if row is not None:
        _check(row, registry, problems)
    if problems.found:
        raise RegistryProblemsError(problems.sorted())
    return Notifying() if row is None else _built(row)


def _check(row: Row, registry: Registry, problems: Problems) -> None:
    targets = {one.get("id") for one in row.get("targets") or ()}
    plants, towns = set(registry.plants_by_id), set(registry.towns_by_id)
    for kind in ("targets", "receivers", "routes"):
        _check_twice(row.get(kind) or (), problems)
    for receiver in row.get("receivers") or ():
        _check_known(receiver, "targets", targets, "unknown_target", problems)
        _check_known(receiver, "towns", towns, "unknown_town", problems)
        _check_known(receiver, "plants", plants, "unknown_plant", problems)
    for target in row.get("targets") or ():
        needs = target.get("kind") in {"apprise", "webhook", "mqtt", "sms"}
        if needs and not target.get("secret"):
            problems.add(target.file, target.at("kind"), "secret", "missing_key", record="target")


def _check_twice(rows: Iterable[Row], problems: Problems) -> None:
    seen: dict[str, Row] = {}
    for row in rows:
        name = row.get("id")
        if name in seen:
            other = f"{seen[name].file}:{seen[name].line}"
            problems.add(row.file, row.line, "id", "duplicate_id", what="record", id=name, other=other)
        elif name:
            seen[name] = row


def _check_known(row: Row, key: str, known: Iterable[str], code: str, problems: Problems) -> None:
    names = {str(one) for one in known}
    for name in row.get(key) or ():
        if name not in names:
            problems.add(row.file, row.at(key), key, code, suggestion=nearest(name, names), id=name)


def _built(row: Row) -> Notifying:
    return Notifying(
        row["sample"],
        tuple(
            Target(one["id"], TargetKind(one["kind"]), one["secret"], one["topic"], one["daily_max"])
            for one in row["targets"]
        ),
        tuple(_receiver(one) for one in row["receivers"]),
        tuple(_route(one) for one in row["routes"]),
        _timing(row),
        frozenset(row["private_hosts"]),
    )


def _receiver(one: Row) -> Receiver:
    return Receiver(
        one["id"],
        one["name"],
        one["role"],
        tuple(one["targets"]),
        frozenset(one["towns"]),
        frozenset(one["plants"]),
        one["phone"],
        one["daily_max"],
        one["language"],
    )


def _route(one: Row) -> Route:
    return Route(
        one["id"],
        frozenset(one["roles"]),
        frozenset(Severity[name] for name in one["severities"]),
        When(one["when"]),
        frozenset(one["rules"]),
        timedelta(minutes=one["after_min"]),
    )


def _timing(row: Row) -> Timing:
    delays = {one["rule"]: timedelta(minutes=one["minutes"]) for one in row["delays"]}
    one = row["timing"]
    if one is None:
        return Timing(delays=delays)
    return Timing(
        time.fromisoformat(one["day_start"]),
        time.fromisoformat(one["day_end"]),
        time.fromisoformat(one["list_at"]),
        timedelta(seconds=one["group_s"]),
        timedelta(hours=one["remind_after_h"]),
        one["reminders_max"],
        timedelta(hours=one["expire_after_h"]),
        delays,
    )
