"""One entitlement, several attempts, never twice; a reply is taken once and only for its own batch."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.distribution import Entitlement
from revenue.payment import (
    Attempt,
    Batch,
    PaymentState,
    ReplyLine,
    answered,
    digest_of,
    faults_in_reply,
    lines_for,
    standings,
)
from revenue.refusal import RefusedError

DAY = date(2026, 9, 1)


def owed(count: int) -> list[Entitlement]:
    return [
        Entitlement(f"e{n}", "1", f"p{n}", f"h{n}", f"p{n}", 100 * n, 1, 1, 100 * n)
        for n in range(1, count + 1)
    ]


ACCOUNTS = {f"p{n}": f"a{n}" for n in range(1, 9)}


def batch_of(entitlements: list[Entitlement], attempts: list[Attempt], name: str = "b1") -> Batch:
    lines, _ = lines_for(standings(entitlements, attempts), ACCOUNTS, {})
    return Batch(name, "plan", 1, "accountant", DAY, tuple(lines), "d")


def sent(batch: Batch) -> list[Attempt]:
    return [Attempt(batch.batch_id, line) for line in batch.lines]


def reply(batch: Batch, returned: frozenset[int] = frozenset()) -> list[ReplyLine]:
    return [
        ReplyLine(one.number, one.fen, one.number not in returned, DAY, "户名不符" * (one.number in returned))
        for one in batch.lines
    ]


def test_what_came_back_is_paid_again_and_what_arrived_is_not() -> None:
    people = owed(3)
    first = batch_of(people, [])
    attempts = answered(first, reply(first, frozenset({2})), sent(first))
    assert [one.state for one in attempts] == [PaymentState.PAID, PaymentState.RETURNED, PaymentState.PAID]
    second = batch_of(people, attempts, "b2")
    assert [(one.entitlement_id, one.fen, one.attempt) for one in second.lines] == [("e2", 200, 2)]
    attempts = answered(second, reply(second), [*attempts, *sent(second)])
    assert batch_of(people, attempts, "b3").lines == ()


def test_what_is_under_way_is_not_sent_again() -> None:
    people = owed(2)
    assert batch_of(people, sent(batch_of(people, [])), "b2").lines == ()


def test_who_has_no_account_waits_and_is_named() -> None:
    lines, waiting = lines_for(standings(owed(9), []), ACCOUNTS, {})
    assert (len(lines), waiting) == (8, ["p9"])


@given(st.lists(st.sets(st.integers(1, 5)), max_size=6))
def test_nobody_gets_more_than_is_owed_whatever_comes_back(rounds: list[set[int]]) -> None:
    people = owed(5)
    attempts: list[Attempt] = []
    for number, returned in enumerate(rounds):
        batch = batch_of(people, attempts, f"b{number}")
        if batch.lines:
            attempts = answered(batch, reply(batch, frozenset(returned)), [*attempts, *sent(batch)])
        for stands in standings(people, attempts).values():
            assert stands.paid_fen + stands.open_fen + stands.sent_fen == stands.entitlement.fen
            assert 0 <= stands.paid_fen <= stands.entitlement.fen


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"number": 7}, "reply_line"),
        ({"fen": 101}, "reply_amount"),
        ({"number": 2, "fen": 200}, "reply_line_twice"),
        ({"account_tail": "9999"}, "reply_account"),
        ({"paid": False, "reason": ""}, "reply_reason"),
    ],
)
def test_a_reply_for_another_batch_is_refused_with_its_row(changed: dict[str, object], key: str) -> None:
    batch = batch_of(owed(2), [])
    lines = [replace(one, row=place) for place, one in enumerate(reply(batch), 2)]
    lines[0] = replace(lines[0], **changed)  # type: ignore[arg-type]
    found = list(faults_in_reply(batch, lines, sent(batch), {"a1": "1111"}))
    assert [fault.key for fault in found][:1] == [key]
    assert found[0].row in {2, 3}


def test_the_same_reply_twice_is_refused_and_changes_nothing() -> None:
    batch = batch_of(owed(2), [])
    once = answered(batch, reply(batch), sent(batch))
    with pytest.raises(RefusedError, match="has its result already"):
        answered(batch, reply(batch), once)


def test_an_empty_reply_says_nothing() -> None:
    batch = batch_of(owed(1), [])
    with pytest.raises(RefusedError, match="no line"):
        answered(batch, [], sent(batch))


def test_the_digest_covers_order_account_and_amount() -> None:
    lines = batch_of(owed(2), []).lines
    digest = digest_of(lines, {"a1": "62", "a2": "63"})
    assert digest != digest_of(lines, {"a1": "62", "a2": "64"})
    assert digest != digest_of((replace(lines[0], fen=1), lines[1]), {"a1": "62", "a2": "63"})
    assert digest == digest_of(lines, {"a2": "63", "a1": "62"})
