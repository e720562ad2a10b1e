"""Plan and net income → who is owed how many fen (应得), each amount with the arithmetic that made it.

The split of a line runs on the running total of its series: as long as the same persons have the same
weights on lines of the same kind and purpose, an odd fen given now is taken into account next time. A
change of persons or weights starts a new series; nothing is carried between them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from domain.money import Money, split_running
from domain.roster import Roster
from revenue.attendance import Sheet, days_in, days_of_line, month_wage, newest_sheets
from revenue.plan import Basis, Plan, PlanLine, Weighting, weights_of
from revenue.refusal import Refusal, RefusedError
from revenue.rule import LineClass, RuleVersion


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a person has earned by one line: owed once, however often it takes to pay.

    ``weight / weight_sum`` of ``total_fen`` is the exact share; ``before_total_fen`` and ``before_fen`` are
    what the series split so far and what of it this person got, so that the fen can be redone by hand.
    """

    entitlement_id: str
    line_id: str
    person_id: str
    household_id: str
    payee_id: str
    fen: int
    weight: int
    weight_sum: int
    total_fen: int
    before_total_fen: int = 0
    before_fen: int = 0

    @property
    def exact_fen(self) -> Fraction:
        """The exact share of this distribution's total. [fen]"""
        return (
            Fraction(self.total_fen * self.weight, self.weight_sum) if self.weight_sum else Fraction(self.fen)
        )

    @property
    def carried_in_fen(self) -> Fraction:
        """What the person was owed in parts of a fen before. [fen]"""
        if not self.weight_sum:
            return Fraction(0)
        return Fraction(self.before_total_fen * self.weight, self.weight_sum) - self.before_fen

    @property
    def carried_out_fen(self) -> Fraction:
        """What stays in parts of a fen for the next time. [fen]"""
        return self.carried_in_fen + self.exact_fen - self.fen


@dataclass(frozen=True, slots=True)
class SeriesState:
    """How far the running total of a series got. ``series`` names kind and purpose."""

    series: str
    weights: Mapping[str, int]
    got_fen: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Distribution:
    """The result of a plan: entitlements, works to be paid, and what stays with the collective."""

    plan_id: str
    entitlements: tuple[Entitlement, ...]
    works_fen: Mapping[str, int]  # line to fen
    retained_fen: int
    series: tuple[SeriesState, ...] = field(default=())

    @property
    def total_fen(self) -> int:
        """Everything, which is what the plan had."""
        persons = sum(one.fen for one in self.entitlements)
        return persons + sum(self.works_fen.values()) + self.retained_fen


def series_of(line: PlanLine) -> str:
    """Return which lines of later plans continue this one's running total."""
    return f"{line.kind.value}/{line.basis.value}/{line.weighting.value}/{line.purpose}"


def attendance_faults(plan: Plan, rule: RuleVersion, sheets: Sequence[Sheet]) -> list[Refusal]:
    """Return the months of wage lines without a signed sheet: no pay before work (先发钱后劳动)."""
    if not rule.attendance_before_pay:
        return []
    there = {(sheet.line_id, sheet.month) for sheet in sheets}
    return [
        Refusal("no_attendance", {"line": line.line_id, "month": f"{month:%Y-%m}"})
        for line in plan.lines
        if line.basis in {Basis.DAY_RATE, Basis.MONTHLY_WAGE} or line.weighting is Weighting.DAYS
        for month in plan.months()
        if (line.line_id, month) not in there
    ]


