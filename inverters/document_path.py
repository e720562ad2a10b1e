"""Where a value lies in a JSON document: a small, strict part of JSONPath, without functions or scripts. Pure.

``$`` is the document, ``@`` the record at hand, ``topic[1]`` a level of the topic it came on. Then, one behind the
other: ``.name`` or ``['any name']``, ``[0]`` or ``[-1]``, ``[?name=='Pac']`` for the first entry of a list whose
``name`` is that, and ``[*]`` for each (records only). ``{unit}`` and ``{serial}`` stand for those of the device.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Step = str | int | tuple[str, str]

_NAME = r"[^\s.\[\]'\"@$?*]+"
_TOKEN = re.compile(
    rf"\.(?P<name>{_NAME})|\[(?P<number>-?\d+)\]|\['(?P<quoted>[^']+)'\]"
    rf"|\[\?\(?(?:@\.)?(?P<key>{_NAME}?)\s*==\s*'(?P<wanted>[^']*)'\)?\]|\[(?P<each>\*)\]"
)
_PLACEHOLDERS = {"unit", "serial"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
NOTHING = object()
EACH = "*"


class PathError(ValueError):
    """An expression that is none; the text says what was expected where."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled expression. ``root`` is ``$``, ``@`` or ``topic``; ``each`` ends with ``[*]``."""

    text: str
    root: str
    steps: tuple[Step, ...]
    each: bool = False

    @property
    def of_device(self) -> bool:
        """Whether it asks something else for every device."""
        return _PLACEHOLDER.search(self.text) is not None

    def for_device(self, unit: int, serial: str) -> "Path":
        """Return the path of one device, its placeholders filled."""
        if not self.of_device:
            return self
        filled = {"{unit}": str(unit), "{serial}": serial}
        return Path(self.text, self.root, tuple(_filled(step, filled) for step in self.steps), self.each)

    def find(self, document: Any, record: Any = None, topic: str = "") -> Any:
        """Return what lies there, `NOTHING` where there is nothing."""
        at: Any = {"$": document, "@": record}.get(self.root, topic.split("/"))
        for step in self.steps:
            at = _inside(at, step)
            if at is NOTHING:
                return NOTHING
        return at

    def records(self, document: Any) -> Iterator[Any]:
        """Yield each entry of the list that lies there; one that is no list is one entry itself."""
        found = self.find(document)
        if self.each and isinstance(found, list):
            yield from found
        elif self.each and isinstance(found, Mapping):
            yield from found.values()
        elif found is not NOTHING:
            yield found


def _filled(step: Step, filled: Mapping[str, str]) -> Step:
    if isinstance(step, int):
        return step
    if isinstance(step, tuple):
        return step[0], _replaced(step[1], filled)
    return _replaced(step, filled)


def _replaced(text: str, filled: Mapping[str, str]) -> str:
    for word, value in filled.items():
        text = text.replace(word, value)
    return text


def _inside(at: Any, step: Step) -> Any:
    if isinstance(step, str):
        return at.get(step, NOTHING) if isinstance(at, Mapping) else NOTHING
    if not isinstance(at, list):
        return NOTHING
    if isinstance(step, int):
        return at[step] if -len(at) <= step < len(at) else NOTHING
    key, wanted = step
    for entry in at:
        if isinstance(entry, Mapping) and key in entry and str(entry[key]) == wanted:
            return entry
    return NOTHING


def parse_path(text: str) -> Path:
    """Return the expression ``text`` writes.

    Raises
    ------
    PathError
        It is none; the message says where it goes wrong.
    """
    root = next((word for word in ("topic", "$", "@") if text.startswith(word)), "")
    if not root:
        raise PathError(
            f"is {text!r}; expected an expression that begins with $, @ or topic, such as $.values.pac"
        )
    steps: list[Step] = []
    position, each = len(root), False
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or each:
            raise PathError(f"is {text!r}; not understood from {text[position:]!r} on")
        each = match["each"] is not None
        if not each:
            steps.append(_step(match))
        position = match.end()
    unknown = set(_PLACEHOLDER.findall(text)) - _PLACEHOLDERS
    if unknown:
        raise PathError(f"is {text!r}; {{{min(unknown)}}} is not known, there are {{unit}} and {{serial}}")
    if root == "topic" and not (len(steps) == 1 and isinstance(steps[0], int)):
        raise PathError(f"is {text!r}; expected one level of the topic, such as topic[1]")
    return Path(text, root, tuple(steps), each)


def _step(match: re.Match[str]) -> Step:
    if match["number"] is not None:
        return int(match["number"])
    if match["wanted"] is not None:
        return match["key"], match["wanted"]
    return match["name"] or match["quoted"]
