"""Rows of other files about money: bank movements, deductions, opening states. Row problems as in statement_rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from domain.plant import Registry
from revenue import sheet
from revenue.accounts import CostKind
from revenue.deduction import Deduction
from revenue.opening import EARLIER, HOURS_USED, ITEMS, MEMO, SUBSIDY_OWED, Opening, OpeningLine
from revenue.receipt import Item, Movement
from revenue.sheet import Cell, CellError, SheetRow
from revenue.statement_rows import RowProblem
from revenue.tariff import BENCHMARK, SUBSIDY

MOVEMENT = {
    "bank_account": ("本方账号", "账号", "收款账号", "bank_account"),
    "reference": ("流水号", "交易流水号", "凭证号", "reference"),
    "on": ("交易日期", "日期", "入账日期", "date"),
    "amount": ("收入金额", "贷方发生额", "贷方金额", "金额", "amount"),
    "payer": ("对方户名", "付款人", "对方单位", "payer"),
    "summary": ("摘要", "用途", "summary"),
}
DEDUCTION = {
    "plant": ("电站编号", "电站", "plant"),
    "period": ("月份", "年月", "period"),
    "cost": ("费用类别", "类别", "cost"),
    "amount": ("金额", "amount"),
    "document": ("凭据", "依据", "发票号", "document"),
}
_OPENING = {
    "village": ("村编码", "行政区划代码", "village"),
    "item": ("项目", "item"),
    "plant": ("电站编号", "电站", "plant"),
    "amount": ("金额", "amount"),
    "note": ("备注", "说明", "note"),
    "period": ("所属月份", "所属年月", "所属年度", "period"),
}
COST_WORDS: Mapping[str, CostKind] = {
    "运维": CostKind.OPERATION,
    "运维费": CostKind.OPERATION,
    "租金": CostKind.RENT,
    "土地租金": CostKind.RENT,
    "保险": CostKind.INSURANCE,
    "保险费": CostKind.INSURANCE,
    "税金": CostKind.TAX,
    "其他": CostKind.OTHER,
} | {kind.value: kind for kind in CostKind}
_ITEM = {
    "plant": ("电站编号", "电站", "plant"),
    "period": ("月份", "所属月份", "年月", "period"),
    "part": ("部分", "价格部分", "part"),
    "amount": ("金额", "金额（元）", "amount"),
}
_SUBSIDY = {"plant": _ITEM["plant"], "amount": _ITEM["amount"]}
PART_WORDS: Mapping[str, str] = {
    "标杆": BENCHMARK,
    "标杆电费": BENCHMARK,
    "补贴": SUBSIDY,
    BENCHMARK: BENCHMARK,
    SUBSIDY: SUBSIDY,
}
ITEM_WORDS: Mapping[str, str] = {
    "银行存款": "bank",
    "应收电费": "receivable",
    "应付款": "payable",
    "应付劳务费": "labour_payable",
    "应交增值税": "vat_payable",
    "专项应付款": "earmarked",
    "公积公益金": "reserve",
    "未分配收益": "retained",
    "应收补贴": SUBSIDY_OWED,
    "已用补贴小时": HOURS_USED,
    "以前月份收益": EARLIER,
} | {name: name for name in (*ITEMS, *MEMO)}


class Rows:
    """Goes through the rows below the head of a sheet and gathers what is wrong."""

    def __init__(
        self, rows: Sequence[SheetRow], columns: Mapping[str, Sequence[str]], needed: Sequence[str]
    ) -> None:
        self.problems: list[RowProblem] = []
        self._heading = sheet.find_heading(rows, columns)
        self._rows = rows
        places = self._heading.places if self._heading else {}
        self.problems += [RowProblem(1, name, "no_column") for name in needed if name not in places]

    def __iter__(self) -> Iterator[SheetRow]:
        if self.problems or self._heading is None:
            return
        for row in self._rows:
            if (
                row.number > self._heading.last_row
                and any(c.text for c in row.cells)
                and not sheet.is_total(row)
            ):
                yield row

    def take(self, row: SheetRow, name: str, read: Any, *, needed: bool = True) -> Any:
        """Return a value; what is missing or cannot be read is noted."""
        place = self._heading.places.get(name) if self._heading else None
        cell = Cell("") if place is None else row.cell(place)
        if not cell.text.strip() and not cell.is_formula:
            if needed:
                self.note(row, name, "missing")
            return None
        try:
            return read(cell)
        except CellError as error:
            self.note(row, name, error.reason, **error.values)
            return None

    def note(self, row: SheetRow, column: str, reason: str, **values: object) -> None:
        """Note a problem."""
        self.problems.append(RowProblem(row.number, column, reason, values))


def typed(columns: Mapping[str, Sequence[str]], cells: Mapping[str, str]) -> list[SheetRow]:
    """Return what a person typed as a sheet of one row (number 2), so that it is read and refused like a file."""
    names = [name for name in columns if name in cells]
    head = SheetRow(1, tuple(Cell(columns[name][0]) for name in names))
    return [head, SheetRow(2, tuple(Cell(cells[name].strip()) for name in names))]


def movements(rows: Sequence[SheetRow]) -> tuple[list[tuple[int, Movement]], list[RowProblem]]:
    """Return the money that came in; rows of money that went out (no amount in this column) are left out."""
    reading = Rows(rows, MOVEMENT, ("bank_account", "reference", "on", "amount"))
    found: dict[str, tuple[int, Movement]] = {}
    for row in reading:
        before = len(reading.problems)
        fen = reading.take(row, "amount", sheet.fen, needed=False)
        if not fen:
            continue
        account = reading.take(row, "bank_account", sheet.code)
        reference = reading.take(row, "reference", sheet.code)
        on = reading.take(row, "on", sheet.day)
        if fen < 0:
            reading.note(row, "amount", "wrong_sign", fen=fen, computed="")
        if len(reading.problems) > before:
            continue
        payer = reading.take(row, "payer", _text, needed=False) or ""
        summary = reading.take(row, "summary", _text, needed=False) or ""
        one = Movement(account, reference, on, fen, payer, summary)
        if one.identity in found:
            reading.note(row, "reference", "twice", row_before=found[one.identity][0])
        found[one.identity] = (row.number, one)
    return list(found.values()), reading.problems


def deductions(
    rows: Sequence[SheetRow], registry: Registry
) -> tuple[list[tuple[int, Deduction]], list[RowProblem]]:
    """Return deductions of plants, each with its document."""
    reading = Rows(rows, DEDUCTION, tuple(DEDUCTION))
    found: dict[str, tuple[int, Deduction]] = {}
    for row in reading:
        before = len(reading.problems)
        plant = reading.take(row, "plant", sheet.code)
        period = reading.take(row, "period", sheet.period)
        cost = reading.take(row, "cost", _text)
        fen = reading.take(row, "amount", sheet.fen)
        document = reading.take(row, "document", _text)
        if plant is not None and plant not in registry.plants_by_id:
            reading.note(row, "plant", "unknown_plant", plant=plant)
        if cost is not None and cost not in COST_WORDS:
            reading.note(row, "cost", "unknown_cost", text=cost)
        if fen is not None and fen <= 0:
            reading.note(row, "amount", "wrong_sign", fen=fen, computed="")
        if len(reading.problems) > before:
            continue
        one = Deduction(plant, period, COST_WORDS[cost], fen, document)
        if one.identity in found:
            reading.note(row, "document", "twice", row_before=found[one.identity][0])
        found[one.identity] = (row.number, one)
    return list(found.values()), reading.problems


def openings(
    rows: Sequence[SheetRow], registry: Registry, on: date, document: str
) -> tuple[list[tuple[int, Opening]], list[RowProblem]]:
    """Return opening states by village; one that does not balance is a problem of its last row."""
    reading = Rows(rows, _OPENING, ("village", "item", "amount"))
    lines: dict[str, list[OpeningLine]] = {}
    last_rows: dict[str, SheetRow] = {}
    for row in reading:
        village, line = _opening_line(reading, row, registry, on)
        if line is not None:
            lines.setdefault(village, []).append(line)
            last_rows[village] = row
    found = [Opening(village, on, document, tuple(each)) for village, each in sorted(lines.items())]
    for one in found:
        if not one.booked:
            reading.note(last_rows[one.village_id], "item", "opening_empty", village=one.village_id)
        if one.off_fen:
            reading.note(
                last_rows[one.village_id], "amount", "opening_off", village=one.village_id, fen=one.off_fen
            )
    return [(last_rows[one.village_id].number, one) for one in found], reading.problems


def _opening_line(
    reading: Rows, row: SheetRow, registry: Registry, on: date
) -> tuple[str, OpeningLine | None]:
    before = len(reading.problems)
    village = reading.take(row, "village", sheet.code)
    item = reading.take(row, "item", _text)
    fen = reading.take(row, "amount", sheet.fen)
    plant = reading.take(row, "plant", sheet.code, needed=False) or ""
    period = reading.take(row, "period", _month_or_year, needed=False) or ""
    if village is not None and village not in registry.villages_by_id:
        reading.note(row, "village", "unknown_village", village=village)
    if item is not None and item not in ITEM_WORDS:
        reading.note(row, "item", "unknown_item", text=item)
    if plant and plant not in registry.plants_by_id:
        reading.note(row, "plant", "unknown_plant", plant=plant)
    if period and period >= f"{on:%Y-%m}":
        reading.note(row, "period", "after_opening", period=period, day=on)
    kind = ITEM_WORDS.get(item or "", "")
    needs = {SUBSIDY_OWED: ("plant", plant), HOURS_USED: ("plant", plant), EARLIER: ("period", period)}
    if kind in needs and not needs[kind][1]:
        reading.note(row, needs[kind][0], "missing")
    if len(reading.problems) > before:
        return "", None
    note = reading.take(row, "note", _text, needed=False) or ""
    return village, OpeningLine(kind, fen, plant, note, period)


def possible_heads(rows: Sequence[SheetRow]) -> Iterator[tuple[str, ...]]:
    """Yield the words of every row that could be the head of a sheet."""
    for row in rows[:15]:
        yield tuple(sheet.plain(cell.text) for cell in row.cells)


def _month_or_year(cell: Cell) -> str:
    """Return a month; a year is its December."""
    year = re.fullmatch(r"(20\d{2})(\.0|年|年度)?", cell.text.strip())
    return f"{year[1]}-12" if year else sheet.period(cell)


def _text(cell: Cell) -> str:
    if cell.is_formula:
        raise CellError("formula")
    return cell.text.strip()[:200]


def items(rows: Sequence[SheetRow]) -> tuple[list[Item], list[RowProblem]]:
    """Return what a receipt pays by a list: plant, month, part (benchmark when left out), amount."""
    reading = Rows(rows, _ITEM, ("plant", "period", "amount"))
    found: dict[tuple[str, str, str], Item] = {}
    for row in reading:
        before = len(reading.problems)
        plant = reading.take(row, "plant", sheet.code)
        period = reading.take(row, "period", sheet.period)
        fen = reading.take(row, "amount", sheet.fen)
        word = reading.take(row, "part", _text, needed=False) or BENCHMARK
        if word not in PART_WORDS:
            reading.note(row, "part", "unknown_part", text=word)
        if fen is not None and fen <= 0:
            reading.note(row, "amount", "wrong_sign", fen=fen, computed="")
        if len(reading.problems) > before:
            continue
        one = Item(period, plant, PART_WORDS[word], fen)
        if one.key in found:
            reading.note(row, "plant", "item_twice", plant=plant, period=period)
        found[one.key] = one
    return list(found.values()), reading.problems


def subsidies(rows: Sequence[SheetRow]) -> tuple[dict[str, int], list[RowProblem]]:
    """Return what a late subsidy brings each plant by its remittance list, which names no energy. [fen]"""
    reading = Rows(rows, _SUBSIDY, ("plant", "amount"))
    found: dict[str, int] = {}
    for row in reading:
        before = len(reading.problems)
        plant = reading.take(row, "plant", sheet.code)
        fen = reading.take(row, "amount", sheet.fen)
        if fen is not None and fen <= 0:
            reading.note(row, "amount", "wrong_sign", fen=fen, computed="")
        if plant in found:
            reading.note(row, "plant", "plant_twice", plant=plant)
        if len(reading.problems) == before:
            found[plant] = fen
    return found, reading.problems
