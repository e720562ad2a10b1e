"""What people entered about money, in the records store: only added, each sealed to the one before."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, text

from domain.errors import LedgerRefusedError
from domain.ledger import GENESIS, seal
from domain.money_fact import FactMark, MoneyFact
from stores.records.database import Database
from stores.records.ledger_rows import fact_fields, fact_of
from stores.records.ledger_schema import FACTS

_LOCK_KEY = 7_318_250_005
_CHUNK = 500


class MoneyFacts:
    """Implements stores.ledger_protocol.MoneyFactStore."""

    _database: Database

    def add_facts(self, facts: Sequence[MoneyFact]) -> list[bool]:
        """Keep facts in one transaction, all or none; False where the same was there before."""
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            known = _known(connection, facts)
            last = connection.execute(
                select(FACTS.c.number, FACTS.c.hash).order_by(FACTS.c.number.desc()).limit(1)
            ).first()
            number, head = (int(last[0]), str(last[1])) if last else (0, GENESIS)
            answer, rows = [], []
            for fact in facts:
                place, content_hash = (fact.kind, fact.identity), fact.content_hash()
                there = known.get(place)
                if there is not None and there != content_hash:
                    raise LedgerRefusedError("other_fact", kind=fact.kind, identity=fact.identity)
                answer.append(there is None)
                if there is not None:
                    continue
                known[place] = content_hash
                number += 1
                fields = fact_fields(fact, number, content_hash)
                previous, head = head, seal(fields, head)
                rows.append({**fields, "made_at": fact.made_at, "previous_hash": previous, "hash": head})
            if rows:
                connection.execute(insert(FACTS), rows)
        return answer

    def facts(
        self,
        kind: str,
        *,
        plant_ids: Collection[str] | None = None,
        village_ids: Collection[str] | None = None,
        first_period: str = "",
        last_period: str = "9999-99",
        identity: str | None = None,
    ) -> list[MoneyFact]:
        """Return facts of one kind in the order they were kept."""

        def read(connection: Connection) -> list[MoneyFact]:
            wanted = (
                select(FACTS)
                .where(FACTS.c.kind == kind)
                .where(FACTS.c.period >= first_period, FACTS.c.period <= last_period)
                .order_by(FACTS.c.number)
            )
            if plant_ids is not None:
                wanted = wanted.where(FACTS.c.plant_id.in_(sorted(plant_ids)))
            if village_ids is not None:
                wanted = wanted.where(FACTS.c.village_id.in_(sorted(village_ids)))
            if identity is not None:
                wanted = wanted.where(FACTS.c.identity == identity)
            return [fact_of(row) for row in connection.execute(wanted).mappings()]

        if identity is None:
            with self._database.reading() as connection:
                return read(connection)
        places = tuple(None if ids is None else frozenset(ids) for ids in (plant_ids, village_ids))
        key = ("fact", kind, places, first_period, last_period, identity)
        return list(self._database.remembered(key, read))

    def fact_marks(
        self,
        kind: str,
        *,
        village_ids: Collection[str] | None = None,
        first_period: str = "",
        last_period: str = "9999-99",
        identities: Collection[str] | None = None,
    ) -> list[FactMark]:
        """Return which facts of one kind are kept, in that order, without reading what they say."""
        wanted = (
            select(FACTS.c.identity, FACTS.c.made_by, FACTS.c.made_at)
            .where(FACTS.c.kind == kind)
            .where(FACTS.c.period >= first_period, FACTS.c.period <= last_period)
            .order_by(FACTS.c.number)
        )
        if village_ids is not None:
            wanted = wanted.where(FACTS.c.village_id.in_(sorted(village_ids)))
        if identities is not None:
            wanted = wanted.where(FACTS.c.identity.in_(sorted(identities)))
        with self._database.reading() as connection:
            return [FactMark(*row) for row in connection.execute(wanted)]


def _known(connection: Any, facts: Sequence[MoneyFact]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for kind in {fact.kind for fact in facts}:
        names = [fact.identity for fact in facts if fact.kind == kind]
        for start in range(0, len(names), _CHUNK):
            wanted = select(FACTS.c.identity, FACTS.c.content_hash).where(
                FACTS.c.kind == kind, FACTS.c.identity.in_(names[start : start + _CHUNK])
            )
            found |= {(kind, str(row[0])): str(row[1]) for row in connection.execute(wanted)}
    return found
