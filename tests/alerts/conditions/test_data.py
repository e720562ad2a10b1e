"""F33 to F36, F38, F41: sensors, clocks and values that cannot be trusted."""

from dataclasses import replace

import numpy as np

from domain.alert import Severity
from domain.series import Flag, PlantSeries
from tests.alerts.builders import alerts, change, everywhere, local, series, span

POWER = "ac_active_power_w"


def test_a_sensor_that_falls_while_power_goes_on_is_found() -> None:
    days = series(days=20)
    light = days.irradiance_poa_w_m2
    assert light is not None
    sunk = light.copy()
    sunk[span(days, "25 00:00", "30 00:00")] *= 0.4
    [alert] = alerts(replace(days, irradiance_poa_w_m2=sunk), "F33")
    assert alert.severity is Severity.S3
    assert local("26 00:00") < alert.since < local("28 00:00")


def test_light_that_does_not_go_with_power_is_no_light() -> None:
    days = series(days=4)
    light = days.irradiance_poa_w_m2
    assert light is not None
    dice = np.random.default_rng(1)
    noise = np.where(days.sun_elevation_deg > 0, dice.uniform(300, 1000, len(light)), 0.0)
    assert [each.rule for each in alerts(replace(days, irradiance_poa_w_m2=noise), "F33")] == ["F33"]


def test_a_few_dull_days_with_one_bright_hour_are_the_weather_and_not_the_sensor() -> None:
    dull = np.ones(20 * 288)
    dull[12 * 288 : 17 * 288] = 0.62
    assert alerts(series(days=20, sky=dull), "F33") == []


def shifted(minutes: float, step_s: float = 300.0) -> list[object]:
    days = series(days=9, step_s=step_s)
    steps = round(minutes * 60 / step_s)
    moved = days
    for name, each in days.devices.items():
        moved = change(moved, name, POWER, slice(0, None), np.roll(each.values[POWER], steps))
    return list(alerts(moved, "F34"))


def test_a_clock_half_an_hour_off_is_found_within_a_week_even_when_it_always_was() -> None:
    [alert] = shifted(30)
    assert abs(float(alert.evidence["clock_shift_min"]) - 30) < 3  # type: ignore[attr-defined]


def test_a_clock_ten_minutes_off_or_hourly_data_labelled_by_their_end_are_not_told() -> None:
    assert shifted(10) == []
    assert shifted(30, step_s=3600.0) == []


def frozen(day: PlantSeries, first: str, last: str) -> PlantSeries:
    """The third inverter repeating all it says."""
    where = span(day, first, last)
    for name in day.devices["p1-inv-03"].values:
        day = change(day, 3, name, where, lambda values: np.full_like(values, values[0]))
    return day


def test_a_device_that_repeats_itself_while_the_sun_moves_is_stale() -> None:
    day = series()
    [alert] = alerts(frozen(day, "10 09:00", "10 10:00"), "F35")
    assert (alert.device_id, alert.severity) == ("p1-inv-03", Severity.S4)
    [long] = alerts(frozen(day, "10 08:00", "10 12:00"), "F35")
    assert long.severity is Severity.S3


def test_a_device_that_repeats_itself_under_an_even_sky_is_told_by_its_other_gauges() -> None:
    day = series(sky=np.full(288, 0.25))
    where = span(day, "10 11:00", "10 14:00")
    level = everywhere(day, POWER, where, lambda power: 9_000.0 + np.arange(len(power)) % 3)
    restless = np.resize([225.0, 225.1, 225.3, 225.2], 288)
    alive = everywhere(level, "ac_phase_a_voltage_v", slice(0, None), lambda _old: restless)
    alive = replace(alive, irradiance_poa_w_m2=np.where(day.sun_elevation_deg > 20, 230.0, 0.0))
    [alert] = alerts(frozen(alive, "10 12:00", "10 13:00"), "F35")
    assert alert.device_id == "p1-inv-03"
    assert alerts(change(alive, 3, POWER, span(day, "10 12:00", "10 13:00"), 9_001.0), "F35") == []


def test_power_that_a_limit_holds_while_voltage_and_temperature_move_is_not_stale() -> None:
    day = series()
    assert alerts(change(day, 3, POWER, span(day, "10 09:00", "10 11:00"), 31_234.5), "F35") == []


def test_a_clipped_noon_and_a_night_of_zeros_stand_still_rightly() -> None:
    day = everywhere(series(), POWER, slice(0, None), lambda power: np.minimum(power * 1.5, 50_000.0))
    assert alerts(day, "F35") == []


def test_a_day_with_many_bad_values_is_told_by_device_and_single_ones_are_not() -> None:
    day = series()
    each = day.devices["p1-inv-02"]
    for count, expected in ((3, []), (40, ["p1-inv-02"])):
        flags = np.zeros(len(day.instants), dtype=np.uint16)
        flags[100 : 100 + count] = Flag.SENTINEL.value
        flagged = replace(each, flags={POWER: flags})
        found = alerts(replace(day, devices={**day.devices, "p1-inv-02": flagged}), "F36")
        assert [alert.device_id for alert in found] == expected


def test_a_dc_column_ten_times_too_large_is_one_alert_of_the_plant() -> None:
    days = everywhere(series(days=5), "dc_power_w", slice(0, None), lambda power: power * 10)
    [alert] = alerts(days, "F38")
    assert (alert.device_id, alert.part, alert.evidence["efficiency"]) == ("", "dc_power", "0.098")
    single = change(series(days=5), 2, "dc_power_w", slice(0, None), lambda power: power * 10)
    assert [(each.device_id, each.part) for each in alerts(single, "F38")] == [("p1-inv-02", "dc_power")]


def test_a_column_in_a_wrong_unit_is_told_by_its_factor_and_not_as_bad_values_too() -> None:
    days = everywhere(series(days=5), "dc_power_w", slice(0, None), lambda power: power * 10)
    wrong = np.where(days.sun_elevation_deg > 0, (Flag.UNIT | Flag.OUT_OF_RANGE).value, Flag.UNIT.value)
    flagged = {
        name: replace(each, flags={"dc_power_w": wrong.astype(np.uint16)})
        for name, each in days.devices.items()
    }
    found = alerts(replace(days, devices=flagged), "F36", "F38")
    assert [(each.rule, each.device_id, each.part) for each in found] == [("F38", "", "dc_power")]


def test_a_tenth_of_the_power_that_is_gone_for_good_is_a_matter_of_the_registry() -> None:
    days = series(days=40, step_s=3600.0)
    stepped = everywhere(days, POWER, slice(20 * 24, None), lambda power: power * 0.88)
    assert [each.rule for each in alerts(stepped, "F38")] == ["F38"]


def test_more_than_the_sun_can_give_or_power_by_night_is_impossible() -> None:
    day = series()
    [alert] = alerts(change(day, 1, POWER, span(day, "10 12:00", "10 13:00"), 80_000.0), "F41")
    assert (alert.fired_at, alert.severity) == (local("10 12:15"), Severity.S4)
    [night] = alerts(change(day, 1, POWER, span(day, "10 01:00", "10 02:00"), 5_000.0), "F41")
    assert night.device_id == "p1-inv-01"
