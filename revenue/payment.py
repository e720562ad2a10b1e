"""Entitlement → payment lines → the bank's reply: paid, returned, tried again, never twice.

An entitlement is owed once; a payment is one attempt. A line may go out only while the entitlement is open
and no other attempt is under way. A reply is taken once, by its hash, and only for its own batch.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from revenue.distribution import Entitlement
from revenue.refusal import Refusal, RefusedError


class PaymentState(StrEnum):
    """What became of an attempt."""

    SENT = "sent"
    PAID = "paid"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One line of a bank file. ``account_id`` names the account; its number stays in the roster store."""

    number: int
    entitlement_id: str
    payee_id: str
    account_id: str
    fen: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A payment batch. ``digest`` covers every line with account and amount as they go to the bank."""

    batch_id: str
    plan_id: str
    number: int
    made_by: str
    made_on: date
    lines: tuple[PaymentLine, ...]
    digest: str

    @property
    def total_fen(self) -> int:
        """Sum of the lines."""
        return sum(line.fen for line in self.lines)


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """What the bank says of one line. ``reason`` where it was returned."""

    number: int
    fen: int
    paid: bool
    on: date
    reason: str = ""
    account_tail: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A payment line and how it ended."""

    batch_id: str
    line: PaymentLine
    state: PaymentState = PaymentState.SENT
    on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one entitlement stands: what is owed, what went out, what came back."""

    entitlement: Entitlement
    attempts: tuple[Attempt, ...] = ()
    lapsed_fen: int = 0  # went to the collective: its owner died without an heir

    @property
    def paid_fen(self) -> int:
        """What arrived."""
        return sum(one.line.fen for one in self.attempts if one.state is PaymentState.PAID)

    @property
    def sent_fen(self) -> int:
        """What is under way."""
        return sum(one.line.fen for one in self.attempts if one.state is PaymentState.SENT)

    @property
    def open_fen(self) -> int:
        """What is owed and not under way: returned money is owed again."""
        return self.entitlement.fen - self.paid_fen - self.sent_fen - self.lapsed_fen

    @property
    def state(self) -> str:
        """In one word: ``open``, ``sent``, ``paid``, ``returned`` or ``lapsed``."""
        if self.lapsed_fen:
            return "lapsed"
        return self.attempts[-1].state.value if self.attempts else "open"

    @property
    def returned(self) -> Attempt | None:
        """The newest attempt if it was returned."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.state is PaymentState.RETURNED else None


def standings(
    entitlements: Sequence[Entitlement], attempts: Sequence[Attempt], lapsed: Mapping[str, int] | None = None
) -> dict[str, Standing]:
    """Return how each entitlement stands, by its id; ``lapsed`` is what went to the collective. [fen]"""
    grouped: dict[str, list[Attempt]] = {one.entitlement_id: [] for one in entitlements}
    for attempt in attempts:
        grouped[attempt.line.entitlement_id].append(attempt)
    gone = lapsed or {}
    return {
        one.entitlement_id: Standing(one, tuple(grouped[one.entitlement_id]), gone.get(one.entitlement_id, 0))
        for one in entitlements
    }


def lines_for(
    standing: Mapping[str, Standing], accounts: Mapping[str, str], payees: Mapping[str, str]
) -> tuple[list[PaymentLine], list[str]]:
    """Return the lines of a new batch, and the payees without an account, who wait.

    Parameters
    ----------
    standing : mapping
        By entitlement id, in the order of the file.
    accounts : mapping
        Payee to the account to be used.
    payees : mapping
        Entitlement to payee, where it is not the one of the entitlement (an heir).
    """
    lines: list[PaymentLine] = []
    waiting: list[str] = []
    for entitlement_id, stands in standing.items():
        if stands.open_fen <= 0:
            continue
        payee = payees.get(entitlement_id, stands.entitlement.payee_id)
        account = accounts.get(payee, "")
        if not account:
            waiting.append(payee)
            continue
        lines.append(
            PaymentLine(
                len(lines) + 1, entitlement_id, payee, account, stands.open_fen, len(stands.attempts) + 1
            )
        )
    return lines, waiting


def digest_of(lines: Sequence[PaymentLine], numbers: Mapping[str, str]) -> str:
    """Return the SHA-256 of a bank file's content: number, account number and fen of every line."""
    text = "".join(f"{line.number};{numbers[line.account_id]};{line.fen}\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()


def faults_in_reply(
    batch: Batch, reply: Sequence[ReplyLine], attempts: Sequence[Attempt], tails: Mapping[str, str]
) -> Iterator[Refusal]:
    """Yield why a reply cannot be the answer to this batch, row by row; nothing of it is taken then."""
    lines = {line.number: line for line in batch.lines}
    states = {one.line.number: one.state for one in attempts if one.batch_id == batch.batch_id}
    seen: set[int] = set()
    if not reply:
        yield Refusal("reply_empty")
    for one in reply:
        line = lines.get(one.number)
        if line is None:
            yield Refusal("reply_line", {"number": one.number, "batch": batch.batch_id}, one.row)
            continue
        if one.number in seen:
            yield Refusal("reply_line_twice", {"number": one.number}, one.row)
        seen.add(one.number)
        if line.fen != one.fen:
            yield Refusal(
                "reply_amount",
                {"number": one.number, "sent": f"{line.fen / 100:.2f}", "said": f"{one.fen / 100:.2f}"},
                one.row,
            )
        tail = tails.get(line.account_id, "")
        if one.account_tail and tail and one.account_tail != tail:
            yield Refusal("reply_account", {"number": one.number}, one.row)
        if states.get(one.number) is not PaymentState.SENT:
            yield Refusal("reply_answered", {"number": one.number}, one.row)
        if not one.paid and not one.reason:
            yield Refusal("reply_reason", {"number": one.number}, one.row)


def answered(batch: Batch, reply: Sequence[ReplyLine], attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return every attempt after a reply to ``batch``; lines it does not name stay under way.

    Raises
    ------
    RefusedError
        It is no reply to this batch.
    """
    faults = list(faults_in_reply(batch, reply, attempts, {}))
    if faults:
        raise RefusedError(faults)
    said = {one.number: one for one in reply}
    after: list[Attempt] = []
    for attempt in attempts:
        one = said.get(attempt.line.number) if attempt.batch_id == batch.batch_id else None
        if one is None:
            after.append(attempt)
            continue
        state = PaymentState.PAID if one.paid else PaymentState.RETURNED
        after.append(Attempt(attempt.batch_id, attempt.line, state, one.on, one.reason))
    return after
