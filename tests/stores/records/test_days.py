"""Figures and losses by day: what is computed again replaces what was kept, and missing stays missing."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from domain.day_figures import DayFigures, DayLoss
from stores.records.store import SqlRecordStore

FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecordStore]:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield store
    store.close()


def figures(day: date, device_id: str = "", energy_kwh: float | None = 100.0) -> DayFigures:
    return DayFigures("p1", device_id, day, energy_kwh, None, None, 0.81, 0.99, 1.0)


def loss(day: date, cause: str, lost_kwh: float) -> DayLoss:
    return DayLoss(
        "p1", "p1-inv-01", day, cause, lost_kwh, 0.9 * lost_kwh, 1.1 * lost_kwh, "peers", 3545, None
    )


def test_days_come_back_as_they_were_put_the_plant_first(records: SqlRecordStore) -> None:
    rows = [figures(FIRST), figures(FIRST, "p1-inv-01", None), figures(SECOND)]
    losses = [loss(FIRST, "outage", 12.5), loss(FIRST, "string", 1.0)]
    records.put_days("p1", [FIRST, SECOND], list(reversed(rows)), losses)
    assert records.day_figures("p1", FIRST, SECOND) == rows
    assert records.day_figures("p1", SECOND, SECOND) == rows[2:]
    assert records.day_losses("p1", FIRST, SECOND) == losses


def test_a_day_computed_again_replaces_only_itself(records: SqlRecordStore) -> None:
    records.put_days("p1", [FIRST, SECOND], [figures(FIRST), figures(SECOND)], [loss(FIRST, "outage", 12.5)])
    records.put_days("p1", [FIRST], [figures(FIRST, energy_kwh=90.0)], [])
    assert [each.energy_kwh for each in records.day_figures("p1", FIRST, SECOND)] == [90.0, 100.0]
    assert records.day_losses("p1", FIRST, SECOND) == []


def test_a_plant_does_not_touch_another(records: SqlRecordStore) -> None:
    records.put_days("p1", [FIRST], [figures(FIRST)], [])
    records.put_days("p2", [FIRST], [], [])
    assert records.day_figures("p2", FIRST, FIRST) == []
    assert len(records.day_figures("p1", FIRST, FIRST)) == 1
