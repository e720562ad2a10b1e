"""The opening state (期初): what stands in a village's books at the cut-over; nothing before it is invented.

Read from a sheet with its document, approved by a second person, booked as the first voucher of the village.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.ledger import Entry, Posting
from domain.money_fact import MoneyFact
from revenue import accounts
from revenue.bookkeeping import Voucherhead
from revenue.refusal import SumsError

KIND = "opening"
LOT = "opening"
ITEMS: Mapping[str, tuple[str, int]] = {  # what a row may be → account and side
    "bank": (accounts.CASH_AT_BANK, 1),
    "receivable": (accounts.DUE_FROM_GRID, 1),
    "payable": (accounts.PAYABLE, -1),
    "labour_payable": (accounts.LABOUR_PAYABLE, -1),
    "vat_payable": (accounts.VAT_PAYABLE, -1),
    "earmarked": (accounts.EARMARKED, -1),
    "reserve": (accounts.RESERVE, -1),
    "retained": (accounts.RETAINED, -1),
}


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """One row of the sheet: what it is, whose, how much. [fen]"""

    item: str
    fen: int
    plant_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening state of one village."""

    village_id: str
    on: date
    document: str
    lines: tuple[OpeningLine, ...]

    @property
    def off_fen(self) -> int:
        """Debit minus credit; zero when the state is sound. [fen]"""
        return sum(ITEMS[line.item][1] * line.fen for line in self.lines)

    def fact(self, made_by: str, made_at: datetime, file_hash: str = "") -> MoneyFact:
        """Return it as a fact to keep; a village opens once."""
        content: dict[str, Any] = {
            "on": self.on.isoformat(),
            "document": self.document,
            "lines": [[line.item, line.fen, line.plant_id, line.note] for line in self.lines],
        }
        period = f"{self.on:%Y-%m}"
        return MoneyFact(
            KIND, self.village_id, content, made_by, made_at, "", self.village_id, period, file_hash
        )


def opening_of(fact: MoneyFact) -> Opening:
    """Return the opening state a fact holds."""
    kept = fact.content
    lines: Sequence[Any] = kept["lines"]
    return Opening(
        fact.village_id,
        date.fromisoformat(kept["on"]),
        kept["document"],
        tuple(OpeningLine(item, int(fen), plant, note) for item, fen, plant, note in lines),
    )


def opening_entry(opening: Opening, summary: str, made_by: str, checked_by: str) -> Entry:
    """Return the first voucher of a village.

    Raises
    ------
    SumsError
        Assets and what they are owed to differ: ask for the missing row, never invent it.
    """
    if opening.off_fen:
        raise SumsError("opening_off", village=opening.village_id, fen=opening.off_fen)
    head = Voucherhead(
        key=f"opening:{opening.village_id}",
        village_id=opening.village_id,
        booked_on=opening.on,
        belongs_to=opening.on.replace(day=1),
        summary=summary,
        source_kind=KIND,
        source_id=opening.document,
        made_by=made_by,
        checked_by=checked_by,
    )
    return head.entry(
        *(
            Posting(
                ITEMS[line.item][0],
                ITEMS[line.item][1] * line.fen,
                plant_id=line.plant_id,
                lot_id=LOT if line.item == "bank" else "",
            )
            for line in opening.lines
        )
    )
