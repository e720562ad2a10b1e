"""Why something about money cannot be done: a key of texts/ and its values, so that everyone reads their own language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.errors import CommandError, ConfigurationError, LedgerRefusedError, MoneyError
from domain.ledger import Broken
from texts.loader import Texts

AREA = "payout.refusal"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason. ``row`` is the row of a file, 0 where there is none."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    row: int = 0

    def words(self, texts: Texts) -> str:
        """Return the reason in the reader's language, with the row where there is one."""
        values = {k: words_of(v, texts) if isinstance(v, Exception) else v for k, v in self.values.items()}
        said = texts(f"{AREA}.{self.key}", **values)
        return texts(f"{AREA}.in_row", row=self.row, reason=said) if self.row else said


class RefusedError(CommandError):
    """Something is refused, for every reason at once; nothing was kept."""

    def __init__(self, reasons: Iterable[Refusal]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(self.words(Texts("en")))

    def words(self, texts: Texts) -> str:
        """Return every reason in the reader's language."""
        return "; ".join(reason.words(texts) for reason in self.reasons)


def refuse(key: str, /, **values: object) -> RefusedError:
    """Return the error of a single reason."""
    return RefusedError([Refusal(key, values)])


class SumsError(MoneyError):
    """Money that does not add up, for a reason a person can clear; its words are at ``sums.<reason>``."""

    def __init__(self, reason: str, /, **values: object) -> None:
        self.reason = reason
        self.values = values
        super().__init__(self.words(Texts("en")))

    def words(self, texts: Texts) -> str:
        """Return the reason in the reader's language."""
        return texts(f"sums.{self.reason}", **self.values)


class FactMissingError(ConfigurationError):
    """Something nobody wrote down yet, without which money cannot be told; its words are at ``sums.<reason>``."""

    def __init__(self, reason: str, /, **values: object) -> None:
        self.reason = reason
        self.values = values
        super().__init__(self.words(Texts("en")))

    def words(self, texts: Texts) -> str:
        """Return the reason in the reader's language."""
        return texts(f"sums.{self.reason}", **self.values)


def words_of(error: Exception, texts: Texts) -> str:
    """Return what an error says in the reader's language, as far as it has words; else its own text."""
    if isinstance(error, SumsError | FactMissingError | RefusedError):
        return error.words(texts)
    if isinstance(error, LedgerRefusedError):
        return texts(f"ledger.refused.{error.reason}", **error.values)
    return str(error)


def broken_words(found: Broken, texts: Texts) -> str:
    """Return which row of the books is broken and how, in the reader's language."""
    place = texts(f"broken.at.{found.place}", **found.values) if found.place else ""
    return texts(f"broken.{found.reason}", place=place, **found.values)
