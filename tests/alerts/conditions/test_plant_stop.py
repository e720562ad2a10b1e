"""F06: a whole plant gives nothing although the grid is there and the light would do."""

from dataclasses import replace

import numpy as np

from domain.alert import Severity
from domain.series import PlantSeries
from tests.alerts.builders import alerts, everywhere, local, series, span

POWER = "ac_active_power_w"


def test_a_plant_at_zero_under_a_bright_sky_is_found_the_same_hour() -> None:
    day = series()
    [alert] = alerts(everywhere(day, POWER, span(day, "10 10:00", "10 13:00"), 0.0), "F06")
    assert (alert.device_id, alert.severity) == ("", Severity.S1)
    assert (alert.fired_at, alert.resolved_at) == (local("10 10:15"), local("10 13:15"))


def test_a_plant_of_one_inverter_needs_no_peers() -> None:
    day = series(units=1)
    [alert] = alerts(everywhere(day, POWER, span(day, "10 10:00", "10 13:00"), 0.0), "F06")
    assert alert.plant_id == "p1"


def unlit() -> PlantSeries:
    """A plant whose light nobody measures and nobody lends."""
    day = series(sensor=False)
    devices = {name: replace(each, expected_power_w=None) for name, each in day.devices.items()}
    return replace(day, devices=devices)


def test_without_measured_light_fog_cannot_be_told_from_a_stop() -> None:
    day = unlit()
    where = span(day, "10 10:00", "10 13:00")
    assert alerts(everywhere(day, POWER, where, lambda power: power * 0.01), "F06") == []
    assert alerts(everywhere(day, POWER, span(day, "10 10:00", "10 10:50"), 0.0), "F06") == []


def test_without_measured_light_an_hour_of_nothing_under_a_high_sun_is_a_stop() -> None:
    day = unlit()
    [alert] = alerts(everywhere(day, POWER, span(day, "10 10:00", "10 13:00"), 0.0), "F06")
    assert (alert.fired_at, alert.resolved_at) == (local("10 11:10"), local("10 13:15"))
    assert alert.severity is Severity.S2


def test_a_plant_without_grid_is_not_a_plant_that_stopped() -> None:
    day = series()
    where = span(day, "10 10:00", "10 13:00")
    for phase in "abc":
        day = everywhere(day, f"ac_phase_{phase}_voltage_v", where, 0.0)
    assert alerts(everywhere(day, POWER, where, 0.0), "F06") == []


def test_a_plant_that_says_nothing_has_not_stopped() -> None:
    day = series()
    assert alerts(everywhere(day, POWER, span(day, "10 10:00", "10 13:00"), np.nan), "F06") == []
