"""Frozen records ↔ plain data for the books of acts: text, whole numbers, lists and mappings; never a float."""

import dataclasses
import types
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from domain.errors import MoneyError

T = TypeVar("T")


def plain(value: Any) -> Any:
    """Return a record as plain data, ready for JSON.

    Raises
    ------
    MoneyError
        It holds something that has no exact plain form, such as a float.
    """
    if value is None or (isinstance(value, str | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [plain(item) for item in value]
    raise MoneyError(f"{type(value).__name__} has no exact plain form")


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def built(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return the record of class ``kind`` from its plain data."""
    hints = _hints(kind)  # type: ignore[arg-type]
    return kind(**{name: _value(hints[name], item) for name, item in data.items() if name in hints})


def _value(hint: Any, data: Any) -> Any:
    if data is None:
        return None
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        return _value(next(one for one in get_args(hint) if one is not type(None)), data)
    if origin is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in data)
    if origin is not None:  # a mapping
        return {key: _value(get_args(hint)[1], item) for key, item in data.items()}
    if dataclasses.is_dataclass(hint):
        return built(hint, data)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(data)
    return date.fromisoformat(data) if hint is date else data
