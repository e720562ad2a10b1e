"""A week on the virtual fleet, lived through: faults on the physics, the engine's own alerts, people on their phones.

A string opens and is mended, a feeder trips, a router dies, snow falls, an outage is announced. Nothing is made up
but the faults: rows come from the simulator, alerts from the rules, messages from the delivered routes; people work
through the pages, and the order of the string closes on the energy in the store.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.context import Context
from alerts.engine import judge
from bench.detection_campaign import chosen
from cases.lifecycle import fold
from domain.alert import Alert, AlertState, Severity
from domain.case import Case, CaseState
from domain.clock import ManualClock
from domain.measurement import Origin
from domain.notification import TELLING, DeliveryState, Event, Reason
from domain.plant import DeviceKind, Plant, Registry
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs.alert_series import Window
from jobs.compute_days import DayBooks
from jobs.evaluate_alerts import context_for
from jobs.measure_recovery import measure
from jobs.send_notifications import Delivery, Notifier, Teller
from kpis.prepare import lendable, prepared
from main.care.notifying import load_notifying
from main.configuration import load_alert_rules
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet
from stores.duckdb import DuckDbStore
from stores.latest import LatestCache
from stores.records.store import SqlRecordStore
from tests.acceptance.heard import Heard
from tests.dashboard.fixtures import ROOT, World, _serve, part_of, sample_registry
from tests.dashboard.test_work import client_of, post

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MONDAY = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in Shangzhou
BEGIN = MONDAY - timedelta(days=5)  # the engine learns what is connected
END = MONDAY + timedelta(days=7, hours=9)
STEP = timedelta(minutes=5)
LOOK_S = 1200.0
K = FaultKind


def at(day: int, hour: float) -> datetime:
    """Return an instant of the week, by local day and hour."""
    return MONDAY + timedelta(days=day, hours=hour)


@dataclass(frozen=True)
class Places:
    """Where each thing happens."""

    registry: Registry
    on_feeder: Sequence[Plant]
    string: Plant
    router: Plant
    snow: Plant
    planned: Plant


def places() -> Places:
    """Return the plants of one feeder, one of which measures its weather, and three elsewhere, small ones."""
    whole = sample_registry()
    wide = chosen(whole, 60).plants
    sizes: dict[str, list[Plant]] = {}
    for one in wide:
        sizes.setdefault(one.feeder or "", []).append(one)
    feeder = min(
        (name for name, own in sizes.items() if name and len(own) >= 3),
        key=lambda name: sum(len(one.devices) for one in sizes[name]),
    )
    own = sizes[feeder]
    snow = next(one for one in own if one.devices_of(DeviceKind.WEATHER_STATION))
    alone: list[Plant] = []
    for one in sorted(wide, key=lambda each: (not _tells_strings(each), len(each.devices), each.plant_id)):
        if one.feeder and one.feeder not in {feeder, *(each.feeder for each in alone)}:
            alone.append(one)
    string, router, planned = alone[:3]
    registry = part_of(whole, [one.plant_id for one in (*own, string, router, planned)])
    return Places(registry, own, string, router, snow, planned)


def _tells_strings(one: Plant) -> bool:
    inverters = one.devices_of(DeviceKind.INVERTER)
    return all(
        each.profile in {"huawei_sun2000", "sungrow_sg"} and each.string_count >= 6 for each in inverters
    )


def faults_of(where: Places) -> list[Fault]:
    """Return what goes wrong, and when it is over."""

    def fault(
        kind: FaultKind, subject: str, first: datetime, last: datetime, devices: Any, **more: Any
    ) -> Fault:
        names = tuple(one.device_id for one in devices)
        return Fault(kind.value, kind, subject, first.timestamp(), last.timestamp(), names, **more)

    unit = where.string.devices_of(DeviceKind.INVERTER)[0]
    inverters = where.snow.devices_of(DeviceKind.INVERTER)
    dark = [each for one in where.on_feeder for each in one.devices]
    plan = where.planned
    return [
        fault(K.STRING_OPEN, unit.device_id, at(0, 9), at(1, 11), [unit], strings=(3,)),
        fault(K.FEEDER_OUTAGE, where.on_feeder[0].feeder or "", at(0, 12), at(0, 14), dark),
        fault(K.DEAD_GATEWAY, where.router.plant_id, at(2, 9), at(2, 16), where.router.devices),
        fault(K.GRID_OUTAGE, plan.plant_id, at(3, 10), at(3, 14), plan.devices),
        fault(K.SNOW, where.snow.plant_id, at(4, 7), at(4, 17), inverters, amount=0.97),
    ]


def judged(store: DuckDbStore, registry: Registry) -> list[Alert]:
    """Return what the rules say of the week."""
    length = round((END - BEGIN) / STEP)

    def bare(one: Plant) -> Any:
        [series] = Window(store, registry, STEP.total_seconds(), length, (one.plant_id,)).read_until(END)
        return series

    lent = [(one, lendable(bare(one))) for one in registry.plants]
    series = (prepared(bare(one), one, lent).series for one in registry.plants)
    rules = load_alert_rules(ROOT / "config", None).rules
    found = judge(series, rules, context_for(registry, Context()))
    return [one for one in found if one.fired_at is not None and one.fired_at >= MONDAY]


@dataclass
class Week:
    """The district and everybody in it."""

    where: Places
    world: World
    alerts: list[Alert]
    heard: Heard
    notifier: Notifier
    delivery: Delivery
    app: Any
    changes: list[tuple[datetime, Alert]] = field(default_factory=list)
    order: str = ""

    @property
    def clock(self) -> ManualClock:
        return self.world.clock

    def go(self, until: datetime) -> None:
        """Let time pass: alerts come and end when they do, and people are told."""
        while self.changes and self.changes[0][0] < until:
            when, one = self.changes.pop(0)
            self._wait(when)
            self._put(when, one)
        self._wait(until)

    def _wait(self, until: datetime) -> None:
        while self.clock.now() < until:
            step_s = 10.0 if (until - self.clock.now()).total_seconds() <= 10.0 else LOOK_S
            self.clock.advance(min(step_s, (until - self.clock.now()).total_seconds()))
            self.notifier.step(wait=True)

    def _put(self, when: datetime, one: Alert) -> None:
        over = one.resolved_at is not None and one.resolved_at <= when
        fired = {each.alert_id: each.fired_at or END for each in self.alerts}
        parent = one.parent_id if one.parent_id and fired.get(one.parent_id, END) <= when else None
        state = AlertState.RESOLVED if over else AlertState.FIRING
        ends = one.resolved_at if over else None
        self.world.records.put_alerts([replace(one, state=state, resolved_at=ends, parent_id=parent)], when)
        if not over:
            mine = {each.alert_id for each in self.alerts if each.parent_id == one.alert_id}
            named = [
                replace(each, parent_id=one.alert_id)
                for each in self.world.records.open_alerts()
                if each.alert_id in mine and each.parent_id is None
            ]
            self.world.records.put_alerts(named, when)

    def of(self, plant: Plant, day: int, rule: str = "") -> list[Alert]:
        """Return alerts of a plant that fired on a day."""
        return [
            one
            for one in self.alerts
            if plant.plant_id in {one.plant_id, *one.plant_ids}
            and at(day, 0) <= (one.fired_at or END) < at(day + 1, 0)
            and rule in {"", one.rule}
        ]

    def why(self, alert_id: str) -> dict[str, Reason]:
        """Return the last word about each receiver."""
        return {one.receiver_id: one.reason for one in self.world.records.decisions(alert_id=alert_id)[::-1]}

    def case(self) -> Case:
        return fold(self.world.records.case_acts(self.order))


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Play the week once; the tests read it."""
    made = begun(tmp_path_factory.mktemp("story"), places())
    play(made)
    yield made
    made.delivery.close()
    made.world.close()


