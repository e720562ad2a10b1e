"""`config/maintenance.yaml` → `domain.maintenance.Maintenance`; every fault with file, line and key."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from domain.alert import Severity
from domain.case import CaseKind
from domain.maintenance import (
    Contact,
    Contractor,
    InspectionPlan,
    Maintenance,
    PlantAccess,
    Responsible,
    Warranty,
)
from domain.plant import Registry
from main.configuration import RegistryProblemsError, read_record
from main.registry.fields import Day, Flag, Number, Text, Whole
from main.registry.problem import Problems, nearest
from main.registry.records import Field, Many, One, Record, Row, TextList
from texts.loader import Texts

FILE = "maintenance.yaml"
_ID = Text(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "banqiao-01", 64)
_WORDS = Text(r".+", "周主任（虚构）", 120)
_PHONE = Text(r"[0-9 +-]{3,20}", "0000-1000000", 20)
_TOWNS = TextList(Text(r"\d{9}", "611002100", 9))
_IDS = TextList(_ID)
_PROFILES = TextList(Text(r"[a-z][a-z0-9_]*", "huawei_sun2000"))
_DUE = Record("due", tuple(Field(name.name, Number(0.1, 8760)) for name in Severity))
_ANSWER = Record(
    "answer_days", (Field("report", Whole(1, 60), default=5), Field("objection", Whole(1, 60), default=5))
)
_RESPONSIBLE = Record(
    "responsible",
    (
        Field("name", _WORDS),
        Field("title", _WORDS, default=""),
        Field("phone", _PHONE, default=""),
        Field("towns", _TOWNS, default=()),
    ),
)
_CONTRACTOR = Record(
    "contractor",
    (
        Field("id", _ID),
        Field("name", _WORDS),
        Field("phone", _PHONE, default=""),
        Field("contract", _WORDS),
        Field("valid_from", Day()),
        Field("valid_to", Day(), default=None),
        Field("plants", _IDS, default=()),
        Field("towns", _TOWNS, default=()),
    ),
)
_WARRANTY = Record(
    "warranty",
    (
        Field("supplier", _WORDS),
        Field("phone", _PHONE, default=""),
        Field("contract", _WORDS),
        Field("ends", Day()),
        Field("profiles", _PROFILES, default=()),
        Field("plants", _IDS, default=()),
        Field("devices", _IDS, default=()),
    ),
)
_ACCESS = Record(
    "plant_access",
    (
        Field("id", _ID),
        Field("key_holder", _WORDS, default=""),
        Field("key_phone", _PHONE, default=""),
        Field("road", _WORDS, default=""),
        Field("valley", _WORDS, default=""),
    ),
)
_INSPECTION = Record(
    "inspection",
    (
        Field("id", _ID),
        Field("name", _WORDS),
        Field("first", Day()),
        Field("every_months", Whole(1, 60)),
        Field("checklist", TextList(_WORDS)),
        Field("plants", _IDS, default=()),
    ),
)
_MAINTENANCE = Record(
    "maintenance",
    (
        Field("sample", Flag(), default=False),
        Field("due_h", One(_DUE), default=None),
        Field("answer_days", One(_ANSWER), default=None),
        Field("responsible", Many(_RESPONSIBLE), default=()),
        Field("contractors", Many(_CONTRACTOR), default=()),
        Field("warranties", Many(_WARRANTY), default=()),
        Field("plants", Many(_ACCESS), default=()),
        Field("inspections", Many(_INSPECTION), default=()),
    ),
)


def load_maintenance(config: Path, registry: Registry, texts: Texts | None = None) -> Maintenance:
    """Return who cares for the plants; nobody where the file is missing.

    Raises
    ------
    RegistryProblemsError
        Lists every fault.
    """
    problems = Problems(texts)
    row = read_record(config / FILE, _MAINTENANCE, problems)
    if row is not None:
        _check(row, registry, problems)
    if problems.found:
        raise RegistryProblemsError(problems.sorted())
    return Maintenance() if row is None else _built(row)


def _check(row: Row, registry: Registry, problems: Problems) -> None:
    known = {
        "plants": (set(registry.plants_by_id), "unknown_plant"),
        "towns": (set(registry.towns_by_id), "unknown_town"),
        "devices": (set(registry.devices_by_id), "unknown_device"),
    }
    for kind in ("responsible", "contractors", "warranties", "inspections"):
        for one in row.get(kind) or ():
            for key, (names, code) in known.items():
                for name in one.get(key) or ():
                    if name not in names:
                        meant = nearest(name, names)
                        problems.add(one.file, one.at(key), key, code, suggestion=meant, id=name)
    for one in row.get("plants") or ():
        name = one.get("id")
        if name is not None and name not in registry.plants_by_id:
            meant = nearest(name, registry.plants_by_id)
            problems.add(one.file, one.at("id"), "id", "unknown_plant", suggestion=meant, id=name)


def _built(row: Row) -> Maintenance:
    given: dict[str, Any] = {}
    if row["due_h"] is not None:
        given["due"] = {one: timedelta(hours=row["due_h"][one.name]) for one in Severity}
    if row["answer_days"] is not None:
        kinds = (CaseKind.REPORT, CaseKind.OBJECTION)
        given["answer_days"] = {kind: row["answer_days"][kind.value] for kind in kinds}
    return Maintenance(
        row["sample"],
        responsible=tuple(
            Responsible(Contact(one["name"], one["title"], one["phone"]), frozenset(one["towns"]))
            for one in row["responsible"]
        ),
        contractors=tuple(_contractor(one) for one in row["contractors"]),
        warranties=tuple(_warranty(one) for one in row["warranties"]),
        access={one["id"]: _access(one) for one in row["plants"]},
        inspections=tuple(_inspection(one) for one in row["inspections"]),
        **given,
    )


def _contractor(one: Row) -> Contractor:
    return Contractor(
        one["id"],
        Contact(one["name"], "", one["phone"]),
        one["contract"],
        one["valid_from"],
        one["valid_to"],
        frozenset(one["plants"]),
        frozenset(one["towns"]),
    )


def _warranty(one: Row) -> Warranty:
    return Warranty(
        Contact(one["supplier"], "", one["phone"]),
        one["contract"],
        one["ends"],
        frozenset(one["profiles"]),
        frozenset(one["plants"]),
        frozenset(one["devices"]),
    )


def _access(one: Row) -> PlantAccess:
    return PlantAccess(Contact(one["key_holder"], "", one["key_phone"]), one["road"], one["valley"])


def _inspection(one: Row) -> InspectionPlan:
    return InspectionPlan(
        one["id"],
        one["name"],
        one["first"],
        one["every_months"],
        tuple(one["checklist"]),
        frozenset(one["plants"]),
    )
