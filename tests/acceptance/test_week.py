"""A week of faults as people live it: told once, worked, closed on proof; the log answers every "why not me"."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access.principal import Principal
from alerts.rates import DESK_PER_DAY_MAX, PUSH_PER_DAY_MAX
from cases.lifecycle import fold
from commands.alert_handling import AlertHandling, NewStop
from commands.cases import Cases
from domain.account import Role, Scope
from domain.alert import Alert, AlertState, Severity
from domain.case import CaseAct, CaseActKind, CaseState
from domain.clock import ManualClock
from domain.handling import StopKind
from domain.notification import TELLING, DeliveryState, Event, Reason
from jobs.care_for_cases import SYSTEM, escalate, register_inspections
from jobs.send_notifications import Delivery, Notifier, Teller
from main.care.maintenance import load_maintenance
from main.care.notifying import load_notifying
from queries.work import Work, WorkSources
from stores.records.store import SqlRecordStore
from tests.acceptance.heard import Heard
from tests.dashboard.fixtures import ROOT, sample_registry

MONDAY = datetime(2026, 7, 6, 0, 0, tzinfo=UTC)  # 08:00 in Shangzhou
REGISTRY = sample_registry()
DESK = Principal("desk", "值班（虚构）", frozenset({Role.OM}), Scope(everything=True))
FIELD = Principal("field", "外勤（虚构）", frozenset({Role.FIELD}), Scope(everything=True))
LIVE = [plant for plant in REGISTRY.plants if plant.connection.value == "live"]
STRING, ROUTER, SNOW, TAGGED = LIVE[0], LIVE[10], LIVE[20], LIVE[30]
FEEDER = next(
    plant.feeder
    for plant in LIVE[40:]
    if plant.feeder not in {one.feeder for one in (STRING, ROUTER, SNOW, TAGGED)}
)
ON_FEEDER = [plant for plant in LIVE if plant.feeder == FEEDER]


def at(day: int, hour: float) -> datetime:
    """Return an instant of the week, by local hour."""
    return MONDAY + timedelta(days=day, hours=hour - 8)


def fault(alert_id: str, rule: str, severity: Severity, when: datetime, **about: object) -> Alert:
    made = Alert(alert_id, rule, "", "", "", severity, AlertState.FIRING, when, when, subject=alert_id)
    return replace(made, **about)  # type: ignore[arg-type]


class Week:
    """The district with everybody at work, in steps of twenty minutes."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(MONDAY)
        self.store = SqlRecordStore.at(folder / "records.sqlite")
        self.maintenance = load_maintenance(ROOT / "config", REGISTRY)
        self.notifying = load_notifying(ROOT / "config", REGISTRY)
        self.heard = Heard()
        channels = {target.target_id: self.heard for target in self.notifying.targets}
        self.delivery = Delivery(self.store, channels, self.clock)
        self.notifier = Notifier(Teller(self.store, REGISTRY, self.notifying, self.clock), self.delivery)
        real = ManualClock(MONDAY)
        self.cases = Cases(self.store, REGISTRY, self.maintenance, real, self.clock)
        self.handling = AlertHandling(self.store, REGISTRY, real, self.clock)
        self.work = Work(WorkSources(REGISTRY, self.store, self.clock, self.maintenance, self.notifying))

    def go(self, until: datetime) -> None:
        """Let time pass."""
        while self.clock.now() < until:
            self.clock.advance(min(1200.0, (until - self.clock.now()).total_seconds()))
            self.notifier.step(wait=True)
            escalate(self.store, self.maintenance, self.notifying, self.clock.now(), real_people=True)

    def fires(self, *alerts: Alert) -> None:
        self.store.put_alerts(alerts, self.clock.now())

    def ends(self, alert_id: str) -> None:
        one = self.store.alert(alert_id)
        assert one is not None
        now = self.clock.now()
        self.store.put_alerts([replace(one, state=AlertState.RESOLVED, resolved_at=now)], now)

    def why(self, alert_id: str) -> list[Reason]:
        return [one.reason for one in self.store.decisions(alert_id=alert_id)[::-1]]


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Play the week once; the tests read it."""
    made = Week(tmp_path_factory.mktemp("week"))
    play(made)
    yield made
    made.delivery.close()
    made.store.close()


def play(week: Week) -> None:
    stop = NewStop(StopKind.OUTAGE, at(3, 9), at(3, 15), "线路检修，供电所通知", feeder=FEEDER)
    week.handling.add_stop(DESK, stop)
    week.go(at(0, 10))  # Monday: a string opens
    week.fires(
        fault(
            "string",
            "F10",
            Severity.S3,
            at(0, 10),
            plant_id=STRING.plant_id,
            part="string_03",
            at_risk_fen=2_100,
        )
    )
    week.go(at(0, 14))  # a feeder trips, its plants go silent
    feeder = fault(
        "feeder",
        "F04",
        Severity.S1,
        at(0, 14),
        subject="10kV某线",
        plant_ids=(TAGGED.plant_id, SNOW.plant_id),
    )
    week.fires(feeder, *[
        fault(f"dark{n}", "F06", Severity.S2, at(0, 14), plant_id=plant.plant_id, parent_id="feeder")
        for n, plant in enumerate((TAGGED, SNOW))
    ])  # fmt: skip
    week.go(at(0, 14.2))
    week.handling.acknowledge(DESK, "feeder", 0)
    week.go(at(0, 16))
    for name in ("feeder", "dark0", "dark1"):
        week.ends(name)
    work_the_string(week)
    later_in_the_week(week)


def later_in_the_week(week: Week) -> None:
    """A router dies, the announced outage comes, snow falls."""
    week.go(at(2, 7))  # Wednesday: a router dies, fourteen devices behind it
    week.fires(
        fault("router", "F01", Severity.S2, at(2, 7), plant_id=ROUTER.plant_id),
        *[
            fault(
                f"unit{n}",
                "F03",
                Severity.S3,
                at(2, 7),
                plant_id=ROUTER.plant_id,
                subject=f"unit{n}",
                parent_id="router",
            )
            for n in range(14)
        ],
    )
    week.go(at(3, 9.5))  # Thursday: the announced outage
    week.fires(
        fault(
            "planned",
            "F04",
            Severity.S1,
            at(3, 9.5),
            subject=FEEDER,
            plant_ids=tuple(p.plant_id for p in ON_FEEDER),
        )
    )
    week.go(at(3, 14))
    week.ends("planned")
    week.go(at(4, 9))  # Friday: snow
    week.fires(fault("snow", "F24", Severity.S4, at(4, 9), plant_id=SNOW.plant_id))
    week.go(at(7, 9))  # to Monday morning


def work_the_string(week: Week) -> None:
    """Tuesday: the field man works the order of the string on his phone; the meters close it."""
    week.go(at(1, 9))
    case = week.cases.from_alert(DESK, "string", "field")
    week.go(at(1, 10))
    case = week.cases.arrive(FIELD, case.case_id, case.acts)
    week.go(at(1, 11))
    case = week.cases.done(FIELD, case.case_id, case.acts, "换 3 号支路熔断器", "string_fuse")
    week.ends("string")
    week.go(at(1, 15))
    values = {"before_ratio": "0.91", "after_ratio": "1.00", "won_back_kwh": "14.2", "recovered": "true"}
    act = CaseAct(case.case_id, case.acts + 1, week.clock.now(), SYSTEM, CaseActKind.MEASURE, "", values)
    acts = [*week.store.case_acts(case.case_id), act]
    week.store.add_case_act(act, fold(acts))


def test_one_feeder_and_one_router_are_one_row_and_one_message_each(week: Week) -> None:
    assert week.heard.about("feeder").count(("desk", Event.FIRING)) == 1
    for child in ("dark0", "dark1", "unit0", "unit13"):
        assert week.heard.about(child) == []
        assert week.why(child)[0] is Reason.CHILD


def test_what_was_acknowledged_is_not_escalated_and_what_was_not_is(week: Week) -> None:
    assert ("lead", Event.ESCALATION) not in week.heard.about("feeder")
    assert ("lead", Event.ESCALATION) in week.heard.about("router")


def test_the_string_waits_for_the_list_of_the_next_morning_and_its_order_closes_on_energy(week: Week) -> None:
    told = [
        one for one in week.heard.all if "string" in one.alert_ids and one.receiver_id.startswith("field")
    ]
    assert [one.created_at for one in told] == [at(1, 8)]
    case_id = week.store.case_of_alert("string")
    assert case_id is not None
    case = fold(week.store.case_acts(case_id))
    assert case.state is CaseState.CLOSED
    assert case.recovery is not None
    assert case.recovery.won_back_kwh == 14.2


def test_the_announced_outage_is_a_note_and_nobody_is_woken(week: Week) -> None:
    assert week.heard.about("planned") == []
    assert week.why("planned")[0] is Reason.OUTAGE


def test_snow_is_in_the_weekly_report_only(week: Week) -> None:
    told = [one for one in week.heard.all if "snow" in one.alert_ids]
    assert told
    assert {one.created_at for one in told} == {at(7, 8)}


def test_nothing_was_told_twice_and_everything_told_was_delivered(week: Week) -> None:
    seen = [
        (one.receiver_id, one.target_id, one.event, name) for one in week.heard.all for name in one.alert_ids
    ]
    first_time = [each for each in seen if each[2] is not Event.REMINDER]
    assert len(first_time) == len(set(first_time))
    assert {one.state for one in week.store.notifications(MONDAY)} == {DeliveryState.SENT}


def test_the_log_answers_why_nobody_was_told_for_every_line(week: Week) -> None:
    names = [
        "string",
        "feeder",
        "dark0",
        "dark1",
        "router",
        "planned",
        "snow",
        *(f"unit{n}" for n in range(14)),
    ]
    for name in names:
        decisions = week.store.decisions(alert_id=name)
        assert decisions, name
        told = {receiver for receiver, _ in week.heard.about(name)}
        silent = {one.receiver_id for one in decisions} - told
        last = {one.receiver_id: one.reason for one in decisions[::-1]}
        assert all(last[receiver] not in TELLING for receiver in silent), name


def test_the_rates_of_the_week_are_within_the_targets(week: Week) -> None:
    rates = week.work.rates(DESK, 7)
    assert rates is not None
    assert rates.desk_per_day is not None
    assert rates.desk_per_day <= DESK_PER_DAY_MAX
    assert rates.push_per_day <= PUSH_PER_DAY_MAX
    assert (rates.flood_share, rates.chatter) == (0.0, 0)


def test_the_router_nobody_mended_is_on_top_of_the_queue_and_its_order_goes_to_a_named_person(
    week: Week,
) -> None:
    queue = week.work.queue(DESK)
    assert [row.alert.alert_id for trip in queue.trips for row in trip.rows] == ["router", "snow"]
    case = week.cases.from_alert(DESK, "router", "field")
    week.go(week.clock.now() + timedelta(hours=25))
    late = fold(week.store.case_acts(case.case_id))
    assert "（虚构）" in late.escalated_to
    assert any(one.event is Event.OVERDUE for one in week.heard.all)


def test_the_inspections_of_the_week_are_registered_once(week: Week) -> None:
    september = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
    first = register_inspections(week.store, REGISTRY, week.maintenance, september)
    assert first > 0
    assert register_inspections(week.store, REGISTRY, week.maintenance, september) == 0
