"""Figures and losses by local day."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "day_figures",
        sa.Column("plant_id", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("device_id", sa.String(128), primary_key=True),
        sa.Column("energy_kwh", sa.Float(53)),
        sa.Column("expected_kwh", sa.Float(53)),
        sa.Column("lost_kwh", sa.Float(53)),
        sa.Column("performance_ratio", sa.Float(53)),
        sa.Column("time_availability", sa.Float(53)),
        sa.Column("completeness", sa.Float(53)),
    )
    op.create_table(
        "day_losses",
        sa.Column("plant_id", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("device_id", sa.String(128), primary_key=True),
        sa.Column("cause", sa.String(32), primary_key=True),
        sa.Column("lost_kwh", sa.Float(53), nullable=False),
        sa.Column("low_kwh", sa.Float(53), nullable=False),
        sa.Column("high_kwh", sa.Float(53), nullable=False),
        sa.Column("method", sa.String(96), nullable=False),
        sa.Column("benchmark_fen", sa.BigInteger),
        sa.Column("subsidy_fen", sa.BigInteger),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
