"""What commands on funds share: facts as people enter them, heads of vouchers, entries of payments and returns."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from access.principal import Principal
from commands.industry_base import IndustryCommands
from domain.errors import LedgerRefusedError
from domain.ledger import Entry, Voucher
from domain.money_fact import MoneyFact
from industries.fund import FundStanding
from industries.report import refuse
from revenue.bookkeeping import Voucherhead
from revenue.fund_entries import book_of, fund_payment_entry, fund_return_entry
from stores.fund_books import PAYMENT, RETURN, standing_in
from texts.loader import Texts

_WORDS = Texts("zh")  # summaries of vouchers are kept as written, in the language of the books


class FundBooks(IndustryCommands):
    """Base of the commands on funds."""

    def _fact(
        self,
        principal: Principal,
        kind: str,
        identity: str,
        fund_id: str,
        on: date,
        content: Mapping[str, Any],
        village_id: str = "",
    ) -> MoneyFact:
        return MoneyFact(
            kind,
            identity,
            {**content, "fund": fund_id},
            principal.user_id,
            self._clock.now(),
            village_id=village_id,
            period=f"{on:%Y-%m}",
        )

    def _keep(self, facts: Sequence[MoneyFact]) -> list[bool]:
        try:
            return self._store.add_facts(facts)
        except LedgerRefusedError as error:
            raise refuse("decided", text=str(error.values.get("identity", ""))) from error

    def _found(self, kind: str, identity: str) -> MoneyFact:
        found = self._store.facts(kind, identity=identity)
        if not found:
            raise refuse("not_found", text=identity[:60])
        return found[0]

    def _standing(self, fund_id: str) -> FundStanding:
        return standing_in(self._store, self._fund(fund_id))

    def _waiting(self, source_id: str) -> list[MoneyFact]:
        """Return payments noted at the bank and not booked; those of a batch are booked by its release alone."""
        return [
            one
            for one in self._store.facts(PAYMENT)
            if one.content["source"] == source_id
            and "batch" not in one.content
            and self._store.voucher(f"{PAYMENT}:{one.identity}") is None
        ]

    def _head(
        self, key: str, fact: MoneyFact, summary: str, principal: Principal, **words: object
    ) -> Voucherhead:
        return Voucherhead(
            key,
            book_of(str(fact.content["fund"])),
            self._today,
            date.fromisoformat(f"{fact.period}-01"),
            _WORDS(f"industries.summary.{summary}", **words),
            fact.kind,
            fact.identity,
            fact.made_by,
            principal.user_id,
        )

    def _post(self, entries: Sequence[Entry]) -> list[Voucher]:
        try:
            return self._store.post(entries, self._clock.now())
        except LedgerRefusedError as error:
            raise refuse("books", reason=_WORDS(f"ledger.refused.{error.reason}", **error.values)) from error

    def _payment_entry(self, fact: MoneyFact, principal: Principal) -> Entry:
        payee, fen = str(fact.content["payee"]), int(fact.content["fen"])
        head = self._head(
            f"{PAYMENT}:{fact.identity}", fact, "payment", principal, what=fact.content["source"]
        )
        try:
            return fund_payment_entry(head, self._store.lots(head.village_id), payee, fen)
        except LedgerRefusedError as error:
            raise refuse("books", reason=_WORDS(f"ledger.refused.{error.reason}", **error.values)) from error

    def _return_entry(self, fact: MoneyFact, paid: Voucher, checked_by: str, on: date) -> Entry:
        moved = Voucherhead(
            f"{RETURN}:{fact.identity}",
            book_of(str(fact.content["fund"])),
            on,
            date.fromisoformat(f"{fact.period}-01"),
            _WORDS("industries.summary.returned", what=fact.content["source"]),
            RETURN,
            fact.identity,
            fact.made_by,
            checked_by,
        )
        return fund_return_entry(moved, paid.entry, str(fact.content["payee"]))
