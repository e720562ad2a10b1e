"""The past: newest day first, continuous with the live counters, the same physics."""

from datetime import timedelta

import numpy as np
import pandas as pd

from domain.timespan import Interval
from simulator.fleet import Fleet
from tests.simulator.builders import MAKES, NOON, fleet, plant
from tests.simulator.test_fleet import decoded


def past(one: Fleet, days: float = 3) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    return list(one.history(Interval(NOON - timedelta(days=days), NOON)))


def test_tables_have_devices_instants_and_floats_and_the_newest_day_comes_first() -> None:
    one, _ = fleet(plant(0), plant(1, profile="sungrow_sg"))
    tables = past(one)
    newest = [table.measured_at.max() for _, table in tables]
    days = [stamp.floor("D") for stamp in newest]
    assert days == sorted(days, reverse=True)
    for quantities, table in tables:
        assert list(table.columns) == ["device_id", "measured_at", *quantities]
        assert str(table.measured_at.dtype) == "datetime64[ns, UTC]"
        assert not table[["device_id", "measured_at"]].duplicated().any()
        assert (table.measured_at.dt.floor("5min") == table.measured_at).all()
        assert table.measured_at.max() < NOON
        assert table.measured_at.min() >= NOON - timedelta(days=3)
        assert all(table[name].dtype == np.float64 for name in quantities)


def test_counters_of_the_past_meet_the_live_ones_and_never_fall() -> None:
    one, _ = fleet(*(plant(n, profile=make, inverters=2) for n, make in enumerate(MAKES)))
    rows = pd.concat([t[["device_id", "measured_at", "ac_energy_total_wh"]].astype({"device_id": str})
                      for q, t in past(one) if "ac_energy_total_wh" in q])  # fmt: skip
    for device_id, mine in rows.sort_values("measured_at").groupby("device_id"):
        live = decoded(one, str(device_id)).value("ac_energy_total_wh")
        counters = [*mine.ac_energy_total_wh, live]
        assert (np.diff(counters) >= 0).all(), device_id
        assert 0 <= counters[-1] - counters[-2] < 5_000, device_id
        assert counters[-1] - counters[0] > 50_000


def test_the_past_is_what_a_run_at_that_time_would_have_shown() -> None:
    one, _ = fleet(plant(inverters=2))
    then = NOON - timedelta(days=1)
    table = next(t for q, t in past(one, 1.1) if "dc_power_w" in q and (t.measured_at == then).any())
    row = table[(table.measured_at == then) & (table.device_id == "p00-inv-02")].iloc[0]
    live, _ = fleet(plant(inverters=2), at=then)
    batch = decoded(live, "p00-inv-02")
    assert abs(row.ac_active_power_w - (batch.value("ac_active_power_w") or 0)) < 1
    assert abs(row.dc_string_03_current_a - (batch.value("dc_string_03_current_a") or 0)) < 0.02
    assert abs(row.ac_energy_total_wh - (batch.value("ac_energy_total_wh") or 0)) <= 10


def test_sleeping_inverters_have_no_rows_and_meters_have_all() -> None:
    one, _ = fleet(plant(inverters=1))
    tables = past(one, 2)
    counts: dict[str, int] = {}
    for _, table in tables:
        for device_id, number in table.device_id.value_counts().items():
            counts[str(device_id)] = counts.get(str(device_id), 0) + int(number)
    assert counts["p00-meter"] == counts["p00-weather"] == 576
    assert 250 < counts["p00-inv-01"] < 360


def test_an_interval_before_the_run_month_is_reached_too() -> None:
    one, _ = fleet(plant(inverters=1))
    early = Interval(NOON - timedelta(days=35), NOON - timedelta(days=34))
    rows = [table for q, table in one.history(early) if "ac_energy_total_wh" in q]
    assert sum(len(table) for table in rows) > 100
    assert max(table.measured_at.max() for table in rows) < early.end
    counters = one.book.at(NOON.timestamp())[0]
    assert max(table.ac_energy_total_wh.max() for table in rows) < counters
