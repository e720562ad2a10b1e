"""Tell or not, always with a reason: told as stories of one receiver and one alert."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.notification import Circumstances, decide, is_theirs, occasion, route_for
from alerts.office_hours import in_daytime, next_daytime, next_list, next_week
from domain.alert import Alert, Severity
from domain.handling import Handling, PlannedStop, StopKind
from domain.notification import TELLING, Decision, Event, Reason, Told
from tests.access.people import TOWNS, registry
from tests.alerts.makers import NOON, ROUTES, TIMING, S, alert, at, receiver, resolved
from texts.loader import Texts


class Ear:
    """One receiver who hears of one alert as time passes."""

    def __init__(self, one: Alert, **about: object) -> None:
        self.given = Circumstances(one, Handling(one.alert_id), receiver(), None)
        self.change(**about)
        self.told: list[Told] = []

    def change(self, **about: object) -> "Ear":
        self.given = replace(self.given, **about)  # type: ignore[arg-type]
        who = self.given.receiver
        self.given = replace(self.given, route=route_for(who, self.given.alert, ROUTES))
        return self

    def at(self, minute: float) -> Reason:
        self.given = replace(self.given, told=tuple(self.told))
        decision = decide(self.given, TIMING, at(minute))
        if decision.tell:
            self.told.append(occasion(self.given, decision))
        return decision.reason


def test_an_urgent_alert_is_told_once_after_a_moment_for_company() -> None:
    ear = Ear(alert(severity=S.S2))
    assert [ear.at(0), ear.at(0.1), ear.at(1), ear.at(2)] == [
        Reason.GROUPING,
        Reason.FIRST,
        Reason.ALREADY_TOLD,
        Reason.ALREADY_TOLD,
    ]


def test_danger_waits_for_nobody_not_even_at_night() -> None:
    night = 12 * 60  # midnight in Shangzhou
    assert Ear(alert(severity=S.S1, minute=night)).at(night) is Reason.FIRST
    ear = Ear(alert(severity=S.S2, minute=night))
    assert ear.at(night + 1) is Reason.QUIET_HOURS
    assert ear.at(night + 7.5 * 60) is Reason.FIRST  # 07:30


def test_the_next_visits_faults_come_as_one_list_at_eight() -> None:
    ear = Ear(alert(severity=S.S3))
    assert ear.at(5) is Reason.DAILY_LIST
    assert ear.at(20 * 60 - 1) is Reason.DAILY_LIST
    assert ear.at(20 * 60) is Reason.FIRST


def test_notes_wait_for_mondays_report() -> None:
    ear = Ear(alert(severity=S.S4))
    assert ear.at(6 * 24 * 60) is Reason.WEEKLY_REPORT
    assert ear.at(7 * 24 * 60 - 4 * 60) is Reason.FIRST


def test_a_child_is_explained_by_its_parent() -> None:
    assert Ear(alert(), is_explained=True).at(5) is Reason.CHILD


@pytest.mark.parametrize(
    ("handling", "reason"),
    [
        (Handling("x1", silenced_until=at(60), silence_reason="换线"), Reason.SILENCED),
        (Handling("x1", shelved_until=at(60), shelve_reason="等件"), Reason.SHELVED),
    ],
)
def test_what_people_quieted_is_told_when_it_ends_and_is_still_true(
    handling: Handling, reason: Reason
) -> None:
    ear = Ear(alert(), handling=handling)
    assert ear.at(59) is reason
    assert ear.at(60) is Reason.FIRST


def test_who_acknowledged_spares_the_others() -> None:
    ear = Ear(alert(), handling=Handling("x1", 1, "qian", at(1)))
    assert ear.at(5) is Reason.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("kind", "reason"), [(StopKind.OUTAGE, Reason.OUTAGE), (StopKind.MAINTENANCE, Reason.MAINTENANCE)]
)
def test_a_planned_stop_makes_it_a_note(kind: StopKind, reason: Reason) -> None:
    stop = PlannedStop("s", kind, at(-60), at(60), "线路检修", "desk", at(-90), plant_id="a")
    assert Ear(alert(), stop=stop).at(5) is reason


def test_the_days_most_is_kept_but_danger_always_passes() -> None:
    assert Ear(alert(), sent_today=3).at(5) is Reason.CAPPED
    assert Ear(alert(severity=S.S1), sent_today=30).at(5) is Reason.FIRST


def test_a_fault_that_grows_is_told_again_once() -> None:
    ear = Ear(alert(severity=S.S2))
    assert ear.at(1) is Reason.FIRST
    ear.change(alert=alert(severity=S.S1))
    assert [ear.at(2), ear.at(3)] == [Reason.WORSE, Reason.ALREADY_TOLD]


def test_what_nobody_takes_is_reminded_of_twice_and_no_more() -> None:
    ear = Ear(alert())
    day = 24 * 60
    assert ear.at(1) is Reason.FIRST
    reasons = [ear.at(minute) for minute in range(10, 6 * day, 10)]
    assert reasons.count(Reason.REMINDER) == 2
    assert set(reasons) == {Reason.ALREADY_TOLD, Reason.REMINDER}


def test_the_end_is_told_to_who_heard_of_the_beginning_once() -> None:
    ear = Ear(alert())
    assert ear.at(1) is Reason.FIRST
    ear.change(alert=resolved(alert(), 30))
    assert [ear.at(31), ear.at(32)] == [Reason.RESOLVED, Reason.ALREADY_TOLD]
    never = Ear(resolved(alert(), 30))
    assert never.at(31) is Reason.RESOLVED_BEFORE


def test_an_alert_that_opens_again_is_news_again() -> None:
    ear = Ear(alert())
    assert ear.at(1) is Reason.FIRST
    ear.change(alert=alert(reopened=1, minute=100))
    assert ear.at(101) is Reason.FIRST


def test_the_lead_hears_of_it_when_nobody_acknowledged_in_time() -> None:
    lead = receiver("sun", "lead")
    ear = Ear(alert(), receiver=lead, first_told_at=at(1))
    assert ear.at(30) is Reason.WAITING
    assert ear.at(31) is Reason.UNACKNOWLEDGED
    spared = Ear(alert(), receiver=lead, first_told_at=at(1), handling=Handling("x1", 1, "zhao", at(5)))
    assert spared.at(31) is Reason.ACKNOWLEDGED


def test_no_route_no_channel_and_a_sample_are_said_plainly() -> None:
    assert Ear(alert(), receiver=receiver(role="county")).at(5) is Reason.NO_ROUTE
    assert Ear(alert(), receiver=receiver(target_ids=())).at(5) is Reason.NO_CHANNEL
    assert Ear(alert(severity=S.S1), sample=True).at(5) is Reason.SAMPLE


def test_a_kind_that_is_to_wait_waits() -> None:
    timing = replace(TIMING, delays={"F08": timedelta(minutes=15)})
    ear = Ear(alert(severity=S.S1))
    assert decide(ear.given, timing, at(14)).reason is Reason.DELAYED
    assert decide(ear.given, timing, at(15)).reason is Reason.FIRST


def test_an_alert_is_theirs_by_plant_by_town_or_when_everything_is() -> None:
    district = registry()
    assert is_theirs(receiver(), alert(), district)
    assert is_theirs(receiver(town_ids=frozenset({TOWNS[0]})), alert(), district)
    assert not is_theirs(receiver(town_ids=frozenset({TOWNS[1]})), alert(), district)
    assert is_theirs(receiver(plant_ids=frozenset({"a"})), alert(), district)
    many = alert(plant_id="", plant_ids=("b", "c"))
    assert is_theirs(receiver(plant_ids=frozenset({"c"})), many, district)


def test_windows_are_local_and_a_list_is_never_in_the_past() -> None:
    assert in_daytime(NOON, TIMING)
    assert next_daytime(NOON, TIMING) == NOON
    assert next_list(NOON, TIMING) == at(20 * 60)
    assert next_list(at(20 * 60), TIMING) == at(20 * 60)
    assert next_week(NOON, TIMING) == at(7 * 24 * 60 - 4 * 60)


@settings(max_examples=200, deadline=None)
@given(
    severity=st.sampled_from(list(Severity)),
    minutes=st.lists(st.integers(0, 20_000), max_size=40),
    end=st.one_of(st.none(), st.integers(1, 20_000)),
    acknowledged=st.one_of(st.none(), st.integers(0, 20_000)),
    sent=st.integers(0, 4),
)
def test_however_often_it_is_asked_no_occasion_is_told_twice(
    severity: Severity, minutes: list[int], end: int | None, acknowledged: int | None, sent: int
) -> None:
    ear = Ear(alert(severity=severity), sent_today=sent)
    for minute in sorted(minutes):
        if end is not None and minute >= end:
            ear.change(alert=resolved(alert(severity=severity), end))
        if acknowledged is not None and minute >= acknowledged:
            ear.change(handling=Handling("x1", 1, "qian", at(acknowledged)))
        ear.at(minute)
    keys = [told.key for told in ear.told]
    assert len(keys) == len(set(keys))
    assert sum(told.event is Event.FIRING for told in ear.told) <= 1
    assert all(told.event is not Event.RESOLVED or i > 0 for i, told in enumerate(ear.told))


def test_every_reason_has_words_and_telling_ones_tell() -> None:
    for language in ("zh", "en"):
        texts = Texts(language)
        assert all(f"notify.reason.{reason.value}" in texts for reason in Reason)
        assert all(f"notify.event.{event.value}" in texts for event in Event)
    assert all(Decision(NOON, "x", "y", reason).tell == (reason in TELLING) for reason in Reason)
