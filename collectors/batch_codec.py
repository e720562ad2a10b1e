"""Batches as bytes and back, exactly: every float bit, every None, qualities, instants, texts.

A row is a small JSON head and the values as little-endian doubles; the tuple of quantity names is kept
once in a table and named by number. A checksum over both tells a damaged row from a good one.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

import orjson

from domain.measurement import Batch, Origin, Quality

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_QUALITIES = tuple(Quality)
_ORIGINS = {int(origin): origin for origin in Origin}
_NO_TEXTS: Mapping[str, str] = MappingProxyType({})


class DamagedRowError(ValueError):
    """The bytes of a row are not what was written."""


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _doubles(values: Sequence[float | None]) -> tuple[bytes, list[int]]:
    """Return the packed values and the positions of those that are missing."""
    try:
        return _layout(len(values)).pack(*values), []
    except struct.error:
        missing = [position for position, value in enumerate(values) if value is None]
        return _layout(len(values)).pack(*[0.0 if value is None else value for value in values]), missing


@cache
def _layout(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}d")


def encode(batch: Batch, schema: int) -> tuple[bytes, bytes, int]:
    """Return head, values and checksum of a batch whose quantities are number ``schema``."""
    values, missing = _doubles(batch.values)
    qualities = None if batch.qualities is None else [int(quality) for quality in batch.qualities]
    received = None if batch.received_at is None else _microseconds(batch.received_at)
    head = orjson.dumps(
        [
            schema,
            batch.device_id,
            _microseconds(batch.measured_at),
            received,
            int(batch.origin),
            missing,
            qualities,
            dict(batch.texts) if batch.texts else None,
        ]
    )
    return head, values, zlib.crc32(values, zlib.crc32(head))


def schema_of(head: bytes) -> int:
    """Return the schema number a head names."""
    return int(head[1 : head.index(b",")])


def whose(head: bytes) -> tuple[str, datetime]:
    """Return device and instant a head names."""
    parts = orjson.loads(head)
    return str(parts[1]), _instant(parts[2])


def decode(head: bytes, values: bytes, checksum: int, quantities: tuple[str, ...]) -> Batch:
    """Return the batch.

    Raises
    ------
    DamagedRowError
        The checksum or the shape does not fit.
    """
    if zlib.crc32(values, zlib.crc32(head)) != checksum or len(values) != 8 * len(quantities):
        raise DamagedRowError("the row's checksum does not fit")
    parts: list[Any] = orjson.loads(head)
    _, device_id, measured, received, origin, missing, qualities, texts = parts
    numbers: tuple[float | None, ...] = _layout(len(quantities)).unpack(values)
    if missing:
        gone = frozenset(missing)
        numbers = tuple([None if place in gone else value for place, value in enumerate(numbers)])
    return Batch(
        device_id,
        _instant(measured),
        quantities,
        numbers,
        None if qualities is None else tuple(_QUALITIES[number] for number in qualities),
        None if received is None else _instant(received),
        _ORIGINS[origin],
        MappingProxyType(texts) if texts else _NO_TEXTS,
    )
