"""Tokens and second factors in the records store."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from domain.token import ApiToken, SecondFactor
from stores.records.access_schema import API_TOKENS, SECOND_FACTORS
from stores.records.database import Database
from stores.records.sealing import Sealer


class Tokens:
    """Implements stores.token_protocol.TokenStore."""

    _database: Database

    def add_token(self, token: ApiToken) -> None:
        """Keep a new token."""
        row = {name: getattr(token, name) for name in API_TOKENS.c.keys()}  # noqa: SIM118 (no dict)
        self._database.write(insert(API_TOKENS).values(**row | {"areas": sorted(token.areas)}))

    def token(self, token_hash: str) -> ApiToken | None:
        """Return the token with this hash."""
        with self._database.reading() as connection:
            wanted = select(API_TOKENS).where(API_TOKENS.c.token_hash == token_hash)
            row = connection.execute(wanted).mappings().first()
        return _token(row) if row is not None else None

    def tokens(self, user_id: str | None = None) -> list[ApiToken]:
        """Return tokens, of one account where named; newest first."""
        wanted = select(API_TOKENS).order_by(API_TOKENS.c.created_at.desc(), API_TOKENS.c.token_id)
        if user_id is not None:
            wanted = wanted.where(API_TOKENS.c.user_id == user_id)
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(wanted).mappings()]

    def touch_token(self, token_id: str, used_at: datetime) -> None:
        """Note that it was used."""
        self._database.write(
            update(API_TOKENS).where(API_TOKENS.c.token_id == token_id).values(used_at=used_at)
        )

    def revoke_token(self, token_id: str, at: datetime) -> bool:
        """End a token; False when there is none, or it was ended before."""
        live = (API_TOKENS.c.token_id == token_id) & API_TOKENS.c.revoked_at.is_(None)
        return bool(self._database.write(update(API_TOKENS).where(live).values(revoked_at=at)))


class SqlFactorStore:
    """Implements stores.token_protocol.FactorStore over the database of the records."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def factor(self, user_id: str) -> SecondFactor | None:
        """Return the second factor of an account."""
        wanted = select(SECOND_FACTORS).where(SECOND_FACTORS.c.user_id == user_id)
        with self._database.reading() as connection:
            row = connection.execute(wanted).mappings().first()
        if row is None:
            return None
        return SecondFactor(
            row["user_id"],
            self._sealer.open(row["sealed_secret"]),
            row["made_at"],
            row["confirmed_at"],
            row["last_step"],
            tuple(row["recovery"]),
        )

    def put_factor(self, factor: SecondFactor) -> None:
        """Keep a factor in place of the account's earlier one."""
        row = {
            "user_id": factor.user_id,
            "sealed_secret": self._sealer.seal(factor.secret),
            "made_at": factor.made_at,
            "confirmed_at": factor.confirmed_at,
            "last_step": factor.last_step,
            "recovery": list(factor.recovery),
        }
        with self._database.writing() as connection:
            connection.execute(delete(SECOND_FACTORS).where(SECOND_FACTORS.c.user_id == factor.user_id))
            connection.execute(insert(SECOND_FACTORS).values(**row))

    def take_step(self, user_id: str, step: int) -> bool:
        """Note that the code of a time step was used; False when it, or a newer one, was used before."""
        newer = (SECOND_FACTORS.c.user_id == user_id) & (SECOND_FACTORS.c.last_step < step)
        return bool(self._database.write(update(SECOND_FACTORS).where(newer).values(last_step=step)))

    def take_recovery(self, user_id: str, code_hash: str) -> bool:
        """Cross out a paper code; False when there is none such."""
        mine = SECOND_FACTORS.c.user_id == user_id
        with self._database.writing() as connection:
            left = connection.execute(select(SECOND_FACTORS.c.recovery).where(mine)).scalar()
            if not left or code_hash not in left:
                return False
            kept = [one for one in left if one != code_hash]
            connection.execute(update(SECOND_FACTORS).where(mine).values(recovery=kept))
        return True

    def drop_factor(self, user_id: str) -> bool:
        """Forget the second factor of an account; False when there was none."""
        return bool(self._database.write(delete(SECOND_FACTORS).where(SECOND_FACTORS.c.user_id == user_id)))

    def confirmed_factors(self) -> list[str]:
        """Return the accounts whose second factor is confirmed."""
        wanted = select(SECOND_FACTORS.c.user_id).where(SECOND_FACTORS.c.confirmed_at.is_not(None))
        with self._database.reading() as connection:
            return sorted(connection.execute(wanted).scalars())


def _token(row: Any) -> ApiToken:
    return ApiToken(**{**row, "areas": frozenset(row["areas"])})
