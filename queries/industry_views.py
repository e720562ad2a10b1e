"""View records of the other industries."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.industry import Report
from domain.money_fact import MoneyFact
from domain.plant import Plant
from industries.attainment import Attainment
from industries.base import Base, Contract, Operator
from industries.fund import FundStanding
from industries.income import SourceYear
from industries.indicator import Indicator
from industries.watch import Notice


@dataclass(frozen=True, slots=True)
class TownReports:
    """How a town reported for a month. ``late`` counts numbers that came after the due day."""

    town_id: str
    due: int
    there: int
    late: int
    checked: int

    @property
    def missing(self) -> int:
        """Numbers that are not there."""
        return self.due - self.there


@dataclass(frozen=True, slots=True)
class IndustriesView:
    """The overview of a month. ``is_due``: the day by which reports must be there has passed."""

    period: str
    due_on: date
    is_due: bool
    rows: tuple[Attainment, ...]
    towns: tuple[TownReports, ...]
    funds: tuple[FundStanding, ...]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """What the towns reported for a month together; None where nobody did."""

    period: str
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class BaseRow:
    """A base in a list with its newest report. ``expected`` is its capacity by the path; both in the base unit."""

    base: Base
    operator: str
    report: Report | None
    reached: Decimal | None = None
    expected: Decimal | None = None

    @property
    def gap(self) -> Decimal | None:
        """Reached less expected; None where either is not known."""
        return None if self.reached is None or self.expected is None else self.reached - self.expected


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """One indicator: attainment, the months of two years, bases, and towns whose bases add up to something else."""

    attainment: Attainment
    trend: tuple[TrendPoint, ...]
    bases: tuple[BaseRow, ...]
    differing: tuple[tuple[str, Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class BaseView:
    """One base. ``plant_net_fen`` is the plant's net income over the same twelve months, None where not known."""

    base: Base
    operator: Operator | None
    contracts: tuple[Contract, ...]
    reports: tuple[Report, ...]
    indicator: Indicator | None
    plant: Plant | None
    plant_net_fen: int | None


@dataclass(frozen=True, slots=True)
class VillagePlant:
    """A village's part of a plant and its net income of both years, over the same months; None: not settled. [fen]"""

    plant: Plant
    share_kw: float
    now_fen: int | None
    before_fen: int | None


@dataclass(frozen=True, slots=True)
class VillageView:
    """A village: income by source in a year beside the year before, its plants, its bases."""

    village_id: str
    year: int
    through_month: int
    sources: tuple[SourceYear, ...]
    households: int
    plants: tuple[VillagePlant, ...]
    bases: tuple[BaseRow, ...]

    @property
    def source_count(self) -> int:
        """From how many sources money came this year."""
        return sum(one.now_fen > 0 for one in self.sources)


@dataclass(frozen=True, slots=True)
class FormRow:
    """One line of the report form."""

    indicator: Indicator
    report: Report | None
    last_month: Report | None
    last_year: Report | None


@dataclass(frozen=True, slots=True)
class AssessmentRow:
    """A town in the assessment: for each indicator with a target the share of the path, and how it reported."""

    town_id: str
    shares: tuple[Decimal | None, ...]
    due: int
    on_time: int
    corrections: int
    returned: int


@dataclass(frozen=True, slots=True)
class FundView:
    """A fund with what waits and what was done."""

    standing: FundStanding
    contributions: tuple[MoneyFact, ...]
    claims: tuple[tuple[MoneyFact, MoneyFact | None], ...]
    rounds: tuple[tuple[MoneyFact, MoneyFact | None], ...]
    waiting_payments: int
