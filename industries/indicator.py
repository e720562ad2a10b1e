"""Indicators of the district's other industries: what is counted, in which unit, against which target."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class IndicatorKind(StrEnum):
    """How the reports of an indicator belong together."""

    FLOW = "flow"  # of the month
    CUMULATIVE = "cumulative"  # of the year so far
    STOCK = "stock"  # at the end of the month


@dataclass(frozen=True, slots=True)
class EntryUnit:
    """A unit people type in. ``factor`` turns it into the base unit ``base``."""

    unit_id: str
    name: str
    name_en: str
    base: str
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that is counted.

    Attributes
    ----------
    target : Decimal or None
        In entry units for a calendar year; None where no document sets one.
    valid_from : date
        The target counts from this day on.
    path : mapping of int to Decimal
        For each month the share of the target expected by its end; empty where nobody knows the season.
    path_assumed : bool
        Whether the path stands in no document.
    """

    indicator_id: str
    industry: str
    name: str
    name_en: str
    kind: IndicatorKind
    unit: EntryUnit
    target: Decimal | None
    valid_from: date
    document: str
    sentence: str
    owner: str
    counting: str
    path: Mapping[int, Decimal]
    path_assumed: bool

    @property
    def target_base(self) -> Decimal | None:
        """The target in the base unit."""
        return None if self.target is None else self.target * self.unit.factor

    def expected_base(self, month: int) -> Decimal | None:
        """Return what should be reached by the end of a month, in the base unit; None where unknown."""
        target, share = self.target_base, self.path.get(month)
        return None if target is None or share is None else target * share
