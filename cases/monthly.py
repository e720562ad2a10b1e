"""What a month of cases says: per township, per person, per contractor, per rule. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from domain.case import FALSE_CAUSES, Case, CaseKind, CaseState
from domain.timespan import Interval

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Workload:
    """Cases of one township, person or contractor in a month.

    ``on_time_share`` is over cases done in the month that had a due date; hours are medians; None: nothing
    to count. ``won_back_kwh`` sums what was measured, ``recovered`` and ``not_recovered`` count verdicts.
    """

    key: str
    registered: int
    closed: int
    open_at_end: int
    overdue_at_end: int
    on_time_share: float | None
    arrival_h: float | None
    repair_h: float | None
    recovered: int
    not_recovered: int
    reopened: int
    won_back_kwh: float


@dataclass(frozen=True, slots=True)
class RulePrecision:
    """How often an alert rule was right, from the causes people found. None: no closed case yet."""

    rule: str
    closed: int
    wrong: int
    precision: float | None


def workloads(
    cases: Iterable[Case], month: Interval, key_of: Callable[[Case], str], now: datetime | None = None
) -> list[Workload]:
    """Return the month's figures by a key, such as ``lambda case: case.town_id``; cases without it are left out.

    With ``now`` within the month nothing that is due later counts as overdue yet.
    """
    until = month.end if now is None else min(now, month.end)
    groups: dict[str, list[Case]] = {}
    for case in cases:
        key = key_of(case)
        if key and case.registered_at < month.end:
            groups.setdefault(key, []).append(case)
    found = [_workload(key, group, month, until) for key, group in sorted(groups.items())]
    return [one for one in found if one.registered or one.closed or one.open_at_end]


def _workload(key: str, group: list[Case], month: Interval, until: datetime) -> Workload:
    closed = [case for case in group if case.closed_at is not None and case.closed_at in month]
    open_ = [case for case in group if case.closed_at is None or case.closed_at >= month.end]
    done = [case for case in group if case.done_at is not None and case.done_at in month]
    judged = [case for case in done if case.due_at is not None]
    on_time = [case for case in judged if _ended(case) <= (case.due_at or month.end)]
    verdicts = [
        case.recovery for case in group if case.recovery is not None and case.recovery.measured_at in month
    ]
    return Workload(
        key,
        registered=sum(case.registered_at in month for case in group),
        closed=len(closed),
        open_at_end=len(open_),
        overdue_at_end=sum(
            case.due_at is not None and case.due_at < until and case.state is not CaseState.AWAITING
            for case in open_
        ),
        on_time_share=len(on_time) / len(judged) if judged else None,
        arrival_h=_median_h([(c.registered_at, c.arrived_at) for c in done]),
        repair_h=_median_h([(c.registered_at, c.done_at) for c in done]),
        recovered=sum(one.recovered is True for one in verdicts),
        not_recovered=sum(one.recovered is False for one in verdicts),
        reopened=sum(case.reopened for case in group if case.updated_at in month),
        won_back_kwh=sum(one.won_back_kwh or 0.0 for one in verdicts if one.recovered),
    )


def _ended(case: Case) -> datetime:
    return case.done_at or case.closed_at or case.updated_at


def _median_h(spans: list[tuple[datetime, datetime | None]]) -> float | None:
    hours = [(end - start) / _HOUR for start, end in spans if end is not None]
    return float(np.median(hours)) if hours else None


def precisions(cases: Iterable[Case]) -> list[RulePrecision]:
    """Return per rule how many of its closed orders were real faults, worst first."""
    counts: dict[str, list[int]] = {}
    for case in cases:
        if case.kind is CaseKind.ORDER and case.rule and case.cause is not None and not case.is_open:
            count = counts.setdefault(case.rule, [0, 0])
            count[0] += 1
            count[1] += case.cause in FALSE_CAUSES
    found = [
        RulePrecision(rule, closed, wrong, (closed - wrong) / closed)
        for rule, (closed, wrong) in counts.items()
    ]
    return sorted(found, key=lambda one: (one.precision if one.precision is not None else 1.0, one.rule))