def begun(folder: Path, where: Places) -> Week:
    """Make the rows and judge them; the clock stands at Monday, midnight."""
    clock = ManualClock(END)
    kinds = {device.device_id: device.kind for device in where.registry.devices()}
    store = DuckDbStore(folder / "samples.duckdb", clock, kinds)
    fleet = Fleet(where.registry, load_profiles(), ManualClock(END), 5, faults_of(where))
    for quantities, table in fleet.history(Interval(BEGIN, END), STEP):
        store.write_table(quantities, table, Origin.DEMO_HISTORY)
    alerts = judged(store, where.registry)
    records = SqlRecordStore.at(folder / "records.sqlite")
    clock.advance((MONDAY - END).total_seconds())
    world = _serve(where.registry, clock, store, LatestCache(), records, demo_clock=True)
    people, heard = load_notifying(ROOT / "config", sample_registry()), Heard()
    delivery = Delivery(records, {one.target_id: heard for one in people.targets}, clock)
    notifier = Notifier(Teller(records, where.registry, people, clock), delivery)
    changes = [(one.fired_at or END, one) for one in alerts]
    changes += [
        (one.resolved_at, one) for one in alerts if one.resolved_at is not None and one.resolved_at < END
    ]
    changes.sort(key=lambda pair: (pair[0], pair[1].alert_id))
    return Week(where, world, alerts, heard, notifier, delivery, world.app(), changes)


