"""The one loader of words people read: texts/<language>/<area>.yaml, Chinese first.

A key is ``area.part.part``; ``texts("pages.overview.title", count=3)`` fills ``{count}``. A test holds the
two languages against each other, so a missing key is an error and never an English word in a Chinese page.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

LANGUAGES = ("zh", "en")
_FOLDER = Path(__file__).parent


def _flatten(prefix: str, node: Any, into: dict[str, str]) -> None:
    if isinstance(node, Mapping):
        for key, child in node.items():
            _flatten(f"{prefix}.{key}", child, into)
    else:
        into[prefix] = str(node)


@lru_cache(maxsize=len(LANGUAGES))
def _read(language: str) -> Mapping[str, str]:
    words: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.yaml")):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        _flatten(path.stem, yaml.load(path.read_text("utf-8"), loader) or {}, words)  # noqa: S506 (a safe loader)
    return words


class Texts:
    """Every word in one language."""

    def __init__(self, language: str = "zh") -> None:
        if language not in LANGUAGES:
            raise ValueError(f"no texts in {language!r}; there are {', '.join(LANGUAGES)}")
        self.language = language
        self._words = _read(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the words of ``key`` with ``values`` filled in.

        Raises
        ------
        KeyError
            There are no such words; a test finds this before a person does.
        """
        words = self._words[key]
        return words.format(**values) if values else words

    def __contains__(self, key: str) -> bool:
        return key in self._words

    def keys(self) -> tuple[str, ...]:
        """Return every key."""
        return tuple(self._words)
