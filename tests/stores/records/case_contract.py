"""What every store of cases, acts on alerts and messages promises; give a fixture ``store``."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from cases.lifecycle import fold
from domain.alert import Severity
from domain.case import CaseActKind, CaseKind
from domain.errors import RecordRejectedError
from domain.handling import AlertAct, AlertActKind, PlannedStop, StopKind
from domain.notification import Decision, DeliveryState, Event, Notification, Reason, Told
from stores.records.store import SqlRecordStore
from tests.cases.builders import START, Story, at

HOUR = timedelta(hours=1)


def keep(store: SqlRecordStore, story: Story) -> None:
    for count in range(1, len(story.acts) + 1):
        store.add_case_act(story.acts[count - 1], fold(story.acts[:count]))


def message(name: str, minute: float = 0, **changes: object) -> Notification:
    made = Notification(
        name,
        "wecom",
        "zhao",
        Event.FIRING,
        Severity.S2,
        "标题",
        "正文",
        at(minute),
        at(minute) + 24 * HOUR,
        ("x1",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def told(alert_id: str = "x1", key: str = "firing:0", **changes: object) -> Told:
    made = Told("zhao", alert_id, key, Event.FIRING, START, Severity.S2, "n1")
    return replace(made, **changes)  # type: ignore[arg-type]


class CaseStoreContract:
    """The promises of stores.case_protocol and stores.notification_protocol."""

    def test_a_case_comes_back_as_its_acts(self, store: SqlRecordStore) -> None:
        story = Story(kind="order", case_number="GD-2026-0007", alert_ids="x1,x2").until_done()
        keep(store, story)
        assert store.case_acts("c1") == story.acts
        assert fold(store.case_acts("c1")) == story.case
        assert store.case_acts("nothing") == []
        assert store.case_of_alert("x2") == "c1"
        assert store.case_of_alert("x3") is None

    def test_two_people_are_never_both_next(self, store: SqlRecordStore) -> None:
        story = Story()
        keep(store, story)
        one = replace(story.acts[0], number=2, kind=CaseActKind.NOTE, text="甲")
        other = replace(one, text="乙")
        store.add_case_act(one, story.case)
        with pytest.raises(RecordRejectedError, match="somebody quicker"):
            store.add_case_act(other, story.case)
        assert [act.text for act in store.case_acts("c1")][1:] == ["甲"]

    def test_a_number_is_given_once_and_counts_on(self, store: SqlRecordStore) -> None:
        keep(store, Story(kind="order", case_number="GD-2026-0009"))
        assert store.last_case_number("GD-2026-") == 9
        assert store.last_case_number("GD-2027-") == 0
        twin = Story(kind="order", case_number="GD-2026-0009")
        first = replace(twin.acts[0], case_id="c2")
        with pytest.raises(RecordRejectedError):
            store.add_case_act(first, replace(twin.case, case_id="c2"))
        assert store.case_acts("c2") == []

    def test_open_cases_are_found_and_closed_ones_only_since_when_they_changed(
        self, store: SqlRecordStore
    ) -> None:
        closed = Story().until_done().then(CaseActKind.ACCEPT, 500, "无法复核", by="desk")
        keep(store, closed)
        assert store.cases_acts(open_only=True) == []
        assert store.cases_acts(since=at(500)) == [closed.acts]
        assert store.cases_acts(since=at(501)) == []
        assert store.cases_acts(kinds=[CaseKind.REPORT]) == []
        assert store.cases_acts() == [closed.acts]

    def test_acts_on_an_alert_come_back_in_order_and_the_second_of_two_is_refused(
        self, store: SqlRecordStore
    ) -> None:
        first = AlertAct("x1", 1, START, "zhao", AlertActKind.ACKNOWLEDGE)
        second = AlertAct("x1", 2, at(1), "zhao", AlertActKind.SILENCE, "换线", at(60))
        store.add_alert_act(first)
        store.add_alert_act(second)
        with pytest.raises(RecordRejectedError, match="quicker"):
            store.add_alert_act(replace(second, by="qian"))
        assert store.alert_acts(["x1", "x2"]) == {"x1": [first, second]}

    def test_a_stop_is_found_by_its_span_and_ends_once(self, store: SqlRecordStore) -> None:
        stop = PlannedStop(
            "s1", StopKind.OUTAGE, at(0), at(120), "线路检修", "desk", at(-60), feeder="10kV甲线"
        )
        store.add_stop(stop)
        assert store.stops(at(119), at(130)) == [stop]
        assert store.stops(at(120), at(130)) == []
        assert store.end_stop("s1", at(60), "desk")
        assert not store.end_stop("s1", at(61), "desk")
        assert store.stops(at(0), at(1))[0].ended_at == at(60)

    def test_an_occasion_is_told_once_and_nothing_of_the_second_try_is_kept(
        self, store: SqlRecordStore
    ) -> None:
        store.queue([told()], [message("n1")])
        with pytest.raises(RecordRejectedError, match="told before"):
            store.queue([told("x9"), told()], [message("n2")])
        assert list(store.told(["x1", "x9"])) == ["x1"]
        assert [one.notification_id for one in store.due(at(1))] == ["n1"]

    def test_a_message_is_sent_by_one_and_waits_for_its_next_try(self, store: SqlRecordStore) -> None:
        store.queue([], [message("n1")])
        assert store.claim("n1")
        assert not store.claim("n1")
        assert store.due(at(1)) == []
        failed = message("n1", attempts=1, next_try_at=at(5), failure="500", state=DeliveryState.QUEUED)
        store.settle(failed)
        assert store.due(at(4)) == []
        assert store.due(at(5)) == [failed]

    def test_what_was_being_sent_when_the_program_died_is_queued_again(self, store: SqlRecordStore) -> None:
        store.queue([], [message("n1"), message("n2", 1)])
        assert store.claim("n1")
        assert store.release_claims() == 1
        assert [one.notification_id for one in store.due(at(9))] == ["n1", "n2"]

    def test_messages_are_counted_once_per_occasion_and_found_by_alert(self, store: SqlRecordStore) -> None:
        store.queue(
            [told("x1"), told("x2"), told("x3", notification_id="n2", at=at(-9999))],
            [message("n1", alert_ids=("x1", "x2")), message("n2", 1, alert_ids=("x3",))],
        )
        assert store.sent_since(START) == {"zhao": 1}
        assert [one.notification_id for one in store.notifications(START, alert_id="x2")] == ["n1"]
        assert [one.notification_id for one in store.notifications(START)] == ["n2", "n1"]

    def test_decisions_are_kept_with_their_reason_newest_first(self, store: SqlRecordStore) -> None:
        quiet = Decision(START, "x1", "zhao", Reason.QUIET_HOURS, at(60))
        first = Decision(at(60), "x1", "zhao", Reason.FIRST)
        store.add_decisions([quiet, Decision(START, "x2", "zhao", Reason.CHILD)])
        store.add_decisions([first])
        assert store.decisions(alert_id="x1") == [first, quiet]
        assert store.decisions(since=at(1)) == [first]

    def test_of_many_people_at_once_one_is_next(self, store: SqlRecordStore) -> None:
        story = Story()
        keep(store, story)
        outcomes: list[bool] = []

        def try_it(number: int) -> None:
            act = replace(story.acts[0], number=2, kind=CaseActKind.NOTE, text=f"{number}")
            try:
                store.add_case_act(act, story.case)
            except RecordRejectedError:
                outcomes.append(False)
            else:
                outcomes.append(True)

        threads = [threading.Thread(target=try_it, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == [False] * 11 + [True]
