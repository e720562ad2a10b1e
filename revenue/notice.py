"""The public notice (公示) as a record: what the sheet on the village board says, and how anyone checks it.

A notice keeps ids, never names: the paper shows names as the village decided, every web page masks them. Its
code is sixteen characters of the ledger's chain head in four groups; the whole hash stands in the QR. So the
sheet on the board is a witness outside: nobody can rewrite the period without contradicting the paper.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.roster import Roster
from revenue.distribution import Distribution
from revenue.plan import Basis, Plan, PlanLine
from revenue.rule import LineClass

CODE_CHARS = 16
SMALL_GROUP = 3  # fewer persons than this in a class of need: no cause is shown


class NoticeKind(StrEnum):
    """Which notice it is."""

    DECISION = "decision"  # 决议公示
    RESULT = "result"  # 发放结果公示
    CORRECTION = "correction"  # 更正公示


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A person's line. ``days`` None where the amount does not come from days."""

    person_id: str
    household_id: str
    group: str
    line_id: str
    purpose: str
    fen: int
    days: int | None = None


@dataclass(frozen=True, slots=True)
class NoticeTotal:
    """A class's line."""

    kind: LineClass
    fen: int
    persons: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a correction changes."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. Money in fen; ``head`` is the ledger's chain head when it was made, ``sequence`` its voucher."""

    plan_id: str
    village_id: str
    kind: NoticeKind
    number: int
    first_month: date
    last_month: date
    starts: date
    ends: date
    gross_fen: int
    net_fen: int
    available_fen: int
    totals: tuple[NoticeTotal, ...]
    rows: tuple[NoticeRow, ...]
    head: str
    sequence: int
    paid_fen: int = 0
    open_fen: int = 0
    named: bool = False  # the village decided that the paper shows whole names
    corrects: int = 0
    reason: str = ""
    changes: tuple[Change, ...] = ()
    lapsed_fen: int = 0  # of dead members without an heir: the collective's

    @property
    def code(self) -> str:
        """The code on the sheet."""
        return code_of(self.head)

    @property
    def total_fen(self) -> int:
        """Sum of all classes."""
        return sum(total.fen for total in self.totals)


def code_of(head: str) -> str:
    """Return sixteen characters of a chain head in four groups, such as ``3F2A-90C1-77BE-04D5``."""
    short = head[:CODE_CHARS].upper()
    return "-".join(short[place : place + 4] for place in range(0, CODE_CHARS, 4))


def plain_code(text: str) -> str:
    """Return what somebody typed or photographed as a code, without groups; empty when it cannot be one."""
    found = re.sub(r"[^0-9a-f]", "", text.casefold().replace("o", "0"))
    return found if len(found) == CODE_CHARS else ""


def totals_of(plan: Plan, distribution: Distribution) -> tuple[NoticeTotal, ...]:
    """Return the classes of a distribution, in the order of the plan, retained last."""
    kinds = {line.line_id: line.kind for line in plan.lines}
    fen: dict[LineClass, int] = {}
    persons: dict[LineClass, set[str]] = {}
    for line in plan.lines:
        if line.kind is not LineClass.RETAINED:
            fen.setdefault(line.kind, 0)
    for one in distribution.entitlements:
        fen[kinds[one.line_id]] += one.fen
        persons.setdefault(kinds[one.line_id], set()).add(one.person_id)
    for line_id, works in distribution.works_fen.items():
        fen[kinds[line_id]] += works
    totals = [NoticeTotal(kind, amount, len(persons.get(kind, ()))) for kind, amount in fen.items()]
    return (*totals, NoticeTotal(LineClass.RETAINED, distribution.retained_fen, 0))


def rows_of(plan: Plan, roster: Roster, distribution: Distribution) -> tuple[NoticeRow, ...]:
    """Return the lines of persons; a class of need with very few persons shows no purpose."""
    lines = {line.line_id: line for line in plan.lines}
    by_kind: dict[LineClass, set[str]] = {}
    for one in distribution.entitlements:
        by_kind.setdefault(lines[one.line_id].kind, set()).add(one.person_id)
    few: set[LineClass] = {
        kind
        for kind, persons in by_kind.items()
        if kind in {LineClass.AID, LineClass.RELIEF} and len(persons) < SMALL_GROUP
    }
    found = _rows(lines, roster, distribution, few)
    return tuple(sorted(found, key=lambda row: (row.household_id, row.line_id, row.person_id)))


def _rows(
    lines: Mapping[str, PlanLine], roster: Roster, distribution: Distribution, few: set[LineClass]
) -> Iterator[NoticeRow]:
    for one in distribution.entitlements:
        line = lines[one.line_id]
        member = roster.member(one.person_id)
        by_days = line.basis in {Basis.DAY_RATE, Basis.MONTHLY_WAGE}
        yield NoticeRow(
            one.person_id,
            one.household_id,
            member.group if member else "",
            one.line_id,
            "" if line.kind in few else line.purpose,
            one.fen,
            one.weight if by_days else None,
        )


_AMOUNT = re.compile(r'data-total="(\w+)"[^>]*>\s*(-?[\d,]+\.\d\d)')


def totals_in_page(html: str) -> dict[str, int]:
    """Return the totals read back out of a notice's page, by class. [fen]"""
    return {name: fen_of(amount) for name, amount in _AMOUNT.findall(html)}


def totals_in_text(text: str, labels: Mapping[str, str]) -> dict[str, int]:
    """Return the totals read back out of the text of a printed notice: label, then amount. [fen]"""
    found: dict[str, int] = {}
    flat = re.sub(r"\s+", " ", text)
    for name, label in labels.items():
        match = re.search(re.escape(label) + r"\s*(?:\d+ )?(-?[\d,]+\.\d\d)", flat)
        if match:
            found[name] = fen_of(match.group(1))
    return found


def fen_of(text: str) -> int:
    """Return an amount written in yuan with two places as fen."""
    yuan, _, places = text.replace(",", "").replace("，", "").partition(".")
    sign = -1 if yuan.startswith("-") else 1
    return sign * (abs(int(yuan or 0)) * 100 + int(places.ljust(2, "0")[:2] or 0))


def spoken(totals: Sequence[NoticeTotal], words: Mapping[LineClass, str]) -> str:
    """Return classes and amounts as they are read out: 元 and 分 in words a loudspeaker can carry."""
    parts = []
    for total in totals:
        yuan, fen = divmod(total.fen, 100)
        amount = f"{yuan}元{fen}分" if fen else f"{yuan}元"
        parts.append(f"{words[total.kind]}{amount}")
    return "，".join(parts)
