"""Cases, people's acts on alerts, planned stops, messages and who was told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("case_acts", "alert_acts", "notification_decisions")
_REFUSE_SQLITE = """CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
_REFUSE_POSTGRES = (
    """CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$""",
    """CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_refuse()""",
    """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()""",
)


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String(64), primary_key=True),
        sa.Column("case_number", sa.String(32), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("registered_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_index("cases_open", "cases", ["is_open", "updated_at"])
    op.create_table(
        "case_acts",
        sa.Column("case_id", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_table(
        "case_alerts",
        sa.Column("alert_id", sa.String(128), primary_key=True),
        sa.Column("case_id", sa.String(64), primary_key=True),
        sa.Column("registered_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "alert_acts",
        sa.Column("alert_id", sa.String(128), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("to", sa.String(64), nullable=False),
    )
    op.create_table(
        "planned_stops",
        sa.Column("stop_id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("entered_at", sa.BigInteger, nullable=False),
        sa.Column("plant_id", sa.String(64), nullable=False),
        sa.Column("device_id", sa.String(128), nullable=False),
        sa.Column("feeder", sa.Text, nullable=False),
        sa.Column("photo", sa.String(64), nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_by", sa.String(64), nullable=False),
    )
    op.create_index("planned_stops_span", "planned_stops", ["end", "start"])
    op.create_table(
        "notifications",
        sa.Column("notification_id", sa.String(64), primary_key=True),
        sa.Column("target_id", sa.String(64), nullable=False),
        sa.Column("receiver_id", sa.String(64), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("alert_ids", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("failure", sa.Text, nullable=False),
    )
    op.create_index("notifications_created", "notifications", ["created_at"])
    op.create_index("notifications_due", "notifications", ["state", "next_try_at"])
    op.create_table(
        "told",
        sa.Column("receiver_id", sa.String(64), primary_key=True),
        sa.Column("alert_id", sa.String(128), primary_key=True),
        sa.Column("occasion", sa.String(64), primary_key=True),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("notification_id", sa.String(64), nullable=False),
    )
    op.create_index("told_alert", "told", ["alert_id"])
    op.create_index("told_at", "told", ["at"])
    op.create_table(
        "notification_decisions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("alert_id", sa.String(128), nullable=False),
        sa.Column("receiver_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("until", sa.BigInteger),
    )
    op.create_index("notification_decisions_alert", "notification_decisions", ["alert_id", "at"])
    op.create_index("notification_decisions_at", "notification_decisions", ["at"])
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for table in _APPEND_ONLY:
        if is_postgres:
            for statement in _REFUSE_POSTGRES:
                op.execute(statement.format(table=table))
        else:
            for what in ("update", "delete"):
                op.execute(_REFUSE_SQLITE.format(table=table, what=what))


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
