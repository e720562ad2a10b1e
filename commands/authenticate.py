"""Logging in and out, and whose session a browser's token is. Sessions live on the server.

Where a second factor is asked for, the password opens a session that leads to nothing but the code; the code
opens another one under a new token.

The token is 256 random bits; only its SHA-256 is kept. A session ends after 15 minutes without use for who
sees money (60 for others), after 12 hours in any case, at logout, at a change of password or rights, and
when its account is disabled. Sessions use the real clock, never field time.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access.guard import guarded, open_to_anyone
from access.passwords import STRICT_ROLES
from access.principal import Principal, principal_of
from access.throttle import Throttle
from commands.audit import Audited
from commands.deputies import lent_to
from commands.passwords import Passwords
from commands.second_factor import SecondFactors
from domain.account import Scope, Session, User
from domain.clock import Clock
from domain.errors import AccessDeniedError
from stores.personal_protocol import PersonalStore
from stores.protocol import RecordStore

IDLE_MONEY = timedelta(minutes=15)
IDLE = timedelta(minutes=60)
ABSOLUTE = timedelta(hours=12)
FACTOR_FRESH = timedelta(minutes=5)  # so long a code opens acts that move money
HALF_WAY = timedelta(minutes=10)  # from the password to the second factor
SESSIONS_MAX = 3
TOUCH_EVERY = timedelta(seconds=30)  # a session is not written at every request
_TOKEN_BYTES = 32
_NAME_CHARS_MAX = 64
_PASSWORD_CHARS_MAX = 128


class LoginRefusedError(AccessDeniedError):
    """No login. ``wait_s`` is how long to wait before the next try, 0 when name or password was wrong."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Login:
    """A session that was just opened. ``token`` goes into the cookie and nowhere else."""

    token: str
    principal: Principal


