"""Funds: contributions, claims and subsidy rounds, granted by a second person and paid out of the fund's own books.

What people enter is a fact; what the second person grants or confirms is an entry of the ledger. Nothing is
granted that the fund has not free, nothing is paid that did not come in.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from access.villages import villages_seen
from commands.audit import command
from commands.fund_books import FundBooks
from commands.industry_base import paper_kind
from commands.industry_files import heads
from commands.tables import read_table
from domain.ledger import Voucher
from domain.money_fact import MoneyFact
from industries.base import decimal_of
from industries.fund import (
    Claim,
    SubsidyLine,
    award_faults,
    claim_faults,
    contribution_faults,
    payable_fen,
    round_faults,
    work_out,
)
from industries.report import ReportFault, ReportRefusedError, refuse
from industries.rules import SubsidyRule
from revenue.fund_entries import award_entry, contribution_entry
from stores.fund_books import AWARD, CLAIM, CONTRIBUTION, DECISION, PAYMENT, ROUND, ROUND_STEP, open_amounts

_ROUND_COLUMNS = ("payee", "village", "area", "document")


@dataclass(frozen=True, slots=True)
class Contribution:
    """Money for a fund. ``reference`` is the bank's own number."""

    fund_id: str
    on: date
    fen: int
    payer: str
    reference: str


@dataclass(frozen=True, slots=True)
class ClaimOrder:
    """A loss and what is asked of a fund for it. [fen]"""

    fund_id: str
    payee_id: str
    village_id: str
    base_id: str
    cause: str
    happened_on: date
    loss_fen: int
    asked_fen: int


