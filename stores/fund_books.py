"""Where funds stand, read out of the ledger and the facts people entered; the promises alone are needed."""

from datetime import date

from domain.money_fact import MoneyFact
from industries.fund import FundStanding
from industries.rules import Fund
from revenue import accounts
from revenue.fund_entries import book_of
from revenue.payment import Attempt, Batch, PaymentLine, PaymentState
from stores.industry_protocol import IndustryRecords

CONTRIBUTION, CLAIM, DECISION = "fund_contribution", "fund_claim", "fund_decision"
ROUND, ROUND_STEP, PAYMENT, AWARD = "subsidy_round", "subsidy_step", "fund_payment", "fund_award"
RETURN = "fund_return"
BATCH, REPLY = "fund_batch", "fund_reply"


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


def batch_of(fact: MoneyFact) -> Batch:
    """Return a batch as it was made."""
    content = fact.content
    lines = tuple(PaymentLine(*row) for row in content["lines"])
    made_on = date.fromisoformat(content["on"])
    number = int(content["number"])
    return Batch(
        fact.identity, str(content["source"]), number, fact.made_by, made_on, lines, str(content["digest"])
    )


def batches_of(records: IndustryRecords, source_id: str) -> list[Batch]:
    """Return the batches of a claim or round, oldest first."""
    found = [batch_of(one) for one in records.facts(BATCH) if one.content["source"] == source_id]
    return sorted(found, key=lambda one: one.number)


def payment_id(batch_id: str, number: int) -> str:
    """Return the identity of the payment a line of a batch is."""
    return f"{batch_id}|{number}"


def is_released(records: IndustryRecords, batch: Batch) -> bool:
    """Tell whether every line of a batch is in the books: only then the file may go to the bank."""
    return all(
        records.voucher(f"{PAYMENT}:{payment_id(batch.batch_id, one.number)}") is not None
        for one in batch.lines
    )


def arrived(records: IndustryRecords) -> set[str]:
    """Return the payments of which a bank said that they arrived."""
    return {
        payment_id(str(one.content["batch"]), int(row[0]))
        for one in records.facts(REPLY)
        for row in one.content["lines"]
        if row[2]
    }


def attempts_of(records: IndustryRecords, batch: Batch) -> list[Attempt]:
    """Return the lines of a batch, each with what the bank said of it."""
    said = {
        int(row[0]): row
        for one in records.facts(REPLY)
        if one.content["batch"] == batch.batch_id
        for row in one.content["lines"]
    }
    found = []
    for line in batch.lines:
        row = said.get(line.number)
        if row is None:
            found.append(Attempt(batch.batch_id, line))
            continue
        state = PaymentState.PAID if row[2] else PaymentState.RETURNED
        found.append(Attempt(batch.batch_id, line, state, date.fromisoformat(row[3]), str(row[4])))
    return found
