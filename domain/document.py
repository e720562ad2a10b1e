"""A document for people: a title, sentences, tables. What a page shows, a print, a spreadsheet and a message say alike."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class SeenTable:
    """One table: its name, heads, and cells of text or number; None is missing."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str | Decimal | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What is told about something and a period; holds no personal data."""

    title: str
    lines: tuple[str, ...]
    tables: tuple[SeenTable, ...]
    footer: str = ""
