"""Jobs run once a period, late rather than never; the alarm clock may drop what it likes."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import FieldClock, ManualClock
from domain.errors import StoreUnavailableError
from domain.records import JobRun, JobState
from jobs.schedule import Job, Schedule, period_start

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


class Runs:
    """A job table in memory."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, str], JobRun] = {}

    def begin_job(self, job: str, period: str, at: datetime) -> bool:
        known = self.table.get((job, period))
        if known is not None and known.state is not JobState.FAILED:
            return False
        self.table[job, period] = JobRun(job, period, JobState.RUNNING, 1, at)
        return True

    def finish_job(
        self, job: str, period: str, at: datetime, *, failed: bool = False, detail: str = ""
    ) -> None:
        state = JobState.FAILED if failed else JobState.DONE
        self.table[job, period] = JobRun(job, period, state, 1, at, at, detail)

    def job_runs(self, job: str | None = None, count_max: int = 100) -> list[JobRun]:
        return list(self.table.values())


def noting(ran: list[datetime]) -> Callable[[datetime], str]:
    """Return work that notes the period it was given."""

    def work(start: datetime) -> str:
        ran.append(start)
        return "noted"

    return work


def ringing(bell: threading.Event) -> Callable[[datetime], str]:
    """Return work that says it ran."""

    def work(start: datetime) -> str:
        bell.set()
        return "rung"

    return work


@given(st.integers(0, 4_000_000_000), st.sampled_from([60, 300, 3600, 86400]), st.integers(0, 3599))
def test_a_period_is_over_when_it_is_run(epoch_s: int, period_s: int, offset_s: int) -> None:
    now = datetime.fromtimestamp(epoch_s, UTC)
    start = period_start(now, period_s, offset_s)
    assert start + timedelta(seconds=period_s) <= now < start + timedelta(seconds=2 * period_s)


def test_a_period_runs_once_however_often_the_alarm_rings() -> None:
    clock, ran = ManualClock(NOON), list[datetime]()
    schedule = Schedule([], Runs(), clock)
    job = Job("kpis", 300, noting(ran))
    assert [schedule.run_due(job) for _ in range(5)] == [1, 0, 0, 0, 0]
    clock.advance(300)
    assert schedule.run_due(job) == 1
    assert ran == [NOON - timedelta(minutes=5), NOON]


def test_periods_missed_during_a_stop_are_caught_up_oldest_first() -> None:
    clock, ran = ManualClock(NOON), list[datetime]()
    schedule = Schedule([], Runs(), clock)
    job = Job("report", 86400, noting(ran), catch_up_max=3)
    schedule.run_due(job)
    clock.advance(2 * 86400)
    schedule.run_due(job)
    assert [start.day for start in ran] == [27, 28, 29, 30, 1, 2]


def test_periods_that_were_over_before_a_job_began_are_left_alone() -> None:
    clock, ran = ManualClock(NOON), list[datetime]()
    schedule, job = Schedule([], Runs(), clock), Job("report", 300, noting(ran), since=NOON)
    assert schedule.run_due(job) == 0
    clock.advance(299)
    assert schedule.run_due(job) == 0
    clock.advance(1)
    assert schedule.run_due(job) == 1
    assert ran == [NOON]


def test_a_period_that_is_not_due_leaves_no_trace() -> None:
    clock, ran, runs = ManualClock(NOON), list[datetime](), Runs()
    job = Job("month", 86400, noting(ran), is_due=lambda start: start.day == 2, catch_up_max=1)
    schedule = Schedule([], runs, clock)
    for _ in range(4):
        schedule.run_due(job)
        clock.advance(86400)
    assert [start.day for start in ran] == [2]
    assert len(runs.table) == 1


def test_a_failed_period_is_tried_again() -> None:
    outcomes = iter([StoreUnavailableError("the store is away"), None])

    def work(start: datetime) -> str:
        error = next(outcomes)
        if error is not None:
            raise error
        return "fine"

    runs = Runs()
    schedule, job = Schedule([], runs, ManualClock(NOON)), Job("kpis", 300, work)
    assert schedule.run_due(job) == 0
    assert next(iter(runs.table.values())).detail == "the store is away"
    assert schedule.run_due(job) == 1


def test_a_clock_step_back_runs_nothing_twice() -> None:
    clock, ran = ManualClock(NOON), list[datetime]()
    schedule = Schedule([], Runs(), clock)
    job = Job("kpis", 300, noting(ran))
    schedule.run_due(job)
    clock.advance(-20)
    schedule.run_due(job)
    clock.advance(20)
    schedule.run_due(job)
    assert len(ran) == len(set(ran))


def test_the_real_alarm_clock_rings_in_field_time() -> None:
    rung = threading.Event()
    clock = FieldClock.starting(NOON, speed=600)
    schedule = Schedule([Job("kpis", 300, ringing(rung))], Runs(), clock)
    schedule.start()
    assert rung.wait(10)
    schedule.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_job_that_breaks_is_recorded_and_others_go_on() -> None:
    good = threading.Event()
    runs = Runs()

    def broken(start: datetime) -> str:
        raise ZeroDivisionError("a mistake")

    schedule = Schedule(
        [Job("bad", 300, broken), Job("good", 300, ringing(good))],
        runs,
        FieldClock.starting(NOON, speed=60),
    )
    schedule.start()
    assert good.wait(10)
    schedule.stop()
    assert any(run.job == "bad" and run.state is JobState.FAILED for run in runs.table.values())
    assert schedule.missed >= 1
