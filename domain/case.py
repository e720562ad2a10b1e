"""Cases: work orders, villagers' reports, objections and inspections, all with one life cycle.

A case is the sum of its acts. Acts are only added; `cases.lifecycle.after` folds them into a `Case`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from domain.alert import Severity


class CaseKind(Enum):
    """What a case is about."""

    ORDER = "order"  # 工单: a fault to repair
    REPORT = "report"  # 群众反映: a villager's report
    OBJECTION = "objection"  # 异议: to a published notice
    INSPECTION = "inspection"  # 巡检: planned, with a checklist


class CaseState(Enum):
    """Where a case stands: 登记 → 派出 → 办理 → 待验收 → 销号."""

    REGISTERED = "registered"
    ASSIGNED = "assigned"
    HANDLING = "handling"
    AWAITING = "awaiting"
    CLOSED = "closed"


class CaseActKind(Enum):
    """What can be done to a case."""

    REGISTER = "register"
    ASSIGN = "assign"
    ARRIVE = "arrive"
    LEAVE = "leave"
    NOTE = "note"
    PART = "part"
    PHOTO = "photo"
    DONE = "done"
    MEASURE = "measure"  # what the meters say about the repair
    ACCEPT = "accept"
    RETURN = "return"
    REOPEN = "reopen"
    ESCALATE = "escalate"  # overdue, told to the responsible person by name


class Cause(Enum):
    """Why it happened, as the person who was there found it; closing without one is refused."""

    STRING_FUSE = "string_fuse"
    CONNECTOR = "connector"
    MODULE = "module"
    INVERTER_PART = "inverter_part"
    INVERTER_TRIP = "inverter_trip"
    BREAKER = "breaker"
    CABLE = "cable"
    METER = "meter"
    LINK = "link"
    SOILING = "soiling"
    SHADE = "shade"
    SNOW = "snow"
    GRID_OUTAGE = "grid_outage"
    GRID_LIMIT = "grid_limit"
    THEFT = "theft"
    WEATHER = "weather"
    DUPLICATE = "duplicate"
    NO_FAULT = "no_fault"  # the alert was wrong: counts against the rule's precision
    OTHER = "other"


FALSE_CAUSES = frozenset({Cause.NO_FAULT})


@dataclass(frozen=True, slots=True)
class SparePart:
    """A part that was used."""

    name: str
    number: str
    count: int


@dataclass(frozen=True, slots=True)
class CasePhoto:
    """A picture of a case; ``sha256`` names the stored bytes, ``stage`` is ``before`` or ``after``."""

    sha256: str
    stage: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the meters say: output against what was expected, before the repair and since.

    ``won_back_kwh`` is energy since the repair beyond what the broken part would have given; None where
    nothing can be said. ``reason`` names why it did not recover or cannot be told.
    """

    measured_at: datetime
    before_ratio: float | None
    after_ratio: float | None
    won_back_kwh: float | None
    recovered: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CaseAct:
    """One act on a case. ``number`` counts from 1 within the case: two people at once cannot both be next.

    ``values`` holds what the kind of act needs, as text (ISO instants, numbers as text).
    """

    case_id: str
    number: int
    at: datetime
    by: str
    kind: CaseActKind
    text: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands after its acts.

    Attributes
    ----------
    number : str
        What people say and print, such as ``GD-2026-0042``.
    subject : str
        Fault, complaint or plan in one line.
    reporter : str
        Who brought it in, for reports and objections: personal data, shown only to who manages cases.
    due_at : datetime or None
        When it must be done; for reports and objections when it must be answered.
    answer : str
        What the reporter is told in the end.
    """

    case_id: str
    number: str
    kind: CaseKind
    state: CaseState
    subject: str
    registered_at: datetime
    registered_by: str
    acts: int
    updated_at: datetime
    plant_id: str = ""
    device_id: str = ""
    part: str = ""
    village_id: str = ""
    town_id: str = ""
    alert_ids: tuple[str, ...] = ()
    rule: str = ""
    severity: Severity | None = None
    reporter: str = ""
    reporter_phone: str = ""
    due_at: datetime | None = None
    assignee: str = ""
    contractor: str = ""
    since: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    done_at: datetime | None = None
    closed_at: datetime | None = None
    cause: Cause | None = None
    action: str = ""
    answer: str = ""
    parts: tuple[SparePart, ...] = ()
    photos: tuple[CasePhoto, ...] = ()
    recovery: Recovery | None = None
    escalated_to: str = ""
    escalated_at: datetime | None = None
    reopened: int = 0
    checklist: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state is not CaseState.CLOSED
