"""A copy of the books to practise on: vouchers and facts as they are, every person replaced by an invented one.

The chain of vouchers is copied whole, because one with links left out cannot be verified; rosters only of the villages
asked for. The real key of personal data is not needed: names, identity and account numbers are invented and sealed
with the copy's own key. Accounts of the program, sessions, codes of households, documents and audit stay behind.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from domain.account import User
from stores.records.copy import snapshot
from stores.records.database import Database
from stores.records.ledger_schema import BALANCES, CLOSINGS, ENTRIES, FACTS, POSTINGS
from stores.records.roster_schema import ACCOUNTS, PEOPLE, ROSTERS
from stores.records.rosters import sealed_person
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore

BOOKS = (POSTINGS, ENTRIES, BALANCES, CLOSINGS, FACTS)  # an entry is taken after its lines
_ROWS = 500


def copy_to_practise(
    source: Database,
    target: SqlRecordStore,
    sealer: Sealer,
    village_ids: Collection[str],
    users: Sequence[User],
) -> None:
    """Fill an empty database; all of it is kept, or nothing."""
    with snapshot(source) as old, target.database.writing() as new:
        for table in BOOKS:
            _copied(old, new, table)
        rosters = _rows(old, select(ROSTERS).where(ROSTERS.c.village_id.in_(sorted(village_ids))))
        _put(new, ROSTERS, rosters)
        _put(new, PEOPLE, _invented(old, sealer, _persons(rosters)))
        _put(new, ACCOUNTS, _accounts(old, sealer, _persons(rosters)))
        for user in users:
            target.add_user(user)


def _copied(old: Connection, new: Connection, table: Table) -> None:
    found = old.execution_options(yield_per=_ROWS).execute(select(table).order_by(*table.primary_key.columns))
    for part in found.mappings().partitions(_ROWS):
        new.execute(insert(table), [dict(row) for row in part])


def _rows(connection: Connection, wanted: Any) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(wanted).mappings()]


def _put(new: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    listed = [dict(row) for row in rows]
    if listed:
        new.execute(insert(table), listed)


def _persons(rosters: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return who stands on rosters or is paid for somebody there."""
    found = {
        place for row in rosters for member in row["members"] for place in (member[0], member[5]) if place
    }
    return sorted(found)


def _invented(old: Connection, sealer: Sealer, person_ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Return an invented person for each: a name that says so, and an identity number that cannot be one."""
    known = {row[0] for row in old.execute(select(PEOPLE.c.person_id))}
    for place, person_id in enumerate((one for one in person_ids if one in known), 1):
        number = f"0000001900023{place:04d}X"  # the thirtieth of February, of no place
        yield sealed_person(sealer, person_id, f"练习{place:03d}", number)


def _accounts(old: Connection, sealer: Sealer, person_ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Return the account of each with a number no bank has given."""
    wanted = set(person_ids)
    rows = old.execute(select(ACCOUNTS).order_by(ACCOUNTS.c.made_at, ACCOUNTS.c.account_id)).mappings()
    for place, row in enumerate((one for one in rows if one["person_id"] in wanted), 1):
        yield dict(row) | {"sealed": sealer.seal(f"000000{place:010d}"), "document": ""}
