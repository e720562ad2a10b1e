"""Tokens of machine accounts: give out, list, take back; and who a token is, at every request.

A token is 256 random bits behind its public id (``pvmon_<id>_<secret>``); only its SHA-256 is kept. It opens
some areas for a while, never more than its account may see, and ends when it is revoked or its account closed.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from access.areas import Area, permissions_of_areas
from access.guard import guarded, open_to_anyone
from access.permissions import Permission
from access.principal import Principal, principal_of
from access.throttle import Throttle
from commands.audit import Audited, command
from domain.account import Role, User
from domain.clock import Clock
from domain.errors import AccessDeniedError, CommandError
from domain.token import ApiToken
from stores.token_protocol import TokenRecords

DAYS_MAX = 400
TOUCH_EVERY = timedelta(minutes=1)
_LABEL_CHARS_MAX = 60
_SECRET_BYTES = 32
_FORM = re.compile(r"pvmon_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")


class TokenRefusedError(AccessDeniedError):
    """A token opens nothing. ``wait_s`` is how long to wait before the next try, 0 when it may be at once."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Caller:
    """A program that asks: its token and what it may."""

    token: ApiToken
    principal: Principal


@guarded
class Tokens(Audited):
    """What may be done with tokens. ``clock`` is the real one: tokens end by it."""

    _records: TokenRecords

    def __init__(
        self,
        records: TokenRecords,
        clock: Clock,
        field_clock: Clock | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._records: TokenRecords = records
        self._wrong = throttle or Throttle(free=20, wait_max_s=300.0)

    @command(Permission.MANAGE_USERS, "token.list")
    def tokens(self, principal: Principal, user_id: str | None = None) -> list[ApiToken]:  # noqa: ARG002 (the guard's)
        """Return tokens, of one account where named; newest first."""
        return self._records.tokens(user_id)

    @command(Permission.MANAGE_USERS, "token.add")
    def add(
        self, principal: Principal, user_id: str, label: str, areas: frozenset[str], days: int
    ) -> tuple[ApiToken, str]:
        """Give a machine account a token for ``days``; return it and its text, which is kept nowhere.

        Raises
        ------
        CommandError
            The account is no machine's, an area is unknown, or the time is too long.
        """
        self._check(user_id, label, areas, days)
        token_id = secrets.token_hex(6)
        text = f"pvmon_{token_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        now = self._clock.now()
        expires_at = now + timedelta(days=days)
        token = ApiToken(
            token_id, hash_of(text), user_id, label.strip(), areas, now, principal.user_id, expires_at
        )
        detail = {"token": token_id, "areas": ", ".join(sorted(areas)), "until": expires_at.isoformat()}
        with self._carry_out(principal, "token.add", user_id, detail):
            self._records.add_token(token)
        return token, text

    @command(Permission.MANAGE_USERS, "token.revoke")
    def revoke(self, principal: Principal, token_id: str) -> None:
        """End a token at once."""
        with self._carry_out(principal, "token.revoke", str(token_id)[:40]):
            if not self._records.revoke_token(token_id, self._clock.now()):
                raise CommandError(
                    f"there is no live token {str(token_id)[:40]!r}; `pvmon user token list` shows them"
                )

    @open_to_anyone
    def caller(self, text: str, address: str) -> Caller:
        """Return who a token is.

        Raises
        ------
        TokenRefusedError
            It is unknown, ended or revoked, or its account is closed; or too many wrong ones came from there.
        """
        token = self._records.token(hash_of(text)) if _FORM.fullmatch(text) else None
        user = self._records.user(token.user_id) if token is not None else None
        now = self._clock.now()
        if token is None or user is None or user.disabled or not token.is_live(now) or not _is_machine(user):
            raise self._refused(address)  # a good token is never slowed down by bad ones of its address
        if token.used_at is None or now - token.used_at >= TOUCH_EVERY:
            self._records.touch_token(token.token_id, now)
        return Caller(token, principal_for(token, user, address))

    def _refused(self, address: str) -> TokenRefusedError:
        now_s = self._clock.monotonic()
        wait_s = self._wrong.wait_s(address, now_s)
        if wait_s > 0:
            if self._wrong.tell_once(address):
                self._note(None, "token.use", "", "refused", {"reason": "throttled", "address": address})
            return TokenRefusedError("too many wrong tokens", wait_s)
        self._wrong.wrong(address, now_s)
        return TokenRefusedError("no such token, or it has ended")

    def _check(self, user_id: str, label: str, areas: frozenset[str], days: int) -> None:
        user = self._records.user(user_id)
        if user is None or not _is_machine(user):
            raise CommandError(
                f"{str(user_id)[:40]!r} is no machine account; make one: pvmon user add NAME --role machine --all"
            )
        unknown = areas - {area.value for area in Area}
        if unknown or not areas:
            known = ", ".join(Area)
            raise CommandError(f"areas {', '.join(sorted(unknown))[:60] or 'none'}: choose from {known}")
        if not 1 <= days <= DAYS_MAX:
            raise CommandError(f"a token lasts 1 to {DAYS_MAX} days, not {days}")
        if not 0 < len(label.strip()) <= _LABEL_CHARS_MAX or not label.isprintable():
            raise CommandError(
                f"label: 1 to {_LABEL_CHARS_MAX} printable characters that say who holds the token"
            )


def principal_for(token: ApiToken, user: User, address: str) -> Principal:
    """Return what a token may: its areas within the roles and scope of its account."""
    whole = principal_of(user, address)
    return Principal(
        f"{user.user_id}/{token.token_id}",
        token.label,
        whole.roles,
        whole.scope,
        user.language,
        address,
        only=permissions_of_areas(token.areas),
    )


def hash_of(text: str) -> str:
    """Return what is kept of a token: it is random, so a plain hash leads nowhere."""
    return hashlib.sha256(text.encode()).hexdigest()


def _is_machine(user: User) -> bool:
    return user.roles == frozenset({Role.MACHINE})
