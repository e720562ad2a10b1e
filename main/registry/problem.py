"""What is wrong with a configuration file: one sentence with a place, gathered so all are seen at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from texts.loader import Texts

_WORDS = frozenset({"what", "record", "expected"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault.

    Attributes
    ----------
    file : str
        The file as given, or the sheet of a workbook.
    line : int
        Line of the file (row of a sheet), from 1; 0 where the whole file is meant.
    key : str
        The key (column) it is about; empty for a whole record.
    message : str
        What is wrong and what to do, in the reader's language.
    suggestion : str
        The nearest valid word, or empty.
    code : str
        Short name of the kind of fault, the same in every language.
    """

    file: str
    line: int
    key: str
    message: str
    suggestion: str = ""
    code: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return the word of ``valid`` that ``word`` was probably meant to be, or an empty string."""
    found = get_close_matches(word, list(valid), n=1, cutoff=0.6)
    return found[0] if found else ""


@dataclass
class Problems:
    """Gathers faults; words are loaded with the first one."""

    texts: Texts | None = None
    found: list[Problem] = field(default_factory=list)

    def add(
        self, file: str, line: int, key: str, code: str, /, *, suggestion: str = "", **values: object
    ) -> None:
        """Note a fault; ``values`` fill the words of ``registry.problem.<code>``."""
        self.note(file, line, key, code, values, suggestion)

    def note(
        self, file: str, line: int, key: str, code: str, values: Mapping[str, object], suggestion: str = ""
    ) -> None:
        """Note a fault, its values given as a mapping.

        Values that are words of ours (``what``, ``record``, ``expected``) are said in the reader's language.
        """
        if self.texts is None:
            self.texts = Texts()
        said = {
            name: self.texts(f"registry.word.{value}") if name in _WORDS else value
            for name, value in values.items()
        }
        message = self.texts(f"registry.problem.{code}", **said)
        if suggestion:
            message += self.texts("registry.problem.nearest", word=suggestion)
        self.found.append(Problem(file, line, key, message, suggestion, code))

    def sorted(self) -> list[Problem]:
        """Return the faults by file and line, each once."""
        return sorted(set(self.found), key=lambda one: (one.file, one.line, one.key, one.message))
