"""F07, F18, F19: what an inverter says of itself."""

from collections.abc import Sequence

from alerts.context import Context, Meaning
from domain.alert import Alert, AlertState, Severity
from domain.series import PlantSeries
from tests.alerts.builders import alerts, change, local, plant, series, span

MEANINGS = {
    7: Meaning("internal", 2, "fault", "7", "Relay fault"),
    8: Meaning("grid", 1, "unknown", "8", "Grid voltage high"),
    9: Meaning("insulation", 2, "unknown", "2062", "Low insulation resistance"),
    10: Meaning("string", 3, "unknown", "2002", "DC Arc Fault"),
}


def codes(profile: str, quantity: str, value: int) -> Sequence[Meaning]:
    return (MEANINGS[value],) if quantity == "fault_code" and value in MEANINGS else ()


def found(day: PlantSeries, *rules: str) -> list[Alert]:
    return alerts(day, *rules, context=Context({"p1": plant()}, codes=codes))


def coded(code: int, first: str, last: str, *, stopped: bool = True) -> PlantSeries:
    day = change(series(), 1, "fault_code", slice(0, None), 0.0)
    where = span(day, first, last)
    day = change(day, 1, "fault_code", where, float(code))
    return change(day, 1, "ac_active_power_w", where, 0.0) if stopped else day


def test_an_inverter_stopped_by_a_fault_is_work_of_the_day() -> None:
    [alert] = found(coded(7, "10 11:00", "10 12:00"), "F07")
    assert (alert.fired_at, alert.severity) == (local("10 11:10"), Severity.S2)


def test_a_minor_code_or_one_of_a_running_inverter_is_no_stop() -> None:
    assert found(coded(8, "10 11:00", "10 12:00"), "F07") == []
    assert found(coded(9, "10 11:00", "10 12:00", stopped=False), "F07") == []


def test_codes_of_dawn_are_waited_out() -> None:
    assert found(coded(7, "10 05:30", "10 06:20"), "F07") == []


def test_low_insulation_is_told_at_once_and_a_danger_after_an_hour() -> None:
    [alert] = found(coded(9, "10 07:00", "10 07:30", stopped=False), "F18")
    assert (alert.fired_at, alert.severity) == (local("10 07:05"), Severity.S3)
    [lasting] = found(coded(9, "10 07:00", "10 09:00", stopped=False), "F18")
    assert lasting.severity is Severity.S1


def test_insulation_is_also_read_from_the_resistance() -> None:
    day = series()
    day = change(day, 2, "insulation_resistance_ohm", slice(0, None), 2e6)
    [alert] = alerts(
        change(day, 2, "insulation_resistance_ohm", span(day, "10 08:00", "10 08:30"), 2e4), "F18"
    )
    assert alert.device_id == "p1-inv-02"


def test_an_arc_is_a_danger_that_does_not_clear_by_itself() -> None:
    [alert] = found(coded(10, "10 11:00", "10 11:05", stopped=False), "F19")
    assert (alert.severity, alert.state) == (Severity.S1, AlertState.FIRING)
