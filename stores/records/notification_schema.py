"""Tables of people's acts on alerts, planned stops, messages, and who was told."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from stores.records.schema import METADATA, Instant

ALERT_ACTS = Table(  # only added
    "alert_acts",
    METADATA,
    Column("alert_id", String(128), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("by", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", Instant),
    Column("to", String(64), nullable=False),
)

STOPS = Table(
    "planned_stops",
    METADATA,
    Column("stop_id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("start", Instant, nullable=False),
    Column("end", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(64), nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("plant_id", String(64), nullable=False),
    Column("device_id", String(128), nullable=False),
    Column("feeder", Text, nullable=False),
    Column("photo", String(64), nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(64), nullable=False),
    Index("planned_stops_span", "end", "start"),
)

NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    Column("notification_id", String(64), primary_key=True),
    Column("target_id", String(64), nullable=False),
    Column("receiver_id", String(64), nullable=False),
    Column("event", String(16), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("alert_ids", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", Instant),
    Column("sent_at", Instant),
    Column("failure", Text, nullable=False),
    Index("notifications_due", "state", "next_try_at"),
    Index("notifications_created", "created_at"),
)

TOLD = Table(
    "told",
    METADATA,
    Column("receiver_id", String(64), primary_key=True),
    Column("alert_id", String(128), primary_key=True),
    Column("occasion", String(64), primary_key=True),
    Column("event", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("notification_id", String(64), nullable=False),
    Index("told_alert", "alert_id"),
    Index("told_at", "at"),
)

DECISIONS = Table(  # only added
    "notification_decisions",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("alert_id", String(128), nullable=False),
    Column("receiver_id", String(64), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("until", Instant),
    Index("notification_decisions_alert", "alert_id", "at"),
    Index("notification_decisions_at", "at"),
)
