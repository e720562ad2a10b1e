"""Deductions of a plant's month: operation, rent, insurance, tax, other; each with its document and a ceiling."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.money_fact import MoneyFact
from revenue.accounts import CostKind

KIND = "deduction"


@dataclass(frozen=True, slots=True)
class Deduction:
    """What is taken off a plant's month before the villages get it. [fen]"""

    plant_id: str
    period: str
    kind: CostKind
    fen: int
    document: str

    @property
    def identity(self) -> str:
        """What makes it this one and no other."""
        return f"{self.plant_id}|{self.period}|{self.kind.value}|{self.document}"

    def fact(self, made_by: str, made_at: datetime) -> MoneyFact:
        """Return it as a fact to keep."""
        content: dict[str, Any] = {"cost": self.kind.value, "fen": self.fen, "document": self.document}
        return MoneyFact(KIND, self.identity, content, made_by, made_at, self.plant_id, "", self.period)


def deduction_of(fact: MoneyFact) -> Deduction:
    """Return the deduction a fact holds."""
    kept = fact.content
    return Deduction(fact.plant_id, fact.period, CostKind(kept["cost"]), int(kept["fen"]), kept["document"])


def sums(deductions: Iterable[Deduction]) -> dict[CostKind, int]:
    """Return deductions added up by kind. [fen]"""
    found: dict[CostKind, int] = {}
    for one in deductions:
        found[one.kind] = found.get(one.kind, 0) + one.fen
    return found


@dataclass(frozen=True, slots=True)
class CeilingWarning:
    """A kind of cost above its ceiling in a year: a warning, never a refusal. [fen]"""

    plant_id: str
    year: str
    kind: CostKind
    fen: int
    ceiling_fen: int


def above_ceiling(
    plant_id: str, capacity_w: int, deductions: Iterable[Deduction], fen_per_w_year: Mapping[CostKind, int]
) -> list[CeilingWarning]:
    """Return the kinds of cost whose sum of a year is above capacity times ceiling. [fen per W and year]"""
    spent: dict[tuple[str, CostKind], int] = {}
    for one in deductions:
        if one.plant_id == plant_id:
            key = (one.period[:4], one.kind)
            spent[key] = spent.get(key, 0) + one.fen
    return [
        CeilingWarning(plant_id, year, kind, fen, capacity_w * fen_per_w_year[kind])
        for (year, kind), fen in sorted(spent.items(), key=lambda item: (item[0][0], item[0][1].value))
        if kind in fen_per_w_year and fen > capacity_w * fen_per_w_year[kind]
    ]
