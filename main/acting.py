"""Acts of a table, for the command line and the control socket: what an option is, and who acts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from access.principal import Principal
from commands.authenticate import Authenticate
from commands.console import CONSOLE, logged_in
from domain.account import Role, Scope
from domain.errors import CommandError
from texts.loader import Texts


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an act. ``kind``: text, day, month, whole, file (content), out (a file written), flag."""

    name: str
    kind: str = "text"
    required: bool = True


def reader(language: str) -> Principal:
    """Return who looks without a name: whoever may open the data folder sees the books, but nobody's name."""
    return Principal(CONSOLE, CONSOLE, frozenset({Role.AUDITOR}), Scope(everything=True), language, CONSOLE)


@contextmanager
def acting(
    authenticate: Authenticate, payload: Mapping[str, Any], texts: Texts, *, reads: bool
) -> Iterator[Principal]:
    """Give who carries out an act: the person that ``payload`` names and whose password it has.

    Raises
    ------
    LoginRefusedError
        Name or password is wrong.
    CommandError
        Nobody is named, and the act does more than look.
    """
    if payload.get("user"):
        with logged_in(authenticate, payload) as who:
            yield who
    elif reads:
        yield reader(texts.language)
    else:
        raise CommandError(texts("acts.needs_user"))
