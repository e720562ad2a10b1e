"""Reading a small table out of an XLSX or CSV file somebody brought, with limits; formulas are refused."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import CommandError
from texts.loader import Texts

FILE_BYTES_MAX = 20 * 1024 * 1024
ROWS_MAX = 20_000
COLUMNS_MAX = 50
UNZIPPED_BYTES_MAX = 200 * 1024 * 1024
RATIO_MAX = 100
TEXT_CHARS_MAX = 1_000
_ZIP = b"PK\x03\x04"


class TableRefusedError(CommandError):
    """A file cannot be read as a table. ``key`` and ``values`` are its words in texts/ (area access)."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = f"access.table.problem.{key}"
        self.values: Mapping[str, object] = values
        super().__init__(Texts("en")(self.key, **values))

    def words(self, texts: Texts) -> str:
        """Return why, in the reader's language."""
        return texts(self.key, **self.values)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its number in the file (the heading is 1) and its cells by column."""

    number: int
    cells: Mapping[str, str]


def read_table(
    content: bytes, columns: Mapping[str, Sequence[str]], optional: frozenset[str] = frozenset()
) -> list[TableRow]:
    """Return the rows of an XLSX or CSV file.

    Parameters
    ----------
    content : bytes
    columns : mapping
        For each column the headings it may have (case and spaces do not matter).
    optional : frozenset of str
        Columns that may be missing.

    Raises
    ------
    TableRefusedError
        Not a table, too large, a formula, or a column is missing.
    """
    if len(content) > FILE_BYTES_MAX:
        raise TableRefusedError("large", count=FILE_BYTES_MAX // (1024 * 1024))
    lines = _xlsx_lines(content) if content.startswith(_ZIP) else _csv_lines(content)
    heading = next(lines, None)
    if heading is None:
        raise TableRefusedError("empty")
    places = _places(heading, columns, optional)
    rows = []
    for number, line in enumerate(lines, start=2):
        if number > ROWS_MAX + 1:
            raise TableRefusedError("rows", count=ROWS_MAX)
        if any(line):
            cells = {name: line[place] if place < len(line) else "" for name, place in places.items()}
            rows.append(TableRow(number, cells))
    return rows


def extra_columns(content: bytes, columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return headings of a file that are none of ``columns``: data nobody asked for.

    Raises
    ------
    TableRefusedError
        The file is no table we can read.
    """
    lines = _xlsx_lines(content) if content.startswith(_ZIP) else _csv_lines(content)
    known = {_plain(text) for texts in columns.values() for text in texts}
    return [cell for cell in next(lines, []) if cell and _plain(cell) not in known]


def _places(
    heading: Sequence[str], columns: Mapping[str, Sequence[str]], optional: frozenset[str]
) -> dict[str, int]:
    found = {_plain(cell): place for place, cell in reversed(list(enumerate(heading)))}
    places = {}
    for name, wanted in columns.items():
        place = next((found[_plain(text)] for text in wanted if _plain(text) in found), None)
        if place is not None:
            places[name] = place
        elif name not in optional:
            raise TableRefusedError("column", name=" / ".join(wanted))
    return places


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _csv_lines(content: bytes) -> Iterator[list[str]]:
    if b"\x00" in content:
        raise TableRefusedError("kind")
    text = None
    for encoding in ("utf-8-sig", "gb18030"):  # what spreadsheets here write
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        raise TableRefusedError("kind")
    try:
        for line in csv.reader(io.StringIO(text, newline="")):
            yield _checked(line)
    except csv.Error as error:
        raise TableRefusedError("kind") from error


def _xlsx_lines(content: bytes) -> Iterator[list[str]]:
    check_archive(content)
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_col=COLUMNS_MAX + 1):
            yield _checked([_cell_text(cell) for cell in row])
    except TableRefusedError:
        raise
    except Exception as error:  # the library answers damaged files with many kinds of errors
        raise TableRefusedError("kind") from error


def check_archive(content: bytes) -> None:
    """Refuse a damaged or exploding archive and one with macros."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise TableRefusedError("kind") from error
    unzipped = sum(entry.file_size for entry in entries)
    if unzipped > UNZIPPED_BYTES_MAX or unzipped > RATIO_MAX * max(len(content), 1):
        raise TableRefusedError("large", count=FILE_BYTES_MAX // (1024 * 1024))
    if any("vbaproject" in entry.filename.lower() for entry in entries):
        raise TableRefusedError("macro")


def _cell_text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        raise TableRefusedError("formula", place=cell.coordinate)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _checked(line: Sequence[str]) -> list[str]:
    cells = [cell.strip()[:TEXT_CHARS_MAX] for cell in line]
    while cells and not cells[-1]:  # a sheet pads its rows
        cells.pop()
    if len(cells) > COLUMNS_MAX:
        raise TableRefusedError("columns", count=COLUMNS_MAX)
    return cells
