"""Tables of the other industries. Reports, their steps and register entries are append-only by trigger."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from stores.records.schema import METADATA, Instant

REPORTS = Table(
    "industry_reports",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("indicator_id", String(48), nullable=False),
    Column("reporter_kind", String(8), nullable=False),
    Column("reporter_id", String(64), nullable=False),
    Column("period", String(7), nullable=False),
    Column("version", Integer, nullable=False),
    Column("value", String(40), nullable=False),
    Column("entered", Text, nullable=False),
    Column("mark", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("file_hash", String(64), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint(
        "indicator_id", "reporter_kind", "reporter_id", "period", "version", name="industry_reports_version"
    ),
    Index("industry_reports_period", "reporter_kind", "period", "indicator_id"),
    Index("industry_reports_reporter", "reporter_kind", "reporter_id", "period"),
)

REPORT_STEPS = Table(
    "industry_report_steps",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("indicator_id", String(48), nullable=False),
    Column("reporter_kind", String(8), nullable=False),
    Column("reporter_id", String(64), nullable=False),
    Column("period", String(7), nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("industry_report_steps_period", "reporter_kind", "period"),
)

ENTRIES = Table(
    "industry_entries",
    METADATA,
    Column("kind", String(32), nullable=False),
    Column("entry_id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", JSON, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    PrimaryKeyConstraint("kind", "entry_id", "version"),
)

QUESTIONS = Table(
    "income_questions",
    METADATA,
    Column("question_id", String(160), primary_key=True),
    Column("town_id", String(16), nullable=False),
    Column("village_id", String(64), nullable=False),
    Column("household_id", String(64), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("before_fen", BigInteger, nullable=False),
    Column("now_fen", BigInteger, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("delete_on", String(10), nullable=False),
    Column("state", String(16), nullable=False),
    Column("visit_note", Text, nullable=False),
    Column("closed_by", String(64), nullable=False),
    Column("closed_at", Instant),
    Index("income_questions_town", "town_id", "state"),
)
