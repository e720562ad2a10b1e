"""What a verb of the command line is, and what it may use."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from texts.loader import Texts


class Exit(IntEnum):
    """Exit codes, the same for every verb."""

    OK = 0
    PROBLEM = 1  # the answer is no: a check failed, a file is unsound
    USAGE = 2  # the words of the command are off
    UNAVAILABLE = 3  # something needed is missing: port, disk, store, running instance
    DENIED = 4  # not permitted
    INTERNAL = 70  # our mistake; the log has the details


@dataclass(frozen=True, slots=True)
class Context:
    """What every verb gets: the folders, the language, whether a machine reads the answer, and when it began. [s]"""

    config: Path
    data: Path
    texts: Texts
    json: bool
    began_s: float | None = None  # by `SystemClock.monotonic`, before the verb was loaded

    def say(self, key: str, /, **values: object) -> None:
        """Print words for people."""
        print(self.texts(key, **values), flush=True)

    def warn(self, key: str, /, **values: object) -> None:
        """Print words that must be seen before it begins: where a machine reads the answer they go beside it."""
        print(self.texts(key, **values), file=sys.stderr if self.json else sys.stdout, flush=True)


_WITH_VALUE = ("--config", "--data", "--lang")
_ALONE = ("--json",)


def global_options_first(words: Sequence[str]) -> list[str]:
    """Return the words with the global options in front, so that they may stand anywhere.

    What follows a bare ``--`` is left alone.
    """
    given = list(words)
    end = given.index("--") if "--" in given else len(given)
    front: list[str] = []
    rest: list[str] = []
    position = 0
    while position < end:
        word = given[position]
        if word in _WITH_VALUE and position + 1 < end:
            front += given[position : position + 2]
            position += 1
        elif word in _ALONE or word.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            front.append(word)
        else:
            rest.append(word)
        position += 1
    return front + rest + given[end:]


class Verb(Protocol):
    """One verb. Words are at ``cli.<name>.help``, ``.about`` and ``.examples`` in texts/."""

    name: str

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        ...

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it; return an exit code."""
        ...
