"""Sparkplug B payloads as bytes and back: metrics with name or alias, type, value, time and quality. Pure.

Layout after the public Sparkplug 3.0 specification: a protocol buffer, of which the fields a power plant needs are
read and every other is passed over. Data sets, templates and bytes are no values here.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PREFIX = "spBv1.0/"
GOOD = 192
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}  # Int8 to Int64 come as two's complement in an unsigned field
_DOUBLE, _BOOLEAN, _STRING = 10, 11, 12
_PAYLOAD_TIME, _PAYLOAD_METRIC, _PAYLOAD_SEQ = 1, 2, 3
_NAME, _ALIAS, _TIME, _TYPE, _HISTORICAL, _NULL, _PROPERTIES = 1, 2, 3, 4, 5, 7, 9
_INT, _LONG, _FLOAT_AT, _DOUBLE_AT, _BOOLEAN_AT, _STRING_AT = 10, 11, 12, 13, 14, 15
_KEYS, _VALUES, _PROPERTY_INT, _PROPERTY_LONG = 1, 2, 3, 4
_QUALITY = "Quality"

Value = float | int | bool | str | None
Content = int | bytes


class SparkplugError(ValueError):
    """Bytes that are no Sparkplug B payload; the text says why."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One value. ``name`` is empty where only its alias is said; ``value`` None: null, or of a kind not read here."""

    name: str = ""
    value: Value = None
    alias: int | None = None
    time_ms: int | None = None
    historical: bool = False
    quality: int | None = None
    datatype: int = 0


@dataclass(frozen=True, slots=True)
class Payload:
    """One message of a node or a device."""

    metrics: tuple[Metric, ...]
    time_ms: int | None = None
    seq: int | None = None


def decode_payload(data: bytes) -> Payload:
    """Return what a payload says.

    Raises
    ------
    SparkplugError
        It is cut off, or no protocol buffer at all.
    """
    metrics: list[Metric] = []
    numbers: dict[int, int] = {}
    for number, content in _fields(data):
        if number == _PAYLOAD_METRIC:
            metrics.append(_metric(_as_bytes(content)))
        elif number in (_PAYLOAD_TIME, _PAYLOAD_SEQ):
            numbers[number] = _as_int(content)
    return Payload(tuple(metrics), numbers.get(_PAYLOAD_TIME), numbers.get(_PAYLOAD_SEQ))


