"""Plan and attendance make entitlements: every fen of the plan has an owner, and can be redone by hand."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.roster import Member, Roster
from revenue.attendance import Sheet, faults_in_sheet, month_wage
from revenue.distribution import SeriesState, distribute
from revenue.plan import Basis, Weighting
from revenue.refusal import RefusedError
from revenue.rule import LineClass
from tests.revenue.builders import MONTH, PHOTO, line, lines, plan, roster, rule, sheet


def test_every_fen_of_a_plan_has_an_owner() -> None:
    result = distribute(plan(), rule(), roster(), [sheet()])
    assert result.total_fen == plan().available_fen
    assert {one.person_id: one.fen for one in result.entitlements if one.line_id == "1"} == {
        "p1": 160_000,
        "p2": 120_000,
    }
    assert sum(one.fen for one in result.entitlements if one.line_id == "2") == 250_001
    assert result.works_fen == {"3": 150_000}
    assert result.retained_fen == 199_999 + 400_000 - 280_000, "days nobody worked stay with the collective"


def test_a_wage_before_its_attendance_is_refused() -> None:
    with pytest.raises(RefusedError, match="no pay before work"):
        distribute(plan(), rule(), roster(), [])
    assert distribute(plan(), rule(attendance_before_pay=False), roster(), []).total_fen == 1_000_000


def test_more_days_than_money_are_refused() -> None:
    with pytest.raises(RefusedError, match=r"80\.00 yuan short"):
        distribute(plan(), rule(), roster(), [sheet({"p1": 31, "p2": 20})])


def test_whose_account_is_paid_is_a_thing_of_its_own() -> None:
    base = roster()
    members = (replace(base.members[0], payee_id="p9"), *base.members[1:])
    result = distribute(plan(), rule(), replace(base, members=members), [sheet()])
    first = result.entitlements[0]
    assert (first.person_id, first.payee_id, first.household_id) == ("p1", "p9", "h1")


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=7),
    st.lists(st.integers(1, 400), min_size=1, max_size=24),
)
@settings(max_examples=60)
def test_the_running_total_of_a_series_keeps_everyone_within_a_fen(
    points: list[int], totals: list[int]
) -> None:
    people = Roster(
        "r", "v", MONTH, tuple(Member(f"p{n}", f"h{n}", "", value) for n, value in enumerate(points))
    )
    series: tuple[SeriesState, ...] = ()
    got = dict.fromkeys((f"p{n}" for n in range(len(points))), 0)
    for total in totals:
        aid = line("1", LineClass.AID, total, Basis.WEIGHTS, weighting=Weighting.POINTS)
        result = distribute(plan(net_fen=total, lines=(aid,)), rule(), people, [], series)
        series = result.series
        for one in result.entitlements:
            assert abs(one.carried_out_fen) < 2
            got[one.person_id] += one.fen
        assert sum(one.fen for one in result.entitlements) == total
    so_far, whole = sum(totals), sum(points)
    assert all(abs(got[f"p{n}"] - Fraction(so_far * w, whole)) < 2 for n, w in enumerate(points))


def test_the_same_household_does_not_get_the_odd_fen_every_time() -> None:
    people = roster(3)
    aid = line("1", LineClass.AID, 100, Basis.WEIGHTS, weights={"p1": 1, "p2": 1, "p3": 1})
    series: tuple[SeriesState, ...] = ()
    lucky = []
    for _ in range(3):
        result = distribute(plan(net_fen=100, lines=(aid,)), rule(), people, [], series)
        series = result.series
        lucky.append(next(one.person_id for one in result.entitlements if one.fen == 34))
    assert sorted(lucky) == ["p1", "p2", "p3"]


def test_days_attended_are_weights_and_who_attended_none_gets_nothing() -> None:
    aid = line("2", LineClass.LABOUR, 1_700, Basis.WEIGHTS, weighting=Weighting.DAYS)
    found = distribute(plan(net_fen=1_700, lines=(aid,)), rule(), roster(), [sheet({"p3": 16, "p4": 1}, "2")])
    assert {one.person_id: one.fen for one in found.entitlements} == {"p3": 1_600, "p4": 100}


def test_a_changed_weight_starts_a_new_series_and_carries_nothing() -> None:
    aid = line("1", LineClass.AID, 100, Basis.WEIGHTS, weights={"p1": 1, "p2": 1, "p3": 1})
    first = distribute(plan(net_fen=100, lines=(aid,)), rule(), roster(3), [])
    other = replace(aid, weights={"p1": 1, "p2": 1, "p3": 2})
    second = distribute(plan(net_fen=100, lines=(other,)), rule(), roster(3), [], first.series)
    assert [one.before_total_fen for one in second.entitlements] == [0, 0, 0]


def test_a_month_with_a_vacant_post_costs_only_the_days_held() -> None:
    wage = line("1", LineClass.POSTS, 60_000, Basis.MONTHLY_WAGE, rate_fen=60_000)
    held = sheet({"p1": 10})
    result = distribute(plan(net_fen=60_000, lines=(wage,)), rule(), roster(), [held])
    assert [one.fen for one in result.entitlements] == [19_355]
    assert result.retained_fen == 60_000 - 19_355


@given(st.integers(0, 10**7), st.lists(st.integers(0, 10), max_size=3))
def test_a_months_wage_is_never_more_than_itself(fen: int, days: list[int]) -> None:
    from domain.money import Money

    shares = month_wage(Money(fen), {f"p{n}": count for n, count in enumerate(days)}, 30)
    assert sum(share.fen for share in shares.values()) <= fen
    assert (sum(share.fen for share in shares.values()) == fen) or sum(days) < 30


@pytest.mark.parametrize(
    ("given_sheet", "key"),
    [
        (sheet({"p1": 32}), "sheet_days"),
        (sheet({"p1": -1}), "sheet_days"),
        (sheet({"px": 3}), "sheet_stranger"),
        (sheet({"p3": 12}), "sheet_overlap"),
        (sheet(line_id="4"), "sheet_line"),
        (sheet(month=date(2026, 6, 1)), "sheet_month"),
        (replace(sheet(), photo=""), "sheet_photo"),
        (replace(sheet(), signed_on=date(2026, 6, 30)), "sheet_signed"),
        (replace(sheet(), signed_on=date(2027, 1, 1)), "sheet_signed"),
    ],
)
def test_a_sheet_that_cannot_be_is_refused(given_sheet: Sheet, key: str) -> None:
    other = line("5", LineClass.LABOUR, 0, Basis.DAY_RATE, rate_fen=1)
    given_plan = plan(lines=(*lines(), other))
    found = faults_in_sheet(
        given_sheet,
        given_plan,
        roster(),
        [sheet({"p3": 20}, "5")],
        date(2026, 8, 31),
    )
    assert [fault.key for fault in found] == [key]


def test_a_sound_sheet_has_no_fault_and_replaces_the_older_one() -> None:
    assert list(faults_in_sheet(sheet(), plan(), roster(), [], date(2026, 8, 31))) == []
    result = distribute(plan(), rule(), roster(), [sheet({"p1": 30}), sheet({"p1": 1})])
    assert result.entitlements[0].fen == 8_000
    assert PHOTO


@given(st.permutations(range(4)), st.integers(1, 10**7))
def test_a_month_comes_out_the_same_whatever_order_its_papers_arrive_in(order: list[int], fen: int) -> None:
    """Invariant 23: replayed in any order, sheets and roster give the same distribution."""
    second = date(2026, 8, 1)
    sheets = [
        sheet({"p1": 20, "p2": 11}),
        sheet({"p1": 3, "p2": 15}, month=second),
        sheet({"p3": 7}, line_id="2"),
        sheet({"p3": 9, "p4": 1}, line_id="2", month=second),
    ]
    days = replace(lines()[1], weighting=Weighting.DAYS, fen=fen)
    wanted = plan(last_month=second, lines=(lines()[0], days))
    members = tuple(reversed(roster().members)) if order[0] % 2 else roster().members
    shuffled = distribute(wanted, rule(), replace(roster(), members=members), [sheets[n] for n in order])
    assert shuffled == distribute(wanted, rule(), roster(), sheets)
    assert sum(one.fen for one in shuffled.entitlements if one.line_id == "2") == fen
