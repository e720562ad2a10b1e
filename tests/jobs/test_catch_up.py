"""A backlog is read, stored and settled side by side; nothing leaves the queue before the store has it."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from collectors.spool import Spool
from domain.errors import StoreUnavailableError
from domain.measurement import Batch
from jobs.catch_up import CatchUp, Rows
from tests.jobs.test_forward import batch


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.sqlite")
    made.append([batch(number) for number in range(10)])
    yield made
    made.close()


class Desk:
    """Notes what was stored and settled; ``away`` refuses."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.away = False
        self.stored: list[list[float]] = []
        self.settled: list[list[float]] = []
        self.catch_up = CatchUp(spool, self.write, self.finish)

    def write(self, batches: Sequence[Batch]) -> Mapping[int, str]:
        """Store, in the thread of the catch-up."""
        assert threading.current_thread().name == "catch-up"
        if self.away:
            raise StoreUnavailableError("away")
        self.stored.append(numbers(batches))
        return {0: "refused"} if len(self.stored) == 1 else {}

    def finish(self, rows: Rows, refused: Mapping[int, str]) -> None:
        """Let rows leave the queue."""
        self.settled.append(numbers([one for _, one in rows]))
        self.spool.settle(rows[-1][0], {rows[place][0]: why for place, why in refused.items()})


def numbers(batches: Sequence[Batch]) -> list[float]:
    return [one.values[0] or 0.0 for one in batches]


@pytest.fixture
def desk(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr("jobs.catch_up.ROWS_MAX", 4)
    made = Desk(spool)
    made.catch_up.begin(spool.newest_id())
    return made


def test_groups_go_in_order_and_each_is_settled_while_the_next_is_stored(desk: Desk) -> None:
    assert desk.catch_up.step() == 4
    assert (desk.stored, desk.settled) == ([[0, 1, 2, 3]], [])
    assert desk.spool.status().rows == 10, "stored, and still in the queue"
    assert desk.catch_up.step() == 4
    assert desk.settled == [[0, 1, 2, 3]]
    assert (desk.catch_up.step(), desk.catch_up.step()) == (2, 0)
    assert desk.settled == desk.stored == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert (desk.spool.status().rows, desk.spool.status().quarantined) == (0, 1)
    assert not desk.catch_up.is_on


def test_rows_that_came_later_are_not_the_backlogs(desk: Desk) -> None:
    desk.spool.append([batch(number) for number in range(10, 20)])
    while desk.catch_up.step():
        pass
    assert [number for group in desk.stored for number in group] == [float(number) for number in range(10)]
    assert desk.spool.status().rows == 10


def test_a_group_the_store_did_not_take_stays_and_the_one_before_is_settled(desk: Desk) -> None:
    desk.catch_up.step()
    desk.away = True
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            desk.catch_up.step()
        assert desk.settled == [[0, 1, 2, 3]]
        assert desk.spool.status().rows == 6
    desk.away = False
    while desk.catch_up.step():
        pass
    assert desk.settled == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_what_was_stored_can_be_settled_without_another_group(desk: Desk) -> None:
    desk.catch_up.step()
    desk.catch_up.settle()
    desk.catch_up.settle()
    assert desk.settled == [[0, 1, 2, 3]]
