"""What a device said (Sample), what it means (Batch), and how far it may be trusted (Quality)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any


class Quality(IntEnum):
    """How far one value may be trusted. Stored as a small number: never renumber."""

    GOOD = 0
    OUT_OF_RANGE = 1  # outside what the quantity can be; kept, shown, not counted
    STALE = 2  # the device repeats itself
    CLOCK = 3  # its instant is doubtful
    INCONSISTENT = 4  # contradicts its siblings (a block of a swapped or confused device)


class Origin(IntEnum):
    """How a batch reached us. Stored as a small number: never renumber."""

    POLL = 0
    MQTT = 1
    FILE = 2
    MANUAL = 3
    DEMO_HISTORY = 4  # made by the virtual fleet's physics for an empty chart; never through a wire


@dataclass(frozen=True, slots=True)
class BlockRead:
    """One read request: ``count`` registers (1 to 125) from ``address`` with function 3 or 4."""

    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class WordBlock:
    """Consecutive 16-bit registers as they came: ``words`` is big-endian bytes, two a register."""

    function: int
    address: int
    words: bytes

    @property
    def count(self) -> int:
        """Number of registers."""
        return len(self.words) // 2


@dataclass(frozen=True, slots=True)
class Sample:
    """What one device said at one instant, untouched.

    ``blocks`` for registers, ``document`` for a parsed JSON payload; exactly one of them is set.
    ``measured_at`` and ``received_at`` are aware UTC.
    """

    device_id: str
    measured_at: datetime
    received_at: datetime
    blocks: tuple[WordBlock, ...] = ()
    document: Mapping[str, Any] | None = None
    origin: Origin = Origin.POLL


_NO_TEXTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Batch:
    """One device at one instant, decoded: columnar, in the profile's order.

    ``quantities`` is one shared tuple per profile, so a sweep is a table. ``values`` has the same length;
    None means the device did not say. ``qualities`` is None when every value is good, else of the same
    length. ``texts`` are identity strings (serial number, model): never stored as measurements.
    """

    device_id: str
    measured_at: datetime
    quantities: tuple[str, ...]
    values: tuple[float | None, ...]
    qualities: tuple[Quality, ...] | None = None
    received_at: datetime | None = None
    origin: Origin = Origin.POLL
    texts: Mapping[str, str] = field(default_factory=lambda: _NO_TEXTS)

    def value(self, quantity: str) -> float | None:
        """Return the value of ``quantity``, or None when absent or unknown here."""
        try:
            return self.values[self.quantities.index(quantity)]
        except ValueError:
            return None

    def good(self, quantity: str) -> float | None:
        """Return the value of ``quantity`` only when it is of good quality."""
        try:
            index = self.quantities.index(quantity)
        except ValueError:
            return None
        if self.qualities is not None and self.qualities[index] is not Quality.GOOD:
            return None
        return self.values[index]
