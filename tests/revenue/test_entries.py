"""Small entries: nothing to book is no entry, a fund's payment that came back returns to its contributions."""

from datetime import date

from domain.ledger import Lot, Posting
from revenue import accounts
from revenue.accounts import CostKind
from revenue.bookkeeping import Voucherhead, settlement_entry
from revenue.fund_entries import award_entry, contribution_entry, fund_payment_entry, fund_return_entry

ON = date(2026, 7, 1)
HEAD = Voucherhead("k", "fund-f", ON, ON, "摘要", "kind", "id", "a", "b")


def test_a_month_in_which_nothing_is_earned_and_nothing_kept_back_is_not_booked() -> None:
    nothing = settlement_entry(HEAD, "p", gross_fen=0, vat_fen=0, costs_fen={CostKind.RENT: 0})
    assert nothing is None
    small = settlement_entry(HEAD, "p", gross_fen=100, vat_fen=0, costs_fen={CostKind.RENT: 0})
    assert small is not None
    assert [(one.account, one.fen) for one in small.postings] == [
        (accounts.DUE_FROM_GRID, 100),
        (accounts.SALES, -100),
    ]


def test_a_funds_money_comes_is_granted_paid_from_the_oldest_and_returns_where_it_came_from() -> None:
    came, granted = contribution_entry(HEAD, "c1", 300), award_entry(HEAD, {"x": 250, "y": 50})
    lots = [Lot("fund-f", accounts.FUND_CASH, name, ON, fen, fen) for name, fen in (("c1", 200), ("c2", 100))]
    other = Lot("fund-f", accounts.CASH_AT_BANK, "r", ON, 900, 900)
    paid = fund_payment_entry(HEAD, [other, *lots], "x", 250)
    back = fund_return_entry(HEAD, paid, "x")
    assert all(sum(one.fen for one in entry.postings) == 0 for entry in (came, granted, paid, back))
    assert granted.postings[0] == Posting(accounts.EARMARKED, 300)
    assert {(one.lot_id, one.fen) for one in paid.postings if one.lot_id} == {("c1", -200), ("c2", -50)}
    assert {(one.lot_id, one.fen) for one in back.postings if one.lot_id} == {("c1", 200), ("c2", 50)}
    assert [(one.person_id, one.fen) for one in back.postings if one.person_id] == [("x", -250)]
