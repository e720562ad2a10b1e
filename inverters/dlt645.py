"""What the data identifiers of DL/T 645-2007 mean, and how their BCD values are read.

An identifier is written DI3 DI2 DI1 DI0 (00010000: forward active energy, total, now). Values are BCD, low byte
first; in energies that may go both ways, powers, currents and power factors the top bit of the highest byte is
the sign. Values are secondary: voltages times PT, currents times CT, powers and energies times both. A digit
above nine is corrupt and gives no value. Which tariff is sharp, peak, flat or valley depends on the meter.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from domain.errors import MalformedAnswerError
from domain.measurement import Batch, BlockRead, Quality, Sample
from domain.quantity import is_known, quantity
from inverters.frames import Dlt645Answer, bcd_number
from inverters.layout import scaled

_TARIFFS = ("sharp", "peak", "flat", "valley")
_ENERGY = re.compile(r"00(0[0-8])(0[0-4]|FF)(0[0-9A-C])")
_ENERGY_NAMES = MappingProxyType(
    {
        "00": "meter_energy_total_wh",
        "01": "meter_energy_forward_wh",
        "02": "meter_energy_reverse_wh",
        "05": "meter_reactive_energy_q1_varh",
        "06": "meter_reactive_energy_q2_varh",
        "07": "meter_reactive_energy_q3_varh",
        "08": "meter_reactive_energy_q4_varh",
    }
)
_SIGNED_ENERGY = ("00", "03", "04")  # combined ones
_PHASES = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class _Shape:
    """One kind of instantaneous value: names of total and phases, bytes, decimals, unit, sign, ratio."""

    total: str
    phase: str
    size: int
    decimals: int
    scale: float
    signed: bool
    ratio: str


_SHAPES = MappingProxyType(
    {
        "01": _Shape("", "ac_phase_{}_voltage_v", 2, 1, 1.0, signed=False, ratio="pt"),
        "02": _Shape("", "ac_phase_{}_current_a", 3, 3, 1.0, signed=True, ratio="ct"),
        "03": _Shape(
            "ac_active_power_w", "ac_phase_{}_active_power_w", 3, 4, 1e3, signed=True, ratio="ct_pt"
        ),
        "04": _Shape(
            "ac_reactive_power_var", "ac_phase_{}_reactive_power_var", 3, 4, 1e3, signed=True, ratio="ct_pt"
        ),
        "05": _Shape(
            "ac_apparent_power_va", "ac_phase_{}_apparent_power_va", 3, 4, 1e3, signed=False, ratio="ct_pt"
        ),
        "06": _Shape("power_factor", "power_factor_phase_{}", 2, 3, 1.0, signed=True, ratio=""),
    }
)
_ENERGY_BYTES = 4
_FREQUENCY = _Shape("grid_frequency_hz", "", 2, 2, 1.0, signed=False, ratio="")

LIVE_IDENTIFIERS = ("0201FF00", "0202FF00", "02030000", "02040000", "02060000", "00010000", "00020000")
IDENTITY_IDENTIFIERS = ("04000402",)
MORE_IDENTIFIERS = (  # what a person who looks at a meter wants to see as well; a meter may refuse any of them
    "00000000", "0001FF00", "0002FF00", "00050000", "00060000", "00070000", "00080000", "0205FF00", "02800002",
    *(f"0400050{number}" for number in range(1, 8)),
)  # fmt: skip
IDENTIFIERS = (*LIVE_IDENTIFIERS, *IDENTITY_IDENTIFIERS, *MORE_IDENTIFIERS)
READ_FUNCTION, ADDRESS_FUNCTION = 0x11, 0x13  # the only control bytes that are ever sent
ADDRESS_DIGITS = 12


def meter_question(meter_address: str, identifier: str) -> bytes:
    """Return the frame that asks a meter for one data identifier; four 0xFE wake the line."""
    if len(meter_address) != ADDRESS_DIGITS or not meter_address.isdecimal():
        raise ValueError(f"meter address {meter_address!r}: expected {ADDRESS_DIGITS} digits")
    data = bytes((byte + 0x33) & 0xFF for byte in bytes.fromhex(identifier)[::-1])
    body = b"\x68" + bytes.fromhex(meter_address)[::-1] + bytes((0x68, READ_FUNCTION, len(data))) + data
    return b"\xfe" * 4 + body + bytes((sum(body) & 0xFF, 0x16))


def address_question() -> bytes:
    """Return the frame that asks the one meter on a line for its address."""
    body = b"\x68" + b"\xaa" * 6 + bytes((0x68, ADDRESS_FUNCTION, 0))
    return b"\xfe" * 4 + body + bytes((sum(body) & 0xFF, 0x16))


def meter_blocks(identifiers: Iterable[str]) -> tuple[BlockRead, ...]:
    """Return what a wire is asked for ``identifiers``: function 0x11 and the number of each one."""
    return tuple(BlockRead(READ_FUNCTION, IDENTIFIERS.index(one), 1) for one in identifiers)


def meter_quantities() -> tuple[str, ...]:
    """Return the quantities a meter is asked for each cycle."""
    return tuple(dict.fromkeys(name for one in LIVE_IDENTIFIERS for name, _ in _contents(one)))


def _contents(key: str) -> tuple[tuple[str, _Shape], ...]:
    """Return the name and shape of each value of an identifier we have names for, in its order."""
    energy = _ENERGY.fullmatch(key)
    if energy is not None and energy[2] != "FF" and energy[3] == "00":
        return ((_energy_name(energy[1], int(energy[2])), _energy_shape(energy[1])),)
    if key == "02800002":
        return ((_FREQUENCY.total, _FREQUENCY),)
    shape = _SHAPES.get(key[2:4]) if key.startswith("02") and key.endswith("00") else None
    return () if shape is None else tuple((name, shape) for name in _names(shape, key[4:6]))


def encode_identifier(
    identifier: str, values: Mapping[str, float], *, ct_ratio: float = 1.0, pt_ratio: float = 1.0
) -> bytes | None:
    """Return the content a meter with these values has, the inverse of `decode_identifier`; None: it has no such data.

    What is not a number is told by digits above nine; energies are cut and never rounded up.
    """
    ratios = {"": 1.0, "ct": ct_ratio, "pt": pt_ratio, "ct_pt": ct_ratio * pt_ratio}
    contents = _contents(identifier.upper())
    if not contents or any(name not in values for name, _ in contents):
        return None
    return b"".join(_bcd(values[name] / ratios[shape.ratio], shape) for name, shape in contents)


def _bcd(value: float, shape: _Shape) -> bytes:
    if not math.isfinite(value):
        return b"\xff" * shape.size
    steps = abs(value) / shape.scale * 10**shape.decimals
    digits = 2 * shape.size
    number = math.floor(steps + 1e-6) if shape.size == _ENERGY_BYTES else round(steps)
    number %= 10**digits if shape.size == _ENERGY_BYTES else 8 * 10 ** (digits - 1)
    content = bytearray(bytes.fromhex(f"{number:0{digits}d}"))
    content[0] |= 0x80 if shape.signed and value < 0 else 0
    return bytes(content[::-1])


@dataclass(frozen=True, slots=True)
class MeterValue:
    """One value of an answer.

    ``name`` is a quantity of the vocabulary or an identity text; empty where we have no name for it (energies of
    past settlement days, states whose bits nobody has printed). ``settlement`` counts settlement days back.
    ``doubt`` says why there is no value.
    """

    name: str
    value: float | None
    unit: str = ""
    text: str | None = None
    settlement: int = 0
    unverified: bool = False
    doubt: str = ""


def decode_identifier(
    identifier: str, content: bytes, *, ct_ratio: float = 1.0, pt_ratio: float = 1.0
) -> tuple[MeterValue, ...]:
    """Return what ``content`` (plain, low byte first) of a data identifier means; empty when nobody knows.

    Raises
    ------
    MalformedAnswerError
        The content has not the length the identifier prescribes.
    """
    ratios = {"": 1.0, "ct": ct_ratio, "pt": pt_ratio, "ct_pt": ct_ratio * pt_ratio}
    key = identifier.upper()
    energy = _ENERGY.fullmatch(key)
    if energy is not None:
        return _energies(energy[1], energy[2], int(energy[3], 16), content, ratios["ct_pt"])
    if key == "02800002":
        return (_value(_FREQUENCY.total, content, _FREQUENCY, ratios),)
    shape = _SHAPES.get(key[2:4]) if key.startswith("02") and key.endswith("00") else None
    if shape is not None:
        return _instantaneous(shape, key[4:6], content, ratios)
    return _parameter(key, content)


def _energy_shape(kind: str) -> _Shape:
    return _Shape("", "", _ENERGY_BYTES, 2, 1e3, signed=kind in _SIGNED_ENERGY, ratio="ct_pt")


def _energies(
    kind: str, tariff: str, settlement: int, content: bytes, factor: float
) -> tuple[MeterValue, ...]:
    shape = _energy_shape(kind)
    if tariff != "FF":
        _expect(content, 4)
    elif not content or len(content) % 4:
        raise MalformedAnswerError(f"block of energies: {len(content)} bytes; expected 4 for each")
    first = 0 if tariff == "FF" else int(tariff)
    unit = "Wh" if kind in ("00", "01", "02") else "varh"
    found = []
    for number, start in enumerate(range(0, len(content), 4), first):
        name = "" if settlement else _energy_name(kind, number)
        one = _value(name, content[start : start + 4], shape, {"ct_pt": factor})
        found.append(
            MeterValue(name, one.value, unit, None, settlement, unverified=number > 0, doubt=one.doubt)
        )
    return tuple(found)


def _energy_name(kind: str, tariff: int) -> str:
    name = _ENERGY_NAMES.get(kind, "")
    if tariff == 0 or not name:
        return name
    known = 1 <= tariff <= len(_TARIFFS)
    by_tariff = name.removesuffix("_wh") + f"_{_TARIFFS[tariff - 1]}_wh" if known else ""
    return by_tariff if is_known(by_tariff) else ""


def _names(shape: _Shape, which: str) -> list[str]:
    """Return the quantities of an identifier: the total, one phase, or all of them."""
    names = {"00": [shape.total], "FF": [shape.total] if shape.total else []}
    names |= {f"0{number}": [shape.phase.format(phase)] for number, phase in enumerate(_PHASES, 1)}
    names["FF"] += [shape.phase.format(phase) for phase in _PHASES]
    wanted = names.get(which, [])
    return wanted if wanted and wanted[0] else []


def _instantaneous(
    shape: _Shape, which: str, content: bytes, ratios: dict[str, float]
) -> tuple[MeterValue, ...]:
    wanted = _names(shape, which)
    if not wanted:
        return ()
    _expect(content, shape.size * len(wanted))
    return tuple(
        _value(name, content[number * shape.size : (number + 1) * shape.size], shape, ratios)
        for number, name in enumerate(wanted)
    )


def _parameter(key: str, content: bytes) -> tuple[MeterValue, ...]:
    digits = content[::-1].hex().upper()
    if key in ("04000401", "04000402"):
        _expect(content, 6)
        return (_text("serial_number" if key == "04000402" else "", digits),)
    if key == "04000101":
        _expect(content, 4)
        return (_text("", f"20{digits[0:2]}-{digits[2:4]}-{digits[4:6]}", digits),)
    if key == "04000102":
        _expect(content, 3)
        return (_text("", f"{digits[0:2]}:{digits[2:4]}:{digits[4:6]}", digits),)
    if re.fullmatch("0400050[1-7]", key):
        _expect(content, 2)
        return (MeterValue(f"device_state_word_{int(key[-1]):02d}", float(int(digits, 16)), "1"),)
    return ()


def _text(name: str, text: str, digits: str = "") -> MeterValue:
    if not (digits or text).isdecimal():
        return MeterValue(name, None, doubt="a digit is above nine")
    return MeterValue(name, None, text=text)


def _value(name: str, content: bytes, shape: _Shape, ratios: dict[str, float]) -> MeterValue:
    _expect(content, shape.size)
    unit = quantity(name).unit if name else ""
    try:
        number = bcd_number(content, 0, signed=shape.signed)
    except MalformedAnswerError:
        return MeterValue(name, None, unit, doubt="a digit is above nine")
    return MeterValue(name, scaled(number, shape.scale * 10.0**-shape.decimals) * ratios[shape.ratio], unit)


def _expect(content: bytes, size: int) -> None:
    if len(content) != size:
        raise MalformedAnswerError(f"{len(content)} bytes of data; the identifier prescribes {size}")


def meter_batch(
    device_id: str,
    measured_at: datetime,
    received_at: datetime,
    answers: Iterable[Dlt645Answer],
    *,
    ct_ratio: float = 1.0,
    pt_ratio: float = 1.0,
) -> Batch:
    """Return the batch several answers of one meter mean; values without a name of ours are left out."""
    values: dict[str, float | None] = {}
    texts: dict[str, str] = {}
    for answer in answers:
        for one in decode_identifier(answer.identifier, answer.content, ct_ratio=ct_ratio, pt_ratio=pt_ratio):
            if one.text is not None and one.name:
                texts[one.name] = one.text
            elif is_known(one.name):
                values[one.name] = one.value
    qualities = tuple(_quality(name, value) for name, value in values.items())
    good = all(quality is Quality.GOOD for quality in qualities)
    names, numbers = tuple(values), tuple(values.values())
    return Batch(
        device_id, measured_at, names, numbers, None if good else qualities, received_at, texts=texts
    )


def _quality(name: str, value: float | None) -> Quality:
    return Quality.GOOD if value is None or quantity(name).can_be(value) else Quality.OUT_OF_RANGE


def decode_meter(sample: Sample, *, ct_ratio: float = 1.0, pt_ratio: float = 1.0) -> Batch:
    """Return the batch the blocks of ``sample``, one a data identifier, mean; a corrupt one gives no value."""
    answers = [
        Dlt645Answer("", 0x91, IDENTIFIERS[block.address], block.words)
        for block in sample.blocks
        if block.function == READ_FUNCTION and block.address < len(IDENTIFIERS)
    ]
    sound = []
    for answer in answers:
        try:
            decode_identifier(answer.identifier, answer.content)
        except MalformedAnswerError:
            continue
        sound.append(answer)
    return meter_batch(
        sample.device_id,
        sample.measured_at,
        sample.received_at,
        sound,
        ct_ratio=ct_ratio,
        pt_ratio=pt_ratio,
    )