@guarded
class Funds(FundBooks):
    """What may be done with funds."""

    @command(Permission.ENTER_MONEY, "fund.contribution")
    def contribute(self, principal: Principal, given: Contribution) -> str:
        """Note money that came to a fund's account; it is in the books when a second person confirmed it."""
        self._whole_district(principal)
        self._fund(given.fund_id)
        if given.fen <= 0 or not given.reference.strip():
            raise refuse("no_amount")
        content = {"on": given.on.isoformat(), "fen": given.fen, "payer": given.payer[:80]}
        identity = f"{given.fund_id}|{given.on.isoformat()}|{given.reference.strip()[:60]}"
        fact = self._fact(principal, CONTRIBUTION, identity, given.fund_id, given.on, content)
        with self._carry_out(principal, "fund.contribution", identity, {"fen": str(given.fen)}):
            self._keep([fact])
        return identity

    @command(Permission.CHECK_MONEY, "fund.confirm")
    def confirm(self, principal: Principal, identity: str) -> Voucher:
        """Book a contribution; who noted it cannot."""
        self._whole_district(principal)
        fact = self._found(CONTRIBUTION, identity)
        self._two_persons(principal, fact.made_by)
        fund_id, fen = str(fact.content["fund"]), int(fact.content["fen"])
        key = f"{CONTRIBUTION}:{identity}"
        with self._records.transaction():
            if self._store.voucher(key) is None:
                _raise(contribution_faults(self._standing(fund_id), fen))
            head = self._head(key, fact, "contribution", principal, payer=fact.content["payer"])
            with self._carry_out(principal, "fund.confirm", identity, {"fen": str(fen)}):
                return self._post([contribution_entry(head, identity, fen)])[0]

    @command(Permission.ENTER_REPORT, "fund.claim")
    def claim(self, principal: Principal, order: ClaimOrder, papers: Sequence[bytes]) -> Claim:
        """Register a claim with its evidence; above the coverage or without evidence it is refused."""
        fund = self._fund(order.fund_id)
        self._village(principal, order.village_id)
        if order.happened_on > self._today:
            raise refuse("future", period=order.happened_on)
        base = self._bases().get(order.base_id)
        if order.base_id and base is None:
            raise refuse("no_base", text=order.base_id[:40])
        kinds = [paper_kind(paper) for paper in papers if paper]
        codes = tuple(hashlib.sha256(paper).hexdigest() for paper in papers if paper)
        with self._records.transaction():  # two claims at once get two numbers
            made = self._numbered(order, codes)
            faults = claim_faults(fund, made, "" if base is None else base.industry)
            if not made.payee_id:
                faults.append(ReportFault("no_payee", refuses=True))
            _raise(faults)
            fact = self._claim_fact(principal, made, order)
            with self._carry_out(principal, "fund.claim", made.claim_id, {"fen": str(made.asked_fen)}):
                for code, kind, paper in zip(codes, kinds, [paper for paper in papers if paper], strict=True):
                    self._records.add_photo(code, kind, paper)
                self._keep([fact])
        return made

    def _numbered(self, order: ClaimOrder, codes: tuple[str, ...]) -> Claim:
        """Return the claim with the next number of its fund and year."""
        number = 1 + sum(
            one.content["fund"] == order.fund_id and one.period[:4] == f"{order.happened_on:%Y}"
            for one in self._store.facts(CLAIM)
        )
        return Claim(
            f"{order.fund_id}-{order.happened_on:%Y}-{number:03d}",
            order.fund_id,
            order.payee_id.strip(),
            order.village_id,
            order.base_id,
            order.cause.strip()[:120],
            order.happened_on.isoformat(),
            order.loss_fen,
            order.asked_fen,
            codes,
        )

    def _claim_fact(self, principal: Principal, made: Claim, order: ClaimOrder) -> MoneyFact:
        content = {
            "payee": made.payee_id,
            "base": made.base_id,
            "cause": made.cause,
            "on": made.happened_on,
            "loss_fen": made.loss_fen,
            "asked_fen": made.asked_fen,
            "evidence": list(made.evidence),
        }
        return self._fact(
            principal, CLAIM, made.claim_id, order.fund_id, order.happened_on, content, order.village_id
        )

    @command(Permission.CHECK_MONEY, "fund.decide", fresh=True)
    def decide(self, principal: Principal, claim_id: str, fen: int, reason: str = "") -> Voucher | None:
        """Grant a part of a claim, or nothing with a reason; who registered it cannot, and it is decided once."""
        fact = self._found(CLAIM, claim_id)
        self._whole_district(principal)
        self._two_persons(principal, fact.made_by)
        fund_id = str(fact.content["fund"])
        fund, payee = self._fund(fund_id), str(fact.content["payee"])
        if fen <= 0 and not reason.strip():
            raise refuse("no_reason")
        with self._records.transaction():
            if self._store.facts(DECISION, identity=claim_id):
                raise refuse("decided", text=claim_id)
            most = min(payable_fen(fund, int(fact.content["loss_fen"])), int(fact.content["asked_fen"]))
            if fen > most:
                raise ReportRefusedError([_above(fen, most)])
            if fen > 0:
                _raise(award_faults(self._standing(fund_id), fen))
            content = {"fen": max(fen, 0), "reason": reason.strip()[:200], "payees": {payee: max(fen, 0)}}
            decision = self._fact(
                principal, DECISION, claim_id, fund_id, self._today, content, fact.village_id
            )
            with self._carry_out(principal, "fund.decide", claim_id, {"fen": str(max(fen, 0))}):
                self._keep([decision])
                if fen <= 0:
                    return None
                head = self._head(f"{AWARD}:{claim_id}", fact, "award", principal, what=claim_id)
                return self._post([award_entry(head, {payee: fen})])[0]

    @command(Permission.MAKE_PLAN, "subsidy.round")
    def make_round(self, principal: Principal, fund_id: str, content: bytes) -> str:
        """Work out a round of subsidies from a file of payees and areas; nothing is kept when a row is wrong."""
        rule, day = self._rule(fund_id), self._today
        lines, faults = self._lines(content)
        villages = villages_seen(principal, self._registry)
        land = {one: self._rules.limits.land_mu(one) for one in villages}
        faults += round_faults(rule, lines, land, self._served(fund_id, day.year))
        if faults or not lines:
            raise ReportRefusedError(faults or [ReportFault("no_payee", refuses=True)])
        number = 1 + sum(
            one.content["fund"] == fund_id and one.period[:4] == f"{day:%Y}"
            for one in self._store.facts(ROUND)
        )
        round_id = f"{fund_id}-{day:%Y}-{number:02d}"
        kept = {
            "rule": rule.rule_id,
            "fen_per_unit": rule.fen_per_unit,
            "sha256": hashlib.sha256(content).hexdigest(),
            "lines": [
                [due.line.payee_id, due.line.village_id, str(due.line.amount), due.fen, due.line.document]
                for due in work_out(rule, lines)
            ],
        }
        with self._carry_out(principal, "subsidy.round", round_id, {"payees": str(len(lines))}):
            self._keep([self._fact(principal, ROUND, round_id, fund_id, day, kept)])
        return round_id

    @command(Permission.MAKE_PLAN, "subsidy.publish")
    def publish_round(self, principal: Principal, round_id: str, on: date, paper: bytes) -> None:
        """Note that a round hangs out, with the photo of its notice."""
        fact = self._found(ROUND, round_id)
        if not paper:
            raise refuse("no_paper")
        if on > self._today:
            raise refuse("future", period=on)
        kind, code = paper_kind(paper), hashlib.sha256(paper).hexdigest()
        content = {"on": on.isoformat(), "paper": code}
        step = self._fact(
            principal, ROUND_STEP, f"{round_id}|published", str(fact.content["fund"]), on, content
        )
        with self._carry_out(principal, "subsidy.publish", round_id):
            self._records.add_photo(code, kind, paper)
            self._keep([step])

    @command(Permission.CHECK_MONEY, "subsidy.approve", fresh=True)
    def approve_round(self, principal: Principal, round_id: str) -> Voucher:
        """Grant a round that hung out long enough; who worked it out cannot."""
        self._whole_district(principal)
        fact = self._found(ROUND, round_id)
        self._two_persons(principal, fact.made_by)
        fund_id = str(fact.content["fund"])
        with self._records.transaction():
            if self._store.facts(DECISION, identity=round_id):
                raise refuse("decided", text=round_id)
            self._hung_out(round_id)
            owed: dict[str, int] = {}
            for payee, _, _, fen, _ in fact.content["lines"]:
                owed[payee] = owed.get(payee, 0) + int(fen)
            total = sum(owed.values())
            _raise(award_faults(self._standing(fund_id), total))
            content = {"fen": total, "reason": "", "payees": owed}
            decision = self._fact(principal, DECISION, round_id, fund_id, self._today, content)
            head = self._head(f"{AWARD}:{round_id}", fact, "award", principal, what=round_id)
            with self._carry_out(principal, "subsidy.approve", round_id, {"fen": str(total)}):
                self._keep([decision])
                return self._post([award_entry(head, owed)])[0]

    @command(Permission.ENTER_MONEY, "fund.pay")
    def pay(self, principal: Principal, source_id: str, on: date, reference: str) -> int:
        """Note that what a claim or round granted was paid and not returned since; return how many payments."""
        decision = self._found(DECISION, source_id)
        open_fen = {payee: fen for payee, fen in open_amounts(self._store, source_id).items() if fen > 0}
        if not open_fen:
            raise refuse("paid_before", text=source_id)
        if on > self._today:
            raise refuse("future", period=on)
        fund_id, facts = str(decision.content["fund"]), []
        for payee, fen in open_fen.items():
            identity = f"{source_id}|{payee}|{on.isoformat()}|{reference.strip()[:60]}"
            content = {"source": source_id, "payee": payee, "fen": fen, "on": on.isoformat()}
            facts.append(self._fact(principal, PAYMENT, identity, fund_id, on, content))
        with self._carry_out(principal, "fund.pay", source_id, {"payments": str(len(facts))}):
            return sum(self._keep(facts))

    @command(Permission.CHECK_MONEY, "fund.book", fresh=True)
    def book_payments(self, principal: Principal, source_id: str) -> list[Voucher]:
        """Book what was paid for a claim or round; who noted it cannot."""
        self._whole_district(principal)
        waiting = self._waiting(source_id)
        if not waiting:
            raise refuse("not_found", text=source_id)
        for one in waiting:
            self._two_persons(principal, one.made_by)
        with self._records.transaction(), self._carry_out(principal, "fund.book", source_id):
            return [self._post([self._payment_entry(one, principal)])[0] for one in waiting]

    @command(Permission.CHECK_MONEY, "fund.returned")
    def returned(self, principal: Principal, payment_id: str, on: date) -> Voucher:
        """Book a payment that came back: the money returns to where it came from and is owed again."""
        self._whole_district(principal)
        fact = self._found(PAYMENT, payment_id)
        self._two_persons(principal, fact.made_by)
        paid = self._store.voucher(f"{PAYMENT}:{payment_id}")
        if paid is None:
            raise refuse("not_paid", text=payment_id)
        entry = self._return_entry(fact, paid, principal.user_id, on)
        with self._carry_out(principal, "fund.returned", payment_id):
            return self._post([entry])[0]

    # ------------------------------------------------------------------ inside

    def _rule(self, fund_id: str) -> SubsidyRule:
        self._fund(fund_id)
        found = self._rules.subsidy_rule(fund_id, self._today)
        if found is None:
            raise refuse("no_rule", text=fund_id)
        return found

    @staticmethod
    def _lines(content: bytes) -> tuple[list[SubsidyLine], list[ReportFault]]:
        lines, faults = [], []
        columns = {name: heads(name) for name in _ROUND_COLUMNS}
        for row in read_table(content, columns, frozenset({"document"})):
            amount = decimal_of(row.cells["area"])
            if amount is None:
                values = {"text": row.cells["area"][:40]}
                faults.append(ReportFault("no_number", refuses=True, values=values, row=row.number))
                amount = Decimal(0)
            lines.append(
                SubsidyLine(
                    row.cells["payee"],
                    row.cells["village"],
                    amount,
                    row.cells.get("document", ""),
                    row.number,
                )
            )
        bad = {one.row for one in faults}
        return [one for one in lines if one.row not in bad], faults

    def _served(self, fund_id: str, year: int) -> dict[str, str]:
        refused = {one.identity for one in self._store.facts(DECISION) if int(one.content["fen"]) == 0}
        return {
            str(line[0]): one.identity
            for one in self._store.facts(ROUND, first_period=f"{year}-01", last_period=f"{year}-12")
            if one.content["fund"] == fund_id and one.identity not in refused
            for line in one.content["lines"]
        }

    def _hung_out(self, round_id: str) -> None:
        steps = self._store.facts(ROUND_STEP, identity=f"{round_id}|published")
        days = self._rules.limits.notice_days
        since = date.fromisoformat(steps[0].content["on"]) if steps else None
        if since is None or since + timedelta(days=days) > self._today:
            raise refuse("notice", days=days)


def _raise(faults: Sequence[ReportFault]) -> None:
    if faults:
        raise ReportRefusedError(faults)


def _above(fen: int, most: int) -> ReportFault:
    values: dict[str, Any] = {"asked": f"{fen / 100:,.2f}", "most": f"{most / 100:,.2f}"}
    return ReportFault("above_coverage", refuses=True, values=values)
