"""Entry and Posting: what the books are made of. An entry sums to zero and is never changed."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.errors import MoneyError


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry. Positive fen is debit (借), negative is credit (贷).

    ``person_id`` and ``lot_id`` (the receipt that money came from) are empty where they do not apply.
    """

    account: str
    fen: int
    person_id: str = ""
    plant_id: str = ""
    lot_id: str = ""

    def __post_init__(self) -> None:
        if type(self.fen) is not int:
            raise MoneyError(f"money is whole fen, got {self.fen!r}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the books of a village (凭证). Immutable; a mistake is reversed by another entry.

    Attributes
    ----------
    key : str
        Idempotency key made by the caller: the same key with the same content is the same entry, with other
        content it is refused.
    belongs_to : date
        Two time axes: the month the event belongs to (its first day), apart from ``recorded_at``.
    booked_on : date
        Day of the voucher; decides the open period it is posted into.
    source_kind, source_id : str
        What it rests on: ``statement``, ``receipt``, ``plan_line``, ``bank_line``, ``opening``, …
    reverses : str
        Key of the entry it reverses; empty for an ordinary one.
    made_by, checked_by : str
        Two different people where four eyes are required.
    """

    key: str
    village_id: str
    booked_on: date
    belongs_to: date
    summary: str
    postings: tuple[Posting, ...]
    source_kind: str
    source_id: str
    made_by: str
    checked_by: str = ""
    reverses: str = ""
    recorded_at: datetime | None = None

    def __post_init__(self) -> None:
        off_fen = sum(posting.fen for posting in self.postings)
        if off_fen:
            raise MoneyError(f"entry {self.key}: debit and credit differ by {off_fen} fen")
        if len(self.postings) < 2:
            raise MoneyError(f"entry {self.key}: an entry has at least two lines")
