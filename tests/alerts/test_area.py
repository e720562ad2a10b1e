"""F05, F42, F43: many plants at once, one source of data, and alerts that are themselves the trouble."""

from dataclasses import replace
from datetime import timedelta

from alerts.context import Context
from alerts.engine import judge
from alerts.quality import quality_alerts
from domain.alert import Alert, AlertState, Severity
from domain.series import PlantSeries
from tests.alerts.builders import RULES, everywhere, local, plant, series, silent, span

NAMES = ("p1", "p2", "p3", "p4")
CONTEXT = Context({name: plant(3, name) for name in NAMES})


def dark(name: str, first: str, last: str) -> PlantSeries:
    day = series(units=3, plant_id=name)
    where = span(day, first, last)
    for phase in "abc":
        day = everywhere(day, f"ac_phase_{phase}_voltage_v", where, 0.0)
    return everywhere(day, "ac_active_power_w", where, 0.0)


def test_one_feeder_outage_is_one_alert_with_plants_and_inverters_under_it() -> None:
    plants = [dark(name, "10 11:00", "10 12:00") for name in NAMES]
    found = judge(plants, list(RULES.values()), CONTEXT)
    roots = [each for each in found if each.parent_id is None]
    assert [(each.rule, each.subject, each.plant_ids) for each in roots] == [("F05", "10kV甲线", NAMES)]
    assert roots[0].severity is Severity.S1
    assert roots[0].resolved_at == local("10 12:10")
    assert {each.parent_id for each in found if each.rule == "F04"} == {roots[0].alert_id}


def test_two_plants_or_three_at_different_hours_are_no_area() -> None:
    two = [dark(name, "10 11:00", "10 12:00") for name in NAMES[:2]]
    apart = [
        dark(name, f"10 {hour}:00", f"10 {hour}:30")
        for name, hour in zip(NAMES, (9, 11, 13, 14), strict=True)
    ]
    for plants in (two, apart):
        assert [each for each in judge(plants, list(RULES.values()), CONTEXT) if each.rule == "F05"] == []


def test_neighbours_without_a_registered_feeder_are_grouped_by_distance() -> None:
    near = {
        name: replace(plant(3, name), feeder="", latitude=33.87 + n * 0.01) for n, name in enumerate(NAMES)
    }
    plants = [dark(name, "10 11:00", "10 12:00") for name in NAMES]
    found = judge(plants, list(RULES.values()), Context(near))
    assert len([each for each in found if each.rule == "F05"]) == 1
    far = {name: replace(each, latitude=30.0 + n) for n, (name, each) in enumerate(near.items())}
    assert [each for each in judge(plants, list(RULES.values()), Context(far)) if each.rule == "F05"] == []


def quiet(name: str) -> PlantSeries:
    day = series(units=2, plant_id=name)
    for number in (1, 2):
        day = silent(day, number, span(day, "10 11:00", "10 12:00"))
    return day


def test_all_plants_of_one_source_gone_is_the_source_and_not_the_grid() -> None:
    context = replace(CONTEXT, source_of=lambda each: "cloud" if each.plant_id != "p4" else "wire")
    plants = [quiet(name) for name in NAMES[:3]] + [series(units=2, plant_id="p4")]
    found = judge(plants, list(RULES.values()), context)
    roots = [each for each in found if each.parent_id is None]
    assert [(each.rule, each.subject) for each in roots] == [("F42", "cloud")]


def made(number: int, rule: str = "F08", minute: int = 0, **changes: object) -> Alert:
    since = local("10 11:00") + timedelta(minutes=minute)
    alert = Alert(
        f"{rule}-{number}", rule, "p1", "p1-inv-01", "", Severity.S2, AlertState.RESOLVED, since, since, since
    )
    return replace(alert, **changes)  # type: ignore[arg-type]


def words(alerts: list[Alert]) -> list[tuple[str, str]]:
    found = quality_alerts(alerts, RULES["F43"], local("10 12:00"))
    return [(each.subject, each.evidence["why"]) for each in found]


def test_an_alert_raised_three_times_in_an_hour_chatters() -> None:
    assert words([made(n, minute=10 * n) for n in range(3)]) == [("F08", "chatter")]
    assert words([made(n, minute=10 * n) for n in range(2)]) == []


def test_an_alert_left_open_a_day_is_told_unless_somebody_took_note() -> None:
    left = made(1, minute=-60 * 30, state=AlertState.FIRING, resolved_at=None)
    assert words([left]) == [("F08", "left_open")]
    assert quality_alerts([left], RULES["F43"], local("10 12:00"), {left.alert_id}) == []


def test_a_rule_that_makes_more_than_its_share_of_a_week_is_told() -> None:
    many = [made(n, "F20", minute=-n * 70) for n in range(10)]
    rest = [made(n, f"F{n % 40 + 50}", minute=-n * 70) for n in range(110)]
    assert ("F20", "many") in words(many + rest)
    assert words(many) == []
