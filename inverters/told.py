"""Numbers and instants as JSON documents tell them: texts are read, what is none is None. Pure."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.measurement import Quality
from domain.quantity import quantity

_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)  # a gateway that starts in 1970 or 2000 has no clock yet
_AHEAD = timedelta(days=1)
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138


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


def quality_of(name: str, value: float | None) -> Quality:
    """Return whether ``value`` can be true of a quantity; an absent one is in no doubt."""
    if value is None or quantity(name).can_be(value):
        return Quality.GOOD
    return Quality.OUT_OF_RANGE
