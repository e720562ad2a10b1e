"""A plan is judged under its rule version, by what it plans, its net and the rule alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from revenue.refusal import RefusedError
from revenue.rule import LineClass, ShareBase, judge, rule_named, rule_on
from tests.revenue.builders import rule

FEN = st.integers(0, 10**9)
EIGHTY = rule(min_share_percent=80, counts=frozenset({LineClass.POSTS, LineClass.LABOUR}))


@given(FEN, FEN, FEN, st.integers(1, 10**9))
def test_more_for_posts_never_makes_a_verdict_worse(posts: int, labour: int, more: int, net: int) -> None:
    planned = {LineClass.POSTS: Money(posts), LineClass.LABOUR: Money(labour)}
    richer = {**planned, LineClass.POSTS: Money(posts + more)}
    before = judge(EIGHTY, planned, Money(net), Money(net))
    after = judge(EIGHTY, richer, Money(net), Money(net))
    assert after.short <= before.short
    assert before.ok == ((posts + labour) * 100 >= net * 80)


@given(FEN, st.integers(1, 10**9), st.integers(1, 10**9))
def test_both_bases_are_computed_and_one_counts(posts: int, gross: int, net: int) -> None:
    planned = {LineClass.POSTS: Money(posts)}
    on_gross = judge(
        rule(min_share_percent=60, counts=EIGHTY.counts, base=ShareBase.GROSS),
        planned,
        Money(gross),
        Money(net),
    )
    on_net = judge(rule(min_share_percent=60, counts=EIGHTY.counts), planned, Money(gross), Money(net))
    assert (on_gross.of_gross, on_gross.of_net) == (on_net.of_gross, on_net.of_net)
    assert on_gross.required.fen == -(-gross * 60 // 100)
    assert on_net.required.fen == -(-net * 60 // 100)


def test_a_deficit_requires_nothing() -> None:
    verdict = judge(EIGHTY, {}, Money(100), Money(-5))
    assert (verdict.ok, verdict.of_net) == (True, None)


def test_the_version_of_the_day_is_found_and_an_old_one_stays_known_by_its_id() -> None:
    old, new = rule(rule_id="old"), rule(rule_id="new", valid_from=date(2025, 1, 1))
    assert rule_on([new, old], date(2024, 12, 31)) is old
    assert rule_on([new, old], date(2025, 1, 1)) is new
    assert rule_named([new, old], "old") is old
    with pytest.raises(RefusedError, match="is in force on 2020-12-31"):
        rule_on([new, old], date(2020, 12, 31))
    with pytest.raises(RefusedError, match="put it back"):
        rule_named([new], "old")
