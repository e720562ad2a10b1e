"""Route: one question of the data interface, declared in full; the server and its description are made of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from access.permissions import Permission
from api.cursor import CURSOR_PATTERN
from api.params import Param, whole_param

LIMIT, LIMIT_MAX = 500, 5000
Values = Mapping[str, Any]
Key = tuple[Any, ...]


def _cursor(text: str) -> str:
    import re

    if not re.fullmatch(CURSOR_PATTERN.removesuffix("$"), text):
        raise ValueError("is no cursor")
    return text


PAGING = (
    whole_param("limit", 1, LIMIT_MAX, LIMIT),
    Param("cursor", {"type": "string", "pattern": CURSOR_PATTERN}, _cursor),
)


@dataclass(frozen=True)
class Route:
    """One question. Words are at ``api.route.<name>``.

    Attributes
    ----------
    path : str
        Below ``/api/v1``, parts in braces are parameters.
    permission : Permission
        What the caller must be allowed.
    row : type
        The class of what is answered.
    ask : callable
        ``ask(principal, values)`` returns the row, or for a list all rows in the order of ``key``.
    key : callable or None
        For a list: the key of a row, by which it is sorted and paged. None: one row is answered.
    pages : callable or None
        For lists too long to be read whole: ``pages(principal, values, after, count)`` returns rows after a key.
    spread : callable or None
        Names of the columns a field ``values`` becomes in CSV.
    """

    name: str
    path: str
    permission: Permission
    row: type
    ask: Callable[[Any, Values], Any]
    params: Sequence[Param] = ()
    key: Callable[[Any], Key] | None = None
    pages: Callable[[Any, Values, Key | None, int], list[Any]] | None = None
    spread: Callable[[Values], Sequence[str]] | None = None

    @property
    def is_list(self) -> bool:
        """Whether it answers a list in pages."""
        return self.key is not None

    @property
    def all_params(self) -> tuple[Param, ...]:
        """Its parameters, those that page included."""
        return (*self.params, *(PAGING if self.is_list else ()))

    @property
    def rule(self) -> str:
        """The path in Flask's form."""
        return self.path.replace("{", "<").replace("}", ">")
