"""People (sealed), payee accounts and rosters."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(32), primary_key=True),
        sa.Column("id_match", sa.String(64), nullable=False, unique=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "payee_accounts",
        sa.Column("account_id", sa.String(32), primary_key=True),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("bank", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("valid_from", sa.String(10), nullable=False),
        sa.Column("document", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("checked_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
    )
    op.create_index("payee_accounts_person", "payee_accounts", ["person_id", "made_at"])
    op.create_table(
        "rosters",
        sa.Column("roster_id", sa.String(64), primary_key=True),
        sa.Column("village_id", sa.String(64), nullable=False),
        sa.Column("valid_from", sa.String(10), nullable=False),
        sa.Column("members", sa.JSON, nullable=False),
        sa.Column("source_sha256", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("village_id", "valid_from", name="rosters_day"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
