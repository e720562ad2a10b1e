"""What the books of a village say about the months of a plan: gross, net, what may be distributed, what lies there.

Read from vouchers alone, so that a plan can never be made on a number nobody booked. Payout itself (514) is no
deduction; the closing of a year moves results and is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from domain.ledger import Balance, Lot, Voucher
from revenue import accounts
from revenue.plan import months_between

INCOME = ("501", "503", "504")
DEDUCTIONS = ("511", "512", "513", "515")
SPENDING = ("514",)
OWED = (accounts.LABOUR_PAYABLE, accounts.MEMBERS, accounts.PAYABLE, accounts.RETURNED_PAYMENT)
YEAR_END = frozenset({"year_end", "year_close"})


@dataclass(frozen=True, slots=True)
class VillageFigures:
    """Figures of one village. [fen] ``deductions_fen`` is by account, over the months asked for."""

    gross_fen: int
    deductions_fen: Mapping[str, int]
    distributable_fen: int
    cash_fen: int
    owed_fen: int
    deficit_fen: int = 0
    net_by_month: Mapping[date, int] = field(default_factory=dict)

    @property
    def net_fen(self) -> int:
        """What the months came to; may be negative. [fen]"""
        return self.gross_fen - sum(self.deductions_fen.values())

    @property
    def free_fen(self) -> int:
        """Cash that nobody is owed yet: what a plan may spend. [fen]"""
        return max(0, self.cash_fen - self.owed_fen)


def figures_of(
    vouchers: Sequence[Voucher],
    lots: Iterable[Lot],
    balances: Iterable[Balance],
    first_month: date,
    last_month: date,
) -> VillageFigures:
    """Return the figures of a village for the months from ``first_month`` to ``last_month``.

    Parameters
    ----------
    vouchers : sequence
        All vouchers of the village up to now: a deficit of earlier months is carried in.
    """
    nets: dict[date, int] = {}
    gross = 0
    deductions: dict[str, int] = {}
    for voucher in vouchers:
        if voucher.entry.source_kind in YEAR_END:
            continue
        month = voucher.entry.belongs_to.replace(day=1)
        inside = first_month <= month <= last_month
        for posting in voucher.entry.postings:
            if posting.account.startswith(INCOME):
                nets[month] = nets.get(month, 0) - posting.fen
                gross -= posting.fen if inside else 0
            elif posting.account.startswith(DEDUCTIONS):
                nets[month] = nets.get(month, 0) - posting.fen
                if inside:
                    deductions[posting.account] = deductions.get(posting.account, 0) + posting.fen
    may, deficit = distributable(nets, last_month)
    months = list(months_between(first_month, last_month))
    return VillageFigures(
        gross,
        {account: fen for account, fen in sorted(deductions.items()) if fen},
        sum(may.get(month, 0) for month in months),
        sum(lot.left_fen for lot in lots if lot.account == accounts.CASH_AT_BANK),
        -sum(one.fen for one in balances if one.account in OWED and one.fen < 0),
        deficit,
        {month: nets.get(month, 0) for month in months},
    )


def distributable(nets: Mapping[date, int], last_month: date) -> tuple[dict[date, int], int]:
    """Return what each month may distribute, and the deficit left: a negative month is carried, never clawed back."""
    deficit = 0
    may: dict[date, int] = {}
    for month in sorted(nets):
        if month > last_month:
            break
        left = nets[month] - deficit
        deficit = max(0, -left)
        may[month] = max(0, left)
    return may, deficit


def spent_by_account(vouchers: Iterable[Voucher], source_ids: Iterable[str]) -> dict[str, int]:
    """Return what was booked as spending for the given sources, by account. [fen]"""
    wanted = frozenset(source_ids)
    found: dict[str, int] = {}
    for voucher in vouchers:
        if voucher.entry.source_id not in wanted:
            continue
        for posting in voucher.entry.postings:
            if posting.account.startswith(SPENDING):
                found[posting.account] = found.get(posting.account, 0) + posting.fen
    return found
