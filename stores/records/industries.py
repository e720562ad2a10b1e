"""The other industries in the records store: reports, registers, questions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, select, update

from domain.errors import RecordRejectedError
from domain.industry import (
    IncomeQuestion,
    QuestionState,
    RegisterEntry,
    Report,
    ReporterKind,
    ReportMark,
    ReportStep,
)
from stores.records.database import Database
from stores.records.industry_schema import ENTRIES, QUESTIONS, REPORT_STEPS, REPORTS
from stores.records.once import insert_once

_CHUNK = 500
_KEY = ("indicator_id", "reporter_kind", "reporter_id", "period", "version")


class Industries:
    """Implements stores.industry_protocol.IndustryStore; triggers refuse changes of what is only added."""

    _database: Database

    # ------------------------------------------------------------------ reports

    def add_reports(self, reports: Sequence[Report]) -> None:
        """Keep reports together or not at all."""
        rows = [_report_row(one) for one in reports]
        if not rows:
            return
        try:
            self._database.write(insert(REPORTS), rows)
        except RecordRejectedError as error:
            raise RecordRejectedError("one of these reports is there already") from error

    def add_report_steps(self, reports: Sequence[Report]) -> None:
        """Keep the newest step of each report."""
        rows = [
            {
                **_key_row(one),
                "step": one.step.value,
                "note": one.step_note,
                "made_by": one.step_by,
                "made_at": one.step_at,
            }
            for one in reports
            if one.step is not None
        ]
        if rows:
            self._database.write(insert(REPORT_STEPS), rows)

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
        """Return reports with their newest step, by period and reporter."""

        def narrowed(table: Any, wanted: Select[Any]) -> Select[Any]:
            wanted = wanted.where(table.c.period >= first_period, table.c.period <= last_period)
            if kind is not None:
                wanted = wanted.where(table.c.reporter_kind == kind.value)
            if indicator_ids is not None:
                wanted = wanted.where(table.c.indicator_id.in_(sorted(indicator_ids)))
            if reporter_ids is not None and len(reporter_ids) <= _CHUNK:
                wanted = wanted.where(table.c.reporter_id.in_(sorted(reporter_ids)))
            return wanted

        names = [REPORTS.c[name] for name in ("period", "reporter_id", "indicator_id", "version")]
        with self._database.reading() as connection:
            rows = connection.execute(narrowed(REPORTS, select(REPORTS)).order_by(*names)).mappings().all()
            ordered = narrowed(REPORT_STEPS, select(REPORT_STEPS)).order_by(REPORT_STEPS.c.number)
            steps = {_key_of(row): row for row in connection.execute(ordered).mappings()}
        few = None if reporter_ids is None else set(reporter_ids)
        found = [
            _report(row, steps.get(_key_of(row))) for row in rows if few is None or row["reporter_id"] in few
        ]
        return found if every_version else list({one.key: one for one in found}.values())

    def reports_head(self) -> tuple[int, int]:
        """Return the numbers of the newest report and the newest step."""
        newest, step = func.max(REPORTS.c.number), func.max(REPORT_STEPS.c.number)
        with self._database.reading() as connection:
            found = connection.execute(select(newest)).scalar(), connection.execute(select(step)).scalar()
        return int(found[0] or 0), int(found[1] or 0)

    # ------------------------------------------------------------------ registers

    def add_entries(self, entries: Sequence[RegisterEntry]) -> None:
        """Keep versions of register entries together or not at all."""
        rows = [
            {
                "kind": one.kind,
                "entry_id": one.entry_id,
                "version": one.version,
                "content": dict(one.content),
                "made_by": one.made_by,
                "made_at": one.made_at,
            }
            for one in entries
        ]
        if rows:
            self._database.write(insert(ENTRIES), rows)

    def entries(self, kind: str, *, every_version: bool = False) -> list[RegisterEntry]:
        """Return the entries of a register in the order of their ids."""
        wanted = select(ENTRIES).where(ENTRIES.c.kind == kind)
        if not every_version:
            newest = (
                select(ENTRIES.c.entry_id, func.max(ENTRIES.c.version).label("version"))
                .where(ENTRIES.c.kind == kind)
                .group_by(ENTRIES.c.entry_id)
                .subquery()
            )
            same = and_(ENTRIES.c.entry_id == newest.c.entry_id, ENTRIES.c.version == newest.c.version)
            wanted = wanted.join(newest, same)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(ENTRIES.c.entry_id, ENTRIES.c.version))
            return [_entry(row) for row in rows.mappings()]

    def entries_head(self, kind: str) -> int:
        """Return how many versions a register holds."""
        wanted = select(func.count()).select_from(ENTRIES).where(ENTRIES.c.kind == kind)
        with self._database.reading() as connection:
            return int(connection.execute(wanted).scalar() or 0)

    # ------------------------------------------------------------------ questions

    def add_questions(self, questions: Sequence[IncomeQuestion]) -> int:
        """Keep questions that are not there yet; return how many were new."""
        with self._database.writing() as connection:
            return sum(insert_once(connection, QUESTIONS, _question_row(one)) for one in questions)

    def questions(self, town_ids: Collection[str] | None = None) -> list[IncomeQuestion]:
        """Return questions, open ones first, then the oldest."""
        wanted = select(QUESTIONS)
        if town_ids is not None:
            wanted = wanted.where(QUESTIONS.c.town_id.in_(sorted(town_ids)))
        with self._database.reading() as connection:
            found = [_question(row) for row in connection.execute(wanted).mappings()]
        return sorted(
            found, key=lambda one: (one.state is not QuestionState.OPEN, one.asked_at, one.question_id)
        )

    def close_question(self, question_id: str, note: str, by: str, at: datetime) -> None:
        """Close an open question with the note of a visit."""
        is_open = (QUESTIONS.c.question_id == question_id) & (QUESTIONS.c.state == QuestionState.OPEN.value)
        closed = update(QUESTIONS).where(is_open)
        done = closed.values(state=QuestionState.CLOSED.value, visit_note=note, closed_by=by, closed_at=at)
        if not self._database.write(done):
            raise RecordRejectedError(f"question {question_id} is not open")

    def delete_questions(self, through: date) -> int:
        """Delete questions whose day of deletion has come; return how many."""
        return self._database.write(delete(QUESTIONS).where(QUESTIONS.c.delete_on <= through.isoformat()))


def _key_row(one: Report) -> dict[str, Any]:
    return {
        "indicator_id": one.indicator_id,
        "reporter_kind": one.reporter_kind.value,
        "reporter_id": one.reporter_id,
        "period": one.period,
        "version": one.version,
    }


def _key_of(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _report_row(one: Report) -> dict[str, Any]:
    return {
        **_key_row(one),
        "value": format(one.value, "f"),
        "entered": one.entered,
        "mark": one.mark.value,
        "note": one.note,
        "flags": list(one.flags),
        "evidence": list(one.evidence),
        "file_hash": one.file_hash,
        "made_by": one.made_by,
        "made_at": one.made_at,
    }


def _report(row: Mapping[Any, Any], step: Mapping[Any, Any] | None) -> Report:
    made = Report(
        row["indicator_id"],
        ReporterKind(row["reporter_kind"]),
        row["reporter_id"],
        row["period"],
        row["version"],
        Decimal(row["value"]),
        row["entered"],
        ReportMark(row["mark"]),
        row["made_by"],
        row["made_at"],
        row["note"],
        tuple(row["flags"]),
        tuple(row["evidence"]),
        row["file_hash"],
    )
    if step is None:
        return made
    return replace(
        made,
        step=ReportStep(step["step"]),
        step_by=step["made_by"],
        step_at=step["made_at"],
        step_note=step["note"],
    )


def _entry(row: Mapping[Any, Any]) -> RegisterEntry:
    return RegisterEntry(
        row["kind"], row["entry_id"], row["version"], row["content"], row["made_by"], row["made_at"]
    )


def _question_row(one: IncomeQuestion) -> dict[str, Any]:
    return {
        "question_id": one.question_id,
        "town_id": one.town_id,
        "village_id": one.village_id,
        "household_id": one.household_id,
        "reason": one.reason,
        "before_fen": one.before_fen,
        "now_fen": one.now_fen,
        "sources": list(one.sources),
        "asked_at": one.asked_at,
        "delete_on": one.delete_on.isoformat(),
        "state": one.state.value,
        "visit_note": one.visit_note,
        "closed_by": one.closed_by,
        "closed_at": one.closed_at,
    }


def _question(row: Mapping[Any, Any]) -> IncomeQuestion:
    return IncomeQuestion(
        row["question_id"],
        row["town_id"],
        row["village_id"],
        row["household_id"],
        row["reason"],
        row["before_fen"],
        row["now_fen"],
        row["asked_at"],
        date.fromisoformat(row["delete_on"]),
        QuestionState(row["state"]),
        row["visit_note"],
        row["closed_by"],
        row["closed_at"],
        tuple(row["sources"]),
    )
