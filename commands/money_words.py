"""What an order of the command line was given, read: texts, a file, a value; what cannot be read is refused by name."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from commands.money_base import MoneyRefusedError
from revenue.sheet import Cell, CellError


def text_of(payload: Mapping[str, Any], name: str) -> str:
    """Return a text, empty when it was not given."""
    return str(payload.get(name) or "").strip()


def file_of(payload: Mapping[str, Any]) -> bytes:
    """Return the bytes of the file that came with an order."""
    try:
        return base64.b64decode(text_of(payload, "content"), validate=True)
    except binascii.Error as error:
        raise MoneyRefusedError("unreadable", what="--file", text="") from error


def read_text(name: str, read: Callable[[Cell], Any], text: str) -> Any:
    """Return a typed value; what cannot be read is refused with its name and the reason in words."""
    try:
        found = read(Cell(text.strip()))
    except CellError as error:
        raise MoneyRefusedError("unreadable", what=name, text=text[:40]) from error
    if found is None:
        raise MoneyRefusedError("unreadable", what=name, text=text[:40])
    return found