def play(week: Week) -> None:
    week.go(at(0, 8.5))
    desk, token = client_of(week.app)
    announced = {
        "kind": "outage",
        "feeder": week.where.planned.feeder,
        "from": "2026-03-05T09:30",
        "until": "2026-03-05T15:00",
        "reason": "线路检修，供电所通知（虚构）",
    }
    assert post(desk, token, "/app/stops", **announced).status_code == 303
    week.go(at(1, 8.6))
    work_the_string(week)
    week.go(at(2, 12))
    measure(week.world.records, week.world.store, week.where.registry, week.clock.now())
    week.go(END)


def work_the_string(week: Week) -> None:
    """Tuesday: the desk makes the order, the field man works it on his phone."""
    [alert, *_] = week.of(week.where.string, 0, "F10")
    desk, token = client_of(week.app)
    made = post(desk, token, f"/app/queue/{alert.alert_id}", act="order", assignee="field")
    path = made.headers["Location"]
    week.order = path.rsplit("/", 1)[1]
    field_man, other = client_of(week.app, "field")
    week.go(at(1, 10))
    for seen, typed in enumerate(
        (
            {"act": "arrive"},
            {"act": "part", "name": "15 A 熔断器", "number": "RT-15", "count": "1"},
        ),
        2,
    ):
        assert post(field_man, other, path, seen=str(seen), **typed).status_code == 303
    week.go(at(1, 11))
    done = {"act": "done", "text": "换 3 号支路熔断器", "cause": "string_fuse"}
    assert post(field_man, other, path, seen="4", **done).status_code == 303


def heads(alerts: Sequence[Alert]) -> list[Alert]:
    return [one for one in alerts if one.parent_id is None]


def test_a_feeder_that_trips_is_one_row_and_rings_once(week: Week) -> None:
    rows = {one.alert_id: one for plant in week.where.on_feeder for one in heads(week.of(plant, 0))}
    [row] = rows.values()
    assert row.rule == "F05"
    assert row.severity is Severity.S1
    assert set(row.plant_ids) >= {one.plant_id for one in week.where.on_feeder}
    assert week.heard.about(row.alert_id).count(("desk", Event.FIRING)) == 1
    children = [one for plant in week.where.on_feeder for one in week.of(plant, 0) if one.parent_id]
    assert children
    for child in children:
        assert week.heard.about(child.alert_id) == [], child


def test_a_dead_router_is_one_row(week: Week) -> None:
    [row] = heads(week.of(week.where.router, 2))
    assert row.rule == "F01"
    assert week.heard.about(row.alert_id).count(("desk", Event.FIRING)) == 1


