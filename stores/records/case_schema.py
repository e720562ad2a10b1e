"""Tables of cases."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text

from stores.records.schema import METADATA, Instant

CASES = Table(  # where each case stands: made of its acts, for finding it
    "cases",
    METADATA,
    Column("case_id", String(64), primary_key=True),
    Column("case_number", String(32), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("registered_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("cases_open", "is_open", "updated_at"),
)

CASE_ACTS = Table(  # only added
    "case_acts",
    METADATA,
    Column("case_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("by", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)

CASE_ALERTS = Table(
    "case_alerts",
    METADATA,
    Column("alert_id", String(128), primary_key=True),
    Column("case_id", String(64), primary_key=True),
    Column("registered_at", Instant, nullable=False),
)
