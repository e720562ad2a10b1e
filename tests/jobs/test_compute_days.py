"""Figures and losses of days, from kept samples to kept days."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from domain.clock import ManualClock
from domain.errors import StoppedError
from domain.handling import PlannedStop, StopKind
from domain.plant import Registry
from domain.price import EnergyPrice
from jobs.compute_days import DayBooks
from stores.memory import MemoryStore
from stores.records.store import SqlRecordStore
from tests.alerts.builders import change, local, plant, series, span
from tests.jobs.test_evaluate_alerts import filled

POWER = "ac_active_power_w"
REGISTRY = Registry("商州区", (), (), (plant(5, "p1"),))
D10 = date(2026, 6, 10)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecordStore]:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield store
    store.close()


def samples() -> MemoryStore:
    made = series(step_s=900.0, units=5, plant_id="p1")
    stopped = change(made, 2, POWER, span(made, "10 10:00", "10 12:00"), 0.0)
    return filled(change(stopped, 2, "ac_energy_total_wh", slice(0, None), np.nan))


def books(records: SqlRecordStore, fen: str | None = "85") -> DayBooks:
    price = None if fen is None else EnergyPrice(Decimal(fen), Decimal(10))
    return DayBooks(samples(), records, REGISTRY, ManualClock(local("10 23:30")), lambda _plant, _day: price)


def test_a_stopped_inverter_is_an_outage_of_that_day_in_yuan(records: SqlRecordStore) -> None:
    books(records).run()
    rows = {each.device_id: each for each in records.day_figures("p1", D10, D10)}
    assert rows[""].energy_kwh == pytest.approx(
        sum(r.energy_kwh or 0.0 for n, r in rows.items() if "inv" in n)
    )
    outages = [each for each in records.day_losses("p1", D10, D10) if each.cause == "outage"]
    [outage] = [each for each in outages if each.lost_kwh > 1.0]
    assert outage.device_id == "p1-inv-02"
    healthy = rows["p1-inv-01"].energy_kwh or 0.0
    assert outage.lost_kwh == pytest.approx(healthy - (rows["p1-inv-02"].energy_kwh or 0.0), rel=0.05)
    assert outage.benchmark_fen == pytest.approx(outage.lost_kwh * 85, abs=1)
    assert outage.subsidy_fen == pytest.approx(outage.lost_kwh * 10, abs=1)


def test_what_stood_still_under_a_tag_is_kept_as_maintenance(records: SqlRecordStore) -> None:
    tag = PlannedStop(
        "s",
        StopKind.MAINTENANCE,
        local("10 09:00"),
        local("10 13:00"),
        "换风扇",
        "om",
        local("10 08:00"),
        "p1",
    )
    records.add_stop(tag)
    made = DayBooks(
        samples(),
        records,
        REGISTRY,
        ManualClock(local("10 23:30")),
        stops=lambda span: records.stops(span.start, span.end),
    )
    made.run()
    worst = max(records.day_losses("p1", D10, D10), key=lambda each: each.lost_kwh)
    assert (worst.device_id, worst.cause) == ("p1-inv-02", "maintenance")


def test_losses_of_a_unit_add_up_to_what_is_missing(records: SqlRecordStore) -> None:
    books(records, None).run()
    for row in records.day_figures("p1", D10, D10):
        if "inv" in row.device_id:
            parts = [e.lost_kwh for e in records.day_losses("p1", D10, D10) if e.device_id == row.device_id]
            assert sum(parts) == pytest.approx(row.lost_kwh, abs=0.01)
    assert all(each.benchmark_fen is None for each in records.day_losses("p1", D10, D10))


def test_computing_again_changes_nothing(records: SqlRecordStore) -> None:
    books(records).run()
    before = records.day_figures("p1", D10, D10), records.day_losses("p1", D10, D10)
    books(records).run()
    assert (records.day_figures("p1", D10, D10), records.day_losses("p1", D10, D10)) == before


def test_a_program_that_ends_leaves_the_period_undone(records: SqlRecordStore) -> None:
    with pytest.raises(StoppedError):
        books(records).run(stopping=lambda: True)
