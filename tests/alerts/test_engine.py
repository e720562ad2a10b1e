"""From series to alerts: causes, money, overrides, maintenance; the same series give the same alerts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from alerts.context import Context
from alerts.engine import judge
from alerts.inhibition import FORMER_PARENT
from domain.alert import Alert, Severity
from domain.price import EnergyPrice
from domain.series import PlantSeries
from domain.timespan import Interval
from tests.alerts.builders import RULES, change, everywhere, judged, local, plant, series, span

POWER = "ac_active_power_w"


def stopped(first: str = "10 11:00", last: str = "10 12:00", device: int = 2) -> PlantSeries:
    day = series()
    return change(day, device, POWER, span(day, first, last), 0.0)


PRICE = EnergyPrice(Decimal("35.45"), Decimal("49.55"))


def tariff(plant_id: str, day: date) -> EnergyPrice | None:
    return PRICE if plant_id == "p1" and day == date(2026, 6, 10) else None


def test_lost_energy_is_priced_by_the_tariff_of_its_day() -> None:
    [alert] = judged([stopped()], "F08", context=Context({"p1": plant()}, prices=tariff))
    assert alert.lost_kwh is not None
    assert alert.lost_fen == pytest.approx(alert.lost_kwh * 85.0, abs=1.1)
    assert alert.at_risk_fen == pytest.approx(50 * 3.0 * 85.0, abs=1.1)


def test_what_is_at_risk_is_told_in_the_two_parts_that_are_paid_years_apart() -> None:
    [alert] = judged([stopped()], "F08", context=Context({"p1": plant()}, prices=tariff))
    parts = {name: int(fen) for name, fen in alert.evidence.items() if name.startswith("at_risk")}
    assert parts == {"at_risk_benchmark_fen": 5318, "at_risk_subsidy_fen": 7433}
    assert sum(parts.values()) == alert.at_risk_fen
    lost = [int(fen) for name, fen in alert.evidence.items() if name.startswith("lost_")]
    assert sum(lost) == alert.lost_fen


def test_without_a_tariff_money_is_unknown_and_not_nothing() -> None:
    [alert] = judged([stopped()], "F08")
    assert alert.lost_kwh is not None
    assert (alert.lost_fen, alert.at_risk_fen) == (None, None)


@pytest.mark.parametrize(("fen_per_kwh", "severity"), [(1, Severity.S3), (85, Severity.S2), (0, Severity.S3)])
def test_an_alert_that_costs_next_to_nothing_is_less_urgent(fen_per_kwh: int, severity: Severity) -> None:
    context = Context({"p1": plant()}, prices=lambda _plant, _day: EnergyPrice(Decimal(fen_per_kwh)))
    [alert] = judged([stopped()], "F08", context=context)
    assert alert.severity is severity


def test_an_alert_that_costs_much_is_more_urgent_but_never_a_danger_for_it() -> None:
    context = Context({"p1": plant()}, prices=lambda _plant, _day: EnergyPrice(Decimal(100_000)))
    day = series()
    found = judged(
        [change(day, 1, "dc_string_03_current_a", slice(0, None), 0.0), stopped()], context=context
    )
    assert [each.severity for each in found if each.rule in {"F08", "F10"}] == [Severity.S2, Severity.S2]


def test_a_stopped_plant_explains_its_inverters_and_one_that_does_not_restart_stands_alone_later() -> None:
    day = everywhere(series(), POWER, span(series(), "10 10:00", "10 11:00"), 0.0)
    day = change(day, 2, POWER, span(day, "10 10:00", "10 13:00"), 0.0)
    day = change(day, 3, POWER, span(day, "10 10:00", "10 11:10"), 0.0)
    found = {each.rule: each for each in judged([day], "F06", "F08")}
    assert set(found) == {"F06", "F08"}
    assert found["F06"].parent_id is None
    assert (found["F08"].device_id, found["F08"].parent_id) == ("p1-inv-02", None)


def test_what_a_parent_explained_and_outlives_it_keeps_its_name() -> None:
    from alerts.inhibition import attach

    parent = _made("F06", "", "10 10:00", "10 11:00")
    child = _made("F08", "p1-inv-02", "10 10:05", None)
    [_, during] = attach([replace(parent, resolved_at=None), child], {})
    assert during.parent_id == parent.alert_id
    [_, after] = attach([parent, during], {}, now=local("10 11:40"))
    assert after.parent_id is None
    assert after.evidence[FORMER_PARENT] == parent.alert_id
    [_, soon] = attach([parent, during], {}, now=local("10 11:20"))
    assert soon.parent_id == parent.alert_id


def test_a_rule_on_days_is_explained_though_dull_days_kept_it_open() -> None:
    from alerts.inhibition import attach
    from alerts.lifecycle import LAST_TRUE

    parent = _made("F04", "", "10 10:00", "10 12:00")
    seen = {LAST_TRUE: local("10 19:00").isoformat()}
    low = replace(_made("F25", "", "10 00:00", "13 19:00"), fired_at=local("10 19:00"))
    [_, child] = attach([parent, replace(low, evidence=seen)], {})
    assert child.parent_id == parent.alert_id
    still = {LAST_TRUE: local("12 19:00").isoformat()}
    [_, alone] = attach([parent, replace(low, evidence=still)], {})
    assert alone.parent_id is None


def _made(rule: str, device: str, since: str, end: str | None) -> Alert:
    from domain.alert import AlertState

    return Alert(
        f"{rule}-{device or 'p1'}",
        rule,
        "p1",
        device,
        "",
        Severity.S2,
        AlertState.FIRING if end is None else AlertState.RESOLVED,
        since=local(since),
        fired_at=local(since),
        resolved_at=None if end is None else local(end),
    )


def test_nothing_is_judged_while_somebody_works_on_it() -> None:
    span_ = Interval(local("10 10:30"), local("10 12:30"))
    for name in ("p1", "p1-inv-02"):
        context = Context({"p1": plant()}, maintenance={name: [span_]})
        assert judged([stopped()], "F08", context=context) == []
    other = Context({"p1": plant()}, maintenance={"p1-inv-03": [span_]})
    assert len(judged([stopped()], "F08", context=other)) == 1


def test_a_plant_may_have_limits_of_its_own_and_a_rule_may_be_off() -> None:
    own = replace(RULES["F08"], by_plant={"p1": {"zero_share": 0.05}})
    weak = change(series(), 2, POWER, span(series(), "10 11:00", "10 12:00"), 1000.0)
    context = Context({"p1": plant()})
    assert judge([weak], [RULES["F08"]], context) == []
    assert len(judge([weak], [own], context)) == 1
    assert judge([weak], [replace(own, enabled=False)], context) == []


def test_the_same_series_give_the_same_alerts() -> None:
    assert judged([stopped()]) == judged([stopped()])


def test_a_healthy_day_is_a_day_without_alerts() -> None:
    assert judged([series(days=3), series(days=3, sensor=False, plant_id="p2")]) == []
