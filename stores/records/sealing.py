"""Sealing of personal data at rest: one key file beside the records, readable by its owner only.

Names, identity numbers and account numbers are encrypted (Fernet); identity numbers are found again by a
keyed hash, so that the table tells nobody who is in it. A backup of the records without the key tells nothing.
"""

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from domain.errors import StoreUnavailableError


class Sealer:
    """Seals and opens text with the key of ``path``, which is made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        key = _key(path)
        self._cipher = Fernet(key)
        self._match_key = hashlib.sha256(b"match" + key).digest()

    def seal(self, text: str) -> bytes:
        """Return ``text`` encrypted."""
        return self._cipher.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Return what was sealed.

        Raises
        ------
        StoreUnavailableError
            The key is another one; the message says what to do.
        """
        try:
            return self._cipher.decrypt(bytes(sealed)).decode()
        except InvalidToken as error:
            raise StoreUnavailableError(
                f"{self._path}: this is not the key the personal data were sealed with; restore the right key file"
            ) from error

    def match(self, text: str) -> str:
        """Return the same code for the same text, and nothing that leads back to it."""
        return hmac.new(self._match_key, text.encode(), hashlib.sha256).hexdigest()


def _key(path: Path) -> bytes:
    try:
        if path.exists():
            return path.read_bytes().strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        key = Fernet.generate_key()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:  # another process of ours was quicker
        return path.read_bytes().strip()
    except OSError as error:
        raise StoreUnavailableError(
            f"{path}: the key of personal data cannot be read or made ({error.strerror}); check the folder's rights"
        ) from error
    return key
