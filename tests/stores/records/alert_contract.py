"""What every store of alerts promises: inherit `AlertStoreContract` and give a fixture ``store``."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.alert import Alert, AlertState, Severity
from domain.timespan import Interval
from stores.alert_protocol import AlertStore

NOW = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = Interval(NOW - timedelta(days=1), NOW + timedelta(days=1))


def alert(alert_id: str = "a1", minute: int = 0, **changes: object) -> Alert:
    at = NOW + minute * MINUTE
    made = Alert(
        alert_id,
        "F08",
        "p1",
        "p1-inv-01",
        "",
        Severity.S2,
        AlertState.FIRING,
        since=at,
        fired_at=at + 15 * MINUTE,
        subject="p1-inv-01",
        cause="outage",
        lost_kwh=12.5,
        lost_fen=1063,
        at_risk_fen=22_000,
        evidence={"power_w": "0", "说明": "停机"},
        held_s=900.0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def resolved(alert_id: str, minute: int, end: int) -> Alert:
    return alert(alert_id, minute, state=AlertState.RESOLVED, resolved_at=NOW + end * MINUTE)


class AlertStoreContract:
    """The promises of stores.alert_protocol.AlertStore."""

    def test_an_alert_comes_back_as_it_was_kept(self, store: AlertStore) -> None:
        unknown = alert("a2", fired_at=None, lost_kwh=None, lost_fen=None, at_risk_fen=None)
        store.put_alerts([alert(), unknown], NOW)
        assert store.alert("a1") == alert()
        assert store.alert("a2") == unknown
        assert store.alert("nobody") is None

    def test_a_past_is_kept_step_by_step_each_at_its_own_instant(self, store: AlertStore) -> None:
        steps = [
            (NOW + 15 * MINUTE, alert()),
            (NOW + 20 * MINUTE, alert("a2", 5)),
            (NOW + 30 * MINUTE, resolved("a1", 0, 30)),
        ]
        assert store.put_history(steps) == 3
        assert [(each.state, each.at) for each in store.transitions("a1")] == [
            (AlertState.FIRING, NOW + 15 * MINUTE),
            (AlertState.RESOLVED, NOW + 30 * MINUTE),
        ]
        assert [each.at for each in store.transitions("a2")] == [NOW + 20 * MINUTE]
        assert store.put_history(steps[2:]) == 0, "the same again is nothing new"

    def test_open_alerts_of_some_plants_come_the_most_severe_first_then_the_oldest(
        self, store: AlertStore
    ) -> None:
        area = alert("area", plant_id="", device_id="", plant_ids=("p1", "p3"), severity=Severity.S1)
        waiting = alert("wait", state=AlertState.PENDING, fired_at=None)
        others = [alert("late", 9), alert("early", 1), alert("note", severity=Severity.S4)]
        away = alert("p2", plant_id="p2")
        store.put_alerts([area, waiting, resolved("over", 0, 5), away, *others], NOW)
        assert [each.alert_id for each in store.open_alerts(["p1"])] == ["area", "early", "late", "note"]
        assert [each.alert_id for each in store.open_alerts(["p3"])] == ["area"]
        assert [each.alert_id for each in store.open_alerts([])] == []
        assert len(store.open_alerts()) == 5
        assert store.pending_alerts() == [waiting]

    def test_the_log_has_every_change_of_state_severity_and_parent_once(self, store: AlertStore) -> None:
        first = alert()
        steps = [
            replace(first, state=AlertState.PENDING, fired_at=None),
            first,
            first,
            replace(first, lost_kwh=99.0),
            replace(first, severity=Severity.S1),
            replace(first, severity=Severity.S1, parent_id="p"),
            replace(first, severity=Severity.S1, parent_id="p", state=AlertState.RESOLVED, resolved_at=NOW),
        ]
        made = [store.put_alerts([step], NOW + n * MINUTE) for n, step in enumerate(steps)]
        assert made == [0, 1, 0, 0, 1, 1, 1]
        log = store.transitions("a1")
        assert [(each.at, each.state, each.severity, each.parent_id) for each in log] == [
            (NOW + MINUTE, AlertState.FIRING, Severity.S2, None),
            (NOW + 4 * MINUTE, AlertState.FIRING, Severity.S1, None),
            (NOW + 5 * MINUTE, AlertState.FIRING, Severity.S1, "p"),
            (NOW + 6 * MINUTE, AlertState.RESOLVED, Severity.S1, "p"),
        ]
        assert store.transitions_after(log[1].number) == log[2:]
        assert store.transitions_after(0, 1) == log[:1]

    def test_what_fired_and_overlaps_is_history_newest_first_and_bounded(self, store: AlertStore) -> None:
        store.put_alerts([resolved("old", -5000, -4000), resolved("r1", 1, 5), resolved("r3", 3, 6)], NOW)
        store.put_alerts([alert("p", state=AlertState.PENDING, fired_at=None)], NOW)
        store.put_alerts([alert("now", 9, device_id="p1-inv-02"), alert("x", 4, plant_id="p2")], NOW)
        found = store.alert_history(DAY, ["p1"])
        assert [each.alert_id for each in found] == ["now", "r3", "r1"]
        assert [each.alert_id for each in store.alert_history(DAY, count_max=2)] == ["now", "x"]
        assert [each.alert_id for each in store.alert_history(DAY, ["p1"], count_max=1)] == ["now"]
        assert [each.alert_id for each in store.alert_history(DAY, device_id="p1-inv-02")] == ["now"]

    def test_ended_alerts_are_found_by_their_end(self, store: AlertStore) -> None:
        store.put_alerts([resolved("r6", 1, 6), resolved("r5", 2, 5), resolved("r1", 0, 1)], NOW)
        assert [each.alert_id for each in store.resolved_since(NOW + 5 * MINUTE)] == ["r5", "r6"]

    def test_children_are_found_by_their_parent(self, store: AlertStore) -> None:
        store.put_alerts([alert("c2", 2, parent_id="p"), alert("c1", 1, parent_id="p"), alert("p")], NOW)
        assert [each.alert_id for each in store.children("p")] == ["c1", "c2"]

    def test_only_pending_alerts_can_be_forgotten(self, store: AlertStore) -> None:
        store.put_alerts([alert("a1"), alert("w", state=AlertState.PENDING)], NOW)
        assert store.forget_alerts(["a1", "w", "nobody"]) == 1
        assert store.alert("w") is None
        assert store.alert("a1") is not None

    def test_how_far_a_plant_was_judged_is_remembered(self, store: AlertStore) -> None:
        assert store.judged_until("p1") is None
        store.put_judged_until([("p1", NOW), ("p2", NOW)])
        store.put_judged_until([("p1", NOW + MINUTE)])
        assert (store.judged_until("p1"), store.judged_until("p2")) == (NOW + MINUTE, NOW)

    def test_many_alerts_are_kept_at_once(self, store: AlertStore) -> None:
        assert store.put_alerts([alert(f"a{n}") for n in range(1203)], NOW) == 1203
        assert len(store.open_alerts()) == 1203

    def test_alerts_are_kept_together_or_not_at_all(self, store: AlertStore) -> None:
        naive = alert("bad", since=datetime(2026, 7, 1))
        with pytest.raises(Exception, match="time zone"):
            store.put_alerts([alert("good"), naive], NOW)
        assert store.alert("good") is None
