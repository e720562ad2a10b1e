"""What people may do about an alert, what each act needs, and what a planned stop covers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.handling import HandlingRefusedError, after, covering_stop, fold
from domain.handling import AlertAct, AlertActKind, Handling, PlannedStop, StopKind
from tests.access.people import registry
from tests.alerts.makers import alert, at
from texts.loader import Texts

K = AlertActKind


def act(kind: K, number: int = 1, by: str = "zhao", **more: object) -> AlertAct:
    made = AlertAct("x1", number, at(0), by, kind)
    return replace(made, **more)  # type: ignore[arg-type]


def test_the_second_to_acknowledge_is_told_who_was_first() -> None:
    first = after(Handling("x1"), act(K.ACKNOWLEDGE))
    assert (first.acknowledged_by, first.owner) == ("zhao", "zhao")
    with pytest.raises(HandlingRefusedError) as refusal:
        after(first, act(K.ACKNOWLEDGE, 2, "qian"))
    assert "zhao" in refusal.value.words(Texts("zh"))
    with pytest.raises(HandlingRefusedError, match="zhao"):
        after(first, act(K.ACKNOWLEDGE, 1, "qian"))  # he looked at the page of before


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        (K.SILENCE, {"reason": "换线"}, "end"),
        (K.SILENCE, {"until": at(60)}, "reason"),
        (K.SILENCE, {"reason": "换线", "until": at(0)}, "past"),
        (K.SILENCE, {"reason": "换线", "until": at(31 * 24 * 60)}, "30 days"),
        (K.SHELVE, {"reason": "等件", "until": at(8 * 24 * 60)}, "7 days"),
        (K.HAND_OVER, {}, "whom"),
        (K.REOPEN, {}, "reason"),
        (K.NOTE, {"reason": " "}, "reason"),
    ],
)
def test_each_act_says_what_it_lacks(kind: K, more: dict[str, object], words: str) -> None:
    with pytest.raises(HandlingRefusedError, match=words):
        after(Handling("x1"), replace(act(kind), **more))  # type: ignore[arg-type]


def test_a_shelf_ends_by_itself_and_can_be_ended_early() -> None:
    shelved = fold("x1", [act(K.SHELVE, reason="等件", until=at(7 * 24 * 60))])
    assert shelved.is_shelved(at(60))
    assert not shelved.is_shelved(at(7 * 24 * 60))
    assert not after(shelved, act(K.RELEASE, 2)).is_shelved(at(60))


def test_handing_over_and_reopening_change_who_answers() -> None:
    handled = fold(
        "x1", [act(K.ACKNOWLEDGE), act(K.HAND_OVER, 2, to="qian"), act(K.REOPEN, 3, reason="又停了")]
    )
    assert (handled.owner, handled.acknowledged_by, handled.reopened) == ("qian", "", 1)


def stop(**changes: object) -> PlannedStop:
    made = PlannedStop("s", StopKind.MAINTENANCE, at(-60), at(60), "清洗", "desk", at(-90), plant_id="a")
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("story", "one", "covers"),
    [
        ("a tag on the plant covers its inverters", stop(), True),
        ("a tag on another inverter does not", stop(device_id="a-i2"), False),
        ("a tag on this inverter does", stop(device_id="a-i1"), True),
        ("a tag that ended before the fault does not", stop(end=at(-20)), False),
        ("a tag taken off early does not", stop(ended_at=at(-20)), False),
        ("a fault that was there before and fired under the tag is covered", stop(start=at(-5)), True),
        ("a tag of another plant does not", stop(plant_id="b"), False),
    ],
)
def test_what_a_tag_covers(story: str, one: PlannedStop, covers: bool) -> None:
    assert (covering_stop(alert(), [one], registry()) is not None) == covers, story


def test_an_announced_outage_covers_the_plants_of_its_feeder_and_the_feeders_own_alert() -> None:
    district = registry()
    on_line = tuple(
        replace(p, feeder="10kV甲线" if p.plant_id != "c" else "10kV乙线") for p in district.plants
    )
    district = replace(district, plants=on_line)
    outage = stop(kind=StopKind.OUTAGE, plant_id="", feeder="10kV甲线")
    assert covering_stop(alert(), [outage], district) == outage
    assert covering_stop(alert(plant_id="c", device_id=""), [outage], district) is None
    feeder = alert(plant_id="", device_id="", plant_ids=("a", "b"), subject="10kV甲线")
    assert covering_stop(feeder, [outage], district) == outage
    partly = alert(plant_id="", device_id="", plant_ids=("a", "c"), subject="x")
    assert covering_stop(partly, [outage], district) is None


def test_a_tag_hung_on_a_standing_fault_quiets_it_while_it_hangs() -> None:
    late = stop(start=at(30))
    assert covering_stop(alert(), [late], registry()) is None
    assert covering_stop(alert(), [late], registry(), at(31)) == late
    assert covering_stop(alert(), [late], registry(), at(61)) is None


def test_a_stop_holds_from_its_start_to_its_end() -> None:
    assert stop().holds(at(-60))
    assert not stop().holds(at(60))
    assert not stop().holds(at(-60) - timedelta(seconds=1))
