"""When a session's second factor was last given."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("factor_at", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("sessions", "factor_at")
