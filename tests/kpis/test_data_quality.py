"""Flags: what speaks against a value, told apart, and never a value changed."""

import gzip
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.series import Flag, Floats, PlantSeries
from kpis.data_quality import sentinels, with_flags
from kpis.plateaus import held, interpolated, stale
from tests.kpis.series import inverter, plant, rows, series

P = "ac_active_power_w"


def _bell(high: float = 40_000.0, days: int = 3) -> Floats:
    """Power of cloudless days, a value every five minutes; never twice the same."""
    hour = np.arange(288 * days) / 12.0 % 24.0
    shape = np.clip(np.cos((hour - 12.7) / 13.0 * np.pi), 0.0, None)
    return np.asarray(high * shape * (1.0 + 0.001 * np.sin(np.arange(288 * days) * 1.7)))


def _flagged(power: Floats, flag: Flag) -> np.ndarray:
    made, _ = with_flags(series(rows("inv-01", ac_active_power_w=power)))
    return np.flatnonzero(made.devices["inv-01"].flags[P] & np.uint16(flag.value))


def test_a_repeated_value_is_stale_by_day_and_an_ordinary_night_is_not() -> None:
    power = _bell()
    power[120:130] = power[120]
    assert _flagged(power, Flag.STALE).tolist() == list(range(120, 130))


def test_power_that_something_holds_while_the_voltage_moves_is_not_stale() -> None:
    power = _bell()
    power[120:140] = power[120]
    volts = 225.0 + 2.0 * np.sin(np.arange(len(power)) * 0.7)
    made, _ = with_flags(series(rows("inv-01", ac_active_power_w=power, ac_phase_a_voltage_v=volts)))
    assert not (made.devices["inv-01"].flags[P] & np.uint16(Flag.STALE.value)).any()
    volts[118:142] = volts[118]
    frozen, _ = with_flags(series(rows("inv-01", ac_active_power_w=power, ac_phase_a_voltage_v=volts)))
    marks = frozen.devices["inv-01"].flags[P] & np.uint16(Flag.STALE.value)
    assert np.flatnonzero(marks).tolist() == list(range(120, 140))


def test_no_grid_has_no_frequency_and_that_is_true() -> None:
    power = _bell()
    hertz = np.full(len(power), 50.0)
    hertz[120:130], hertz[140] = 0.0, 20.0
    made, _ = with_flags(series(rows("inv-01", ac_active_power_w=power, grid_frequency_hz=hertz)))
    marks = made.devices["inv-01"].flags["grid_frequency_hz"] & np.uint16(Flag.OUT_OF_RANGE.value)
    assert np.flatnonzero(marks).tolist() == [140]


def test_a_straight_line_is_interpolated_and_the_values_stay() -> None:
    power = _bell()
    power[130:142] = np.linspace(power[130], power[142], 13)[:12]
    made, _ = with_flags(series(rows("inv-01", ac_active_power_w=power)))
    marks = made.devices["inv-01"].flags[P] & np.uint16(Flag.INTERPOLATED.value)
    assert set(range(130, 142)) <= set(np.flatnonzero(marks).tolist())
    np.testing.assert_array_equal(made.devices["inv-01"].values[P], power)


@pytest.mark.parametrize("value", [-1_000_000.0, -1e9, -9999.0])
def test_a_makers_no_value_is_a_sentinel_in_any_scale(value: float) -> None:
    power = _bell()
    power[150] = value
    assert _flagged(power, Flag.SENTINEL if value < -500_000 else Flag.OUT_OF_RANGE).tolist() == [150]


def test_a_number_a_device_can_show_is_no_sentinel() -> None:
    assert not sentinels(P, np.array([32_767.0, 30_000.0]), 50_000.0).any()
    assert sentinels("ambient_temperature_c", np.array([3276.7, 20.0]), 40.0).tolist() == [True, False]


def test_what_the_inverter_limits_is_clipped_and_not_stale() -> None:
    power = np.minimum(_bell(60_000.0), 50_000.0)
    assert len(_flagged(power, Flag.CLIPPED)) > 60
    assert len(_flagged(power, Flag.STALE)) == 0


def test_the_steady_currents_of_a_unit_that_a_limit_holds_are_believed_and_those_of_a_frozen_one_are_not() -> (
    None
):
    bell = _bell(60_000.0)
    held, moving = np.minimum(bell, 30_000.0), 600.0 + bell / 1e3 + np.arange(len(bell)) % 7
    current = np.where(held == 30_000.0, 8.0, held / 3_750.0)
    columns: dict[str, Any] = {"ac_active_power_w": held, "dc_mppt_01_current_a": current}
    made, _ = with_flags(series(rows("inv-01", dc_voltage_v=moving, **columns)))
    stale_at = np.uint16(Flag.STALE.value)
    assert not (made.devices["inv-01"].flags["dc_mppt_01_current_a"] & stale_at).any()
    stuck: dict[str, Any] = {**columns, "ac_active_power_w": bell}
    made, _ = with_flags(series(rows("inv-01", dc_voltage_v=moving, **stuck)))
    assert (made.devices["inv-01"].flags["dc_mppt_01_current_a"] & stale_at).any(), (
        "power goes on, the current does not"
    )


