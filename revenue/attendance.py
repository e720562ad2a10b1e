"""Attendance (考勤): days worked on a post in a month, on a signed sheet; what work may be paid for at all."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.money import Money, split
from domain.roster import Roster
from revenue.plan import Basis, Plan
from revenue.refusal import Refusal, refuse

VACANT = "~vacant"  # sorts behind every person: an odd fen goes to who worked


@dataclass(frozen=True, slots=True)
class Sheet:
    """The attendance sheet of a line and month. ``signed_on`` is on the paper, ``photo`` its picture's hash."""

    line_id: str
    month: date
    days: Mapping[str, int]
    signed_on: date
    photo: str


def days_in(month: date) -> int:
    """Return how many days the month has."""
    return monthrange(month.year, month.month)[1]


def faults_in_sheet(
    sheet: Sheet, plan: Plan, roster: Roster, others: Sequence[Sheet], today: date
) -> Iterator[Refusal]:
    """Yield what is wrong with a sheet: too many days, posts that overlap, a stranger, no signed paper."""
    length = days_in(sheet.month)
    if sheet.month not in plan.months():
        yield Refusal("sheet_month", {"month": f"{sheet.month:%Y-%m}"})
    line = next((one for one in plan.lines if one.line_id == sheet.line_id), None)
    if line is None or line.basis not in {Basis.DAY_RATE, Basis.MONTHLY_WAGE, Basis.WEIGHTS}:
        yield Refusal("sheet_line", {"line": sheet.line_id})
    if not sheet.photo:
        yield Refusal("sheet_photo")
    if sheet.signed_on < sheet.month or sheet.signed_on > today:
        yield Refusal("sheet_signed", {"day": sheet.signed_on})
    if line is not None and line.basis is Basis.MONTHLY_WAGE and sum(sheet.days.values()) > length:
        yield Refusal("sheet_holders", {"days": sum(sheet.days.values()), "length": length})
    known = {member.person_id for member in roster.members}
    for row, (person, days) in enumerate(sheet.days.items(), 1):
        elsewhere = sum(
            one.days.get(person, 0)
            for one in newest_sheets(others)
            if one.month == sheet.month and one.line_id != sheet.line_id
        )
        if person not in known:
            yield Refusal("sheet_stranger", {}, row)
        elif days < 0 or days > length:
            yield Refusal("sheet_days", {"days": days, "length": length}, row)
        elif days + elsewhere > length:
            yield Refusal("sheet_overlap", {"days": days, "elsewhere": elsewhere, "length": length}, row)


def newest_sheets(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return the sheets that stand: a later one replaces an earlier one of the same line and month."""
    return list({(sheet.line_id, sheet.month): sheet for sheet in sheets}.values())


def days_of_line(sheets: Sequence[Sheet], line_id: str) -> dict[str, int]:
    """Return the days of each person on a line over all months."""
    found: dict[str, int] = {}
    for sheet in newest_sheets(sheets):
        if sheet.line_id == line_id:
            for person, days in sheet.days.items():
                found[person] = found.get(person, 0) + days
    return found


def month_wage(wage: Money, days: Mapping[str, int], length: int) -> dict[str, Money]:
    """Split a month's wage of one post among its holders by days; the days nobody held it earn nobody anything.

    Raises
    ------
    RefusedError
        The holders have more days than the month.
    """
    vacant = length - sum(days.values())
    if vacant < 0 or any(count < 0 for count in days.values()):
        raise refuse("sheet_holders", days=sum(days.values()), length=length)
    shares = split(wage, {**days, VACANT: vacant})
    return {person: shares[person] for person in days}
