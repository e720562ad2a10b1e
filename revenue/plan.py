"""The distribution plan (收益分配使用计划): what a village's net income of some months is to be used for.

Every fen has a line: what posts, labour, works and aid do not take stands on the line of what is retained.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.money import Money
from domain.roster import Roster
from revenue.refusal import Refusal
from revenue.rule import LineClass, RuleVersion, Verdict, judge


class Basis(StrEnum):
    """How a line's money finds persons."""

    DAY_RATE = "day_rate"  # days attended x rate
    MONTHLY_WAGE = "monthly_wage"  # a month's wage by days of the month, the empty days fall back
    WEIGHTS = "weights"  # a sum by whole-number weights
    PAYEE = "payee"  # one payee, such as the builder of a work
    NOBODY = "nobody"  # retained


class Weighting(StrEnum):
    """Which weights a roster gives."""

    EQUAL = "equal"
    POINTS = "points"
    POWER = "power"  # kW of the household, in W
    DAYS = "days"  # days attended


HOUSEHOLD_CLASSES = frozenset({LineClass.REWARD, LineClass.AID, LineClass.RELIEF})
WORK_CLASSES = frozenset({LineClass.POSTS, LineClass.LABOUR})


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One line of a plan. ``fen`` is what is set aside; what attendance does not earn of it is retained."""

    line_id: str
    kind: LineClass
    purpose: str
    fen: int
    basis: Basis
    rate_fen: int = 0  # a day, or a month for MONTHLY_WAGE
    weighting: Weighting = Weighting.EQUAL
    weights: Mapping[str, int] = field(default_factory=dict)  # person to weight; empty: from the roster
    payee: str = ""

    @property
    def is_by_days(self) -> bool:
        """Whether days attended decide what persons get of it."""
        if self.basis is Basis.WEIGHTS:
            return self.weighting is Weighting.DAYS
        return self.basis in {Basis.DAY_RATE, Basis.MONTHLY_WAGE}


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a village's plan. Months are first days; both ends belong to the plan."""

    plan_id: str
    village_id: str
    version: int
    first_month: date
    last_month: date
    rule_id: str
    roster_id: str
    gross_fen: int
    net_fen: int
    lines: tuple[PlanLine, ...]
    note: str = ""
    carried_fen: int = 0  # retained in earlier plans and used now

    @property
    def available_fen(self) -> int:
        """What may be planned: nothing when the net is a deficit."""
        return max(0, self.net_fen) + self.carried_fen

    @property
    def planned_fen(self) -> int:
        """Sum of all lines."""
        return sum(line.fen for line in self.lines)

    @property
    def spent_fen(self) -> int:
        """Sum of the lines that leave the account."""
        return sum(line.fen for line in self.lines if line.kind is not LineClass.RETAINED)

    def line(self, line_id: str) -> PlanLine:
        """Return a line by its id."""
        return next(line for line in self.lines if line.line_id == line_id)

    def months(self) -> list[date]:
        """Return the first day of each month of the plan."""
        return list(months_between(self.first_month, self.last_month))

    def by_class(self) -> dict[LineClass, Money]:
        """Return what is planned for each class."""
        found: dict[LineClass, Money] = {}
        for line in self.lines:
            found[line.kind] = found.get(line.kind, Money(0)) + Money(line.fen)
        return found


