"""Second factors: time-based codes (RFC 6238) of an app, and ten one-use codes on paper. The only door to pyotp.

Money and administration need one. A code is taken once; wrong ones slow down the account. Real clock only.
"""

import hashlib
import hmac
import secrets
from dataclasses import replace

import pyotp

from access.guard import guarded, open_to_anyone
from access.passwords import STRICT_ROLES
from access.permissions import Permission
from access.principal import Principal
from access.throttle import Throttle
from commands.audit import Audited, command
from domain.account import Scope, User
from domain.clock import Clock
from domain.errors import AccessDeniedError, CommandError
from domain.token import SecondFactor
from stores.protocol import RecordStore
from stores.token_protocol import FactorStore

ISSUER = "pvmon"
STEP_S = 30
WINDOW = 1  # steps a telephone's clock may be off
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_CODE_CHARS = 10
_TYPED_CHARS_MAX = 40


class CodeRefusedError(AccessDeniedError):
    """A code was not taken. ``wait_s`` is how long to wait before the next try, 0 when it was wrong. [s]"""

    def __init__(self, wait_s: float = 0.0) -> None:
        super().__init__("the code is wrong, was used before, or came too soon")
        self.wait_s = wait_s


@guarded
class SecondFactors(Audited):
    """What may be done with second factors. ``clock`` is the real one."""

    def __init__(
        self,
        records: RecordStore,
        factors: FactorStore,
        clock: Clock,
        throttle: Throttle | None = None,
    ) -> None:
        super().__init__(records, clock)
        self._factors = factors
        self._wrong = throttle or Throttle(free=5, wait_max_s=300.0, forget_s=3600.0)

    @open_to_anyone
    def stage_of(self, user: User) -> str:
        """Return what a password alone leaves to do: ``code``, ``setup``, or nothing."""
        factor = self._factors.factor(user.user_id)
        if factor is not None and factor.confirmed_at is not None:
            return "code"
        return "setup" if user.roles & STRICT_ROLES else ""

    @open_to_anyone
    def offer(self, user_id: str) -> str:
        """Return the address (otpauth) an app reads to begin; the secret stays until it is confirmed."""
        factor = self._factors.factor(user_id)
        if factor is None:
            factor = SecondFactor(user_id, pyotp.random_base32(), self._clock.now())
            self._factors.put_factor(factor)
        if factor.confirmed_at is not None:
            raise CommandError("there is a second factor already; the administrator can take it away")
        return pyotp.TOTP(factor.secret).provisioning_uri(name=user_id, issuer_name=ISSUER)

    @open_to_anyone
    def confirm(self, user_id: str, typed: str, address: str) -> tuple[str, ...]:
        """Take the first code of an app; return ten paper codes, which are kept nowhere.

        Raises
        ------
        CodeRefusedError
            The code is wrong: the app has another secret, or its clock is off.
        """
        factor = self._factors.factor(user_id)
        if factor is None or factor.confirmed_at is not None:
            raise CodeRefusedError
        self._check_wait(user_id)
        step = self._step_of(factor, typed)
        if step is None:
            raise self._refused(user_id, address)
        codes = tuple(_paper_code() for _ in range(RECOVERY_CODES))
        kept = replace(
            factor,
            confirmed_at=self._clock.now(),
            last_step=step,
            recovery=tuple(hash_of(code) for code in codes),
        )
        who = Principal(user_id, "", frozenset(), Scope(), address=address)
        with self._carry_out(who, "second_factor.confirm", user_id):
            self._factors.put_factor(kept)
        return codes

    @open_to_anyone
    def take(self, user_id: str, typed: str, address: str) -> str:
        """Take a code of the app or of the paper; return which it was.

        Raises
        ------
        CodeRefusedError
            It is wrong, was used before, or came too soon after wrong ones.
        """
        factor = self._factors.factor(user_id)
        if factor is None or factor.confirmed_at is None:
            raise CodeRefusedError
        self._check_wait(user_id)
        step = self._step_of(factor, typed)
        if step is not None and self._factors.take_step(user_id, step):
            self._wrong.right(user_id)
            return "app"
        if step is None and self._factors.take_recovery(user_id, hash_of(typed)):
            self._wrong.right(user_id)
            who = Principal(user_id, "", frozenset(), Scope(), address=address)
            self._note(who, "second_factor.paper", user_id, "done")
            return "paper"
        raise self._refused(user_id, address)

    @command(Permission.MANAGE_USERS, "second_factor.drop")
    def drop(self, principal: Principal, user_id: str) -> None:
        """Take away the second factor of somebody else (telephone lost, papers gone); his sessions end."""
        if user_id == principal.user_id:
            raise CommandError(
                "nobody takes away his own second factor; use a paper code or ask another administrator"
            )
        with self._carry_out(principal, "second_factor.drop", user_id):
            if not self._factors.drop_factor(user_id):
                raise CommandError(f"{str(user_id)[:40]!r} has no second factor")
            self._records.end_sessions_of(user_id)

    @open_to_anyone
    def papers_left(self, user_id: str) -> int:
        """Return how many paper codes are left."""
        factor = self._factors.factor(user_id)
        return len(factor.recovery) if factor is not None else 0

    def _step_of(self, factor: SecondFactor, typed: str) -> int | None:
        code = "".join(typed[:_TYPED_CHARS_MAX].split())
        totp, now = pyotp.TOTP(factor.secret), int(self._clock.now().timestamp()) // STEP_S
        for step in range(now - WINDOW, now + WINDOW + 1):
            if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
                return step
        return None

    def _check_wait(self, user_id: str) -> None:
        wait_s = self._wrong.wait_s(user_id, self._clock.monotonic())
        if wait_s > 0:
            raise CodeRefusedError(wait_s)

    def _refused(self, user_id: str, address: str) -> CodeRefusedError:
        self._wrong.wrong(user_id, self._clock.monotonic())
        who = Principal(user_id, "", frozenset(), Scope(), address=address)
        self._note(who, "second_factor.use", user_id, "refused", {"reason": "wrong"})
        return CodeRefusedError()


def hash_of(typed: str) -> str:
    """Return what is kept of a paper code; blanks, dashes and capitals do not matter."""
    plain = "".join(char for char in typed[:_TYPED_CHARS_MAX].casefold() if char.isalnum())
    return hashlib.sha256(f"paper:{plain}".encode()).hexdigest()


def _paper_code() -> str:
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_CHARS))
    return f"{code[:5]}-{code[5:]}"
