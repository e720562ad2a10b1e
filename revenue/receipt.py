"""Bank movements (流水), what they are for, and what of it each village gets.

A movement is matched to items (plant, month, price component): proposed here by amount and period, confirmed
by a person. One movement may pay many plants and months; a late subsidy is attributed to the months it was
earned in. Of a benchmark payment a village gets its part of the month's net; its carried deficit is made good
first, so nobody is ever debited.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.money_fact import MoneyFact
from revenue.income import attribute, split_signed
from revenue.refusal import SumsError

MOVEMENT = "movement"
REMITTANCE = "remittance"
VOID = "remittance_void"
ADVICE = "advice_confirmed"


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that came to the account of the settlement institution (or the village). [fen]"""

    bank_account: str
    reference: str
    on: date
    fen: int
    payer: str
    summary: str = ""
    photo: str = ""

    @property
    def identity(self) -> str:
        """What makes it this movement: account, day and the bank's own number."""
        return f"{self.bank_account}|{self.on.isoformat()}|{self.reference}"

    def fact(self, made_by: str, made_at: datetime, file_hash: str = "") -> MoneyFact:
        """Return it as a fact to keep."""
        content: dict[str, Any] = {
            "bank_account": self.bank_account,
            "reference": self.reference,
            "on": self.on.isoformat(),
            "fen": self.fen,
            "payer": self.payer,
            "summary": self.summary,
            "photo": self.photo,
        }
        period = f"{self.on:%Y-%m}"
        return MoneyFact(MOVEMENT, self.identity, content, made_by, made_at, "", "", period, file_hash)


