"""Is everything measured before an instant in the store? A minute is judged early only where the answer is sure."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.spool import Spool
from domain.clock import Clock, FieldClock
from domain.errors import StoreUnavailableError
from inverters.profile import load_profiles
from jobs.forward import ROWS_MAX, Forwarder
from main import alert_jobs
from main.alert_jobs import caught_up
from tests.collectors.peers import Question, peer
from tests.collectors.plants import NOON, modbus_plant, registry
from tests.jobs.test_collect import batches_of, collector, sun2000, until
from tests.jobs.test_forward import Store, batch, forwarder

LATER = NOON + timedelta(days=365)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool.sqlite")
    yield opened
    opened.close()


def test_a_row_that_waits_on_disk_is_behind_its_own_instant_and_no_earlier_one(spool: Spool) -> None:
    job = forwarder(spool, Store())
    assert not job.is_behind(LATER)
    spool.append([batch(5)])
    assert not job.is_behind(NOON + timedelta(seconds=5))
    assert job.is_behind(NOON + timedelta(seconds=6))
    job.run_once()
    assert not job.is_behind(LATER)


def test_a_store_that_is_away_leaves_everything_behind(spool: Spool) -> None:
    store = Store()
    job = forwarder(spool, store)
    spool.append([batch(5)])
    store.away = True
    with pytest.raises(StoreUnavailableError):
        job.run_once()
    assert job.is_behind(LATER)


def test_a_backlog_is_behind_until_it_is_worked_off_whatever_its_rows_say(spool: Spool) -> None:
    job = Forwarder(spool, Store(), None, FieldClock.starting(NOON))  # type: ignore[arg-type]
    spool.append([batch(number) for number in range(ROWS_MAX)])
    assert job.is_behind(NOON)  # more may lie behind the rows that were looked at
    job.run_once()
    assert job.is_behind(NOON)
    while job.run_once():
        pass
    assert not job.is_behind(LATER)


def test_a_question_on_the_wire_is_behind_from_when_it_was_asked(spool: Spool) -> None:
    asked, go_on = threading.Event(), asyncio.Event()

    async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
        from tests.jobs.test_collect import answering

        asked.set()
        await go_on.wait()
        await answering({1: sun2000(41_000, "SN-0001")})(question, writer)

    async def check() -> None:
        clock = FieldClock.starting(NOON)
        async with peer(answer) as port:
            given = registry(modbus_plant(1, port, units=1))
            job = collector(given, spool, load_profiles(), clock=clock)
            assert not job.is_behind(LATER)  # nothing runs yet, nothing is on its way
            task = asyncio.create_task(job.run())
            await until(asked.is_set)
            assert job.is_behind(clock.now())
            assert not job.is_behind(NOON)
            go_on.set()
            await until(lambda: bool(batches_of(spool)) and not job.is_behind(LATER))
            await job.stop()
            await task

    asyncio.run(check())


class Asked:
    """A part that is behind for the first looks."""

    def __init__(self, looks: int = 0) -> None:
        self.looks = looks

    def is_behind(self, _until: datetime) -> bool:
        self.looks -= 1
        return self.looks >= 0


@dataclass
class Process:
    """As much of an instance as the question needs."""

    collector: Any = field(default_factory=Asked)
    forwarder: Any = field(default_factory=Asked)
    clock: Clock = field(default_factory=lambda: FieldClock.starting(NOON))
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def options(self) -> "Process":
        return self


@contextmanager
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(alert_jobs, "_LOOK_S", 0.001)
    yield


def _stopped() -> Process:
    made = Process(collector=Asked(5))
    made.stopping.set()
    return made


@pytest.mark.parametrize(
    ("story", "made", "sure"),
    [
        ("nothing is on its way", Process, True),
        ("a question ends while it is waited for", lambda: Process(collector=Asked(3)), True),
        ("a row reaches the store meanwhile", lambda: Process(forwarder=Asked(3)), True),
        ("a device that hangs is not waited for for ever", lambda: Process(collector=Asked(1000)), False),
        ("another process collects", lambda: Process(collector=None), False),
        ("nobody forwards here", lambda: Process(forwarder=None), False),
        ("field time runs fast", lambda: Process(clock=FieldClock.starting(NOON, speed=60.0)), False),
        ("the program ends", _stopped, False),
    ],
)
def test_it_is_sure_only_when_nothing_is_on_its_way(
    story: str, made: Callable[[], Process], sure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with quick(monkeypatch):
        assert caught_up(made(), NOON) is sure, story  # type: ignore[arg-type]