def test_one_plateau_below_the_ceiling_on_all_inverters_is_an_order() -> None:
    tables = []
    for number in range(1, 5):
        power = _bell(45_000.0 + 100.0 * number)
        power[140:165] = np.minimum(power[140:165], 20_000.0)
        tables.append(rows(f"inv-{number:02d}", ac_active_power_w=power))
    made, _ = with_flags(series(*tables, of=plant(*(inverter(n) for n in range(1, 5)))))
    marks = made.devices["inv-02"].flags[P]
    assert (marks[142:163] & np.uint16(Flag.CURTAILED.value)).all()
    assert not (marks & np.uint16(Flag.CLIPPED.value))[142:163].any()


def test_a_dc_column_ten_times_too_large_is_a_unit_error_by_name() -> None:
    power = _bell()
    made, findings = with_flags(series(rows("inv-01", ac_active_power_w=power, dc_power_w=power * 10.2)))
    assert [(f.quantity, f.flag, f.factor) for f in findings] == [("dc_power_w", Flag.UNIT, 10.0)]
    assert made.devices["inv-01"].good("dc_power_w") is not None
    assert np.isnan(made.devices["inv-01"].good("dc_power_w")).all()  # type: ignore[arg-type]


def test_power_above_the_stated_rating_day_after_day_is_a_wrong_rating() -> None:
    made, findings = with_flags(series(rows("inv-01", ac_active_power_w=_bell(75_000.0, days=5))))
    assert [f.flag for f in findings] == [Flag.CONFIGURATION]
    assert not (made.devices["inv-01"].flags[P] & np.uint16(Flag.OUT_OF_RANGE.value)).any()


def _recorded(folder: Path, name: str) -> pd.DataFrame:
    with gzip.open(folder / "pvanalytics_qa_a" / f"{name}.csv.gz", "rt") as file:
        return pd.read_csv(file)


def _scores(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    hits = int((found & truth).sum())
    return hits / int(found.sum()), hits / int(truth.sum())


@pytest.mark.needs("data:pvanalytics_qa_a")
def test_labelled_interpolated_and_clipped_values_are_found(test_data: Path) -> None:
    table = _recorded(test_data, "ac_power_inv_2173_interpolated_data")
    power = table["value_normalized"].to_numpy()
    day = power > 0.001
    precision, recall = _scores(interpolated(power) & day, table["interpolated_data_mask"].to_numpy() & day)
    assert precision >= 0.95
    assert recall >= 0.95
    table = _recorded(test_data, "ac_power_inv_7539")
    stamps = pd.to_datetime(table["timestamp"], utc=True)
    codes = pd.factorize(stamps.dt.date)[0]
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    days = [slice(a, b) for a, b in pairwise(edges)]
    precision, recall = _scores(
        held(table["value_normalized"].to_numpy(), days, 900.0), table["label"].to_numpy()
    )
    assert precision >= 0.90
    assert recall >= 0.95


@pytest.mark.needs("data:pvanalytics_qa_a")
def test_a_clean_record_is_left_alone(test_data: Path) -> None:
    power = _recorded(test_data, "ac_power_inv_2173")["value_normalized"].to_numpy()
    day = power > 0.01
    assert not (interpolated(power) & day).any()
    assert not (stale(power) & day).any()


def test_a_series_without_power_has_flags_and_no_fault() -> None:
    made, findings = with_flags(series(rows("w", irradiance_ghi_w_m2=np.arange(20.0)), of=plant()))
    assert isinstance(made, PlantSeries)
    assert findings == []


def test_a_summit_met_day_after_day_is_a_limit_in_coarse_records_and_none_in_fine_ones() -> None:
    for step_s, clipped in ((3600.0, True), (900.0, False)):
        hours = np.arange(14 * 86_400 / step_s) * step_s / 3600.0 % 24.0
        power = np.maximum(50_000.0 * (1.0 - (np.abs(hours - 12.0) / 6.0) ** 1.5), 0.0)
        made, _ = with_flags(series(rows("inv-01", ac_active_power_w=power, step_s=step_s)))
        marks = made.devices["inv-01"].flags["ac_active_power_w"]
        assert bool((marks & Flag.CLIPPED.value).any()) is clipped
