"""Tables of the ledger and of money facts; triggers that keep them append-only are in the migration."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from stores.records.schema import METADATA, Instant

ENTRIES = Table(
    "ledger_entries",
    METADATA,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("village_id", String(64), nullable=False),
    Column("period", String(7), nullable=False),
    Column("voucher_number", Integer, nullable=False),
    Column("entry_key", String(200), nullable=False, unique=True),
    Column("booked_on", String(10), nullable=False),
    Column("belongs_to", String(10), nullable=False),
    Column("summary", Text, nullable=False),
    Column("source_kind", String(64), nullable=False),
    Column("source_id", String(200), nullable=False),
    Column("reverses", String(200), unique=True),
    Column("made_by", String(64), nullable=False),
    Column("checked_by", String(64), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("village_id", "period", "voucher_number", name="ledger_entries_number"),
    Index("ledger_entries_source", "source_kind", "source_id"),
)

POSTINGS = Table(
    "ledger_postings",
    METADATA,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("account", String(32), nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("person_id", String(64), nullable=False),
    Column("plant_id", String(64), nullable=False),
    Column("lot_id", String(200), nullable=False),
    Index("ledger_postings_lot", "lot_id"),
)

BALANCES = Table(
    "ledger_balances",
    METADATA,
    Column("village_id", String(64), primary_key=True),
    Column("account", String(32), primary_key=True),
    Column("plant_id", String(64), primary_key=True),
    Column("person_id", String(64), primary_key=True),
    Column("lot_id", String(200), primary_key=True),
    Column("fen", BigInteger, nullable=False),
)

CLOSINGS = Table(
    "ledger_closings",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("village_id", String(64), nullable=False),
    Column("period", String(7), nullable=False),
    Column("closed_by", String(64), nullable=False),
    Column("checked_by", String(64), nullable=False),
    Column("closed_at", Instant, nullable=False),
    Column("note", Text, nullable=False),
    Column("head_sequence", BigInteger, nullable=False),
    Column("head_hash", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("village_id", "period", name="ledger_closings_period"),
)

FACTS = Table(
    "money_facts",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("identity", String(300), nullable=False),
    Column("plant_id", String(64), nullable=False),
    Column("village_id", String(64), nullable=False),
    Column("period", String(7), nullable=False),
    Column("content", JSON, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("file_hash", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("kind", "identity", name="money_facts_identity"),
    Index("money_facts_plant", "kind", "plant_id", "period"),
    Index("money_facts_village", "kind", "village_id", "period"),
)
