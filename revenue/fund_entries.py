"""What happens in the books of a fund → balanced entries. A fund has books of its own in the ledger.

contribution  Dr 10202 fund account (lot)   Cr 241 earmarked
award         Dr 241 earmarked              Cr 21103 payee
payment       Dr 21103 payee                Cr 10202, each line naming the contribution it comes from
returned      Dr 10202, same contribution   Cr 21103 payee
"""

from collections.abc import Mapping, Sequence

from domain.ledger import Entry, Lot, Posting, take_from_lots
from revenue import accounts
from revenue.bookkeeping import Voucherhead

_PREFIX = "fund-"


def book_of(fund_id: str) -> str:
    """Return the name of a fund's books."""
    return f"{_PREFIX}{fund_id}"


def contribution_entry(head: Voucherhead, lot_id: str, fen: int) -> Entry:
    """Return money that came in; ``lot_id`` names it for good."""
    return head.entry(
        Posting(accounts.FUND_CASH, fen, lot_id=lot_id),
        Posting(accounts.EARMARKED, -fen),
    )


def award_entry(head: Voucherhead, owed_fen: Mapping[str, int]) -> Entry:
    """Return what was granted to payees."""
    return head.entry(
        Posting(accounts.EARMARKED, sum(owed_fen.values())),
        *(Posting(accounts.FUND_PAYABLE, -fen, person_id=payee) for payee, fen in owed_fen.items()),
    )


def fund_payment_entry(head: Voucherhead, lots: Sequence[Lot], payee_id: str, fen: int) -> Entry:
    """Return money paid out of the oldest contributions.

    Raises
    ------
    LedgerRefusedError
        The contributions do not hold that much.
    """
    cash = [lot for lot in lots if lot.account == accounts.FUND_CASH]
    return head.entry(
        Posting(accounts.FUND_PAYABLE, fen, person_id=payee_id),
        *(Posting(accounts.FUND_CASH, -part, lot_id=lot_id) for lot_id, part in take_from_lots(cash, fen)),
    )


def fund_return_entry(head: Voucherhead, paid: Entry, payee_id: str) -> Entry:
    """Return a payment the bank gave back: every part returns to the contribution it came from."""
    back = [Posting(one.account, -one.fen, lot_id=one.lot_id) for one in paid.postings if one.lot_id]
    return head.entry(
        *back, Posting(accounts.FUND_PAYABLE, -sum(one.fen for one in back), person_id=payee_id)
    )
