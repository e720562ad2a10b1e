"""What an answer on the wire must look like, byte by byte, before anything of it is believed.

An answer is good only if function, unit, byte count (2 x asked) and, on TCP, the transaction fit; on RTU
framing the checksum as well. Screens look at the whole receive buffer each time something arrives and
return the one good frame, or nothing yet, or raise what is wrong. Pure; no library, no socket.
"""

import struct
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

READ_FUNCTIONS = (3, 4)
EXCEPTION_BIT = 0x80
COUNT_MAX = 125

_MBAP = struct.Struct(">HHHB")
_TRANSACTIONS = 65_000  # the library counts 1 to 65,000 and begins again
_MBAP_LENGTH_MAX = 254
_TRANSACTIONS_NEAR = 64  # how far back an answer may come from that got into another one
_COPIES_MAX = 32  # good frames whose copies are passed over
_HEAD_REST = b"\0\0\0"  # protocol and the high byte of the length: behind the transaction in every head
_OPEN_MAX = 16  # transactions without an answer that are kept in mind
_SAID_AGAIN = 2  # the last answers, which a gateway may say once more


def line_settings(line: str) -> dict[str, Any]:
    """Return what a serial port is opened with, from words like ``9600 8N1``.

    Raises
    ------
    ValueError
        The words are not speed, data bits, parity and stop bits.
    """
    speed, _, form = line.partition(" ")
    if not speed.isdecimal() or len(form) != 3 or form[0] not in "78" or form[1] not in "NEO":
        raise ValueError(f"{line!r}: expected speed, data bits, parity and stop bits, like 9600 8N1")
    return {
        "baudrate": int(speed),
        "bytesize": int(form[0]),
        "parity": form[1],
        "stopbits": int(form[2]),
    }


class WrongFrameError(Exception):
    """What came is not an answer to the question; the text says how it differs."""


@dataclass(slots=True)
class Question:
    """The request under way: what an answer is held against."""

    unit: int
    function: int
    count: int
    transaction: int = 0


def head_of(question: Question) -> bytes:
    """Return how the RTU answer to ``question`` begins: unit, function, byte count."""
    return bytes([question.unit, question.function, 2 * question.count])


def _could_answer(frame: bytes, question: Question) -> bool:
    """Tell whether an RTU frame that begins so may answer ``question``, also by a refusal."""
    return frame.startswith((head_of(question), bytes([question.unit, question.function | EXCEPTION_BIT])))


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


def _before(transaction: int, age: int) -> int:
    """Return the transaction that was ``age`` questions before."""
    return (transaction - age - 1) % _TRANSACTIONS + 1


class TcpScreen:
    """Modbus TCP: answers of earlier transactions are dropped, never taken for this one.

    Attributes
    ----------
    stale : int
        Answers dropped because their transaction was over.
    """

    def __init__(self) -> None:
        self.stale = 0
        self._in_pieces = 0  # the transaction whose answer began and was not whole yet
        self._answered = 0  # the last transaction that was
        self._open: deque[int] = deque(maxlen=_OPEN_MAX)  # asked before it or since, and never answered

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
                self._in_pieces = transaction
                return b""
            if transaction == question.transaction:
                if unit != question.unit:
                    raise WrongFrameError(f"unit {unit} instead of {question.unit}")
                _check_body(data[start + 7], data[start + 8 : end], question)
                self._check_unmixed(data[start:end], data[end:], question)
                self._answered = transaction
                return data[start:end]
            if transaction in self._open:
                self._open.remove(transaction)
            self.stale += 1
            start = end
        if len(data) > start:
            self._in_pieces = question.transaction
        return b""

    def _check_unmixed(self, frame: bytes, behind: bytes, question: Question) -> None:
        """Refuse an answer cut short that the bytes of a later frame have filled up."""
        if behind:  # only an answer of now or before may follow
            transaction = int.from_bytes(behind[:2]) if len(behind) > 1 else question.transaction
            if any(behind[2:4]) or (len(behind) > 4 and behind[4]):
                raise WrongFrameError("what follows the answer is no frame")
            if transaction != question.transaction:
                self._check_is_old(transaction, question.transaction)
        now = question.transaction
        if now - self._answered != 1:
            self._note_skipped(now)
        if frame.find(_HEAD_REST, _MBAP.size) < 0:  # what every head has behind its transaction
            return
        inside = frame[_MBAP.size :]
        for transaction in self._may_come(now):
            if transaction.to_bytes(2) + _HEAD_REST in inside:
                raise WrongFrameError("another frame lies inside the answer")

    def _note_skipped(self, now: int) -> None:
        """Take note of the transactions since the last answer: theirs may still come."""
        for age in range(min((now - self._answered) % _TRANSACTIONS - 1, _OPEN_MAX), 0, -1):
            skipped = _before(now, age)
            if skipped not in self._open:
                self._open.append(skipped)

    def _may_come(self, now: int) -> Iterable[int]:
        """Return the transactions whose answers may have filled this one up.

        They are many while it came in pieces. Even in one piece two answers may lie, when this machine was busy: then
        only those count that were never answered or just were, for registers may look like any transaction.
        """
        if self._in_pieces == now:
            return [_before(now, age) for age in range(_TRANSACTIONS_NEAR)]
        while self._open and (now - self._open[0]) % _TRANSACTIONS > _TRANSACTIONS_NEAR:
            self._open.popleft()
        return [now, *(_before(self._answered, age) for age in range(_SAID_AGAIN)), *self._open]

    @staticmethod
    def _check_is_old(transaction: int, wanted: int) -> None:
        age = (wanted - transaction) % _TRANSACTIONS
        if not 1 <= transaction <= _TRANSACTIONS or age > _TRANSACTIONS // 2:
            raise WrongFrameError(f"transaction {transaction} was never asked (now {wanted})")


