"""Alert management: what is measured, and whether a target is met."""

from dataclasses import replace
from datetime import timedelta

from alerts.rates import Pushes, met, rates
from domain.alert import Alert
from domain.notification import Event, Notification
from tests.alerts.makers import NOON, S, alert, at

DAY = 1440.0
END = NOON + timedelta(days=3)


def push(number: int, minute: float, receiver_id: str = "zhao") -> Notification:
    sent = at(minute)
    return Notification(
        f"m{number}", "wecom", receiver_id, Event.FIRING, S.S2, "", "", sent, sent + timedelta(days=1)
    )


def many(count: int, minute: float) -> list[Alert]:
    return [alert(f"x{minute}-{n}", S.S3, minute + 20 * n, subject=f"d{minute}-{n}") for n in range(count)]


def test_each_day_at_the_desk_and_each_man_in_the_field_is_counted() -> None:
    explained = [replace(one, alert_id=f"c{n}", parent_id="x0.0-0") for n, one in enumerate(many(9, 0.0))]
    notes = [replace(one, alert_id=f"n{n}", severity=S.S4) for n, one in enumerate(many(9, DAY))]
    shown = [*many(2, 0.0), *explained, *many(4, DAY), *notes, *many(6, 2 * DAY)]
    pushes = [push(n, n) for n in range(4)] + [push(9, DAY), push(8, 5.0, "desk")]
    found = rates(shown, pushes, ["zhao", "qian"], (), NOON, END)
    assert [count for _, count in found.per_day] == [2, 4, 6, 0]
    assert found.desk_per_day == 3.0
    assert found.push_per_day == 4
    assert found.per_receiver == (Pushes("qian", 0.0, 0, 0), Pushes("zhao", 1.25, 4, 1))


def test_a_target_is_met_not_met_or_not_measured() -> None:
    calm = rates([], [], ["zhao"], (), NOON, END)
    assert set(met(calm).values()) == {True}
    crowd = [replace(one, fired_at=NOON) for one in many(11, 0.0)]
    stormy = rates(crowd, [push(n, n) for n in range(4)], ["zhao"], (), NOON, NOON + timedelta(hours=30))
    assert met(stormy) == {
        "desk_per_day": True,
        "push_per_day": False,
        "flood_share": True,
        "stale": False,
        "chatter": True,
    }
    assert met(rates([], [], [], (), NOON, NOON))["flood_share"] is None