def months_between(first: date, last: date) -> Iterator[date]:
    """Yield the first day of every month from ``first`` to ``last``."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def verdict_of(plan: Plan, rule: RuleVersion) -> Verdict:
    """Judge the least share of a plan under a rule."""
    return judge(rule, plan.by_class(), Money(plan.gross_fen), Money(plan.net_fen))


def faults_of(plan: Plan, rule: RuleVersion, roster: Roster | None, cash_fen: int) -> list[Refusal]:
    """Return everything that forbids this plan, an empty list when it may be proposed.

    Parameters
    ----------
    plan, rule : Plan, RuleVersion
    roster : Roster or None
        The version the plan names.
    cash_fen : int
        What lies on the village's account for it: accrued subsidy cannot be spent. [fen]
    """
    faults = list(_sum_faults(plan, cash_fen))
    for line in plan.lines:
        faults.extend(_line_faults(line, rule))
        if roster is not None:
            faults.extend(_person_faults(line, roster))
    if roster is None and any(line.basis in {Basis.WEIGHTS, Basis.DAY_RATE} for line in plan.lines):
        faults.append(Refusal("no_roster", {"roster": plan.roster_id or "-"}))
    if len({line.line_id for line in plan.lines}) != len(plan.lines):
        faults.append(Refusal("line_twice"))
    verdict = verdict_of(plan, rule)
    if not verdict.ok and rule.binding:
        faults.append(Refusal("least_share", share_values(verdict, rule)))
    return faults


def share_values(verdict: Verdict, rule: RuleVersion) -> dict[str, object]:
    """Return the values of the words about the least share."""
    return {"percent": rule.min_share_percent, "short": str(verdict.short), "share": verdict.share or "-"}


def _sum_faults(plan: Plan, cash_fen: int) -> Iterator[Refusal]:
    if plan.last_month < plan.first_month:
        yield Refusal("months_back")
    if plan.planned_fen > plan.available_fen:
        over = Money(plan.planned_fen - plan.available_fen)
        yield Refusal("plan_too_much", {"over": over, "available": Money(plan.available_fen)})
    elif plan.planned_fen < plan.available_fen:
        yield Refusal("plan_rest", {"rest": Money(plan.available_fen - plan.planned_fen)})
    if plan.spent_fen > cash_fen:
        yield Refusal("plan_over_cash", {"spent": Money(plan.spent_fen), "cash": Money(cash_fen)})


def _line_faults(line: PlanLine, rule: RuleVersion) -> Iterator[Refusal]:
    where = {"line": line.line_id}
    if line.fen < 0 or (line.fen == 0 and line.kind is not LineClass.RETAINED):
        yield Refusal("line_amount", where)
    if line.kind not in rule.allowed | {LineClass.RETAINED}:
        yield Refusal("class_not_allowed", {**where, "kind": line.kind.value, "rule": rule.rule_id})
    for use in rule.forbidden:
        word = use.found_in(line.purpose)
        if word:
            yield Refusal("forbidden_use", {**where, "word": word, "use": use.zh})
    if (line.kind is LineClass.RETAINED) != (line.basis is Basis.NOBODY):
        yield Refusal("line_basis", where)
    if line.basis in {Basis.DAY_RATE, Basis.MONTHLY_WAGE} and line.rate_fen <= 0:
        yield Refusal("line_rate", where)
    if line.basis is Basis.PAYEE and not line.payee:
        yield Refusal("line_payee", where)
    equal = line.basis is Basis.WEIGHTS and line.weighting is Weighting.EQUAL and not line.weights
    if equal and line.kind in HOUSEHOLD_CLASSES and rule.equal_division_forbidden:
        yield Refusal("equal_division", where)


def _person_faults(line: PlanLine, roster: Roster) -> Iterator[Refusal]:
    known = {member.person_id for member in roster.active}
    strangers = [person for person in line.weights if person not in known]
    if strangers:
        yield Refusal("not_on_roster", {"line": line.line_id, "count": len(strangers)})
    is_fixed = line.basis is Basis.WEIGHTS and line.weighting is not Weighting.DAYS
    if is_fixed and line.fen and not any(weights_of(line, roster).values()):
        yield Refusal("nobody_to_split", {"line": line.line_id})


def weights_of(line: PlanLine, roster: Roster, days: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return who shares in a line with which weight: its own list, else by the roster or by days attended."""
    if line.weights:
        return dict(line.weights)
    if line.weighting is Weighting.DAYS:
        return dict(days or {})
    by: Sequence[tuple[str, int]]
    if line.weighting is Weighting.POINTS:
        by = [(one.person_id, one.points) for one in roster.active]
    elif line.weighting is Weighting.POWER:
        by = [(one.person_id, one.power_w) for one in roster.active]
    else:
        by = [(one.person_id, 1) for one in roster.active]
    return dict(by)
