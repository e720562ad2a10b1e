"""What people say about the books beside the books: whose are official, the platform's balances, advices received."""

import hashlib
from datetime import date
from decimal import Decimal

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.money_base import MoneyCommands, MoneyRefusedError
from commands.money_files import sheet_rows
from domain.money_fact import MoneyFact
from revenue import platform
from revenue.platform import BooksStatus
from revenue.receipt import ADVICE, REMITTANCE, VOID, remittance_of
from revenue.statement_rows import RowProblem
from revenue.tariff import HOURS

_TEXT_CHARS_MAX = 200


@guarded
class MoneyChecks(MoneyCommands):
    """Status of the books, the platform's side of them, receipt of remittance advices."""

    @command(Permission.CHECK_MONEY, "books.status")
    def set_status(
        self, principal: Principal, village_id: str, status: BooksStatus, since: date, document: str
    ) -> None:
        """Say from which day a village's books here are the official ones, or only auxiliary, on what document."""
        village_id = self._village(principal, village_id)
        content = {
            "status": status.value,
            "from": since.isoformat(),
            "document": self._said(document),
        }
        identity = f"{village_id}|{since.isoformat()}|{status.value}"
        fact = MoneyFact(
            platform.STATUS, identity, content, principal.user_id, self._clock.now(), "", village_id
        )
        with self._carry_out(principal, "books.status", identity, {"document": content["document"]}):
            self._keep([fact])

    @command(Permission.CHECK_MONEY, "books.platform_codes")
    def keep_codes(self, principal: Principal, content: bytes) -> list[RowProblem]:
        """Keep which code of the platform each of our accounts has; the newest file holds for every export."""
        if not principal.scope.everything:
            raise MoneyRefusedError("whole_district")
        codes, problems = platform.read_codes(sheet_rows(content))
        if problems or not codes:
            return problems
        at = self._clock.now()
        identity = hashlib.sha256(f"{at.isoformat()}|{sorted(codes.items())}".encode()).hexdigest()
        fact = MoneyFact(platform.CODES, identity, dict(codes), principal.user_id, at)
        with self._carry_out(principal, "books.platform_codes", identity[:12], {"codes": str(len(codes))}):
            self._keep([fact])
        return []

    @command(Permission.ENTER_MONEY, "books.platform_balances")
    def keep_balances(
        self, principal: Principal, village_id: str, period: str, content: bytes
    ) -> list[RowProblem]:
        """Keep the platform's balances of a village and month; a later sheet of the month stands in its place."""
        village_id = self._village(principal, village_id)
        balances, problems = platform.read_balances(sheet_rows(content))
        if problems:
            return problems
        digest = hashlib.sha256(content).hexdigest()
        identity = f"{village_id}|{period}|{digest[:16]}"
        fact = MoneyFact(
            *(platform.BALANCES, identity, dict(balances), principal.user_id, self._clock.now()),
            *("", village_id, period, digest),
        )
        with self._carry_out(principal, "books.platform_balances", identity):
            self._keep([fact])
        return []

    @command(Permission.ENTER_MONEY, "opening.hours")
    def enter_hours(
        self, principal: Principal, plant_id: str, hours: Decimal, since: date, document: str
    ) -> None:
        """Keep the subsidised hours a plant had used before a month; statements from that month on are added."""
        plant = self._plant(principal, plant_id)
        if hours < 0:
            raise MoneyRefusedError("not_hours", hours=hours)
        content = {"hours": str(hours), "document": self._said(document)}
        fact = MoneyFact(
            *(HOURS, plant.plant_id, content, principal.user_id, self._clock.now()),
            *(plant.plant_id, "", f"{since:%Y-%m}"),
        )
        with self._carry_out(principal, "opening.hours", plant.plant_id, content):
            self._keep([fact])

    @command(Permission.ENTER_MONEY, "advice.confirm")
    def confirm_advice(
        self, principal: Principal, village_id: str, remittance_id: str, note: str = ""
    ) -> int:
        """Confirm for a village that its part of a remittance arrived; return how much it is. [fen]

        The advice is the village's own: who booked the remittance cannot confirm its receipt.
        """
        village_id = self._village(principal, village_id)
        fact = self._fact(REMITTANCE, remittance_id)
        gone = {void.identity for void in self._money.facts(VOID, identity=remittance_id)}
        part = [cash for cash in remittance_of(fact).cash if cash.village_id == village_id]
        if gone or not part:
            raise MoneyRefusedError("not_found", what=remittance_id[:80])
        self._two_persons(principal, [fact.made_by])
        fen = sum(cash.paid_fen for cash in part)
        content = {"fen": fen, "note": note.strip()[:_TEXT_CHARS_MAX]}
        identity = f"{remittance_id}|{village_id}"
        if self._money.facts(ADVICE, identity=identity):
            raise MoneyRefusedError("confirmed_before", what=remittance_id[:80])
        kept = MoneyFact(ADVICE, identity, content, principal.user_id, self._clock.now(), "", village_id)
        with self._carry_out(principal, "advice.confirm", identity[:_TEXT_CHARS_MAX], {"fen": str(fen)}):
            self._keep([kept])
        return fen

    @staticmethod
    def _said(text: str) -> str:
        plain = text.strip()
        if not plain or len(plain) > _TEXT_CHARS_MAX or not plain.isprintable():
            raise MoneyRefusedError("no_document")
        return plain
