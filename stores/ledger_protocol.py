"""What a ledger promises: vouchers only added, in a chain, and what people entered about money beside it.

The promises are spelled out in tests/stores/records/ledger_contract.py.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from domain.ledger import Balance, Closing, Entry, Lot, Verification, Voucher
from domain.money_fact import FactMark, MoneyFact
from stores.protocol import RecordStore


class LedgerStore(Protocol):
    """The books of every village. Thread safe; nothing here is ever changed or removed."""

    def post(self, entries: Sequence[Entry], at: datetime) -> list[Voucher]:
        """Post entries in one transaction, all or none; return their vouchers in the same order.

        An entry whose key is there with the same content is left alone and its old voucher returned.

        Raises
        ------
        LedgerRefusedError
            Key taken by other content, period closed, cash without a lot or more than the lot holds,
            reversed before, or nothing there to reverse. Nothing was posted.
        """
        ...

    def voucher(self, key: str) -> Voucher | None:
        """Return the voucher of an entry by its key."""
        ...

    def vouchers(
        self,
        village_ids: Collection[str] | None = None,
        first_period: str = "",
        last_period: str = "9999-99",
        *,
        account: str = "",
        after_sequence: int = 0,
        count_max: int | None = None,
    ) -> list[Voucher]:
        """Return vouchers in sequence; ``account`` keeps those that touch it or an account below it."""
        ...

    def posted_keys(self, keys: Collection[str]) -> set[str]:
        """Return which of ``keys`` are in the books."""
        ...

    def reversed_keys(self, keys: Collection[str]) -> dict[str, str]:
        """Return which of ``keys`` were reversed, each with the key of its reversal."""
        ...

    def balances(
        self, village_ids: Collection[str] | None = None, *, through_period: str | None = None
    ) -> list[Balance]:
        """Return what stands on every account, zero left out; with a period, as of its end."""
        ...

    def lots(self, village_id: str) -> list[Lot]:
        """Return the receipts of a village's cash accounts, oldest first, with what is left of each."""
        ...

    def close_period(self, closing: Closing) -> Closing:
        """Close a period of a village for good; return it with the head of the chain at that moment.

        Raises
        ------
        LedgerRefusedError
            It is closed, a later one is, or one person did both parts.
        """
        ...

    def closings(self, village_ids: Collection[str] | None = None) -> list[Closing]:
        """Return closed periods, oldest first."""
        ...

    def head(self) -> tuple[int, str]:
        """Return sequence and hash of the newest voucher; 0 and zeros for an empty ledger."""
        ...

    def verify(self, progress: Callable[[int], None] | None = None) -> Verification:
        """Recompute everything: seals, sums, numbers, balances, closings. Stops at the first broken row."""
        ...


class MoneyFactStore(Protocol):
    """What people entered or imported about money, before and beside the books. Only added."""

    def add_facts(self, facts: Sequence[MoneyFact]) -> list[bool]:
        """Keep facts in one transaction, all or none; False where the same was there before.

        Raises
        ------
        LedgerRefusedError
            The identity is taken by other content; nothing was kept.
        """
        ...

    def facts(
        self,
        kind: str,
        *,
        plant_ids: Collection[str] | None = None,
        village_ids: Collection[str] | None = None,
        first_period: str = "",
        last_period: str = "9999-99",
        identity: str | None = None,
    ) -> list[MoneyFact]:
        """Return facts of one kind in the order they were kept."""
        ...

    def fact_marks(
        self,
        kind: str,
        *,
        village_ids: Collection[str] | None = None,
        first_period: str = "",
        last_period: str = "9999-99",
        identities: Collection[str] | None = None,
    ) -> list[FactMark]:
        """Return which facts of one kind are kept, in that order, without reading what they say."""
        ...


class MoneyStore(LedgerStore, MoneyFactStore, Protocol):
    """Books and money facts behind one transaction manager."""

    def transaction(self) -> AbstractContextManager[None]:
        """Open one transaction: everything this thread keeps inside is kept together, or not at all."""
        ...


class MoneyRecords(RecordStore, LedgerStore, MoneyFactStore, Protocol):
    """The whole records store, books included: acts on money and their audit are one transaction."""
