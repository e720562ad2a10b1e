"""Rows that came at once are judged as if they had come by time, and the watch goes on from there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.alert import Alert, AlertState
from domain.clock import ManualClock
from domain.errors import StoppedError
from domain.timespan import Interval
from jobs.evaluate_alerts import AlertWatch, context_for
from jobs.judge_past import PastJudge
from stores.memory import MemoryStore
from stores.records.store import SqlRecordStore
from tests.alerts.builders import change, local, series, span
from tests.jobs.test_evaluate_alerts import QUICK, REGISTRY, filled

POWER = "ac_active_power_w"
SPAN = Interval(local("10 00:00"), local("10 13:00"))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecordStore]:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield store
    store.close()


def past(records: SqlRecordStore) -> tuple[MemoryStore, PastJudge]:
    day = series(step_s=300.0, units=3, plant_id="p1")
    day = change(day, 2, POWER, span(day, "10 09:00", "10 10:00"), 0.0)
    day = change(day, 1, POWER, span(day, "10 12:00", "10 18:00"), 0.0)
    store = filled(day, series(step_s=300.0, units=3, plant_id="p2"))
    return store, PastJudge(store, records, REGISTRY, QUICK, context_for(REGISTRY))


def zeroes(records: SqlRecordStore) -> list[Alert]:
    everything = records.alert_history(Interval(local("09 00:00"), local("12 00:00")))
    return sorted((each for each in everything if each.rule == "F08"), key=lambda each: each.since)


def test_what_ended_is_kept_with_its_life_and_what_holds_is_open(records: SqlRecordStore) -> None:
    _, judge = past(records)
    judge.judge(SPAN)
    ended, holds = zeroes(records)
    assert (ended.device_id, ended.fired_at) == ("p1-inv-02", local("10 09:15"))
    assert [(each.state, each.at) for each in records.transitions(ended.alert_id)] == [
        (AlertState.FIRING, local("10 09:15")),
        (AlertState.RESOLVED, local("10 10:15")),
    ]
    assert (holds.device_id, holds.state, holds.since) == ("p1-inv-01", AlertState.FIRING, local("10 12:00"))


def test_judging_again_changes_nothing(records: SqlRecordStore) -> None:
    _, judge = past(records)
    judge.judge(SPAN)
    before = zeroes(records)
    judge.judge(SPAN)
    assert zeroes(records) == before


def test_the_watch_goes_on_with_what_the_past_left_open(records: SqlRecordStore) -> None:
    store, judge = past(records)
    clock = ManualClock(SPAN.end)
    watch = AlertWatch(store, records, REGISTRY, clock, QUICK, context_for(REGISTRY))
    watch.step()
    with watch.at_rest():
        judge.judge(SPAN)
    clock.advance(360.0)
    watch.step()
    assert [each.device_id for each in zeroes(records)] == ["p1-inv-02", "p1-inv-01"]


def test_a_program_that_ends_keeps_nothing_half_judged(records: SqlRecordStore) -> None:
    _, judge = past(records)
    with pytest.raises(StoppedError):
        judge.judge(SPAN, stopping=lambda: True)
    assert zeroes(records) == []
