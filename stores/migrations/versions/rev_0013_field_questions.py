"""Questions to the field, from the browser to the collector that owns the wire."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "field_questions",
        sa.Column("ticket", sa.String(32), primary_key=True),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("gateway_id", sa.String(128), nullable=False),
        sa.Column("words", sa.JSON, nullable=False),
        sa.Column("taken_at", sa.BigInteger),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("told", sa.JSON, nullable=False),
    )
    op.create_index("field_questions_taken", "field_questions", ["taken_at"])


def downgrade() -> None:
    op.drop_table("field_questions")
