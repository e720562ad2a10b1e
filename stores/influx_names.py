"""How a batch is laid out in InfluxDB, and how names and instants are spelt in its two languages.

A measurement per kind of device, one tag ``device``, every field a float. A good value is a field of the
quantity's name; any other value is a field ``<quantity>~<quality>``, so that whatever the engine adds up by
itself is made of good values only; a missing value that carries a quality is a field ``<quantity>~<quality>~none``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from domain.errors import ConfigurationError
from domain.measurement import Quality
from domain.plant import DeviceKind

DEVICE_TAG = "device"
ORIGIN = "origin"
DELAY_MS = "arrival_delay_ms"
LAYOUT = "layout"  # as a field: the number of the batch's tuple of quantities; as a measurement: what it stands for
FIELD_COUNT = "field_count"  # how many values the row has: one that is only half there yet is noticed
OUR_FIELDS = frozenset({ORIGIN, DELAY_MS, LAYOUT, FIELD_COUNT})
KINDS = tuple(kind.value for kind in DeviceKind)
ROLLED_UP = (
    "_rolled_up"  # behind a kind: the measurement of its months that are rolled up (stores/influx_roll.py)
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US = 86_400_000_000
_MICROSECOND = timedelta(microseconds=1)


def epoch_us(at: datetime) -> int:
    """Return microseconds since 1970. [us]"""
    return (at - EPOCH) // _MICROSECOND


def instant(measured_us: int) -> datetime:
    """Return the instant of microseconds since 1970, aware, UTC."""
    return EPOCH + timedelta(microseconds=measured_us)


def odd_field(quantity: str, quality: int, *, missing: bool = False) -> str:
    """Return the field of a value that is not good."""
    return f"{quantity}~{int(quality)}~none" if missing else f"{quantity}~{int(quality)}"


def parts_of(field: str) -> tuple[str, Quality, bool]:
    """Return quantity, quality and whether the value is missing: the meaning of a field's name."""
    name, _, rest = field.partition("~")
    if not rest:
        return name, Quality.GOOD, False
    number, _, none = rest.partition("~")
    return name, Quality(int(number)), bool(none)


def layout_number(quantities: Sequence[str]) -> int:
    """Return the number of a tuple of quantities: 48 bits of its hash, so every process finds the same."""
    return int.from_bytes(blake2b(".".join(quantities).encode(), digest_size=6).digest(), "big")


# line protocol


def key_text(text: str) -> str:
    """Escape a tag's value.

    Raises
    ------
    ConfigurationError
        Line protocol cannot carry it.
    """
    if not text or not text.isprintable() or "\\" in text:
        raise ConfigurationError(f"id {text!r} cannot be kept in InfluxDB: use letters, digits and dashes")
    return text.replace(",", "\\,").replace(" ", "\\ ").replace("=", "\\=")


# InfluxQL


def ident(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def rows_of(kind: str) -> str:
    """Return what to select from for the rows of a kind of device: as they came, and rolled up."""
    return f"{ident(kind)}, {ident(kind + ROLLED_UP)}"


def literal(text: str) -> str:
    """Quote a text."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def during(first_us: int, end_us: int) -> str:
    """Return the condition ``first <= time < end``."""
    return f"time >= {first_us * 1000} AND time < {end_us * 1000}"


def one_of(column: str, values: Sequence[str]) -> str:
    """Return the condition that a tag is one of ``values``, with its AND; nothing for no values."""
    if not values:
        return ""
    return " AND (" + " OR ".join(f"{ident(column)} = {literal(value)}" for value in values) + ")"


def tag_of(tags: str) -> str:
    """Return the value in the ``tags`` column of an answer grouped by one tag; it is escaped as in a line."""
    value = tags.partition("=")[2]
    return value.replace("\\,", ",").replace("\\ ", " ").replace("\\=", "=") if "\\" in value else value
