"""One regular grid for a plant: phase, jitter, gaps and kinds of quantities."""

import numpy as np
import pandas as pd
import pytest

from domain.plant import DeviceKind
from kpis.build_series import build_series
from tests.kpis.series import inverter, plant, rows, series


def test_a_recorder_that_writes_beside_the_hour_is_not_torn_apart() -> None:
    made = series(rows("inv-01", "2026-06-21T00:01+08:00", 900, ac_active_power_w=[1.0, 2.0, 3.0]))
    assert made.step_s == 900
    assert made.devices["inv-01"].values["ac_active_power_w"].tolist() == [1.0, 2.0, 3.0]


def test_a_late_stamp_belongs_to_the_nearest_point_and_a_gap_stays_a_gap() -> None:
    table = rows("inv-01", ac_active_power_w=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    table["measured_at"] += pd.to_timedelta([0, 100, -100, 0, 0, 0, 0], unit="s")
    values = series(table.drop(index=3)).devices["inv-01"].values["ac_active_power_w"]
    np.testing.assert_array_equal(values, [1.0, 2.0, 3.0, np.nan, 5.0, 6.0, 7.0])


def test_on_a_coarser_grid_gauges_are_averaged_and_counters_take_the_last() -> None:
    table = rows("inv-01", step_s=60, ac_active_power_w=np.arange(10.0), ac_energy_total_wh=np.arange(10.0))
    device = series(table, step_s=300).devices["inv-01"]
    assert device.values["ac_active_power_w"].tolist() == [2.0, 7.0]
    assert device.values["ac_energy_total_wh"].tolist() == [4.0, 9.0]


def test_the_sun_stands_highest_at_solar_noon() -> None:
    made = series(rows("inv-01", ac_active_power_w=np.zeros(288)))
    at = made.instants[int(np.argmax(made.sun_elevation_deg))]
    assert abs((at - np.datetime64("2026-06-21T04:42")) / np.timedelta64(1, "m")) < 5  # 12:42 in Shangzhou
    assert made.clear_sky_poa_w_m2.max() == pytest.approx(1000, abs=100)


def test_a_plant_without_coordinates_has_no_sun_and_still_has_its_values() -> None:
    nowhere = plant(latitude=np.nan, longitude=np.nan, tilt_deg=np.nan, azimuth_deg=np.nan)
    made = series(rows("inv-01", ac_active_power_w=[1.0, 2.0]), of=nowhere)
    assert np.isnan(made.sun_elevation_deg).all()
    assert np.isnan(made.clear_sky_poa_w_m2).all()
    assert made.devices["inv-01"].values["ac_active_power_w"].tolist() == [1.0, 2.0]


def test_a_device_in_no_registry_is_taken_for_what_it_says() -> None:
    made = series(
        rows("x", meter_energy_forward_wh=[1.0, 2.0]),
        rows("y", irradiance_poa_w_m2=[1.0, 2.0]),
        of=plant(inverter()),
    )
    assert made.devices["x"].device.kind is DeviceKind.REVENUE_METER
    assert made.devices["y"].device.kind is DeviceKind.WEATHER_STATION
    assert made.irradiance_source == "own"


def test_one_stamp_of_another_age_is_refused_rather_than_filling_the_memory() -> None:
    table = rows("inv-01", ac_active_power_w=[1.0, 2.0, 3.0])
    table["measured_at"] -= pd.to_timedelta([365 * 90, 0, 0], unit="D")
    with pytest.raises(ValueError, match="one of them is wrong"):
        build_series(plant(), table)
