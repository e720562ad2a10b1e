"""Money of funds to the bank and back: a batch, its release by a second person, the file, the reply. Never twice.

The same steps, lines and checks of replies as the money of plants. A payee is a household or person of the
village's roster; who has no account there waits, and a company is paid at the bank and noted (`Funds.pay`).
"""

import hashlib
from collections.abc import Sequence

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.bank_file import BankFile, PayeeToConfirm, bank_rows, masked_payees
from commands.bank_replies import read_reply
from commands.fund_books import FundBooks
from domain.clock import Clock
from domain.money_fact import MoneyFact
from domain.plant import Registry
from industries.report import refuse
from industries.rules import IndustryRules
from revenue.payment import Batch, PaymentLine, ReplyLine, digest_of, faults_in_reply
from revenue.refusal import RefusedError
from revenue.refusal import refuse as refuse_money
from stores.fund_books import (
    BATCH,
    CLAIM,
    DECISION,
    PAYMENT,
    REPLY,
    ROUND,
    attempts_of,
    batch_of,
    batches_of,
    is_released,
    open_amounts,
    payment_id,
)
from stores.industry_protocol import IndustryRecords
from stores.roster_protocol import RosterStore


@guarded
class FundPayments(FundBooks):
    """What may be done to pay what a fund granted."""

    def __init__(
        self,
        records: IndustryRecords,
        registry: Registry,
        rules: IndustryRules,
        clock: Clock,
        field_clock: Clock,
        rosters: RosterStore,
    ) -> None:
        super().__init__(records, registry, rules, clock, field_clock)
        self._rosters = rosters

    @command(Permission.ENTER_MONEY, "fund.batch")
    def batch(self, principal: Principal, source_id: str) -> Batch:
        """Make the next bank file of a claim or round: everything owed and not under way; who has no account waits."""
        decision = self._found(DECISION, source_id)
        fund_id = str(decision.content["fund"])
        with self._records.transaction():
            owed = {payee: fen for payee, fen in open_amounts(self._store, source_id).items() if fen > 0}
            if not owed:
                raise refuse("paid_before", text=source_id)
            made = self._made(principal, source_id, owed)
            content = {
                "source": source_id,
                "number": made.number,
                "on": self._today.isoformat(),
                "digest": made.digest,
                "lines": [
                    [one.number, one.entitlement_id, one.payee_id, one.account_id, one.fen, one.attempt]
                    for one in made.lines
                ],
            }
            facts = [self._fact(principal, BATCH, made.batch_id, fund_id, self._today, content)]
            facts += [self._payment(principal, made, one, fund_id) for one in made.lines]
            detail = {"count": str(len(made.lines)), "fen": str(made.total_fen), "digest": made.digest[:16]}
            with self._carry_out(principal, "fund.batch", made.batch_id, detail):
                self._keep(facts)
        return made

    @require(Permission.CHECK_MONEY)
    def to_release(self, principal: Principal, batch_id: str) -> list[PayeeToConfirm]:
        """Return the lines of a batch with names and accounts masked; audited."""
        self._whole_district(principal)
        made = batch_of(self._found(BATCH, batch_id))
        found = masked_payees(self._rosters, [(one.payee_id, one.account_id) for one in made.lines])
        self._note(principal, "people.look", batch_id, "done", {"count": str(len(found)), "masked": "yes"})
        return found

    @command(Permission.CHECK_MONEY, "fund.release", fresh=True)
    def release(self, principal: Principal, batch_id: str) -> Batch:
        """Book every payment of a batch; who made it cannot. Only then its file may go to the bank."""
        self._whole_district(principal)
        fact = self._found(BATCH, batch_id)
        self._two_persons(principal, fact.made_by)
        made = batch_of(fact)
        if is_released(self._store, made):
            raise refuse("decided", text=batch_id)
        with self._records.transaction(), self._carry_out(principal, "fund.release", batch_id):
            for one in made.lines:
                payment = self._found(PAYMENT, payment_id(batch_id, one.number))
                self._post([self._payment_entry(payment, principal)])
        return made

    @require(Permission.VIEW_PEOPLE, fresh=True)
    def bank_file(self, principal: Principal, batch_id: str) -> BankFile:
        """Return a released batch with names and accounts for the bank; every export is audited."""
        fact = self._found(BATCH, batch_id)
        made = batch_of(fact)
        if not is_released(self._store, made):
            raise refuse("not_released", text=batch_id)
        rows = bank_rows(self._rosters, made.lines)
        self._note(principal, "payment.export", batch_id, "done", {"count": str(len(rows))})
        return BankFile(made, str(fact.content["fund"]), rows)

    @command(Permission.ENTER_MONEY, "fund.reply")
    def reply_file(self, principal: Principal, batch_id: str, content: bytes) -> Batch:
        """Take the bank's reply to a batch; what came back is owed again and returns to its contribution.

        Raises
        ------
        RefusedError
            The same file came before, it replies to another batch, or a row does not fit; nothing is taken.
        """
        fact = self._found(BATCH, batch_id)
        made, fund_id = batch_of(fact), str(fact.content["fund"])
        if not is_released(self._store, made):
            raise refuse("not_released", text=batch_id)
        code = hashlib.sha256(content).hexdigest()
        if any(one.content["sha256"] == code for one in self._store.facts(REPLY)):
            raise refuse_money("reply_before")
        lines = read_reply(content, self._today)
        known = self._rosters.accounts_by_id({one.account_id for one in made.lines})
        tails = {key: account.number[-4:] for key, account in known.items()}
        wrong = list(faults_in_reply(made, lines, attempts_of(self._store, made), tails))
        if wrong:
            raise RefusedError(wrong)
        said = {
            "batch": batch_id,
            "source": made.plan_id,
            "sha256": code,
            "lines": [[one.number, one.fen, one.paid, one.on.isoformat(), one.reason] for one in lines],
        }
        reply = self._fact(principal, REPLY, f"{batch_id}|{code[:16]}", fund_id, self._today, said)
        returned = [one for one in lines if not one.paid]
        detail = {"lines": str(len(lines)), "returned": str(len(returned)), "sha256": code[:16]}
        with self._records.transaction(), self._carry_out(principal, "fund.reply", batch_id, detail):
            self._keep([reply])
            for one in returned:
                self._give_back(batch_id, one)
        return made

    # ------------------------------------------------------------------ inside

    def _made(self, principal: Principal, source_id: str, owed: dict[str, int]) -> Batch:
        homes, lines, waiting = self._homes(source_id), list[PaymentLine](), list[str]()
        earlier = [one for one in self._store.facts(PAYMENT) if one.content["source"] == source_id]
        for payee, fen in owed.items():
            person, account = self._account(payee, homes.get(payee, ""))
            if not account:
                waiting.append(payee)
                continue
            attempt = 1 + sum(one.content["payee"] == payee for one in earlier)
            number = len(lines) + 1
            lines.append(PaymentLine(number, f"{source_id}/{payee}", person, account, fen, attempt))
        if not lines:
            raise refuse("no_account", payees="、".join(waiting[:8]), count=len(waiting))
        numbers = self._rosters.accounts_by_id({one.account_id for one in lines})
        digest = digest_of(lines, {key: one.number for key, one in numbers.items()})
        number = len(batches_of(self._store, source_id)) + 1
        return Batch(
            f"{source_id}-B{number}",
            source_id,
            number,
            principal.user_id,
            self._today,
            tuple(lines),
            digest,
        )

    def _payment(self, principal: Principal, batch: Batch, line: PaymentLine, fund_id: str) -> MoneyFact:
        content = {
            "source": batch.plan_id,
            "payee": line.entitlement_id.removeprefix(f"{batch.plan_id}/"),
            "fen": line.fen,
            "on": self._today.isoformat(),
            "batch": batch.batch_id,
        }
        identity = payment_id(batch.batch_id, line.number)
        return self._fact(principal, PAYMENT, identity, fund_id, self._today, content)

    def _homes(self, source_id: str) -> dict[str, str]:
        """Return the village of each payee."""
        claims: Sequence[MoneyFact] = self._store.facts(CLAIM, identity=source_id)
        if claims:
            return {str(claims[0].content["payee"]): claims[0].village_id}
        rounds = self._store.facts(ROUND, identity=source_id)
        return {str(line[0]): str(line[1]) for one in rounds for line in one.content["lines"]}

    def _account(self, payee: str, village_id: str) -> tuple[str, str]:
        """Return the person who is paid for a household or person, and the account in force; empty without one."""
        roster = self._rosters.roster_on(village_id, self._today)
        members = (
            [] if roster is None else [m for m in roster.active if payee in {m.household_id, m.person_id}]
        )
        people = list(dict.fromkeys(one.payee_id or one.person_id for one in members))
        known = self._rosters.account_ids(people)
        return next(((one, known[one]) for one in people if known.get(one)), ("", ""))

    def _give_back(self, batch_id: str, said: ReplyLine) -> None:
        """Book a payment that came back, by the two who made and released it; the reply is the bank's word."""
        identity = payment_id(batch_id, said.number)
        fact, paid = self._found(PAYMENT, identity), self._store.voucher(f"{PAYMENT}:{identity}")
        assert paid is not None, "a released batch is in the books"
        self._post([self._return_entry(fact, paid, paid.entry.checked_by, said.on)])
