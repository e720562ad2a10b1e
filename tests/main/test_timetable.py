"""The jobs of an instance: what must happen without anybody asking is among them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from domain.clock import ManualClock
from domain.industry import IncomeQuestion
from domain.timespan import day_of
from main.build import options_from
from main.instance import Instance
from main.settings import load_settings
from main.timetable import timetable
from tests.main import registry_files

NOW = datetime(2026, 8, 3, 4, tzinfo=UTC)


def test_questions_about_households_are_deleted_on_their_day_though_nobody_asks(tmp_path: Path) -> None:
    registry_files.write(tmp_path / "config")
    settings = load_settings({}, config_dir=tmp_path / "config", data_dir=tmp_path / "data")
    instance = Instance(replace(options_from(settings), clock=ManualClock(NOW)))
    try:
        instance.open_records()
        instance.open_store()
        due = IncomeQuestion("q1", "t1", "v1", "h1", "fell", 100, 50, NOW, day_of(NOW), sources=("post",))
        later = replace(due, question_id="q2", household_id="h2", delete_on=day_of(NOW).replace(day=4))
        instance.records.add_questions([due, later])
        job = next(one for one in timetable(instance) if one.name == "forget_questions")
        assert job.work(NOW) == "1 questions about households"
        assert [one.question_id for one in instance.records.questions()] == ["q2"]
    finally:
        instance.stop()
