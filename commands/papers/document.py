"""A document as PDF, spreadsheet, plain words for a message, or one long picture for a phone (长图, 750 px)."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from commands.papers.font import PATH
from commands.papers.paper import MARGIN, WIDTH, Paper
from commands.papers.seen import seen_csv, seen_xlsx
from domain.document import Document, SeenTable

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

PICTURE_WIDTH = 750
_PAD = 36
_ROWS_IN_PICTURE = 40
_NARROW = 5  # columns that fit beside each other
_ROWS_IN_WORDS = 12
_MISSING = "—"
_RUN = re.compile(r"[\w.,:%/+-]+$", re.ASCII)
_INK, _SOFT, _LINE, _HEAD = "#14212e", "#5c7389", "#d5dee6", "#1864ab"


def cell_text(value: str | Decimal | None) -> str:
    """Return a cell as it is read."""
    if value is None:
        return _MISSING
    return value if isinstance(value, str) else f"{value:,}"


def is_number(table: SeenTable, column: int) -> bool:
    """Tell whether a column holds numbers and nothing else; the first one names what a row is about."""
    cells = [row[column] for row in table.rows if row[column] is not None]
    return bool(table.rows) and column > 0 and all(isinstance(cell, Decimal) for cell in cells)


def document_pdf(document: Document) -> bytes:
    """Return the document on A4."""
    paper = Paper(document.title, document.footer)
    paper.title(document.title)
    for line in document.lines:
        paper.line(line)
    for table in document.tables:
        paper.gap(10)
        paper.line(table.name, 12)
        numbers = "".join("n" if is_number(table, place) else "-" for place in range(len(table.heads)))
        widths = [(WIDTH - 2 * MARGIN) * share for share in _shares(table)]
        rows = [[cell_text(cell) for cell in row] for row in table.rows]
        heads = [head.partition(" ") for head in table.heads]
        if len(heads) > _NARROW and any(rest for _, _, rest in heads):  # units stand in a line of their own
            paper.table(
                [first for first, _, _ in heads], widths, [[rest for _, _, rest in heads], *rows], numbers
            )
        else:
            paper.table(table.heads, widths, rows, numbers)
    return paper.content()


def document_xlsx(document: Document) -> bytes:
    """Return the document as a workbook, a sheet a table, the sentences above the first."""
    return seen_xlsx(document.tables, [document.title, *document.lines, document.footer])


def document_csv(document: Document) -> bytes:
    """Return the first table as CSV."""
    return seen_csv(document.tables[0] if document.tables else SeenTable(document.title, (), ()))


def document_text(document: Document) -> str:
    """Return the document in plain words, short enough for a message: the first rows of every table."""
    parts = [document.title, *document.lines]
    for table in document.tables:
        if not table.rows:
            continue
        parts += ["", table.name]
        for row in table.rows[:_ROWS_IN_WORDS]:
            cells = zip(table.heads[1:], row[1:], strict=True)
            told = "，".join(f"{head} {cell_text(cell)}" for head, cell in cells if cell is not None)
            parts.append(f"{cell_text(row[0])}：{told}")
        if len(table.rows) > _ROWS_IN_WORDS:
            parts.append("…")
    return "\n".join(parts)


def document_png(document: Document) -> bytes:
    """Return the document as one picture 750 px wide, as long as it needs to be."""
    from PIL import Image, ImageDraw

    height = _Drawing(None).draw(document)
    image = Image.new("RGB", (PICTURE_WIDTH, height), "#ffffff")
    _Drawing(ImageDraw.Draw(image)).draw(document)
    target = io.BytesIO()
    image.save(target, "PNG", optimize=True)
    return target.getvalue()


class _Drawing:
    """Writes from top to bottom; without a canvas it only measures."""

    def __init__(self, canvas: "ImageDraw.ImageDraw | None") -> None:
        self._canvas = canvas
        self._y = _PAD

    def draw(self, document: Document) -> int:
        """Draw everything; return the height it takes."""
        self._lines(document.title, 34, _HEAD)
        self._y += 8
        for line in document.lines:
            self._lines(line, 26, _INK)
        for table in document.tables:
            if table.rows:
                self._y += 20
                self._lines(table.name, 28, _HEAD)
                self._table(table)
        self._y += 16
        self._lines(document.footer, 20, _SOFT)
        return self._y + _PAD

    def _table(self, table: SeenTable) -> None:
        if len(table.heads) > _NARROW:
            self._stacked(table)
            return
        shares, room = _shares(table), PICTURE_WIDTH - 2 * _PAD
        self._row(table.heads, shares, room, _SOFT, table)
        for row in table.rows[:_ROWS_IN_PICTURE]:
            self._row([cell_text(cell) for cell in row], shares, room, _INK, table)
        if len(table.rows) > _ROWS_IN_PICTURE:
            self._lines("…", 22, _SOFT)

    def _stacked(self, table: SeenTable) -> None:
        """Draw a wide table for a phone: a row is its name with the other cells below."""
        for row in table.rows[:_ROWS_IN_PICTURE]:
            self._lines(cell_text(row[0]), 24, _INK)
            cells = zip(table.heads[1:], row[1:], strict=True)
            told = "  ·  ".join(f"{head} {cell_text(cell)}" for head, cell in cells if cell is not None)
            self._lines(told, 20, _SOFT)
            self._rule()
        if len(table.rows) > _ROWS_IN_PICTURE:
            self._lines("…", 22, _SOFT)

    def _rule(self) -> None:
        self._y += 6
        if self._canvas is not None:
            self._canvas.line((_PAD, self._y, PICTURE_WIDTH - _PAD, self._y), _LINE, 1)
        self._y += 6

    def _row(
        self, cells: Sequence[str], shares: list[float], room: int, colour: str, table: SeenTable
    ) -> None:
        size = 22
        x = float(_PAD)
        for place, (text, share) in enumerate(zip(cells, shares, strict=True)):
            width = room * share
            shown = _cut(text, width - 8, size)
            if self._canvas is not None:
                right = is_number(table, place)
                at = (x + width - 4, self._y + 8) if right else (x + 2, self._y + 8)
                self._canvas.text(at, shown, colour, _font(size), anchor="ra" if right else "la")
            x += width
        self._y += size + 20
        if self._canvas is not None:
            self._canvas.line((_PAD, self._y, PICTURE_WIDTH - _PAD, self._y), _LINE, 1)

    def _lines(self, words: str, size: int, colour: str) -> None:
        for line in _wrapped(words, PICTURE_WIDTH - 2 * _PAD, size):
            if self._canvas is not None:
                self._canvas.text((_PAD, self._y), line, colour, _font(size))
            self._y += int(size * 1.5)


@lru_cache(maxsize=8)
def _font(size: int) -> "ImageFont.FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(str(PATH), size)


def _shares(table: SeenTable) -> list[float]:
    """Return the share of the width for each column, by the longest words in it."""
    longest = [
        min(
            22,
            max([_units(table.heads[place]), 4, *(_units(cell_text(row[place])) for row in table.rows[:60])]),
        )
        for place in range(len(table.heads))
    ]
    return [width / sum(longest) for width in longest]


def _units(text: str) -> float:
    return sum(1.0 if char.isascii() else 1.9 for char in text)


def _cut(text: str, width: float, size: int) -> str:
    if _font(size).getlength(text) <= width:
        return text
    while text and _font(size).getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _wrapped(words: str, width: float, size: int) -> list[str]:
    lines, line, font = [], "", _font(size)
    for char in words:
        if char == "\n" or font.getlength(line + char) > width:
            run = _RUN.search(line + char) if char != "\n" else None  # a number or word goes over as a whole
            kept = line[: run.start()] if run is not None and run.start() else line
            lines.append(kept.rstrip() if kept != line else line)
            line = "" if char == "\n" else line[len(kept) :] + char
        else:
            line += char
    return [*lines, line]


FORMS: Mapping[str, tuple[str, Callable[[Document], bytes]]] = {
    "pdf": ("application/pdf", document_pdf),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", document_xlsx),
    "csv": ("text/csv; charset=utf-8", document_csv),
    "png": ("image/png", document_png),
    "txt": ("text/plain; charset=utf-8", lambda document: document_text(document).encode()),
}
