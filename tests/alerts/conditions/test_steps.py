"""F44, F45: a step of a unit's DC current or voltage against its own past."""

from datetime import timedelta

import numpy as np
import pytest

from domain.alert import Severity
from domain.series import PlantSeries
from tests.alerts.builders import alerts, change, everywhere, instants, local, series, span

CURRENT, VOLTAGE = "dc_current_a", "dc_voltage_v"
DAYS = 18


def weather(days: int = DAYS, step_s: float = 900.0) -> PlantSeries:
    """Days of changing clouds with noise of sensors, quarter-hourly."""
    dice = np.random.default_rng(5)
    at = instants(days, step_s)
    sky = np.repeat(dice.uniform(0.6, 1.0, days), len(at) // days) * dice.uniform(0.85, 1.0, len(at))
    made = series(days=days, step_s=step_s, units=1, sky=sky)
    noise = 1 + dice.normal(0, 0.01, len(at))
    made = change(made, 1, CURRENT, slice(0, None), lambda amps: amps * noise)
    return change(
        made, 1, VOLTAGE, slice(0, None), lambda volts: volts * (1 + dice.normal(0, 0.002, len(at)))
    )


@pytest.fixture(autouse=True)
def _short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fortnight of past is enough for a story."""
    from dataclasses import replace

    from tests.alerts import builders

    rules = {
        name: replace(rule, limits={**rule.limits, "back_days": 14, "least_days": 8})
        if name in {"F44", "F45"}
        else rule
        for name, rule in builders.RULES.items()
    }
    monkeypatch.setattr(builders, "RULES", rules)


def test_a_string_of_eight_is_missed_on_the_day_it_goes() -> None:
    days = weather()
    [alert] = alerts(change(days, 1, CURRENT, span(days, "22 00:00", "28 00:00"), lambda a: a * 7 / 8), "F44")
    assert (alert.device_id, alert.severity, alert.cause) == ("p1-inv-01", Severity.S3, "string")
    assert alert.fired_at is not None
    assert local("22 12:00") < alert.fired_at < local("23 00:00")
    assert alert.since == local("22 00:00")


def test_the_alert_stays_while_the_string_is_gone_and_ends_when_it_is_back() -> None:
    days = weather()
    gone = change(days, 1, CURRENT, span(days, "20 00:00", "24 00:00"), lambda a: a * 7 / 8)
    [alert] = alerts(gone, "F44")
    assert alert.resolved_at is not None
    assert local("25 12:00") < alert.resolved_at < local("27 00:00")


def test_a_shadow_of_some_hours_is_no_string() -> None:
    days = weather()
    for day in (22, 23, 24):
        days = change(days, 1, CURRENT, span(days, f"{day} 06:00", f"{day} 11:00"), lambda a: a * 0.7)
    assert alerts(days, "F44") == []


def test_haze_over_the_sensor_and_all_units_is_nobodys_string() -> None:
    days = series(days=DAYS, step_s=900.0, units=5)
    assert (
        alerts(everywhere(days, CURRENT, span(days, "22 00:00", "28 00:00"), lambda a: a * 0.87), "F44") == []
    )


def test_a_unit_held_back_moves_its_voltage_and_is_no_string() -> None:
    days = weather()
    where = span(days, "22 00:00", "28 00:00")
    held = change(days, 1, CURRENT, where, lambda a: a * 0.85)
    assert alerts(change(held, 1, VOLTAGE, where, lambda v: v * 1.1), "F44") == []


def test_a_voltage_a_good_per_cent_lower_for_a_week_is_a_bypass_diode() -> None:
    days = weather(28)
    step = 18 * 96
    [alert] = alerts(change(days, 1, VOLTAGE, slice(step, None), lambda v: v * 0.986), "F45")
    assert alert.severity is Severity.S4
    assert alert.fired_at is not None
    assert local("28 00:00") + timedelta(days=3) < alert.fired_at < local("28 00:00") + timedelta(days=7)


def test_half_a_per_cent_of_voltage_is_noise() -> None:
    days = weather()
    assert (
        alerts(change(days, 1, VOLTAGE, span(days, "20 00:00", "28 00:00"), lambda v: v * 0.995), "F45") == []
    )


def test_without_a_past_nothing_is_said() -> None:
    days = weather(6)
    assert (
        alerts(change(days, 1, CURRENT, span(days, "14 00:00", "16 00:00"), lambda a: a * 0.8), "F44") == []
    )