def test_the_announced_outage_woke_nobody_and_its_loss_is_its_own(week: Week) -> None:
    found = week.of(week.where.planned, 3)
    assert found
    for one in found:
        assert week.heard.about(one.alert_id) == []
        reasons = {each.reason for each in week.world.records.decisions(alert_id=one.alert_id)}
        assert reasons <= {Reason.OUTAGE, Reason.CHILD, Reason.RESOLVED_BEFORE}
        assert reasons & {Reason.OUTAGE, Reason.CHILD}
    stops = week.world.records.stops
    books = DayBooks(
        week.world.store,
        week.world.records,
        part_of(week.where.registry, [week.where.planned.plant_id]),
        week.clock,
        stops=lambda span: stops(span.start, span.end),
    )
    books.run()
    day = at(3, 12).date()
    lost = week.world.records.day_losses(week.where.planned.plant_id, day, day)
    assert max(lost, key=lambda one: one.lost_kwh).cause == "planned_outage"


def test_snow_is_a_note_that_waits_for_the_weekly_report_and_melts_before_it(week: Week) -> None:
    [row] = [one for one in heads(week.of(week.where.snow, 4)) if one.rule == "F31"]
    assert row.severity is Severity.S4
    assert week.heard.about(row.alert_id) == []
    reasons = [one.reason for one in week.world.records.decisions(alert_id=row.alert_id)]
    assert Reason.WEEKLY_REPORT in reasons
    assert set(week.why(row.alert_id).values()) <= {Reason.RESOLVED_BEFORE, Reason.NO_ROUTE}
    [stop] = week.of(week.where.snow, 4, "F06")
    assert stop.parent_id == row.alert_id


def test_the_order_of_the_string_closes_on_the_energy_that_came_back(week: Week) -> None:
    [alert, *_] = week.of(week.where.string, 0, "F10")
    told = [
        one
        for one in week.heard.all
        if alert.alert_id in one.alert_ids and one.receiver_id.startswith("field")
    ]
    [listed] = told
    assert at(1, 8) <= listed.created_at < at(1, 8) + timedelta(seconds=LOOK_S)  # the next morning's list
    case = week.case()
    assert case.state is CaseState.CLOSED
    assert case.recovery is not None
    assert case.recovery.recovered is True
    assert case.recovery.before_ratio < case.recovery.after_ratio  # type: ignore[operator]
    assert (case.recovery.won_back_kwh or 0.0) > 0.0


def test_nothing_was_told_twice_and_everything_told_was_delivered(week: Week) -> None:
    seen = [
        (one.receiver_id, one.target_id, one.event, name, each.reopened)
        for one in week.heard.all
        if one.event is not Event.REMINDER
        for name in one.alert_ids
        for each in [week.world.records.alert(name)]
        if each is not None
    ]
    assert len(seen) == len(set(seen))
    assert {one.state for one in week.world.records.notifications(MONDAY)} == {DeliveryState.SENT}


def test_the_log_answers_why_nobody_was_told_for_every_line_and_the_page_says_it(week: Week) -> None:
    desk, _ = client_of(week.app)
    assert len(week.alerts) >= 8
    for one in week.alerts:
        reasons = week.why(one.alert_id)
        assert reasons, one
        told = {receiver for receiver, _ in week.heard.about(one.alert_id)}
        for receiver, reason in reasons.items():
            assert receiver in told or reason not in TELLING, (one.alert_id, receiver, reason)
        page = desk.get(f"/app/queue/{one.alert_id}").get_data(as_text=True)
        for reason in set(reasons.values()):
            assert week_words(reason) in page, (one.alert_id, reason)


def week_words(reason: Reason) -> str:
    from texts.loader import Texts

    return Texts("zh")(f"notify.reason.{reason.value}")


def test_every_paper_of_the_week_can_be_printed(week: Week) -> None:
    desk, _ = client_of(week.app)
    sheet = desk.get(f"/app/orders/{week.order}/print?size=A5").get_data(as_text=True)
    assert sheet.index("安全第一") < sheet.index("RT-15")
    assert "发电复核：已恢复" in sheet
    [alert, *_] = week.of(week.where.string, 0, "F10")
    evidence = desk.get(f"/app/queue/{alert.alert_id}/evidence").get_data(as_text=True)
    assert "<polyline" in evidence
    month = desk.get("/app/work/print?month=2026-03").get_data(as_text=True)
    assert "F10" in month
    assert week.where.string.name in desk.get("/app/work/contractors?month=2026-03").get_data(as_text=True)
