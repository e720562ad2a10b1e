"""The bureau's own XLSX form: every ``{{name}}`` gets its value, everything else stays as it is in the file.

Only cells that hold a name are rewritten, in the file's own XML: formulas, formats, widths, pictures and charts are not
read and written again by a library that would lose some of them. The book is told to compute its formulas when opened.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from html import unescape
from xml.sax.saxutils import escape

from domain.errors import CommandError

FILE_BYTES_MAX = 10 * 1024 * 1024
UNZIPPED_BYTES_MAX = 80 * 1024 * 1024
PARTS_MAX = 2_000
Value = str | Decimal | None
_NAME = re.compile(r"\{\{\s*([^{}]{1,80}?)\s*\}\}")
_STRINGS, _BOOK = "xl/sharedStrings.xml", "xl/workbook.xml"
_ITEM = re.compile(r"<si\b[^>]*?(?:/>|>(.*?)</si>)", re.DOTALL)
_TEXT = re.compile(r"<t\b[^>]*?(?:/>|>(.*?)</t>)", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*?)(?<!/)>(.*?)</c>", re.DOTALL)
_SHARED = re.compile(r"\s*<v>(\d+)</v>\s*")
_TYPE = re.compile(r'\st="[^"]*"')
_CALC = re.compile(r"<calcPr\b[^>]*/>|<calcPr\b[^>]*>.*?</calcPr>", re.DOTALL)


class TemplateRefusedError(CommandError):
    """A file is no form that can be filled. ``key`` is its words below ``reports.form`` in texts/."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the form cannot be filled: {key}")
        self.key = f"reports.form.{key}"


def names_in(content: bytes) -> list[str]:
    """Return the names a form asks for, each once."""
    parts, found = _parts(content), dict[str, None]()
    strings = _strings(parts)
    for name, part in parts.items():
        if _is_sheet(name):
            for attributes, inside in _CELL.findall(_text(part)):
                found |= dict.fromkeys(_NAME.findall(_said(attributes, inside, strings)))
    return list(found)


def fill(content: bytes, values: Mapping[str, Value]) -> bytes:
    """Return the form with its names filled; a name that is not known stays, a value that is not known becomes "—".

    Raises
    ------
    TemplateRefusedError
        It is no XLSX file, too large, packed oddly, or it carries macros.
    """
    parts = _parts(content)
    strings = _strings(parts)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            if _is_sheet(name):
                filled = _sheet(_text(part), strings, values).encode()
            elif name == _BOOK:
                filled = _computing(_text(part)).encode()
            else:
                filled = part
            archive.writestr(name, filled)
    return target.getvalue()


def _parts(content: bytes) -> dict[str, bytes]:
    if len(content) > FILE_BYTES_MAX:
        raise TemplateRefusedError("large")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > PARTS_MAX or sum(one.file_size for one in entries) > UNZIPPED_BYTES_MAX:
                raise TemplateRefusedError("large")
            found = {one.filename: archive.read(one) for one in entries if not one.is_dir()}
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, NotImplementedError) as error:
        raise TemplateRefusedError("no_xlsx") from error
    if _BOOK not in found:
        raise TemplateRefusedError("no_xlsx")
    if any("vbaproject" in name.lower() for name in found):
        raise TemplateRefusedError("macros")
    return found


def _is_sheet(name: str) -> bool:
    return name.startswith("xl/worksheets/") and name.endswith(".xml")


def _text(part: bytes) -> str:
    try:
        return part.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TemplateRefusedError("no_xlsx") from error


def _strings(parts: Mapping[str, bytes]) -> list[str]:
    """Return the shared strings of a book, without their formats."""
    text = _text(parts.get(_STRINGS, b""))
    return [unescape("".join(_TEXT.findall(item))) for item in _ITEM.findall(text)]


def _said(attributes: str, inside: str, strings: list[str]) -> str:
    """Return the text of a cell that holds text; empty for every other."""
    if 't="inlineStr"' in attributes:
        return unescape("".join(_TEXT.findall(inside)))
    shared = _SHARED.fullmatch(inside)
    if 't="s"' not in attributes or shared is None or int(shared[1]) >= len(strings):
        return ""
    return strings[int(shared[1])]


def _sheet(text: str, strings: list[str], values: Mapping[str, Value]) -> str:
    def cell(found: re.Match[str]) -> str:
        attributes = found[1]
        said = _said(attributes, found[2], strings)
        if not any(name in values for name in _NAME.findall(said)):
            return found[0]
        rest = _TYPE.sub("", attributes)
        alone = _NAME.fullmatch(said.strip())
        value = values.get(alone[1]) if alone is not None else None
        if isinstance(value, Decimal):
            return f"<c{rest}><v>{value:f}</v></c>"
        told = _NAME.sub(lambda name: _told(name, values), said)
        return f'<c{rest} t="inlineStr"><is><t xml:space="preserve">{escape(told)}</t></is></c>'

    return _CELL.sub(cell, text)


def _told(name: re.Match[str], values: Mapping[str, Value]) -> str:
    if name[1] not in values:
        return name[0]
    value = values[name[1]]
    return "—" if value is None else f"{value:,}" if isinstance(value, Decimal) else value


def _computing(text: str) -> str:
    """Return the book's part with the order to compute everything when it is opened."""
    order = '<calcPr fullCalcOnLoad="1"/>'
    if _CALC.search(text):
        return _CALC.sub(order, text, count=1)
    anchor = next((tag for tag in ("</definedNames>", "</sheets>") if tag in text), "")
    return text.replace(anchor, f"{anchor}{order}", 1) if anchor else text
