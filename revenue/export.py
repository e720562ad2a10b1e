"""The books in formats of others: beancount (an independent checker), and flat rows for CSV and XLSX. Pure.

Beancount wants accounts that begin with its own five words; ours keep their code inside, so that a balance
there is a balance here. Everything that could make it differ (rounding, order, sign) is left to integers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from domain.ledger import Balance, Voucher

_ROOTS: Mapping[str, str] = {
    "1": "Assets",
    "2": "Liabilities",
    "3": "Equity",
    "50": "Income",
    "51": "Expenses",
}
COLUMNS = (
    *("village", "period", "voucher", "booked_on", "belongs_to", "summary", "account", "account_name"),
    *("debit_yuan", "credit_yuan", "plant", "person", "receipt", "source", "made_by", "checked_by", "hash"),
)


def beancount_account(village_id: str, account: str) -> str:
    """Return the name of an account of a village in beancount's words."""
    root = _ROOTS.get(account[:1]) or _ROOTS[account[:2]]
    return f"{root}:V{village_id}:A{account}"


def yuan(fen: int) -> str:
    """Return fen as yuan with two decimals, no grouping."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def beancount_text(vouchers: Sequence[Voucher], balances: Iterable[Balance]) -> Iterator[str]:
    """Yield the lines of a beancount file: accounts, every voucher, and the balances it must come to.

    Parameters
    ----------
    vouchers : sequence
        All vouchers of the villages, in sequence.
    balances : iterable
        What our books say; written as assertions, so beancount finds a difference by itself.
    """
    yield 'option "operating_currency" "CNY"'
    yield 'option "inferred_tolerance_default" "CNY:0.001"'
    first = min((v.entry.booked_on for v in vouchers), default=date(2000, 1, 1))
    last = max((v.entry.booked_on for v in vouchers), default=first)
    names = {beancount_account(v.entry.village_id, p.account) for v in vouchers for p in v.entry.postings}
    for name in sorted(names):
        yield f"{first.isoformat()} open {name} CNY"
    for voucher in vouchers:
        yield from _transaction(voucher)
    after = (last + timedelta(days=1)).isoformat()
    sums: dict[str, int] = dict.fromkeys(names, 0)
    for balance in balances:
        name = beancount_account(balance.village_id, balance.account)
        sums[name] = sums.get(name, 0) + balance.fen
    for name, fen in sorted(sums.items()):
        yield f"{after} balance {name} {yuan(fen)} ~ 0.00 CNY"  # by itself beancount lets a fen pass


def _transaction(voucher: Voucher) -> Iterator[str]:
    entry = voucher.entry
    yield f'{entry.booked_on.isoformat()} * "{_quoted(entry.summary)}"'
    yield f'  voucher: "{entry.village_id} {voucher.period} {voucher.number}"'
    yield f'  source: "{_quoted(f"{entry.source_kind} {entry.source_id}")}"'
    yield f'  seal: "{voucher.hash}"'
    for posting in entry.postings:
        yield f"  {beancount_account(entry.village_id, posting.account)}  {yuan(posting.fen)} CNY"
        if posting.lot_id:
            yield f'    receipt: "{_quoted(posting.lot_id)}"'


def _quoted(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text).replace("\\", "\\\\").replace('"', '\\"')


def flat_rows(
    vouchers: Iterable[Voucher], names: Mapping[str, str], codes: Mapping[str, str] | None = None
) -> Iterator[tuple[str, ...]]:
    """Yield one row a posting, all text, in the order of `COLUMNS`.

    Parameters
    ----------
    vouchers : iterable
    names : mapping
        Words for accounts, by our code.
    codes : mapping, optional
        The platform's account code for each of ours; without one ours is written.
    """
    for voucher in vouchers:
        entry = voucher.entry
        for posting in entry.postings:
            yield (
                entry.village_id,
                voucher.period,
                str(voucher.number),
                entry.booked_on.isoformat(),
                entry.belongs_to.isoformat(),
                safe(entry.summary),
                (codes or {}).get(posting.account, posting.account),
                names.get(posting.account, ""),
                yuan(posting.fen) if posting.fen > 0 else "",
                yuan(-posting.fen) if posting.fen < 0 else "",
                posting.plant_id,
                posting.person_id,
                safe(posting.lot_id),
                safe(f"{entry.source_kind} {entry.source_id}"),
                entry.made_by,
                entry.checked_by,
                voucher.hash[:16],
            )


def safe(text: str) -> str:
    """Return text no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
