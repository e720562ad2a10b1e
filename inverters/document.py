"""JSON documents of gateways that speak our own format: quantities by name.

``{"format": 1, "device": "inv-01", "time": "2026-07-01T02:30:00Z", "seq": 7, "values": {"ac_active_power_w":
51200}}``. Numbers may be texts; a value that is no number is missing, never zero. ``time`` is ISO 8601 (with
a zone), seconds or milliseconds since 1970, or absent: then the instant of arrival stands. A device clock
that has lost its date does not count as a time either.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.errors import MalformedAnswerError
from domain.measurement import Batch, Quality, Sample
from domain.quantity import is_known, quantity
from inverters.point import IDENTITY_TEXTS
from inverters.profile import DeviceProfile

FORMAT = 1
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)  # a gateway that starts in 1970 or 2000 has no clock yet
_AHEAD = timedelta(days=1)
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138


def decode_document(profile: DeviceProfile, sample: Sample) -> Batch:
    """Return the batch the document of ``sample`` means.

    Quantities come in the document's order; names the vocabulary does not have are left out, identity texts
    are kept as texts.

    Raises
    ------
    MalformedAnswerError
        There is no document, it is of another format, or it has no values.
    """
    document = sample.document
    if document is None or not isinstance(document.get("values"), Mapping):
        raise MalformedAnswerError(
            f"{sample.device_id}: no JSON document with a 'values' object; expected format {FORMAT} of {profile.name}"
        )
    if document.get("format", FORMAT) != FORMAT:
        raise MalformedAnswerError(
            f"{sample.device_id}: document format {document['format']!r}; expected {FORMAT}"
        )
    given = document["values"]
    names = tuple(name for name in given if isinstance(name, str) and is_known(name))
    values = tuple(as_number(given[name]) for name in names)
    instant = document_time(document.get("time"), sample.received_at)
    qualities = tuple(_quality(n, v) for n, v in zip(names, values, strict=True))
    good = all(quality is Quality.GOOD for quality in qualities)
    texts = {name: str(given[name]) for name in IDENTITY_TEXTS if isinstance(given.get(name), str)}
    return Batch(
        sample.device_id,
        instant or sample.received_at,
        names,
        values,
        None if good else qualities,
        sample.received_at,
        sample.origin,
        texts,
    )


def as_number(value: Any) -> float | None:
    """Return ``value`` as a number; texts are read, everything else that is none gives None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def document_time(value: Any, received_at: datetime) -> datetime | None:
    """Return the instant a document names, aware UTC; None when it names none that can be true."""
    instant = _instant(value)
    if instant is None or not _EARLIEST <= instant <= received_at + _AHEAD:
        return None
    return instant


def _instant(value: Any) -> datetime | None:
    if isinstance(value, str) and as_number(value) is None:
        try:
            instant = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        return None if instant.tzinfo is None else instant.astimezone(UTC)
    number = as_number(value)
    if number is None:
        return None
    try:
        return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _quality(name: str, value: float | None) -> Quality:
    known = quantity(name)
    if value is None or known.low <= value <= known.high:
        return Quality.GOOD
    return Quality.OUT_OF_RANGE
