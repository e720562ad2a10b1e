"""Telling people through real stores and real sockets: once each, whatever the target does."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.calls import call_list
from alerts.message import CHARS_MAX
from domain.clock import ManualClock
from domain.errors import NotifyError
from domain.handling import AlertAct, AlertActKind, PlannedStop, StopKind
from domain.notification import Channel, DeliveryState, Event, Notification, Notifying, Reason
from jobs.send_notifications import Delivery, Notifier, Teller
from notifiers.webhook import Webhook
from stores.records.store import SqlRecordStore
from tests.access.people import registry
from tests.alerts.makers import NOON, S, alert, at, notifying, receiver, resolved
from tests.notifiers.peers import Peer, peer

REAL = ManualClock(NOON)


class Ears:
    """A channel that remembers."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.heard: list[Notification] = []
        self.deaf = deaf

    def send(self, notification: Notification) -> None:
        if self.deaf:
            raise NotifyError("away")
        self.heard.append(notification)


class Desk:
    """Everything telling needs, with time that stands still until told."""

    def __init__(self, folder: Path) -> None:
        self.store = SqlRecordStore.at(folder / "records.sqlite")
        self.clock = ManualClock(NOON)
        self.ears = Ears()
        self.use(notifying())

    def use(self, people: Notifying, *, real_people: bool = True, **channels: Channel) -> Notifier:
        self.teller = Teller(self.store, registry(), people, self.clock, real_people)
        self.delivery = Delivery(self.store, {"wecom": self.ears, **channels}, self.clock)
        self.notifier = Notifier(self.teller, self.delivery)
        return self.notifier

    def tell(self, seconds: float = 10) -> int:
        self.clock.advance(seconds)
        return self.notifier.step(wait=True)

    def why(self, alert_id: str = "x1", receiver_id: str = "zhao") -> list[Reason]:
        found = self.store.decisions(alert_id=alert_id)[::-1]
        return [one.reason for one in found if one.receiver_id == receiver_id]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.delivery.close()
    made.store.close()


@pytest.fixture
def there() -> Iterator[Peer]:
    with peer() as state:
        yield state


def test_a_fault_is_told_once_its_end_once_and_the_log_says_why(desk: Desk) -> None:
    desk.store.put_alerts([alert()], NOON)
    desk.tell(1)
    for _ in range(5):
        desk.tell()
    desk.store.put_alerts([resolved(alert(), 5)], at(5))
    for _ in range(3):
        desk.tell()
    assert [one.event for one in desk.ears.heard] == [Event.FIRING, Event.RESOLVED]
    assert desk.why() == [
        Reason.GROUPING,
        Reason.FIRST,
        Reason.ALREADY_TOLD,
        Reason.RESOLVED,
        Reason.ALREADY_TOLD,
    ]
    assert "a电站" in desk.ears.heard[0].title
    assert "123 元" in desk.ears.heard[0].body


def test_a_restart_tells_nothing_again(desk: Desk) -> None:
    desk.store.put_alerts([alert()], NOON)
    desk.tell()
    desk.use(notifying())
    assert desk.tell() == 0
    assert len(desk.ears.heard) == 1


def test_what_was_under_way_when_the_program_died_is_sent_under_the_same_id(desk: Desk) -> None:
    desk.store.put_alerts([alert()], NOON)
    desk.clock.advance(10)
    desk.teller.think()
    waiting = desk.store.due(desk.clock.now())
    assert desk.store.claim(waiting[0].notification_id)
    assert desk.delivery.deliver(wait=True) == 0
    desk.use(notifying())
    desk.store.release_claims()
    desk.tell()
    assert [one.notification_id for one in desk.ears.heard] == [waiting[0].notification_id]


