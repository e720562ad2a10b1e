"""Passwords: argon2id, the only door to argon2-cffi; at most a few hashes are made at a time."""

import secrets
import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from access.passwords import readable_password

MEMORY_KIB = 19_456  # 19 MiB, two passes, one lane: the OWASP recommendation for argon2id
PASSES = 2
AT_A_TIME = 2  # a flood of logins must not take the memory and the cores of the collector


class Passwords:
    """Hashes and checks passwords. Thread safe."""

    def __init__(self, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._gate = threading.BoundedSemaphore(AT_A_TIME)
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        """Return the argon2id hash of a password, with its salt and parameters."""
        with self._gate:
            return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is right; None (no such account) takes as long and is never right."""
        with self._gate:
            try:
                self._hasher.verify(password_hash or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Tell whether a hash was made with other parameters and should be made anew at the next login."""
        return self._hasher.check_needs_rehash(password_hash)

    def random(self) -> str:
        """Return a random readable password."""
        return readable_password(secrets.choice)
