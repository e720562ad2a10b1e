"""Values no number format describes: texts and device clocks."""

from datetime import UTC, datetime
from struct import unpack

from inverters.point import STRUCT_CODE, Point, Type

_NIBBLE_SWAP = bytes((value >> 4) | ((value & 0xF) << 4) for value in range(256))
_YEARS = (2000, 2099)  # a device clock outside them has lost its date


def decode_text(words: bytes, form: str = "") -> str | None:
    """Return the text in ``words``: up to the first NUL, trailing blanks off; None when there is none.

    Some devices leave other characters behind the first NUL, so stripping NULs at the end is not enough.
    Bytes that are not ASCII are left out. ``nibble_swapped`` numbers have bytes and digits exchanged.
    """
    if form == "nibble_swapped":
        return _nibble_swapped(words)
    head = words.split(b"\x00", 1)[0]
    if not head.strip(b"\xff"):
        return None
    text = head.decode("ascii", "ignore")
    return "".join(c for c in text if c.isprintable()).strip() or None


def _nibble_swapped(words: bytes) -> str | None:
    swapped = bytearray(words)
    swapped[0::2], swapped[1::2] = words[1::2], words[0::2]
    digits = bytes(swapped).translate(_NIBBLE_SWAP).hex().upper()
    return None if set(digits) <= {"0"} or set(digits) <= {"F"} else digits


def encode_text(text: str, words: int, form: str = "") -> bytes:
    """Return ``text`` as ``words`` registers, cut or filled with NUL: the inverse of `decode_text`."""
    if form == "nibble_swapped":
        digits = "".join(c for c in text if c in "0123456789ABCDEFabcdef")
        plain = bytes.fromhex(digits.ljust(words * 4, "0")[: words * 4]).translate(_NIBBLE_SWAP)
        swapped = bytearray(plain)
        swapped[0::2], swapped[1::2] = plain[1::2], plain[0::2]
        return bytes(swapped)
    return text.encode("ascii", "ignore")[: words * 2].ljust(words * 2, b"\x00")


def decode_clock(words: bytes, type_: Type) -> float | None:
    """Return a device clock as seconds since 1970 of its own local time; None when it is no date. [s]"""
    if type_ is Type.CLOCK6:
        year, month, day, hour, minute, second = unpack(">6H", words)
        year += 2000 if year < 100 else 0
    else:
        year, month, day, hour, minute, second = words
        year += 2000
    if not _YEARS[0] <= year <= _YEARS[1]:
        return None
    try:
        instant = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return instant.timestamp()


def decode_special(point: Point, words: bytes) -> str | float | None:
    """Return the text of an identity point or the time of a clock point from its registers."""
    if point.type in (Type.CLOCK6, Type.CLOCK3):
        return decode_clock(words, point.type)
    if point.type is Type.STRING:
        return decode_text(words, point.form)
    ordered = words if point.word_order == "big" else word_swapped(words)
    raw: int | float = unpack(f">{STRUCT_CODE[point.type]}", ordered)[0]
    if raw in point.absent:
        return None
    value = raw * point.scale
    return f"{value:g}" if value != int(value) else str(int(value))


def word_swapped(words: bytes) -> bytes:
    """Return ``words`` with the order of registers reversed."""
    return b"".join(words[i : i + 2] for i in range(len(words) - 2, -1, -2))
