"""Tokens of programs that read through the data interface, and the second factors of people."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of a machine account. ``token_hash`` is SHA-256 of 256 random bits; the token itself is kept nowhere.

    ``areas`` name what it opens (`access.areas`); it never opens more than its account may see.
    """

    token_id: str
    token_hash: str = field(repr=False)
    user_id: str
    label: str
    areas: frozenset[str]
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether it opens anything at ``now``."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The second factor of an account: a time-based code, and one-use codes on paper.

    ``secret`` is the shared secret in base 32. ``last_step`` is the newest time step a code was taken from, so
    that none is taken twice. ``recovery`` holds SHA-256 of the paper codes not used yet. ``confirmed_at`` None:
    shown, but no code came back yet.
    """

    user_id: str
    secret: str = field(repr=False)
    made_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    recovery: tuple[str, ...] = field(default=(), repr=False)
