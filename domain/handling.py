"""What people do about alerts: acknowledge, silence, shelve, hand over; and stops that were planned."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class AlertActKind(Enum):
    """What a person can do to an alert. None of it changes whether the fault is there."""

    ACKNOWLEDGE = "acknowledge"  # 确认: I have seen it
    SILENCE = "silence"  # 屏蔽: tell nobody until an end
    SHELVE = "shelve"  # 搁置: off the list until an end, at most seven days
    RELEASE = "release"  # end a silence or a shelf early
    HAND_OVER = "hand_over"  # 转交
    REOPEN = "reopen"  # it is not solved: tell again
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class AlertAct:
    """One act on an alert. ``number`` counts from 1 within the alert: two people cannot both be next."""

    alert_id: str
    number: int
    at: datetime
    by: str
    kind: AlertActKind
    reason: str = ""
    until: datetime | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class Handling:
    """How an alert stands with people: the sum of the acts on it. No act yet: all empty."""

    alert_id: str
    acts: int = 0
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    owner: str = ""
    silenced_until: datetime | None = None
    silence_reason: str = ""
    shelved_until: datetime | None = None
    shelve_reason: str = ""
    reopened: int = 0

    def is_silenced(self, now: datetime) -> bool:
        """Whether nobody is to be told now."""
        return self.silenced_until is not None and now < self.silenced_until

    def is_shelved(self, now: datetime) -> bool:
        """Whether it is off the list now."""
        return self.shelved_until is not None and now < self.shelved_until


class StopKind(Enum):
    """Why parts stand still on purpose."""

    MAINTENANCE = "maintenance"  # 检修挂牌
    OUTAGE = "outage"  # 计划停电, announced by the grid company


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """A maintenance tag on a plant or device, or a planned outage of a feeder, from one instant to another.

    What it covers turns alerts into notes and names the cause of the energy lost. ``photo`` is the SHA-256
    of the announcement's picture. ``ended_at`` is set when it was taken off early.
    """

    stop_id: str
    kind: StopKind
    start: datetime
    end: datetime
    reason: str
    by: str
    entered_at: datetime
    plant_id: str = ""
    device_id: str = ""
    feeder: str = ""
    photo: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""

    @property
    def until(self) -> datetime:
        """When it really ends: it may have been taken off early."""
        return self.end if self.ended_at is None else min(self.end, self.ended_at)

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at an instant."""
        return self.start <= at < self.until

    def is_tag_of(self, plant_id: str, device_id: str) -> bool:
        """Whether it is a maintenance tag on this device, or on its whole plant."""
        here = self.kind is StopKind.MAINTENANCE and self.plant_id == plant_id
        return here and self.device_id in {"", device_id}
