"""What an answer on the wire must look like, byte by byte, before anything of it is believed.

An answer is good only if function, unit, byte count (2 x asked) and, on TCP, the transaction fit; on RTU
framing the checksum as well. Screens look at the whole receive buffer each time something arrives and
return the one good frame, or nothing yet, or raise what is wrong. Pure; no library, no socket.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

READ_FUNCTIONS = (3, 4)
EXCEPTION_BIT = 0x80
COUNT_MAX = 125

_MBAP = struct.Struct(">HHHB")
_TRANSACTIONS = 65_000  # the library counts 1 to 65,000 and begins again
_MBAP_LENGTH_MAX = 254


class WrongFrameError(Exception):
    """What came is not an answer to the question; the text says how it differs."""


@dataclass(slots=True)
class Question:
    """The request under way: what an answer is held against."""

    unit: int
    function: int
    count: int
    transaction: int = 0


class Screen(Protocol):
    """Judges a receive buffer."""

    def good_frame(self, data: bytes, question: Question) -> bytes:
        """Return the good frame, empty bytes while it is incomplete.

        Raises
        ------
        WrongFrameError
            The bytes cannot become an answer to ``question``.
        """
        ...


def _check_body(function: int, body: bytes, question: Question) -> None:
    """Check function and byte count. ``body`` follows the function byte."""
    if function == question.function | EXCEPTION_BIT:
        if len(body) != 1:
            raise WrongFrameError(f"an exception of {len(body)} bytes instead of 1")
        return
    if function != question.function:
        raise WrongFrameError(f"function {function} instead of {question.function}")
    wanted = 2 * question.count
    said = body[0] if body else -1
    if said != wanted or len(body) != wanted + 1:
        raise WrongFrameError(
            f"byte count {said} with {max(len(body) - 1, 0)} bytes of data instead of {wanted} of {wanted}"
        )


class TcpScreen:
    """Modbus TCP: answers of earlier transactions are dropped, never taken for this one.

    Attributes
    ----------
    stale : int
        Answers dropped because their transaction was over.
    """

    def __init__(self) -> None:
        self.stale = 0

    def good_frame(self, data: bytes, question: Question) -> bytes:
        """Return the one frame that answers ``question``."""
        start = 0
        while len(data) - start >= _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(data, start)
            if protocol != 0 or not 3 <= length <= _MBAP_LENGTH_MAX:
                raise WrongFrameError(f"protocol {protocol}, length {length}: not Modbus TCP")
            if transaction != question.transaction:
                self._check_is_old(transaction, question.transaction)
            end = start + 6 + length
            if len(data) < end:
                return b""
            if transaction == question.transaction:
                if unit != question.unit:
                    raise WrongFrameError(f"unit {unit} instead of {question.unit}")
                _check_body(data[start + 7], data[start + 8 : end], question)
                return data[start:end]
            self.stale += 1
            start = end
        return b""

    @staticmethod
    def _check_is_old(transaction: int, wanted: int) -> None:
        age = (wanted - transaction) % _TRANSACTIONS
        if not 1 <= transaction <= _TRANSACTIONS or age > _TRANSACTIONS // 2:
            raise WrongFrameError(f"transaction {transaction} was never asked (now {wanted})")


class RtuScreen:
    """RTU framing: no transaction, so the frame must fit exactly and nothing may precede or follow it."""

    def __init__(self, checksum: Callable[[bytes], int]) -> None:
        self._checksum = checksum

    def good_frame(self, data: bytes, question: Question) -> bytes:
        """Return the frame that answers ``question``."""
        if data and data[0] != question.unit:
            raise WrongFrameError(f"unit {data[0]} instead of {question.unit}")
        if len(data) < 2:
            return b""
        function = data[1]
        refusal = function == question.function | EXCEPTION_BIT
        if function != question.function and not refusal:
            raise WrongFrameError(f"function {function} instead of {question.function}")
        wanted = 2 * question.count
        if not refusal and len(data) > 2 and data[2] != wanted:
            raise WrongFrameError(f"byte count {data[2]} instead of {wanted}")
        size = 5 if refusal else wanted + 5
        if len(data) < size:
            return b""
        if len(data) > size:
            raise WrongFrameError(f"{len(data) - size} bytes too many")
        if self._checksum(data[:-2]) != int.from_bytes(data[-2:], "big"):
            raise WrongFrameError("the checksum does not fit")
        return data
