"""A sheet somebody brought → columns by name: title rows skipped, merged two-line heads joined, values read.

Pure: the bytes of CSV, XLSX, XLS and PDF become `SheetRow`s elsewhere. Numbers become Decimal, never a binary
fraction; a code that came as a number too long to be exact is refused, because Excel has already damaged it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

_HEAD_ROWS_MAX = 15
_EXACT_DIGITS = 15
_PERIOD = re.compile(r"(\d{4})\s*(?:年|[-/.])?\s*(\d{1,2})\s*月?份?")
_DAY = re.compile(
    r"(\d{4})\s*(?:年|[-/.])\s*(\d{1,2})\s*(?:月|[-/.])\s*(\d{1,2})\s*日?(?:[ T].*)?|(\d{4})(\d{2})(\d{2})"
)
_NUMBER = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?")
_EXCEL_EPOCH = date(1899, 12, 30)
_TOTAL_WORDS = ("合计", "总计", "小计", "total", "sum")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, whether the file holds it as a number, whether it is a formula."""

    text: str
    is_number: bool = False
    is_formula: bool = False


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row and its number in the file, from 1."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, place: int) -> Cell:
        """Return a cell; beyond the end an empty one."""
        return self.cells[place] if place < len(self.cells) else Cell("")


class CellError(ValueError):
    """A cell that cannot be read: ``reason`` and ``values`` name the words for it."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the columns are: field → place, and the last row of the head."""

    places: Mapping[str, int]
    last_row: int
    words: tuple[str, ...]


def plain(text: str) -> str:
    """Return a heading as it is compared: no spaces, no unit in brackets, no case."""
    return re.sub(r"[\(（\[【].*?[\)）\]】]", "", "".join(text.split())).casefold()


def find_heading(rows: Sequence[SheetRow], headings: Mapping[str, Sequence[str]]) -> Heading | None:
    """Return the head of a sheet: the row, or two merged rows, that hold most known headings; None without one."""
    known = {plain(word): name for name, words in headings.items() for word in words}
    best: Heading | None = None
    for index, row in enumerate(rows[:_HEAD_ROWS_MAX]):
        candidates = [([cell.text for cell in row.cells], row.number)]
        if index + 1 < len(rows) and not any(cell.is_number for cell in rows[index + 1].cells):
            candidates.append((_joined(row, rows[index + 1]), rows[index + 1].number))
        for words, last in candidates:
            places: dict[str, int] = {}
            for place, word in enumerate(words):
                name = known.get(plain(word))
                if name is not None and name not in places:
                    places[name] = place
            if len(places) > (len(best.places) if best else 1):
                best = Heading(places, last, tuple(plain(word) for word in words))
    return best


def _joined(upper: SheetRow, lower: SheetRow) -> list[str]:
    """Join a head of two rows: a merged cell above stands for the empty ones right of it."""
    width = max(len(upper.cells), len(lower.cells))
    words, group = [], ""
    for place in range(width):
        above, below = upper.cell(place).text, lower.cell(place).text
        group = above or group
        words.append(f"{group}{below}" if below else above)
    return words


def is_total(row: SheetRow) -> bool:
    """Tell whether a row is a sum (合计, 小计) and no line of its own."""
    return any(plain(cell.text).startswith(_TOTAL_WORDS) for cell in row.cells[:4] if cell.text)


def code(cell: Cell) -> str:
    """Return a code (户号, 单号) exactly as it is written.

    Raises
    ------
    CellError
        The file holds it as a number too long to be exact, or in scientific notation: it is damaged.
    """
    text = cell.text.strip().lstrip("'")
    if cell.is_formula:
        raise CellError("formula")
    digits = re.sub(r"\D", "", text)
    if re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", text) or (cell.is_number and len(digits) > _EXACT_DIGITS):
        raise CellError("code_as_number", text=text)
    return text.removesuffix(".0") if cell.is_number else text


def number(cell: Cell) -> Decimal | None:
    """Return a number exactly, None for an empty cell.

    A number of a spreadsheet is a binary fraction: its 15 significant digits are what the sheet shows.
    """
    if cell.is_formula:
        raise CellError("formula")
    text = (
        cell.text.strip().replace("，", ",").removeprefix("￥").removeprefix("¥").removesuffix("元").strip()
    )
    if not text or text in {"-", "—", "/"}:
        return None
    try:
        if cell.is_number:
            value = Decimal(format(Decimal(text), f".{_EXACT_DIGITS}g"))
            return value.quantize(Decimal(1)) if value == value.to_integral_value() else value
        if not _NUMBER.fullmatch(text):
            raise CellError("number", text=text)
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise CellError("number", text=text) from None


def fen(cell: Cell) -> int | None:
    """Return an amount in yuan as whole fen, None for an empty cell; parts of a fen are refused."""
    yuan = number(cell)
    if yuan is None:
        return None
    amount = yuan * 100
    if amount != amount.to_integral_value():
        raise CellError("part_of_a_fen", text=cell.text)
    return int(amount)


def period(cell: Cell) -> str:
    """Return a month as ``2026-07``; 202607, 2026-07, 2026年7月 are taken, a date cell gives its month."""
    text = cell.text.strip().removesuffix(".0")
    found = _PERIOD.fullmatch(text)
    if found is None and _DAY.fullmatch(text):
        return f"{day(cell):%Y-%m}"
    if found is None or not 1 <= int(found[2]) <= 12 or not 2000 <= int(found[1]) <= 2099:
        raise CellError("period", text=cell.text)
    return f"{int(found[1]):04d}-{int(found[2]):02d}"


def day(cell: Cell) -> date:
    """Return a day; 2026-07-01, 2026/7/1, 2026年7月1日, 20260701 and a spreadsheet's day number are taken."""
    text = cell.text.strip().removesuffix(".0")
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            parts = found.group(1, 2, 3) if found[1] else found.group(4, 5, 6)
            return date(*(int(part) for part in parts))
        if cell.is_number and 30_000 < int(text) < 80_000:
            return _EXCEL_EPOCH + timedelta(days=int(text))
    except ValueError:
        pass
    raise CellError("day", text=cell.text)
