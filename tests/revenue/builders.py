"""Small makers with defaults for tests of the payout."""

from dataclasses import replace
from datetime import date
from typing import Any

from domain.roster import Member, Roster
from revenue.approval import Body, Meeting, Step, StepTaken
from revenue.attendance import Sheet
from revenue.plan import Basis, Plan, PlanLine, Weighting
from revenue.rule import ForbiddenUse, LineClass, RuleVersion, ShareBase

MONTH = date(2026, 7, 1)
PHOTO = "a" * 64
EVERY_CLASS = frozenset(LineClass)


def rule(**changed: Any) -> RuleVersion:
    """A rule without a least share."""
    plain = RuleVersion(
        "r",
        date(2021, 1, 1),
        "source",
        "规则",
        "rule",
        None,
        frozenset(),
        ShareBase.NET,
        EVERY_CLASS,
        (ForbiddenUse("debt", "偿还债务", "repaying debt", ("还债",)),),
        7,
        5,
        attendance_before_pay=True,
        equal_division_forbidden=True,
        binding=True,
    )
    return replace(plain, **changed)


def roster(count: int = 6, village_id: str = "v") -> Roster:
    """A roster of ``count`` persons p1, p2, … with points 1, 2, …"""
    members = tuple(
        Member(f"p{number}", f"h{number}", "一组", number, 5000) for number in range(1, count + 1)
    )
    return Roster(f"{village_id}-2026", village_id, date(2026, 1, 1), members)


def line(line_id: str, kind: LineClass, fen: int, basis: Basis, **changed: Any) -> PlanLine:
    """A plan line."""
    return replace(PlanLine(line_id, kind, "道路保洁", fen, basis), **changed)


def lines() -> tuple[PlanLine, ...]:
    """Posts, aid by points, a work, and what is left of 1,000,000 fen."""
    return (
        line("1", LineClass.POSTS, 400_000, Basis.DAY_RATE, rate_fen=8_000),
        line("2", LineClass.AID, 250_001, Basis.WEIGHTS, weighting=Weighting.POINTS, purpose="困难补助"),
        line("3", LineClass.WORKS, 150_000, Basis.PAYEE, payee="修路队", purpose="村道修补"),
        line("4", LineClass.RETAINED, 199_999, Basis.NOBODY, purpose=""),
    )


def plan(**changed: Any) -> Plan:
    """A plan of one month over 1,000,000 fen."""
    plain = Plan("v/2026-07", "v", 1, MONTH, MONTH, "r", "v-2026", 1_200_000, 1_000_000, lines())
    return replace(plain, **changed)


def sheet(days: dict[str, int] | None = None, line_id: str = "1", month: date = MONTH) -> Sheet:
    """A signed attendance sheet."""
    given = {"p1": 20, "p2": 15} if days is None else days
    return Sheet(line_id, month, given, month.replace(day=28), PHOTO)


def meeting(due: int = 30, present: int = 24, votes: int = 20, body: Body = Body.REPRESENTATIVES) -> Meeting:
    """A meeting with a quorum."""
    return Meeting(due, present, votes, body, date(2026, 7, 1))


def taken(step: Step, on: date = date(2026, 8, 1), by: str = "accountant", **changed: Any) -> StepTaken:
    """A step with everything it needs."""
    plain = StepTaken(step, on, by, meeting(), PHOTO, "商镇〔2026〕1号")
    return replace(plain, **changed)
