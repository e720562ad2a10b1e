"""Whole frames as they were captured: checked first, then taken apart. Pure; no frame is ever built to write.

Modbus RTU answers (functions 3 and 4), DL/T 645-2007 answers, the BCD numbers in them, and the outer frame of
Q/GDW 376.1.
"""

from dataclasses import dataclass

from domain.errors import MalformedAnswerError

_DATA_OFFSET = 0x33  # DL/T 645: every data byte is sent with this added
_CRC_POLYNOMIAL = 0xA001


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ _CRC_POLYNOMIAL if byte & 1 else byte >> 1
    return byte


_CRC_OF_BYTE = tuple(_crc_of_byte(byte) for byte in range(256))


def crc16(content: bytes) -> int:
    """Return the Modbus CRC of ``content``."""
    crc = 0xFFFF
    for byte in content:
        crc = (crc >> 8) ^ _CRC_OF_BYTE[(crc ^ byte) & 0xFF]
    return crc


def rtu_registers(frame: bytes) -> tuple[int, tuple[int, ...]]:
    """Return function and registers of a Modbus RTU answer.

    Raises
    ------
    MalformedAnswerError
        CRC, function or byte count do not fit.
    """
    if len(frame) < 5 or crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        raise MalformedAnswerError("RTU frame: the CRC does not fit")
    function, count = frame[1], frame[2]
    content = frame[3:-2]
    if function not in (3, 4) or count != len(content) or count % 2:
        raise MalformedAnswerError(
            f"RTU frame: function {function}, {count} bytes announced, {len(content)} came"
        )
    return function, tuple(int.from_bytes(content[i : i + 2]) for i in range(0, count, 2))


@dataclass(frozen=True, slots=True)
class Dlt645Answer:
    """Answer of a DL/T 645-2007 meter. ``content`` is plain (0x33 taken off), low byte first."""

    meter_address: str
    control: int
    identifier: str
    content: bytes


def dlt645_answer(frame: bytes) -> Dlt645Answer:
    """Take a DL/T 645-2007 answer apart: leading 0xFE bytes, two 0x68, checksum, 0x16.

    Raises
    ------
    MalformedAnswerError
        The frame is cut, its checksum does not fit, or the meter refused.
    """
    body = frame.lstrip(b"\xfe")
    if len(body) < 12 or body[0] != 0x68 or body[7] != 0x68 or body[-1] != 0x16:
        raise MalformedAnswerError("DL/T 645 frame: start or end bytes are missing")
    length = body[9]
    if len(body) != length + 12 or sum(body[:-2]) & 0xFF != body[-2]:
        raise MalformedAnswerError("DL/T 645 frame: length or checksum does not fit")
    control = body[8]
    content = bytes((byte - _DATA_OFFSET) & 0xFF for byte in body[10 : 10 + length])
    if control not in (0x91, 0xB1) or length < 4:
        raise MalformedAnswerError(f"DL/T 645 frame: control byte {control:#04x} is no reading")
    return Dlt645Answer(body[1:7][::-1].hex(), control, content[:4][::-1].hex().upper(), content[4:])


def dlt645_address(frame: bytes) -> str:
    """Return the address a meter tells in a whole frame that answers the question for it.

    Raises
    ------
    MalformedAnswerError
        It is no such answer, or its digits are none.
    """
    told = bytes((byte - _DATA_OFFSET) & 0xFF for byte in frame[10:-2])[::-1].hex()
    if frame[8] != 0x93 or len(told) != 12 or not told.isdecimal() or bytes.fromhex(told)[::-1] != frame[1:7]:
        raise MalformedAnswerError("DL/T 645 frame: no answer that tells an address")
    return told


def dlt645_frames(heard: bytes) -> list[bytes]:
    """Return the whole frames in ``heard`` whose checksum fits, wherever they begin (the line may carry noise)."""
    found, at = [], 0
    while (at := heard.find(b"\x68", at)) >= 0:
        head = heard[at : at + 10]
        end = at + 12 + head[9] if len(head) == 10 and head[7] == 0x68 else -1
        frame = heard[at:end] if at < end <= len(heard) else b""
        if frame and frame[-1] == 0x16 and sum(frame[:-2]) & 0xFF == frame[-2]:
            found.append(frame)
            at = end
        else:
            at += 1
    return found


def bcd_number(content: bytes, decimals: int, *, signed: bool = False) -> float:
    """Return a BCD number, low byte first; ``signed``: the top bit of the highest byte is the sign.

    Raises
    ------
    MalformedAnswerError
        A digit is above nine: corrupt, never to be read as hexadecimal.
    """
    digits = bytearray(content[::-1])
    negative = signed and bool(digits) and bool(digits[0] & 0x80)
    if negative:
        digits[0] &= 0x7F
    text = digits.hex()
    if not text.isdecimal():
        raise MalformedAnswerError(f"BCD number {text}: a digit is above nine")
    number = float(int(text) / 10**decimals)
    return -number if negative else number


@dataclass(frozen=True, slots=True)
class Gdw3761Frame:
    """Outer frame of Q/GDW 376.1: control byte, function (AFN) and length of the user data."""

    control: int
    function: int
    user_length: int
    checksum: int


def gdw3761_frame(frame: bytes) -> Gdw3761Frame:
    """Check the outer frame of Q/GDW 376.1.

    Raises
    ------
    MalformedAnswerError
        Start bytes, the two lengths, the checksum or the end byte do not fit.
    """
    if (
        len(frame) < 16
        or frame[0] != 0x68
        or frame[5] != 0x68
        or frame[1:3] != frame[3:5]
        or frame[-1] != 0x16
    ):
        raise MalformedAnswerError("376.1 frame: start, length or end bytes do not fit")
    length = int.from_bytes(frame[1:3], "little") >> 2
    user = frame[6:-2]
    if length != len(user) or sum(user) & 0xFF != frame[-2]:
        raise MalformedAnswerError("376.1 frame: length or checksum does not fit")
    return Gdw3761Frame(user[0], user[6], length, frame[-2])