def test_a_thousand_alerts_in_a_minute_lose_nothing_and_tell_nothing_twice(desk: Desk) -> None:
    many = notifying(receiver(daily_max=0), receiver("qian", daily_max=0, target_ids=("mail",)))
    other = Ears()
    desk.use(many, mail=other)
    everything = []
    for second in range(60):
        now = NOON + timedelta(seconds=second)
        new = [
            alert(
                f"y{second}-{n}", S.S1 if n % 2 else S.S2, second / 60, device_id="", subject=f"{second}-{n}"
            )
            for n in range(17)
        ]
        everything += new
        desk.store.put_alerts(new, now)
        desk.clock = desk.clock
        desk.tell(1)
    for _ in range(12):
        desk.tell(1)
    for ears in (desk.ears, other):
        told = Counter(name for one in ears.heard for name in one.alert_ids)
        assert len(everything) == 1020
        assert set(told) == {one.alert_id for one in everything}
        assert set(told.values()) == {1}
        assert all(len(one.body) <= CHARS_MAX for one in ears.heard)
        assert len(ears.heard) < 140


def test_a_target_down_for_eight_hours_gets_it_once_when_it_is_back(desk: Desk, there: Peer) -> None:
    hook = Webhook(there.url, "", frozenset({there.host}), REAL)
    desk.use(notifying(receiver(target_ids=("hook",))), hook=hook)
    there.status = 500
    desk.store.put_alerts([alert()], NOON)
    for _ in range(96):
        desk.tell(300)
    assert there.raw == []
    waiting = desk.store.notifications(NOON)[0]
    assert waiting.attempts > 10
    assert "500" in waiting.failure
    there.status = 200
    for _ in range(6):
        desk.tell(300)
    assert there.ids() == [waiting.notification_id]
    assert desk.store.notifications(NOON)[0].state is DeliveryState.SENT


def test_a_target_that_never_comes_back_lets_the_message_expire_with_the_reason(desk: Desk) -> None:
    desk.ears.deaf = True
    desk.store.put_alerts([alert(severity=S.S1)], NOON)
    for _ in range(30):
        desk.tell(3600)
    found = desk.store.notifications(NOON)
    first = found[-1]
    assert (first.state, first.failure) == (DeliveryState.EXPIRED, "away")


