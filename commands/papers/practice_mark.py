"""The mark on whatever leaves a practice copy: every page, sheet and picture says that nothing in it is real."""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from reportlab.pdfgen.canvas import Canvas

from commands.papers.font import PATH, font_name

if TYPE_CHECKING:
    from pypdf import PageObject

_PALE = 0.16
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOM = b"\xef\xbb\xbf"


def marked(content: bytes, mimetype: str, words: str) -> bytes | None:
    """Return a file with ``words`` all over it, None for a kind that cannot be marked (it must not leave)."""
    mark = _MARKS.get(mimetype)
    return None if mark is None else mark(content, words)


def _pdf(content: bytes, words: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    for page in writer.pages:
        page.merge_page(_overlay(float(page.mediabox.width), float(page.mediabox.height), words))
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _overlay(width: float, height: float, words: str) -> "PageObject":
    from pypdf import PdfReader

    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(width, height), invariant=1)
    size = width / max(len(words), 4)
    canvas.setFillColorRGB(0.78, 0.16, 0.16, alpha=_PALE)
    canvas.setFont(font_name(), size)
    canvas.translate(width / 2, height / 2)
    canvas.rotate(30)
    canvas.drawCentredString(0, -size / 2, words)
    canvas.rotate(-30)
    canvas.setFillColorRGB(0.78, 0.16, 0.16, alpha=1)
    canvas.setFont(font_name(), 11)
    canvas.drawCentredString(0, height / 2 - 18, words)
    canvas.save()
    return PdfReader(target).pages[0]


def _xlsx(content: bytes, words: str) -> bytes:
    """Put a sheet with the words first, and the words at the head and foot of every printed sheet."""
    from openpyxl import load_workbook

    book: Any = load_workbook(io.BytesIO(content))
    for sheet in book.worksheets:
        for place in (sheet.oddHeader, sheet.oddFooter):
            place.center.text = words
            place.center.size = 16
        sheet.sheet_properties.tabColor = "C92A2A"
    first = book.create_sheet(words[:31], 0)
    first["A1"] = words
    first.sheet_properties.tabColor = "C92A2A"
    book.active = 0
    book.properties.title = words
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _csv(content: bytes, words: str) -> bytes:
    """Put a line with the words first; a file of another encoding gets it in its own."""
    if content.startswith(_BOM):
        return _BOM + f'"{words}"\r\n'.encode() + content[len(_BOM) :]
    try:
        content.decode()
    except UnicodeDecodeError:
        return f'"{words}"\r\n'.encode("gb18030") + content
    return f'"{words}"\r\n'.encode() + content


def _png(content: bytes, words: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.open(io.BytesIO(content)).convert("RGB")
    pen, size = ImageDraw.Draw(image, "RGBA"), max(24, image.width // 9)
    font = ImageFont.truetype(str(PATH), size)
    for top in range(size // 2, image.height, size * 4):
        pen.text((image.width / 2, top), words, (201, 42, 42, 90), font, anchor="ma")
    target = io.BytesIO()
    image.save(target, "PNG", optimize=True)
    return target.getvalue()


_MARKS: Mapping[str, Callable[[bytes, str], bytes]] = {
    "application/pdf": _pdf,
    _XLSX: _xlsx,
    "text/csv": _csv,
    "image/png": _png,
}
