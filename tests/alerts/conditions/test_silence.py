"""F01, F02, F03: who says nothing while the sun is up."""

from dataclasses import replace

import numpy as np

from domain.alert import Severity
from domain.series import DeviceSeries, PlantSeries
from tests.alerts.builders import alerts, change, judged, local, meter, series, silent, span, unit_values


def two_buses() -> PlantSeries:
    day = series(units=4)
    devices = dict(day.devices)
    for number in (3, 4):
        each = devices[f"p1-inv-{number:02d}"]
        devices[each.device.device_id] = replace(each, device=replace(each.device, gateway_id="p1-gw-2"))
    return replace(day, devices=devices)


def quiet(day: PlantSeries, first: str, last: str, *numbers: int) -> PlantSeries:
    for number in numbers:
        day = silent(day, number, span(day, first, last))
    return day


def test_a_plant_that_says_nothing_for_a_quarter_of_an_hour_by_day_is_offline() -> None:
    day = quiet(series(units=3), "10 11:00", "10 14:00", 1, 2, 3)
    [alert] = alerts(day, "F01")
    assert (alert.since, alert.fired_at, alert.cause) == (
        local("10 11:00"),
        local("10 11:15"),
        "communication",
    )
    assert alert.severity is Severity.S3


def test_silence_of_a_night_is_sleep_but_counts_from_the_morning_on() -> None:
    days = series(days=2, units=3)
    assert alerts(quiet(days, "10 20:00", "11 04:30", 1, 2, 3), "F01") == []
    [alert] = alerts(quiet(days, "10 20:00", "11 12:00", 1, 2, 3), "F01")
    assert local("11 05:00") < alert.since < local("11 06:30")


def test_a_plant_silent_for_half_a_day_is_more_urgent() -> None:
    [alert] = alerts(quiet(series(units=3), "10 09:00", "10 15:00", 1, 2, 3), "F01")
    assert alert.severity is Severity.S2


def test_what_the_counters_grew_meanwhile_tells_communication_from_an_outage() -> None:
    [alert] = alerts(quiet(series(units=3), "10 11:00", "10 13:00", 1, 2, 3), "F01")
    assert float(alert.evidence["counter_growth_kwh"]) > 100
    assert alert.cause == "communication"
    day = quiet(series(units=3), "10 11:00", "10 13:00", 1, 2, 3)
    for number in (1, 2, 3):
        counter = day.devices[f"p1-inv-{number:02d}"].values["ac_energy_total_wh"]
        gap = span(day, "10 11:00", "10 13:00")
        missed = float(counter[gap.stop] - counter[gap.start - 1])
        day = change(
            day, number, "ac_energy_total_wh", slice(gap.stop, None), lambda wh, off=missed: wh - off
        )
    [outage] = alerts(day, "F01")
    assert outage.cause == "outage"


def test_one_silent_bus_is_one_alert_with_its_devices_under_it() -> None:
    day = quiet(two_buses(), "10 11:00", "10 13:00", 3, 4)
    found = judged([day], "F01", "F02", "F03")
    assert [(each.rule, each.part) for each in found if each.rule == "F02"] == [("F02", "p1-gw-2")]
    assert {each.fired_at for each in found} == {local("10 11:30")}


def test_a_single_silent_device_is_a_note() -> None:
    [alert] = judged([quiet(series(units=4), "10 11:00", "10 13:00", 3)], "F01", "F02", "F03")
    assert (alert.rule, alert.device_id, alert.severity) == ("F03", "p1-inv-03", Severity.S4)


def test_a_lost_packet_is_no_silence() -> None:
    day = series(units=3, step_s=900.0)
    assert alerts(quiet(day, "10 11:00", "10 11:15", 1, 2, 3), "F01") == []


def test_a_silent_meter_is_found_like_any_device() -> None:
    day = series(units=2)
    values = {"meter_active_power_w": unit_values(day.clear_sky_poa_w_m2)["ac_active_power_w"]}
    day = replace(day, devices={**day.devices, "p1-meter": DeviceSeries(meter(), values)})
    [alert] = alerts(silent(day, "p1-meter", span(day, "10 11:00", "10 13:00")), "F03")
    assert alert.device_id == "p1-meter"


def test_a_plant_without_coordinates_is_missed_at_the_hours_at_which_it_usually_gives() -> None:
    days = series(days=6, units=3, sensor=False)
    nowhere = np.full(len(days.instants), np.nan)
    days = replace(days, sun_elevation_deg=nowhere, clear_sky_poa_w_m2=nowhere)
    assert alerts(quiet(days, "13 21:00", "14 04:00", 1, 2, 3), "F01") == []
    [alert] = alerts(quiet(days, "13 18:00", "15 12:00", 1, 2, 3), "F01")
    assert local("13 18:00") <= alert.since < local("13 20:00")
    assert (alert.resolved_at or alert.since) > local("15 12:00")
