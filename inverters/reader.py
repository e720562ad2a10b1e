"""Strict reading of YAML files by hand: every key is known or it is a problem, with file, line and a guess.

Nothing stops at the first problem: a person who edits a file sees all of them at once.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.message}"


@dataclass
class Problems:
    """Collects everything that is wrong with a set of files."""

    found: list[Problem] = field(default_factory=list)

    def add(self, file: str, line: int, key: str, message: str) -> None:
        """Note one problem."""
        self.found.append(Problem(file, line, key, message))


def nearest(word: str, valid: Sequence[str]) -> str:
    """Return `` (did you mean 'x'?)`` or the list of valid words when it is short."""
    close = get_close_matches(word, valid, n=1, cutoff=0.6)
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (one of: {', '.join(valid)})" if len(valid) <= 24 else ""


class Section:
    """A mapping of a YAML file: hands out values, remembers which keys were asked for."""

    def __init__(self, file: str, node: yaml.MappingNode, problems: Problems, path: str = "") -> None:
        self.file = file
        self.line = node.start_mark.line + 1
        self.path = path
        self._problems = problems
        self._nodes: dict[str, tuple[yaml.Node, int]] = {}
        self._asked: list[str] = []
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in self._nodes:
                problems.add(file, line, self._at(name), "stands here twice")
            self._nodes[name] = (value, line)

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def complain(self, key: str, message: str, line: int | None = None) -> None:
        """Note a problem with ``key`` (or with the section when it is not there), or at ``line``."""
        if line is None:
            line = self._nodes[key][1] if key in self._nodes else self.line
        self._problems.add(self.file, line, self._at(key), message)

    def __contains__(self, key: str) -> bool:
        self._asked.append(key)
        return key in self._nodes

    def _value(self, key: str) -> Any:
        self._asked.append(key)
        if key not in self._nodes:
            return None
        return _construct(self._nodes[key][0])

    def take(self, key: str, kinds: type | tuple[type, ...], default: Any, *, wanted: str) -> Any:
        """Return the value of ``key``; a missing one without default and a wrong type are problems."""
        value = self._value(key)
        if value is None:
            if default is None:
                self.complain(key, f"is missing; expected {wanted}")
            return default
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            self.complain(key, f"is {value!r}; expected {wanted}")
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        return str(self.take(key, str, default, wanted="a text") or "")

    def integer(
        self, key: str, default: int | None = None, low: int = 0, high: int = 0xFFFFFFFFFFFFFFFF
    ) -> int:
        """Return a whole number between ``low`` and ``high``."""
        value = self.take(key, int, default, wanted=f"a whole number from {low} to {high}")
        if value is not None and not low <= value <= high:
            self.complain(key, f"is {value}; expected a whole number from {low} to {high}")
            return default if default is not None else low
        return int(value if value is not None else low)

    def number(self, key: str, default: float | None = None) -> float:
        """Return a number."""
        value = float(self.take(key, (int, float), default, wanted="a number") or 0.0)
        if not math.isfinite(value):
            self.complain(key, f"is {value}; expected a number that can be counted with")
            return default or 0.0
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self._value(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.complain(key, f"is {value!r}; expected true or false")
            return default
        return value

    def choice(self, key: str, valid: Sequence[str], default: str | None = None) -> str:
        """Return one of ``valid`` words."""
        value = self.text(key, default)
        if value and value not in valid:
            self.complain(key, f"is {value!r}{nearest(value, valid)}")
            return default if default is not None else valid[0]
        return value or valid[0]

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a whole number or a list of them as a tuple; empty when absent."""
        value = self._value(key)
        listed = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(item, int) and not isinstance(item, bool) for item in listed):
            self.complain(key, f"is {value!r}; expected whole numbers")
            return ()
        return tuple(listed)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty when absent."""
        value = self._value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.complain(key, f"is {value!r}; expected a list of texts")
            return ()
        return tuple(value)

    def section(self, key: str) -> "Section | None":
        """Return a mapping inside, None when absent."""
        self._asked.append(key)
        if key not in self._nodes:
            return None
        node = self._nodes[key][0]
        if not isinstance(node, yaml.MappingNode):
            self.complain(key, "expected keys and values")
            return None
        return Section(self.file, node, self._problems, self._at(key))

    def sections(self, key: str, label: Callable[[int], str]) -> "Iterator[Section]":
        """Yield each mapping of a list."""
        self._asked.append(key)
        if key not in self._nodes:
            self.complain(key, "is missing; expected a list")
            return
        node = self._nodes[key][0]
        if not isinstance(node, yaml.SequenceNode):
            self.complain(key, "expected a list")
            return
        for number, child in enumerate(node.value):
            if isinstance(child, yaml.MappingNode):
                yield Section(self.file, child, self._problems, label(number))
            else:
                self._problems.add(
                    self.file, child.start_mark.line + 1, label(number), "expected keys and values"
                )

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys that stand in the file."""
        return tuple(self._nodes)

    def finish(self) -> None:
        """Note every key nobody asked for."""
        valid = tuple(dict.fromkeys(self._asked))
        for key in self._nodes:
            if key not in valid:
                self.complain(key, f"is not known here{nearest(key, valid)}")


def _construct(node: yaml.Node) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_object(node, deep=True)
    except yaml.YAMLError:
        return None


def read_section(path: Path, problems: Problems) -> Section | None:
    """Open a YAML file as its outermost section; None when it is not one."""
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        node = yaml.compose(path.read_text("utf-8"), Loader=loader)
    except (OSError, UnicodeDecodeError) as error:
        problems.add(str(path), 1, "file", f"cannot be read: {error}")
        return None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.add(str(path), line, "file", f"is not YAML: {error.problem}")
        return None
    if not isinstance(node, yaml.MappingNode):
        problems.add(str(path), 1, "file", "expected keys and values")
        return None
    return Section(path.name, node, problems)
