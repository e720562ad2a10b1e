"""Requests and answers of Modbus as bytes, over TCP and as RTU frames over TCP. Reading functions only.

Layouts follow the public "MODBUS Application Protocol V1.1b3" and "MODBUS Messaging on TCP/IP V1.0b".
"""

import struct
from dataclasses import dataclass
from typing import Protocol

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, GATEWAY_NO_ANSWER = 0x01, 0x02, 0x03, 0x0B
READ_FUNCTIONS = frozenset({3, 4})
COUNT_MAX = 125
_MBAP = struct.Struct(">HHHB")
_READ = struct.Struct(">BHH")
_FRAME_MAX = 260


class FramingError(ValueError):
    """What came is not Modbus; the connection cannot be understood any more."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question. ``count`` is 0 when it is not a read of registers. ``transaction`` is 0 on RTU."""

    unit: int
    function: int
    address: int = 0
    count: int = 0
    transaction: int = 0


class Framing(Protocol):
    """How requests lie in a stream."""

    def take(self, buffer: bytearray) -> Request | None:
        """Remove and return the first whole request, None while it is incomplete."""
        ...

    def answer(self, request: Request, words: bytes) -> bytes:
        """Return the frame of a good answer."""
        ...

    def refusal(self, request: Request, code: int) -> bytes:
        """Return the frame of a Modbus exception."""
        ...


def _request(unit: int, pdu: bytes, transaction: int = 0) -> Request:
    if pdu[0] in READ_FUNCTIONS and len(pdu) == _READ.size:
        function, address, count = _READ.unpack(pdu)
        return Request(unit, function, address, count, transaction)
    return Request(unit, pdu[0], transaction=transaction)


class TcpFraming:
    """Modbus TCP: a header with transaction, length and unit."""

    def take(self, buffer: bytearray) -> Request | None:
        """Remove and return the first whole request."""
        if len(buffer) < _MBAP.size + 1:
            return None
        transaction, protocol, length, unit = _MBAP.unpack_from(buffer)
        if protocol != 0 or not 2 <= length <= _FRAME_MAX - 6:
            raise FramingError("no Modbus TCP header")
        if len(buffer) < 6 + length:
            return None
        pdu = bytes(buffer[7 : 6 + length])
        del buffer[: 6 + length]
        return _request(unit, pdu, transaction)

    def answer(self, request: Request, words: bytes) -> bytes:
        """Return the frame of a good answer."""
        size = len(words)
        head = _MBAP.pack(request.transaction, 0, size + 3, request.unit)
        return head + bytes((request.function, size)) + words

    def refusal(self, request: Request, code: int) -> bytes:
        """Return the frame of a Modbus exception."""
        return _MBAP.pack(request.transaction, 0, 3, request.unit) + bytes((request.function | 0x80, code))


class RtuFraming:
    """RTU frames over TCP, as a transparent serial server passes them on."""

    def take(self, buffer: bytearray) -> Request | None:
        """Remove and return the first whole request: eight bytes for every read."""
        if len(buffer) < 8:
            return None
        frame = bytes(buffer[:8])
        if frame[1] not in READ_FUNCTIONS or crc16(frame[:6]) != frame[6:]:
            raise FramingError("no RTU read request with a good checksum")
        del buffer[:8]
        return _request(frame[0], frame[1:6])

    def answer(self, request: Request, words: bytes) -> bytes:
        """Return the frame of a good answer."""
        body = bytes((request.unit, request.function, len(words))) + words
        return body + crc16(body)

    def refusal(self, request: Request, code: int) -> bytes:
        """Return the frame of a Modbus exception."""
        body = bytes((request.unit, request.function | 0x80, code))
        return body + crc16(body)


def crc16(content: bytes) -> bytes:
    """Return the checksum of an RTU frame, low byte first."""
    state = 0xFFFF
    for byte in content:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ 0xA001 if state & 1 else state >> 1
    return state.to_bytes(2, "little")