class RtuScreen:
    """RTU framing: no transaction, so the frame must fit exactly and nothing strange may precede or follow it.

    Some gateways say everything twice, the second time a few answers later: copies of the last good frames are
    passed over, never taken.

    Attributes
    ----------
    watched : bytes
        How the answer to a doubted question begins (`head_of`). A frame that begins so is no copy, unless it is
        the doubted answer itself once more: it may be the right one that comes behind.
    """

    def __init__(self, checksum: Callable[[bytes], int]) -> None:
        self.watched = b""
        self._checksum = checksum
        self._last: deque[bytes] = deque(maxlen=_COPIES_MAX)

    def repeats_itself(self, data: bytes) -> bool:
        """Tell whether ``data`` is nothing but good frames of late once more."""
        return bool(data) and not self._behind_copies(data, None)

    def good_frame(self, data: bytes, question: Question) -> bytes:
        """Return the frame that answers ``question``."""
        if not _could_answer(data, question):
            data = self._behind_copies(data, question)
        size = self._size(data, question)
        if not size or len(data) < size:
            return b""
        frame, behind = data[:size], data[size:]
        if behind and not frame.startswith(behind) and self._behind_copies(behind, question):
            raise WrongFrameError(f"{len(behind)} bytes too many")
        if self._checksum(frame[:-2]) != int.from_bytes(frame[-2:], "big"):
            raise WrongFrameError("the checksum does not fit")
        if frame in self._last:
            self._last.remove(frame)
        self._last.append(frame)
        return frame

    def _behind_copies(self, data: bytes, question: Question | None) -> bytes:
        """Return what follows the copies ``data`` begins with; empty when it is copies only, also of a part."""
        copies = [frame for frame in self._last if self._is_copied(frame, question)]
        while data:
            whole = next((frame for frame in copies if data.startswith(frame)), b"")
            if not whole:
                return b"" if any(frame.startswith(data) for frame in copies) else data
            data = data[len(whole) :]
        return data

    def _is_copied(self, frame: bytes, question: Question | None) -> bool:
        if question is not None and _could_answer(frame, question):
            return False
        return not self.watched or not frame.startswith(self.watched) or frame == self._last[-1]

    @staticmethod
    def _size(data: bytes, question: Question) -> int:
        """Return how long the frame that begins here must be, 0 while that is not known."""
        if data and data[0] != question.unit:
            raise WrongFrameError(f"unit {data[0]} instead of {question.unit}")
        if len(data) < 2:
            return 0
        function = data[1]
        refusal = function == question.function | EXCEPTION_BIT
        if function != question.function and not refusal:
            raise WrongFrameError(f"function {function} instead of {question.function}")
        wanted = 2 * question.count
        if not refusal and len(data) > 2 and data[2] != wanted:
            raise WrongFrameError(f"byte count {data[2]} instead of {wanted}")
        return 5 if refusal else wanted + 5
