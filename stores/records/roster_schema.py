"""Tables of people, payee accounts and rosters; what tells who somebody is stands sealed in a column of its own."""

from sqlalchemy import JSON, Column, Index, LargeBinary, String, Table, Text, UniqueConstraint

from stores.records.schema import METADATA, Instant

PEOPLE = Table(
    "people",
    METADATA,
    Column("person_id", String(32), primary_key=True),
    Column("id_match", String(64), nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=False),
)

ACCOUNTS = Table(
    "payee_accounts",
    METADATA,
    Column("account_id", String(32), primary_key=True),
    Column("person_id", String(32), nullable=False),
    Column("bank", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("valid_from", String(10), nullable=False),
    Column("document", String(64), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("checked_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("payee_accounts_person", "person_id", "made_at"),
)

ROSTERS = Table(
    "rosters",
    METADATA,
    Column("roster_id", String(64), primary_key=True),
    Column("village_id", String(64), nullable=False),
    Column("valid_from", String(10), nullable=False),
    Column("members", JSON, nullable=False),
    Column("source_sha256", String(64), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("village_id", "valid_from", name="rosters_day"),
)
