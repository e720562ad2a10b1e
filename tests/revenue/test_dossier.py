"""A dossier is what its acts add up to; acts go through plain data and back unchanged."""

import random
from datetime import UTC, date, datetime

import pytest

from domain.errors import MoneyError
from revenue.approval import Objection, Outcome, Step, SteppedBack
from revenue.attendance import newest_sheets
from revenue.distribution import distribute
from revenue.dossier import (
    Act,
    Answered,
    Batched,
    Confirmed,
    Deed,
    Distributed,
    Drafted,
    HeirNamed,
    Lapsed,
    NoticeKept,
    Objected,
    Replied,
    SheetKept,
    after,
    deed_of,
    folded,
)
from revenue.notice import Change, Notice, NoticeKind, rows_of, totals_of
from revenue.payment import Batch, PaymentState, ReplyLine, lines_for, standings
from revenue.record import plain
from tests.revenue.builders import MONTH, plan, roster, rule, sheet, taken

AT = datetime(2026, 9, 1, tzinfo=UTC)
DAY = date(2026, 9, 1)


def deeds() -> list[Deed]:
    """One of each kind, in an order that makes sense."""
    result = distribute(plan(), rule(), roster(), [sheet()])
    lines, _ = lines_for(standings(result.entitlements, []), {f"p{n}": f"a{n}" for n in range(1, 7)}, {})
    batch = Batch("b1", plan().plan_id, 1, "accountant", DAY, tuple(lines), "d")
    reply = ReplyLine(1, lines[0].fen, paid=False, on=DAY, reason="户名不符")
    notice = Notice(
        plan().plan_id, "v", NoticeKind.DECISION, 1, MONTH, MONTH, DAY, DAY, 1, 2, 3,
        totals_of(plan(), result), rows_of(plan(), roster(), result), "f" * 64, 7,
        changes=(Change("a", "1", "2"),),
    )  # fmt: skip
    return [
        Drafted(plan()),
        taken(Step.PROPOSED),
        SteppedBack(Step.DRAFTED, DAY, "township", "漏户"),
        Drafted(plan(version=2)),
        NoticeKept(notice),
        Objected(Objection(1, DAY, "少了", DAY)),
        Answered(1, DAY, Outcome.DISMISSED, "已解释"),
        SheetKept(sheet()),
        Distributed(result),
        Confirmed("p1", "a1"),
        Batched(batch),
        Replied("b1", "hash", (reply,)),
        Lapsed(lines[0].entitlement_id, lines[0].fen, "公证", "township"),
        HeirNamed(lines[0].entitlement_id, "heir", "证明", "township"),
    ]


def acts() -> list[Act]:
    return [Act(plan().plan_id, "v", place, deed, "accountant", AT) for place, deed in enumerate(deeds(), 1)]


def test_every_deed_survives_plain_data() -> None:
    for act in acts():
        assert deed_of(act.content()) == act.deed


def test_the_same_acts_make_the_same_dossier_in_whatever_order_they_arrive() -> None:
    given = acts()
    shuffled = given[:]
    random.Random(1).shuffle(shuffled)
    found = folded(shuffled)
    assert found == folded(given)
    assert found is not None
    assert found.plan.version == 2
    assert found.approval.step is Step.DRAFTED
    assert found.attempts[0].state is PaymentState.RETURNED
    assert found.objections[0].outcome is Outcome.DISMISSED
    assert found.open_fen == sum(one.fen for one in found.entitlements)
    assert list(found.sheets) == newest_sheets([sheet()])


def test_what_lapsed_is_owed_to_nobody_until_an_heir_is_named() -> None:
    given = acts()
    before, lapsed, after = (folded(given[:count]) for count in (-2, -1, len(given)))
    assert before is not None
    assert lapsed is not None
    assert after is not None
    (key, fen), *others = lapsed.lapsed.items()
    assert others == []
    assert lapsed.open_fen == before.open_fen - fen
    stands = lapsed.standings()[key]
    assert (stands.state, stands.open_fen, stands.lapsed_fen) == ("lapsed", 0, fen)
    assert (after.lapsed, after.lapsed_fen, after.open_fen) == ({}, 0, before.open_fen)


def test_a_missing_act_is_noticed() -> None:
    with pytest.raises(MoneyError, match="act 3 is missing"):
        folded([one for one in acts() if one.sequence != 3])
    with pytest.raises(MoneyError, match="first act is missing"):
        folded(acts()[1:])
    assert folded([]) is None


def test_a_reply_to_a_batch_of_another_plan_is_no_act_of_this_one() -> None:
    one = acts()[0]
    dossier = after(None, one)
    with pytest.raises(MoneyError, match="batch it has not"):
        after(dossier, Act(one.plan_id, "v", 2, Replied("bx", "h", ()), "a", AT))


def test_a_float_is_no_plain_data() -> None:
    with pytest.raises(MoneyError, match="exact plain form"):
        plain({"a": 0.1})


def test_an_act_of_a_newer_program_is_not_guessed_at() -> None:
    with pytest.raises(MoneyError, match="newer program"):
        deed_of({"deed": "Dreamt", "of": {}})
