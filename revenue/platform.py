"""The official books on the 三资 platform beside ours: which are official, account codes, balances compared. Pure.

Ours are auxiliary (辅助台账) until somebody says otherwise on a document; then the platform's balances of a month
are held against ours, account by account, through the mapping of codes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from domain.ledger import Balance
from domain.money_fact import MoneyFact
from revenue import sheet
from revenue.accounts import EVERY
from revenue.money_rows import Rows
from revenue.sheet import SheetRow
from revenue.statement_rows import RowProblem

STATUS, CODES, BALANCES = "books_status", "platform_codes", "platform_balances"
_BALANCE = {
    "code": ("科目代码", "科目编码", "科目", "code"),
    "debit": ("借方余额", "期末借方余额", "期末借方", "借方", "debit"),
    "credit": ("贷方余额", "期末贷方余额", "期末贷方", "贷方", "credit"),
}
_CODES = {
    "our_code": ("本系统科目", "本系统科目代码", "our_code"),
    "code": ("平台科目", "平台科目代码", "code"),
}


class BooksStatus(Enum):
    """What our books of a village are."""

    AUXILIARY = "auxiliary"  # 辅助台账: the official books stay on the platform
    OFFICIAL = "official"


def status_on(facts: Iterable[MoneyFact], village_id: str, day: date) -> BooksStatus:
    """Return what the books of a village are on a day; auxiliary until a document says otherwise."""
    known = [
        fact
        for fact in facts
        if fact.village_id == village_id and date.fromisoformat(fact.content["from"]) <= day
    ]
    if not known:
        return BooksStatus.AUXILIARY
    newest = max(known, key=lambda fact: (str(fact.content["from"]), fact.made_at))
    return BooksStatus(newest.content["status"])


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One account of the platform: what ours come to, what the platform says (None: it has no such account). [fen]

    ``is_mapped`` is False where nobody said which code of the platform ours is.
    """

    code: str
    accounts: tuple[str, ...]
    ours_fen: int
    theirs_fen: int | None
    is_mapped: bool

    @property
    def off_fen(self) -> int:
        """The platform's balance minus ours. [fen]"""
        return (self.theirs_fen or 0) - self.ours_fen


def compare(
    balances: Iterable[Balance], theirs_fen: Mapping[str, int], codes: Mapping[str, str]
) -> list[ComparedRow]:
    """Return the balances of a village by account of the platform, ours and theirs, debit positive. [fen]"""
    ours: dict[str, int] = {}
    accounts: dict[str, set[str]] = {}
    for one in balances:
        code = codes.get(one.account, one.account)
        ours[code] = ours.get(code, 0) + one.fen
        accounts.setdefault(code, set()).add(one.account)
    return [
        ComparedRow(
            code,
            tuple(sorted(accounts.get(code, ()))),
            ours.get(code, 0),
            theirs_fen.get(code),
            all(account in codes for account in accounts.get(code, ())),
        )
        for code in sorted({*ours, *theirs_fen})
        if ours.get(code, 0) or theirs_fen.get(code)
    ]


def read_balances(rows: Sequence[SheetRow]) -> tuple[dict[str, int], list[RowProblem]]:
    """Return the balances of a platform's balance sheet (科目余额表) by its codes, debit positive. [fen]"""
    reader = Rows(rows, _BALANCE, ("code",))
    found: dict[str, int] = {}
    for row in reader:
        code = reader.take(row, "code", sheet.code)
        debit = reader.take(row, "debit", sheet.fen, needed=False)
        credit = reader.take(row, "credit", sheet.fen, needed=False)
        if code is None:
            continue
        if code in found:
            reader.note(row, "code", "code_twice", code=code)
        found[code] = (debit or 0) - (credit or 0)
    return found, reader.problems


def read_codes(rows: Sequence[SheetRow]) -> tuple[dict[str, str], list[RowProblem]]:
    """Return the platform's code of each of our accounts; an account of ours that is none is refused."""
    reader = Rows(rows, _CODES, ("our_code", "code"))
    found: dict[str, str] = {}
    for row in reader:
        account, code = reader.take(row, "our_code", sheet.code), reader.take(row, "code", sheet.code)
        if account is None or code is None:
            continue
        if account not in EVERY:
            reader.note(row, "our_code", "unknown_code", code=account)
        elif account in found:
            reader.note(row, "our_code", "code_twice", code=account)
        found[account] = code
    return found, reader.problems
