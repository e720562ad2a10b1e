"""Small dated facts kept in the records store: job runs, hand-read meters, file imports."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class JobState(Enum):
    """How far a job got for one period."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobRun:
    """One job and one period: the truth about what ran (the scheduler is only the alarm clock)."""

    job: str
    period: str  # such as 2026-07-01 or 2026-07-01T02:30Z; unique with ``job``
    state: JobState
    attempt: int
    started_at: datetime
    finished_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MeterReading:
    """A revenue meter read by a person (人工抄表). Primary energy after ratios. [Wh]

    ``photo`` is the SHA-256 of the stored picture, empty without one. A correction is a new reading that
    names the one it ``replaces``.
    """

    reading_id: str
    plant_id: str
    device_id: str
    read_at: datetime
    forward_wh: float
    entered_by: str
    entered_at: datetime
    photo: str = ""
    note: str = ""
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file somebody brought in: its hash decides whether it was brought in before."""

    sha256: str
    kind: str
    name: str
    imported_by: str
    imported_at: datetime
    rows: int
    detail: dict[str, str] = field(default_factory=dict)
