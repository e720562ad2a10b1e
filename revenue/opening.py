"""The opening state (期初): what stands in a village's books at the cut-over; nothing before it is invented.

Read from a sheet with its document, approved by a second person, booked as the first voucher of the village.
Rows for the memory stand beside the books: a subsidy that is owed (no income before it comes), hours subsidised
before, months before the books as one number each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain.ledger import Entry, Posting
from domain.money_fact import MoneyFact
from revenue import accounts
from revenue.bookkeeping import Voucherhead
from revenue.refusal import SumsError
from revenue.tariff import BENCHMARK, SUBSIDY

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
SUBSIDY_OWED, HOURS_USED, EARLIER = "subsidy_receivable", "subsidised_hours", "earlier_income"
MEMO = (SUBSIDY_OWED, HOURS_USED, EARLIER)  # not in the books; hours are hundredths in ``fen``


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """One row of the sheet: what it is, whose, how much. [fen]"""

    item: str
    fen: int
    plant_id: str = ""
    note: str = ""
    period: str = ""  # the month it belongs to; empty: the one before the books begin


@dataclass(frozen=True, slots=True)
class Claim:
    """What the grid owed a village when its books began, by plant, month and part. [fen]"""

    plant_id: str
    period: str
    part: str
    village_id: str
    fen: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening state of one village."""

    village_id: str
    on: date
    document: str
    lines: tuple[OpeningLine, ...]

    @property
    def key(self) -> str:
        """Key of its voucher."""
        return f"opening:{self.village_id}"

    @property
    def off_fen(self) -> int:
        """Debit minus credit; zero when the state is sound. [fen]"""
        return sum(ITEMS[line.item][1] * line.fen for line in self.booked)

    @property
    def booked(self) -> tuple[OpeningLine, ...]:
        """The rows that are in the first voucher."""
        return tuple(line for line in self.lines if line.item in ITEMS)

    def claims(self) -> Iterator[Claim]:
        """Yield what receipts may still pay; a receivable that names no plant is in the books alone."""
        before = f"{self.on.replace(day=1) - timedelta(days=1):%Y-%m}"
        for line in self.lines:
            part = {"receivable": BENCHMARK, SUBSIDY_OWED: SUBSIDY}.get(line.item)
            if part is not None and line.plant_id:
                yield Claim(line.plant_id, line.period or before, part, self.village_id, line.fen)

    def fact(self, made_by: str, made_at: datetime, file_hash: str = "") -> MoneyFact:
        """Return it as a fact to keep; a village opens once."""
        content: dict[str, Any] = {
            "on": self.on.isoformat(),
            "document": self.document,
            "lines": [_kept(line) for line in self.lines],
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
        tuple(OpeningLine(item, int(fen), *rest) for item, fen, *rest in lines),
    )


def _kept(line: OpeningLine) -> list[Any]:
    kept: list[Any] = [line.item, line.fen, line.plant_id, line.note]
    return [*kept, line.period] if line.period else kept


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
        key=opening.key,
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
            for line in opening.booked
        )
    )
