"""Strict reading: a parsed file (`Node`) against a `Record`; every fault is noted, nothing stops at the first."""

from dataclasses import dataclass, field
from typing import Any

from main.registry.fields import BadValueError, Scalar
from main.registry.problem import Problems, nearest
from main.registry.records import Field, FieldType, Many, One, Record, Row, Shares, TextList


@dataclass(slots=True)
class Node:
    """A piece of a parsed file and its line. Exactly one of ``scalar``, ``items`` and ``pairs`` is set."""

    line: int
    scalar: Scalar | None = None
    items: "list[Node] | None" = None
    pairs: "list[tuple[Scalar, Node]] | None" = field(default=None)

    @property
    def empty(self) -> bool:
        """Tell whether nothing is written here."""
        return self.scalar is not None and self.scalar.tag == "null"


class _BadPart(Exception):  # noqa: N818 (control flow of this module, never leaves it)
    """A part was bad and has been noted."""


class Reader:
    """Reads the nodes of one file."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems

    def record(self, record: Record, node: Node, key: str = "") -> Row:
        """Return what ``node`` says; faults are noted and make the row incomplete."""
        if node.pairs is None:
            self._note(node.line, key, "not_a_mapping", record=record.name)
            return Row({}, self._file, node.line, incomplete=True)
        known = {one.name: one for one in record.fields}
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        sound = True
        for name, child in node.pairs:
            if name.text not in known:
                self._unknown(name.text, child.line, known, record)
            elif name.text in lines:
                self._note(child.line, name.text, "written_twice", line=lines[name.text])
            else:
                lines[name.text] = child.line
                try:
                    values[name.text] = self._value(known[name.text], child)
                except _BadPart:
                    sound = False
        sound = self._fill(record, values, lines, node.line) and sound
        return Row(values, self._file, node.line, lines, incomplete=not sound)

    def _unknown(self, name: str, line: int, known: dict[str, Field], record: Record) -> None:
        suggestion = nearest(name, known)
        self._problems.add(
            self._file,
            line,
            name,
            "unknown_key",
            suggestion=suggestion,
            record=record.name,
            keys=", ".join(known),
        )

    def _fill(self, record: Record, values: dict[str, Any], lines: dict[str, int], line: int) -> bool:
        complete = True
        for one in record.fields:
            if one.name in lines:
                continue
            if one.required:
                self._note(line, one.name, "missing_key", record=record.name)
                complete = False
            else:
                values[one.name] = one.default
        return complete

    def _value(self, wanted: Field, node: Node) -> Any:
        if node.empty:
            if wanted.required:
                self._note(node.line, wanted.name, "empty_value")
                raise _BadPart
            return wanted.default
        return self._typed(wanted.type, wanted.name, node)

    def _typed(self, kind: FieldType, key: str, node: Node) -> Any:
        if isinstance(kind, Many):
            return tuple(self.record(kind.record, item, key) for item in self._items(key, node))
        if isinstance(kind, One):
            return self.record(kind.record, node, key)
        if isinstance(kind, TextList):
            return tuple(self.scalar(kind.item, key, item) for item in self._items(key, node))
        if isinstance(kind, Shares):
            return self._shares(kind, key, node)
        return self.scalar(kind, key, node)

    def _items(self, key: str, node: Node) -> list[Node]:
        if node.items is None:
            self._note(node.line, key, "not_a_list")
            raise _BadPart
        return node.items

    def _shares(self, kind: Shares, key: str, node: Node) -> dict[str, float]:
        if node.pairs is None:
            self._note(node.line, key, "not_a_mapping", record="act")
            raise _BadPart
        shares: dict[str, float] = {}
        bad = False
        for name, child in node.pairs:
            try:
                village = self.scalar(kind.key, key, Node(child.line, name))
                value = self.scalar(kind.value, f"{key}.{name.text}", child)
            except _BadPart:
                bad = True
                continue
            if village in shares:
                self._note(child.line, f"{key}.{village}", "written_twice", line=node.line)
                bad = True
            shares[village] = value
        if bad:
            raise _BadPart
        return shares

    def scalar(self, kind: Any, key: str, node: Node) -> Any:
        """Return one value of a scalar type."""
        if node.scalar is None:
            self._note(node.line, key, "not_a_scalar")
            raise _BadPart
        if node.scalar.tag == "formula":
            self._note(node.line, key, "cell_formula")
            raise _BadPart
        try:
            return kind.parse(node.scalar)
        except BadValueError as error:
            self._problems.note(self._file, node.line, key, error.code, error.values, error.suggestion)
            raise _BadPart from error

    def _note(self, line: int, key: str, code: str, /, **values: object) -> None:
        self._problems.note(self._file, line, key, code, values)
