"""The ledger in the records store: vouchers only added, in a chain, under one writer.

One transaction per act: postings, entries, balances. Postings go in first, then their entry, so that the
database itself can refuse an entry that does not sum to zero (triggers in the migration).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, text

from domain.errors import LedgerRefusedError
from domain.ledger import (
    GENESIS,
    Balance,
    Closing,
    Entry,
    Lot,
    Posting,
    Verification,
    Voucher,
    is_cash,
    lines_of,
    seal,
)
from stores.records.database import Database
from stores.records.ledger_rows import (
    add_to_balances,
    closing_fields,
    closing_of,
    entry_fields,
    entry_of,
    entry_row,
)
from stores.records.ledger_schema import BALANCES, CLOSINGS, ENTRIES, POSTINGS
from stores.records.ledger_verify import verify

_LOCK_KEY = 7_318_250_004  # any fixed number: writers of one PostgreSQL ledger take turns
_CHUNK = 500


class Ledger:
    """Implements stores.ledger_protocol.LedgerStore."""

    _database: Database

    # ------------------------------------------------------------------ adding

    def post(self, entries: Sequence[Entry], at: datetime) -> list[Voucher]:
        """Post entries in one transaction, all or none; see the protocol."""
        with self._ledger_writing() as connection:
            poster = _Poster(connection, entries, at)
            return poster.post()

    def close_period(self, closing: Closing) -> Closing:
        """Close a period of a village for good; return it with the head of the chain at that moment."""
        if not closing.closed_by or not closing.checked_by or closing.closed_by == closing.checked_by:
            raise LedgerRefusedError("same_person", key=closing.period, person=closing.closed_by)
        with self._ledger_writing() as connection:
            through = _closed_through(connection, [closing.village_id])
            if through.get(closing.village_id, "") >= closing.period:
                raise LedgerRefusedError("closed", village=closing.village_id, period=closing.period)
            sequence, head = _head(connection)
            sealed = replace(closing, head_sequence=sequence, head_hash=head)
            last = connection.execute(
                select(CLOSINGS.c.number, CLOSINGS.c.hash).order_by(CLOSINGS.c.number.desc()).limit(1)
            ).first()
            number, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
            row = closing_fields(sealed, number)
            connection.execute(
                insert(CLOSINGS).values(
                    **{**row, "closed_at": sealed.closed_at}, previous_hash=previous, hash=seal(row, previous)
                )
            )
        return sealed

    @contextmanager
    def _ledger_writing(self) -> Any:
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            yield connection

    # ------------------------------------------------------------------ reading

    def voucher(self, key: str) -> Voucher | None:
        """Return the voucher of an entry by its key."""
        with self._database.reading() as connection:
            return _by_key(connection, [key]).get(key)

    def vouchers(
        self,
        village_ids: Collection[str] | None = None,
        first_period: str = "",
        last_period: str = "9999-99",
        *,
        account: str = "",
        after_sequence: int = 0,
        count_max: int | None = None,
    ) -> list[Voucher]:
        """Return vouchers in sequence; ``account`` keeps those that touch it or an account below it."""
        wanted = (
            select(ENTRIES)
            .where(ENTRIES.c.period >= first_period, ENTRIES.c.period <= last_period)
            .where(ENTRIES.c.sequence > after_sequence)
            .order_by(ENTRIES.c.sequence)
        )
        if village_ids is not None:
            wanted = wanted.where(ENTRIES.c.village_id.in_(sorted(village_ids)))
        if account:
            touching = select(POSTINGS.c.sequence).where(POSTINGS.c.account.startswith(account))
            wanted = wanted.where(ENTRIES.c.sequence.in_(touching))
        with self._database.reading() as connection:
            rows = connection.execute(wanted.limit(count_max)).mappings().all()
            return _with_postings(connection, rows)

    def posted_keys(self, keys: Collection[str]) -> set[str]:
        """Return which of ``keys`` are in the books."""
        found: set[str] = set()
        with self._database.reading() as connection:
            for part in _chunks(sorted(keys)):
                rows = connection.execute(select(ENTRIES.c.entry_key).where(ENTRIES.c.entry_key.in_(part)))
                found |= {str(row[0]) for row in rows}
        return found

    def reversed_keys(self, keys: Collection[str]) -> dict[str, str]:
        """Return which of ``keys`` were reversed, each with the key of its reversal."""
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for part in _chunks(sorted(keys)):
                rows = connection.execute(
                    select(ENTRIES.c.reverses, ENTRIES.c.entry_key).where(ENTRIES.c.reverses.in_(part))
                )
                found |= {str(row[0]): str(row[1]) for row in rows}
        return found

    def balances(
        self, village_ids: Collection[str] | None = None, *, through_period: str | None = None
    ) -> list[Balance]:
        """Return what stands on every account, zero left out; with a period, as of its end."""
        names = ("village_id", "account", "plant_id", "person_id", "lot_id")
        if through_period is None:
            wanted = select(*(BALANCES.c[name] for name in names), BALANCES.c.fen).where(BALANCES.c.fen != 0)
            village = BALANCES.c.village_id
        else:
            joined = POSTINGS.join(ENTRIES, POSTINGS.c.sequence == ENTRIES.c.sequence)
            columns = [ENTRIES.c.village_id, *(POSTINGS.c[name] for name in names[1:])]
            total = func.sum(POSTINGS.c.fen)
            wanted = select(*columns, total).select_from(joined).where(ENTRIES.c.period <= through_period)
            wanted = wanted.group_by(*columns).having(total != 0)
            village = ENTRIES.c.village_id
        if village_ids is not None:
            wanted = wanted.where(village.in_(sorted(village_ids)))
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(*wanted.selected_columns[:5])).all()
        return [Balance(row[0], row[1], int(row[5]), row[2], row[3], row[4]) for row in rows]

    def lots(self, village_id: str) -> list[Lot]:
        """Return the receipts of a village's cash accounts, oldest first, with what is left of each."""
        joined = POSTINGS.join(ENTRIES, POSTINGS.c.sequence == ENTRIES.c.sequence)
        wanted = (
            select(POSTINGS.c.account, POSTINGS.c.lot_id, ENTRIES.c.booked_on, POSTINGS.c.fen)
            .select_from(joined)
            .where(ENTRIES.c.village_id == village_id, POSTINGS.c.lot_id != "")
            .order_by(POSTINGS.c.sequence, POSTINGS.c.line)
        )
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return _lots(village_id, rows)

    def closings(self, village_ids: Collection[str] | None = None) -> list[Closing]:
        """Return closed periods, oldest first."""
        wanted = select(CLOSINGS).order_by(CLOSINGS.c.number)
        if village_ids is not None:
            wanted = wanted.where(CLOSINGS.c.village_id.in_(sorted(village_ids)))
        with self._database.reading() as connection:
            return [closing_of(row) for row in connection.execute(wanted).mappings()]

    def head(self) -> tuple[int, str]:
        """Return sequence and hash of the newest voucher; 0 and zeros for an empty ledger."""
        with self._database.reading() as connection:
            return _head(connection)

    def verify(self, progress: Callable[[int], None] | None = None) -> Verification:
        """Recompute everything: seals, sums, numbers, balances, closings. Stops at the first broken row."""
        with self._database.reading() as connection:
            return verify(connection, progress)


