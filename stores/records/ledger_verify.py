"""The check of the whole ledger: everything recomputed from the rows as they are, in one pass.

It reads columns as they stand, without building the types that would refuse a broken row, so that it can
name the row instead of failing on it.
"""

import json
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import func as sql

from domain.ledger import GENESIS, Broken, Verification, canonical, is_cash, seal, sha256_of
from revenue.refusal import broken_words
from stores.records.ledger_schema import BALANCES, CLOSINGS, ENTRIES, FACTS, POSTINGS
from texts.loader import Texts

_EVERY = 1000
_FIELDS = (
    *(
        "sequence",
        "village_id",
        "period",
        "voucher_number",
        "entry_key",
        "booked_on",
        "belongs_to",
        "summary",
    ),
    *("source_kind", "source_id", "reverses", "made_by", "checked_by", "recorded_at", "content_hash"),
)
_CONTENT = (
    *("village_id", "booked_on", "belongs_to", "summary", "source_kind", "source_id", "reverses", "postings"),
)


class _BrokenError(Exception):
    """The first broken row was found: what is wrong with it, and where it is."""

    def __init__(self, reason: str, place: str = "", /, **values: object) -> None:
        super().__init__(reason)
        self.finding = Broken(reason, place, values)


def verify(connection: Connection, progress: Callable[[int], None] | None = None) -> Verification:
    """Return what a pass over every row found; see stores.ledger_protocol."""
    check = _Check(connection, progress)
    try:
        check.vouchers()
        check.orphans()
        check.balances()
        check.closings()
        check.facts()
    except _BrokenError as broken:
        said = broken_words(broken.finding, Texts("en"))
        return Verification(check.seen, check.lines, check.closed, check.head, said, broken.finding)
    return Verification(check.seen, check.lines, check.closed, check.head)


