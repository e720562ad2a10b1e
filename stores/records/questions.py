"""Questions to the field in the records database, so that a browser and a collector need not share a process."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Index, String, Table, delete, insert, select, update

from stores.question_protocol import FieldQuestion
from stores.records.database import Database
from stores.records.schema import METADATA, Instant

QUESTIONS = Table(
    "field_questions",
    METADATA,
    Column("ticket", String(32), primary_key=True),
    Column("asked_by", String(64), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("gateway_id", String(128), nullable=False),
    Column("words", JSON, nullable=False),
    Column("taken_at", Instant),
    Column("done", Boolean, nullable=False),
    Column("told", JSON, nullable=False),
    Index("field_questions_taken", "taken_at"),
)


class SqlQuestionStore:
    """Implements stores.question_protocol.QuestionStore on the database of a records store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_question(self, question: FieldQuestion) -> None:
        """Keep a question."""
        row = {name: getattr(question, name) for name in QUESTIONS.c.keys()}  # noqa: SIM118 (columns by name)
        self._database.write(insert(QUESTIONS).values(row | {"words": dict(question.words), "told": {}}))

    def question(self, ticket: str) -> FieldQuestion | None:
        """Return a question with what came of it."""
        with self._database.reading() as connection:
            row = connection.execute(select(QUESTIONS).where(QUESTIONS.c.ticket == ticket)).mappings().first()
        return None if row is None else FieldQuestion(**row)

    def take_question(self, gateway_ids: Collection[str], now: datetime) -> FieldQuestion | None:
        """Take the oldest waiting question to one of these wires."""
        table = QUESTIONS.c
        waiting = select(QUESTIONS).where(table.taken_at.is_(None)).order_by(table.asked_at, table.ticket)
        with self._database.reading() as connection:  # mostly there is none, and nothing is locked for that
            rows = [FieldQuestion(**row) for row in connection.execute(waiting).mappings()]
        for one in rows:
            if one.gateway_id not in gateway_ids:
                continue
            free = (table.ticket == one.ticket) & table.taken_at.is_(None)
            if self._database.write(update(QUESTIONS).where(free).values(taken_at=now)):
                return one
        return None

    def tell_question(self, ticket: str, told: Mapping[str, Any], *, done: bool) -> None:
        """Keep what came of it so far."""
        changed = update(QUESTIONS).where(QUESTIONS.c.ticket == ticket).values(told=dict(told), done=done)
        self._database.write(changed)

    def forget_questions(self, before: datetime) -> int:
        """Delete questions asked before an instant; return how many."""
        return self._database.write(delete(QUESTIONS).where(QUESTIONS.c.asked_at < before))
