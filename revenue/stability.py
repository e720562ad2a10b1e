"""Stability of benefit (稳定性监测): who gets much less than in the same months before, or nothing, and what is found to explain it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

FALL = 0.7  # less than this part of the time before is a fall


class Cause(StrEnum):
    """What explains a fall, in the order it is asked about."""

    RETURNED = "returned"  # the bank sent the payment back
    NO_PLAN = "no_plan"  # money is there, nobody planned it
    WAITING = "waiting"  # planned, not paid yet
    SUBSIDY_LATE = "subsidy_late"  # the subsidy of the time before has not come
    LESS_ENERGY = "less_energy"  # fault or curtailment: the plants made less
    NO_INCOME = "no_income"  # no statement for the months
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Month:
    """What a village or household had in a span of months. [fen]"""

    paid_fen: int = 0
    planned_fen: int = 0
    returned_fen: int = 0
    income_fen: int = 0
    subsidy_fen: int = 0
    energy_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A fall. ``share`` is now over before."""

    subject_id: str
    before_fen: int
    now_fen: int
    cause: Cause

    @property
    def share(self) -> float:
        """Now as a part of before."""
        return self.now_fen / self.before_fen if self.before_fen else 0.0


def fallen(now: Mapping[str, Month], before: Mapping[str, Month], least: float = FALL) -> list[Finding]:
    """Return whose benefit fell below ``least`` of the same months before, worst first."""
    found = []
    for subject, then in before.items():
        this = now.get(subject, Month())
        if then.paid_fen > 0 and this.paid_fen < then.paid_fen * least:
            found.append(Finding(subject, then.paid_fen, this.paid_fen, cause_of(this, then, least)))
    return sorted(found, key=lambda one: (one.share, one.subject_id))


def cause_of(now: Month, before: Month, least: float = FALL) -> Cause:
    """Return the first cause that is found; nothing is guessed."""
    if now.returned_fen > 0:
        return Cause.RETURNED
    if now.planned_fen > now.paid_fen:
        return Cause.WAITING
    if now.income_fen <= 0 and now.planned_fen == 0:
        return Cause.NO_INCOME
    if before.subsidy_fen > 0 and now.subsidy_fen < before.subsidy_fen * least:
        return Cause.SUBSIDY_LATE
    if now.energy_kwh is not None and before.energy_kwh and now.energy_kwh < before.energy_kwh * least:
        return Cause.LESS_ENERGY
    if now.planned_fen == 0:
        return Cause.NO_PLAN
    return Cause.UNKNOWN


def same_months_before(first: date, last: date) -> tuple[date, date]:
    """Return the same months a year before."""
    return first.replace(year=first.year - 1), last.replace(year=last.year - 1)
