"""Shapes: the rows of the data interface as JSON schema and as text; made of their classes. Pure."""

import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

from domain.cell import harmless

_SIMPLE: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
}


def field_names(row_class: type) -> tuple[str, ...]:
    """Return the names of a row's fields."""
    return tuple(each.name for each in fields(row_class))


def schema_of(row_class: type, words: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON schema of a row; ``words`` describes each field."""
    hints = get_type_hints(row_class)
    names = field_names(row_class)
    return {
        "type": "object",
        "description": words[""],
        "properties": {name: {**_schema(hints[name]), "description": words[name]} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }


def _schema(hint: Any) -> dict[str, Any]:
    if hint in _SIMPLE:
        return dict(_SIMPLE[hint])
    arguments = get_args(hint)
    if get_origin(hint) in {Union, types.UnionType}:
        kinds = [dict(_SIMPLE[each]) for each in arguments if each is not type(None)]
        return {**kinds[0], "type": [kinds[0]["type"], "null"]}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _schema(arguments[0])}
    return {"type": "object", "additionalProperties": _schema(arguments[1])}


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; instants are UTC with a Z."""
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond else "seconds")
        return text.replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value


def as_object(row: Any) -> dict[str, Any]:
    """Return a row as a JSON object."""
    return {name: plain(getattr(row, name)) for name in field_names(type(row))}


def as_lines(row_class: type, rows: Sequence[Any], spread: Sequence[str] = ()) -> list[list[str]]:
    """Return rows as a table of text with its head; a field ``values`` becomes the columns of ``spread``."""
    names = [name for name in field_names(row_class) if name != "values"]
    lines = [[*names, *spread]]
    for row in rows:
        cells = [_cell(getattr(row, name)) for name in names]
        lines.append(cells + [_cell(row.values.get(key)) for key in spread])
    return lines


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return harmless(" ".join(str(each) for each in value))
    found = plain(value)
    return harmless(found if isinstance(found, str) else json.dumps(found, ensure_ascii=False))
