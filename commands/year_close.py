"""The closing of a year: income and costs into the year's result, the result into what is retained, a reserve.

Asked by one with its document, done by another. Both entries are booked on the last day of the year, so
December must still be open; afterwards it is closed like every month.
"""

from dataclasses import dataclass
from datetime import date

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.closing import Closings
from commands.money_base import MoneyRefusedError, refused
from domain.errors import LedgerRefusedError
from domain.ledger import Entry, Posting, Voucher
from domain.money_fact import MoneyFact
from revenue import accounts
from revenue.bookkeeping import Voucherhead, year_end_entry
from texts.loader import Texts

ASK_YEAR_END = "year_end_request"
_WORDS = Texts("zh")  # summaries of vouchers are kept as written, in the language of the books
_YEARS = range(2010, 2100)


@dataclass(frozen=True, slots=True)
class YearClosed:
    """What the closing of a year booked. ``result_fen`` is the year's result, positive is a surplus."""

    year: int
    result_fen: int
    reserve_fen: int
    vouchers: tuple[Voucher, ...]


@guarded
class YearClose(Closings):
    """Closing a year of a village; always two persons."""

    @command(Permission.ENTER_MONEY, "year.ask_end")
    def ask_year_end(
        self, principal: Principal, village_id: str, year: int, reserve_fen: int, document: str
    ) -> None:
        """Ask that a year be closed, with the reserve (公积公益金) the members decided and their document."""
        village_id = self._village(principal, village_id)
        if year not in _YEARS or reserve_fen < 0:
            raise MoneyRefusedError("year", year=year)
        content = {"reserve_fen": reserve_fen, "document": self._words(document)}
        identity, now = f"{village_id}|{year}", self._clock.now()
        fact = MoneyFact(
            ASK_YEAR_END, identity, content, principal.user_id, now, "", village_id, f"{year}-12"
        )
        with self._carry_out(principal, "year.ask_end", identity, {"reserve": str(reserve_fen)}):
            self._keep([fact])

    @command(Permission.CHECK_MONEY, "year.end")
    def end_year(self, principal: Principal, village_id: str, year: int) -> YearClosed:
        """Book the closing of a year another person asked for, when everything of it is in the books."""
        village_id = self._village(principal, village_id)
        fact = self._fact(ASK_YEAR_END, f"{village_id}|{year}")
        maker = self._two_persons(principal, [fact.made_by])
        if year >= self._today().year:
            raise MoneyRefusedError("period_runs", period=str(year))
        for month in range(1, 13):
            self._everything_settled(village_id, f"{year}-{month:02d}")
        done = self._entries(fact, year, maker, principal.user_id)
        with self._carry_out(principal, "year.end", fact.identity, {"result": str(done[1])}):
            try:
                vouchers = self._money.post(done[0], self._clock.now())
            except LedgerRefusedError as error:
                raise refused(error) from error
        return YearClosed(year, done[1], int(fact.content["reserve_fen"]), tuple(vouchers))

    def _entries(self, fact: MoneyFact, year: int, maker: str, checker: str) -> tuple[list[Entry], int]:
        village_id, reserve = fact.village_id, int(fact.content["reserve_fen"])
        sums: dict[str, int] = {}
        for one in self._money.balances([village_id], through_period=f"{year}-12"):
            sums[one.account] = sums.get(one.account, 0) + one.fen

        def head(kind: str) -> Voucherhead:
            return Voucherhead(
                key=f"{kind}:{village_id}:{year}",
                village_id=village_id,
                booked_on=date(year, 12, 31),
                belongs_to=date(year, 12, 1),
                summary=_WORDS(f"ledger.summary.{kind}", year=year),
                source_kind=kind,
                source_id=str(fact.content["document"]),
                made_by=maker,
                checked_by=checker,
            )

        closing = year_end_entry(head("year_end"), sums)
        if closing is None:
            raise MoneyRefusedError("year_empty", year=year)
        result = -sum(fen for account, fen in sums.items() if account.startswith("5"))
        result -= sums.get(accounts.YEAR_RESULT, 0)
        if reserve > max(0, result):
            raise MoneyRefusedError("reserve", reserve_fen=reserve, result_fen=result)
        moved = head("year_close").entry(
            Posting(accounts.YEAR_RESULT, result),
            Posting(accounts.RETAINED, reserve - result),
            Posting(accounts.RESERVE, -reserve),
        )
        return [closing, moved] if result else [closing], result
