"""Daily KPIs of days that got data: late data, failures, gaps, resets, partial plants."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import ManualClock
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin
from domain.plant import Capacity, Connection, Device, DeviceKind, Plant, Registry, Town
from domain.timespan import local_day
from jobs.compute_kpis import INVERTER_COUNTER, JOB, METER_COUNTER, compute, finish_days
from jobs.schedule import Job, Schedule
from stores.duckdb import DuckDbStore
from stores.memory import MemoryStore
from stores.protocol import MeasurementStore
from stores.records.store import SqlRecordStore

DAY = date(2026, 7, 1)
MIDNIGHT = local_day(DAY).start
NOW = MIDNIGHT + timedelta(days=5)


def plant(number: int = 1, inverters: int = 2) -> Plant:
    own = f"p{number}"
    devices = [
        Device(
            f"{own}-inv-{n}",
            own,
            DeviceKind.INVERTER,
            f"inverter {n}",
            rated_power_kw=50.0,
            dc_capacity_kw=60.0,
        )
        for n in range(1, inverters + 1)
    ]
    meter = Device(f"{own}-meter", own, DeviceKind.REVENUE_METER, "meter", ct_ratio=40.0)
    station = Device(f"{own}-met", own, DeviceKind.WEATHER_STATION, "weather")
    return Plant(
        own,
        "样例电站",
        "sample plant",
        "t1",
        33.87,
        109.94,
        700.0,
        Connection.LIVE,
        date(2020, 1, 1),
        (Capacity(date(2020, 1, 1), 60.0 * inverters, 50.0 * inverters),),
        30.0,
        180.0,
        devices=(*devices, meter, station),
    )


REGISTRY = Registry(
    "样例", (Town("t1", "样例镇", "Sample", 33.87, 109.94),), (), (plant(1), plant(2)), sample=True
)
KINDS = {device.device_id: device.kind for device in REGISTRY.devices()}


@pytest.fixture(params=["memory", "duckdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MeasurementStore]:
    clock = ManualClock(NOW)
    made = (
        MemoryStore(clock, KINDS)
        if request.param == "memory"
        else DuckDbStore(tmp_path / "s.duckdb", clock, KINDS)
    )
    yield made
    made.close()


def curve(days: int, peak_w: float = 40_000.0, every_min: int = 15) -> tuple[pd.DatetimeIndex, np.ndarray]:
    at = pd.date_range(MIDNIGHT, MIDNIGHT + timedelta(days=days), freq=f"{every_min}min", inclusive="left")
    hour = (at - pd.Timestamp(MIDNIGHT)).total_seconds().to_numpy() / 3600 % 24
    power = np.where((hour > 6) & (hour < 18), peak_w * np.sin((hour - 6) / 12 * np.pi), 0.0)
    return at.as_unit("ns"), np.rint(1e6 + np.cumsum(power) * every_min / 60)


def put(
    store: MeasurementStore,
    device_id: str,
    at: pd.DatetimeIndex,
    counter: np.ndarray,
    name: str = INVERTER_COUNTER,
) -> None:
    table = pd.DataFrame(
        {"device_id": pd.Series([device_id] * len(at), dtype="str"), "measured_at": at, name: counter}
    )
    store.write_table([name], table, Origin.FILE)


def fill(store: MeasurementStore, days: int = 3) -> None:
    at, counter = curve(days)
    for number in (1, 2):
        put(store, f"p{number}-inv-1", at, counter)
        put(store, f"p{number}-inv-2", at, counter)
        put(store, f"p{number}-meter", at, 2 * counter * 0.98, METER_COUNTER)


def kept(store: MeasurementStore, plant_id: str = "p1") -> dict[date, DailyKpi]:
    return {kpi.day: kpi for kpi in store.daily([plant_id], date(2026, 1, 1), date(2026, 12, 31))}


def test_every_day_with_data_gets_its_kpis(store: MeasurementStore) -> None:
    fill(store)
    done = compute(store, REGISTRY, ManualClock(NOW))
    found = kept(store)
    assert done.plant_days == 6
    assert str(done) == "6"
    assert sorted(found) == [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    one_kwh = 40.0 * 12 * 2 / np.pi  # a half sine of 40 kW over 12 hours
    kpi = found[DAY + timedelta(days=1)]
    assert kpi.produced_energy_kwh == pytest.approx(2 * one_kwh, rel=0.001)
    assert kpi.exported_energy_kwh == pytest.approx(2 * one_kwh * 0.98, rel=0.001)
    assert kpi.final_yield_h == pytest.approx(2 * one_kwh / 120.0, rel=0.001)
    assert kpi.equivalent_hours_h == pytest.approx(2 * one_kwh * 0.98 / 100.0, rel=0.001)
    assert (kpi.completeness, kpi.devices_reporting, kpi.devices_expected) == (1.0, 2, 2)


def test_a_second_run_has_nothing_to_do_and_changes_nothing(store: MeasurementStore) -> None:
    fill(store)
    compute(store, REGISTRY, ManualClock(NOW))
    before = kept(store)
    assert compute(store, REGISTRY, ManualClock(NOW)).plant_days == 0
    store.mark_dirty([("p1-inv-1", DAY)])
    compute(store, REGISTRY, ManualClock(NOW))
    assert kept(store) == before


def test_late_data_gives_the_same_kpis_as_timely_data(store: MeasurementStore) -> None:
    at, counter = curve(4)
    early = np.asarray(at < pd.Timestamp(MIDNIGHT + timedelta(hours=14)))
    late = np.asarray(at > pd.Timestamp(MIDNIGHT + timedelta(days=2, hours=9)))
    put(store, "p1-inv-1", at[early | late], counter[early | late])
    compute(store, REGISTRY, ManualClock(NOW))
    shared = kept(store)
    assert shared[DAY].produced_energy_kwh is not None
    put(store, "p1-inv-1", at, counter)  # the cut line delivers what it kept
    compute(store, REGISTRY, ManualClock(NOW))
    timely = MemoryStore(ManualClock(NOW), KINDS)
    put(timely, "p1-inv-1", at, counter)
    compute(timely, REGISTRY, ManualClock(NOW))
    assert kept(store) == kept(timely)
    assert kept(store) != shared


def test_a_silence_of_days_is_shared_among_them_and_their_completeness_is_low(
    store: MeasurementStore,
) -> None:
    at, counter = curve(4)
    said = np.asarray(
        (at < pd.Timestamp(MIDNIGHT + timedelta(hours=12)))
        | (at > pd.Timestamp(MIDNIGHT + timedelta(days=3)))
    )
    put(store, "p1-inv-1", at[said], counter[said])
    compute(store, REGISTRY, ManualClock(NOW))
    found = kept(store)
    silent = found[DAY + timedelta(days=1)]
    assert silent.produced_energy_kwh == pytest.approx(40 * 24 / np.pi, rel=0.15)
    assert silent.completeness == 0.0
    assert 0.1 < (found[DAY].completeness or 0.0) < 0.4  # one of two inverters, half a day
    total = sum(kpi.produced_energy_kwh or 0.0 for kpi in found.values())
    assert total == pytest.approx((counter[-1] - counter[0]) / 1000)


def test_a_counter_reset_at_noon_costs_one_step_not_the_day(store: MeasurementStore) -> None:
    at, counter = curve(1)
    counter[48:] -= counter[48]
    put(store, "p1-inv-1", at, counter)
    compute(store, REGISTRY, ManualClock(NOW))
    assert kept(store)[DAY].produced_energy_kwh == pytest.approx(40 * 24 / np.pi, rel=0.04)


def test_a_plant_that_said_nothing_gets_no_row_and_a_silent_meter_no_number(store: MeasurementStore) -> None:
    at, counter = curve(1)
    put(store, "p1-inv-1", at, counter)
    compute(store, REGISTRY, ManualClock(NOW))
    assert kept(store, "p2") == {}
    kpi = kept(store)[DAY]
    assert kpi.exported_energy_kwh is None
    assert (kpi.devices_reporting, kpi.devices_expected) == (1, 2)


def test_the_day_under_way_is_judged_by_the_hours_it_had(store: MeasurementStore) -> None:
    at, counter = curve(1)
    noon = MIDNIGHT + timedelta(hours=12)
    before = np.asarray(at < pd.Timestamp(noon))
    for number in (1, 2):
        put(store, f"p1-inv-{number}", at[before], counter[before])
    compute(store, REGISTRY, ManualClock(noon))
    assert kept(store)[DAY].completeness == 1.0


def test_a_plant_that_fell_silent_is_judged_by_its_whole_day_when_that_is_over(
    store: MeasurementStore, tmp_path: Path
) -> None:
    at, counter = curve(1)
    noon = MIDNIGHT + timedelta(hours=12)
    before = np.asarray(at < pd.Timestamp(noon))
    records = SqlRecordStore.at(tmp_path / "records.sqlite")
    clock = ManualClock(noon)

    def work(_: datetime) -> str:
        finish_days(store, REGISTRY, records, clock.now())
        return str(compute(store, REGISTRY, clock))

    schedule, job = Schedule([], records, clock), Job(JOB, 300.0, work)
    for number in (1, 2):
        put(store, f"p1-inv-{number}", at[before], counter[before])
    schedule.run_due(job)
    energy = kept(store)[DAY].produced_energy_kwh
    clock.advance(10 * 3600)
    schedule.run_due(job)
    assert kept(store)[DAY].completeness == 1.0  # as far as anybody has looked
    clock.advance(2 * 86_400)
    assert schedule.run_due(job) == 1
    assert 0.4 < (kept(store)[DAY].completeness or 0) < 0.6
    assert kept(store)[DAY].produced_energy_kwh == energy
    assert kept(store, "p2") == {}
    clock.advance(300)
    schedule.run_due(job)
    assert records.job_runs(JOB)[0].detail == "0"
    records.close()


def test_devices_that_left_the_registry_are_counted_and_disturb_nothing(store: MeasurementStore) -> None:
    fill(store, 1)
    smaller = Registry(REGISTRY.district, REGISTRY.towns, (), (plant(1),), sample=True)
    done = compute(store, smaller, ManualClock(NOW))
    assert done.unknown_devices > 0
    assert kept(store)[DAY].produced_energy_kwh is not None
    assert kept(store, "p2") == {}


def test_a_failure_puts_the_days_back(store: MeasurementStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, 1)

    def broken(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(store, "put_daily", broken)
    with pytest.raises(RuntimeError):
        compute(store, REGISTRY, ManualClock(NOW))
    monkeypatch.undo()
    assert compute(store, REGISTRY, ManualClock(NOW)).plant_days == 2


def test_a_weather_station_alone_makes_no_kpi(store: MeasurementStore) -> None:
    store.write([Batch("p1-met", MIDNIGHT, ("ambient_temperature_c",), (20.0,))])
    assert compute(store, REGISTRY, ManualClock(NOW)).plant_days == 0


def test_days_far_apart_are_computed_apart(store: MeasurementStore) -> None:
    fill(store, 1)
    old = datetime(2020, 3, 1, 3, tzinfo=UTC)
    for minute in range(0, 60, 10):
        reading = Batch("p1-inv-1", old + timedelta(minutes=minute), (INVERTER_COUNTER,), (500.0 * minute,))
        store.write([reading])
    compute(store, REGISTRY, ManualClock(NOW))
    found = {kpi.day: kpi for kpi in store.daily(["p1"], date(2020, 1, 1), date(2026, 12, 31))}
    assert found[date(2020, 3, 1)].produced_energy_kwh == pytest.approx(25.0)
    assert found[DAY].produced_energy_kwh is not None


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_days_computed_as_data_comes_in_are_those_computed_at_once(data: st.DataObject) -> None:
    alone = Registry(REGISTRY.district, REGISTRY.towns, (), (plant(1, 1),), sample=True)
    hours = data.draw(st.lists(st.integers(0, 10 * 24), min_size=3, max_size=10, unique=True))
    rows = [
        Batch("p1-inv-1", MIDNIGHT + timedelta(hours=hour), (INVERTER_COUNTER,), (1e6 + 300.0 * hour,))
        for hour in hours
    ]
    clock = ManualClock(MIDNIGHT + timedelta(days=11))
    at_once, bit_by_bit = MemoryStore(clock, KINDS), MemoryStore(clock, KINDS)
    at_once.write(rows)
    compute(at_once, alone, clock)
    while rows:
        count = data.draw(st.integers(2, 5))
        bit_by_bit.write(rows[:count])
        rows = rows[count:]
        compute(bit_by_bit, alone, clock)
    assert bit_by_bit.daily(["p1"], DAY, DAY + timedelta(days=11)) == at_once.daily(
        ["p1"], DAY, DAY + timedelta(days=11)
    )
