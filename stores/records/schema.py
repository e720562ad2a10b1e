"""Tables of the records store, and the column types that keep our promises on every database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

REVISION = "0013"  # the newest revision in stores/migrations/versions; a test holds them together
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware instant as microseconds since 1970 UTC: the same on SQLite and PostgreSQL, and it sorts."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn an instant into its number."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn a number into its instant."""
        return None if value is None else _EPOCH + int(value) * _MICROSECOND


METADATA = MetaData()

USERS = Table(
    "users",
    METADATA,
    Column("user_id", String(64), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("scope", JSON, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("created_at", Instant),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("csrf_secret", Text, nullable=False),
    Column("stage", String(16), nullable=False, server_default=""),
    Column("factor_at", Instant),
    Index("sessions_user", "user_id"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("field_time", Instant),
    Index("audit_at", "at"),
)

JOB_RUNS = Table(
    "job_runs",
    METADATA,
    Column("job", String(64), primary_key=True),
    Column("period", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("detail", Text, nullable=False),
    Index("job_runs_started", "started_at"),
)

READINGS = Table(
    "meter_readings",
    METADATA,
    Column("reading_id", String(64), primary_key=True),
    Column("plant_id", String(64), nullable=False),
    Column("device_id", String(128), nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("forward_wh", Float(53), nullable=False),
    Column("entered_by", String(64), nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("photo", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("replaces", String(64), unique=True),
    Index("meter_readings_plant", "plant_id", "read_at"),
)

PHOTOS = Table(
    "photos",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("content_type", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

IMPORTS = Table(
    "imported_files",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("imported_by", String(64), nullable=False),
    Column("imported_at", Instant, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("detail", JSON, nullable=False),
)

ALERTS = Table(
    "alerts",
    METADATA,
    Column("alert_id", String(160), primary_key=True),
    Column("rule", String(16), nullable=False),
    Column("plant_id", String(64), nullable=False),
    Column("device_id", String(128), nullable=False),
    Column("part", String(64), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("since", Instant, nullable=False),
    Column("fired_at", Instant),
    Column("resolved_at", Instant),
    Column("subject", String(128), nullable=False),
    Column("plant_ids", JSON, nullable=False),
    Column("cause", String(32), nullable=False),
    Column("lost_kwh", Float(53)),
    Column("lost_fen", BigInteger),
    Column("at_risk_fen", BigInteger),
    Column("parent_id", String(160)),
    Column("reopened", Integer, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("held_s", Float(53), nullable=False),
    Column("clear_s", Float(53), nullable=False),
    Index("alerts_state", "state", "plant_id"),
    Index("alerts_plant", "plant_id", "since"),
    Index("alerts_resolved", "resolved_at"),
    Index("alerts_parent", "parent_id"),
)

ALERT_TRANSITIONS = Table(
    "alert_transitions",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("alert_id", String(160), nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("parent_id", String(160)),
    Index("alert_transitions_alert", "alert_id"),
)

JUDGED = Table(
    "alerts_judged",
    METADATA,
    Column("plant_id", String(64), primary_key=True),
    Column("until", Instant, nullable=False),
)

SLOT_STRIPS = Table(
    "slot_strips",
    METADATA,
    Column("device_id", String(128), primary_key=True),
    Column("start", Instant, primary_key=True),
    Column("day", String(10), nullable=False),
    Column("period_us", BigInteger, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("states", LargeBinary, nullable=False),
    Index("slot_strips_day", "day"),
)

HEARTBEATS = Table(
    "heartbeats",
    METADATA,
    Column("process", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("faults", JSON, nullable=False),
)
