"""What the district decided about its other industries, as data: indicators, funds, subsidies, limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from industries.indicator import EntryUnit, Indicator


@dataclass(frozen=True, slots=True)
class Industry:
    """A kind of business the district develops."""

    industry_id: str
    name: str
    name_en: str


class FundKind(StrEnum):
    """What a fund pays for."""

    SUBSIDY = "subsidy"  # by area and rule
    GUARANTEE = "guarantee"  # a part of a loss, against evidence


@dataclass(frozen=True, slots=True)
class Fund:
    """A fund with an account and books of its own.

    Attributes
    ----------
    cap_fen : int or None
        It never holds more; None: no cap.
    coverage : Decimal or None
        The part of an assessed loss that is paid; only guarantee funds have one.
    claim_fen_max : int or None
        One claim is never paid more.
    """

    fund_id: str
    kind: FundKind
    name: str
    name_en: str
    industries: tuple[str, ...]
    valid_from: date
    document: str
    sentence: str
    cap_fen: int | None = None
    coverage: Decimal | None = None
    claim_fen_max: int | None = None
    terms_assumed: bool = True


@dataclass(frozen=True, slots=True)
class SubsidyRule:
    """What a unit of an indicator is subsidised with, from a day on. ``least`` is in entry units."""

    rule_id: str
    fund_id: str
    indicator_id: str
    valid_from: date
    fen_per_unit: int
    least: Decimal
    payee_fen_max: int | None
    document: str
    rate_assumed: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """When something is said to be odd. Assumed unless the document says otherwise.

    Attributes
    ----------
    due_day : int
        Day of the following month until which a report may come.
    behind : Decimal
        Part of the path by which an industry may be behind before somebody is told.
    price_drop : Decimal
        Fall of a price against the month before.
    claim_rate : Decimal
        Claims of a year over what the fund received in it.
    neighbour_ratio : Decimal
        How many times the median per village of the other towns is asked about.
    village_mu : Decimal
        Land of a village where ``lands`` does not know it. [mu]
    income_fall : Decimal
        Fall of a household's income against the year before.
    question_days : int
        A question about a household is deleted after so many days.
    notice_days : int
        A subsidy round hangs out so long before it may be approved.
    """

    due_day: int = 5
    behind: Decimal = Decimal("0.1")
    price_drop: Decimal = Decimal("0.2")
    claim_rate: Decimal = Decimal("0.1")
    neighbour_ratio: Decimal = Decimal(3)
    village_mu: Decimal = Decimal(30_000)
    income_fall: Decimal = Decimal("0.3")
    question_days: int = 180
    notice_days: int = 7
    document: str = ""
    lands: Mapping[str, Decimal] = field(default_factory=dict)

    def land_mu(self, village_id: str) -> Decimal:
        """Return the land of a village. [mu]"""
        return self.lands.get(village_id, self.village_mu)


@dataclass(frozen=True, slots=True)
class IndustryRules:
    """Everything `config/industries.yaml` says."""

    industries: tuple[Industry, ...] = ()
    units: tuple[EntryUnit, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    funds: tuple[Fund, ...] = ()
    subsidy_rules: tuple[SubsidyRule, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def in_force(self, day: date) -> tuple[Indicator, ...]:
        """Return the indicators of a day, each in its newest version, in the order of the file."""
        newest: dict[str, Indicator] = {}
        for one in self.indicators:
            known = newest.get(one.indicator_id)
            if one.valid_from <= day and (known is None or known.valid_from <= one.valid_from):
                newest[one.indicator_id] = one
        return tuple(newest.values())

    def indicator(self, indicator_id: str, day: date) -> Indicator | None:
        """Return an indicator as it stands on a day."""
        return next((one for one in self.in_force(day) if one.indicator_id == indicator_id), None)

    def fund(self, fund_id: str, day: date) -> Fund | None:
        """Return a fund as it stands on a day."""
        known = [one for one in self.funds if one.fund_id == fund_id and one.valid_from <= day]
        return max(known, key=lambda one: one.valid_from, default=None)

    def subsidy_rule(self, fund_id: str, day: date) -> SubsidyRule | None:
        """Return the rule by which a fund subsidises on a day."""
        known = [one for one in self.subsidy_rules if one.fund_id == fund_id and one.valid_from <= day]
        return max(known, key=lambda one: one.valid_from, default=None)

    def base_unit(self, base: str) -> EntryUnit:
        """Return the unit in which numbers of a base unit are kept."""
        return next(one for one in self.units_of(base) if one.factor == 1)

    def entered_in(self, entered: str, language: str) -> str:
        """Return a number as it was entered, with the name of its unit in a language."""
        number, _, name = entered.partition(" ")
        unit = next((one for one in self.units if one.name == name), None) if language == "en" else None
        return entered if unit is None else f"{number} {unit.name_en}"

    def units_of(self, base: str) -> tuple[EntryUnit, ...]:
        """Return the units in which a base unit may be entered."""
        return tuple(one for one in self.units if one.base == base)
