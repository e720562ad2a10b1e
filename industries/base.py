"""Operators, bases, lines and contracts: entries of registers, dated; and what farming under the panels adds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from industries.report import ReportFault

OPERATOR, BASE, CONTRACT = "operator", "base", "contract"


class OperatorKind(StrEnum):
    """Who runs a base."""

    COMPANY = "company"
    COOPERATIVE = "cooperative"
    COLLECTIVE = "collective"
    GROWER = "grower"  # 种养大户


@dataclass(frozen=True, slots=True)
class Operator:
    """A company, a cooperative, a collective or a big grower. ``credit_code`` may be empty for a grower."""

    operator_id: str
    kind: OperatorKind
    name: str
    village_id: str
    credit_code: str = ""


@dataclass(frozen=True, slots=True)
class Base:
    """A place of production. A line of a factory is a base with ``is_line``.

    ``plant_id`` ties farming under the panels to the plant above it; ``household_id`` is who works it.
    ``capacity`` is in base units of ``indicator_id``.
    """

    base_id: str
    operator_id: str
    name: str
    industry: str
    indicator_id: str
    village_id: str
    area_mu: Decimal
    capacity: Decimal | None = None
    is_line: bool = False
    latitude: float | None = None
    longitude: float | None = None
    villages: tuple[str, ...] = ()
    households: tuple[str, ...] = ()
    plant_id: str = ""
    crop: str = ""
    household_id: str = ""
    income_fen_per_mu: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def is_under_panels(self) -> bool:
        """Whether it lies under a plant."""
        return bool(self.plant_id)

    @property
    def extra_income_fen(self) -> int | None:
        """What the ground under the panels brings a year beside its power. [fen]"""
        if self.income_fen_per_mu is None:
            return None
        return int(self.area_mu * self.income_fen_per_mu)


@dataclass(frozen=True, slots=True)
class Contract:
    """What an operator agreed with a village or household: an order, land, work, or a share of profit."""

    contract_id: str
    base_id: str
    village_id: str
    household_id: str
    kind: str
    valid_from: date
    valid_to: date | None
    profit_share: Decimal | None
    fixed_fen: int | None
    document: str


def operator_of(content: Mapping[str, Any]) -> Operator:
    """Return the operator an entry says."""
    return Operator(
        content["operator_id"],
        OperatorKind(content["kind"]),
        content["name"],
        content["village_id"],
        content.get("credit_code", ""),
    )


def base_of(content: Mapping[str, Any]) -> Base:
    """Return the base an entry says."""
    return Base(
        base_id=content["base_id"],
        operator_id=content["operator_id"],
        name=content["name"],
        industry=content["industry"],
        indicator_id=content["indicator_id"],
        village_id=content["village_id"],
        area_mu=Decimal(content["area_mu"]),
        capacity=_decimal(content.get("capacity")),
        is_line=bool(content.get("is_line", False)),
        latitude=content.get("latitude"),
        longitude=content.get("longitude"),
        villages=tuple(content.get("villages", ())),
        households=tuple(content.get("households", ())),
        plant_id=content.get("plant_id", ""),
        crop=content.get("crop", ""),
        household_id=content.get("household_id", ""),
        income_fen_per_mu=content.get("income_fen_per_mu"),
        valid_from=_day(content.get("valid_from")),
        valid_to=_day(content.get("valid_to")),
    )


def contract_of(content: Mapping[str, Any]) -> Contract:
    """Return the contract an entry says."""
    return Contract(
        content["contract_id"],
        content["base_id"],
        content["village_id"],
        content.get("household_id", ""),
        content["kind"],
        date.fromisoformat(content["valid_from"]),
        _day(content.get("valid_to")),
        _decimal(content.get("profit_share")),
        content.get("fixed_fen"),
        content.get("document", ""),
    )


def base_faults(
    base: Base, operators: Iterable[str], villages: Mapping[str, Decimal], plants: Iterable[str], row: int = 0
) -> list[ReportFault]:
    """Return what is wrong with a base; ``villages`` are those in scope with their land. [mu]"""
    found = []

    def fault(key: str, **values: object) -> None:
        found.append(ReportFault(key, refuses=True, values=values, row=row))

    if base.operator_id not in set(operators):
        fault("no_operator", operator=base.operator_id)
    for village in (base.village_id, *base.villages):
        if village not in villages:
            fault("no_village", village=village)
    if base.area_mu <= 0:
        fault("negative")
    elif base.village_id in villages and base.area_mu > villages[base.village_id]:
        fault("land", value=f"{base.area_mu:,f}", land=f"{villages[base.village_id]:,f}")
    if base.plant_id and base.plant_id not in set(plants):
        fault("no_plant", plant=base.plant_id)
    return found


def decimal_of(text: str) -> Decimal | None:
    """Return a typed number, None when it is none."""
    try:
        number = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _decimal(value: Any) -> Decimal | None:
    return None if value in {None, ""} else Decimal(str(value))


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None
