"""The jobs of an instance: what must happen without anybody asking is among them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.own_things import DRAFT_DAYS
from domain.clock import ManualClock, SystemClock
from domain.industry import IncomeQuestion
from domain.personal import Draft
from domain.timespan import day_of
from main.build import options_from
from main.instance import Instance
from main.personal import personal_store
from main.settings import load_settings
from main.timetable import WHOLE_DAYS, timetable
from queries.report_runs import JOB
from tests.main import registry_files

NOW = datetime(2026, 8, 3, 4, tzinfo=UTC)
CONFIG = Path(__file__).parents[2] / "config"


@contextmanager
def instance_at(
    folder: Path, *, demonstration: bool = False, industries: bool = False, **given: object
) -> Iterator[Instance]:
    registry_files.write(folder / "config")
    if industries:
        for name in ("industries.yaml", "alert_rules.yaml"):
            shutil.copy(CONFIG / name, folder / "config" / name)
    settings = load_settings({}, config_dir=folder / "config", data_dir=folder / "data", **given)
    instance = Instance(replace(options_from(settings), clock=ManualClock(NOW), demonstration=demonstration))
    try:
        instance.open_records()
        instance.open_store()
        yield instance
    finally:
        instance.stop()


@pytest.mark.parametrize("store", ["duckdb", "influx"])
def test_old_months_are_made_smaller_whichever_store_keeps_the_samples(tmp_path: Path, store: str) -> None:
    token = tmp_path / "token"
    token.write_text("invented-token-of-a-test", "utf-8")
    with instance_at(
        tmp_path, store=store, influx_url="http://127.0.0.1:1", influx_token_file=token
    ) as instance:
        assert "prune" in {job.name for job in timetable(instance)}


def test_the_whole_days_of_a_demonstration_are_judged_from_its_first_evening_on(tmp_path: Path) -> None:
    with instance_at(tmp_path / "demo", demonstration=True) as instance:
        began = {job.name: job.since for job in timetable(instance) if job.since is not None}
        reports = {job.name for job in timetable(instance) if job.name.startswith(JOB)}
        assert began == dict.fromkeys(WHOLE_DAYS | reports, NOW)
    with instance_at(tmp_path / "real") as instance:
        jobs = timetable(instance)
        assert {job.name for job in jobs} >= WHOLE_DAYS
        assert all(job.since is None for job in jobs)


def test_questions_about_households_are_deleted_on_their_day_though_nobody_asks(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        due = IncomeQuestion("q1", "t1", "v1", "h1", "fell", 100, 50, NOW, day_of(NOW), sources=("post",))
        later = replace(due, question_id="q2", household_id="h2", delete_on=day_of(NOW).replace(day=4))
        instance.records.add_questions([due, later])
        job = next(one for one in timetable(instance) if one.name == "forget_questions")
        assert job.work(NOW) == "1 questions about households"
        assert [one.question_id for one in instance.records.questions()] == ["q2"]


def test_late_reports_are_asked_for_by_the_hour_though_nobody_looks(tmp_path: Path) -> None:
    with instance_at(tmp_path, industries=True) as instance:
        job = next(one for one in timetable(instance) if one.name == "watch_industries")
        assert (job.period_s, job.offset_s, job.since) == (3600.0, 0.0, None)
        job.work(NOW)
        towns = {one.town_id for one in instance.options.registry.towns}
        late = {(one.subject, one.part) for one in instance.records.open_alerts() if one.rule == "I02"}
        assert late == {(town, "2026-06") for town in towns}, "July may come until the fifth of August"
        assert isinstance(instance.options.clock, ManualClock)
        instance.options.clock.advance(3 * 86_400.0)
        job.work(NOW)
        late = {(one.subject, one.part) for one in instance.records.open_alerts() if one.rule == "I02"}
        assert late == {(town, month) for town in towns for month in ("2026-06", "2026-07")}


def test_households_are_asked_about_on_monday_mornings(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        job = next(one for one in timetable(instance) if one.name == "ask_households")
        assert job.period_s == 7 * 86_400.0
        first = datetime.fromtimestamp(job.offset_s, UTC) + timedelta(hours=8)
        assert (first.strftime("%A"), first.hour, first.minute) == ("Monday", 8, 30)
        assert job.work(NOW) == "0 questions to towns"


def test_drafts_nobody_came_back_to_are_deleted_though_nobody_asks(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        store = personal_store(instance.options, instance.records)
        now = SystemClock().now()
        for place, age in (("/app/old", DRAFT_DAYS), ("/app/new", DRAFT_DAYS - timedelta(hours=1))):
            typed = (("name", "样例甲（虚构）"),)
            store.put_draft(Draft("li", place, 0, place, "表", typed, now - age - timedelta(minutes=1)), 20)
        job = next(one for one in timetable(instance) if one.name == "forget_drafts")
        assert job.work(NOW) == "1 drafts"
        assert store.draft("li", "/app/old", 0) is None
        assert store.draft("li", "/app/new", 0) is not None
