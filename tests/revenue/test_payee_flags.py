"""Red flags about payees: each fires on its story and stays silent on the one beside it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from domain.roster import Member, MemberState, Roster
from revenue.approval import Step
from revenue.distribution import Distribution, Entitlement
from revenue.dossier import Act, Batched, Deed, Distributed, Dossier, Drafted, Replied, SheetKept, folded
from revenue.payee_flags import (
    paid_after_leaving,
    quick_acts,
    reused_photos,
    several_posts,
    several_villages,
    shared_cards,
    step_pairs,
    watched,
)
from revenue.payment import Batch, PaymentLine, PaymentState, ReplyLine
from revenue.red_flags import FlagKind
from tests.revenue.builders import MONTH, plan, roster, sheet, taken

NOON = datetime(2026, 8, 1, 4, tzinfo=UTC)


def dossier(*deeds: tuple[str, Deed, int], plan_id: str = "v/2026-07", village: str = "v") -> Dossier:
    """A dossier of acts: who, what, minutes after the first."""
    made = plan(plan_id=plan_id, village_id=village)
    every: list[tuple[str, Deed, int]] = [("maker", Drafted(made), 0), *deeds]
    acts = [
        Act(plan_id, village, place, deed, by, NOON + timedelta(minutes=minutes))
        for place, (by, deed, minutes) in enumerate(every, 1)
    ]
    found = folded(acts)
    assert found is not None
    return found


def test_one_card_for_several_persons_is_told_and_one_each_is_not() -> None:
    [flag] = shared_cards({"p1": "x", "p2": "x", "p3": "y", "p4": "", "p5": ""})
    assert (flag.kind, flag.subject, flag.detail) == (FlagKind.SHARED_CARD, "p1 p2", "2")


def test_one_person_on_two_rosters_is_told_but_not_who_left_the_other() -> None:
    here, there = roster(3, "v1"), roster(1, "v2")
    assert [(f.subject, f.detail) for f in several_villages([here, there])] == [("p1", "v1, v2")]
    left = replace(there, members=(replace(there.members[0], state=MemberState.LEFT),))
    assert several_villages([here, left]) == []


def test_two_posts_in_one_month_are_told_and_two_months_are_not() -> None:
    both = dossier(
        ("maker", SheetKept(sheet({"p1": 10, "p2": 5})), 1),
        ("maker", SheetKept(sheet({"p1": 5}, line_id="2")), 2),
    )
    assert [(f.kind, f.subject) for f in several_posts([both])] == [(FlagKind.SEVERAL_POSTS, "p1 2026-07")]
    apart = dossier(
        ("maker", SheetKept(sheet({"p1": 10})), 1),
        ("maker", SheetKept(sheet({"p1": 5}, line_id="2", month=date(2026, 8, 1))), 2),
        ("maker", SheetKept(sheet({"p1": 0}, line_id="3")), 3),
    )
    assert several_posts([apart]) == []
    other = dossier(("maker", SheetKept(sheet({"p1": 3})), 1), plan_id="w/2026-07", village="w")
    assert [f.detail for f in several_posts([apart, other])] == ["v/2026-07/1, w/2026-07/1"]


def test_a_payee_on_the_list_is_told() -> None:
    assert [(f.kind, f.subject) for f in watched(["p2", "p1"], {"p1", "p9"})] == [
        (FlagKind.ON_THE_LIST, "p1")
    ]


def _paid(payee: str = "p1", state: PaymentState = PaymentState.PAID, on: date = date(2026, 9, 1)) -> Dossier:
    owed = Entitlement("e1", "1", "p1", "h1", "p1", 100, 1, 1, 100)
    lines = (PaymentLine(1, "e1", payee, "a", 100, 1),)
    batch = Batch("b1", "v/2026-07", 1, "maker", on, lines, "d")
    return dossier(
        ("maker", Distributed(Distribution("v/2026-07", (owed,), {}, 0)), 1),
        ("maker", Batched(batch), 2),
        ("maker", Replied("b1", "d", (ReplyLine(1, 100, state is PaymentState.PAID, on, "账户不符"),)), 3),
    )


def _rosters(state: MemberState, since: date = date(2026, 8, 15)) -> list[Roster]:
    before = roster(1)
    after = replace(before, roster_id="v-2", valid_from=since, members=(Member("p1", "h1", state=state),))
    return [before, after]


def test_paid_after_death_is_told_paid_before_it_or_to_the_heir_is_not() -> None:
    dead = _rosters(MemberState.DIED)
    [flag] = paid_after_leaving(_paid(), dead)
    assert (flag.kind, flag.detail) == (FlagKind.PAID_AFTER_LEAVING, "2026-08-15 < 2026-09-01")
    assert paid_after_leaving(_paid(), _rosters(MemberState.LEFT)) != []
    assert paid_after_leaving(_paid(), _rosters(MemberState.ACTIVE)) == []
    assert paid_after_leaving(_paid(), _rosters(MemberState.DIED, date(2026, 9, 2))) == []
    assert paid_after_leaving(_paid(payee="heir"), dead) == []
    assert paid_after_leaving(_paid(state=PaymentState.RETURNED), dead) == []
    assert paid_after_leaving(_paid(), []) == [], "no roster, nothing to say"
    again = replace(dead[0], roster_id="v-3", valid_from=date(2026, 8, 20))
    assert paid_after_leaving(_paid(), [again, *dead]) == []


def test_always_the_same_two_persons_on_a_villages_plans_are_told() -> None:
    every = [
        dossier(("checker", taken(Step.PROPOSED, by="checker"), 60), plan_id=f"v/{n}") for n in range(12)
    ]
    assert [(f.kind, f.subject, f.detail) for f in step_pairs(every)] == [
        (FlagKind.SAME_PAIR, "v maker checker", "12")
    ]
    assert step_pairs(every[:11]) == []
    other = dossier(("someone", taken(Step.PROPOSED, by="someone"), 60), plan_id="v/x")
    assert step_pairs([*every, other]) == []
    own = dossier(("maker", taken(Step.PROPOSED, by="maker"), 60), plan_id="v/y")
    assert len(step_pairs([*every, own])) == 1


def test_a_step_of_a_second_person_within_minutes_is_told() -> None:
    quick = dossier(("checker", taken(Step.PROPOSED, by="checker"), 4))
    assert [(f.kind, f.subject, f.detail) for f in quick_acts(quick.acts)] == [
        (FlagKind.QUICK_STEPS, "v/2026-07 proposed", "240")
    ]
    assert quick_acts(dossier(("checker", taken(Step.PROPOSED), 5)).acts) == []
    assert quick_acts(dossier(("maker", taken(Step.PROPOSED), 1)).acts) == []


def test_one_picture_for_two_things_is_told_and_the_same_thing_again_is_not() -> None:
    same = dossier(
        ("maker", SheetKept(sheet()), 1),
        ("maker", SheetKept(sheet({"p1": 3})), 2),
        ("maker", SheetKept(sheet(line_id="2")), 3),
    )
    [flag] = reused_photos([same])
    assert flag.detail == "v/2026-07 1 2026-07, v/2026-07 2 2026-07"
    step = dossier(
        ("maker", SheetKept(sheet()), 1), ("maker", taken(Step.PROPOSED, on=MONTH), 9), plan_id="w/2026-07"
    )
    assert len(reused_photos([step])) == 1
    assert reused_photos([dossier(("maker", SheetKept(sheet()), 1))]) == []
