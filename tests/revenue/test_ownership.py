"""Shares of joint plants: they add up, they follow villages that merge, and a split waits for a new act."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigurationError
from domain.plant import Capacity, Connection, Ownership, Plant, Registry, Town, Village
from revenue.ownership import (
    ShareFaultKind,
    after_split,
    divide_kw,
    faults_in,
    holdings_on,
    shares_on,
    successor_on,
    total_kw,
    watts,
)

FIRST, MERGED, LATER = date(2018, 6, 1), date(2020, 1, 1), date(2022, 1, 1)


def village(
    village_id: str, ended: date | None = None, *successors: str, begins: date = date(2000, 1, 1)
) -> Village:
    return Village(village_id, village_id, village_id, "t", begins, ended, successors)


def by_id(*villages: Village) -> dict[str, Village]:
    return {one.village_id: one for one in villages}


def plant(*acts: Ownership, plant_id: str = "p", ac_kw: float = 100) -> Plant:
    return Plant(
        plant_id,
        plant_id,
        plant_id,
        "t",
        33.8,
        109.9,
        700,
        Connection.LIVE,
        date(2017, 6, 30),
        (Capacity(date(2017, 6, 30), ac_kw * 1.1, ac_kw),),
        30,
        180,
        ownership=acts,
    )


def act(day: date, **shares_kw: float) -> Ownership:
    return Ownership(day, f"act of {day}", shares_kw)


def kinds(
    acts: list[Ownership], capacities: list[Capacity], villages: Mapping[str, Village]
) -> list[ShareFaultKind]:
    return [fault.kind for fault in faults_in(acts, capacities, villages)]


CAPACITY = [Capacity(date(2017, 6, 30), 110, 100)]
ALIVE = by_id(village("a"), village("b"))


def test_shares_that_add_up_are_sound() -> None:
    assert faults_in([act(FIRST, a=60, b=40)], CAPACITY, ALIVE) == []


def test_tenths_of_a_kilowatt_add_up_exactly() -> None:
    shares = {f"v{n}": 0.1 for n in range(10)}
    capacity = [Capacity(FIRST, 1.1, 1.0)]
    assert kinds([Ownership(FIRST, "x", shares)], capacity, by_id(*map(village, shares))) == []
    assert total_kw(shares) == 1.0


def test_a_sum_that_is_off_names_both_numbers_and_the_day() -> None:
    (fault,) = faults_in([act(FIRST, a=60, b=41)], CAPACITY, ALIVE)
    assert (fault.kind, fault.found_kw, fault.expected_kw, fault.day) == (ShareFaultKind.SUM, 101, 100, FIRST)


def test_a_change_of_capacity_needs_an_act_of_that_day() -> None:
    capacities = [*CAPACITY, Capacity(LATER, 165, 150)]
    assert [f.day for f in faults_in([act(FIRST, a=60, b=40)], capacities, ALIVE)] == [LATER]
    assert faults_in([act(FIRST, a=60, b=40), act(LATER, a=100, b=50)], capacities, ALIVE) == []


def test_an_act_before_the_first_capacity_is_held_against_it() -> None:
    assert kinds([act(date(2015, 1, 1), a=60, b=40)], CAPACITY, ALIVE) == []


def test_unknown_unborn_and_former_villages_cannot_be_given_shares() -> None:
    villages = by_id(village("a", MERGED, "b"), village("b"), village("c", begins=LATER))
    assert kinds([act(LATER, a=100)], CAPACITY, villages) == [ShareFaultKind.ENDED]
    gone = by_id(village("a", MERGED))  # ended before the act and nobody follows: one fault, not two
    assert kinds([act(LATER, a=100)], CAPACITY, gone) == [ShareFaultKind.ENDED]
    assert kinds([act(FIRST, c=100)], CAPACITY, villages) == [ShareFaultKind.NOT_YET]
    assert kinds([act(FIRST, x=100)], CAPACITY, villages) == [ShareFaultKind.UNKNOWN_VILLAGE]


def test_zero_and_negative_shares_and_two_acts_of_a_day_are_faults() -> None:
    assert ShareFaultKind.NOT_POSITIVE in kinds([act(FIRST, a=100, b=0)], CAPACITY, ALIVE)
    assert ShareFaultKind.NOT_POSITIVE in kinds([act(FIRST, a=110, b=-10)], CAPACITY, ALIVE)
    assert kinds([act(FIRST, a=100), act(FIRST, b=100)], CAPACITY, ALIVE) == [ShareFaultKind.SAME_DAY]


def test_a_merged_village_passes_its_share_to_its_successor_from_that_day_on() -> None:
    villages = by_id(village("a", MERGED, "b"), village("b"))
    joint = plant(act(FIRST, a=60, b=40))
    assert shares_on(joint, MERGED - timedelta(days=1), villages) == {"a": 60, "b": 40}
    assert shares_on(joint, MERGED, villages) == {"b": 100}
    assert faults_in(joint.ownership, joint.capacities, villages) == []


def test_a_chain_of_renamings_is_followed_to_its_end() -> None:
    villages = by_id(village("a", MERGED, "b"), village("b", LATER, "c"), village("c"))
    assert [successor_on("a", day, villages) for day in (FIRST, MERGED, LATER)] == ["a", "b", "c"]


def test_a_split_village_stops_the_division_until_a_new_act_says_who_gets_what() -> None:
    villages = by_id(village("a", MERGED, "b", "c"), village("b"), village("c"))
    old = act(FIRST, a=100)
    with pytest.raises(ConfigurationError, match="a: ended on 2020-01-01 with successors b, c"):
        shares_on(plant(old), LATER, villages)
    assert kinds([old], CAPACITY, villages) == [ShareFaultKind.NEEDS_ACT]
    new = Ownership(MERGED, "act", after_split(old.shares_kw, "a", {"b": 2, "c": 1}))
    assert new.shares_kw == {"b": 66.667, "c": 33.333}
    assert faults_in([old, new], CAPACITY, villages) == []
    assert shares_on(plant(old, new), LATER, villages) == {"b": 66.667, "c": 33.333}


def test_a_split_behind_a_merger_is_found_too() -> None:
    villages = by_id(village("a", MERGED, "b"), village("b", LATER, "c", "d"), village("c"), village("d"))
    (fault,) = faults_in([act(FIRST, a=100)], CAPACITY, villages)
    assert (fault.kind, fault.day) == (ShareFaultKind.NEEDS_ACT, LATER)


def test_without_an_act_nothing_is_divided() -> None:
    with pytest.raises(ConfigurationError, match="no act of ownership"):
        shares_on(plant(act(LATER, a=100)), FIRST, ALIVE)


def test_succession_in_a_circle_ends_in_an_error_not_in_a_loop() -> None:
    villages = by_id(village("a", MERGED, "b"), village("b", MERGED, "a"))
    with pytest.raises(ConfigurationError):
        successor_on("a", LATER, villages)
    assert ShareFaultKind.NEEDS_ACT in kinds([act(FIRST, a=100)], CAPACITY, villages)


def test_holdings_of_a_village_over_all_plants() -> None:
    villages = (village("a", MERGED, "b"), village("b"))
    plants = (plant(act(FIRST, a=60, b=40)), plant(act(FIRST, a=100), plant_id="q"), plant(plant_id="r"))
    registry = Registry("d", (Town("t", "t", "t", 33, 109),), villages, plants)
    assert holdings_on(registry, "b", FIRST) == {"p": 40}
    assert holdings_on(registry, "b", LATER) == {"p": 100, "q": 100}
    assert holdings_on(registry, "a", LATER) == {}


def test_what_cannot_be_divided_is_refused() -> None:
    for weights in ({"a": 0}, {"a": -1, "b": 2}, {"a": 0, "b": 0}):
        with pytest.raises(ConfigurationError):
            divide_kw(10, weights)
    with pytest.raises(ConfigurationError):
        after_split({"a": 10}, "x", {"b": 1})


IDS = st.sampled_from([f"v{n:02d}" for n in range(12)])
KW = st.integers(1, 5_000_000).map(lambda value: value / 1000)
SHARES = st.dictionaries(IDS, KW, min_size=1)
WEIGHTS = st.dictionaries(IDS, st.integers(0, 1000), min_size=1).filter(lambda w: sum(w.values()) > 0)


@given(KW, WEIGHTS)
def test_a_division_adds_up_to_the_watt_and_nobody_is_off_by_more_than_one(
    kw: float, weights: dict[str, int]
) -> None:
    parts = divide_kw(kw, weights)
    assert sum(watts(part) for part in parts.values()) == watts(kw)
    for key, part in parts.items():
        assert abs(watts(part) - watts(kw) * weights[key] / sum(weights.values())) < 1
        assert weights[key] > 0 or part == 0


@given(KW, WEIGHTS)
def test_the_order_of_villages_does_not_change_a_division(kw: float, weights: dict[str, int]) -> None:
    backwards = dict(reversed(list(weights.items())))
    assert divide_kw(kw, weights) == divide_kw(kw, backwards)


@given(SHARES, st.data())
def test_succession_neither_makes_nor_loses_a_watt(shares: dict[str, float], data: st.DataObject) -> None:
    ids = sorted(f"v{n:02d}" for n in range(12))
    villages = {}
    for index, village_id in enumerate(ids):
        followers = ids[index + 1 :]
        ends = bool(followers) and data.draw(st.booleans())
        follower = data.draw(st.sampled_from(followers)) if ends else ""
        villages[village_id] = village(village_id, MERGED, follower) if ends else village(village_id)
    joint = plant(Ownership(FIRST, "act", shares))
    for day in (FIRST, LATER):
        held = shares_on(joint, day, villages)
        assert sum(map(watts, held.values())) == sum(map(watts, shares.values()))
        assert all(villages[holder].valid_to is None or day < MERGED for holder in held)


@given(SHARES, WEIGHTS)
def test_a_split_keeps_everybody_else_and_the_sum(shares: dict[str, float], weights: dict[str, int]) -> None:
    gone = min(shares)
    new = after_split(shares, gone, weights)
    assert sum(map(watts, new.values())) == sum(map(watts, shares.values()))
    assert all(new[key] == kw for key, kw in shares.items() if key != gone and key not in weights)
    assert all(kw > 0 for kw in new.values())


@given(SHARES, st.integers(-3, 3))
def test_a_table_is_sound_exactly_when_it_adds_up(shares: dict[str, float], off_w: int) -> None:
    total_w = sum(map(watts, shares.values()))
    capacity = [Capacity(FIRST, 1, (total_w + off_w) / 1000)]
    villages = by_id(*map(village, shares))
    assert (faults_in([Ownership(FIRST, "act", shares)], capacity, villages) == []) == (off_w == 0)
