"""Reports, steps and registers are only added; questions are deleted when their day has come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.errors import RecordRejectedError, StoreError
from domain.industry import IncomeQuestion, QuestionState, RegisterEntry, ReporterKind, ReportStep
from stores.records.store import SqlRecordStore
from tests.industries.builders import AT, report


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[SqlRecordStore]:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield store
    store.close()


def test_a_report_comes_back_whole_and_a_correction_stands_beside_it(kept: SqlRecordStore) -> None:
    first = replace(report("12345.6789"), flags=("rose",), evidence=("a" * 64,), note="晴", file_hash="f")
    second = replace(first, version=2, value=Decimal(12_346))
    kept.add_reports([first])
    kept.add_reports([second])
    assert kept.reports() == [second]
    assert kept.reports(every_version=True) == [first, second]


def test_a_version_that_is_there_keeps_all_of_them_out(kept: SqlRecordStore) -> None:
    kept.add_reports([report("1")])
    with pytest.raises(RecordRejectedError):
        kept.add_reports([report("2", "2026-05"), report("3")])
    assert [one.period for one in kept.reports()] == ["2026-06"]


def test_reports_are_found_by_period_reporter_indicator_and_kind(kept: SqlRecordStore) -> None:
    base = replace(report("9", reporter="b1"), reporter_kind=ReporterKind.BASE)
    kept.add_reports(
        [report("1", "2026-05"), report("2", reporter="south"), base, report("4", indicator_id="x")]
    )
    assert [one.value for one in kept.reports(kind=ReporterKind.TOWN, first_period="2026-06")] == [4, 2]
    assert [one.value for one in kept.reports(reporter_ids=["b1"])] == [9]
    assert [one.value for one in kept.reports(indicator_ids=["x"], last_period="2026-06")] == [4]


def test_the_newest_step_counts(kept: SqlRecordStore) -> None:
    kept.add_reports([report("1")])
    done = replace(report("1"), step=ReportStep.RETURNED, step_by="wang", step_at=AT, step_note="核对")
    kept.add_report_steps([done])
    assert kept.reports() == [done]
    checked = replace(done, step=ReportStep.CHECKED, step_note="")
    kept.add_report_steps([checked])
    assert kept.reports() == [checked]


def test_the_head_moves_with_every_report_and_every_step(kept: SqlRecordStore) -> None:
    assert kept.reports_head() == (0, 0)
    kept.add_reports([report("1"), report("2", "2026-05")])
    assert kept.reports_head() == (2, 0)
    kept.add_report_steps([replace(report("1"), step=ReportStep.CHECKED, step_by="w", step_at=AT)])
    assert kept.reports_head() == (2, 1)


@pytest.mark.parametrize("table", ["industry_reports", "industry_report_steps", "industry_entries"])
def test_nothing_is_changed_or_removed(kept: SqlRecordStore, table: str) -> None:
    kept.add_reports([report("1")])
    kept.add_report_steps([replace(report("1"), step=ReportStep.CHECKED, step_by="w", step_at=AT)])
    kept.add_entries([RegisterEntry("base", "b1", 1, {"name": "一"}, "li", AT)])
    for statement in (f"UPDATE {table} SET made_by = 'x'", f"DELETE FROM {table}"):
        with pytest.raises((StoreError, RecordRejectedError), match="append-only"):
            kept.database.write(text(statement))


def test_a_register_shows_the_newest_version_and_keeps_the_older_ones(kept: SqlRecordStore) -> None:
    one = RegisterEntry("base", "b1", 1, {"name": "一"}, "li", AT)
    two = replace(one, version=2, content={"name": "二"})
    other = replace(one, kind="operator", entry_id="o1")
    kept.add_entries([one, other])
    kept.add_entries([two])
    assert kept.entries("base") == [two]
    assert kept.entries("base", every_version=True) == [one, two]
    assert kept.entries("operator") == [other]
    assert [kept.entries_head(kind) for kind in ("base", "operator", "contract")] == [2, 1, 0]


def test_a_question_is_asked_once_closed_with_a_note_and_deleted_on_its_day(kept: SqlRecordStore) -> None:
    day = date(2026, 8, 3)
    asked = IncomeQuestion("q1", "t1", "v1", "h1", "fell", 100, 50, AT, day, sources=("post",))
    assert kept.add_questions([asked, replace(asked, question_id="q2", town_id="t2")]) == 2
    assert kept.add_questions([replace(asked, now_fen=1)]) == 0
    assert kept.questions(["t1"]) == [asked]
    kept.close_question("q1", "已走访", "wang", AT)
    closed = kept.questions()[-1]
    assert (closed.question_id, closed.state, closed.visit_note) == ("q1", QuestionState.CLOSED, "已走访")
    with pytest.raises(RecordRejectedError):
        kept.close_question("q1", "再", "wang", AT)
    assert kept.delete_questions(day - timedelta(days=1)) == 0
    assert kept.delete_questions(day) == 2
    assert kept.questions() == []
