"""Drafts of forms, views by name, and who stands in for whom."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("place", sa.String(240), primary_key=True),
        sa.Column("form", sa.Integer, primary_key=True),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("saved_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "saved_views",
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("page", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("saved_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "deputies",
        sa.Column("deputy_id", sa.String(32), primary_key=True),
        sa.Column("giver_id", sa.String(64), nullable=False),
        sa.Column("taker_id", sa.String(64), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_by", sa.String(64), nullable=False),
    )
    op.create_index("deputies_giver", "deputies", ["giver_id"])
    op.create_index("deputies_taker", "deputies", ["taker_id"])


def downgrade() -> None:
    for table in ("deputies", "saved_views", "drafts"):
        op.drop_table(table)