def _fields(data: bytes) -> Iterator[tuple[int, Content]]:
    """Yield number and content of each field."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            whole, at = _varint(data, at)
            yield number, whole
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(kind, -1)
        if size < 0 or number == 0 or at + size > len(data):
            raise SparkplugError(f"byte {at}: no protocol buffer, or cut off")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    whole = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte, at = data[at], at + 1
        whole |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return whole & 0xFFFF_FFFF_FFFF_FFFF, at
    raise SparkplugError(f"byte {at}: a number without an end")


def _as_int(content: Content) -> int:
    if not isinstance(content, int):
        raise SparkplugError("text where a number belongs")
    return content


def _as_bytes(content: Content) -> bytes:
    if not isinstance(content, bytes):
        raise SparkplugError("a number where something longer belongs")
    return content


def _text(content: Content) -> str:
    return _as_bytes(content).decode("utf-8", "replace")


def _metric(data: bytes) -> Metric:
    found: dict[int, Content] = dict(_fields(data))  # of a field said twice the last holds
    alias, time = found.get(_ALIAS), found.get(_TIME)
    properties = found.get(_PROPERTIES)
    datatype = _as_int(found.get(_TYPE, 0))
    return Metric(
        name=_text(found.get(_NAME, b"")),
        value=None if found.get(_NULL) else _value(found, datatype),
        alias=None if alias is None else _as_int(alias),
        time_ms=None if time is None else _as_int(time),
        historical=bool(found.get(_HISTORICAL, 0)),
        quality=None if properties is None else _quality(_as_bytes(properties)),
        datatype=datatype,
    )


def _value(found: dict[int, Content], datatype: int) -> Value:
    if _FLOAT_AT in found:
        return _unpacked("<f", found[_FLOAT_AT])
    if _DOUBLE_AT in found:
        return _unpacked("<d", found[_DOUBLE_AT])
    if _BOOLEAN_AT in found:
        return bool(_as_int(found[_BOOLEAN_AT]))
    if _STRING_AT in found:
        return _text(found[_STRING_AT])
    whole = found.get(_INT, found.get(_LONG))
    if whole is None:
        return None
    bits = _SIGNED_BITS.get(datatype)
    if bits is None:
        return _as_int(whole)
    low = _as_int(whole) & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def _unpacked(form: str, content: Content) -> float:
    data = _as_bytes(content)
    if len(data) != struct.calcsize(form):
        raise SparkplugError(f"a float of {len(data)} bytes")
    return float(struct.unpack(form, data)[0])


def _quality(data: bytes) -> int | None:
    """Return the property "Quality": 192 good, 500 stale, 0 bad."""
    fields = list(_fields(data))
    keys = [_text(content) for number, content in fields if number == _KEYS]
    values = [_as_bytes(content) for number, content in fields if number == _VALUES]
    for key, value in zip(keys, values, strict=False):
        if key == _QUALITY:
            inner = dict(_fields(value))
            told = inner.get(_PROPERTY_INT, inner.get(_PROPERTY_LONG))
            return None if told is None else _as_int(told)
    return None


# ------------------------------------------------------------------ the inverse, for the virtual field


def encode_payload(payload: Payload) -> bytes:
    """Return the bytes of a payload; numbers go as doubles, whole ones with a ``datatype`` as that."""
    parts = [] if payload.time_ms is None else [_whole(_PAYLOAD_TIME, payload.time_ms)]
    parts += [_long(_PAYLOAD_METRIC, _encoded(metric)) for metric in payload.metrics]
    if payload.seq is not None:
        parts.append(_whole(_PAYLOAD_SEQ, payload.seq))
    return b"".join(parts)


def _encoded(metric: Metric) -> bytes:
    value = metric.value
    kinds = {bool: _BOOLEAN, str: _STRING}
    datatype = metric.datatype or kinds.get(type(value), _DOUBLE)
    parts = [_long(_NAME, metric.name.encode())] if metric.name else []
    parts += [] if metric.alias is None else [_whole(_ALIAS, metric.alias)]
    parts += [] if metric.time_ms is None else [_whole(_TIME, metric.time_ms)]
    parts.append(_whole(_TYPE, datatype))
    parts += [_whole(_HISTORICAL, 1)] if metric.historical else []
    if metric.quality is not None:
        told = _whole(1, 3) + _whole(_PROPERTY_INT, metric.quality)
        parts.append(_long(_PROPERTIES, _long(_KEYS, _QUALITY.encode()) + _long(_VALUES, told)))
    parts.append(_encoded_value(value, datatype))
    return b"".join(parts)


def _encoded_value(value: Value, datatype: int) -> bytes:
    if value is None:
        return _whole(_NULL, 1)
    if isinstance(value, bool):
        return _whole(_BOOLEAN_AT, int(value))
    if isinstance(value, str):
        return _long(_STRING_AT, value.encode())
    if datatype == _DOUBLE:
        return _key(_DOUBLE_AT, _FIXED64) + struct.pack("<d", value)
    bits = _SIGNED_BITS.get(datatype, 64)
    return _whole(_LONG if bits == 64 else _INT, int(value) & ((1 << bits) - 1))


def _number(whole: int) -> bytes:
    out = bytearray()
    while whole > 0x7F:
        out.append(whole & 0x7F | 0x80)
        whole >>= 7
    return bytes((*out, whole))


def _key(number: int, kind: int) -> bytes:
    return _number(number << 3 | kind)


def _whole(number: int, whole: int) -> bytes:
    return _key(number, _VARINT) + _number(whole)


def _long(number: int, data: bytes) -> bytes:
    return _key(number, _BYTES) + _number(len(data)) + data
