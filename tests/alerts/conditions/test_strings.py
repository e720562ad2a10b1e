"""F11, F12, F13, F14, F40: weak strings, strings that take current, spread, MPPT inputs, theft."""

from dataclasses import replace

import numpy as np

from alerts.inhibition import explains
from domain.alert import Severity
from domain.series import PlantSeries
from tests.alerts.builders import alerts, change, inverter, judged, local, plant, series, span

POWER = "ac_active_power_w"
STRING = "dc_string_03_current_a"


def test_a_string_a_third_down_is_found_the_same_day_and_a_sixth_down_after_three() -> None:
    deep = change(series(days=4), 1, STRING, slice(0, None), lambda amps: amps * 0.7)
    [alert] = alerts(deep, "F11")
    assert (alert.part, alert.severity) == ("string_03", Severity.S3)
    assert local("10 12:00") < (alert.fired_at or alert.since) < local("11 00:00")
    [later] = alerts(change(series(days=4), 1, STRING, slice(0, None), lambda amps: amps * 0.85), "F11")
    assert local("12 12:00") < (later.fired_at or later.since) < local("13 00:00")
    assert later.since == local("10 00:00")  # and it costs what was lost on all three
    assert later.severity is Severity.S4


def test_a_string_five_per_cent_down_is_within_what_sensors_tell() -> None:
    assert alerts(change(series(days=4), 1, STRING, slice(0, None), lambda amps: amps * 0.95), "F11") == []


def test_an_open_string_is_not_a_low_one() -> None:
    assert alerts(change(series(days=2), 1, STRING, slice(0, None), 0.0), "F11") == []


def test_a_string_that_takes_current_is_work_of_the_day() -> None:
    day = series()
    [alert] = alerts(change(day, 1, STRING, span(day, "10 11:00", "10 11:30"), -1.2), "F12")
    assert (alert.part, alert.severity, alert.fired_at) == ("string_03", Severity.S2, local("10 11:10"))


def test_strings_that_differ_are_a_rating_and_explained_by_an_open_one() -> None:
    days = change(series(days=3), 1, STRING, slice(0, None), lambda amps: amps * 0.55)
    [alert] = alerts(days, "F13")
    assert (alert.device_id, alert.severity) == ("p1-inv-01", Severity.S4)


def mppt() -> PlantSeries:
    days = series(days=8)
    dc = days.devices["p1-inv-01"].values["dc_power_w"]
    for number, share in ((1, 0.25), (2, 0.25), (3, 0.5)):
        days = change(days, 1, f"dc_mppt_{number:02d}_power_w", slice(0, None), dc * share)
    return days


def test_inputs_of_unequal_size_are_no_fault_and_a_change_of_one_is() -> None:
    days = mppt()
    assert alerts(days, "F14") == []
    weak = change(
        days, 1, "dc_mppt_03_power_w", span(days, "15 00:00", "18 00:00"), lambda watts: watts * 0.75
    )
    assert [each.part for each in alerts(weak, "F14")] == ["mppt_3"]


def test_an_input_that_is_low_by_an_open_string_is_under_it_and_the_input_beside_it_stands_alone() -> None:
    days = series(days=14)
    dc = days.devices["p1-inv-01"].values["dc_power_w"]
    for number in range(1, 5):
        days = change(days, 1, f"dc_mppt_{number:02d}_power_w", slice(0, None), dc * 0.25)
    where = span(days, "20 00:00", "24 00:00")
    days = change(days, 1, "dc_string_07_current_a", where, 0.0)  # of eight, two an input: on the fourth
    for number in (2, 4):
        days = change(days, 1, f"dc_mppt_{number:02d}_power_w", where, lambda watts: watts * 0.5)
    found = {(each.rule, each.part): each for each in judged([days], "F10", "F14", "F15")}
    assert found["F14", "mppt_4"].parent_id == found["F10", "string_07"].alert_id
    assert found["F14", "mppt_2"].parent_id is None


def test_where_strings_are_not_dealt_evenly_the_input_beside_may_have_the_open_one() -> None:
    plants = {"p1": plant(1, devices=(replace(inverter(1), string_count=7),))}
    low = next(each for each in judged([mppt_low()], "F14") if each.part == "mppt_3")
    opened = replace(low, alert_id="F10-x", rule="F10", part="string_04")
    assert explains(opened, low, plants)
    assert not explains(replace(opened, part="string_01"), low, plants)
    assert not explains(replace(opened, device_id="p1-inv-02"), low, plants)


def mppt_low() -> PlantSeries:
    days = mppt()
    where = span(days, "15 00:00", "18 00:00")
    return change(days, 1, "dc_mppt_03_power_w", where, lambda watts: watts * 0.75)


def test_three_neighbouring_strings_gone_over_night_are_theft_and_a_danger() -> None:
    days = series(days=2)
    for number in (4, 5, 6):
        days = change(days, 2, f"dc_string_{number:02d}_current_a", span(days, "11 00:00", "12 00:00"), 0.0)
    [alert] = alerts(days, "F40")
    assert (alert.device_id, alert.severity, alert.evidence["strings_gone"]) == (
        "p1-inv-02",
        Severity.S1,
        "3",
    )
    assert alert.since < local("11 09:00")


def test_two_strings_gone_or_three_that_went_by_day_are_none() -> None:
    days = series(days=2)
    two = days
    for number in (4, 5):
        two = change(two, 2, f"dc_string_{number:02d}_current_a", span(days, "11 00:00", "12 00:00"), 0.0)
    assert alerts(two, "F40") == []
    for number in (4, 5, 6):
        days = change(days, 2, f"dc_string_{number:02d}_current_a", span(days, "10 00:00", "12 00:00"), 0.0)
    assert alerts(days, "F40") == []
    assert np.isfinite(days.sun_elevation_deg).all()


def test_a_day_old_input_of_another_size_is_judged_against_the_same_input_of_its_peers() -> None:
    day = series(days=2)
    power = day.devices["p1-inv-01"].values[POWER]
    for number in range(1, 5):
        for part, share in (("01", 0.2), ("02", 0.4), ("03", 0.4)):
            day = change(day, number, f"dc_mppt_{part}_power_w", slice(0, None), power * share)
    assert alerts(day, "F14") == []


def test_an_inverter_that_stands_still_in_the_morning_has_its_strings_still() -> None:
    days = series(days=2)
    morning = span(days, "11 05:00", "11 12:00")
    for name in days.devices["p1-inv-02"].values:
        if name.startswith("dc_string"):
            days = change(days, 2, name, morning, 0.0)
    stopped = change(days, 2, POWER, morning, 0.0)
    assert alerts(stopped, "F40") == []


def test_inputs_without_a_history_are_judged_only_by_inverters_of_their_size_that_are_built_alike() -> None:
    day = series(days=2, units=4)
    power = day.devices["p1-inv-01"].values[POWER]
    shares = {1: (0.2, 0.4, 0.4), 2: (0.2, 0.4, 0.4), 3: (0.4, 0.2, 0.4), 4: (0.4, 0.2, 0.4)}
    for number, inputs in shares.items():
        for part, share in enumerate(inputs, 1):
            day = change(day, number, f"dc_mppt_{part:02d}_power_w", slice(0, None), power * share)
    assert alerts(day, "F14") == [], "they are not built alike"
    few = series(days=2, units=2)
    for part, share in enumerate((0.3, 0.7), 1):
        few = change(few, 1, f"dc_mppt_{part:02d}_power_w", slice(0, None), power * share)
    assert alerts(few, "F14") == [], "nobody is there to compare with"
