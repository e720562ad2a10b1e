"""Sealed files: ChaCha20-Poly1305 in numbered pieces, the file's key wrapped for each recipient by X25519.

    PVMON-SEALED-1, a line | {"keys": [{"name", "ephemeral", "wrapped"}]}, a line | piece, piece ... last piece

Every piece is bound to the heading, to its place and to whether it is the last: a file that was cut, reordered,
mended or continued does not open.
"""

import json
import os
import struct
from collections.abc import Sequence
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import CommandError
from main.backup.keys import Recipient

MAGIC = b"PVMON-SEALED-1\n"
PIECE_BYTES = 1 << 20
_TAG_BYTES = 16
_HEADING_BYTES_MAX = 64 * 1024


class DamagedArchiveError(CommandError):
    """The archive is not what was written; nothing of it may be used."""


def _wrapping_key(shared: bytes, ephemeral: bytes, public: bytes) -> ChaCha20Poly1305:
    derive = HKDF(algorithm=SHA256(), length=32, salt=ephemeral + public, info=b"pvmon backup key 1")
    return ChaCha20Poly1305(derive.derive(shared))


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">3xQB", number, last)


class SealedWriter:
    """Takes plain bytes, writes sealed ones. Not closed: not whole, and does not open."""

    def __init__(self, target: BinaryIO, recipients: Sequence[Recipient]) -> None:
        key = os.urandom(32)
        self._target = target
        self._cipher = ChaCha20Poly1305(key)
        self._heading = json.dumps({"keys": [_wrapped(key, one) for one in recipients]}).encode() + b"\n"
        self._waiting = bytearray()
        self._number = 0
        target.write(MAGIC + self._heading)

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:
            self._put(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]
        return len(data)

    def flush(self) -> None:
        """Do nothing: a piece is written when it is full."""

    def close(self) -> None:
        """Write the last piece."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, self._heading))
        self._number += 1


def _wrapped(key: bytes, recipient: Recipient) -> dict[str, str]:
    once = X25519PrivateKey.generate()
    ephemeral = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(recipient.public))
    wrapped = _wrapping_key(shared, ephemeral, recipient.public).encrypt(bytes(12), key, MAGIC)
    return {"name": recipient.name, "ephemeral": ephemeral.hex(), "wrapped": wrapped.hex()}


class SealedReader:
    """Gives the plain bytes back.

    Raises
    ------
    DamagedArchiveError
        At opening or at any piece: it is no such file, it was changed, or it is not whole.
    CommandError
        The key does not open it.
    """

    def __init__(self, source: BinaryIO, private: bytes) -> None:
        self._source = source
        if source.read(len(MAGIC)) != MAGIC:
            raise DamagedArchiveError("this is no archive of pvmon (its first line is not right)")
        self._heading = source.readline(_HEADING_BYTES_MAX)
        self._cipher = ChaCha20Poly1305(
            _unwrapped(self._heading, X25519PrivateKey.from_private_bytes(private))
        )
        self._sealed = source.read(PIECE_BYTES + _TAG_BYTES)
        self._plain = bytearray()
        self._number = 0
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; fewer only at the end."""
        while not self._ended and (size < 0 or len(self._plain) < size):
            self._next()
        wanted = len(self._plain) if size < 0 else size
        given = bytes(self._plain[:wanted])
        del self._plain[:wanted]
        return given

    def _next(self) -> None:
        following = self._source.read(PIECE_BYTES + _TAG_BYTES)
        last = not following
        try:
            plain = self._cipher.decrypt(_nonce(self._number, last=last), self._sealed, self._heading)
        except InvalidTag as error:
            what = (
                "it is cut short, or its last part was changed"
                if last
                else "it was changed after it was written"
            )
            raise DamagedArchiveError(
                f"the archive is damaged at about {self._number} MiB: {what}; use another copy"
            ) from error
        self._plain += plain
        self._sealed = following
        self._number += 1
        self._ended = last


def _unwrapped(heading: bytes, private: X25519PrivateKey) -> bytes:
    public = private.public_key().public_bytes_raw()
    try:
        keys = json.loads(heading)["keys"]
        for one in keys:
            ephemeral = bytes.fromhex(one["ephemeral"])
            shared = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
            try:
                wrapped = bytes.fromhex(one["wrapped"])
                return _wrapping_key(shared, ephemeral, public).decrypt(bytes(12), wrapped, MAGIC)
            except InvalidTag:
                continue
        names = ", ".join(str(one["name"]) for one in keys)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedArchiveError("the archive's heading is damaged; use another copy") from error
    raise CommandError(f"this key does not open the archive; it is sealed to: {names}")
