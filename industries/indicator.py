"""Indicators of the district's other industries: what is counted, in which unit, against which target."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum


class IndicatorKind(StrEnum):
    """How the reports of an indicator belong together."""

    FLOW = "flow"  # of the month
    CUMULATIVE = "cumulative"  # of the year so far
    STOCK = "stock"  # at the end of the month
    PRICE = "price"  # paid in the month: averaged, never summed


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
    is_area : bool
        Whether it counts land, which no village has without end.
    rise_max : Decimal or None
        A report of more than this many times last month's or last year's is asked about.
    per_mu_max : Decimal or None
        What a mu of a base holds at most, in base units.
    tasks : mapping of str to Decimal
        The part of the target each town has to reach, in entry units; empty where nobody split it.
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
    is_area: bool = False
    rise_max: Decimal | None = None
    per_mu_max: Decimal | None = None
    limits_assumed: bool = True
    tasks: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def target_base(self) -> Decimal | None:
        """The target in the base unit."""
        return None if self.target is None else self.target * self.unit.factor

    def expected_base(self, month: int) -> Decimal | None:
        """Return what should be reached by the end of a month, in the base unit; None where unknown."""
        target, share = self.target_base, self.path.get(month)
        return None if target is None or share is None else target * share

    def task_base(self, town_id: str) -> Decimal | None:
        """Return a town's part of the target in the base unit, None where nobody split it."""
        task = self.tasks.get(town_id)
        return None if task is None else task * self.unit.factor

    def shown(self, base: Decimal | None) -> Decimal | None:
        """Return a value of the base unit in the entry unit, with four decimals at most."""
        if base is None:
            return None
        exact = (base / self.unit.factor).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        return exact.normalize() if exact != exact.to_integral_value() else exact.to_integral_value()
