"""A plant's month settled: its statement lines in force, VAT, deductions, and each village's part. Pure.

A correction statement replaces the lines of the number it names; the month is then settled again as the next
revision: the entries of the old one are reversed, nothing of them is changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.money_fact import MoneyFact
from revenue.accounts import CostKind
from revenue.income import Allocated, PlantMonth, VillagePart, divide
from revenue.statement import GridStatement
from revenue.tariff import BENCHMARK, SUBSIDY, VAT_RATES, Seller, Tariff, split_vat

KIND = "settlement"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a plant's month came to and whose it is. [fen]

    ``act_from`` is the day of the act of ownership the shares are from; ``institution_vat_fen`` went off
    before the money is the villages', ``vat_fen`` is owed by the villages themselves.
    """

    plant_id: str
    period: str
    revision: int
    gross_fen: int
    institution_vat_fen: int
    vat_fen: int
    costs_fen: Mapping[CostKind, int]
    act_from: date
    parts: tuple[VillagePart, ...]

    @property
    def identity(self) -> str:
        """Which settlement of which month."""
        return f"{self.plant_id}|{self.period}|{self.revision}"

    def key_of(self, village_id: str) -> str:
        """Return the key of a village's entry."""
        return f"settlement:{self.identity}:{village_id}"

    @property
    def net_fen(self) -> int:
        """What is left for all villages; may be negative. [fen]"""
        return sum(part.net_fen for part in self.parts)

    def dues_fen(self) -> dict[str, int]:
        """Return what each village has to get: its part after costs, its own VAT still in it. [fen]"""
        return {part.village_id: part.net_fen + part.vat_fen for part in self.parts}

    def fact(self, made_by: str, made_at: datetime) -> MoneyFact:
        """Return it as a fact to keep."""
        content: dict[str, Any] = {
            "revision": self.revision,
            "gross": self.gross_fen,
            "institution_vat": self.institution_vat_fen,
            "vat": self.vat_fen,
            "costs": {kind.value: fen for kind, fen in self.costs_fen.items()},
            "act_from": self.act_from.isoformat(),
            "parts": [
                [p.village_id, p.gross_fen, p.vat_fen, {k.value: fen for k, fen in p.costs_fen.items()}]
                for p in self.parts
            ],
        }
        return MoneyFact(KIND, self.identity, content, made_by, made_at, self.plant_id, "", self.period)


def settlement_of(fact: MoneyFact) -> Settlement:
    """Return the settlement a fact holds."""
    kept = fact.content
    return Settlement(
        fact.plant_id,
        fact.period,
        int(kept["revision"]),
        int(kept["gross"]),
        int(kept["institution_vat"]),
        int(kept["vat"]),
        {CostKind(kind): int(fen) for kind, fen in kept["costs"].items()},
        date.fromisoformat(kept["act_from"]),
        tuple(
            VillagePart(village, gross, vat, {CostKind(kind): fen for kind, fen in costs.items()})
            for village, gross, vat, costs in kept["parts"]
        ),
    )


def lines_in_force(lines: Iterable[GridStatement]) -> list[GridStatement]:
    """Return the lines that stand: those named by a correction are out, the correction is in."""
    every = list(lines)
    replaced = {(line.plant_id, line.period, line.corrects) for line in every if line.corrects}
    return [line for line in every if (line.plant_id, line.period, line.number) not in replaced]


def newest(settlements: Iterable[Settlement]) -> dict[tuple[str, str], Settlement]:
    """Return the settlement in force of each plant and month."""
    found: dict[tuple[str, str], Settlement] = {}
    for one in settlements:
        key = (one.plant_id, one.period)
        if key not in found or found[key].revision < one.revision:
            found[key] = one
    return found


def settle(
    lines: Sequence[GridStatement],
    costs_fen: Mapping[CostKind, int],
    tariff: Tariff,
    shares_w: Mapping[str, int],
    act_from: date,
    earlier: Iterable[Settlement],
    revision: int,
) -> Settlement:
    """Return the settlement of one plant and month.

    Parameters
    ----------
    lines : sequence
        Lines in force of this plant and month; the subsidy part is not money yet and left out.
    costs_fen : mapping
        Deductions the institution keeps back.
    tariff : Tariff
        For seller and tax regime.
    shares_w, act_from
        The share table in force and its day.
    earlier : iterable
        Settlements in force of this plant's other months, for the running total.
    revision : int
        1 for the first.
    """
    first = lines[0]
    gross = sum(line.fen for line in lines if line.component != SUBSIDY)
    taxed = tariff.taxation_on(first.first_of_month)
    _, vat = split_vat(gross, VAT_RATES[taxed.regime])
    by_institution = taxed.seller is Seller.INSTITUTION
    month = PlantMonth(
        first.plant_id,
        first.period,
        gross - vat if by_institution else gross,
        0 if by_institution else vat,
        {kind: fen for kind, fen in costs_fen.items() if fen},
    )
    before = Allocated.after(part for one in earlier if one.act_from == act_from for part in one.parts)
    return Settlement(
        first.plant_id,
        first.period,
        revision,
        gross,
        vat if by_institution else 0,
        month.vat_fen,
        month.costs_fen,
        act_from,
        tuple(divide(month, shares_w, before)),
    )


__all__ = [
    "BENCHMARK",
    "KIND",
    "Settlement",
    "lines_in_force",
    "newest",
    "settle",
    "settlement_of",
]