class _Poster:
    """Posts a batch of entries inside a transaction that is open."""

    def __init__(self, connection: Connection, entries: Sequence[Entry], at: datetime) -> None:
        self._connection = connection
        self._entries = entries
        self._at = at
        self._known = _by_key(connection, [entry.key for entry in entries])
        self._numbers = _last_numbers(connection, entries)
        self._sequence, self._hash = _head(connection)

    def post(self) -> list[Voucher]:
        answer: list[Voucher] = []
        new: list[Voucher] = []
        for entry in self._entries:
            known = self._known.get(entry.key)
            if known is None:
                known = self._next(entry)
                self._known[entry.key] = replace(known, is_new=False)
                new.append(known)
            elif known.content_hash != entry.content_hash():
                raise LedgerRefusedError("other_content", key=entry.key, voucher=known.number)
            answer.append(known)
        if new:
            self._check(new)
            self._keep(new)
        return answer

    def _next(self, entry: Entry) -> Voucher:
        place = (entry.village_id, entry.period)
        self._numbers[place] = self._numbers.get(place, 0) + 1
        self._sequence += 1
        entry = replace(entry, recorded_at=self._at)
        content_hash = entry.content_hash()
        fields = entry_fields(entry, self._sequence, self._numbers[place], content_hash)
        previous, self._hash = self._hash, seal(fields, self._hash)
        return Voucher(
            self._sequence, self._numbers[place], entry, content_hash, previous, self._hash, is_new=True
        )

    def _check(self, new: Sequence[Voucher]) -> None:
        through = _closed_through(self._connection, {v.entry.village_id for v in new})
        for voucher in new:
            entry = voucher.entry
            if through.get(entry.village_id, "") >= entry.period:
                raise LedgerRefusedError("closed", village=entry.village_id, period=entry.period)
            for posting in entry.postings:
                if is_cash(posting.account) and not posting.lot_id:
                    raise LedgerRefusedError("no_lot", key=entry.key, account=posting.account)
        self._check_reversals([voucher.entry for voucher in new if voucher.entry.reverses])

    def _check_reversals(self, entries: Sequence[Entry]) -> None:
        wanted = [entry.reverses for entry in entries]
        there = _by_key(self._connection, wanted) | self._known
        done = set(
            self._connection.execute(select(ENTRIES.c.reverses).where(ENTRIES.c.reverses.in_(wanted)))
            .scalars()
            .all()
        )
        for entry in entries:
            original = there.get(entry.reverses)
            if original is None or original.entry.village_id != entry.village_id:
                raise LedgerRefusedError("nothing_to_reverse", key=entry.reverses)
            if entry.reverses in done:
                raise LedgerRefusedError("reversed_before", key=entry.reverses)
            undone = [
                Posting(p.account, -p.fen, p.person_id, p.plant_id, p.lot_id) for p in original.entry.postings
            ]
            if lines_of(undone) != lines_of(entry.postings):
                raise LedgerRefusedError("not_the_opposite", key=entry.reverses)
            done.add(entry.reverses)

    def _keep(self, new: Sequence[Voucher]) -> None:
        lines = [
            {
                "sequence": voucher.sequence,
                "line": number,
                "account": posting.account,
                "fen": posting.fen,
                "person_id": posting.person_id,
                "plant_id": posting.plant_id,
                "lot_id": posting.lot_id,
            }
            for voucher in new
            for number, posting in enumerate(voucher.entry.postings, 1)
        ]
        self._connection.execute(insert(POSTINGS), lines)
        self._connection.execute(insert(ENTRIES), [entry_row(voucher) for voucher in new])
        add_to_balances(self._connection, new)
        self._refuse_overdrawn({p.lot_id for v in new for p in v.entry.postings if p.lot_id})

    def _refuse_overdrawn(self, lots: Collection[str]) -> None:
        for part in _chunks(sorted(lots)):
            row = self._connection.execute(
                select(BALANCES.c.village_id, BALANCES.c.lot_id, func.sum(BALANCES.c.fen))
                .where(BALANCES.c.lot_id.in_(part), BALANCES.c.account.startswith("10"))
                .group_by(BALANCES.c.village_id, BALANCES.c.account, BALANCES.c.lot_id)
                .having(func.sum(BALANCES.c.fen) < 0)
                .limit(1)
            ).first()
            if row is not None:
                raise LedgerRefusedError("lot_overdrawn", village=row[0], lot=row[1], over_fen=-int(row[2]))


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(
        select(ENTRIES.c.sequence, ENTRIES.c.hash).order_by(ENTRIES.c.sequence.desc()).limit(1)
    ).first()
    return (int(row[0]), str(row[1])) if row else (0, GENESIS)


