"""F04, F20, F21: no grid, too high a voltage, phases out of balance."""

from domain.alert import Severity
from domain.series import PlantSeries
from tests.alerts.builders import alerts, change, everywhere, judged, local, series, span

POWER = "ac_active_power_w"


def outage(first: str = "10 11:00", last: str = "10 12:00") -> PlantSeries:
    day = series()
    where = span(day, first, last)
    for phase in "abc":
        day = everywhere(day, f"ac_phase_{phase}_voltage_v", where, 0.0)
    return everywhere(day, POWER, where, 0.0)


def test_a_plant_without_voltage_has_lost_the_grid_and_its_inverters_are_not_told_one_by_one() -> None:
    found = judged([outage()], "F04", "F06", "F07", "F08", "F21", "F15")
    assert [(each.rule, each.parent_id) for each in found] == [("F04", None)]
    [alert] = found
    assert (alert.fired_at, alert.severity, alert.cause) == (local("10 11:10"), Severity.S1, "grid")
    assert alert.lost_kwh is not None
    assert alert.lost_kwh > 150


def test_a_minute_without_grid_is_what_inverters_ride_out() -> None:
    assert alerts(outage("10 11:00", "10 11:05"), "F04") == []


def test_a_voltage_above_seven_per_cent_for_a_quarter_of_an_hour_is_evidence_for_the_grid_company() -> None:
    day = series()
    [alert] = alerts(change(day, 1, "ac_phase_b_voltage_v", span(day, "10 12:00", "10 13:00"), 238.0), "F20")
    assert (alert.device_id, alert.evidence["voltage_v"]) == ("p1-inv-01", "238")


def test_a_voltage_too_high_at_every_inverter_is_one_alert_of_the_plant() -> None:
    day = series()
    made = everywhere(day, "ac_phase_b_voltage_v", span(day, "10 12:00", "10 13:00"), 238.0)
    [alert] = alerts(made, "F20")
    assert (alert.plant_id, alert.device_id) == ("p1", "")


def test_the_nominal_voltage_is_learnt_so_that_a_500_volt_inverter_is_not_too_high() -> None:
    day = series()
    for phase in "abc":
        day = everywhere(day, f"ac_phase_{phase}_voltage_v", slice(0, None), 500.0 / 3**0.5)
    assert alerts(day, "F20") == []


def test_a_phase_without_current_at_a_fair_load_is_found() -> None:
    day = series()
    [alert] = alerts(change(day, 2, "ac_phase_c_current_a", span(day, "10 11:00", "10 12:00"), 0.0), "F21")
    assert (alert.device_id, alert.severity) == ("p1-inv-02", Severity.S2)


def test_at_low_load_phases_may_differ() -> None:
    day = series()
    assert alerts(change(day, 2, "ac_phase_c_current_a", span(day, "10 06:00", "10 06:40"), 0.0), "F21") == []
