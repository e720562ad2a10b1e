"""Who cares for the plants: responsible persons, contractors, warranties, keys and roads, planned inspections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from domain.alert import Severity
from domain.case import CaseKind
from domain.plant import Device, Plant


@dataclass(frozen=True, slots=True)
class Contact:
    """A person others may call: published on the contact page, so office numbers only."""

    name: str
    title: str = ""
    phone: str = ""

    @property
    def line(self) -> str:
        """Who to call on one line."""
        return f"{self.name} {self.title} {self.phone}".strip()


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answers for overdue cases of some towns; without towns: of all the others."""

    contact: Contact
    town_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Contractor:
    """A company that maintains plants under a contract."""

    contractor_id: str
    contact: Contact
    contract: str
    valid_from: date
    valid_to: date | None = None
    plant_ids: frozenset[str] = frozenset()
    town_ids: frozenset[str] = frozenset()

    def cares_for(self, plant: Plant, on: date) -> bool:
        """Tell whether ``plant`` is theirs on a day; a contract without plants and towns covers all."""
        in_force = self.valid_from <= on and (self.valid_to is None or on < self.valid_to)
        everywhere = not self.plant_ids and not self.town_ids
        return in_force and (everywhere or plant.plant_id in self.plant_ids or plant.town_id in self.town_ids)


@dataclass(frozen=True, slots=True)
class Warranty:
    """Who supplied devices and until when they stand for them. Matches by profile, plant or device."""

    supplier: Contact
    contract: str
    ends: date
    profiles: frozenset[str] = frozenset()
    plant_ids: frozenset[str] = frozenset()
    device_ids: frozenset[str] = frozenset()

    def covers(self, device: Device) -> bool:
        """Tell whether a device is meant."""
        return (
            device.device_id in self.device_ids
            or device.plant_id in self.plant_ids
            or device.profile in self.profiles
        )


@dataclass(frozen=True, slots=True)
class PlantAccess:
    """How to get into a plant: who holds the key, which road, which valley one trip covers."""

    key_holder: Contact = Contact("")
    road: str = ""
    valley: str = ""


@dataclass(frozen=True, slots=True)
class InspectionPlan:
    """A planned inspection: every so many months from a first day, with its checklist."""

    plan_id: str
    name: str
    first: date
    every_months: int
    checklist: tuple[str, ...]
    plant_ids: frozenset[str] = frozenset()


_DUE = {
    Severity.S1: timedelta(hours=4),
    Severity.S2: timedelta(hours=24),
    Severity.S3: timedelta(days=7),
    Severity.S4: timedelta(days=30),
}
_ANSWER = {CaseKind.REPORT: 5, CaseKind.OBJECTION: 5}


@dataclass(frozen=True)
class Maintenance:
    """Everything of ``config/maintenance.yaml``. ``sample`` marks invented people."""

    sample: bool = True
    due: Mapping[Severity, timedelta] = field(default_factory=lambda: dict(_DUE))
    answer_days: Mapping[CaseKind, int] = field(default_factory=lambda: dict(_ANSWER))
    responsible: tuple[Responsible, ...] = ()
    contractors: tuple[Contractor, ...] = ()
    warranties: tuple[Warranty, ...] = ()
    access: Mapping[str, PlantAccess] = field(default_factory=dict)
    inspections: tuple[InspectionPlan, ...] = ()

    def responsible_for(self, town_id: str) -> Contact | None:
        """Return who answers for a town, None when nobody is named."""
        own = next((one for one in self.responsible if town_id in one.town_ids), None)
        found = own or next((one for one in self.responsible if not one.town_ids), None)
        return found.contact if found else None

    def contractor_of(self, plant: Plant, on: date) -> Contractor | None:
        """Return who maintains a plant on a day: the contract that names it before one that covers all."""
        found = [one for one in self.contractors if one.cares_for(plant, on)]
        found.sort(key=lambda one: (plant.plant_id not in one.plant_ids, plant.town_id not in one.town_ids))
        return found[0] if found else None

    def warranty_of(self, device: Device) -> Warranty | None:
        """Return the warranty of a device, the most particular one first."""
        found = [one for one in self.warranties if one.covers(device)]
        found.sort(
            key=lambda one: (device.device_id not in one.device_ids, device.plant_id not in one.plant_ids)
        )
        return found[0] if found else None

    def access_of(self, plant_id: str) -> PlantAccess:
        """Return how to get into a plant; empty where nobody said."""
        return self.access.get(plant_id, PlantAccess())
