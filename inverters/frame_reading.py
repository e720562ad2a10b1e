"""A whole frame as somebody caught it on a wire: which kind it is, whether it holds, what it carries.

Modbus TCP, Modbus RTU (both directions) and DL/T 645-2007. Nothing raises here: what does not fit is told as a
verdict, and a frame that does not hold is taken apart no further than its head.
"""

from dataclasses import dataclass, field
from types import MappingProxyType

from domain.errors import MalformedAnswerError
from inverters.dlt645 import MeterValue, decode_identifier
from inverters.frames import crc16, dlt645_answer

READ_FUNCTIONS = (3, 4)
COUNT_MAX = 125
_EXCEPTION = 0x80
EXCEPTIONS = MappingProxyType(
    {
        1: "illegal function",
        2: "illegal address",
        3: "illegal count",
        4: "device failure",
        5: "acknowledged, still busy",
        6: "busy",
        8: "memory parity",
        10: "gateway path unavailable",
        11: "gateway target did not answer",
        0x80: "no permission",
    }
)
_CONTROLS = MappingProxyType(
    {
        0x11: "read",
        0x91: "answer",
        0xB1: "answer, more to come",
        0xD1: "refused",
        0x12: "read on",
        0x92: "answer, continued",
        0xB2: "answer, continued, more to come",
        0xD2: "refused",
        0x13: "read address",
        0x93: "address",
    }
)
_REFUSALS = (
    "other",
    "no such data",
    "password",
    "rate fixed",
    "year zones",
    "day zones",
    "tariffs",
    "reserved",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check of a frame: ``checksum``, ``length``, ``function``, ``content``, ``protocol`` or ``end``."""

    check: str
    fits: bool
    detail: str


@dataclass(frozen=True, slots=True)
class FrameReading:
    """What a frame is and carries.

    Attributes
    ----------
    kind : str
        ``modbus_tcp``, ``modbus_rtu``, ``dlt645`` or ``unknown``.
    direction : str
        ``request``, ``answer``, ``exception`` or empty.
    registers : tuple of int
        Of a Modbus read answer that holds.
    address, count : int or None
        Of a Modbus read request.
    """

    kind: str
    verdicts: tuple[Verdict, ...]
    direction: str = ""
    unit: int | None = None
    function: int | None = None
    transaction: int | None = None
    address: int | None = None
    count: int | None = None
    registers: tuple[int, ...] = ()
    exception: str = ""
    meter_address: str = ""
    control: str = ""
    identifier: str = ""
    values: tuple[MeterValue, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether every check fits."""
        return bool(self.verdicts) and all(verdict.fits for verdict in self.verdicts)


def read_frame(frame: bytes, *, ct_ratio: float = 1.0, pt_ratio: float = 1.0) -> FrameReading:
    """Return what ``frame`` is; the ratios turn a meter's secondary values into primary ones."""
    body = frame.lstrip(b"\xfe")
    if len(body) >= 8 and body[0] == 0x68 and body[7] == 0x68:
        return _dlt645(body, ct_ratio, pt_ratio)
    rtu_fits = len(frame) >= 4 and crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little")
    if not rtu_fits and len(frame) >= 8 and frame[2:4] == b"\x00\x00":
        return _tcp(frame)
    if len(frame) >= 4 and (rtu_fits or frame[1] & 0x7F in READ_FUNCTIONS):
        return _rtu(frame, fits=rtu_fits)
    return FrameReading("unknown", (Verdict("protocol", fits=False, detail=f"{len(frame)} bytes"),))


def _tcp(frame: bytes) -> FrameReading:
    said, came = int.from_bytes(frame[4:6]), len(frame) - 6
    length = Verdict("length", said == came, f"{said} announced, {came} came")
    return _modbus(
        "modbus_tcp",
        frame[6],
        frame[7:],
        (length,),
        transaction=int.from_bytes(frame[0:2]),
        whole=length.fits,
    )


def _rtu(frame: bytes, *, fits: bool) -> FrameReading:
    wanted, came = crc16(frame[:-2]), int.from_bytes(frame[-2:], "little")
    verdict = Verdict("checksum", fits, f"CRC {came:04X}, computed {wanted:04X}")
    return _modbus("modbus_rtu", frame[0], frame[1:-2], (verdict,), transaction=None, whole=fits)


def _modbus(
    kind: str, unit: int, body: bytes, verdicts: tuple[Verdict, ...], *, transaction: int | None, whole: bool
) -> FrameReading:
    """Take function and data apart; ``body`` begins with the function."""
    function, data = body[0], body[1:]
    plain = function & ~_EXCEPTION
    known = Verdict("function", plain in READ_FUNCTIONS, f"function {plain}")
    head = FrameReading(kind, (*verdicts, known), "", unit, plain, transaction)
    if not whole or not known.fits:
        return head
    if function & _EXCEPTION:
        return _exception(head, data)
    answer = len(data) >= 1 and data[0] == len(data) - 1 and data[0] % 2 == 0 and data[0] > 0
    if answer:
        registers = tuple(int.from_bytes(data[i : i + 2]) for i in range(1, len(data), 2))
        fitting = Verdict("content", fits=True, detail=f"{len(registers)}")
        return _with(head, "answer", fitting, registers=registers)
    if len(data) == 4:
        address, count = int.from_bytes(data[0:2]), int.from_bytes(data[2:4])
        fits = 1 <= count <= COUNT_MAX
        return _with(head, "request", Verdict("content", fits, f"{count}"), address=address, count=count)
    said = data[0] if data else 0
    wrong = Verdict("content", fits=False, detail=f"{said} bytes announced, {max(len(data) - 1, 0)} came")
    return _with(head, "answer", wrong)


def _exception(head: FrameReading, data: bytes) -> FrameReading:
    verdict = Verdict("content", len(data) == 1, f"{len(data)}")
    code = data[0] if data else 0
    return _with(head, "exception", verdict, exception=f"{code:02X} {EXCEPTIONS.get(code, 'unknown')}")


def _with(
    head: FrameReading,
    direction: str,
    verdict: Verdict,
    *,
    registers: tuple[int, ...] = (),
    address: int | None = None,
    count: int | None = None,
    exception: str = "",
) -> FrameReading:
    return FrameReading(
        head.kind,
        (*head.verdicts, verdict),
        direction,
        head.unit,
        head.function,
        head.transaction,
        address,
        count,
        registers,
        exception,
    )


def _dlt645(body: bytes, ct_ratio: float, pt_ratio: float) -> FrameReading:
    meter, control = body[1:7][::-1].hex(), body[8] if len(body) > 8 else -1
    length = body[9] if len(body) > 9 else -1
    came = len(body) - 12
    wanted, said = sum(body[:-2]) & 0xFF, body[-2]
    verdicts = (
        Verdict("length", length == came, f"{max(length, 0)} announced, {max(came, 0)} came"),
        Verdict("checksum", said == wanted, f"CS {said:02X}, computed {wanted:02X}"),
        Verdict("end", body[-1] == 0x16, f"{body[-1]:02X}"),
        Verdict("function", control in _CONTROLS, f"{max(control, 0):02X}"),
    )
    word = _CONTROLS.get(control, "")
    direction = "answer" if control >= 0x80 else "request"
    head = FrameReading("dlt645", verdicts, direction, meter_address=meter, control=word)
    return _meter_content(head, body, ct_ratio, pt_ratio) if head.holds else head


def _meter_content(head: FrameReading, body: bytes, ct_ratio: float, pt_ratio: float) -> FrameReading:
    data = bytes((byte - 0x33) & 0xFF for byte in body[10:-2])
    identifier = data[:4][::-1].hex().upper() if len(data) >= 4 else ""
    values: tuple[MeterValue, ...] = ()
    verdicts, exception = head.verdicts, ""
    if body[8] in (0xD1, 0xD2):
        bits = data[0] if data else 0
        exception = ", ".join(word for bit, word in enumerate(_REFUSALS) if bits >> bit & 1)
        identifier = ""
    elif body[8] in (0x91, 0xB1):
        try:
            answer = dlt645_answer(body)
            values = decode_identifier(
                answer.identifier, answer.content, ct_ratio=ct_ratio, pt_ratio=pt_ratio
            )
        except MalformedAnswerError as error:
            verdicts = (*verdicts, Verdict("content", fits=False, detail=str(error)))
    return FrameReading(
        head.kind,
        verdicts,
        head.direction,
        exception=exception,
        meter_address=head.meter_address,
        control=head.control,
        identifier=identifier,
        values=values,
    )
