"""Tariffs: dated price components of a plant, who sells and under which tax regime, how long a subsidy runs.

Prices are Decimal yuan per kWh and hold by the date of the *energy*, never by the day something is computed;
they may be negative (difference settlement). Kilowatt-hours times price becomes fen once per statement line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from revenue.accounts import CostKind
from revenue.refusal import FactMissingError, SumsError

BENCHMARK = "benchmark"  # 标杆
HOURS = "subsidy_hours"  # kind of fact: hours used before the books begin
SUBSIDY = "subsidy"  # 补贴: arrives late, is nothing until it is cash
_FEN_PER_YUAN = Decimal(100)
_ONE = Decimal(1)


class TaxRegime(Enum):
    """How VAT is taken on sales of energy."""

    GENERAL = "general"  # 一般纳税人 13 %
    SIMPLE = "simple"  # 简易计税 3 %
    REDUCED = "reduced"  # 小规模减按 1 %
    EXEMPT = "exempt"  # 小规模免税


VAT_RATES: Mapping[TaxRegime, Decimal] = {
    TaxRegime.GENERAL: Decimal("0.13"),
    TaxRegime.SIMPLE: Decimal("0.03"),
    TaxRegime.REDUCED: Decimal("0.01"),
    TaxRegime.EXEMPT: Decimal(0),
}


class Seller(Enum):
    """Who sells the energy, and so who owes the VAT."""

    VILLAGE = "village"  # 村集体
    INSTITUTION = "institution"  # 结转机构: VAT never reaches the village's books


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """One part of the price from a day on. [yuan/kWh]"""

    component: str
    valid_from: date
    yuan_per_kwh: Decimal
    source: str = ""


@dataclass(frozen=True, slots=True)
class Taxation:
    """Seller and regime from a day on."""

    valid_from: date
    seller: Seller
    regime: TaxRegime
    source: str = ""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Everything said of one plant's price and tax. Lists oldest first.

    ``subsidised_hours`` and ``subsidised_years`` end the subsidy, whichever comes first; None: no such end.
    """

    plant_id: str
    prices: tuple[PriceComponent, ...]
    taxation: tuple[Taxation, ...] = ()
    subsidised_hours: int | None = None
    subsidised_years: int | None = None

    def components_on(self, day: date) -> tuple[str, ...]:
        """Return the components in force on a day."""
        return tuple(sorted({price.component for price in self.prices if price.valid_from <= day}))

    def price_on(self, component: str, day: date) -> Decimal | None:
        """Return the price of a component on a day of energy, None where there is none. [yuan/kWh]"""
        found = [p for p in self.prices if p.component == component and p.valid_from <= day]
        return max(found, key=lambda p: p.valid_from).yuan_per_kwh if found else None

    def subsidy_ends(self, grid_date: date) -> date | None:
        """Return the first day without subsidy by its years; None: no such end."""
        return None if self.subsidised_years is None else _after_years(grid_date, self.subsidised_years)

    def taxation_on(self, day: date) -> Taxation:
        """Return seller and regime on a day.

        Raises
        ------
        ConfigurationError
            Nobody said who sells and how it is taxed; guessing would decide the tax.
        """
        found = [one for one in self.taxation if one.valid_from <= day]
        if not found:
            raise FactMissingError("no_seller", plant=self.plant_id, day=day)
        return max(found, key=lambda one: one.valid_from)


@dataclass(frozen=True)
class Tariffs:
    """Tariffs of every plant, and what costs may come to before somebody is warned.

    ``ceilings`` are fen per watt and year, by the name of the cost.
    """

    by_plant: Mapping[str, Tariff] = field(default_factory=dict)
    ceilings: Mapping[CostKind, int] = field(default_factory=dict)

    def of(self, plant_id: str) -> Tariff:
        """Return the tariff of a plant; a plant nobody priced has none of anything."""
        return self.by_plant.get(plant_id) or Tariff(plant_id, ())


def fen_of(kwh: Decimal, yuan_per_kwh: Decimal) -> int:
    """Return energy times price, rounded half up to the fen: the one place where a price becomes money."""
    return int((kwh * yuan_per_kwh * _FEN_PER_YUAN).quantize(_ONE, ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Segment:
    """Energy between two readings: both days included. [kWh]"""

    first: date
    last: date
    kwh: Decimal


def price_energy(tariff: Tariff, component: str, segments: Sequence[Segment]) -> list[int]:
    """Return the money of each segment at the price of its own days. [fen]

    Raises
    ------
    MoneyError
        A price changes inside a segment: without a reading on that day nobody knows how much fell on which
        side, so it is not split by days in silence.
    """
    found = []
    for segment in segments:
        price = tariff.price_on(component, segment.first)
        if price is None:
            raise SumsError("no_price", plant=tariff.plant_id, component=component, day=segment.first)
        change = change_within(tariff, component, segment.first, segment.last)
        if change is not None:
            raise SumsError(
                "price_changes",
                plant=tariff.plant_id,
                component=component,
                day=change,
                first=segment.first,
                last=segment.last,
            )
        found.append(fen_of(segment.kwh, price))
    return found


def change_within(tariff: Tariff, component: str, first: date, last: date) -> date | None:
    """Return the day a price changes after ``first`` and up to ``last``, None when it does not."""
    days = (p.valid_from for p in tariff.prices if p.component == component and first < p.valid_from <= last)
    return min(days, default=None)


def split_vat(gross_fen: int, rate: Decimal) -> tuple[int, int]:
    """Return net and VAT of an amount that includes VAT: net rounded half up, VAT the rest. [fen]"""
    net = int((Decimal(gross_fen) / (1 + rate)).quantize(_ONE, ROUND_HALF_UP))
    return net, gross_fen - net


@dataclass(frozen=True, slots=True)
class SubsidyCounter:
    """How much of a plant's subsidised life is used. Hours are kWh over approved kW. [h]"""

    used_hours: Decimal
    hours_max: int | None
    ends_on: date | None

    @property
    def left_hours(self) -> Decimal | None:
        """Hours left, None where no limit is set. [h]"""
        return None if self.hours_max is None else max(Decimal(0), self.hours_max - self.used_hours)


def subsidy_counter(
    tariff: Tariff, grid_date: date, capacity_kw: Decimal, kwh: Decimal, opening_hours: Decimal = Decimal(0)
) -> SubsidyCounter:
    """Return the counter of subsidised hours after ``kwh`` of energy beyond ``opening_hours``."""
    if capacity_kw <= 0:
        raise SumsError("no_capacity", plant=tariff.plant_id)
    ends = tariff.subsidy_ends(grid_date)
    used = opening_hours + (kwh / capacity_kw).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return SubsidyCounter(used, tariff.subsidised_hours, ends)


def _after_years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)