def movement_of(fact: MoneyFact) -> Movement:
    """Return the movement a fact holds."""
    kept = fact.content
    return Movement(
        kept["bank_account"],
        kept["reference"],
        date.fromisoformat(kept["on"]),
        int(kept["fen"]),
        kept["payer"],
        kept["summary"],
        kept["photo"],
    )


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """Something the grid owes: a price component of a plant's month. [fen]"""

    period: str
    plant_id: str
    component: str
    fen: int

    @property
    def key(self) -> tuple[str, str, str]:
        """Which one, whatever its amount."""
        return (self.plant_id, self.period, self.component)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a movement probably pays. ``certain`` when exactly one reading fits the amount."""

    items: tuple[Item, ...]
    certain: bool


Payers = Mapping[tuple[str, str], Collection[str]]  # (plant, component) → who paid it so far


def propose(movement: Movement, open_items: Sequence[Item], payers: Payers | None = None) -> Proposal | None:
    """Return what a movement probably pays: one item, one component of a month or year, or all of a plant.

    Only sums that fit to the fen are proposed; what is older comes first. Of several readings those count that this
    payer paid before; one that others always paid is never certain.
    """
    earned = [
        item for item in open_items if item.period < f"{movement.on:%Y-%m}"
    ]  # energy comes before money
    fitting = [group for group in _groups(earned) if sum(item.fen for item in group) == movement.fen]
    distinct = sorted(
        {tuple(sorted(group)) for group in fitting}, key=lambda group: (group[0].period, len(group))
    )
    if not distinct:
        return None
    known = (payers or {}) if movement.payer else {}
    likely = [group for group in distinct if not _is_strange(movement.payer, group, known)]
    usual = [group for group in likely if _is_usual(movement.payer, group, known)]
    found = usual or likely
    return Proposal(found[0], len(found) == 1) if found else Proposal(distinct[0], certain=False)


def _is_strange(payer: str, group: Sequence[Item], known: Payers) -> bool:
    """Tell whether something of a reading was paid by others so far and never by this payer."""
    return any(
        known.get((item.plant_id, item.component)) and not _is_usual(payer, [item], known) for item in group
    )


def _is_usual(payer: str, group: Sequence[Item], known: Payers) -> bool:
    return all(payer in known.get((item.plant_id, item.component), ()) for item in group)


def payers_of(remittances: Iterable["Remittance"], movements: Iterable[Movement]) -> Payers:
    """Return who paid each component of each plant, by the matches people confirmed."""
    by_movement = {one.identity: one.payer for one in movements}
    found: dict[tuple[str, str], set[str]] = {}
    for remittance in remittances:
        payer = by_movement.get(remittance.movement_id, "")
        for item in remittance.items if payer else ():
            found.setdefault((item.plant_id, item.component), set()).add(payer)
    return found


def _groups(items: Sequence[Item]) -> list[list[Item]]:
    """Group open items the ways payments come: single, by month, year or plant, one component or all."""
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        year = item.period[:4]
        for key in (
            ("one", item.plant_id, item.period, item.component),
            ("month", item.period, item.component),
            ("month", item.period),
            ("year", year, item.component),
            ("plant-year", item.plant_id, year, item.component),
            ("plant", item.plant_id, item.component),
            ("component", item.component),
        ):
            groups.setdefault(key, []).append(item)
    return list(groups.values())


def subsidy_items(plant_id: str, component: str, fen: int, open_items: Sequence[Item]) -> list[Item]:
    """Return a late remittance of one plant attributed to the months it was earned in. [fen]

    Parameters
    ----------
    plant_id, component : str
    fen : int
        What came for this plant.
    open_items : sequence
        What is open in the months the remittance names.
    """
    accrued = {
        item.period: item.fen
        for item in open_items
        if item.plant_id == plant_id and item.component == component and item.fen > 0
    }
    if not accrued:
        raise SumsError("nothing_open", plant=plant_id)
    return [Item(month, plant_id, component, part) for month, part in sorted(attribute(fen, accrued).items())]


@dataclass(frozen=True, slots=True)
class VillageCash:
    """What one village gets of one item. ``recovered_fen`` made good a deficit carried from earlier. [fen]"""

    village_id: str
    plant_id: str
    period: str
    component: str
    paid_fen: int
    recovered_fen: int = 0


def remit(
    item: Item, gross_fen: int, dues_fen: Mapping[str, int], deficits_fen: Mapping[str, int]
) -> list[VillageCash]:
    """Return what each village gets of a benchmark payment.

    Parameters
    ----------
    item : Item
        With the amount that came.
    gross_fen : int
        What the statement asked for.
    dues_fen : mapping
        Each village's due of the month after VAT and costs that is still open; negative: a deficit, nothing is due.
    deficits_fen : mapping
        What each village still carries for this plant.
    """
    open_dues = {village: max(0, fen) for village, fen in dues_fen.items()}
    total = sum(open_dues.values())
    if item.fen < gross_fen:
        total = total * item.fen // gross_fen
    parts = split_signed(total, open_dues) if total else dict.fromkeys(open_dues, 0)
    found = []
    for village, part in sorted(parts.items()):
        recovered = min(part, deficits_fen.get(village, 0))
        found.append(
            VillageCash(village, item.plant_id, item.period, item.component, part - recovered, recovered)
        )
    return found


@dataclass(frozen=True, slots=True)
class Remittance:
    """A confirmed match: the items a movement paid and what each village got of them."""

    movement_id: str
    items: tuple[Item, ...]
    cash: tuple[VillageCash, ...]
    on: date
    attempt: int = 1

    @property
    def identity(self) -> str:
        """Which match of which movement; a second one only after the first was undone."""
        return f"{self.movement_id}|{self.attempt}"

    def key_of(self, village_id: str) -> str:
        """Return the key of a village's entry."""
        return f"receipt:{self.identity}:{village_id}"

    def fact(self, made_by: str, made_at: datetime) -> MoneyFact:
        """Return it as a fact to keep; a movement is remitted once."""
        content: dict[str, Any] = {
            "items": [[i.plant_id, i.period, i.component, i.fen] for i in self.items],
            "cash": [
                [c.village_id, c.plant_id, c.period, c.component, c.paid_fen, c.recovered_fen]
                for c in self.cash
            ],
            "on": self.on.isoformat(),
            "movement": self.movement_id,
            "attempt": self.attempt,
        }
        return MoneyFact(REMITTANCE, self.identity, content, made_by, made_at, "", "", f"{self.on:%Y-%m}")


def remittance_of(fact: MoneyFact) -> Remittance:
    """Return the remittance a fact holds."""
    kept = fact.content
    return Remittance(
        kept["movement"],
        tuple(Item(period, plant, component, fen) for plant, period, component, fen in kept["items"]),
        tuple(VillageCash(*row) for row in kept["cash"]),
        date.fromisoformat(kept["on"]),
        int(kept["attempt"]),
    )
