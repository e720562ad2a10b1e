"""Reports of the district's other industries, and the registers and questions kept beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.alert import Verdict


class ReporterKind(StrEnum):
    """Who reports: a town for everything within it, a base for itself, a village to its town."""

    TOWN = "town"
    VILLAGE = "village"
    BASE = "base"


class ReportMark(StrEnum):
    """How the number came about; a zero is said to be one and never taken from an empty cell."""

    ENTERED = "entered"
    ZERO = "zero"  # 零报告
    SAME = "same"  # 与上月相同


class ReportStep(StrEnum):
    """What the second person did with a report."""

    CHECKED = "checked"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Report:
    """One submitted number: frozen. A correction is a further version with its reason.

    Attributes
    ----------
    period : str
        The month it is for, such as ``2026-07``.
    value : Decimal
        In the base unit of its indicator.
    entered : str
        As it was typed, with its unit.
    flags : tuple of str
        What was odd about it and was confirmed by who entered it.
    evidence : tuple of str
        SHA-256 of photos kept with the records.
    step, step_by, step_at
        The newest act of the second person; None before it.
    """

    indicator_id: str
    reporter_kind: ReporterKind
    reporter_id: str
    period: str
    version: int
    value: Decimal
    entered: str
    mark: ReportMark
    made_by: str
    made_at: datetime
    note: str = ""
    flags: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    file_hash: str = ""
    step: ReportStep | None = None
    step_by: str = ""
    step_at: datetime | None = None
    step_note: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is about; versions share it."""
        return self.indicator_id, self.reporter_kind.value, self.reporter_id, self.period

    @property
    def month(self) -> int:
        """Month of the year, from 1."""
        return int(self.period[5:7])

    @property
    def counts(self) -> bool:
        """Whether it is part of sums: one that was sent back is not."""
        return self.step is not ReportStep.RETURNED


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One version of an entry of a register: an operator, a base, a contract. Only added."""

    kind: str
    entry_id: str
    version: int
    content: Mapping[str, Any]
    made_by: str
    made_at: datetime


class QuestionState(StrEnum):
    """Where a question about a household stands."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class IncomeQuestion:
    """A household whose income from the watched sources fell, as a question to its town. Deleted on ``delete_on``.

    ``reason`` is ``fell`` or ``lost_only_source``; amounts are fen of the same months in both years.
    """

    question_id: str
    town_id: str
    village_id: str
    household_id: str
    reason: str
    before_fen: int
    now_fen: int
    asked_at: datetime
    delete_on: date
    state: QuestionState = QuestionState.OPEN
    visit_note: str = ""
    closed_by: str = ""
    closed_at: datetime | None = None
    sources: tuple[str, ...] = field(default=())


class IndustryRule(StrEnum):
    """The alerts of industries, by their rule's id. They live as alerts of plants do and name no plant."""

    BEHIND = "I01"
    NO_REPORT = "I02"
    PRICE_DROP = "I03"
    CLAIM_RATE = "I04"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is so of one thing now: an indicator, a town, a fund. ``part`` tells months of one town apart.

    ``evidence`` holds ``name`` and ``name_en`` of the thing, and the figures.
    """

    rule: IndustryRule
    subject: str
    part: str
    verdict: Verdict
    evidence: Mapping[str, str] = field(default_factory=dict)


def month_before(period: str) -> str:
    """Return the month before, such as ``2025-12`` for ``2026-01``."""
    year, month = int(period[:4]), int(period[5:7])
    return f"{year - (month == 1):04d}-{month - 1 or 12:02d}"


def year_before(period: str) -> str:
    """Return the same month of the year before."""
    return f"{int(period[:4]) - 1:04d}{period[4:]}"
