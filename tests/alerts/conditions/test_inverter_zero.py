"""F08: an inverter gives nothing while its peers run."""

from domain.alert import AlertState, Severity
from tests.alerts.builders import alerts, change, local, series, silent, span

POWER = "ac_active_power_w"


def test_an_inverter_at_zero_among_running_peers_is_found_after_a_quarter_of_an_hour() -> None:
    day = series()
    found = alerts(change(day, 2, POWER, span(day, "10 11:00", "10 12:00"), 0.0), "F08")
    [alert] = found
    assert (alert.device_id, alert.severity) == ("p1-inv-02", Severity.S2)
    assert (alert.since, alert.fired_at) == (local("10 11:00"), local("10 11:15"))
    assert (alert.state, alert.resolved_at) == (AlertState.RESOLVED, local("10 12:15"))
    assert alert.lost_kwh is not None
    assert 40 < alert.lost_kwh < 50


def test_ten_minutes_at_zero_are_not_told() -> None:
    day = series()
    assert alerts(change(day, 2, POWER, span(day, "10 11:00", "10 11:10"), 0.0), "F08") == []


def test_one_sample_of_quarter_hour_data_is_a_quarter_of_an_hour() -> None:
    day = series(step_s=900.0)
    [alert] = alerts(change(day, 2, POWER, span(day, "10 11:00", "10 11:15"), 0.0), "F08")
    assert alert.fired_at == local("10 11:15")


def test_an_inverter_that_says_nothing_is_not_at_zero() -> None:
    day = series()
    assert alerts(silent(day, 2, span(day, "10 11:00", "10 12:00")), "F08") == []


def test_at_dusk_when_peers_are_dim_nothing_is_said() -> None:
    day = series()
    assert alerts(change(day, 2, POWER, span(day, "10 19:10", "11 00:00"), 0.0), "F08") == []


def test_two_inverters_cannot_tell_which_is_wrong() -> None:
    day = series(units=2)
    assert alerts(change(day, 2, POWER, span(day, "10 11:00", "10 12:00"), 0.0), "F08") == []


def test_an_alert_open_at_sunset_goes_on_next_morning_as_one() -> None:
    days = series(days=2)
    [alert] = alerts(change(days, 2, POWER, span(days, "10 15:00", "11 10:00"), 0.0), "F08")
    assert (alert.since, alert.resolved_at) == (local("10 15:00"), local("11 10:15"))
