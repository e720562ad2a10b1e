"""Entry, Posting, Voucher: what the books are made of. An entry sums to zero and is never changed.

Debit (借) is positive fen, credit (贷) negative. A posting on a cash account names its *lot*, the receipt the
money came with, so every fen leads from payment to receipt and back. Vouchers form a chain: the hash of each
covers its own canonical text and the hash before it, so a change anywhere shows.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from domain.errors import LedgerRefusedError, MoneyError

CASH_ACCOUNTS = ("101", "102")  # 库存现金, 银行存款 and everything below them
GENESIS = "0" * 64


def is_cash(account: str) -> bool:
    """Tell whether an account holds money, so that its postings must name a lot."""
    return account.startswith(CASH_ACCOUNTS)


def period_of(day: date) -> str:
    """Return the accounting period of a day, such as ``2026-07``."""
    return f"{day:%Y-%m}"


def canonical(record: Any) -> str:
    """Return the one text of a record: sorted keys, whole numbers, nothing optional; what is hashed."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(record: Any) -> str:
    """Return the SHA-256 of a record's canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(record).encode()).hexdigest()


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
        Two different people; ``checked_by`` is empty only where no second person is required.
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
            raise LedgerRefusedError("off", key=self.key, fen=off_fen)
        if len(self.postings) < 2:
            raise LedgerRefusedError("one_line", key=self.key)
        if self.checked_by and self.checked_by == self.made_by:
            raise LedgerRefusedError("same_person", key=self.key, person=self.made_by)

    @property
    def period(self) -> str:
        """Accounting period it is posted into, such as ``2026-07``."""
        return period_of(self.booked_on)

    def content_hash(self) -> str:
        """Return the hash of what it says: everything but who wrote it down and when."""
        return sha256_of(content_of(self))


def lines_of(postings: Sequence[Posting]) -> list[list[Any]]:
    """Return postings as plain lists, in their order."""
    return [[p.account, p.fen, p.person_id, p.plant_id, p.lot_id] for p in postings]


def content_of(entry: Entry) -> dict[str, Any]:
    """Return what an entry says as a plain record."""
    return {
        "key": entry.key,
        "village_id": entry.village_id,
        "booked_on": entry.booked_on.isoformat(),
        "belongs_to": entry.belongs_to.isoformat(),
        "summary": entry.summary,
        "source_kind": entry.source_kind,
        "source_id": entry.source_id,
        "reverses": entry.reverses,
        "postings": lines_of(entry.postings),
    }


@dataclass(frozen=True, slots=True)
class Voucher:
    """An entry in the books: its place in the whole ledger, its number in village and month, its seal.

    ``sequence`` counts every voucher of the ledger from 1; ``number`` counts those of one village and month.
    """

    sequence: int
    number: int
    entry: Entry
    content_hash: str
    previous_hash: str
    hash: str
    is_new: bool = False  # False: the same key and content was there before

    @property
    def period(self) -> str:
        """Accounting period, such as ``2026-07``."""
        return self.entry.period


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970 UTC."""
    difference = at - _EPOCH
    return (difference.days * 86_400 + difference.seconds) * 1_000_000 + difference.microseconds


def seal(fields: Mapping[str, Any], previous_hash: str) -> str:
    """Return the hash of a row of a chain: its fields and the hash before it."""
    return sha256_of({**fields, "previous_hash": previous_hash})


@dataclass(frozen=True, slots=True)
class Closing:
    """A period of a village closed for good (结账): after it only later periods take entries.

    ``head_sequence`` and ``head_hash`` are the newest voucher of the whole ledger at that moment: printed on
    paper, they are a witness outside the program.
    """

    village_id: str
    period: str
    closed_by: str
    checked_by: str
    closed_at: datetime
    note: str = ""
    head_sequence: int = 0
    head_hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on an account of a village, by plant, person and lot where they apply. [fen]"""

    village_id: str
    account: str
    fen: int
    plant_id: str = ""
    person_id: str = ""
    lot_id: str = ""


@dataclass(frozen=True, slots=True)
class Lot:
    """A receipt of money and what of it was not paid out yet. [fen]"""

    village_id: str
    account: str
    lot_id: str
    received_on: date
    received_fen: int
    left_fen: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The first broken row of a ledger. Its words are at ``broken.<reason>``, those of its place at ``broken.at.<place>``."""

    reason: str
    place: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the whole ledger found. ``broken`` says in English what ``finding`` is; empty when sound."""

    vouchers: int
    postings: int
    closings: int
    head_hash: str
    broken: str = ""
    finding: Broken | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.broken


def reversal(
    entry: Entry, *, key: str, booked_on: date, summary: str, made_by: str, checked_by: str
) -> Entry:
    """Return the entry that undoes ``entry`` (冲正). Correct by adding, so the mistake stays visible.

    Raises
    ------
    LedgerRefusedError
        It is a reversal itself (enter the right thing anew instead), or one person wants to do both parts.
    """
    if entry.reverses:
        raise LedgerRefusedError("reverses_reversal", key=entry.key)
    if not checked_by:
        raise LedgerRefusedError("no_checker", key=key)
    return Entry(
        key=key,
        village_id=entry.village_id,
        booked_on=booked_on,
        belongs_to=entry.belongs_to,
        summary=summary,
        postings=tuple(Posting(p.account, -p.fen, p.person_id, p.plant_id, p.lot_id) for p in entry.postings),
        source_kind="reversal",
        source_id=entry.key,
        made_by=made_by,
        checked_by=checked_by,
        reverses=entry.key,
    )


def take_from_lots(lots: Sequence[Lot], fen: int) -> list[tuple[str, int]]:
    """Return which lots a payment of ``fen`` is taken from, oldest receipt first. [fen]

    Raises
    ------
    LedgerRefusedError
        There is less money than that: what is only owed cannot be paid out.
    """
    if fen <= 0:
        raise LedgerRefusedError("not_positive", fen=fen)
    taken: list[tuple[str, int]] = []
    open_fen = fen
    for lot in sorted(lots, key=lambda one: (one.received_on, one.lot_id)):
        part = min(open_fen, lot.left_fen)
        if part > 0:
            taken.append((lot.lot_id, part))
            open_fen -= part
    if open_fen:
        raise LedgerRefusedError("no_cash", wanted_fen=fen, there_fen=fen - open_fen)
    return taken
