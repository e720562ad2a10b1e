"""Vouchers, closings and facts as rows of the database, and the fields their seals cover."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from domain.ledger import Closing, Entry, Posting, Voucher, lines_of, microseconds
from domain.money_fact import MoneyFact
from stores.records.ledger_schema import BALANCES


def entry_fields(entry: Entry, sequence: int, number: int, content_hash: str) -> dict[str, Any]:
    """Return everything the seal of a voucher covers: every column of its rows."""
    assert entry.recorded_at is not None
    return {
        **_plain_fields(entry, sequence, number),
        "recorded_at": microseconds(entry.recorded_at),
        "content_hash": content_hash,
        "postings": lines_of(entry.postings),
    }


def _plain_fields(entry: Entry, sequence: int, number: int) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "village_id": entry.village_id,
        "period": entry.period,
        "voucher_number": number,
        "entry_key": entry.key,
        "booked_on": entry.booked_on.isoformat(),
        "belongs_to": entry.belongs_to.isoformat(),
        "summary": entry.summary,
        "source_kind": entry.source_kind,
        "source_id": entry.source_id,
        "reverses": entry.reverses,
        "made_by": entry.made_by,
        "checked_by": entry.checked_by,
    }


def entry_row(voucher: Voucher) -> dict[str, Any]:
    """Return the row of a voucher; "no reversal" is NULL, so that it may stand many times."""
    return {
        **_plain_fields(voucher.entry, voucher.sequence, voucher.number),
        "reverses": voucher.entry.reverses or None,
        "recorded_at": voucher.entry.recorded_at,
        "content_hash": voucher.content_hash,
        "previous_hash": voucher.previous_hash,
        "hash": voucher.hash,
    }


def entry_of(row: Mapping[Any, Any], postings: tuple[Posting, ...]) -> Voucher:
    """Return the voucher of a row; building it checks again that it balances."""
    entry = Entry(
        key=row["entry_key"],
        village_id=row["village_id"],
        booked_on=date.fromisoformat(row["booked_on"]),
        belongs_to=date.fromisoformat(row["belongs_to"]),
        summary=row["summary"],
        postings=postings,
        source_kind=row["source_kind"],
        source_id=row["source_id"],
        made_by=row["made_by"],
        checked_by=row["checked_by"],
        reverses=row["reverses"] or "",
        recorded_at=row["recorded_at"],
    )
    return Voucher(
        int(row["sequence"]),
        int(row["voucher_number"]),
        entry,
        row["content_hash"],
        row["previous_hash"],
        row["hash"],
    )


def closing_fields(closing: Closing, number: int) -> dict[str, Any]:
    """Return everything the seal of a closing covers."""
    return {
        "number": number,
        "village_id": closing.village_id,
        "period": closing.period,
        "closed_by": closing.closed_by,
        "checked_by": closing.checked_by,
        "closed_at": microseconds(closing.closed_at),
        "note": closing.note,
        "head_sequence": closing.head_sequence,
        "head_hash": closing.head_hash,
    }


def closing_of(row: Mapping[Any, Any]) -> Closing:
    """Return the closing of a row."""
    return Closing(
        row["village_id"],
        row["period"],
        row["closed_by"],
        row["checked_by"],
        row["closed_at"],
        row["note"],
        int(row["head_sequence"]),
        row["head_hash"],
    )


def fact_fields(fact: MoneyFact, number: int, content_hash: str) -> dict[str, Any]:
    """Return everything the seal of a fact covers."""
    return {
        "number": number,
        "kind": fact.kind,
        "identity": fact.identity,
        "plant_id": fact.plant_id,
        "village_id": fact.village_id,
        "period": fact.period,
        "content": dict(fact.content),
        "content_hash": content_hash,
        "made_by": fact.made_by,
        "made_at": microseconds(fact.made_at),
        "file_hash": fact.file_hash,
    }


def fact_of(row: Mapping[Any, Any]) -> MoneyFact:
    """Return the fact of a row."""
    return MoneyFact(
        row["kind"],
        row["identity"],
        row["content"],
        row["made_by"],
        row["made_at"],
        row["plant_id"],
        row["village_id"],
        row["period"],
        row["file_hash"],
    )


def add_to_balances(connection: Connection, vouchers: Sequence[Voucher]) -> None:
    """Add new vouchers to the stored balances."""
    sums: dict[tuple[str, str, str, str, str], int] = {}
    for voucher in vouchers:
        for p in voucher.entry.postings:
            key = (voucher.entry.village_id, p.account, p.plant_id, p.person_id, p.lot_id)
            sums[key] = sums.get(key, 0) + p.fen
    names = ("village_id", "account", "plant_id", "person_id", "lot_id")
    rows = [{**dict(zip(names, key, strict=True)), "fen": fen} for key, fen in sums.items() if fen]
    if not rows:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement: Any = insert(BALANCES)
    statement = statement.on_conflict_do_update(
        index_elements=list(names), set_={"fen": BALANCES.c.fen + statement.excluded.fen}
    )
    connection.execute(statement, rows)
