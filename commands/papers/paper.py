"""A printed A4 document: text, tables that break over pages, QR codes; everything drawn directly, so it is quick."""

import io
from collections.abc import Sequence

import segno
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from commands.papers.font import font_name

WIDTH, HEIGHT = A4
MARGIN = 48.0
_BOTTOM = 56.0


class Paper:
    """One document, written from top to bottom; lengths in points."""

    def __init__(self, title: str, footer: str = "") -> None:
        self._file = io.BytesIO()
        self.canvas = Canvas(self._file, pagesize=A4, invariant=1)
        self.canvas.setTitle(title)
        self.canvas.setProducer("pvmon")
        self._font = font_name()
        self._footer = footer
        self._page = 1
        self.y = HEIGHT - MARGIN

    def content(self) -> bytes:
        """Finish and return the file."""
        self._end_page()
        self.canvas.save()
        return self._file.getvalue()

    @property
    def pages(self) -> int:
        """How many pages were begun, over every part."""
        return int(self.canvas.getPageNumber())

    def part(self, footer: str) -> None:
        """Begin another document on a new page; its pages count from one."""
        self._end_page()
        self.canvas.showPage()
        self._footer, self._page, self.y = footer, 1, HEIGHT - MARGIN

    def keep(self, height: float) -> None:
        """Go to a new page when less than ``height`` is left on this one: what follows stays together."""
        self._room(height)

    def text(self, x: float, y: float, words: str, size: float = 10.5, align: str = "left") -> None:
        """Write one line at a place."""
        self.canvas.setFont(self._font, size)
        draw = {
            "left": self.canvas.drawString,
            "right": self.canvas.drawRightString,
            "centre": self.canvas.drawCentredString,
        }
        draw[align](x, y, words)

    def title(self, words: str, size: float = 18, beside: float = 0) -> None:
        """Write a centred title; ``beside`` keeps room at the right, for a QR code."""
        self._room(size * 2)
        room = WIDTH - 2 * MARGIN - beside
        for part in wrapped(words, room, size):
            self.y -= size * 1.3
            self.text(MARGIN + room / 2, self.y, part, size, "centre")
        self.y -= size * 0.8

    def line(self, words: str, size: float = 10.5) -> None:
        """Write a paragraph, wrapped at the margin."""
        for part in wrapped(words, WIDTH - 2 * MARGIN, size):
            self._room(size * 1.6)
            self.y -= size * 1.5
            self.text(MARGIN, self.y, part, size)

    def gap(self, height: float = 8) -> None:
        """Leave room."""
        self.y -= height

    def table(
        self, heads: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[str]], numbers: str = ""
    ) -> None:
        """Write a table; ``numbers`` has ``n`` for each column set to the right. Heads are repeated on each page."""
        self.gap(4)
        self._row(heads, widths, numbers, bold=True)
        for row in rows:
            if self.y - 18 < _BOTTOM:
                self._next_page()
                self._row(heads, widths, numbers, bold=True)
            self._row(row, widths, numbers)
        self.gap()

    def _row(
        self, cells: Sequence[str], widths: Sequence[float], numbers: str, *, bold: bool = False
    ) -> None:
        self._room(18)
        self.y -= 17
        x = MARGIN
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            words = fitted(cell, width - 6, 9.5)
            if place < len(numbers) and numbers[place] == "n":
                self.text(x + width - 3, self.y + 5, words, 9.5, "right")
            else:
                self.text(x + 3, self.y + 5, words, 9.5)
            x += width
        self.canvas.setLineWidth(0.9 if bold else 0.3)
        self.canvas.line(MARGIN, self.y, x, self.y)

    def qr(self, words: str, x: float, y: float, size: float = 72) -> None:
        """Draw a QR code with its lower left corner at a place."""
        matrix = segno.make(words, error="m").matrix
        step = size / len(matrix)
        for place, line in enumerate(matrix):
            start = None
            for column in range(len(line) + 1):
                dark = column < len(line) and line[column]
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    top = y + size - (place + 1) * step
                    self.canvas.rect(x + start * step, top, (column - start) * step, step, stroke=0, fill=1)
                    start = None

    def signatures(self, labels: Sequence[str]) -> None:
        """Leave lines for seals and signatures."""
        self._room(70)
        self.y -= 46
        width = (WIDTH - 2 * MARGIN) / len(labels)
        for place, label in enumerate(labels):
            x = MARGIN + place * width
            self.text(x, self.y, label)
            self.canvas.setLineWidth(0.4)
            self.canvas.line(x + 72, self.y - 2, x + width - 12, self.y - 2)
        self.gap(16)

    def _room(self, height: float) -> None:
        if self.y - height < _BOTTOM:
            self._next_page()

    def _end_page(self) -> None:
        self.text(MARGIN, 30, self._footer, 8)
        self.text(WIDTH - MARGIN, 30, str(self._page), 8, "right")

    def _next_page(self) -> None:
        self._end_page()
        self.canvas.showPage()
        self._page += 1
        self.y = HEIGHT - MARGIN


def wrapped(words: str, width: float, size: float) -> list[str]:
    """Return a text in lines no wider than ``width``; Chinese breaks anywhere."""
    font, lines, line = font_name(), [], ""
    for char in words:
        if char == "\n" or stringWidth(line + char, font, size) > width:
            lines.append(line)
            line = "" if char == "\n" else char
        else:
            line += char
    return [*lines, line]


def fitted(words: str, width: float, size: float) -> str:
    """Return a text cut to a width, with an ellipsis where it was cut."""
    font = font_name()
    if stringWidth(words, font, size) <= width:
        return words
    while words and stringWidth(words + "…", font, size) > width:
        words = words[:-1]
    return words + "…"
