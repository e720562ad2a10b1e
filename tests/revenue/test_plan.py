"""A plan gives every fen a use, spends only what is there, and only on what the rule allows."""

from dataclasses import replace
from typing import Any

import pytest

from domain.money import Money
from domain.roster import MemberState
from revenue.plan import Basis, Plan, PlanLine, Weighting, faults_of
from revenue.refusal import Refusal
from revenue.rule import LineClass
from tests.revenue.builders import line, lines, plan, roster, rule

CASH = 10**9


def keys(given: Plan, **of_rule: Any) -> list[str]:
    return [fault.key for fault in faults_of(given, rule(**of_rule), roster(), CASH)]


def with_line(number: int, **changed: Any) -> Plan:
    changed_lines = list(lines())
    changed_lines[number] = replace(changed_lines[number], **changed)
    return plan(lines=tuple(changed_lines))


def test_a_plan_that_uses_every_fen_is_sound() -> None:
    assert keys(plan()) == []


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (with_line(3, fen=200_000), "plan_too_much"),
        (with_line(3, fen=199_998), "plan_rest"),
        (with_line(0, rate_fen=0), "line_rate"),
        (with_line(2, payee=""), "line_payee"),
        (with_line(2, purpose="村集体还债"), "forbidden_use"),
        (with_line(2, purpose="村集体 还 债"), "forbidden_use"),
        (with_line(1, weighting=Weighting.EQUAL), "equal_division"),
        (with_line(1, weights={"stranger": 1}), "not_on_roster"),
        (with_line(3, basis=Basis.PAYEE, payee="x"), "line_basis"),
        (plan(last_month=plan().first_month.replace(month=6)), "months_back"),
        (plan(lines=(*lines()[:3], replace(lines()[3], line_id="1"))), "line_twice"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(given: Plan, key: str) -> None:
    assert keys(given) == [key]


def test_a_class_the_rule_does_not_know_is_refused_but_retaining_is_always_possible() -> None:
    assert keys(plan(), allowed=frozenset({LineClass.POSTS, LineClass.AID})) == ["class_not_allowed"]


def test_a_deficit_leaves_nothing_to_plan() -> None:
    assert plan(net_fen=-5).available_fen == 0
    assert keys(plan(net_fen=-5)) == ["plan_too_much"]
    assert plan(net_fen=-5, carried_fen=100).available_fen == 100


def test_the_least_share_blocks_only_where_it_binds() -> None:
    posts = frozenset({LineClass.POSTS})
    assert keys(plan(), min_share_percent=80, counts=posts) == ["least_share"]
    assert keys(plan(), min_share_percent=80, counts=posts, binding=False) == []
    assert keys(plan(), min_share_percent=40, counts=posts) == []


def test_the_leaver_and_the_dead_are_not_on_the_roster_of_something_new() -> None:
    left = roster()
    members = (replace(left.members[0], state=MemberState.LEFT), *left.members[1:])
    given = with_line(1, weights={"p1": 1, "p2": 1})
    found = faults_of(given, rule(), replace(left, members=members), CASH)
    assert found == [Refusal("not_on_roster", {"line": "2", "count": 1})]


def test_without_a_roster_there_is_nobody_to_pay() -> None:
    assert [fault.key for fault in faults_of(plan(), rule(), None, CASH)] == ["no_roster"]


def test_what_is_spent_must_have_arrived() -> None:
    found = faults_of(plan(), rule(), roster(), 800_000)
    assert found == [Refusal("plan_over_cash", {"spent": Money(800_001), "cash": Money(800_000)})]


def test_a_sum_for_nobody_is_no_use() -> None:
    given = plan(lines=(line("1", LineClass.AID, 1_000_000, Basis.WEIGHTS, weights={"p1": 0}),))
    assert keys(given) == ["nobody_to_split"]


@pytest.mark.parametrize(
    ("basis", "weighting", "by_days"),
    [
        (Basis.DAY_RATE, Weighting.EQUAL, True),
        (Basis.MONTHLY_WAGE, Weighting.EQUAL, True),
        (Basis.WEIGHTS, Weighting.DAYS, True),
        (Basis.WEIGHTS, Weighting.POINTS, False),
        (Basis.PAYEE, Weighting.DAYS, False),
        (Basis.NOBODY, Weighting.DAYS, False),
    ],
)
def test_only_lines_paid_by_attendance_have_a_sheet(
    basis: Basis, weighting: Weighting, by_days: bool
) -> None:
    one = PlanLine("1", LineClass.POSTS, "护林", 100, basis, weighting=weighting)
    assert one.is_by_days is by_days
