"""Alerts, the append-only log of their transitions, and how far each plant was judged."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REFUSE_SQLITE = """CREATE TRIGGER alert_transitions_no_{what} BEFORE {what} ON alert_transitions
BEGIN SELECT RAISE(ABORT, 'alert_transitions is append-only'); END"""
_REFUSE_POSTGRES = (
    """CREATE FUNCTION alert_transitions_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'alert_transitions is append-only'; END $$""",
    """CREATE TRIGGER alert_transitions_no_change BEFORE UPDATE OR DELETE ON alert_transitions
    FOR EACH ROW EXECUTE FUNCTION alert_transitions_refuse()""",
    """CREATE TRIGGER alert_transitions_no_truncate BEFORE TRUNCATE ON alert_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION alert_transitions_refuse()""",
)


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(160), primary_key=True),
        sa.Column("rule", sa.String(16), nullable=False),
        sa.Column("plant_id", sa.String(64), nullable=False),
        sa.Column("device_id", sa.String(128), nullable=False),
        sa.Column("part", sa.String(64), nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("fired_at", sa.BigInteger),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("plant_ids", sa.JSON, nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("lost_kwh", sa.Float(53)),
        sa.Column("lost_fen", sa.BigInteger),
        sa.Column("at_risk_fen", sa.BigInteger),
        sa.Column("parent_id", sa.String(160)),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("held_s", sa.Float(53), nullable=False),
        sa.Column("clear_s", sa.Float(53), nullable=False),
    )
    op.create_index("alerts_state", "alerts", ["state", "plant_id"])
    op.create_index("alerts_plant", "alerts", ["plant_id", "since"])
    op.create_index("alerts_resolved", "alerts", ["resolved_at"])
    op.create_index("alerts_parent", "alerts", ["parent_id"])
    op.create_table(
        "alert_transitions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("alert_id", sa.String(160), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("parent_id", sa.String(160)),
    )
    op.create_index("alert_transitions_alert", "alert_transitions", ["alert_id"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in _REFUSE_POSTGRES:
            op.execute(statement)
    else:
        for what in ("update", "delete"):
            op.execute(_REFUSE_SQLITE.format(what=what))
    op.create_table(
        "alerts_judged",
        sa.Column("plant_id", sa.String(64), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
