"""Payments: confirm payees one by one, make a bank file, take the bank's reply, name an heir, pay a builder."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.bank_file import BankFile, PayeeToConfirm, bank_rows, masked_payees
from commands.bank_replies import read_reply
from commands.payout import PayoutCommands
from domain.errors import LedgerRefusedError
from domain.ledger import Entry, Lot
from domain.roster import MemberState
from revenue import accounts
from revenue.approval import MONEY_STEPS, Step, SteppedBack, StepTaken
from revenue.bookkeeping import Voucherhead, lapsed_entry, payment_entry, returned_entry
from revenue.dossier import Batched, Confirmed, Deed, Dossier, HeirNamed, Lapsed, Replied
from revenue.payment import Batch, ReplyLine, Standing, digest_of, faults_in_reply, lines_for
from revenue.refusal import RefusedError, refuse
from revenue.trace import HEIR, LAPSED, lots_by_line
from stores.payout import payees_of, unconfirmed
from texts.loader import Texts

_WORDS = Texts("zh")  # summaries of vouchers are kept as written, in the language of the books


@dataclass(frozen=True, slots=True)
class WorkToPay:
    """A work of a released plan: to whom how much, and whether it was transferred."""

    line_id: str
    purpose: str
    payee: str
    fen: int
    paid: bool


@guarded
class Payments(PayoutCommands):
    """What may be done with payments."""

    @require(Permission.CHECK_MONEY)
    def to_confirm(self, principal: Principal, plan_id: str) -> list[PayeeToConfirm]:
        """Return the payees whose account is new or changed since the last paid batch, masked; audited."""
        dossier = self._dossier(principal, plan_id)
        waiting = unconfirmed(self._stores, dossier)
        found = masked_payees(self._stores.rosters, waiting.items())
        self._note(principal, "people.look", plan_id, "done", {"count": str(len(found)), "masked": "yes"})
        return found

    @command(Permission.CHECK_MONEY, "payment.confirm", fresh=True)
    def confirm(self, principal: Principal, plan_id: str, payee_id: str, account_id: str) -> Dossier:
        """Confirm one payee's account; each is a record of its own, there is no confirming of all."""
        dossier = self._dossier(principal, plan_id)
        if unconfirmed(self._stores, dossier, payee_id).get(payee_id) != account_id:
            raise refuse("account_none")
        if principal.user_id == dossier.approval.maker:
            raise refuse("maker_checks", step=Step.READY.value)
        with self._carry_out(principal, "payment.confirm", plan_id, {"payee": payee_id}):
            return self._add(principal, dossier, Confirmed(payee_id, account_id))

    @command(Permission.MAKE_PLAN, "payment.batch", fresh=True)
    def batch(self, principal: Principal, plan_id: str) -> Dossier:
        """Make the next bank file of a plan: everything owed and not under way; the payment is booked.

        Raises
        ------
        RefusedError
            Nothing is owed, a payee has no account or is unconfirmed, or the books refuse (closed, no cash).
        """
        dossier = self._dossier(principal, plan_id)
        if dossier.approval.step not in {Step.READY, Step.PAID_IN_PART}:
            raise refuse("batch_step", step=dossier.approval.step.value)
        payees = payees_of(self._stores, dossier)
        lines, waiting = lines_for(_by_household(dossier.standings()), payees, dossier.heirs)
        if not lines:
            raise refuse("batch_waiting", count=len(waiting)) if waiting else refuse("batch_nothing")
        unchecked = {line.payee_id for line in lines} & set(unconfirmed(self._stores, dossier))
        if unchecked:
            raise refuse("unconfirmed", count=len(unchecked))
        numbers = self._stores.rosters.accounts_by_id({line.account_id for line in lines})
        digest = digest_of(lines, {key: one.number for key, one in numbers.items()})
        number = len(dossier.batches) + 1
        batch = Batch(
            f"{plan_id}-B{number}", plan_id, number, principal.user_id, self._today, tuple(lines), digest
        )
        detail = {"count": str(len(lines)), "fen": str(batch.total_fen), "digest": digest[:16]}
        with self._carry_out(principal, "payment.batch", batch.batch_id, detail):
            self._post([self._sent_entry(dossier, batch)])
            return self._add(principal, dossier, Batched(batch))

    def _sent_entry(self, dossier: Dossier, batch: Batch) -> Entry:
        owner = {one.entitlement_id: one.person_id for one in dossier.entitlements}
        owed: dict[tuple[str, str], int] = {}
        for line in batch.lines:
            place = (accounts.LABOUR_PAYABLE, owner[line.entitlement_id])
            owed[place] = owed.get(place, 0) + line.fen
        head = self._head(dossier, f"payment:{batch.batch_id}", "bank_batch", batch.batch_id)
        lots = self._stores.ledger.lots(dossier.plan.village_id)
        return self._payment(head, lots, owed)

    def _payment(self, head: Voucherhead, lots: Sequence[Lot], owed: dict[tuple[str, str], int]) -> Entry:
        try:
            return payment_entry(head, lots, owed)
        except LedgerRefusedError as error:
            raise refuse("books", reason=error) from error

    def _head(self, dossier: Dossier, key: str, kind: str, source_id: str) -> Voucherhead:
        released = dossier.approval.taken(Step.READY)
        return Voucherhead(
            key,
            dossier.plan.village_id,
            self._today,
            dossier.plan.last_month,
            _WORDS(f"ledger.summary.{kind}", what=source_id),
            kind,
            source_id,
            dossier.approval.maker,
            released.by if released else "",
        )

    @require(Permission.VIEW_PEOPLE, fresh=True)
    def bank_file(self, principal: Principal, plan_id: str, batch_id: str) -> BankFile:
        """Return a batch with names and accounts for the bank; every export is audited."""
        dossier = self._dossier(principal, plan_id)
        batch = dossier.batch(batch_id)
        if batch is None:
            raise refuse("no_batch", batch=batch_id[:60])
        rows = bank_rows(self._stores.rosters, batch.lines)
        self._note(principal, "payment.export", batch_id, "done", {"count": str(len(rows))})
        return BankFile(batch, dossier.plan.village_id, rows)

    @command(Permission.ENTER_MONEY, "payment.reply")
    def reply(
        self, principal: Principal, batch_id: str, content: bytes, lines: Sequence[ReplyLine]
    ) -> Dossier:
        """Take the bank's reply to a batch; returned money is owed again and goes back to its receipt.

        Raises
        ------
        RefusedError
            The same file came before, it replies to another batch, or a row does not fit; nothing is taken.
        """
        plan_id = batch_id.rpartition("-B")[0]
        dossier = self._dossier(principal, plan_id)
        batch = dossier.batch(batch_id)
        if batch is None:
            raise refuse("no_batch", batch=batch_id[:60])
        digest = hashlib.sha256(content).hexdigest()
        if any(one.digest == digest for other in self._siblings(dossier) for one in other.replies):
            raise refuse("reply_before")
        wrong = list(faults_in_reply(batch, lines, dossier.attempts, self._tails(batch, lines)))
        if wrong:
            raise RefusedError(wrong)
        returned = [one for one in lines if not one.paid]
        detail = {"lines": str(len(lines)), "returned": str(len(returned)), "sha256": digest[:16]}
        with self._carry_out(principal, "payment.reply", batch_id, detail):
            self._post(self._returned_entries(dossier, batch, returned))
            dossier = self._add(principal, dossier, Replied(batch_id, digest, tuple(lines)))
            reached = self._reached(principal, dossier)
            return self._add(principal, dossier, reached) if reached is not None else dossier

    def _tails(self, batch: Batch, lines: Sequence[ReplyLine]) -> dict[str, str]:
        """Return the ends of the accounts a reply names an end of; no other number is opened."""
        named = {line.number for line in lines if line.account_tail}
        wanted = {line.account_id for line in batch.lines if line.number in named}
        known = self._stores.rosters.accounts_by_id(wanted) if wanted else {}
        return {key: account.number[-4:] for key, account in known.items()}

    @command(Permission.ENTER_MONEY, "payment.reply_file")
    def reply_file(self, principal: Principal, batch_id: str, content: bytes) -> Dossier:
        """Take a bank's reply as the file it came in."""
        return self.reply(principal, batch_id, content, read_reply(content, self._today))

    def _siblings(self, dossier: Dossier) -> list[Dossier]:
        return self._stores.dossiers.of_villages([dossier.plan.village_id])

    def _reached(self, principal: Principal, dossier: Dossier) -> Deed | None:
        """Return the step a reply brings a plan to."""
        step = Step.PAID if dossier.open_fen == 0 else Step.PAID_IN_PART
        if dossier.approval.step not in {Step.READY, *MONEY_STEPS} or dossier.approval.step is step:
            return None
        if step is Step.PAID_IN_PART and not dossier.paid_fen:
            return None
        return StepTaken(step, self._today, principal.user_id)

    def _returned_entries(self, dossier: Dossier, batch: Batch, returned: Sequence[ReplyLine]) -> list[Entry]:
        """Return the entries that put returned money back to the receipts it came from."""
        if not returned:
            return []
        owner = {one.entitlement_id: one.person_id for one in dossier.entitlements}
        lines = {line.number: line for line in batch.lines}
        sent = self._stores.ledger.voucher(f"payment:{batch.batch_id}")
        assert sent is not None, "a batch is booked in the transaction that makes it"
        parts = lots_by_line(sent, batch)
        entries = []
        for one in returned:
            line = lines[one.number]
            for place, (lot_id, fen) in enumerate(parts[one.number]):
                key = f"returned:{batch.batch_id}/{one.number}/{place}"
                head = self._head(dossier, key, "bank_reply", f"{batch.batch_id}/{one.number}")
                person = owner[line.entitlement_id]
                entries.append(returned_entry(head, lot_id, accounts.LABOUR_PAYABLE, person, fen))
        return entries

    @command(Permission.CHECK_MONEY, "payment.heir", fresh=True)
    def name_heir(self, principal: Principal, entitlement_id: str, payee_id: str, document: bytes) -> Dossier:
        """Let an heir receive what a dead person earned: on a stored proof, by a second person.

        Money that went to the collective because no heir was known is owed again, until the plan is closed.
        """
        dossier, stands = self._of_the_dead(principal, entitlement_id, "heir", document)
        if stands.open_fen + stands.lapsed_fen <= 0:
            raise refuse("heir_paid")
        if stands.lapsed_fen and dossier.approval.step not in {Step.READY, *MONEY_STEPS}:
            raise refuse("heir_closed")
        if payee_id not in self._stores.rosters.people([payee_id]):
            raise refuse("account_none")
        roster = self._roster(dossier)
        member = roster.member(stands.entitlement.person_id) if roster else None
        state = member.state.value if member else MemberState.LEFT.value
        code = hashlib.sha256(document).hexdigest()
        detail = {"entitlement": entitlement_id, "document": code[:12], "state": state}
        with self._carry_out(principal, "payment.heir", entitlement_id, detail):
            self._records.add_photo(code, "application/octet-stream", document)
            if stands.lapsed_fen:
                self._post([self._lapsed_entry(principal, dossier, stands, HEIR, -stands.lapsed_fen)])
            deed = HeirNamed(entitlement_id, payee_id, code, principal.user_id)
            return self._taken_up(principal, self._add(principal, dossier, deed))

    @command(Permission.CHECK_MONEY, "payment.lapse", fresh=True)
    def lapse(self, principal: Principal, entitlement_id: str, document: bytes) -> Dossier:
        """Let what a dead person without an heir had earned go to the collective (民法典 art. 1160).

        The plan takes no step by it: who checks enters none, the maker notes the plan as paid when all is settled.

        Raises
        ------
        RefusedError
            The money is paid or under way, the roster in force does not say that the person died, the proof is
            missing, or the maker of the plan asks.
        """
        dossier, stands = self._of_the_dead(principal, entitlement_id, "lapse", document)
        if stands.sent_fen:
            raise refuse("lapse_sent")
        if stands.open_fen <= 0:
            raise refuse("heir_paid")
        village_id, person_id = dossier.plan.village_id, stands.entitlement.person_id
        roster = self._stores.rosters.roster_on(village_id, self._today)
        member = roster.member(person_id) if roster else None
        if member is None or member.state is not MemberState.DIED:
            raise refuse("lapse_alive")
        code = hashlib.sha256(document).hexdigest()
        detail = {"entitlement": entitlement_id, "document": code[:12], "fen": str(stands.open_fen)}
        with self._carry_out(principal, "payment.lapse", entitlement_id, detail):
            self._records.add_photo(code, "application/octet-stream", document)
            self._post([self._lapsed_entry(principal, dossier, stands, LAPSED, stands.open_fen)])
            deed = Lapsed(entitlement_id, stands.open_fen, code, principal.user_id)
            return self._add(principal, dossier, deed)

    def _of_the_dead(
        self, principal: Principal, entitlement_id: str, act: str, document: bytes
    ) -> tuple[Dossier, Standing]:
        """Return the plan and how the entitlement stands, where this person may decide on it with a proof."""
        dossier = self._dossier(principal, entitlement_id.partition("/")[0])
        stands = dossier.standings().get(entitlement_id)
        if stands is None:
            raise refuse("no_entitlement", entitlement=entitlement_id[:60])
        if not document:
            raise refuse(f"{act}_document")
        if principal.user_id == dossier.approval.maker:
            raise refuse("maker_checks", step=act)
        return dossier, stands

    def _taken_up(self, principal: Principal, dossier: Dossier) -> Dossier:
        """Return a plan that was paid to the step before, when something of it is owed again."""
        if dossier.approval.step is not Step.PAID or not dossier.open_fen:
            return dossier
        to = Step.PAID_IN_PART if dossier.paid_fen else Step.READY
        reason = _WORDS("payout.page.heir_found")
        return self._add(principal, dossier, SteppedBack(to, self._today, principal.user_id, reason))

    def _lapsed_entry(
        self, principal: Principal, dossier: Dossier, stands: Standing, kind: str, fen: int
    ) -> Entry:
        """Return the entry of this month: the net of months that are past is not touched."""
        one = stands.entitlement
        head = self._head(
            dossier, f"{kind}:{one.entitlement_id}/{dossier.sequence}", kind, one.entitlement_id
        )
        head = replace(head, belongs_to=self._today, checked_by=principal.user_id)
        return lapsed_entry(head, one.person_id, fen)

    @require(Permission.VIEW_INCOME)
    def works(self, principal: Principal, plan_id: str) -> list[WorkToPay]:
        """Return the works of a released plan, each with whether its transfer is booked."""
        dossier = self._dossier(principal, plan_id)
        released = dossier.distribution.works_fen if dossier.distribution else {}
        return [
            WorkToPay(
                line.line_id,
                line.purpose,
                line.payee,
                released[line.line_id],
                self._stores.ledger.voucher(f"works:{plan_id}/{line.line_id}") is not None,
            )
            for line in dossier.plan.lines
            if released.get(line.line_id)
        ]

    @command(Permission.CHECK_MONEY, "payment.works", fresh=True)
    def pay_works(self, principal: Principal, plan_id: str, line_id: str) -> Dossier:
        """Book the transfer to the builder of a work that was released."""
        dossier = self._dossier(principal, plan_id)
        fen = dossier.distribution.works_fen.get(line_id, 0) if dossier.distribution else 0
        if not fen:
            raise refuse("no_entitlement", entitlement=f"{plan_id}/{line_id}")
        if principal.user_id == dossier.approval.maker:
            raise refuse("maker_checks", step="works")
        key = f"{plan_id}/{line_id}"
        head = self._head(dossier, f"works:{key}", "works_payment", key)
        lots = self._stores.ledger.lots(dossier.plan.village_id)
        with self._carry_out(principal, "payment.works", key, {"fen": str(fen)}):
            if self._stores.ledger.voucher(head.key) is None:
                self._post([self._payment(head, lots, {(accounts.PAYABLE, ""): fen})])
            return dossier


def _by_household(standing: Mapping[str, Standing]) -> dict[str, Standing]:
    """Return entitlements in the order people read a bank file: by line of the plan, then by household."""
    ordered = sorted(
        standing.items(),
        key=lambda one: (one[1].entitlement.line_id, one[1].entitlement.household_id, one[0]),
    )
    return dict(ordered)
