"""Plain number formats by rule, without a profile: type, word or byte order, scale, "no value" patterns."""

import math
from collections.abc import Mapping, Sequence
from struct import unpack
from types import MappingProxyType

from domain.errors import ProfileError
from inverters.layout import scaled

_STRUCT = MappingProxyType(
    {
        "u16": "H",
        "i16": "h",
        "u32": "I",
        "i32": "i",
        "u64": "Q",
        "i64": "q",
        "f32": "f",
        "f64": "d",
        "acc16": "H",
        "acc32": "I",
        "acc64": "Q",
        "sunssf": "h",
        "enum16": "H",
        "enum32": "I",
        "bitfield16": "H",
        "bitfield32": "I",
        "bitfield64": "Q",
    }
)
# SunSpec: what a point holds that a device does not implement (information model, table of data types)
SUNSPEC_ABSENT: Mapping[str, int] = MappingProxyType(
    {
        "u16": 0xFFFF,
        "i16": -0x8000,
        "u32": 0xFFFFFFFF,
        "i32": -0x80000000,
        "u64": 0xFFFFFFFFFFFFFFFF,
        "i64": -0x8000000000000000,
        **dict.fromkeys(("acc16", "acc32", "acc64"), 0),
        "sunssf": -0x8000,
        **dict.fromkeys(("enum16", "bitfield16"), 0xFFFF),
        **dict.fromkeys(("enum32", "bitfield32"), 0xFFFFFFFF),
        "bitfield64": 0xFFFFFFFFFFFFFFFF,
    }
)


def byte_order_of(word_order: str, size: int) -> str:
    """Return the byte order letters (A most significant) of big-endian words in ``word_order``."""
    letters = "ABCDEFGH"[:size]
    if word_order != "little":
        return letters
    return "".join(letters[i : i + 2] for i in range(size - 2, -1, -2))


def decode_words(
    registers: Sequence[int],
    type_: str,
    *,
    word_order: str = "big",
    byte_order: str = "",
    scale: float = 1.0,
    absent: int | None = None,
) -> float | int | list[int] | None:
    """Return the number in ``registers``; None for the ``absent`` pattern and for what is no number.

    ``byte_order`` (letters, A most significant, such as CDAB) wins over ``word_order``. ``BITS`` gives the
    indexes of set bits counted the way pymodbus does: the high byte first.

    Raises
    ------
    ProfileError
        The type is unknown or does not fit the number of registers.
    """
    content = b"".join(register.to_bytes(2) for register in registers)
    if type_ == "BITS":
        return [index for index in range(len(content) * 8) if content[index // 8] >> index % 8 & 1]
    code = _STRUCT.get(type_)
    order = byte_order or byte_order_of(word_order, len(content))
    if code is None or len(order) != len(content):
        raise ProfileError(
            f"type {type_!r} with byte order {order!r} does not fit {len(registers)} registers"
        )
    ordered = bytes(content[order.index(letter)] for letter in sorted(order))
    try:
        raw: float | int = unpack(f">{code}", ordered)[0]
    except Exception as error:
        raise ProfileError(f"type {type_!r} does not fit {len(registers)} registers") from error
    if not math.isfinite(raw) or (absent is not None and raw == _as_read(absent, code, len(content))):
        return None
    return raw if scale == 1 else scaled(raw, scale)


def _as_read(absent: int, code: str, size: int) -> int:
    """Return an unsigned pattern as the number a signed type reads it as."""
    if code in "hiq" and absent >= 1 << (size * 8 - 1):
        return absent - (1 << size * 8)
    return absent