def _last_numbers(connection: Connection, entries: Sequence[Entry]) -> dict[tuple[str, str], int]:
    """Return the newest voucher number of every village and month these entries go to."""
    villages = sorted({entry.village_id for entry in entries})
    periods = sorted({entry.period for entry in entries})
    found: dict[tuple[str, str], int] = {}
    for part in _chunks(villages):
        rows = connection.execute(
            select(ENTRIES.c.village_id, ENTRIES.c.period, func.max(ENTRIES.c.voucher_number))
            .where(ENTRIES.c.village_id.in_(part), ENTRIES.c.period.in_(periods))
            .group_by(ENTRIES.c.village_id, ENTRIES.c.period)
        )
        found |= {(str(row[0]), str(row[1])): int(row[2]) for row in rows}
    return found


def _closed_through(connection: Connection, village_ids: Collection[str]) -> dict[str, str]:
    wanted = select(CLOSINGS.c.village_id, func.max(CLOSINGS.c.period)).group_by(CLOSINGS.c.village_id)
    rows = connection.execute(wanted.where(CLOSINGS.c.village_id.in_(sorted(village_ids))))
    return {str(row[0]): str(row[1]) for row in rows}


def _by_key(connection: Connection, keys: Sequence[str]) -> dict[str, Voucher]:
    found: dict[str, Voucher] = {}
    for part in _chunks(list(keys)):
        rows = connection.execute(select(ENTRIES).where(ENTRIES.c.entry_key.in_(part))).mappings().all()
        found |= {voucher.entry.key: voucher for voucher in _with_postings(connection, rows)}
    return found


def _with_postings(connection: Connection, rows: Sequence[Mapping[Any, Any]]) -> list[Voucher]:
    lines: dict[int, list[Posting]] = {int(row["sequence"]): [] for row in rows}
    for part in _chunks(list(lines)):
        wanted = select(
            POSTINGS.c.sequence,
            POSTINGS.c.account,
            POSTINGS.c.fen,
            POSTINGS.c.person_id,
            POSTINGS.c.plant_id,
            POSTINGS.c.lot_id,
        )
        wanted = wanted.where(POSTINGS.c.sequence.in_(part)).order_by(POSTINGS.c.sequence, POSTINGS.c.line)
        for sequence, *rest in connection.execute(wanted):
            lines[int(sequence)].append(Posting(*rest))
    return [entry_of(row, tuple(lines[int(row["sequence"])])) for row in rows]


def _lots(village_id: str, rows: Iterable[Any]) -> list[Lot]:
    received: dict[tuple[str, str], tuple[date, int]] = {}
    left: dict[tuple[str, str], int] = {}
    for account, lot_id, booked_on, fen in rows:
        if not is_cash(account):
            continue
        key = (account, lot_id)
        received.setdefault(key, (date.fromisoformat(booked_on), int(fen)))
        left[key] = left.get(key, 0) + int(fen)
    found = [
        Lot(village_id, account, lot_id, on, fen, left[account, lot_id])
        for (account, lot_id), (on, fen) in received.items()
    ]
    return sorted(found, key=lambda lot: (lot.received_on, lot.lot_id))


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
