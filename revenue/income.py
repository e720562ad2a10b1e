"""Statement, taxes and deductions of a plant → each owner's part → what a village may distribute. Pure.

A plant's month is settled in steps: gross, minus VAT, minus each cost. Every step is split by the shares in
force, on the running total since the act of ownership, so that villages add up to the plant at every step and
nobody drifts. A negative month is carried forward; it never reaches a household.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.money import Money, split, split_running
from revenue.accounts import CostKind
from revenue.refusal import SumsError


@dataclass(frozen=True, slots=True)
class PlantMonth:
    """What a plant's month came to, before it is divided. [fen]

    ``vat_fen`` is None where the institution sells: its VAT is off before the money is the villages'.
    """

    plant_id: str
    period: str
    gross_fen: int
    vat_fen: int = 0
    costs_fen: Mapping[CostKind, int] = field(default_factory=dict)

    @property
    def after_vat_fen(self) -> int:
        """Gross without VAT. [fen]"""
        return self.gross_fen - self.vat_fen

    @property
    def net_fen(self) -> int:
        """What is left after VAT and costs; may be negative. [fen]"""
        return self.after_vat_fen - sum(self.costs_fen.values())


@dataclass(frozen=True, slots=True)
class VillagePart:
    """One village's part of a plant's month. [fen]"""

    village_id: str
    gross_fen: int
    vat_fen: int
    costs_fen: Mapping[CostKind, int]

    @property
    def net_fen(self) -> int:
        """What is left for the village; may be negative. [fen]"""
        return self.gross_fen - self.vat_fen - sum(self.costs_fen.values())


def split_signed(total_fen: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split an amount of either sign. [fen]"""
    return {key: part.fen for key, part in split(Money(total_fen), weights).items()}


@dataclass(frozen=True, slots=True)
class Allocated:
    """What was divided so far under one act of ownership, by village. [fen]"""

    gross_fen: Mapping[str, int] = field(default_factory=dict)
    after_vat_fen: Mapping[str, int] = field(default_factory=dict)
    net_fen: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def after(cls, parts: Iterable[VillagePart]) -> "Allocated":
        """Return the sums of earlier parts."""
        sums: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
        for part in parts:
            stages = (part.gross_fen, part.gross_fen - part.vat_fen, part.net_fen)
            for into, fen in zip(sums, stages, strict=True):
                into[part.village_id] = into.get(part.village_id, 0) + fen
        return cls(*sums)


def split_on(total_fen: int, weights: Mapping[str, int], before_fen: Mapping[str, int]) -> dict[str, int]:
    """Split ``total_fen`` on the running total, so that everybody stays within a fen of exact. [fen]"""
    before = {key: Money(fen) for key, fen in before_fen.items()}
    return {key: part.fen for key, part in split_running(Money(total_fen), weights, before).items()}


def divide(
    month: PlantMonth, shares_w: Mapping[str, int], before: Allocated | None = None
) -> list[VillagePart]:
    """Return each owner's part of a plant's month; gross, VAT, costs and net add up to the plant's own.

    Parameters
    ----------
    month : PlantMonth
    shares_w : mapping
        Shares in whole watts; a plant without a share table is not divided.
    before : Allocated, optional
        What was divided before under the same act.

    Raises
    ------
    MoneyError
        There is no share table.
    """
    if not any(shares_w.values()):
        raise SumsError("no_shares", plant=month.plant_id)
    before = before or Allocated()
    gross = split_on(month.gross_fen, shares_w, before.gross_fen)
    after_vat = split_on(month.after_vat_fen, shares_w, before.after_vat_fen)
    net = split_on(month.net_fen, shares_w, before.net_fen)
    costs = _divide_costs(month, shares_w, {key: after_vat[key] - net[key] for key in shares_w})
    return [VillagePart(key, gross[key], gross[key] - after_vat[key], costs[key]) for key in sorted(shares_w)]


def _divide_costs(
    month: PlantMonth, shares_w: Mapping[str, int], totals_fen: Mapping[str, int]
) -> dict[str, dict[CostKind, int]]:
    """Divide each cost; the last one takes what is left of every village's total, so both sums hold."""
    left = dict(totals_fen)
    found: dict[str, dict[CostKind, int]] = {key: {} for key in shares_w}
    kinds = sorted((kind for kind, fen in month.costs_fen.items() if fen), key=lambda kind: kind.value)
    for kind in kinds:
        parts = split_signed(month.costs_fen[kind], shares_w) if kind is not kinds[-1] else dict(left)
        for key, fen in parts.items():
            left[key] -= fen
            if fen:
                found[key][kind] = fen
    return found


@dataclass(frozen=True, slots=True)
class Carried:
    """A month with what was carried into and out of it. [fen]"""

    period: str
    net_fen: int
    distributable_fen: int
    deficit_carried_fen: int


def carry_forward(months: Sequence[tuple[str, int]], deficit_fen: int = 0) -> list[Carried]:
    """Return what may be distributed month by month: deficits are made good first, nobody is debited. [fen]"""
    found = []
    for period, net_fen in months:
        available = net_fen - deficit_fen
        deficit_fen = max(0, -available)
        found.append(Carried(period, net_fen, max(0, available), deficit_fen))
    return found


def attribute(total_fen: int, accrued_fen: Mapping[str, int]) -> dict[str, int]:
    """Attribute a late remittance to the months it belongs to, in proportion to their accruals. [fen]

    Raises
    ------
    MoneyError
        Nothing was accrued in those months: nobody knows what the money is for.
    """
    if sum(accrued_fen.values()) <= 0:
        raise SumsError("nothing_accrued")
    return split_signed(total_fen, {key: max(0, fen) for key, fen in accrued_fen.items()})


@dataclass(frozen=True, slots=True)
class PayableVerdict:
    """Whether a plan may be paid from the cash that is there. [fen]"""

    accepted: bool
    payable_fen: int
    short_fen: int


def payable(cash_fen: int, plan_fen: int) -> PayableVerdict:
    """Judge a plan against cash on the PV sub-account; what is only accrued does not count."""
    return PayableVerdict(plan_fen <= cash_fen, min(plan_fen, max(0, cash_fen)), max(0, plan_fen - cash_fen))


def ceiling_fen(capacity_w: int, fen_per_w_year: int) -> int:
    """Return the most operation may cost a plant in a year (warned of, never blocked). [fen]"""
    return capacity_w * fen_per_w_year
