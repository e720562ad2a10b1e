"""Cursors: where a list goes on, as an opaque word bound to the question it belongs to. Pure."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

CURSOR_PATTERN = r"^[A-Za-z0-9_-]{8,600}$"
_KINDS: Mapping[str, Callable[[str], Any]] = {
    "d": date.fromisoformat,
    "i": lambda text: datetime.fromisoformat(text).astimezone(UTC),
    "s": str,
}


class CursorError(Exception):
    """A cursor does not belong to this question."""


def question_of(path: str, values: Mapping[str, Any]) -> str:
    """Return a mark of a question: the path and every parameter but those that page."""
    asked = {name: str(value) for name, value in values.items() if name not in {"cursor", "limit"}}
    text = json.dumps([path, sorted(asked.items())], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cursor_of(key: tuple[Any, ...], question: str) -> str:
    """Return the cursor after a key."""
    parts = [["d", k.isoformat()] if _is_day(k) else ["i", k.isoformat()] if isinstance(k, datetime) else ["s", k] for k in key]  # fmt: skip
    text = json.dumps([question, parts], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_of(cursor: str, question: str) -> tuple[Any, ...]:
    """Return the key a cursor stands for.

    Raises
    ------
    CursorError
        It is none, or it belongs to another question.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        mark, parts = json.loads(text)
        key = tuple(_KINDS[kind](value) for kind, value in parts)
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError) as error:
        raise CursorError("cursor: is not one of ours; start without it") from error
    if mark != question:
        raise CursorError("cursor: belongs to another question; keep the other parameters as they were")
    return key


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
