"""Codes of household slips in the records database: a keyed hash each, nothing that leads back to the code."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    Column,
    Connection,
    Index,
    String,
    Table,
    and_,
    bindparam,
    insert,
    select,
    tuple_,
    update,
)

from stores.household_protocol import CodeKind, HouseholdCode, KnownCode
from stores.records.database import Database
from stores.records.schema import METADATA, Instant
from stores.records.sealing import Sealer

HOUSEHOLD_CODES = Table(
    "household_codes",
    METADATA,
    Column("code_hash", String(64), primary_key=True),
    Column("village_id", String(64), nullable=False),
    Column("household_id", String(64), nullable=False),
    Column("plan_id", String(64), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("issued_by", String(64), nullable=False),
    Column("ended_at", Instant),
    Index("household_codes_household", "village_id", "household_id"),
)
_CHUNK = 200
_OPENS = select(
    HOUSEHOLD_CODES.c.village_id,
    HOUSEHOLD_CODES.c.household_id,
    HOUSEHOLD_CODES.c.plan_id,
    HOUSEHOLD_CODES.c.issued_at,
).where(HOUSEHOLD_CODES.c.code_hash == bindparam("hashed"), HOUSEHOLD_CODES.c.ended_at.is_(None))


class SqlHouseholdCodes:
    """Implements stores.household_protocol.HouseholdCodeStore on the database of a records store."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def issue_codes(self, codes: Sequence[HouseholdCode], by: str, at: datetime) -> None:
        """Keep codes; those of the same households for other plans end."""
        table = HOUSEHOLD_CODES.c
        rows = [
            {
                "code_hash": self._hash(one.kind, one.code),
                "village_id": one.village_id,
                "household_id": one.household_id,
                "plan_id": one.plan_id,
                "issued_at": at,
                "issued_by": by,
            }
            for one in codes
        ]
        places = sorted({(one.village_id, one.household_id, one.plan_id) for one in codes})
        with self._database.writing() as connection:
            for plan_id in sorted({plan for _, _, plan in places}):
                mine = [(village, household) for village, household, plan in places if plan == plan_id]
                for start in range(0, len(mine), _CHUNK):
                    part = mine[start : start + _CHUNK]
                    older = and_(
                        tuple_(table.village_id, table.household_id).in_(part),
                        table.plan_id != plan_id,
                        table.ended_at.is_(None),
                    )
                    connection.execute(update(HOUSEHOLD_CODES).where(older).values(ended_at=at))
            if rows:
                connection.execute(insert(HOUSEHOLD_CODES), rows)

    def code(self, kind: CodeKind, code: str) -> KnownCode | None:
        """Return what a code opens; None for an unknown one and for one that ended."""
        hashed = self._hash(kind, code)

        def read(connection: Connection) -> KnownCode | None:
            row = connection.execute(_OPENS, {"hashed": hashed}).first()
            return None if row is None else KnownCode(row[0], row[1], row[2], row[3])

        return self._database.remembered(("household code", hashed), read)

    def end_codes(self, village_id: str, household_id: str, at: datetime) -> int:
        """End every code of a household; return how many there were."""
        table = HOUSEHOLD_CODES.c
        mine = and_(
            table.village_id == village_id, table.household_id == household_id, table.ended_at.is_(None)
        )
        with self._database.writing() as connection:
            return connection.execute(update(HOUSEHOLD_CODES).where(mine).values(ended_at=at)).rowcount

    def _hash(self, kind: CodeKind, code: str) -> str:
        return self._sealer.match(f"household {kind.value} {code}")
