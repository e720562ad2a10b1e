"""Red flags about payees, from auditors' findings: listed, never blocking; each is closed by a person with a reason. Pure.

They name persons by our ids only; who a person is stays in the roster store.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from domain.roster import MemberState, Roster
from revenue.approval import StepTaken
from revenue.attendance import Sheet, newest_sheets
from revenue.dossier import Act, Dossier, SheetKept
from revenue.payment import PaymentState
from revenue.red_flags import PAIR_MIN, QUICK_MAX, Flag, FlagKind, same_photos

LIST = "payee_list"  # the list of officials and relatives, by our ids
_GONE = frozenset({MemberState.DIED, MemberState.LEFT})


def shared_cards(cards: Mapping[str, str]) -> list[Flag]:
    """Return accounts several persons are paid to; given person → card, whatever stands for the card."""
    holders: dict[str, list[str]] = {}
    for person, card in cards.items():
        holders.setdefault(card, []).append(person)
    return [
        Flag(FlagKind.SHARED_CARD, " ".join(sorted(people)), str(len(people)))
        for card, people in sorted(holders.items())
        if card and len(people) > 1
    ]


def several_villages(rosters: Iterable[Roster]) -> list[Flag]:
    """Return persons who may be paid in more than one village at once; given the roster in force of each."""
    places: dict[str, set[str]] = {}
    for roster in rosters:
        for member in roster.active:
            places.setdefault(member.person_id, set()).add(roster.village_id)
    return [
        Flag(FlagKind.SEVERAL_VILLAGES, person, ", ".join(sorted(villages)))
        for person, villages in sorted(places.items())
        if len(villages) > 1
    ]


def several_posts(dossiers: Iterable[Dossier]) -> list[Flag]:
    """Return persons who hold more than one post in a month, by the signed sheets."""
    posts: dict[tuple[str, date], set[str]] = {}
    for dossier in dossiers:
        for sheet in newest_sheets(_sheets(dossier)):
            for person, days in sheet.days.items():
                if days > 0:
                    place = f"{dossier.plan.plan_id}/{sheet.line_id}"
                    posts.setdefault((person, sheet.month), set()).add(place)
    return [
        Flag(FlagKind.SEVERAL_POSTS, f"{person} {month:%Y-%m}", ", ".join(sorted(lines)))
        for (person, month), lines in sorted(posts.items())
        if len(lines) > 1
    ]


def watched(payees: Iterable[str], listed: Collection[str]) -> list[Flag]:
    """Return payees who stand on the list of officials and their relatives."""
    return [Flag(FlagKind.ON_THE_LIST, person) for person in sorted(set(payees) & set(listed))]


def paid_after_leaving(dossier: Dossier, rosters: Sequence[Roster]) -> list[Flag]:
    """Return payments that went to a person after a roster said that the person died or left."""
    owners = {one.entitlement_id: one.person_id for one in dossier.entitlements}
    made_on = {batch.batch_id: batch.made_on for batch in dossier.batches}
    found = []
    for attempt in dossier.attempts:
        person = owners.get(attempt.line.entitlement_id, "")
        on = made_on.get(attempt.batch_id)
        if on is None or attempt.state is PaymentState.RETURNED or attempt.line.payee_id != person:
            continue
        gone = _gone_since(person, rosters, on)
        if gone is not None:
            subject = f"{person} {attempt.batch_id} {attempt.line.number}"
            found.append(Flag(FlagKind.PAID_AFTER_LEAVING, subject, f"{gone} < {on}"))
    return found


def _gone_since(person: str, rosters: Sequence[Roster], on: date) -> date | None:
    """Return since when a person is gone by the roster in force on a day, None when not."""
    known = sorted((one for one in rosters if one.valid_from <= on), key=lambda one: one.valid_from)
    since = None
    for roster in known:
        member = roster.member(person)
        if member is None or member.state not in _GONE:
            since = None
        elif since is None:
            since = roster.valid_from
    return since


def step_pairs(dossiers: Iterable[Dossier], pair_min: int = PAIR_MIN) -> list[Flag]:
    """Return villages whose plans were always made and checked by the same two persons."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for dossier in dossiers:
        maker = dossier.approval.maker
        for act in dossier.acts:
            if isinstance(act.deed, StepTaken) and act.by != maker:
                pairs.setdefault(dossier.plan.village_id, []).append((maker, act.by))
    return [
        Flag(FlagKind.SAME_PAIR, f"{village} {seen[0][0]} {seen[0][1]}", str(len(seen)))
        for village, seen in sorted(pairs.items())
        if len(set(seen)) == 1 and len(seen) >= pair_min
    ]


def quick_acts(acts: Sequence[Act]) -> list[Flag]:
    """Return steps a second person took within minutes of what the first one did."""
    found = []
    before: tuple[str, datetime] | None = None
    for act in acts:
        if isinstance(act.deed, StepTaken) and before is not None and act.by != before[0]:
            passed = act.at - before[1]
            if passed < QUICK_MAX:
                subject = f"{act.plan_id} {act.deed.step.value}"
                found.append(Flag(FlagKind.QUICK_STEPS, subject, str(int(passed.total_seconds()))))
        before = (act.by, act.at)
    return found


def reused_photos(dossiers: Iterable[Dossier]) -> list[Flag]:
    """Return pictures that stand for more than one attendance sheet or step."""
    used: dict[tuple[str, str], None] = {}
    for dossier in dossiers:
        plan_id = dossier.plan.plan_id
        for sheet in _sheets(dossier):
            used[f"{plan_id} {sheet.line_id} {sheet.month:%Y-%m}", sheet.photo] = None
        for act in dossier.acts:
            if isinstance(act.deed, StepTaken):
                used[f"{plan_id} {act.deed.step.value}", act.deed.paper] = None
    return same_photos(used)


def _sheets(dossier: Dossier) -> list[Sheet]:
    return [act.deed.sheet for act in dossier.acts if isinstance(act.deed, SheetKept)]