def distribute(
    plan: Plan,
    rule: RuleVersion,
    roster: Roster,
    sheets: Sequence[Sheet],
    before: Iterable[SeriesState] = (),
) -> Distribution:
    """Return who is owed what.

    Raises
    ------
    RefusedError
        A sheet is missing, or days earn more than the line has.
    """
    faults = attendance_faults(plan, rule, sheets)
    if faults:
        raise RefusedError(faults)
    states = {state.series: state for state in before}
    owed: list[Entitlement] = []
    works: dict[str, int] = {}
    retained = 0
    for line in plan.lines:
        if line.basis is Basis.NOBODY:
            retained += line.fen
        elif line.basis is Basis.PAYEE:
            works[line.line_id] = line.fen
        else:
            rows = _line_rows(plan, line, roster, sheets, states)
            left = line.fen - sum(row.fen for row in rows)
            if left < 0:
                raise RefusedError([Refusal("line_short", {"line": line.line_id, "short": Money(-left)})])
            owed.extend(rows)
            retained += left
    return Distribution(plan.plan_id, tuple(owed), works, retained, tuple(states.values()))


def _line_rows(
    plan: Plan,
    line: PlanLine,
    roster: Roster,
    sheets: Sequence[Sheet],
    states: dict[str, SeriesState],
) -> list[Entitlement]:
    days = days_of_line(sheets, line.line_id)
    if line.basis is Basis.DAY_RATE:
        return [
            _entitlement(plan, line, roster, person, count * line.rate_fen, (count, 0, line.rate_fen, 0, 0))
            for person, count in sorted(days.items())
            if count
        ]
    if line.basis is Basis.MONTHLY_WAGE:
        return _wage_rows(plan, line, roster, sheets)
    weights = weights_of(line, roster, days)
    if not any(weights.values()):
        return []
    key = series_of(line)
    known = states.get(key)
    got = dict(known.got_fen) if known is not None and known.weights == weights else {}
    shares = split_running(Money(line.fen), weights, {person: Money(fen) for person, fen in got.items()})
    weight_sum, so_far = sum(weights.values()), sum(got.values())
    states[key] = SeriesState(
        key, weights, {person: got.get(person, 0) + share.fen for person, share in shares.items()}
    )
    return [
        _entitlement(
            plan,
            line,
            roster,
            person,
            shares[person].fen,
            (weights[person], weight_sum, line.fen, so_far, got.get(person, 0)),
        )
        for person in sorted(weights)
        if shares[person].fen
    ]


def _wage_rows(plan: Plan, line: PlanLine, roster: Roster, sheets: Sequence[Sheet]) -> list[Entitlement]:
    earned: dict[str, int] = {}
    held: dict[str, int] = {}
    for sheet in newest_sheets(sheets):
        if sheet.line_id != line.line_id:
            continue
        for person, share in month_wage(Money(line.rate_fen), sheet.days, days_in(sheet.month)).items():
            earned[person] = earned.get(person, 0) + share.fen
            held[person] = held.get(person, 0) + sheet.days[person]
    return [
        _entitlement(plan, line, roster, person, fen, (held[person], 0, line.rate_fen, 0, 0))
        for person, fen in sorted(earned.items())
        if fen
    ]


def _entitlement(
    plan: Plan, line: PlanLine, roster: Roster, person: str, fen: int, parts: tuple[int, int, int, int, int]
) -> Entitlement:
    member = roster.member(person)
    household = member.household_id if member else ""
    payee = (member.payee_id if member else "") or person
    weight, weight_sum, total, before_total, before = parts
    return Entitlement(
        f"{plan.plan_id}/{line.line_id}/{person}",
        line.line_id,
        person,
        household,
        payee,
        fen,
        weight,
        weight_sum,
        total,
        before_total,
        before,
    )


def by_class(plan: Plan, distribution: Distribution) -> dict[LineClass, int]:
    """Return what really goes to each class. [fen]"""
    kinds = {line.line_id: line.kind for line in plan.lines}
    found: dict[LineClass, int] = {}
    for one in distribution.entitlements:
        found[kinds[one.line_id]] = found.get(kinds[one.line_id], 0) + one.fen
    for line_id, fen in distribution.works_fen.items():
        found[kinds[line_id]] = found.get(kinds[line_id], 0) + fen
    found[LineClass.RETAINED] = found.get(LineClass.RETAINED, 0) + distribution.retained_fen
    return found
