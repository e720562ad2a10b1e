"""When a case is due, and whom an overdue one is put before. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.alert import Severity
from domain.case import Case, CaseKind, CaseState
from domain.maintenance import Contact, Maintenance
from domain.timespan import day_of, start_of_day

_INSPECTION_DAYS = 14


def due_at(kind: CaseKind, severity: Severity | None, at: datetime, maintenance: Maintenance) -> datetime:
    """Return when a case registered at an instant is due.

    Reports and objections end with a working day: the end of the local day that many working days later.
    """
    if kind in maintenance.answer_days:
        return _end_of_working_day(at, maintenance.answer_days[kind])
    if kind is CaseKind.INSPECTION:
        return at + timedelta(days=_INSPECTION_DAYS)
    return at + maintenance.due[severity or Severity.S3]


def _end_of_working_day(at: datetime, days: int) -> datetime:
    """Return the end of the local day ``days`` working days (Monday to Friday) after ``at``."""
    day, left = day_of(at), days
    while left > 0:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return start_of_day(day + timedelta(days=1))


def is_overdue(case: Case, now: datetime) -> bool:
    """Tell whether a case should be done and is not; waiting for acceptance counts as done by the field."""
    waiting = {CaseState.CLOSED, CaseState.AWAITING}
    return case.due_at is not None and case.state not in waiting and now >= case.due_at


@dataclass(frozen=True, slots=True)
class Escalation:
    """An overdue case and who is told; ``to`` None: nobody is named, which is a fault of the configuration."""

    case: Case
    to: Contact | None


def escalations(cases: Iterable[Case], now: datetime, maintenance: Maintenance) -> list[Escalation]:
    """Return overdue cases not yet put before their responsible person, the longest overdue first."""
    late = [case for case in cases if is_overdue(case, now) and case.escalated_at is None]
    late.sort(key=lambda case: (case.due_at or now, case.number))
    return [Escalation(case, maintenance.responsible_for(case.town_id)) for case in late]
