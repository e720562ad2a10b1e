"""Files about money → rows of cells: CSV (UTF-8, GB18030), XLSX, XLS, text PDF. With limits; formulas are marked.

A cell keeps whether the file holds it as a number: a settlement account turned into one has lost digits.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from commands.tables import COLUMNS_MAX, FILE_BYTES_MAX, ROWS_MAX, TableRefusedError, check_archive
from revenue.sheet import Cell, SheetRow

_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
_PAGES_MAX = 300
_COLUMN_GAP = 2  # spaces between two columns of a text PDF


def sheet_rows(content: bytes) -> list[SheetRow]:
    """Return the rows of the first sheet of a file.

    Raises
    ------
    TableRefusedError
        Not a table, or too large.
    """
    if len(content) > FILE_BYTES_MAX:
        raise TableRefusedError("large", count=FILE_BYTES_MAX // (1024 * 1024))
    if content.startswith(_ZIP):
        lines = _xlsx(content)
    elif content.startswith(_OLE):
        lines = _xls(content)
    elif content.startswith(_PDF):
        lines = _pdf(content)
    else:
        lines = _csv(content)
    rows = []
    for number, cells in enumerate(lines, 1):
        if number > ROWS_MAX:
            raise TableRefusedError("rows", count=ROWS_MAX)
        while cells and not cells[-1].text and not cells[-1].is_formula:
            cells.pop()
        if len(cells) > COLUMNS_MAX:
            raise TableRefusedError("columns", count=COLUMNS_MAX)
        rows.append(SheetRow(number, tuple(cells)))
    if not any(row.cells for row in rows):
        raise TableRefusedError("empty")
    return rows


def _csv(content: bytes) -> Iterator[list[Cell]]:
    if b"\x00" in content:
        raise TableRefusedError("kind")
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        raise TableRefusedError("kind")
    dialect = "excel-tab" if text.count("\t") > text.count(",") else "excel"
    try:
        for line in csv.reader(io.StringIO(text, newline=""), dialect):
            yield [Cell(cell.strip(), is_formula=cell.startswith("=")) for cell in line]
    except csv.Error as error:
        raise TableRefusedError("kind") from error


def _xlsx(content: bytes) -> Iterator[list[Cell]]:
    check_archive(content)
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        for row in book.worksheets[0].iter_rows(max_col=COLUMNS_MAX + 1):
            yield [_xlsx_cell(cell) for cell in row]
    except TableRefusedError:
        raise
    except Exception as error:  # the library answers damaged files with many kinds of errors
        raise TableRefusedError("kind") from error


def _xlsx_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell("")
    if isinstance(value, datetime):
        return Cell(value.isoformat(sep=" "))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Cell(repr(value), is_number=True)
    return Cell(str(value).strip(), is_formula=cell.data_type == "f")


def _xls(content: bytes) -> Iterator[list[Cell]]:
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=content, on_demand=True)
        sheet = book.sheet_by_index(0)
        for number in range(sheet.nrows):
            yield [_xls_cell(cell, book.datemode) for cell in sheet.row(number)]
    except TableRefusedError:
        raise
    except Exception as error:  # as above
        raise TableRefusedError("kind") from error


def _xls_cell(cell: Any, datemode: int) -> Cell:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        return Cell(xlrd.xldate_as_datetime(cell.value, datemode).isoformat(sep=" "))
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return Cell(repr(cell.value), is_number=True)
    return Cell(str(cell.value).strip() if cell.ctype == xlrd.XL_CELL_TEXT else "")


def _pdf(content: bytes) -> Iterator[list[Cell]]:
    """Yield the lines of a PDF that holds text (not a scan); columns are told apart by wide gaps."""
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content))
        pages = [page.extract_text(extraction_mode="layout") for page in reader.pages[:_PAGES_MAX]]
        whole = len(reader.pages) <= _PAGES_MAX
    except Exception as error:  # as above
        raise TableRefusedError("kind") from error
    if not whole:
        raise TableRefusedError("rows", count=ROWS_MAX)
    if not any(text.strip() for text in pages):
        raise TableRefusedError("scan")
    for text in pages:
        for line in text.splitlines():
            yield [Cell(part.strip()) for part in line.strip().split(" " * _COLUMN_GAP) if part.strip()]
