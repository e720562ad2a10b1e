"""What a new case needs: its place, its number, its due date, and whom to call. Checked before anything is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from access.principal import Principal
from alerts.message import part_name, rule_name
from cases.deadlines import due_at
from cases.refusal import CaseRefusedError
from domain.alert import Alert, Severity
from domain.case import CaseKind
from domain.errors import AccessDeniedError
from domain.maintenance import Maintenance
from domain.plant import Device, Plant, Registry
from domain.timespan import day_of
from texts.loader import Texts

PREFIXES: Mapping[CaseKind, str] = {
    CaseKind.ORDER: "GD",
    CaseKind.REPORT: "FY",
    CaseKind.OBJECTION: "YY",
    CaseKind.INSPECTION: "XJ",
}
TEXT_CHARS_MAX = 1000
SUBJECT_CHARS_MAX = 120
ANONYMOUS = frozenset({"匿名", "anonymous"})


@dataclass(frozen=True, slots=True)
class NewCase:
    """What somebody typed to register a case. ``reporter`` for reports and objections only."""

    kind: CaseKind
    subject: str
    plant_id: str = ""
    device_id: str = ""
    part: str = ""
    village_id: str = ""
    severity: Severity | None = None
    reporter: str = ""
    reporter_phone: str = ""
    checklist: tuple[str, ...] = ()


def number_prefix(kind: CaseKind, at: datetime) -> str:
    """Return how the numbers of a kind begin in a year, such as ``GD-2026-``."""
    return f"{PREFIXES[kind]}-{day_of(at).year}-"


def values_of(
    new: NewCase, principal: Principal, registry: Registry, maintenance: Maintenance, at: datetime
) -> dict[str, str]:
    """Return what the first act holds.

    Raises
    ------
    CaseRefusedError
        The place is unknown or out of scope, the device is retired, or something is missing.
    """
    subject = checked_text(new.subject, SUBJECT_CHARS_MAX)
    if not subject:
        raise CaseRefusedError("no_subject")
    values = {"kind": new.kind.value, "part": new.part, "checklist": "\n".join(new.checklist)}
    if new.plant_id:
        plant = _plant(new.plant_id, principal, registry, at)
        values |= {"plant_id": plant.plant_id, "town_id": plant.town_id}
        values["contractor"] = whom_to_call(plant, _device(new, plant, at), maintenance, at)
        values["device_id"] = new.device_id
    elif new.village_id:
        values |= _village(new.village_id, principal, registry)
    else:
        raise CaseRefusedError("no_place")
    if new.kind in {CaseKind.REPORT, CaseKind.OBJECTION}:
        if not new.reporter.strip():
            raise CaseRefusedError("no_reporter")
        values["reporter"] = checked_text(new.reporter, 40)
        values["reporter_phone"] = checked_text(new.reporter_phone, 20)
    if new.severity is not None:
        values["severity"] = new.severity.name
    values["due_at"] = due_at(new.kind, new.severity, at, maintenance).isoformat()
    return values


def from_alert(alert: Alert, registry: Registry) -> NewCase:
    """Return the order an alert asks for; its words name the device as its label does."""
    device = registry.devices_by_id.get(alert.device_id)
    name = device.name if device is not None else alert.subject or alert.device_id
    texts = Texts("zh")
    words = f"{rule_name(alert.rule, texts)} {name} {part_name(alert.part, texts)}".strip()
    plant_id = alert.plant_id or (alert.plant_ids[0] if alert.plant_ids else "")
    return NewCase(
        CaseKind.ORDER,
        words[:SUBJECT_CHARS_MAX],
        plant_id,
        alert.device_id,
        alert.part,
        severity=alert.severity,
    )


def whom_to_call(plant: Plant, device: Device | None, maintenance: Maintenance, at: datetime) -> str:
    """Return the supplier while the warranty runs, else the contractor of the plant; empty: nobody is named."""
    day = day_of(at, plant.time_zone)
    warranty = maintenance.warranty_of(device) if device is not None else None
    if warranty is not None and day <= warranty.ends:
        told = {"contract": warranty.contract, "ends": warranty.ends}
        who = f"{warranty.supplier.name} {warranty.supplier.phone}"
        return Texts("zh")("cases.under_warranty", who=who, **told)
    contractor = maintenance.contractor_of(plant, day)
    if contractor is None:
        return ""
    return f"{contractor.contact.name} {contractor.contact.phone} ({contractor.contract})"


def checked_text(text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Return the text without edges; refused when it is too long."""
    found = text.strip()
    if len(found) > chars_max:
        raise CaseRefusedError("too_long", count=chars_max)
    return found


def _plant(plant_id: str, principal: Principal, registry: Registry, at: datetime) -> Plant:
    try:
        return principal.plant(plant_id, registry, day_of(at))
    except AccessDeniedError as error:
        raise CaseRefusedError("no_such_plant") from error


def _device(new: NewCase, plant: Plant, at: datetime) -> Device | None:
    if not new.device_id:
        return None
    device = next((one for one in plant.devices if one.device_id == new.device_id), None)
    if device is None:
        raise CaseRefusedError("no_such_device", plant=plant.name, device=new.device_id[:40])
    if device.in_service_to is not None and device.in_service_to <= day_of(at, plant.time_zone):
        raise CaseRefusedError("device_retired", device=device.name, day=device.in_service_to.isoformat())
    return device


def _village(village_id: str, principal: Principal, registry: Registry) -> dict[str, str]:
    village = registry.villages_by_id.get(village_id)
    scope = principal.scope
    seen = village is not None and (
        scope.everything or village_id in scope.village_ids or village.town_id in scope.town_ids
    )
    if village is None or not seen:
        raise CaseRefusedError("no_such_plant")
    return {"village_id": village_id, "town_id": village.town_id}


def sees_case(principal: Principal, plant_id: str, town_id: str, village_id: str, registry: Registry) -> bool:
    """Tell whether a case lies in somebody's scope: its plant, or its village, or its town."""
    scope = principal.scope
    if scope.everything or town_id in scope.town_ids or village_id in scope.village_ids:
        return True
    plant = registry.plants_by_id.get(plant_id)
    return plant is not None and principal.sees_plant(plant, registry)
