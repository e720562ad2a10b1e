"""Figures and losses of days, from kept samples to kept days."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from domain.clock import ManualClock
from domain.errors import StoppedError
from domain.handling import PlannedStop, StopKind
from domain.plant import Device, DeviceKind, Registry
from domain.price import EnergyPrice
from domain.series import DeviceSeries, PlantSeries
from jobs.compute_days import DayBooks
from jobs.evaluate_alerts import DailyAlerts, context_for
from stores.memory import MemoryStore
from stores.records.store import SqlRecordStore
from tests.alerts.builders import RULES, change, everywhere, local, plant, series, span
from tests.jobs.test_evaluate_alerts import filled, kept

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


def dirty_weeks() -> tuple[PlantSeries, float]:
    """58 days with their own light, noisy and dull ones among them; dirt slides in, half a per cent a day, to 12 %.

    Also what it costs. [kWh]
    """
    count, dice = 58, np.random.default_rng(1)
    sky = dice.uniform(0.6, 1.0, count)
    sky[[3, 4, 5, 6, 7, 22, 23, 24, 31, 44, 54]] = 0.08
    sky = np.repeat(sky, 96) * dice.uniform(0.85, 1.0, 96 * count)
    made = series(count, 900.0, sky=sky, start=local("01 00:00"))
    light = made.irradiance_poa_w_m2
    assert light is not None
    share = np.repeat(np.clip((np.arange(count) - 20.0) / 25.0, 0.0, 1.0) * 0.12, 96)
    errs = np.repeat(dice.normal(1.0, 0.01, count), 96) * (1.0 - 0.00012 * light)
    dirty = everywhere(made, POWER, slice(0, None), lambda power: power * errs * (1.0 - share))
    lost_kwh = sum(
        float((each.values[POWER] * share / (1.0 - share)).sum()) * 0.25e-3 for each in dirty.devices.values()
    )
    for name, each in dirty.devices.items():
        counter = 1e8 + np.cumsum(each.values[POWER]) * 0.25
        dirty = change(dirty, name, "ac_energy_total_wh", slice(0, None), counter)
    weather = Device("p1-weather", "p1", DeviceKind.WEATHER_STATION, "气象站", gateway_id="p1-gw-1")
    told = {"irradiance_poa_w_m2": light, "module_temperature_c": 25.0 + 0.03 * light}
    return replace(dirty, devices={**dirty.devices, "p1-weather": DeviceSeries(weather, told)}), lost_kwh


def test_dirt_costs_the_same_in_the_rule_and_in_the_ledger_and_what_it_really_cost(
    records: SqlRecordStore,
) -> None:
    made, truth_kwh = dirty_weeks()
    own = plant(5, "p1")
    registry = replace(
        REGISTRY, plants=(replace(own, devices=(*own.devices, made.devices["p1-weather"].device)),)
    )
    clock = ManualClock(local("28 22:00") + timedelta(days=30))
    kept(store := MemoryStore(clock), made)
    DailyAlerts(store, records, registry, clock, [RULES["F30"]], context_for(registry)).run()
    DayBooks(store, records, registry, clock).run()
    [alert] = records.open_alerts()
    first, last = date(2026, 6, 1), date(2026, 7, 28)
    losses = records.day_losses("p1", first, last)
    ledger_kwh = sum(each.lost_kwh for each in losses if each.cause == "soiling")
    assert ledger_kwh == pytest.approx(truth_kwh, rel=0.25)
    assert alert.lost_kwh == pytest.approx(ledger_kwh, rel=0.05)
    for row in records.day_figures("p1", first, last):
        parts = [e.lost_kwh for e in losses if (e.device_id, e.day) == (row.device_id, row.day)]
        assert not parts or sum(parts) == pytest.approx(row.lost_kwh, abs=0.01)
