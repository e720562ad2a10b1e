"""F10: a string carries no current while its neighbours on the same inverter do."""

from domain.alert import Severity
from tests.alerts.builders import alerts, change, local, series, span

STRING = "dc_string_03_current_a"


def test_a_dead_string_is_found_within_half_an_hour_of_steady_light() -> None:
    day = series()
    [alert] = alerts(change(day, 1, STRING, span(day, "10 10:00", "11 00:00"), 0.0), "F10")
    assert (alert.device_id, alert.part, alert.severity) == ("p1-inv-01", "string_03", Severity.S3)
    assert alert.fired_at == local("10 10:30")


def test_two_dead_strings_of_one_inverter_are_more_urgent() -> None:
    day = series()
    for number in (3, 5):
        day = change(day, 1, f"dc_string_{number:02d}_current_a", span(day, "10 10:00", "11 00:00"), 0.0)
    assert [each.severity for each in alerts(day, "F10")] == [Severity.S2, Severity.S2]


def test_an_input_beyond_the_registered_strings_that_never_carried_current_is_no_string() -> None:
    day = series()
    assert (
        alerts(change(day, 1, "dc_string_09_current_a", span(day, "10 00:00", "11 00:00"), 0.0), "F10") == []
    )


def test_a_registered_string_that_was_dead_from_the_start_is_found() -> None:
    day = series()
    [alert] = alerts(change(day, 1, STRING, span(day, "10 00:00", "11 00:00"), 0.0), "F10")
    assert alert.part == "string_03"


def test_a_passing_zero_is_not_an_open_string() -> None:
    day = series()
    assert alerts(change(day, 1, STRING, span(day, "10 10:00", "10 10:25"), 0.0), "F10") == []


def test_what_a_dead_string_costs_is_what_its_neighbours_give() -> None:
    day = series()
    [alert] = alerts(change(day, 1, STRING, span(day, "10 10:00", "10 14:00"), 0.0), "F10")
    assert alert.lost_kwh is not None
    assert 20 < alert.lost_kwh < 32  # a seventh of what seven strings gave in four hours and a bit