@guarded
class Authenticate(Audited):
    """Logins and sessions. ``clock`` is the real one."""

    def __init__(
        self,
        records: RecordStore,
        passwords: Passwords,
        clock: Clock,
        accounts_throttle: Throttle | None = None,
        addresses_throttle: Throttle | None = None,
        field_clock: Clock | None = None,
        factors: SecondFactors | None = None,
        personal: PersonalStore | None = None,
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._passwords = passwords
        self._factors = factors
        self._personal = personal
        self._by_account = accounts_throttle or Throttle(free=5, wait_max_s=60.0)
        self._by_address = addresses_throttle or Throttle(free=20, wait_max_s=300.0)

    @open_to_anyone
    def login(self, user_id: str, password: str, address: str, old_token: str = "") -> Login:
        """Open a session under a new token; the browser's earlier session ends.

        Raises
        ------
        LoginRefusedError
            Name or password is wrong (the same words and time for both), or too many wrong tries.
        """
        name = user_id.strip()[:_NAME_CHARS_MAX]
        self._check_wait(name, address)
        user = self._records.user(name)
        known = user is not None and not user.disabled and all(role.logs_in for role in user.roles)
        stored = user.password_hash if user is not None and known else None
        right = self._passwords.verify(stored, password[: _PASSWORD_CHARS_MAX + 1])
        if user is None or not right:
            self._refuse(user, name, address)
            raise LoginRefusedError("name or password is wrong")
        self._by_account.right(name)
        self._by_address.right(address)
        stage = self._factors.stage_of(user) if self._factors is not None else ""
        return self._open(self._refreshed(user, password), address, old_token, stage)

    @open_to_anyone
    def second_factor(self, token: str, code: str, address: str) -> Login:
        """Open the whole session after the code of an app or of the paper.

        Raises
        ------
        CodeRefusedError
            The code was not taken.
        AccessDeniedError
            No session waits for one.
        """
        user, factors = self._half_way(token, "code")
        factors.take(user.user_id, code, address)
        return self._open(user, address, token, factor=True)

    @open_to_anyone
    def set_up(self, token: str, code: str, address: str) -> tuple[Login, tuple[str, ...]]:
        """Take the first code of a new app; return the whole session and the ten paper codes."""
        user, factors = self._half_way(token, "setup")
        papers = factors.confirm(user.user_id, code, address)
        return self._open(user, address, token, factor=True), papers

    @open_to_anyone
    def renew_factor(self, token: str, code: str, address: str) -> Principal:
        """Take a code again in a whole session, so that acts which move money are open for some minutes.

        Raises
        ------
        CodeRefusedError
            The code was not taken.
        AccessDeniedError
            There is no such session.
        """
        principal = self.principal(token, address)
        if principal is None or principal.stage or self._factors is None:
            raise AccessDeniedError("no session waits for this code; log in again")
        self._factors.take(principal.user_id, code, address)
        with self._carry_out(principal, "second_factor.again", principal.user_id):
            self._records.note_factor(token_hash(token), self._clock.now())
        return replace(principal, factor_stale=False)

    @open_to_anyone
    def app_address(self, token: str) -> str:
        """Return what an app reads to be set up, for a session that waits for it."""
        user, factors = self._half_way(token, "setup")
        return factors.offer(user.user_id)

    def _half_way(self, token: str, stage: str) -> tuple[User, SecondFactors]:
        session = self._records.session(token_hash(token))
        user = self._records.user(session.user_id) if session is not None else None
        if (
            session is None
            or session.stage != stage
            or user is None
            or user.disabled
            or self._ended(session, principal_of(user))
            or self._factors is None
        ):
            raise AccessDeniedError("no session waits for this code; log in again")
        return user, self._factors

    @open_to_anyone
    def logout(self, token: str, address: str) -> None:
        """End the session of ``token``; an unknown one changes nothing."""
        session = self._records.session(token_hash(token))
        if session is None:
            return
        user = self._records.user(session.user_id)
        who = principal_of(user, address) if user else _nobody(session.user_id, address)
        with self._carry_out(who, "logout", session.user_id):
            self._records.end_session(session.token_hash)

    @open_to_anyone
    def principal(self, token: str, address: str, *, active: bool = True) -> Principal | None:
        """Return whose session ``token`` is; None when there is none or it has ended.

        ``active`` False (a page that refreshes itself) does not count as use.
        """
        session = self._records.session(token_hash(token))
        if session is None:
            return None
        user = self._records.user(session.user_id)
        now = self._clock.now()
        if user is None or user.disabled or self._ended(session, principal_of(user)):
            self._records.end_session(session.token_hash)
            return None
        if active and now - session.seen_at >= TOUCH_EVERY:
            self._records.touch_session(session.token_hash, now)
        found = replace(
            principal_of(user, address), stage=session.stage, factor_stale=self._is_stale(user, session, now)
        )
        return self._with_lent(found, user)

    @open_to_anyone
    def used(self, token: str) -> None:
        """Note that a session, found a moment ago by `principal` with ``active`` False, was used by its person."""
        session, now = self._records.session(token_hash(token)), self._clock.now()
        if session is not None and now - session.seen_at >= TOUCH_EVERY:
            self._records.touch_session(session.token_hash, now)

    def _with_lent(self, principal: Principal, user: User) -> Principal:
        """Return a person with the places of those he stands in for."""
        if self._personal is None:
            return principal
        lent = lent_to(user, self._records, self._personal, self._clock)
        if lent is None:
            return principal
        return replace(principal, scope=principal.scope.joined(lent.scope), stands_for=lent.names)

    def _is_stale(self, user: User, session: Session, now: datetime) -> bool:
        given = session.factor_at
        asked = self._factors is not None and bool(user.roles & STRICT_ROLES)
        return asked and (given is None or now - given >= FACTOR_FRESH)

    def _ended(self, session: Session, principal: Principal) -> bool:
        now = self._clock.now()
        if session.stage and now - session.created_at >= HALF_WAY:
            return True
        idle = IDLE_MONEY if principal.handles_money else IDLE
        return now - session.seen_at >= idle or now - session.created_at >= ABSOLUTE

    def _check_wait(self, name: str, address: str) -> None:
        now_s = self._clock.monotonic()
        wait_s = max(self._by_account.wait_s(name, now_s), self._by_address.wait_s(address, now_s))
        if wait_s <= 0:
            return
        untold = (self._by_account.tell_once(name), self._by_address.tell_once(address))
        if any(untold):
            self._note(_nobody("", address), "login", "", "refused", {"reason": "throttled"})
        raise LoginRefusedError("too many wrong tries", wait_s)

    def _refuse(self, user: User | None, name: str, address: str) -> None:
        now_s = self._clock.monotonic()
        self._by_account.wrong(name, now_s)
        self._by_address.wrong(address, now_s)
        # a name nobody has may be a password typed into the wrong field: it is not kept
        subject = user.user_id if user else ""
        reason = "disabled" if user and user.disabled else "wrong"
        self._note(_nobody(subject, address), "login", subject, "refused", {"reason": reason})

    def _refreshed(self, user: User, password: str) -> User:
        """Return the account with a hash of today's strength."""
        if not self._passwords.outdated(user.password_hash):
            return user
        renewed = replace(user, password_hash=self._passwords.hash(password))
        self._records.replace_user(renewed)
        return renewed

    def _open(
        self, user: User, address: str, old_token: str, stage: str = "", *, factor: bool = False
    ) -> Login:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock.now()
        principal = replace(principal_of(user, address), stage=stage)
        with self._carry_out(principal, "login", user.user_id):
            if old_token:
                self._records.end_session(token_hash(old_token))
            given = now if factor else None
            session = Session(token_hash(token), user.user_id, now, now, stage=stage, factor_at=given)
            self._records.open_session(session, SESSIONS_MAX)
        return Login(token, principal)


def token_hash(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _nobody(user_id: str, address: str) -> Principal:
    return Principal(user_id, "", frozenset(), Scope(), address=address)
