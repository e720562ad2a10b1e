"""Reading and writing the registry's spreadsheet. Values only: no formula is written, none is accepted."""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from domain.errors import CommandError
from main.registry.facts import Facts
from main.registry.fields import Scalar, number_text
from main.registry.problem import Problems
from main.registry.records import Field
from main.registry.sheets import FIRST_ROW, SHEETS, ReadSheet, Sheet, check_columns, tables
from texts.loader import Texts

_ROWS_MAX = 50_000
_COLUMNS_MAX = 60
_UNPACKED_BYTES_MAX = 200_000_000
_WIDTH = 18
_NOTES = "notes 说明"


def title_of(sheet: Sheet) -> str:
    """Return the title of a sheet: its key and its Chinese name; the key alone decides when reading."""
    return f"{sheet.name} {Texts('zh')(f'registry.sheet.{sheet.name}')}"


def write_workbook(path: Path, facts: Facts | None) -> None:
    """Write ``facts`` as a workbook, or an empty one to fill in.

    Raises
    ------
    CommandError
        The file cannot be written.
    """
    found = tables(facts) if facts is not None else {}
    book = xlsxwriter.Workbook(
        str(path),
        {
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "in_memory": True,
        },
    )
    try:
        formats = {
            "key": book.add_format({"bold": True, "bg_color": "#DDE7F0", "border": 1}),
            "words": book.add_format(
                {"italic": True, "text_wrap": True, "valign": "top", "font_color": "#555555"}
            ),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "text": book.add_format({"num_format": "@"}),
        }
        _write_notes(book, formats)
        for sheet in SHEETS:
            _write_sheet(book, formats, sheet, found.get(sheet.name, []))
        book.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise CommandError(f"{path}: cannot be written ({error}); choose another folder") from error


def _write_notes(book: Any, formats: dict[str, Any]) -> None:
    page = book.add_worksheet(_NOTES)
    page.set_column(0, 0, 110)
    row = 0
    for texts in (Texts("zh"), Texts("en")):
        page.write_string(row, 0, texts("registry.sheet_note.title"), formats["key"])
        for number in range(1, 6):
            page.write_string(row + number, 0, texts(f"registry.sheet_note.line_{number}"))
        row += 7


def _write_sheet(book: Any, formats: dict[str, Any], sheet: Sheet, rows: list[list[Any]]) -> None:
    page = book.add_worksheet(title_of(sheet))
    page.freeze_panes(FIRST_ROW - 1, 1)
    page.set_column(0, len(sheet.fields) - 1, _WIDTH)
    page.set_row(1, 62)
    chinese, english = Texts("zh"), Texts("en")
    for column, one in enumerate(sheet.fields):
        words = sheet.heading_key(sheet.record, one)
        page.write_string(0, column, f"{one.name} *" if one.required else one.name, formats["key"])
        page.write_string(1, column, f"{chinese(words)}\n{english(words)}", formats["words"])
    for number, values in enumerate(rows, FIRST_ROW - 1):
        for column, value in enumerate(values):
            _write_cell(page, formats, number, column, value)


def _write_cell(page: Any, formats: dict[str, Any], row: int, column: int, value: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        page.write_string(row, column, "true" if value else "false")
    elif isinstance(value, int | float):
        page.write_number(row, column, value)
    elif isinstance(value, date):
        page.write_datetime(row, column, datetime(value.year, value.month, value.day), formats["day"])  # noqa: DTZ001 (a day of a spreadsheet has no zone)
    else:
        page.write_string(
            row, column, str(value), formats["text"]
        )  # never a formula, whatever it begins with


def read_workbook(path: Path, problems: Problems) -> dict[str, ReadSheet]:
    """Return the sheets of a workbook by name; missing sheets and strange columns are noted.

    Raises
    ------
    CommandError
        It is no workbook, or it would not fit into memory.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    _refuse_bomb(path)
    found: dict[str, ReadSheet] = {}
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except (
        OSError,
        ValueError,
        KeyError,
        zipfile.BadZipFile,
        InvalidFileException,
    ) as error:
        raise _no_workbook(path, error) from error
    try:
        pages = {str(page.title).split()[0]: page for page in book.worksheets if str(page.title).split()}
        for sheet in SHEETS:
            page = pages.get(sheet.name)
            if page is None:
                if not sheet.may_lack:
                    problems.add(path.name, 0, sheet.name, "sheet_missing", sheet=title_of(sheet))
                continue
            read = ReadSheet(f"{path.name}[{page.title}]")
            found[sheet.name] = read
            _read_rows(sheet, page, read, problems)
    finally:
        book.close()
    return found


def _no_workbook(path: Path, error: Exception) -> CommandError:
    return CommandError(f"{path}: is not a readable .xlsx workbook ({error}); save it as .xlsx and try again")


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile) as error:
        raise _no_workbook(path, error) from error
    if size > _UNPACKED_BYTES_MAX:
        raise CommandError(f"{path}: unpacks to {size:,} bytes; this is not a list of plants")


def _read_rows(sheet: Sheet, page: Any, read: ReadSheet, problems: Problems) -> None:
    columns: list[str] = []
    for number, cells in enumerate(_rows_of(page), 1):
        if number == 1:
            columns = [_key(cell) for cell in cells]
            check_columns(sheet, read.title, columns, problems)
        elif number >= FIRST_ROW:
            values = _values(sheet, columns, cells)
            if values:
                read.rows.append((number, values))
        if number > _ROWS_MAX:
            raise CommandError(f"{read.title}: more than {_ROWS_MAX} rows; this is not a list of plants")


def _rows_of(page: Any) -> Iterator[Sequence[Any]]:
    page.reset_dimensions()  # what the file claims about its size may be wrong
    yield from page.iter_rows(max_col=_COLUMNS_MAX)


def _key(cell: Any) -> str:
    words = str(cell.value or "").split()
    return words[0] if words else ""


def _values(sheet: Sheet, columns: Sequence[str], cells: Sequence[Any]) -> dict[str, Scalar]:
    wanted: dict[str, Field] = {one.name: one for one in sheet.fields}
    values: dict[str, Scalar] = {}
    for name, cell in zip(columns, cells, strict=False):
        if name not in wanted or cell.value is None:
            continue
        formula = cell.data_type == "f"  # refused by the reader: what it would show is not what is written
        scalar = Scalar("formula", str(cell.value)) if formula else scalar_of(cell.value)
        if scalar.text.strip():
            values[name] = scalar
    return values


def scalar_of(value: Any) -> Scalar:
    """Return a cell's value as text with its kind."""
    if isinstance(value, bool):
        return Scalar("bool", "true" if value else "false", lenient=True)
    if isinstance(value, int):
        return Scalar("int", str(value), lenient=True)
    if isinstance(value, float):
        text = number_text(value)
        return Scalar("int" if value.is_integer() else "float", text, lenient=True)
    if isinstance(value, datetime):
        whole = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return Scalar("date", value.date().isoformat() if whole else value.isoformat(), lenient=True)
    return Scalar("date" if isinstance(value, date) else "str", str(value), lenient=True)
