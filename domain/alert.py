"""Alerts: what a rule sees (Verdict), how an alert lives (AlertState), and the record of one (Alert)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum


class Verdict(IntEnum):
    """What a condition says about one instant. UNKNOWN changes nothing: no data raises and clears nothing.

    NEAR lies between the two limits of a rule: too good to start an alert, too bad to end one.
    """

    UNKNOWN = -1
    FALSE = 0
    TRUE = 1
    NEAR = 2


class Severity(IntEnum):
    """How soon somebody must act; the smaller the more urgent.

    S1 danger or a whole plant; S2 work of the same day; S3 at the next visit; S4 a note for the report.
    """

    S1 = 1
    S2 = 2
    S3 = 3
    S4 = 4


class AlertState(Enum):
    """Where an alert stands; only ``alerts.lifecycle.advance`` makes a new one."""

    PENDING = "pending"  # the condition holds, not yet long enough
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One fault of one part, from its first sign to its end. Frozen: a change is a new record.

    Attributes
    ----------
    alert_id : str
        Stable for the life of the alert; reopening keeps it.
    rule : str
        Id of the rule, such as ``F10``.
    subject : str
        What it is about: ``<plant_id>``, ``<device_id>`` or a feeder's name; with ``part`` the key by which
        at most one alert of a rule is open.
    part : str
        Part of the device, such as ``string_03``, ``mppt_2``, ``phase_b``; empty: all of it.
    plant_id, device_id : str
        ``plant_id`` empty for an alert of several plants (then ``plant_ids`` lists them), ``device_id``
        empty for a plant's alert.
    since, fired_at, resolved_at : datetime
        First sign, when it had held long enough, and its end; aware UTC field time.
    lost_kwh, lost_fen : float, int or None
        Energy and money lost so far; None: not known. ``at_risk_fen`` is what a coming day would cost.
    parent_id : str or None
        The alert that explains this one; a child is attached and not sent.
    evidence : mapping
        Named values a person needs to check it (numbers as text with unit in the name).
    held_s, clear_s : float
        How long the condition has held, and since then been clear again, in instants that count. [s]
    """

    alert_id: str
    rule: str
    plant_id: str
    device_id: str
    part: str
    severity: Severity
    state: AlertState
    since: datetime
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    subject: str = ""
    plant_ids: tuple[str, ...] = ()
    cause: str = ""
    lost_kwh: float | None = None
    lost_fen: int | None = None
    at_risk_fen: int | None = None
    parent_id: str | None = None
    reopened: int = 0
    evidence: Mapping[str, str] = field(default_factory=dict)
    held_s: float = 0.0
    clear_s: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """Rule, subject and part: at most one alert of a key is open."""
        return self.rule, self.subject or self.device_id or self.plant_id, self.part

    def concerns(self, plant_id: str) -> bool:
        """Whether it is about a plant, alone or among others."""
        return plant_id == self.plant_id or plant_id in self.plant_ids

    @property
    def is_of_industries(self) -> bool:
        """Whether it is about the district's other industries and not about plants."""
        return self.rule.startswith("I")

    @property
    def is_open(self) -> bool:
        """Whether it fires now."""
        return self.state is AlertState.FIRING


@dataclass(frozen=True, slots=True)
class Transition:
    """One change in the life of an alert: of its state, severity or parent. Only added, never changed."""

    alert_id: str
    at: datetime
    state: AlertState
    severity: Severity
    parent_id: str | None = None
    number: int = 0
