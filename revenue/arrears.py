"""What the grid owes and what came of it, by plant, month and part; what each village still has to get. Pure.

Subsidies stand apart: they are accrued on paper by the statement, become money when they arrive, and are never
payable before that.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from revenue.opening import Claim, Opening
from revenue.receipt import Item, Remittance, VillageCash
from revenue.settlement import Settlement
from revenue.statement import GridStatement
from revenue.tariff import BENCHMARK, SUBSIDY

PlantMonthKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ArrearsRow:
    """One plant and year: accrued, received, open; the subsidy apart. [fen]"""

    plant_id: str
    year: str
    accrued_fen: int
    received_fen: int
    subsidy_accrued_fen: int
    subsidy_received_fen: int

    @property
    def open_fen(self) -> int:
        """Benchmark part not received yet. [fen]"""
        return self.accrued_fen - self.received_fen

    @property
    def subsidy_open_fen(self) -> int:
        """Subsidy not received yet. [fen]"""
        return self.subsidy_accrued_fen - self.subsidy_received_fen


def paid_part(component: str) -> str:
    """Return the part a component is paid with: the subsidy by itself, everything else with the month."""
    return SUBSIDY if component == SUBSIDY else BENCHMARK


@dataclass
class Arrears:
    """The state of all claims; `take` moves it on by what a village got or a movement paid."""

    accrued: dict[tuple[str, str, str], int] = field(default_factory=dict)
    received: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _dues: dict[PlantMonthKey, dict[str, int]] = field(default_factory=dict)
    _given: dict[tuple[str, str, str], int] = field(default_factory=dict)  # (plant, month, village)
    _recovered: dict[tuple[str, str], int] = field(default_factory=dict)  # (plant, village)

    @classmethod
    def of(
        cls,
        lines: Iterable[GridStatement],
        settlements: Iterable[Settlement],
        remittances: Iterable[Remittance],
        claims: Iterable[Claim] = (),
    ) -> "Arrears":
        """Return the state after everything known; ``lines`` are those in force, ``claims`` those of opening states."""
        state = cls()
        for line in lines:
            key = (line.plant_id, line.period, paid_part(line.component))
            state.accrued[key] = state.accrued.get(key, 0) + line.fen
        for settlement in settlements:
            state._dues[settlement.plant_id, settlement.period] = settlement.dues_fen()
        for claim in claims:
            state._open_with(claim)
        for remittance in remittances:
            for item in remittance.items:
                state.take_item(item)
            for cash in remittance.cash:
                state.take_cash(cash)
        return state

    def _open_with(self, claim: Claim) -> None:
        key = (claim.plant_id, claim.period, claim.part)
        self.accrued[key] = self.accrued.get(key, 0) + claim.fen
        if claim.part != SUBSIDY:
            dues = self._dues.setdefault((claim.plant_id, claim.period), {})
            dues[claim.village_id] = dues.get(claim.village_id, 0) + claim.fen

    def take_item(self, item: Item) -> None:
        """Note that an item was paid."""
        self.received[item.key] = self.received.get(item.key, 0) + item.fen

    def take_cash(self, cash: VillageCash) -> None:
        """Note what a village got of an item."""
        if cash.component == SUBSIDY:
            return
        key = (cash.plant_id, cash.period, cash.village_id)
        self._given[key] = self._given.get(key, 0) + cash.paid_fen + cash.recovered_fen
        place = (cash.plant_id, cash.village_id)
        self._recovered[place] = self._recovered.get(place, 0) + cash.recovered_fen

    def open_items(self) -> list[Item]:
        """Return what is still open, oldest first."""
        found = [
            Item(period, plant, component, fen - self.received.get((plant, period, component), 0))
            for (plant, period, component), fen in self.accrued.items()
        ]
        return sorted(item for item in found if item.fen > 0)

    def open_fen(self, item: Item) -> int:
        """Return what is open of an item. [fen]"""
        return self.accrued.get(item.key, 0) - self.received.get(item.key, 0)

    def is_settled(self, plant_id: str, period: str) -> bool:
        """Tell whether a plant's month was settled."""
        return (plant_id, period) in self._dues

    def dues_fen(self, plant_id: str, period: str) -> dict[str, int]:
        """Return what each village still has to get of a settled month; negative: it is over. [fen]"""
        return {
            village: fen - self._given.get((plant_id, period, village), 0)
            for village, fen in self._dues.get((plant_id, period), {}).items()
        }

    def deficits_fen(self, plant_id: str) -> dict[str, int]:
        """Return what each village carries from negative or corrected months of a plant, never negative. [fen]"""
        found: dict[str, int] = {}
        for plant, period in self._dues:
            if plant != plant_id:
                continue
            for village, fen in self.dues_fen(plant, period).items():
                found[village] = found.get(village, 0) + max(0, -fen)
        return {
            village: max(0, fen - self._recovered.get((plant_id, village), 0))
            for village, fen in found.items()
        }

    def rows(self) -> list[ArrearsRow]:
        """Return accrued, received and open by plant and year."""
        sums: dict[tuple[str, str], list[int]] = {}
        for source, offset in ((self.accrued, 0), (self.received, 1)):
            for (plant, period, component), fen in source.items():
                row = sums.setdefault((plant, period[:4]), [0, 0, 0, 0])
                row[offset + (2 if component == SUBSIDY else 0)] += fen
        return [ArrearsRow(plant, year, *row) for (plant, year), row in sorted(sums.items())]


def village_cash(remittances: Iterable[Remittance]) -> Mapping[tuple[str, str], int]:
    """Return what each village got by month of arrival, (village, period) → fen."""
    found: dict[tuple[str, str], int] = {}
    for remittance in remittances:
        for cash in remittance.cash:
            key = (cash.village_id, f"{remittance.on:%Y-%m}")
            found[key] = found.get(key, 0) + cash.paid_fen
    return found


class Books(Protocol):
    """Where somebody can ask which entries are posted."""

    def posted_keys(self, keys: Collection[str]) -> set[str]:
        """Return which of ``keys`` are in the books."""
        ...


def approved_claims(openings: Iterable[Opening], books: Books) -> list[Claim]:
    """Return what was owed when books began, of opening states a second person approved."""
    claims = {one.key: list(one.claims()) for one in openings}
    posted = books.posted_keys([key for key, every in claims.items() if every])
    return [claim for key in sorted(posted) for claim in claims[key]]
