"""Codes of household slips, kept as keyed hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "household_codes",
        sa.Column("code_hash", sa.String(64), primary_key=True),
        sa.Column("village_id", sa.String(64), nullable=False),
        sa.Column("household_id", sa.String(64), nullable=False),
        sa.Column("plan_id", sa.String(64), nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("issued_by", sa.String(64), nullable=False),
        sa.Column("ended_at", sa.BigInteger),
    )
    op.create_index("household_codes_household", "household_codes", ["village_id", "household_id"])


def downgrade() -> None:
    op.drop_table("household_codes")