class _Check:
    def __init__(self, connection: Connection, progress: Callable[[int], None] | None) -> None:
        self._connection = connection
        self._progress = progress
        self.seen = self.lines = self.closed = 0
        self.head = GENESIS
        self._hashes: dict[int, str] = {0: GENESIS}
        self._numbers: dict[tuple[str, str], int] = {}
        self._sums: dict[tuple[str, ...], int] = {}

    def vouchers(self) -> None:
        """Seal, sum, place, number and content of every voucher, in sequence."""
        lines = self._posting_groups()
        waiting = next(lines, None)
        columns = [ENTRIES.c[name] for name in (*_FIELDS, "previous_hash", "hash")]
        rows = _raw(self._connection, select(*columns).order_by(ENTRIES.c.sequence))
        for row in rows:
            fields = dict(zip(_FIELDS, row[:-2], strict=True))
            postings: list[list[Any]] = []
            while waiting is not None and waiting[0] <= fields["sequence"]:
                if waiting[0] == fields["sequence"]:
                    postings = waiting[1]
                else:
                    raise _BrokenError("no_entry", sequence=waiting[0])
                waiting = next(lines, None)
            self._voucher(fields, postings, row[-2], row[-1])
            if self._progress is not None and self.seen % _EVERY == 0:
                self._progress(self.seen)
        if waiting is not None:
            raise _BrokenError("no_entry", sequence=waiting[0])

    def _posting_groups(self) -> Iterator[tuple[int, list[list[Any]]]]:
        names = ("sequence", "line", "account", "fen", "person_id", "plant_id", "lot_id")
        wanted = select(*(POSTINGS.c[name] for name in names)).order_by(POSTINGS.c.sequence, POSTINGS.c.line)
        for sequence, rows in groupby(_raw(self._connection, wanted), key=lambda row: row[0]):
            group = list(rows)
            if [row[1] for row in group] != list(range(1, len(group) + 1)):
                raise _BrokenError("line_numbers", sequence=sequence, count=len(group))
            yield sequence, [list(row[2:]) for row in group]

    def _voucher(self, fields: dict[str, Any], postings: list[list[Any]], previous: str, kept: str) -> None:
        where = {
            name: fields[name] for name in ("village_id", "period", "voucher_number", "sequence", "entry_key")
        }
        fields["reverses"] = fields["reverses"] or ""
        self.seen += 1
        self.lines += len(postings)
        if fields["sequence"] != self.seen:
            raise _BrokenError("missing", "voucher", **where, number=self.seen)
        if previous != self.head or seal({**fields, "postings": postings}, previous) != kept:
            raise _BrokenError("seal", "voucher", **where)
        self._sound(fields, postings, where)
        self.head = self._hashes[self.seen] = kept

    def _sound(self, fields: dict[str, Any], postings: list[list[Any]], where: dict[str, Any]) -> None:
        if len(postings) < 2 or sum(posting[1] for posting in postings) != 0:
            raise _BrokenError("off", "voucher", **where)
        place = (fields["village_id"], fields["period"])
        number = self._numbers[place] = self._numbers.get(place, 0) + 1
        if fields["voucher_number"] != number or fields["period"] != fields["booked_on"][:7]:
            raise _BrokenError("number", "voucher", **where, number=number, month=fields["booked_on"][:7])
        content = {name: fields.get(name) for name in _CONTENT} | {"key": fields["entry_key"]}
        if sha256_of({**content, "postings": postings}) != fields["content_hash"]:
            raise _BrokenError("content", "voucher", **where)
        if not fields["made_by"] or fields["made_by"] == fields["checked_by"]:
            raise _BrokenError("one_person", "voucher", **where)
        for account, fen, person, plant, lot in postings:
            if is_cash(account) and not lot:
                raise _BrokenError("no_lot", "voucher", **where)
            key = (fields["village_id"], account, plant, person, lot)
            self._sums[key] = self._sums.get(key, 0) + fen

    def orphans(self) -> None:
        """No posting beyond the newest entry (a deleted tail)."""
        last = self._connection.execute(select(sql.max(POSTINGS.c.sequence))).scalar() or 0
        if last > self.seen:
            raise _BrokenError("no_entry", sequence=last)

    def balances(self) -> None:
        """Balances recomputed from postings equal the stored ones; no lot gave more than it had."""
        stored: dict[tuple[str, ...], int] = {}
        wanted = select(
            *(
                BALANCES.c[name]
                for name in ("village_id", "account", "plant_id", "person_id", "lot_id", "fen")
            )
        )
        for *names, fen in _raw(self._connection, wanted):
            stored[tuple(names)] = fen
        lots: dict[tuple[str, ...], int] = {}
        for key in sorted(set(stored) | set(self._sums)):
            found, kept = self._sums.get(key, 0), stored.get(key, 0)
            name = " ".join(part for part in key if part)
            if found != kept:
                raise _BrokenError("balance", account=name, kept=kept, found=found)
            if is_cash(key[1]):
                lot = (key[0], key[1], key[4])
                lots[lot] = lots.get(lot, 0) + found
        for place, left in lots.items():
            if left < 0:
                raise _BrokenError("overdrawn", receipt=" ".join(place), fen=-left)

    def closings(self) -> None:
        """Seal and order of every closing; the head it names is the one in the chain."""
        names = (
            *("number", "village_id", "period", "closed_by", "checked_by", "closed_at", "note"),
            *("head_sequence", "head_hash"),
        )
        columns = [CLOSINGS.c[name] for name in (*names, "previous_hash", "hash")]
        head = GENESIS
        for row in _raw(self._connection, select(*columns).order_by(CLOSINGS.c.number)):
            fields = dict(zip(names, row[:-2], strict=True))
            where = {name: fields[name] for name in ("village_id", "period", "number")}
            self.closed += 1
            if fields["number"] != self.closed:
                raise _BrokenError("closing_missing", "closing", **where, wanted=self.closed)
            if row[-2] != head or seal(fields, head) != row[-1]:
                raise _BrokenError("seal", "closing", **where)
            if self._hashes.get(fields["head_sequence"]) != fields["head_hash"]:
                raise _BrokenError("head", "closing", **where)
            head = row[-1]

    def facts(self) -> None:
        """Seal of everything people entered about money."""
        names = (
            *("number", "kind", "identity", "plant_id", "village_id", "period", "content", "content_hash"),
            *("made_by", "made_at", "file_hash"),
        )
        columns = [FACTS.c[name] for name in (*names, "previous_hash", "hash")]
        head = GENESIS
        rows = _raw(self._connection, select(*columns).order_by(FACTS.c.number))
        for seen, row in enumerate(rows, 1):
            fields = dict(zip(names, row[:-2], strict=True))
            fields["content"] = _content_of(fields["content"])
            where = {name: fields[name] for name in ("kind", "identity", "number")}
            if fields["number"] != seen:
                raise _BrokenError("fact_missing", "fact", **where, wanted=seen)
            if row[-2] != head or seal(fields, head) != row[-1]:
                raise _BrokenError("seal", "fact", **where)
            head = row[-1]


def _content_of(kept: Any) -> Any:
    """Return what a fact says; PostgreSQL hands it over read, SQLite as text, and either may have been broken.

    What cannot be sealed (no JSON, no number, half a character) is returned as text, and so is JSON that is not
    written as the store writes it: neither has the seal of what was kept.
    """
    try:
        said = json.loads(kept) if isinstance(kept, str) else kept
        canonical(said).encode()
    except ValueError:
        return ascii(kept)
    return ascii(kept) if isinstance(kept, str) and json.dumps(said) != kept else said


def _raw(connection: Connection, wanted: Any) -> Iterator[tuple[Any, ...]]:
    """Yield rows as the driver gives them, instants as numbers: ten times quicker than typed rows."""
    compiled = wanted.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    result = connection.execution_options(yield_per=_EVERY).exec_driver_sql(str(compiled))
    for row in result:
        yield tuple(row)
