"""What a store of the other industries promises: reports, steps and register entries only added; questions deleted."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from domain.industry import IncomeQuestion, RegisterEntry, Report, ReporterKind
from stores.ledger_protocol import MoneyRecords


class IndustryStore(Protocol):
    """Reports, registers and questions. Thread safe."""

    def add_reports(self, reports: Sequence[Report]) -> None:
        """Keep reports together or not at all.

        Raises
        ------
        RecordRejectedError
            A version of one of them is there already; nothing was kept.
        """
        ...

    def add_report_steps(self, reports: Sequence[Report]) -> None:
        """Keep the newest step of each report (``step``, ``step_by``, ``step_at``, ``step_note``)."""
        ...

    def reports(
        self,
        *,
        kind: ReporterKind | None = None,
        reporter_ids: Collection[str] | None = None,
        indicator_ids: Collection[str] | None = None,
        first_period: str = "",
        last_period: str = "9999-99",
        every_version: bool = False,
    ) -> list[Report]:
        """Return reports with their newest step, by period and reporter; only the newest versions unless told so."""
        ...

    def reports_head(self) -> tuple[int, int]:
        """Return the numbers of the newest report and the newest step: while they stand, nothing changed."""
        ...

    def add_entries(self, entries: Sequence[RegisterEntry]) -> None:
        """Keep versions of register entries together or not at all; RecordRejectedError when one is there."""
        ...

    def entries(self, kind: str, *, every_version: bool = False) -> list[RegisterEntry]:
        """Return the entries of a register in the order of their ids, the newest version of each."""
        ...

    def entries_head(self, kind: str) -> int:
        """Return how many versions a register holds: while that stands, nothing changed."""
        ...

    def add_questions(self, questions: Sequence[IncomeQuestion]) -> int:
        """Keep questions that are not there yet; return how many were new."""
        ...

    def questions(self, town_ids: Collection[str] | None = None) -> list[IncomeQuestion]:
        """Return questions, open ones first, then the oldest."""
        ...

    def close_question(self, question_id: str, note: str, by: str, at: datetime) -> None:
        """Close an open question with the note of a visit; RecordRejectedError when none is open."""
        ...

    def delete_questions(self, through: date) -> int:
        """Delete questions whose day of deletion has come; return how many."""
        ...


class IndustryRecords(MoneyRecords, IndustryStore, Protocol):
    """The whole records store: reports, money and their audit are one transaction."""
