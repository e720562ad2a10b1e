"""Spreadsheets: every id and account a text cell, every text unable to become a formula, read back and compared."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from domain.cell import harmless
from domain.errors import MoneyError

BANK_ENCODING = "gb18030"


@dataclass(frozen=True, slots=True)
class Cells:
    """A sheet: a name, heads, rows. Text stays text; whole numbers under a head in ``fen`` are amounts in fen."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]
    fen: frozenset[str] = frozenset()
    lead: tuple[str, ...] = ()  # lines above the table


def workbook(sheets: Sequence[Cells]) -> bytes:
    """Return an XLSX file, read back before it leaves.

    Raises
    ------
    MoneyError
        What was read back is not what was written; nothing leaves.
    """
    import xlsxwriter

    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": sheets[0].name, "author": "pvmon"})
    text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bottom": 1})
    amount = book.add_format({"num_format": "#,##0.00"})
    for cells in sheets:
        sheet = book.add_worksheet(tab_name(cells.name))
        for place, line in enumerate(cells.lead):
            sheet.write_string(place, 0, line)
        top = len(cells.lead)
        for column, title in enumerate(cells.heads):
            sheet.write_string(top, column, title, head)
            sheet.set_column(column, column, max(10, min(28, 2 * len(title) + 6)))
        for place, row in enumerate(cells.rows, top + 1):
            for column, value in enumerate(row):
                if isinstance(value, int) and cells.heads[column] in cells.fen:
                    sheet.write_number(place, column, value / 100, amount)
                elif isinstance(value, int):
                    sheet.write_number(place, column, value)
                else:
                    sheet.write_string(place, column, value, text)
    book.close()
    content = target.getvalue()
    _compare(content, sheets)
    return content


def tab_name(name: str) -> str:
    """Return a name a spreadsheet takes for a tab."""
    return "".join("·" if char in "[]:*?/\\" else char for char in name)[:31]


def _compare(content: bytes, sheets: Sequence[Cells]) -> None:
    """Read the file back and compare every cell with what it should say."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True)
    for cells, sheet in zip(sheets, book.worksheets, strict=True):
        rows = list(sheet.iter_rows(min_row=len(cells.lead) + 2, values_only=True))
        for wanted, found in zip(cells.rows, rows, strict=True):
            for column, value in enumerate(wanted):
                read = found[column] if column < len(found) else None
                is_fen = isinstance(value, int) and cells.heads[column] in cells.fen
                same = (
                    round(float(str(read or 0)) * 100) == value
                    if is_fen
                    else (read if read is not None else "") == value
                )
                if not same:
                    raise MoneyError(f"sheet {cells.name}: a cell was read back as {read!r}")


def csv_file(cells: Cells, encoding: str = "utf-8-sig") -> bytes:
    """Return a CSV file; amounts with two places, and no cell a spreadsheet would take for a formula."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    for line in cells.lead:
        writer.writerow([harmless(line)])
    writer.writerow([harmless(head) for head in cells.heads])
    for row in cells.rows:
        writer.writerow(
            [
                f"{value / 100:.2f}"
                if isinstance(value, int) and head in cells.fen
                else str(value)
                if isinstance(value, int)
                else harmless(value)
                for value, head in zip(row, cells.heads, strict=True)
            ]
        )
    return target.getvalue().encode(encoding)
