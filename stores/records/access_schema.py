"""Tables of tokens and second factors."""

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, String, Table, Text

from stores.records.schema import METADATA, Instant

API_TOKENS = Table(
    "api_tokens",
    METADATA,
    Column("token_id", String(16), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", String(64), nullable=False),
    Column("label", Text, nullable=False),
    Column("areas", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("used_at", Instant),
    Index("api_tokens_user", "user_id"),
)

SECOND_FACTORS = Table(
    "second_factors",
    METADATA,
    Column("user_id", String(64), primary_key=True),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("last_step", BigInteger, nullable=False),
    Column("recovery", JSON, nullable=False),
)
