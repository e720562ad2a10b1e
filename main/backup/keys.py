"""The two keys of a backup: one this machine keeps for its restore test, one printed for the safe.

An archive is sealed to both, so either opens it. Only the machine's private key is on the disk; the other one is
shown once and of it only the public half stays. Losing the machine or the paper costs nothing, losing both costs
every backup.
"""

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from domain.errors import CommandError, ConfigurationError

MACHINE, SAFE = "machine", "safe"
_PREFIX = "PVMON-BACKUP-KEY"
_GROUP = 5
_CHECK_BYTES = 3


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody an archive is sealed to: a name and a public key."""

    name: str
    public: bytes


def private_text(private: bytes) -> str:
    """Return a private key as people write it down: groups of letters and digits with a check sum."""
    letters = base64.b32encode(private + _check(private)).decode().rstrip("=")
    groups = [letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP)]
    return f"{_PREFIX} {' '.join(groups)}"


def private_from(text: str) -> bytes:
    """Read a private key as it was written down.

    Raises
    ------
    CommandError
        It was copied wrongly.
    """
    letters = re.sub(r"[^A-Z2-7]", "", text.upper().replace(_PREFIX, "").replace("0", "O").replace("1", "I"))
    try:
        raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError as error:
        raise CommandError(
            "the key cannot be read: letters and the digits 2 to 7 in groups of five"
        ) from error
    private, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    if len(private) != 32 or check != _check(private):
        raise CommandError("the key is not right: at least one letter differs from what was printed")
    return private


def _check(private: bytes) -> bytes:
    return hashlib.sha256(b"pvmon key" + private).digest()[:_CHECK_BYTES]


def folder_of(data: Path) -> Path:
    """Return where the keys of a data folder are; they are part of no archive."""
    return data / "backup-keys"


def make_keys(data: Path) -> str:
    """Make both keys, keep what this machine needs; return the key for the safe.

    Raises
    ------
    CommandError
        There are keys already: archives made so far open with those.
    """
    folder = folder_of(data)
    if (folder / "recipients.json").exists():
        raise CommandError(
            f"{folder}: there are keys already, and every archive made so far opens with them only; "
            "move the folder to a safe place first if you want new ones"
        )
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    machine, safe = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    public = {
        name: key.public_key().public_bytes_raw().hex() for name, key in ((MACHINE, machine), (SAFE, safe))
    }
    _write(folder / "machine.key", private_text(machine.private_bytes_raw()))
    _write(folder / "recipients.json", json.dumps(public, indent=1))
    return private_text(safe.private_bytes_raw())


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")


def recipients(data: Path) -> list[Recipient]:
    """Return to whom archives are sealed.

    Raises
    ------
    CommandError
        Nobody made keys yet.
    ConfigurationError
        The file of public keys is damaged.
    """
    path = folder_of(data) / "recipients.json"
    try:
        document = json.loads(path.read_text("utf-8"))
        found = [Recipient(str(name), bytes.fromhex(public)) for name, public in document.items()]
    except FileNotFoundError as error:
        raise CommandError(
            "there are no backup keys yet: run `pvmon backup init` and put the printed key into the safe"
        ) from error
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({error})") from error
    if len(found) < 2:
        raise ConfigurationError(f"{path}: names {len(found)} keys, two at least")
    return found


def private_key(data: Path, key_file: Path | None) -> bytes:
    """Return the key to open archives with: the one of a file, else this machine's own."""
    path = key_file or folder_of(data) / "machine.key"
    try:
        return private_from(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{path}: cannot be read; type the key from the safe into a file and name it with --key"
        ) from error
