"""Asked by one, done by another: closing a period, reversing a voucher, a voucher typed by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.money_base import MoneyCommands, MoneyRefusedError, refused
from domain.errors import LedgerRefusedError, MoneyError
from domain.ledger import Closing, Entry, Posting, Voucher, period_of, reversal
from domain.money_fact import MoneyFact
from revenue import accounts
from revenue.bookkeeping import Voucherhead
from revenue.ownership import holdings_on
from revenue.red_flags import CLOSED as FLAG_CLOSED
from revenue.tariff import SUBSIDY

ASK_CLOSE, ASK_REVERSE, DRAFT, PLATFORM = "close_request", "reversal_request", "draft", "platform_voucher"
BY_CORRECTION = frozenset({"settlement", "receipt", "reversal", "opening"})
_TEXT_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of a voucher typed by hand. Positive fen is debit."""

    account: str
    fen: int
    plant_id: str = ""
    person_id: str = ""
    lot_id: str = ""


@guarded
class Closings(MoneyCommands):
    """Period close, reversal and hand-typed vouchers; always two persons."""

    @command(Permission.ENTER_MONEY, "period.ask_close")
    def ask_close(self, principal: Principal, village_id: str, period: str, note: str = "") -> None:
        """Ask that a period of a village be closed."""
        village_id = self._village(principal, village_id)
        content = {"note": note[:_TEXT_CHARS_MAX]}
        fact = MoneyFact(
            ASK_CLOSE,
            f"{village_id}|{period}",
            content,
            principal.user_id,
            self._clock.now(),
            "",
            village_id,
            period,
        )
        with self._carry_out(principal, "period.ask_close", fact.identity):
            self._keep([fact])

    @command(Permission.CHECK_MONEY, "period.close")
    def close(self, principal: Principal, village_id: str, period: str) -> Closing:
        """Close a period another person asked to close, when everything of it is in the books."""
        village_id = self._village(principal, village_id)
        fact = self._fact(ASK_CLOSE, f"{village_id}|{period}")
        maker = self._two_persons(principal, [fact.made_by])
        if period >= period_of(self._today()):
            raise MoneyRefusedError("period_runs", period=period)
        self._everything_settled(village_id, period)
        closing = Closing(
            village_id, period, maker, principal.user_id, self._clock.now(), str(fact.content["note"])
        )
        with self._carry_out(principal, "period.close", fact.identity):
            try:
                return self._money.close_period(closing)
            except LedgerRefusedError as error:
                raise refused(error) from error

    @command(Permission.ENTER_MONEY, "voucher.ask_reversal")
    def ask_reversal(self, principal: Principal, key: str, reason: str) -> None:
        """Ask that a voucher be reversed, and say why."""
        voucher = self._reversible(principal, key)
        content = {"reason": self._words(reason)}
        village = voucher.entry.village_id
        fact = MoneyFact(ASK_REVERSE, key, content, principal.user_id, self._clock.now(), "", village)
        with self._carry_out(principal, "voucher.ask_reversal", key, content):
            self._keep([fact])

    @command(Permission.CHECK_MONEY, "voucher.reverse")
    def reverse(self, principal: Principal, key: str) -> Voucher:
        """Reverse a voucher another person asked to reverse (冲正), in the open period."""
        fact = self._fact(ASK_REVERSE, key)
        maker = self._two_persons(principal, [fact.made_by])
        voucher = self._reversible(principal, key)
        reason = str(fact.content["reason"])
        entry = reversal(
            voucher.entry,
            key=f"undo:{key}",
            booked_on=self._today(),
            summary=reason,
            made_by=maker,
            checked_by=principal.user_id,
        )
        with self._carry_out(principal, "voucher.reverse", key):
            return self._post(entry)

    @command(Permission.ENTER_MONEY, "voucher.draft")
    def draft(
        self,
        principal: Principal,
        village_id: str,
        key: str,
        booked_on: date,
        summary: str,
        document: str,
        lines: Sequence[DraftLine],
    ) -> None:
        """Keep a voucher typed by hand; it is in the books when another person approved it."""
        village_id = self._village(principal, village_id)
        for line in lines:
            if line.account not in accounts.EVERY:
                raise MoneyRefusedError("no_account", account=line.account)
        content = {
            "on": booked_on.isoformat(),
            "summary": self._words(summary),
            "document": self._words(document),
            "lines": [[x.account, x.fen, x.plant_id, x.person_id, x.lot_id] for x in lines],
        }
        fact = MoneyFact(
            DRAFT,
            self._words(key),
            content,
            principal.user_id,
            self._clock.now(),
            "",
            village_id,
            period_of(booked_on),
        )
        self._entry(fact, "-")  # refuses what does not balance before it is kept
        with self._carry_out(principal, "voucher.draft", key):
            self._keep([fact])

    @command(Permission.CHECK_MONEY, "voucher.approve")
    def approve(self, principal: Principal, key: str) -> Voucher:
        """Book a voucher another person typed."""
        fact = self._fact(DRAFT, key)
        self._village(principal, fact.village_id)
        self._two_persons(principal, [fact.made_by])
        entry = self._entry(fact, principal.user_id)
        with self._carry_out(principal, "voucher.approve", key):
            return self._post(entry)

    @command(Permission.ENTER_MONEY, "voucher.platform_number")
    def note_platform_number(self, principal: Principal, key: str, number: str) -> None:
        """Write back the number a voucher got on the 三资 platform, where the official books are."""
        voucher = self._money.voucher(key)
        if voucher is None:
            raise MoneyRefusedError("not_found", what=key)
        village = self._village(principal, voucher.entry.village_id)
        content = {"number": self._words(number)}
        fact = MoneyFact(PLATFORM, key, content, principal.user_id, self._clock.now(), "", village)
        with self._carry_out(principal, "voucher.platform_number", key, content):
            self._keep([fact])

    @command(Permission.CHECK_MONEY, "flag.close")
    def close_flag(self, principal: Principal, identity: str, reason: str) -> None:
        """Close a red flag with the reason why it is none."""
        content = {"reason": self._words(reason)}
        fact = MoneyFact(FLAG_CLOSED, self._words(identity), content, principal.user_id, self._clock.now())
        with self._carry_out(principal, "flag.close", identity[:_TEXT_CHARS_MAX], content):
            self._keep([fact])

    # ------------------------------------------------------------------ helpers

    def _entry(self, fact: MoneyFact, checker: str) -> Entry:
        on = date.fromisoformat(fact.content["on"])
        head = Voucherhead(
            key=f"draft:{fact.identity}",
            village_id=fact.village_id,
            booked_on=on,
            belongs_to=on.replace(day=1),
            summary=str(fact.content["summary"]),
            source_kind=DRAFT,
            source_id=str(fact.content["document"]),
            made_by=fact.made_by,
            checked_by=checker,
        )
        try:
            return head.entry(
                *(
                    Posting(account, int(fen), person_id=person, plant_id=plant, lot_id=lot)
                    for account, fen, plant, person, lot in fact.content["lines"]
                )
            )
        except LedgerRefusedError as error:
            raise refused(error) from error
        except MoneyError as error:
            raise MoneyRefusedError("sums", reason=error) from error

    def _reversible(self, principal: Principal, key: str) -> Voucher:
        voucher = self._money.voucher(key)
        if voucher is None:
            raise MoneyRefusedError("not_found", what=key)
        self._village(principal, voucher.entry.village_id)
        if voucher.entry.source_kind in BY_CORRECTION:
            raise MoneyRefusedError("by_correction", kind=voucher.entry.source_kind)
        return voucher

    def _everything_settled(self, village_id: str, period: str) -> None:
        """Refuse while a statement of that month waits: what would be booked later belongs here."""
        day = date(int(period[:4]), int(period[5:7]), 1) + timedelta(days=27)
        plants = holdings_on(self._registry, village_id, day)
        done = self._settlements(plant_ids=plants, first_period=period, last_period=period)
        lines = self._statements(plant_ids=plants, first_period=period, last_period=period)
        open_plants = {line.plant_id for line, _ in lines if line.component != SUBSIDY} - {p for p, _ in done}
        if open_plants:
            raise MoneyRefusedError("unsettled", plants=", ".join(sorted(open_plants)), period=period)

    def _post(self, entry: Entry) -> Voucher:
        try:
            return self._money.post([entry], self._clock.now())[0]
        except LedgerRefusedError as error:
            raise refused(error) from error

    @staticmethod
    def _words(text: str) -> str:
        plain = text.strip()
        if not plain or len(plain) > _TEXT_CHARS_MAX or not plain.isprintable():
            raise MoneyRefusedError("no_document")
        return plain
