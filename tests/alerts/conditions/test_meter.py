"""F22, F28, F29, F37, F39: the revenue meter and the counters."""

from dataclasses import replace

import numpy as np

from domain.alert import Severity
from domain.series import DeviceSeries, Floats, PlantSeries
from tests.alerts.builders import alerts, change, local, meter, series, span

FORWARD, ACTIVE, REACTIVE = "meter_energy_forward_wh", "meter_active_power_w", "meter_reactive_power_var"


def metered(days: float = 1.0, loss: float = 0.02) -> PlantSeries:
    made = series(days=days, step_s=900.0, units=3)
    power = np.sum([each.values["ac_active_power_w"] for each in made.devices.values()], axis=0) * (1 - loss)
    night = np.where(power > 0, 0.0, -200.0)
    values: dict[str, Floats] = {
        FORWARD: 5e7 + np.cumsum(power) * 0.25,
        ACTIVE: power + night,
        REACTIVE: power * 0.1,
        **{f"ac_phase_{phase}_current_a": power / 3 / 230.0 for phase in "abc"},
    }
    return replace(made, devices={**made.devices, "p1-meter": DeviceSeries(meter(), values)})


def test_a_healthy_meter_is_quiet() -> None:
    assert alerts(metered(12), "F22", "F28", "F29", "F37", "F39") == []


def test_a_poor_power_factor_of_a_day_is_a_note() -> None:
    days = metered(3)
    poor = change(days, "p1-meter", REACTIVE, span(days, "11 00:00", "12 00:00"), lambda var: var * 8)
    [alert] = alerts(poor, "F22")
    assert (alert.device_id, alert.severity) == ("p1-meter", Severity.S4)


def test_a_loss_of_a_tenth_between_inverters_and_meter_is_found_within_the_week() -> None:
    [alert] = alerts(metered(10, loss=0.1), "F28")
    assert alert.evidence["line_loss_ratio"] == "0.1"
    [negative] = alerts(metered(10, loss=-0.03), "F28")
    assert negative.evidence["line_loss_ratio"] == "-0.03"


def test_a_night_draw_far_above_its_own_is_a_note() -> None:
    days = metered(10)
    where = span(days, "16 21:00", "19 04:00")
    dark = np.zeros(len(days.instants), dtype=bool)
    dark[where] = True
    dark &= days.sun_elevation_deg < -1
    drawing = days.devices["p1-meter"].values[ACTIVE].copy()
    drawing[dark] = -3000.0
    [alert] = alerts(change(days, "p1-meter", ACTIVE, slice(0, None), drawing), "F29")
    assert alert.severity is Severity.S4


def test_a_counter_that_falls_or_leaps_is_told_and_catching_up_after_a_gap_is_not() -> None:
    day = metered()
    name = "ac_energy_total_wh"
    fell = change(day, 1, name, span(day, "10 12:00", "11 00:00"), lambda wh: wh - 9e7)
    [alert] = alerts(fell, "F37")
    assert (alert.device_id, alert.since) == ("p1-inv-01", local("10 12:00"))
    leapt = change(day, 2, name, span(day, "10 12:00", "11 00:00"), lambda wh: wh + 3e6)
    assert [each.device_id for each in alerts(leapt, "F37")] == ["p1-inv-02"]
    gap = change(day, 2, name, span(day, "10 10:00", "10 14:00"), np.nan)
    assert alerts(gap, "F37") == []


def test_a_dead_current_transformer_or_a_meter_that_stands_still_costs_money() -> None:
    day = metered()
    dead = change(day, "p1-meter", "ac_phase_b_current_a", span(day, "10 10:00", "10 14:00"), 0.0)
    [alert] = alerts(dead, "F39")
    assert (alert.severity, alert.fired_at) == (Severity.S2, local("10 11:00"))
    counter = day.devices["p1-meter"].values[FORWARD]
    where = span(day, "10 10:00", "11 00:00")
    still = change(day, "p1-meter", FORWARD, where, float(counter[where.start]))
    assert [each.rule for each in alerts(still, "F39")] == ["F39"]
