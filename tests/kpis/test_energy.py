"""Energy from counters: resets, spikes, silences, days that add up."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.clock import ManualClock
from domain.energy import CounterEnergy
from domain.measurement import Origin
from domain.plant import DeviceKind
from domain.timespan import Interval, local_day
from kpis.energy import (
    CounterLimits,
    DayEnergy,
    Place,
    aggregates_of,
    daily_energy,
    daylight_shares,
    energy_from_counter,
    neighbours,
    odd_days,
)
from stores.duckdb import DuckDbStore

ZONE = "Asia/Shanghai"
PLACE = Place(33.87, 109.94, ZONE)
KW50 = 50_000.0
DAY = date(2026, 7, 1)
MIDNIGHT = local_day(DAY, ZONE).start


def minutes(*at: float) -> np.ndarray:
    return np.array(at, dtype=float) * 60.0


def energy(at: list[float], counter: list[float]) -> CounterEnergy:
    return energy_from_counter(minutes(*at), np.array(counter, dtype=float), KW50)


def test_energy_is_the_sum_of_the_steps() -> None:
    assert energy([0, 5, 10], [1000, 3000, 6000]).energy_wh == 5000.0


def test_one_reading_tells_no_energy() -> None:
    assert energy([0], [1000]).energy_wh is None
    assert energy([], []).energy_wh is None
    assert energy([0, 5], [1000, float("nan")]).energy_wh is None


def test_a_counter_that_stands_still_made_nothing_which_is_not_unknown() -> None:
    assert energy([0, 5], [1000, 1000]).energy_wh == 0.0


def test_a_reset_is_not_negative_energy() -> None:
    found = energy([0, 5, 10, 15], [90_000, 92_000, 0, 2_000])
    assert (found.energy_wh, found.resets) == (4_000.0, 1)


def test_a_counter_restored_to_an_older_value_goes_on_from_there() -> None:
    found = energy([0, 5, 10, 15, 20], [1000, 3000, 2000, 2500, 4000])
    assert (found.energy_wh, found.resets) == (4000.0, 1)


def test_an_impossible_rise_is_left_out() -> None:
    # 50 kW make at most 4.4 kWh in five minutes
    found = energy([0, 5, 10, 15], [1000, 2000, 902_000, 903_000])
    assert (found.energy_wh, found.spikes) == (2000.0, 1)


def test_a_single_misread_value_is_stepped_over() -> None:
    for odd in (9e8, 0.0):
        found = energy([0, 5, 10, 15], [5000, odd, 7000, 8000])
        assert found.energy_wh == 3000.0
        assert found.resets + found.spikes == 1


def test_a_large_step_after_a_long_silence_is_catching_up_and_counts() -> None:
    found = energy([0, 5, 245, 250], [1000, 2000, 102_000, 103_000])
    assert (found.energy_wh, found.catch_up_wh) == (102_000.0, 100_000.0)


def test_a_coarse_counter_may_tick_at_any_moment() -> None:
    found = energy_from_counter(
        minutes(0, 1, 2), np.array([0.0, 0.0, 20_000.0]), KW50, resolution_wh=20_000.0
    )
    assert (found.energy_wh, found.spikes) == (20_000.0, 0)
    assert energy([0, 1, 2], [0, 0, 20_000]).spikes == 1


@given(
    steps=st.lists(st.integers(0, 4000), min_size=1, max_size=60),
    resets=st.sets(st.integers(1, 59), max_size=4),
    start=st.integers(10**6, 10**9),
)
@example(steps=[0, 0, 0, 1, 0, 1], resets={1, 4}, start=1_000_000)
def test_resets_cost_one_step_each_and_never_make_energy_negative(
    steps: list[int], resets: set[int], start: int
) -> None:
    counter, value, expected = [float(start)], float(start), 0.0
    for place, step in enumerate(steps):
        following = steps[place + 1] if place + 1 < len(steps) else 0
        # a counter that is back where it was at the next reading was misread: nobody could tell it from a reset
        apart = place - 1 not in resets and place + 1 not in resets and following < value
        if place in resets and apart:
            value = 0.0
        else:
            value += step
            expected += step
        counter.append(value)
    found = energy([5.0 * n for n in range(len(counter))], counter)
    assert found.energy_wh is not None
    assert found.energy_wh >= 0
    assert found.energy_wh == pytest.approx(expected)


# days


def sunny(days: int, every_min: int = 5, start: date = DAY) -> tuple[np.ndarray, np.ndarray]:
    """Times and counter of an inverter over clear days: half-sine of 40 kW from 6 to 18 h. [s], [Wh]"""
    begin = local_day(start, ZONE).start.timestamp()
    times = begin + np.arange(0, days * 1440, every_min) * 60.0
    hour = ((times - begin) / 3600.0) % 24.0
    power = np.where((hour > 6) & (hour < 18), 40_000 * np.sin((hour - 6) / 12 * np.pi), 0.0)
    return times, np.rint(1e6 + np.cumsum(power) * every_min / 60.0)


def days_of(times: np.ndarray, counter: np.ndarray) -> dict[date, DayEnergy]:
    aggregates = aggregates_of("inv-1", times, counter, ZONE)
    found = daily_energy(aggregates, {"inv-1": CounterLimits(KW50)}, {"inv-1": PLACE})
    return {day: energy for (_, day), energy in found.items()}


def test_days_add_up_to_the_counter() -> None:
    times, counter = sunny(5)
    found = days_of(times, counter)
    assert len(found) == 5
    assert sum(day.energy_wh or 0.0 for day in found.values()) == counter[-1] - counter[0]
    assert all(day.estimated_wh == 0 for day in found.values())


def test_a_silence_in_the_night_gives_its_step_to_the_morning_after() -> None:
    times, counter = sunny(2)
    hour = (times - MIDNIGHT.timestamp()) / 3600
    said = (hour < 20) | (hour > 24 + 4)
    counter = np.where(hour > 22, counter + 500.0, counter)  # something ticked in the dark
    found = days_of(times[said], counter[said])
    assert found[DAY].energy_wh == pytest.approx(
        (found[DAY + timedelta(days=1)].energy_wh or 0.0) - 500.0, abs=2
    )


def test_a_silence_in_daylight_is_shared_by_the_sun_and_says_so() -> None:
    times, counter = sunny(4)
    hour = (times - MIDNIGHT.timestamp()) / 3600
    said = (hour < 15) | (hour > 24 * 3 + 10)
    whole, cut = days_of(times, counter), days_of(times[said], counter[said])
    assert sum(day.energy_wh or 0.0 for day in cut.values()) == pytest.approx(counter[-1] - counter[0])
    assert len(cut) == 4
    for day, energy in cut.items():
        assert energy.energy_wh == pytest.approx(whole[day].energy_wh or 0.0, rel=0.12)
        assert energy.estimated_wh > 0
    assert cut[DAY + timedelta(days=1)].readings == 0


def test_shares_add_up_to_one() -> None:
    days = [DAY + timedelta(days=n) for n in range(3)]
    shares = daylight_shares(MIDNIGHT + timedelta(hours=13), MIDNIGHT + timedelta(hours=63), days, PLACE)
    assert sum(shares) == pytest.approx(1.0)
    assert shares[1] > shares[0] > 0


def test_a_silence_of_weeks_is_given_to_no_day() -> None:
    times, counter = sunny(30)
    hour = (times - MIDNIGHT.timestamp()) / 3600
    said = (hour < 24) | (hour > 24 * 29)
    found = days_of(times[said], counter[said])
    assert set(found) == {DAY, DAY + timedelta(days=29)}


def test_a_reset_over_night_takes_no_day_with_it() -> None:
    times, counter = sunny(2)
    second = times >= local_day(DAY + timedelta(days=1), ZONE).start.timestamp()
    fresh = np.where(second, counter - counter[second][0], counter)
    found, whole = days_of(times, fresh), days_of(times, counter)
    assert found[DAY].energy_wh == whole[DAY].energy_wh
    assert found[DAY + timedelta(days=1)].energy_wh == pytest.approx(
        whole[DAY + timedelta(days=1)].energy_wh, abs=1
    )


def test_an_odd_day_is_named_and_has_no_energy_until_its_readings_were_looked_at() -> None:
    times, counter = sunny(1)
    counter[150:] -= counter[150]
    aggregates = aggregates_of("inv-1", times, counter, ZONE)
    limits = {"inv-1": CounterLimits(KW50)}
    assert odd_days(aggregates, limits).tolist() == [True]
    assert daily_energy(aggregates, limits, {"inv-1": PLACE})["inv-1", DAY].energy_wh is None
    told = energy_from_counter(times, counter, KW50)
    found = daily_energy(aggregates, limits, {"inv-1": PLACE}, {("inv-1", DAY): told})
    assert found["inv-1", DAY].energy_wh == told.energy_wh


def test_a_reading_touches_the_days_its_steps_reach() -> None:
    times, counter = sunny(6)
    hour = (times - MIDNIGHT.timestamp()) / 3600
    said = (hour < 20) | (hour > 24 * 3)
    aggregates = aggregates_of("inv-1", times[said], counter[said], ZONE)
    touched = neighbours(aggregates, {"inv-1": {DAY + timedelta(days=3)}})
    assert touched["inv-1"] == {DAY + timedelta(days=n) for n in range(5)}


# the store's way and the plain way are the same


def _frame(device_id: str, times: np.ndarray, counter: np.ndarray) -> pd.DataFrame:
    instants = pd.to_datetime(np.rint(times * 1e6).astype("int64"), unit="us", utc=True).as_unit("ns")
    return pd.DataFrame(
        {
            "device_id": pd.Series([device_id] * len(times), dtype="str"),
            "measured_at": instants,
            "ac_energy_total_wh": counter,
        }
    )


@pytest.fixture(scope="module")
def shared_store(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[DuckDbStore, Iterator[str]]]:
    devices = {f"inv-{number}": DeviceKind.INVERTER for number in range(200)}
    clock = ManualClock(datetime(2026, 12, 1, tzinfo=UTC))
    store = DuckDbStore(tmp_path_factory.mktemp("energy") / "s.duckdb", clock, devices)
    yield store, iter(devices)
    store.close()


@given(
    silences=st.lists(st.tuples(st.integers(0, 1400), st.integers(1, 700)), max_size=4),
    resets=st.lists(st.integers(1, 1400), max_size=3),
    misreads=st.lists(st.integers(1, 1400), max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_the_store_tells_the_same_daily_energy_as_the_readings(
    shared_store: tuple[DuckDbStore, Iterator[str]],
    silences: list[tuple[int, int]],
    resets: list[int],
    misreads: list[int],
) -> None:
    store, names = shared_store
    name = next(names)
    times, counter = sunny(5)
    for place in sorted(resets):
        counter[place:] -= counter[place]
    for place in misreads:
        counter[place] = 4e9
    keep = np.ones(len(times), dtype=bool)
    for start, length in silences:
        keep[start : start + length] = False
    times, counter = times[keep], counter[keep]
    store.write_table(["ac_energy_total_wh"], _frame(name, times, counter), Origin.FILE)
    span = Interval(MIDNIGHT - timedelta(days=1), MIDNIGHT + timedelta(days=7))
    from_store = store.daily_aggregates([name], "ac_energy_total_wh", span, ZONE)
    from_rows = aggregates_of(name, times, counter, ZONE)
    pd.testing.assert_frame_equal(from_store, from_rows, check_dtype=False)
    limits = {name: CounterLimits(KW50)}
    assert odd_days(from_store, limits).tolist() == odd_days(from_rows, limits).tolist()


@pytest.mark.needs("data:india_plant1_22inv")
def test_daily_energy_of_the_recorded_plant_equals_the_file(tmp_path: Path, test_data: Path) -> None:
    zone = "Asia/Kolkata"
    rows = pd.read_csv(test_data / "india_plant1_22inv" / "generation.csv.gz", parse_dates=["time"])
    devices = {str(name): DeviceKind.INVERTER for name in rows["inverter"].unique()}
    store = DuckDbStore(tmp_path / "s.duckdb", ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), devices)
    table = pd.DataFrame(
        {
            "device_id": rows["inverter"].astype("str"),
            "measured_at": rows["time"].dt.tz_localize(zone).dt.tz_convert("UTC").dt.as_unit("ns"),
            "ac_energy_total_wh": rows["total_yield_kwh"] * 1000.0,
        }
    )
    assert store.write_table(["ac_energy_total_wh"], table, Origin.FILE).accepted == len(rows)
    span = Interval(datetime(2020, 5, 1, tzinfo=UTC), datetime(2020, 7, 1, tzinfo=UTC))
    aggregates = store.daily_aggregates(list(devices), "ac_energy_total_wh", span, zone)
    store.close()
    limits = dict.fromkeys(devices, CounterLimits(1_600_000.0))
    places = dict.fromkeys(devices, Place(20.0, 78.0, zone))
    found = daily_energy(aggregates, limits, places)
    # directly: what the counter showed last on a day, less what it showed last on the day before
    last = rows.groupby(["inverter", rows["time"].dt.date])["total_yield_kwh"].last()
    direct = last.groupby(level=0).diff().dropna()
    assert len(direct) == 22 * 33
    for name, day, energy_kwh in direct.reset_index().itertuples(index=False):
        assert found[str(name), day].energy_wh == pytest.approx(energy_kwh * 1000.0, rel=0.001, abs=500.0)
    assert sum(day.energy_wh or 0.0 for day in found.values()) / 1000.0 == pytest.approx(
        (
            rows.groupby("inverter")["total_yield_kwh"].last()
            - rows.groupby("inverter")["total_yield_kwh"].first()
        ).sum()
    )
