"""JSON schemas of the configuration files, made from the same table the reader uses; for editors and CI."""

import json
from pathlib import Path
from typing import Any

from main.registry.records import FILES, Field, FieldType, Many, One, Record, Shares, TextList
from texts.loader import Texts

SCHEMA_FOLDER = "schema"
_DRAFT = "https:" + "//json-schema.org/draft/2020-12/schema"


def _type(kind: FieldType, words: tuple[Texts, Texts]) -> dict[str, Any]:
    if isinstance(kind, Many):
        return {"type": "array", "items": _record(kind.record, words)}
    if isinstance(kind, One):
        return _record(kind.record, words)
    if isinstance(kind, TextList):
        return {"type": "array", "items": kind.item.schema()}
    if isinstance(kind, Shares):
        return {
            "type": "object",
            "propertyNames": kind.key.schema(),
            "additionalProperties": kind.value.schema(),
        }
    return kind.schema()


def _field(record: Record, one: Field, words: tuple[Texts, Texts]) -> dict[str, Any]:
    schema = _type(one.type, words)
    key = f"registry.column.{record.name}.{one.name}"
    schema["description"] = " / ".join(texts(key) for texts in words)
    if not one.required and isinstance(one.default, str | float | int | bool):
        schema["default"] = one.default
    return schema


def _record(record: Record, words: tuple[Texts, Texts]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [one.name for one in record.fields if one.required],
        "properties": {one.name: _field(record, one, words) for one in record.fields},
    }


def schemas() -> dict[str, str]:
    """Return the text of every schema by its file name."""
    words = (Texts("zh"), Texts("en"))
    return {
        f"{name}.json": json.dumps(
            {"$schema": _DRAFT, "title": name, **_record(record, words)}, ensure_ascii=False, indent=1
        )
        + "\n"
        for name, record in FILES.items()
    }


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into ``folder``; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schemas().items():
        path = folder / name
        path.write_text(text, "utf-8")
        written.append(path)
    return written
