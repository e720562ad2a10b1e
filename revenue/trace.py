"""Tracing money both ways: a household line to the receipts and statements behind it, a receipt to every payee.

A payment names the receipts it was taken from, line by line, oldest first; a receipt was booked from bank
money; the months it pays for name plants and statements. Nothing is estimated: every step is an entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.ledger import Voucher, is_cash
from revenue.dossier import Dossier
from revenue.figures import INCOME
from revenue.payment import Attempt, Batch, PaymentState

LAPSED = "lapsed"  # an entry that gives the money of a dead member without an heir to the collective
HEIR = "heir"  # an entry that takes it back for an heir who was found


@dataclass(frozen=True, slots=True)
class LotPart:
    """A part of a payment that came from one receipt. [fen]"""

    lot_id: str
    fen: int
    voucher: Voucher | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the income of the plan's months came from: entries on income accounts, by plant and month. [fen]"""

    plant_id: str
    month: str
    fen: int
    source_kind: str
    source_id: str
    voucher: int


@dataclass(frozen=True, slots=True)
class LineTrace:
    """Everything behind one entitlement."""

    dossier: Dossier
    entitlement_id: str
    owed_voucher: Voucher | None
    attempts: tuple[tuple[Attempt, tuple[LotPart, ...]], ...]
    origins: tuple[Origin, ...]
    lapsed: tuple[Voucher, ...] = ()  # to the collective for want of an heir, and back where one was found


@dataclass(frozen=True, slots=True)
class PayeePart:
    """What of a receipt reached one entitlement. [fen]"""

    plan_id: str
    entitlement_id: str
    fen: int


def lots_by_line(voucher: Voucher, batch: Batch) -> dict[int, list[tuple[str, int]]]:
    """Return which receipts each line of a batch was paid from: lines in order, receipts oldest first. [fen]"""
    cash = [(one.lot_id, -one.fen) for one in voucher.entry.postings if is_cash(one.account)]
    found: dict[int, list[tuple[str, int]]] = {}
    for line in batch.lines:
        need = line.fen
        parts: list[tuple[str, int]] = []
        while need:
            lot_id, left = cash[0]
            part = min(need, left)
            parts.append((lot_id, part))
            need -= part
            cash[0] = (lot_id, left - part)
            if cash[0][1] == 0:
                cash.pop(0)
        found[line.number] = parts
    return found


def receipts_by_lot(vouchers: Sequence[Voucher]) -> dict[str, Voucher]:
    """Return the entry each lot came in with: the first that put cash under its name."""
    found: dict[str, Voucher] = {}
    for voucher in vouchers:
        for posting in voucher.entry.postings:
            if is_cash(posting.account) and posting.fen > 0:
                found.setdefault(posting.lot_id, voucher)
    return found


def trace_line(dossier: Dossier, entitlement_id: str, vouchers: Sequence[Voucher]) -> LineTrace:
    """Return what stands behind an entitlement; ``vouchers`` are all of its village."""
    by_key = {voucher.entry.key: voucher for voucher in vouchers}
    receipts = receipts_by_lot(vouchers)
    batches = {batch.batch_id: batch for batch in dossier.batches}
    attempts = []
    for attempt in dossier.attempts:
        if attempt.line.entitlement_id != entitlement_id:
            continue
        sent = by_key.get(f"payment:{attempt.batch_id}")
        parts = lots_by_line(sent, batches[attempt.batch_id])[attempt.line.number] if sent else []
        attempts.append((attempt, tuple(LotPart(lot, fen, receipts.get(lot)) for lot, fen in parts)))
    line_key = entitlement_id.rpartition("/")[0]
    return LineTrace(
        dossier,
        entitlement_id,
        by_key.get(f"entitlement:{line_key}"),
        tuple(attempts),
        tuple(origins_of(dossier, vouchers)),
        tuple(
            one
            for one in vouchers
            if one.entry.source_kind in {LAPSED, HEIR} and one.entry.source_id == entitlement_id
        ),
    )


def origins_of(dossier: Dossier, vouchers: Sequence[Voucher]) -> list[Origin]:
    """Return the income entries of the plan's months."""
    found: list[Origin] = []
    for voucher in vouchers:
        month = voucher.entry.belongs_to.replace(day=1)
        if not dossier.plan.first_month <= month <= dossier.plan.last_month:
            continue
        found.extend(
            Origin(
                posting.plant_id,
                f"{month:%Y-%m}",
                -posting.fen,
                voucher.entry.source_kind,
                voucher.entry.source_id,
                voucher.sequence,
            )
            for posting in voucher.entry.postings
            if posting.account.startswith(INCOME) and posting.plant_id
        )
    return found


def lapsed_fen(voucher: Voucher) -> int:
    """Return what an entry gave to the collective for want of an heir; negative where it took it back. [fen]"""
    return sum(posting.fen for posting in voucher.entry.postings if posting.person_id)


def payees_of_lot(
    lot_id: str, dossiers: Sequence[Dossier], vouchers: Mapping[str, Voucher]
) -> list[PayeePart]:
    """Return every entitlement that was paid from a receipt; ``vouchers`` are by key. Returned money is not counted."""
    found: list[PayeePart] = []
    for dossier in dossiers:
        states = {(one.batch_id, one.line.number): one.state for one in dossier.attempts}
        for batch in dossier.batches:
            sent = vouchers.get(f"payment:{batch.batch_id}")
            if sent is None:
                continue
            parts = lots_by_line(sent, batch)
            for line in batch.lines:
                if states[batch.batch_id, line.number] is PaymentState.RETURNED:
                    continue
                found.extend(
                    PayeePart(dossier.plan.plan_id, line.entitlement_id, fen)
                    for lot, fen in parts[line.number]
                    if lot == lot_id
                )
    return found
