"""F09, F15, F16, F17: an inverter that trips, is weak, converts badly, or is hot."""

import pytest

from domain.alert import Severity
from tests.alerts.builders import alerts, change, local, series, span

POWER = "ac_active_power_w"


def test_more_than_three_restarts_a_day_are_told_in_the_evening() -> None:
    day = series()
    for hour in (9, 10, 11, 12):
        day = change(day, 2, POWER, span(day, f"10 {hour}:00", f"10 {hour}:05"), 0.0)
    [alert] = alerts(day, "F09")
    assert (alert.device_id, alert.evidence["falls"]) == ("p1-inv-02", "4")


def test_three_restarts_are_not_told() -> None:
    day = series()
    for hour in (9, 10, 11):
        day = change(day, 2, POWER, span(day, f"10 {hour}:00", f"10 {hour}:05"), 0.0)
    assert alerts(day, "F09") == []


def test_three_late_mornings_of_five_are_told() -> None:
    days = series(days=5)
    for day in (10, 11, 13):
        days = change(days, 2, POWER, span(days, f"{day} 04:00", f"{day} 08:00"), 0.0)
    [alert] = alerts(days, "F09")
    assert local("13 12:00") < alert.since < local("14 00:00")


def test_an_inverter_a_tenth_below_its_peers_is_found_on_the_second_day() -> None:
    days = change(series(days=4), 3, POWER, slice(0, None), lambda power: power * 0.85)
    [alert] = alerts(days, "F15")
    assert (alert.device_id, alert.severity) == ("p1-inv-03", Severity.S3)
    assert local("11 12:00") < (alert.fired_at or alert.since) < local("12 00:00")


def test_a_weak_inverter_has_cost_what_it_lost_on_every_day_it_was_told_for() -> None:
    for share, days_low in ((0.5, 2), (0.85, 2), (0.94, 4)):
        healthy = series(days=2 + days_low)
        where = span(healthy, "12 00:00", f"{12 + days_low} 00:00")
        made = change(healthy, 3, POWER, where, lambda power, share=share: power * share)
        [alert] = alerts(made, "F15")
        given = healthy.devices["p1-inv-03"].values[POWER][where]
        assert alert.since == local("12 00:00")
        assert alert.lost_kwh == pytest.approx(float(given.sum()) * (1.0 - share) / 12.0 / 1000.0, rel=0.03)


def test_weak_days_before_a_recovery_cost_nothing_once_more() -> None:
    days = series(days=9)
    days = change(days, 3, POWER, span(days, "10 00:00", "12 00:00"), lambda power: power * 0.8)
    days = change(days, 3, POWER, span(days, "14 00:00", "16 00:00"), lambda power: power * 0.8)
    first, second = alerts(days, "F15")
    assert (first.since, second.since) == (local("10 00:00"), local("14 00:00"))


def test_an_inverter_six_per_cent_low_is_found_by_the_third_day_and_two_per_cent_never() -> None:
    weak = change(series(days=6), 3, POWER, slice(0, None), lambda power: power * 0.94)
    [alert] = alerts(weak, "F15")
    assert local("12 12:00") < (alert.fired_at or alert.since) < local("13 00:00")
    assert alerts(change(series(days=6), 3, POWER, slice(0, None), lambda power: power * 0.98), "F15") == []


def test_a_weak_inverter_that_recovers_is_cleared_after_two_days() -> None:
    days = series(days=6)
    days = change(days, 3, POWER, span(days, "10 00:00", "12 00:00"), lambda power: power * 0.8)
    [alert] = alerts(days, "F15")
    assert alert.resolved_at is not None
    assert local("13 12:00") < alert.resolved_at < local("14 00:00")


def test_a_fall_of_efficiency_by_three_points_is_found_after_three_days() -> None:
    days = series(days=14)
    days = change(days, 1, POWER, span(days, "20 00:00", "24 00:00"), lambda power: power * 0.96)
    [alert] = alerts(days, "F16")
    assert alert.device_id == "p1-inv-01"
    assert local("22 12:00") < alert.since < local("23 00:00")


def test_a_dc_column_ten_times_too_large_is_no_matter_of_efficiency() -> None:
    days = change(series(days=8), 1, "dc_power_w", slice(0, None), lambda power: power * 10)
    assert alerts(days, "F16") == []


def test_a_hot_inverter_that_gives_less_than_its_peers_is_found_and_one_that_keeps_up_is_not() -> None:
    day = series()
    where = span(day, "10 11:00", "10 13:00")
    hot = change(day, 4, "internal_temperature_c", where, 82.0)
    assert alerts(hot, "F17") == []
    [alert] = alerts(change(hot, 4, POWER, where, lambda power: power * 0.8), "F17")
    assert (alert.device_id, alert.fired_at) == ("p1-inv-04", local("10 11:20"))


def test_a_day_a_quarter_below_is_enough_and_a_stop_of_some_hours_is_not_weakness() -> None:
    days = series(days=4)
    where = span(days, "11 00:00", "12 00:00")
    [alert] = alerts(change(days, 3, POWER, where, lambda power: power * 0.7), "F15")
    assert local("11 12:00") < (alert.fired_at or alert.since) < local("12 00:00")
    stood = change(days, 3, POWER, span(days, "11 10:00", "11 14:00"), 0.0)
    assert alerts(stood, "F15") == []


def test_weak_days_that_were_told_and_have_healed_do_not_count_again() -> None:
    days = series(days=9)
    days = change(days, 3, POWER, span(days, "10 00:00", "12 00:00"), lambda power: power * 0.8)
    once_more = change(days, 3, POWER, span(days, "14 00:00", "15 00:00"), lambda power: power * 0.94)
    [alert] = alerts(once_more, "F15")
    assert (alert.resolved_at or local("18 00:00")) < local("14 00:00")
