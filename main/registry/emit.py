"""Writing records as YAML text: short, one line a record, stable, so that two versions can be compared."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from main.registry.fields import number_text
from main.registry.records import Many, One, Record, Row, Shares, TextList

_PLAIN = re.compile(r"[A-Za-z一-鿿][\w一-鿿（）·/.-]*( [\w一-鿿（）·/.-]+)*")
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def scalar(value: Any) -> str:
    """Return one value as YAML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, int | date):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return json.dumps(text, ensure_ascii=False)


def _value(kind: Any, value: Any) -> str:
    if isinstance(kind, One):
        return flow(kind.record, value)
    if isinstance(kind, TextList):
        return "[" + ", ".join(scalar(one) for one in value) + "]"
    if isinstance(kind, Shares):
        return "{" + ", ".join(f"{scalar(key)}: {number_text(kw)}" for key, kw in value.items()) + "}"
    return scalar(value)


def _written(record: Record, row: Row) -> list[tuple[str, Any, Any]]:
    return [
        (one.name, one.type, row[one.name])
        for one in record.fields
        if one.required or row[one.name] != one.default
    ]


def flow(record: Record, row: Row) -> str:
    """Return a record on one line."""
    return (
        "{" + ", ".join(f"{name}: {_value(kind, value)}" for name, kind, value in _written(record, row)) + "}"
    )


def document(record: Record, row: Row, header: str) -> str:
    """Return a whole file: ``header`` as comments, then one key a line, lists with one record a line."""
    lines = [f"# {line}".rstrip() for line in header.splitlines()]
    for name, kind, value in _written(record, row):
        if not isinstance(kind, Many):
            lines.append(f"{name}: {_value(kind, value)}")
        elif value:
            lines.append(f"{name}:")
            lines.extend(f"  - {flow(kind.record, one)}" for one in value)
        else:
            lines.append(f"{name}: []")
    return "\n".join(lines) + "\n"


def row(values: Mapping[str, Any], record: Record) -> Row:
    """Return a complete row made by a program: defaults filled in.

    Raises
    ------
    KeyError
        A value is missing, or is none of the record's.
    """
    strange = set(values) - set(record.keys)
    if strange:
        raise KeyError(f"{record.name} has no {', '.join(sorted(strange))}")
    return Row(
        {f.name: values[f.name] if f.required else values.get(f.name, f.default) for f in record.fields}
    )
