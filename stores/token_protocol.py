"""What a store of tokens and second factors promises."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.token import ApiToken, SecondFactor
from stores.protocol import RecordStore


class TokenStore(Protocol):
    """Tokens of machine accounts. Thread safe."""

    def add_token(self, token: ApiToken) -> None:
        """Keep a new token."""
        ...

    def token(self, token_hash: str) -> ApiToken | None:
        """Return the token with this hash."""
        ...

    def tokens(self, user_id: str | None = None) -> list[ApiToken]:
        """Return tokens, of one account where named; newest first."""
        ...

    def touch_token(self, token_id: str, used_at: datetime) -> None:
        """Note that it was used."""
        ...

    def revoke_token(self, token_id: str, at: datetime) -> bool:
        """End a token; False when there is none, or it was ended before."""
        ...


class TokenRecords(RecordStore, TokenStore, Protocol):
    """Records with tokens."""


class FactorStore(Protocol):
    """Second factors, their secrets sealed. Thread safe; shares the transactions of the records."""

    def factor(self, user_id: str) -> SecondFactor | None:
        """Return the second factor of an account."""
        ...

    def put_factor(self, factor: SecondFactor) -> None:
        """Keep a factor in place of the account's earlier one."""
        ...

    def take_step(self, user_id: str, step: int) -> bool:
        """Note that the code of a time step was used; False when it, or a newer one, was used before."""
        ...

    def take_recovery(self, user_id: str, code_hash: str) -> bool:
        """Cross out a paper code; False when there is none such."""
        ...

    def drop_factor(self, user_id: str) -> bool:
        """Forget the second factor of an account; False when there was none."""
        ...

    def confirmed_factors(self) -> Sequence[str]:
        """Return the accounts whose second factor is confirmed."""
        ...
