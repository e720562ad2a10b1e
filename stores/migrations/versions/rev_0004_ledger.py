"""Ledger (entries, postings, balances, closings) and money facts, append-only by trigger."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_entries", "ledger_postings", "ledger_closings", "money_facts")

# conditions under which a new row is refused: (trigger, table, condition, words). Both databases take them.
_INSERT_RULES = (
    (
        "ledger_postings_late",
        "ledger_postings",
        "EXISTS (SELECT 1 FROM ledger_entries e WHERE e.sequence = NEW.sequence)",
        "a posted entry takes no more lines",
    ),
    (
        "ledger_entries_balance",
        "ledger_entries",
        "(SELECT COUNT(*) FROM ledger_postings p WHERE p.sequence = NEW.sequence) < 2"
        " OR (SELECT SUM(p.fen) FROM ledger_postings p WHERE p.sequence = NEW.sequence) <> 0",
        "an entry has two lines or more and sums to zero",
    ),
    (
        "ledger_entries_period",
        "ledger_entries",
        "NEW.period <> substr(NEW.booked_on, 1, 7) OR EXISTS (SELECT 1 FROM ledger_closings c"
        " WHERE c.village_id = NEW.village_id AND c.period >= NEW.period)",
        "the period is closed",
    ),
    (
        "ledger_entries_number",
        "ledger_entries",
        "NEW.voucher_number <> 1 + (SELECT COALESCE(MAX(e.voucher_number), 0) FROM ledger_entries e"
        " WHERE e.village_id = NEW.village_id AND e.period = NEW.period)"
        " OR NEW.sequence <> 1 + (SELECT COALESCE(MAX(e.sequence), 0) FROM ledger_entries e)",
        "vouchers are numbered without gaps",
    ),
    (
        "ledger_entries_persons",
        "ledger_entries",
        "NEW.made_by = '' OR NEW.made_by = NEW.checked_by",
        "maker and checker are two persons",
    ),
    (
        "ledger_closings_order",
        "ledger_closings",
        "NEW.closed_by = '' OR NEW.closed_by = NEW.checked_by OR EXISTS (SELECT 1 FROM ledger_closings c"
        " WHERE c.village_id = NEW.village_id AND c.period >= NEW.period)",
        "periods are closed in order by two persons",
    ),
)


def _sqlite(statement: str) -> None:
    op.execute(sa.text(statement))


def _refuse_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for what in ("update", "delete"):
            _sqlite(
                f"CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    for name, table, condition, words in _INSERT_RULES:
        _sqlite(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


def _refuse_on_postgres() -> None:
    op.execute(
        """CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        )
    for name, table, condition, words in _INSERT_RULES:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {condition} THEN RAISE EXCEPTION '{words}'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )


def _entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("village_id", sa.String(64), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("voucher_number", sa.Integer, nullable=False),
        sa.Column("entry_key", sa.String(200), nullable=False, unique=True),
        sa.Column("booked_on", sa.String(10), nullable=False),
        sa.Column("belongs_to", sa.String(10), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("source_kind", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(200), nullable=False),
        sa.Column("reverses", sa.String(200), unique=True),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("checked_by", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("village_id", "period", "voucher_number", name="ledger_entries_number"),
    )
    op.create_index("ledger_entries_source", "ledger_entries", ["source_kind", "source_id"])


def _postings() -> None:
    op.create_table(
        "ledger_postings",
        sa.Column(
            "sequence",
            sa.BigInteger,
            sa.ForeignKey("ledger_entries.sequence", deferrable=True, initially="DEFERRED"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("fen", sa.BigInteger, nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("plant_id", sa.String(64), nullable=False),
        sa.Column("lot_id", sa.String(200), nullable=False),
    )
    op.create_index("ledger_postings_lot", "ledger_postings", ["lot_id"])
    op.create_table(
        "ledger_balances",
        sa.Column("village_id", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(32), primary_key=True),
        sa.Column("plant_id", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(64), primary_key=True),
        sa.Column("lot_id", sa.String(200), primary_key=True),
        sa.Column("fen", sa.BigInteger, nullable=False),
    )


def _closings() -> None:
    op.create_table(
        "ledger_closings",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("village_id", sa.String(64), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("closed_by", sa.String(64), nullable=False),
        sa.Column("checked_by", sa.String(64), nullable=False),
        sa.Column("closed_at", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("head_sequence", sa.BigInteger, nullable=False),
        sa.Column("head_hash", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("village_id", "period", name="ledger_closings_period"),
    )


def _facts() -> None:
    op.create_table(
        "money_facts",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("identity", sa.String(300), nullable=False),
        sa.Column("plant_id", sa.String(64), nullable=False),
        sa.Column("village_id", sa.String(64), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("file_hash", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("kind", "identity", name="money_facts_identity"),
    )
    op.create_index("money_facts_plant", "money_facts", ["kind", "plant_id", "period"])
    op.create_index("money_facts_village", "money_facts", ["kind", "village_id", "period"])


def upgrade() -> None:
    _entries()
    _postings()
    _closings()
    _facts()
    if op.get_bind().dialect.name == "postgresql":
        _refuse_on_postgres()
    else:
        _refuse_on_sqlite()


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
