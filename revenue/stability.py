"""Stability of benefit (稳定性监测): who gets much less than in the same months before, or nothing, and what is found to explain it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

FALL = 0.7  # less than this part of the time before is a fall
EXPLAINS = 1 / 3  # a loss of energy is the cause from this part of what is missing on


class Cause(StrEnum):
    """What explains a fall, in the order it is asked about."""

    RETURNED = "returned"  # the bank sent the payment back
    WAITING = "waiting"  # planned, not paid yet
    LEFT = "left"  # the household stands on the roster no more
    NO_LINE = "no_line"  # the village planned, but nothing for this household
    FEWER_DAYS = "fewer_days"  # the household worked less
    NO_INCOME = "no_income"  # no statement for the months
    SUBSIDY_LATE = "subsidy_late"  # the subsidy of the time before has not come
    FAULT = "fault"  # the plants made less, mostly lost to faults
    CURTAILMENT = "curtailment"  # the plants made less, mostly held back by the grid
    LESS_ENERGY = "less_energy"  # the plants made less, and nothing lost explains it: weather
    NO_PLAN = "no_plan"  # money is there, nobody planned it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Month:
    """What a village or household had in a span of months. [fen]

    Income and energy are those of the village. ``fault_kwh`` and ``curtailed_kwh`` None: losses are not known.
    """

    paid_fen: int = 0
    planned_fen: int = 0
    returned_fen: int = 0
    income_fen: int = 0
    subsidy_fen: int = 0
    energy_kwh: float | None = None
    fault_kwh: float | None = None
    curtailed_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What is asked of a household beyond its village: does it still stand on the roster, how many days it worked."""

    on_roster: bool
    village_planned_fen: int
    days: int = 0
    days_before: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A fall. ``share`` is now over before; ``village_id`` names the village of a household, empty for a village."""

    subject_id: str
    before_fen: int
    now_fen: int
    cause: Cause
    village_id: str = ""

    @property
    def share(self) -> float:
        """Now as a part of before."""
        return self.now_fen / self.before_fen if self.before_fen else 0.0


def fallen(now: Mapping[str, Month], before: Mapping[str, Month], least: float = FALL) -> list[Finding]:
    """Return whose benefit fell below ``least`` of the same months before, worst first."""
    found = []
    for subject, then in before.items():
        this = now.get(subject, Month())
        if has_fallen(this, then, least):
            found.append(Finding(subject, then.paid_fen, this.paid_fen, cause_of(this, then, least)))
    return sorted(found, key=lambda one: (one.share, one.subject_id))


def has_fallen(now: Month, before: Month, least: float = FALL) -> bool:
    """Tell whether what was paid is less than ``least`` of what was paid before."""
    return before.paid_fen > 0 and now.paid_fen < before.paid_fen * least


def cause_of(now: Month, before: Month, least: float = FALL) -> Cause:
    """Return the first cause that is found for a village; nothing is guessed."""
    if now.returned_fen > 0:
        return Cause.RETURNED
    if now.planned_fen > now.paid_fen:
        return Cause.WAITING
    if now.income_fen <= 0 and now.planned_fen == 0:
        return Cause.NO_INCOME
    if before.subsidy_fen > 0 and now.subsidy_fen < before.subsidy_fen * least:
        return Cause.SUBSIDY_LATE
    if now.energy_kwh is not None and before.energy_kwh and now.energy_kwh < before.energy_kwh * least:
        return _energy_cause(now, before.energy_kwh - now.energy_kwh)
    if now.planned_fen == 0:
        return Cause.NO_PLAN
    return Cause.UNKNOWN


def _energy_cause(now: Month, missing_kwh: float) -> Cause:
    """Return what took the energy: the greater loss, when it explains a good part of what is missing."""
    fault, curtailed = now.fault_kwh or 0.0, now.curtailed_kwh or 0.0
    if max(fault, curtailed) < missing_kwh * EXPLAINS:
        return Cause.LESS_ENERGY
    return Cause.FAULT if fault >= curtailed else Cause.CURTAILMENT


def household_cause(now: Month, before: Month, place: Place, least: float = FALL) -> Cause:
    """Return the first cause that is found for a household: its own ones first, then those of its village."""
    if now.returned_fen > 0:
        return Cause.RETURNED
    if now.planned_fen > now.paid_fen:
        return Cause.WAITING
    if not place.on_roster:
        return Cause.LEFT
    if now.planned_fen == 0 and place.village_planned_fen > 0:
        return Cause.NO_LINE
    if now.planned_fen > 0 and place.days_before > 0 and place.days < place.days_before * least:
        return Cause.FEWER_DAYS
    return cause_of(now, before, least)


def same_months_before(first: date, last: date) -> tuple[date, date]:
    """Return the same months a year before."""
    return first.replace(year=first.year - 1), last.replace(year=last.year - 1)
