"""Retention: what is due, in which order, and that it may be repeated."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import ManualClock
from domain.errors import StoreUnavailableError
from domain.plant import DeviceKind
from domain.timespan import Interval, utc_month
from jobs.prune import PruneAct, Retention, prune
from stores.duckdb import DuckDbStore
from stores.protocol import MonthForm, StoredMonth
from tests.stores.rows import DEVICES, POWER, batch

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDbStore]:
    store = DuckDbStore(tmp_path / "s.duckdb", ManualClock(NOW), DEVICES)
    for month in (
        datetime(2022, 5, 1, tzinfo=UTC),
        datetime(2026, 7, 1, tzinfo=UTC),
        NOW - timedelta(days=3),
    ):
        store.write([batch(minute, start=month) for minute in range(10)])
    yield store
    store.close()


def forms(store: DuckDbStore) -> dict[str, MonthForm]:
    return {month.month: month.form for month in store.months()}


def test_old_months_move_and_the_running_ones_stay(store: DuckDbStore) -> None:
    steps = prune(store, ManualClock(NOW))
    assert [(step.act, step.before.month) for step in steps] == [
        (PruneAct.ARCHIVE, "2022-05"),
        (PruneAct.ARCHIVE, "2026-07"),
    ]
    assert forms(store) == {
        "2022-05": MonthForm.ARCHIVED,
        "2026-07": MonthForm.ARCHIVED,
        "2026-11": MonthForm.LIVE,
    }


def test_a_second_run_rolls_up_what_is_older_than_the_archive_and_a_third_has_nothing_to_do(
    store: DuckDbStore,
) -> None:
    prune(store, ManualClock(NOW))
    again = prune(store, ManualClock(NOW))
    assert [(step.act, step.before.month, step.after and step.after.rows) for step in again] == [
        (PruneAct.ROLL_UP, "2022-05", 2)
    ]
    assert forms(store)["2022-05"] is MonthForm.ROLLED_UP
    assert prune(store, ManualClock(NOW)) == []


def test_a_dry_run_says_it_and_changes_nothing(store: DuckDbStore) -> None:
    before = forms(store)
    steps = prune(store, ManualClock(NOW), dry_run=True)
    assert len(steps) == 2
    assert all(step.after is None for step in steps)
    assert forms(store) == before


def test_a_month_is_due_when_its_last_day_is_old_enough(store: DuckDbStore) -> None:
    keep = (NOW - utc_month("2026-07").end).days
    assert utc_month("2026-12").end == datetime(2027, 1, 1, tzinfo=UTC)
    assert len(prune(store, ManualClock(NOW), Retention(live_days=keep + 1), dry_run=True)) == 1
    assert len(prune(store, ManualClock(NOW), Retention(live_days=keep), dry_run=True)) == 2


def test_on_the_29th_of_february_it_runs_too(store: DuckDbStore) -> None:
    assert prune(store, ManualClock(datetime(2028, 2, 29, tzinfo=UTC)), dry_run=True)


class Failing:
    """A store whose disk refuses one month."""

    def __init__(self, months: list[StoredMonth]) -> None:
        self._months = months

    def months(self) -> list[StoredMonth]:
        return self._months

    def archive_month(self, kind: str, month: str) -> StoredMonth:
        if month == "2026-05":
            raise StoreUnavailableError("the disk is full")
        return StoredMonth(kind, month, MonthForm.ARCHIVED, 1)

    def roll_up_month(self, kind: str, month: str, every: timedelta) -> StoredMonth:
        raise AssertionError((kind, month, every))


def test_a_month_that_cannot_move_is_reported_and_the_others_go_on() -> None:
    months = [
        StoredMonth(DeviceKind.INVERTER.value, name, MonthForm.LIVE, 5) for name in ("2026-05", "2026-06")
    ]
    steps = prune(Failing(months), ManualClock(NOW))
    assert [step.problem for step in steps] == ["the disk is full", ""]
    assert steps[1].after is not None


def test_reading_goes_on_over_all_forms(store: DuckDbStore) -> None:
    prune(store, ManualClock(NOW))
    prune(store, ManualClock(NOW))
    span = Interval(datetime(2022, 1, 1, tzinfo=UTC), NOW)
    assert len(store.read(["inv-1"], [POWER], span)) == 2 + 10 + 10
