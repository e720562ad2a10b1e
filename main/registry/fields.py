"""Types of the values people write into configuration files and spreadsheets.

A value arrives as a `Scalar`: its text, and what kind of thing the file says it is. Codes keep their exact
text (no lost leading zero). YAML is read strictly; a spreadsheet cell may hold a number typed as text.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from main.registry.problem import nearest

_WHOLE = re.compile(r"[+-]?\d{1,15}")
_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,9})?|\.\d{1,9})")
_TRUE = frozenset({"true", "yes", "是", "1"})
_FALSE = frozenset({"false", "no", "否", "0"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """One written value. ``tag``: str, int, float, bool, date or null. ``lenient`` cells may be typed as text."""

    tag: str
    text: str
    lenient: bool = False


class BadValueError(ValueError):
    """A value that cannot be taken; ``code`` and ``values`` name the words for it."""

    def __init__(self, code: str, suggestion: str = "", **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.suggestion = suggestion
        self.values = values


def number_text(value: float) -> str:
    """Return the shortest plain decimal text of a number."""
    text = repr(float(value))
    if "e" in text:
        text = f"{value:.9f}".rstrip("0")
    return text.removesuffix(".0").removesuffix(".")


@dataclass(frozen=True, slots=True)
class Text:
    """Words or a code. ``pattern`` must match all of it; ``kind`` names the pattern for people."""

    pattern: str = ""
    example: str = ""
    length_max: int = 120
    what: ClassVar[str] = "text"

    def parse(self, scalar: Scalar) -> str:
        """Return the text."""
        if scalar.tag not in ({"str", "int", "float", "date", "bool"} if scalar.lenient else {"str", "int"}):
            raise BadValueError("wrong_type", value=scalar.text, expected=self.what)
        text = scalar.text.strip()
        if len(text) > self.length_max:
            raise BadValueError("too_long", value=text[:20], length_max=self.length_max)
        if not text.isprintable():
            raise BadValueError("unprintable", value=text.encode("unicode_escape").decode())
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise BadValueError("bad_pattern", value=text, example=self.example)
        return text

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema."""
        schema: dict[str, Any] = {"type": ["string", "integer"], "maxLength": self.length_max}
        if self.pattern:
            schema = {"type": "string", "pattern": f"^({self.pattern})$", "examples": [self.example]}
        return schema

    def text(self, value: Any) -> str:
        """Return how the value is written in a cell."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A number with bounds, both allowed."""

    low: float
    high: float
    what: ClassVar[str] = "number"

    def parse(self, scalar: Scalar) -> float:
        """Return the number."""
        allowed = {"int", "float", "str"} if scalar.lenient else {"int", "float"}
        text = scalar.text.strip().replace(",", "") if scalar.lenient else scalar.text
        if scalar.tag not in allowed or not _NUMBER.fullmatch(text):
            raise BadValueError("wrong_type", value=scalar.text, expected=self.what)
        value = float(text)
        if not self.low <= value <= self.high:
            raise BadValueError(
                "out_of_range", value=scalar.text, low=number_text(self.low), high=number_text(self.high)
            )
        return value

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def text(self, value: Any) -> str:
        """Return how the value is written in a cell."""
        return number_text(value)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number with bounds, both allowed."""

    low: int
    high: int
    what: ClassVar[str] = "whole"

    def parse(self, scalar: Scalar) -> int:
        """Return the number."""
        allowed = {"int", "float", "str"} if scalar.lenient else {"int"}
        text = scalar.text.strip() if scalar.lenient else scalar.text
        if scalar.tag not in allowed or not _WHOLE.fullmatch(text):
            raise BadValueError("wrong_type", value=scalar.text, expected=self.what)
        value = int(text)
        if not self.low <= value <= self.high:
            raise BadValueError("out_of_range", value=text, low=self.low, high=self.high)
        return value

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def text(self, value: Any) -> str:
        """Return how the value is written in a cell."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Day:
    """A date, 2017-06-30."""

    what: ClassVar[str] = "day"

    def parse(self, scalar: Scalar) -> date:
        """Return the date."""
        text = scalar.text.strip().replace("/", "-") if scalar.lenient else scalar.text
        if scalar.tag not in ({"date", "str"} if scalar.lenient else {"date"}):
            raise BadValueError("wrong_type", value=scalar.text, expected=self.what)
        try:
            year, month, day = text.removesuffix(" 00:00:00").split("-")
            return date(int(year), int(month), int(day))
        except ValueError as error:
            raise BadValueError("wrong_type", value=scalar.text, expected=self.what) from error

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "string", "format": "date"}

    def text(self, value: Any) -> str:
        """Return how the value is written in a cell."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    what: ClassVar[str] = "flag"

    def parse(self, scalar: Scalar) -> bool:
        """Return the truth."""
        word = scalar.text.strip().lower()
        if (scalar.tag == "bool" or scalar.lenient) and word in _TRUE | _FALSE:
            return word in _TRUE
        raise BadValueError("wrong_type", value=scalar.text, expected=self.what)

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "boolean"}

    def text(self, value: Any) -> str:
        """Return how the value is written in a cell."""
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]
    what: ClassVar[str] = "choice"

    def parse(self, scalar: Scalar) -> str:
        """Return the word."""
        text = scalar.text.strip() if scalar.lenient else scalar.text
        if text in self.options:
            return text
        raise BadValueError(
            "bad_choice",
            nearest(text.lower(), self.options),
            value=text,
            options=", ".join(self.options),
        )

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"enum": list(self.options)}

    def text(self, value: Any) -> str:
        """Return how the value is written in a cell."""
        return str(value)


ScalarType = Text | Number | Whole | Day | Flag | Choice
