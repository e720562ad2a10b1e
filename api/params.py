"""Parameters of the data interface: declared once, checked by it, described by it. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

LIST_MAX = 2000  # characters of one parameter
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)
_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
NAME_PATTERN = r"^[A-Za-z0-9_.:/-]{1,160}$"
NAMES_PATTERN = r"^[A-Za-z0-9_.:/-]{1,160}(,[A-Za-z0-9_.:/-]{1,160})*$"
PERIOD_PATTERN = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"


class ParameterError(Exception):
    """A parameter is not what its schema says. ``name`` says which one."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name


@dataclass(frozen=True)
class Param:
    """One parameter: its schema for people and machines, and how its text becomes a value.

    Words are at ``api.param.<name>``. ``default`` counts when it is left out and not ``required``.
    """

    name: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    required: bool = False
    default: Any = None
    in_path: bool = False
    example: Any = None
    examples: Sequence[Any] = field(default=())

    def described(self, description: str) -> dict[str, Any]:
        """Return its description in OpenAPI's form."""
        told: dict[str, Any] = {
            "name": self.name,
            "in": "path" if self.in_path else "query",
            "required": self.required or self.in_path,
            "description": description,
            "schema": dict(self.schema),
        }
        return told | ({"example": self.example} if self.example is not None else {})


def _matching(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern.removesuffix("$"))

    def read(text: str) -> str:
        if len(text) > LIST_MAX or not compiled.fullmatch(text):
            raise ValueError(f"does not fit {pattern}")
        return text

    return read


def name_param(name: str, *, in_path: bool = False, required: bool = False, example: str = "") -> Param:
    """Return a parameter that is an id."""
    schema = {"type": "string", "pattern": NAME_PATTERN}
    return Param(
        name, schema, _matching(NAME_PATTERN), required, "", in_path=in_path, example=example or None
    )


def names_param(name: str, *, example: str) -> Param:
    """Return a required parameter that is a list of ids with commas between."""
    schema = {"type": "string", "pattern": NAMES_PATTERN, "maxLength": LIST_MAX}

    def read(text: str) -> tuple[str, ...]:
        return tuple(_matching(NAMES_PATTERN)(text).split(","))

    return Param(name, schema, read, required=True, example=example)


def period_param(name: str) -> Param:
    """Return a required parameter that is a month."""
    schema = {"type": "string", "pattern": PERIOD_PATTERN}
    return Param(name, schema, _matching(PERIOD_PATTERN), required=True, example="2026-07")


def whole_param(name: str, low: int, high: int, default: int | None = None) -> Param:
    """Return a parameter that is a whole number."""

    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    schema: dict[str, Any] = {"type": "integer", "minimum": low, "maximum": high}
    if default is not None:
        schema["default"] = default
    return Param(name, schema, read, default=default)


def choice_param(name: str, choices: Sequence[str], default: str = "") -> Param:
    """Return a parameter that is one of a few words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    schema: dict[str, Any] = {"type": "string", "enum": list(choices)}
    if default:
        schema["default"] = default
    return Param(name, schema, read, default=default)


def day_param(name: str, *, required: bool = False) -> Param:
    """Return a parameter that is a local day."""

    def read(text: str) -> date:
        if not _DATE.fullmatch(text):
            raise ValueError("must be a day such as 2026-07-01")
        return date.fromisoformat(text)

    return Param(name, {"type": "string", "format": "date"}, read, required, example="2026-07-01")


def instant_param(name: str, *, required: bool = False) -> Param:
    """Return a parameter that is an instant with its zone."""

    def read(text: str) -> datetime:
        if not _INSTANT.fullmatch(text):
            raise ValueError("must be an instant with its zone such as 2026-07-01T08:00:00+08:00")
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except OverflowError as error:
            raise ValueError("is out of the calendar") from error

    schema = {"type": "string", "format": "date-time"}
    return Param(name, schema, read, required, example="2026-07-01T08:00:00+08:00")


def read_params(
    params: Sequence[Param], given: Mapping[str, Sequence[str]], path: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of a request.

    Raises
    ------
    ParameterError
        One is missing, given twice, unknown, or not what its schema says.
    """
    known = {param.name: param for param in params}
    for name in given:
        if name not in known or known[name].in_path:
            wanted = ", ".join(one.name for one in params if not one.in_path) or "none"
            raise ParameterError(name[:40], f"there is no such parameter; there are: {wanted}")
    values: dict[str, Any] = {}
    for param in params:
        texts = [path[param.name]] if param.in_path else given.get(param.name, ())
        if len(texts) > 1:
            raise ParameterError(param.name, "is given twice")
        if not texts:
            if param.required:
                raise ParameterError(param.name, "is missing")
            values[param.name] = param.default
            continue
        try:
            values[param.name] = param.read(texts[0])
        except ValueError as error:
            raise ParameterError(param.name, str(error)[:200]) from error
    return values
