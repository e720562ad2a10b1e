"""Reports, steps and register entries of the other industries (append-only by trigger), questions about incomes."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = ("industry_reports", "industry_report_steps", "industry_entries")


def upgrade() -> None:
    _reports()
    _steps()
    _entries()
    _questions()
    if op.get_bind().dialect.name == "postgresql":
        _refuse_on_postgres()
    else:
        _refuse_on_sqlite()


def _about() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("indicator_id", sa.String(48), nullable=False),
        sa.Column("reporter_kind", sa.String(8), nullable=False),
        sa.Column("reporter_id", sa.String(64), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    ]


def _reports() -> None:
    op.create_table(
        "industry_reports",
        *_about(),
        sa.Column("value", sa.String(40), nullable=False),
        sa.Column("entered", sa.Text, nullable=False),
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("flags", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("file_hash", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint(
            "indicator_id",
            "reporter_kind",
            "reporter_id",
            "period",
            "version",
            name="industry_reports_version",
        ),
    )
    op.create_index(
        "industry_reports_period", "industry_reports", ["reporter_kind", "period", "indicator_id"]
    )
    op.create_index(
        "industry_reports_reporter", "industry_reports", ["reporter_kind", "reporter_id", "period"]
    )


def _steps() -> None:
    op.create_table(
        "industry_report_steps",
        *_about(),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
    )
    op.create_index("industry_report_steps_period", "industry_report_steps", ["reporter_kind", "period"])


def _entries() -> None:
    op.create_table(
        "industry_entries",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("entry_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "entry_id", "version"),
    )


def _questions() -> None:
    op.create_table(
        "income_questions",
        sa.Column("question_id", sa.String(160), primary_key=True),
        sa.Column("town_id", sa.String(16), nullable=False),
        sa.Column("village_id", sa.String(64), nullable=False),
        sa.Column("household_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("before_fen", sa.BigInteger, nullable=False),
        sa.Column("now_fen", sa.BigInteger, nullable=False),
        sa.Column("sources", sa.JSON, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("delete_on", sa.String(10), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("visit_note", sa.Text, nullable=False),
        sa.Column("closed_by", sa.String(64), nullable=False),
        sa.Column("closed_at", sa.BigInteger),
    )
    op.create_index("income_questions_town", "income_questions", ["town_id", "state"])


def _refuse_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for what in ("update", "delete"):
            op.execute(
                sa.text(
                    f"CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            )


def _refuse_on_postgres() -> None:
    op.execute(
        """CREATE FUNCTION industry_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION industry_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION industry_refuse()"
        )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
