"""Where funds stand, read out of the ledger and the facts people entered; the promises alone are needed."""

from industries.fund import FundStanding
from industries.rules import Fund
from revenue import accounts
from revenue.fund_entries import book_of
from stores.industry_protocol import IndustryRecords

CONTRIBUTION, CLAIM, DECISION = "fund_contribution", "fund_claim", "fund_decision"
ROUND, ROUND_STEP, PAYMENT, AWARD = "subsidy_round", "subsidy_step", "fund_payment", "fund_award"
RETURN = "fund_return"


def standing_in(records: IndustryRecords, fund: Fund) -> FundStanding:
    """Return where a fund stands by its books and its claims."""
    left = {accounts.EARMARKED: 0, accounts.FUND_PAYABLE: 0}
    for one in records.balances([book_of(fund.fund_id)]):
        if one.account in left:
            left[one.account] -= one.fen
    free, owed = left[accounts.EARMARKED], left[accounts.FUND_PAYABLE]
    vouchers = records.vouchers([book_of(fund.fund_id)], account=accounts.FUND_CASH)
    received = sum(
        posting.fen
        for voucher in vouchers
        if voucher.entry.source_kind == CONTRIBUTION
        for posting in voucher.entry.postings
        if posting.account == accounts.FUND_CASH
    )
    decided = {one.identity for one in records.facts(DECISION)}
    asked = sum(
        int(one.content["asked_fen"])
        for one in records.facts(CLAIM)
        if one.content["fund"] == fund.fund_id and one.identity not in decided
    )
    return FundStanding(fund, received, received - free, received - free - owed, asked)


def open_amounts(records: IndustryRecords, source_id: str) -> dict[str, int]:
    """Return what is still to be paid of a claim or round, by payee. [fen]"""
    decisions = records.facts(DECISION, identity=source_id)
    if not decisions:
        return {}
    owed = {str(payee): int(fen) for payee, fen in decisions[0].content["payees"].items()}
    for one in records.facts(PAYMENT):
        if one.content["source"] == source_id and records.voucher(f"{RETURN}:{one.identity}") is None:
            owed[one.content["payee"]] -= int(one.content["fen"])
    return owed