def test_a_target_that_hangs_delays_nobody_else(
    desk: Desk, there: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifiers.webhook.TIMEOUT_S", 1.0)
    there.hang_s = 30.0
    hook = Webhook(there.url, "", frozenset({there.host}), REAL)
    desk.use(notifying(receiver(target_ids=("hook",)), receiver("qian")), hook=hook)
    desk.store.put_alerts([alert()], NOON)
    desk.clock.advance(10)
    desk.teller.think()
    assert desk.delivery.deliver() == 2
    quick = next(one for one in desk.store.notifications(NOON) if one.receiver_id == "qian")
    for _ in range(200):
        if desk.ears.heard:
            break
        there.released.wait(0.005)
    assert [one.notification_id for one in desk.ears.heard] == [quick.notification_id]


def test_a_field_man_gets_three_pushes_a_day_and_the_rest_tomorrow(desk: Desk) -> None:
    for hour in range(6):
        desk.store.put_alerts([alert(f"x{hour}", minute=hour * 60, subject=f"d{hour}")], at(hour * 60))
        desk.tell(3600)
    assert len(desk.ears.heard) == 3
    assert desk.why("x5")[-1] is Reason.CAPPED
    desk.tell(15.5 * 3600)  # the next morning
    assert len(desk.ears.heard) == 4
    assert set(desk.ears.heard[-1].alert_ids) >= {"x3", "x4", "x5"}


def test_faults_of_one_moment_come_in_one_message(desk: Desk) -> None:
    desk.store.put_alerts([alert(f"x{n}", subject=f"d{n}", at_risk_fen=n * 100) for n in range(30)], NOON)
    desk.tell()
    assert len(desk.ears.heard) == 1
    assert "30 条" in desk.ears.heard[0].title
    assert desk.ears.heard[0].body.splitlines()[-1].startswith("…另有")


def test_a_planned_outage_a_silence_and_a_parent_are_the_reasons_nobody_was_told(desk: Desk) -> None:
    desk.store.put_alerts(
        [
            alert("x1"),
            alert("x2", subject="d2"),
            alert("x3", parent_id="x2", subject="d3"),
            alert("x4", plant_id="c"),
        ],
        NOON,
    )
    desk.store.add_stop(
        PlannedStop("s", StopKind.OUTAGE, at(-60), at(60), "检修", "desk", at(-90), plant_id="c")
    )
    desk.store.add_alert_act(AlertAct("x1", 1, NOON, "desk", AlertActKind.SILENCE, "换线", at(60)))
    desk.tell()
    assert [desk.why(name)[-1] for name in ("x1", "x2", "x3", "x4")] == [
        Reason.SILENCED, Reason.FIRST, Reason.CHILD, Reason.OUTAGE,
    ]  # fmt: skip
    assert [one.alert_ids for one in desk.ears.heard] == [("x2",)]


def test_inverters_that_need_a_moment_after_their_grid_is_back_are_no_news(desk: Desk) -> None:
    children = [alert(f"c{n}", rule="F07", subject=f"d{n}", parent_id="grid") for n in range(40)]
    grid = alert("grid", S.S1, rule="F04", device_id="")
    desk.store.put_alerts([grid, *children], NOON)
    desk.tell()
    desk.store.put_alerts([resolved(grid, 60)], at(60))
    desk.tell(3600)
    desk.store.put_alerts([resolved(one, 75) for one in children[1:]], at(75))
    desk.tell(900)
    assert [one.event for one in desk.ears.heard] == [Event.FIRING, Event.RESOLVED]
    assert desk.why("c0") == [Reason.CHILD]
    desk.tell(900)  # one that does not restart is a fault of its own
    assert [one.alert_ids for one in desk.ears.heard[2:]] == [("c0",)]


def test_a_sample_registry_sends_nothing_and_says_so(desk: Desk) -> None:
    desk.use(notifying(), real_people=False)
    desk.store.put_alerts([alert(severity=S.S1)], NOON)
    assert desk.tell() == 0
    assert desk.ears.heard == []
    assert desk.why() == [Reason.SAMPLE]


def test_a_plant_nobody_cares_for_is_said(desk: Desk) -> None:
    desk.use(notifying(receiver(plant_ids=frozenset({"b"}))))
    desk.store.put_alerts([alert()], NOON)
    desk.tell()
    assert desk.why("x1", "") == [Reason.NO_RECEIVER]


def test_without_any_channel_there_is_a_list_of_whom_to_call(desk: Desk) -> None:
    silent = receiver("sun", target_ids=(), phone="0000-0000009")
    people = notifying(receiver(), silent)
    handled = alert("x2", subject="d2")
    desk.store.put_alerts([alert(), handled, alert("x3", S.S4, subject="d3")], NOON)
    desk.store.add_alert_act(AlertAct("x2", 1, NOON, "desk", AlertActKind.ACKNOWLEDGE))
    acts = desk.store.alert_acts(["x1", "x2", "x3"])
    found = call_list(desk.store.open_alerts(), acts, [], registry(), people, at(10))
    assert [(who.receiver_id, one.alert_id) for who, one in found] == [("sun", "x1")]


def test_nobody_acknowledged_so_the_lead_is_told(desk: Desk) -> None:
    lead = Ears()
    desk.use(notifying(receiver(), replace(receiver("sun", "lead"), target_ids=("mail",))), mail=lead)
    desk.store.put_alerts([alert()], NOON)
    for _ in range(40):
        desk.tell(60)
    assert [one.event for one in lead.heard] == [Event.ESCALATION]
    assert desk.why("x1", "sun")[:2] == [Reason.WAITING, Reason.UNACKNOWLEDGED]


def test_danger_is_at_its_target_within_ten_seconds_of_the_alert(tmp_path: Path, there: Peer) -> None:
    """The running thread, real time, a real socket: what is left of hold time and poll period."""
    from domain.clock import SystemClock

    clock, store = SystemClock(), SqlRecordStore.at(tmp_path / "records.sqlite")
    people = notifying(receiver(target_ids=("hook",)))
    hook = Webhook(there.url, "", frozenset({there.host}), REAL)
    notifier = Notifier(Teller(store, registry(), people, clock), Delivery(store, {"hook": hook}, clock))
    notifier.start()
    try:
        now = clock.now()
        store.put_alerts([alert(severity=S.S1, since=now, fired_at=now)], now)
        waited_s = 0.0
        while not there.raw and waited_s < 10.0:
            there.released.wait(0.05)
            waited_s = (clock.now() - now).total_seconds()
        assert len(there.raw) == 1
    finally:
        notifier.stop()
        store.close()
