"""What one point of a device is: where it lies, how it is written, what it means."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from domain.quantity import Kind, is_known, quantity

WordOrder = Literal["big", "little"]
PointClass = Literal["live", "identity", "detail"]


class Type(Enum):
    """How a value lies in registers; the value is the word used in profiles.

    ``CLOCK6`` is year, month, day, hour, minute, second in a register each; ``CLOCK3`` the same six as
    packed bytes, the year counted from 2000. Both give the device's own local time as seconds since 1970.
    """

    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    U64 = "u64"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"
    STRING = "string"
    CLOCK6 = "clock6"
    CLOCK3 = "clock3"


WORDS: dict[Type, int] = {
    Type.U16: 1,
    Type.I16: 1,
    Type.U32: 2,
    Type.I32: 2,
    Type.F32: 2,
    Type.U64: 4,
    Type.I64: 4,
    Type.F64: 4,
    Type.CLOCK6: 6,
    Type.CLOCK3: 3,
}
STRUCT_CODE: dict[Type, str] = {
    Type.U16: "H",
    Type.I16: "h",
    Type.U32: "I",
    Type.I32: "i",
    Type.U64: "Q",
    Type.I64: "q",
    Type.F32: "f",
    Type.F64: "d",
}
RANGE: dict[Type, tuple[int, int]] = {
    Type.U16: (0, 0xFFFF),
    Type.I16: (-0x8000, 0x7FFF),
    Type.U32: (0, 0xFFFFFFFF),
    Type.I32: (-0x80000000, 0x7FFFFFFF),
    Type.U64: (0, 0xFFFFFFFFFFFFFFFF),
    Type.I64: (-0x8000000000000000, 0x7FFFFFFFFFFFFFFF),
}
IDENTITY_TEXTS = (
    "manufacturer",
    "model_name",
    "model_id",
    "serial_number",
    "serial_number_new",
    "part_number",
    "hardware_version",
    "firmware_version",
    "firmware_build",
    "control_firmware_version",
    "software_version",
    "dsp_version",
    "dsp_master_version",
    "dsp_slave_version",
    "dsp_build",
    "protocol_version",
    "device_type_code",
    "device_name",
    "sunspec_marker",
    "sunspec_model_id",
    "sunspec_model_length",
)
SCALE_FACTOR = "scale_factor"  # not a quantity: a register other values are scaled by
NOT_IMPLEMENTED = -0x8000  # what a SunSpec scale factor holds that does not exist


@dataclass(frozen=True, slots=True)
class Condition:
    """A point means something only while the state ``name`` is (or, ``negate``, is not) one of ``values``.

    While the state is not known a plain condition does not hold and a negated one does.
    """

    name: str
    values: frozenset[int]
    negate: bool = False

    def holds(self, state: float | None) -> bool:
        """Tell whether the point means something in ``state``."""
        return (state is not None and int(state) in self.values) != self.negate


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a device.

    Attributes
    ----------
    name : str
        A quantity of the vocabulary, or an identity text (`IDENTITY_TEXTS`).
    function, address, words : int
        Modbus read function (3 or 4), wire address (0-based), length in registers.
    scale, offset : float
        value = raw * scale + offset, in the unit the name ends with.
    mask : int
        Bits of a state that count; 0 means all.
    absent : tuple of int
        Raw values that mean "no value"; as unsigned patterns for signed types too.
    ratio : str
        ``ct``, ``pt`` or ``ct_pt`` for secondary values of a meter, else empty.
    class_ : str
        ``live`` each cycle, ``identity`` at start and now and then, ``detail`` only when asked.
    fallback : bool
        A coarser copy of a quantity, used only where the device does not have the better one.
    optional : bool
        Only larger models have it: read only when the device's string count says so.
    form : str
        ``nibble_swapped`` for serial numbers written as swapped hexadecimal digits, else empty.
    scale_at : int or None
        Address of the register whose content n scales the value by 10 to the power n (SunSpec).
    """

    name: str
    function: int
    address: int
    type: Type
    words: int
    word_order: WordOrder = "big"
    scale: float = 1.0
    offset: float = 0.0
    mask: int = 0
    absent: tuple[int, ...] = ()
    ratio: str = ""
    class_: PointClass = "live"
    condition: Condition | None = None
    fallback: bool = False
    optional: bool = False
    unverified: bool = False
    form: str = ""
    note: str = ""
    scale_at: int | None = None

    @property
    def end(self) -> int:
        """First address after it."""
        return self.address + self.words

    @property
    def is_text(self) -> bool:
        """Whether it is an identity text rather than a measured quantity."""
        return not is_known(self.name)

    @property
    def unit(self) -> str:
        """Unit of its value, empty for texts."""
        return "" if self.is_text else quantity(self.name).unit

    @property
    def string_number(self) -> int:
        """Number of the module string it belongs to, 0 when to none."""
        parts = self.name.split("_")
        return int(parts[2]) if self.name.startswith("dc_string_") and parts[2].isdigit() else 0

    @property
    def decimals(self) -> int:
        """Decimal places its scale gives, for printing."""
        floating = self.type in (Type.F32, Type.F64) or self.scale_at is not None
        if self.is_text or floating or quantity(self.name).kind is Kind.STATE:
            return 6
        return max(0, -math.floor(math.log10(self.scale) + 1e-9))

    def signed_absent(self) -> tuple[int, ...]:
        """Return the absent patterns as the numbers its type reads them as."""
        if self.type not in RANGE:
            return self.absent
        low, high = RANGE[self.type]
        size = high - low + 1
        return tuple(raw - size if low < 0 and raw > high else raw for raw in self.absent)


def scale_point(point: Point) -> Point | None:
    """Return the register that scales ``point`` as a point of its own, None when nothing does."""
    if point.scale_at is None:
        return None
    return Point(
        SCALE_FACTOR,
        point.function,
        point.scale_at,
        Type.I16,
        1,
        absent=(NOT_IMPLEMENTED,),
        class_=point.class_,
    )
