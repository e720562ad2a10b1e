"""Events of the money → balanced entries in the accounts of 财会〔2023〕14号. Pure; the store keeps them.

    statement   Dr 112 due from grid      Cr 501 electricity, Cr 214 VAT
    deduction   Dr 511/512 cost           Cr 112 (the institution keeps it) or Cr 211 (the village pays it)
    receipt     Dr 102 PV sub-account     Cr 112 (benchmark part), Cr 501 subsidy part
    wages       Dr 514 posts              Cr 213 person
    payment     Dr 213 person / 211       Cr 102, each line naming the receipt it comes from
    returned    Dr 102, same receipt      Cr 213 person
    lapsed      Dr 213 person             Cr 504 other income

Subsidies are income when they arrive (memo before that), unless the district accrues them; they are never
payable before the cash is there, because a payment is taken from receipts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.ledger import Entry, Lot, Posting, take_from_lots
from revenue import accounts
from revenue.accounts import COST_ACCOUNTS, CostKind


@dataclass(frozen=True, slots=True)
class Voucherhead:
    """What every entry says of itself: where, when, why, on whose word. See domain.ledger.Entry."""

    key: str
    village_id: str
    booked_on: date
    belongs_to: date
    summary: str
    source_kind: str
    source_id: str
    made_by: str
    checked_by: str = ""

    def entry(self, *postings: Posting) -> Entry:
        """Return the entry with these lines; lines of nothing are left out."""
        return Entry(
            key=self.key,
            village_id=self.village_id,
            booked_on=self.booked_on,
            belongs_to=self.belongs_to,
            summary=self.summary,
            postings=tuple(posting for posting in postings if posting.fen),
            source_kind=self.source_kind,
            source_id=self.source_id,
            made_by=self.made_by,
            checked_by=self.checked_by,
        )


def settlement_entry(
    head: Voucherhead,
    plant_id: str,
    *,
    gross_fen: int,
    vat_fen: int,
    costs_fen: Mapping[CostKind, int],
    subsidy_fen: int = 0,
) -> Entry | None:
    """Return the village's part of a plant's month: sales, VAT and what the institution keeps back.

    ``gross_fen`` is with VAT; ``subsidy_fen`` is the subsidy part of it where subsidies are accrued. What is
    left stands on 112 until the money comes. None when there is nothing to book.
    """
    net_sales = gross_fen - vat_fen - subsidy_fen
    lines = [
        Posting(accounts.DUE_FROM_GRID, gross_fen - sum(costs_fen.values()), plant_id=plant_id),
        Posting(accounts.SALES, -net_sales, plant_id=plant_id),
        Posting(accounts.SUBSIDY_SALES, -subsidy_fen, plant_id=plant_id),
        Posting(accounts.VAT_PAYABLE, -vat_fen, plant_id=plant_id),
        *(Posting(COST_ACCOUNTS[kind], fen, plant_id=plant_id) for kind, fen in costs_fen.items()),
    ]
    lines = [line for line in lines if line.fen]
    return head.entry(*lines) if len(lines) > 1 else None


def receipt_entry(
    head: Voucherhead, lot_id: str, *, due_fen: Mapping[str, int], subsidy_fen: Mapping[str, int]
) -> Entry:
    """Return money on the account: what was due by plant, and subsidies that become income by plant."""
    total = sum(due_fen.values()) + sum(subsidy_fen.values())
    return head.entry(
        Posting(accounts.CASH_AT_BANK, total, lot_id=lot_id),
        *(Posting(accounts.DUE_FROM_GRID, -fen, plant_id=plant) for plant, fen in due_fen.items()),
        *(Posting(accounts.SUBSIDY_SALES, -fen, plant_id=plant) for plant, fen in subsidy_fen.items()),
    )


def bill_entry(head: Voucherhead, kind: CostKind, fen: int, plant_id: str = "") -> Entry:
    """Return a bill the village pays itself: cost against payable."""
    return head.entry(
        Posting(COST_ACCOUNTS[kind], fen, plant_id=plant_id),
        Posting(accounts.PAYABLE, -fen, plant_id=plant_id),
    )


def entitlement_entry(head: Voucherhead, cost_account: str, owed_fen: Mapping[str, int]) -> Entry:
    """Return what persons have earned: cost (514…) against what is owed to each person (213)."""
    return head.entry(
        Posting(cost_account, sum(owed_fen.values())),
        *(Posting(accounts.LABOUR_PAYABLE, -fen, person_id=person) for person, fen in owed_fen.items()),
    )


def payment_entry(head: Voucherhead, lots: Sequence[Lot], paid_fen: Mapping[tuple[str, str], int]) -> Entry:
    """Return money paid out: what was owed, by (account, person), against the cash of the oldest receipts.

    Raises
    ------
    LedgerRefusedError
        The receipts do not hold that much.
    """
    total = sum(paid_fen.values())
    cash = [lot for lot in lots if lot.account == accounts.CASH_AT_BANK]
    return head.entry(
        *(Posting(account, fen, person_id=person) for (account, person), fen in paid_fen.items()),
        *(Posting(accounts.CASH_AT_BANK, -fen, lot_id=lot_id) for lot_id, fen in take_from_lots(cash, total)),
    )


def returned_entry(head: Voucherhead, lot_id: str, account: str, person_id: str, fen: int) -> Entry:
    """Return a payment the bank gave back: the money returns to the receipt it came from, and is owed again."""
    return head.entry(
        Posting(accounts.CASH_AT_BANK, fen, lot_id=lot_id),
        Posting(account, -fen, person_id=person_id),
    )


def lapsed_entry(head: Voucherhead, person_id: str, fen: int) -> Entry:
    """Return what a dead member without an heir had earned, as income of the collective (民法典 art. 1160).

    What need not be paid any more is other income (财会〔2023〕14号); no cash moves. A negative ``fen`` is owed again.
    """
    return head.entry(
        Posting(accounts.LABOUR_PAYABLE, fen, person_id=person_id),
        Posting(accounts.OTHER_INCOME, -fen),
    )


def year_end_entry(head: Voucherhead, balances_fen: Mapping[str, int]) -> Entry | None:
    """Return the closing of income and costs (5xx) of a year into the year's result (321).

    ``balances_fen`` are the balances of the 5xx accounts; None when there is nothing to close.
    """
    results = {account: fen for account, fen in balances_fen.items() if account.startswith("5") and fen}
    if not results:
        return None
    lines = [Posting(account, -fen) for account, fen in sorted(results.items())]
    return head.entry(*lines, Posting(accounts.YEAR_RESULT, sum(results.values())))
