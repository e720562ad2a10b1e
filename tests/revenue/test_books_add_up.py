"""Whatever happens to a village, in any order: its books add up to what went in and out, and say so to others."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from beancount import loader
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ledger import GENESIS, Balance, Entry, Lot, Voucher, is_cash
from revenue import accounts
from revenue.accounts import CostKind
from revenue.bookkeeping import (
    Voucherhead,
    bill_entry,
    entitlement_entry,
    payment_entry,
    receipt_entry,
    returned_entry,
    settlement_entry,
    year_end_entry,
)
from revenue.distribution import distribute
from revenue.export import beancount_text
from revenue.figures import figures_of
from revenue.plan import Basis, Weighting
from revenue.rule import LineClass
from tests.revenue.builders import line, plan, roster, rule

FEN = st.integers(1, 10**7)
NOW = datetime(2026, 8, 1, tzinfo=UTC)
WHAT = ("settle", "receive", "subsidy", "bill", "earn", "pay person", "pay bill", "return")
EVENTS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(1, 12), FEN, st.integers(0, 10**5), st.sampled_from("ab")),
    max_size=25,
)


@dataclass
class Model:
    """A village kept in plain sums: what it had, what it gave, what it owes. [fen]"""

    received: int = 0
    paid: int = 0
    due: int = 0
    vat: int = 0
    owed: Counter[str] = field(default_factory=Counter)
    bills: int = 0
    income: int = 0
    costs: int = 0
    earned: int = 0
    lots: dict[str, int] = field(default_factory=dict)
    sent: list[tuple[str, str, int]] = field(default_factory=list)

    def head(self, number: int, month: int) -> Voucherhead:
        day = date(2026, month, 5)
        return Voucherhead(
            f"k{number}", "611002101201", day, day.replace(day=1), "事", "x", "x", "li", "wang"
        )

    def open_lots(self) -> list[Lot]:
        day = date(2026, 1, 1)
        return [Lot("v", accounts.CASH_AT_BANK, name, day, left, left) for name, left in self.lots.items()]


def act(model: Model, number: int, event: tuple[str, int, int, int, str]) -> Entry | None:
    """Let one thing happen to the model; return its entry, None when it cannot happen now."""
    what, month, fen, less, person = event
    head, cash = model.head(number, month), model.received - model.paid
    if what == "settle":
        model.due += fen - less
        model.vat += less // 2
        model.income += fen - less // 2
        model.costs += less
        costs = {CostKind.OPERATION: less} if less else {}
        return settlement_entry(head, "p", gross_fen=fen, vat_fen=less // 2, costs_fen=costs)
    if what in {"receive", "subsidy"}:
        is_late = what == "subsidy"
        model.received += fen
        model.lots[head.key] = fen
        model.due -= 0 if is_late else fen
        model.income += fen if is_late else 0
        due, late = ({}, {"p": fen}) if is_late else ({"p": fen}, {})
        return receipt_entry(head, head.key, due_fen=due, subsidy_fen=late)
    if what == "bill":
        model.bills += fen
        model.costs += fen
        return bill_entry(head, CostKind.RENT, fen, "p")
    if what == "earn":
        model.owed[person] += fen
        model.earned += fen
        return entitlement_entry(head, accounts.PUBLIC_POSTS, {person: fen})
    return _money_out(model, head, what, min(fen, cash), person)


def _money_out(model: Model, head: Voucherhead, what: str, fen: int, person: str) -> Entry | None:
    if what == "return":
        if not model.sent:
            return None
        lot, to, back = model.sent.pop()
        model.paid -= back
        model.lots[lot] += back
        model.owed[to] += back
        return returned_entry(head, lot, accounts.LABOUR_PAYABLE, to, back)
    to_person = what == "pay person"
    fen = min(fen, model.owed[person] if to_person else model.bills)
    if fen <= 0:
        return None
    account = (accounts.LABOUR_PAYABLE, person) if to_person else (accounts.PAYABLE, "")
    made = payment_entry(head, model.open_lots(), {account: fen})
    for posting in made.postings:
        if is_cash(posting.account):
            model.lots[posting.lot_id] += posting.fen
            if to_person:
                model.sent.append((posting.lot_id, person, -posting.fen))
    model.paid += fen
    model.owed[person] -= fen if to_person else 0
    model.bills -= 0 if to_person else fen
    return made


def sums_of(entries: list[Entry]) -> Counter[str]:
    found: Counter[str] = Counter()
    for entry in entries:
        for posting in entry.postings:
            found[posting.account] += posting.fen
    return found


def vouchers_of(entries: list[Entry]) -> list[Voucher]:
    return [
        Voucher(n, n, replace(entry, recorded_at=NOW), "c", GENESIS, f"{n:064x}")
        for n, entry in enumerate(entries, 1)
    ]


@given(EVENTS)
@settings(deadline=None)
def test_receipts_are_payments_and_debts_and_what_is_retained_at_every_moment(
    events: list[tuple[str, int, int, int, str]],
) -> None:
    model, entries = Model(), list[Entry]()
    for number, event in enumerate(events):
        made = act(model, number, event)
        if made is None:
            continue
        entries.append(made)
        found = sums_of(entries)
        retained = model.income - model.costs - model.earned
        owed = sum(model.owed.values()) + model.bills + model.vat
        assert model.received - model.paid + model.due == owed + retained, "the model itself is sound"
        assert found[accounts.CASH_AT_BANK] == model.received - model.paid == sum(model.lots.values())
        assert found[accounts.DUE_FROM_GRID] == model.due
        assert found[accounts.LABOUR_PAYABLE] == -sum(model.owed.values())
        assert (found[accounts.PAYABLE], found[accounts.VAT_PAYABLE]) == (-model.bills, -model.vat)
        assert -sum(fen for account, fen in found.items() if account.startswith("5")) == retained


@given(EVENTS, st.integers(1, 12))
@settings(deadline=None)
def test_net_is_income_less_listed_deductions_and_a_deficit_reaches_nobody(
    events: list[tuple[str, int, int, int, str]], last: int
) -> None:
    model, entries = Model(), list[Entry]()
    for number, event in enumerate(events):
        made = act(model, number, (event[0], min(event[1], last), *event[2:]))
        entries += [made] if made is not None else []
    found = figures_of(vouchers_of(entries), [], [], date(2026, 1, 1), date(2026, last, 1))
    assert (found.gross_fen, found.net_fen) == (model.income, model.income - model.costs)
    assert sum(found.net_by_month.values()) == found.net_fen
    assert found.distributable_fen >= 0 <= found.deficit_fen
    assert found.distributable_fen - found.deficit_fen == found.net_fen


@given(EVENTS)
@settings(max_examples=25, deadline=None)
def test_another_program_finds_the_export_of_any_books_without_a_fault(
    events: list[tuple[str, int, int, int, str]],
) -> None:
    model = Model()
    entries = [made for n, event in enumerate(events) if (made := act(model, n, event)) is not None]
    found = sums_of(entries)
    balances = [Balance("611002101201", account, fen) for account, fen in found.items() if fen]
    _, errors, _ = loader.load_string("\n".join(beancount_text(vouchers_of(entries), balances)))
    assert errors == []
    if balances:
        wrong = [replace(balances[0], fen=balances[0].fen + 1), *balances[1:]]
        _, errors, _ = loader.load_string("\n".join(beancount_text(vouchers_of(entries), wrong)))
        assert len(errors) == 1, "a fen more in our balances is found"


@given(EVENTS)
@settings(deadline=None)
def test_a_year_end_empties_income_and_costs_into_the_result(
    events: list[tuple[str, int, int, int, str]],
) -> None:
    model = Model()
    entries = [made for n, event in enumerate(events) if (made := act(model, n, event)) is not None]
    before = sums_of(entries)
    closing = year_end_entry(model.head(99, 12), before)
    has_results = any(fen for account, fen in before.items() if account.startswith("5"))
    assert (closing is not None) is has_results
    after = sums_of([*entries, closing] if closing else entries)
    assert all(fen == 0 for account, fen in after.items() if account.startswith("5"))
    assert after[accounts.YEAR_RESULT] == -(model.income - model.costs - model.earned)


@given(FEN, st.sampled_from([Weighting.POINTS, Weighting.POWER, Weighting.EQUAL]))
def test_money_nobody_has_a_weight_for_stays_where_it_is(fen: int, weighting: Weighting) -> None:
    nobody = replace(roster(), members=())
    aid = line("1", LineClass.AID, fen, Basis.WEIGHTS, weighting=weighting)
    found = distribute(plan(net_fen=fen, lines=(aid,)), rule(), nobody, [])
    assert (found.entitlements, found.retained_fen) == ((), fen)
