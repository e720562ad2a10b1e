"""Rows of a statement file → statement lines, or every row that cannot be taken with its column and reason."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from domain.plant import Plant, Registry, SettlementAccount
from revenue import sheet
from revenue.sheet import Cell, CellError, Heading, SheetRow
from revenue.statement import GridStatement, MeterExchange, faults
from revenue.tariff import BENCHMARK, SUBSIDY

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "account": ("户号", "客户编号", "用户编号", "发电户号", "结算户号", "account"),
    "plant": ("电站", "电站名称", "用户名称", "发电户名称", "plant"),
    "period": ("结算月份", "电费年月", "结算年月", "年月", "月份", "结算周期", "period"),
    "number": ("结算单号", "单据编号", "电费清单编号", "编号", "单号", "number"),
    "kwh": ("上网电量", "结算电量", "电量", "kwh"),
    "price": ("标杆电价", "上网电价", "电价", "price"),
    "amount": ("标杆电费", "上网电费", "应付电费", "电费", "电费金额", "amount"),
    "subsidy_price": ("补贴电价", "补贴标准", "subsidy_price"),
    "subsidy_amount": ("补贴电费", "补贴金额", "补贴", "subsidy"),
    "from": ("上次抄表日期", "起始日期", "抄表起", "抄表起止起", "抄表日期起", "from"),
    "to": ("本次抄表日期", "截止日期", "抄表止", "抄表起止止", "抄表日期止", "to"),
    "start": ("上次示数", "起码", "起始示数", "示数上次", "start"),
    "end": ("本次示数", "止码", "截止示数", "示数本次", "end"),
    "multiplier": ("倍率", "综合倍率", "multiplier"),
    "corrects": ("更正单号", "冲红单号", "corrects"),
}
PROGRESS_EVERY = 500
REQUIRED = ("account", "period", "amount")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be taken: its number, the column, and the words at ``statement.problem.<reason>``."""

    row: int
    column: str
    reason: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadLines:
    """What a file holds: sound lines with their rows, and every problem. ``fingerprint`` is the head of the file."""

    lines: tuple[tuple[int, GridStatement], ...]
    problems: tuple[RowProblem, ...]
    fingerprint: str = ""


class StatementReader:
    """Turns rows into lines. Accounts decide the plant; a plant's name is only compared, never looked up.

    Parameters
    ----------
    registry : Registry
    mapped : mapping
        Accounts a person mapped to a plant, beyond those of the registry.
    exchanges : sequence
        Meters that were replaced.
    columns : mapping
        Extra headings by field, from a template.
    """

    def __init__(
        self,
        registry: Registry,
        mapped: Mapping[str, str] | None = None,
        exchanges: Sequence[MeterExchange] = (),
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._registry = registry
        self._mapped = dict(mapped or {})
        self._exchanges = exchanges
        extra = columns or {}
        self._columns = {name: (*extra.get(name, ()), *words) for name, words in COLUMNS.items()}
        self._accounts = accounts_by_number(registry)

    def read(self, rows: Sequence[SheetRow], progress: Callable[[int, int], None] | None = None) -> ReadLines:
        """Return the lines of a sheet and everything wrong with it; ``progress`` is told rows done and of how many."""
        heading = sheet.find_heading(rows, self._columns)
        missing = [name for name in REQUIRED if heading is None or name not in heading.places]
        if heading is None or missing:
            return ReadLines((), tuple(RowProblem(1, name, "no_column") for name in missing))
        lines: list[tuple[int, GridStatement]] = []
        problems: list[RowProblem] = []
        open_sums: dict[str, Decimal] = {}
        for place, row in enumerate(rows, 1):
            if progress is not None and (place % PROGRESS_EVERY == 0 or place == len(rows)):
                progress(place, len(rows))
            if row.number <= heading.last_row or not any(cell.text for cell in row.cells):
                continue
            if sheet.is_total(row):
                problems += _total_faults(row, heading, open_sums)
                continue
            made, faulty = self._row(row, heading)
            _add_up(row, heading, open_sums)
            lines += [(row.number, line) for line in made]
            problems += faulty
        return ReadLines(tuple(lines), (*problems, *_duplicates(lines)), "|".join(heading.words))

    def _row(self, row: SheetRow, heading: Heading) -> tuple[list[GridStatement], list[RowProblem]]:
        reader = _RowReader(row, heading)
        account = reader.take("account", sheet.code) or ""
        period = reader.take("period", sheet.period) or ""
        number = reader.take("number", sheet.code) or ""
        base = GridStatement(
            plant_id="",
            account_number=account,
            period=period,
            number=number or f"{account}-{period}",
            component=BENCHMARK,
            kwh=reader.take("kwh", sheet.number),
            fen=0,
            read_from=reader.take("from", sheet.day),
            read_to=reader.take("to", sheet.day),
            start_reading=reader.take("start", sheet.number),
            end_reading=reader.take("end", sheet.number),
            multiplier=reader.take("multiplier", sheet.number),
            corrects=reader.take("corrects", sheet.code) or "",
        )
        plant = self._plant(base, reader)
        made = []
        for component, amount, price in (
            (BENCHMARK, "amount", "price"),
            (SUBSIDY, "subsidy_amount", "subsidy_price"),
        ):
            fen = reader.take(amount, sheet.fen)
            if fen is None:
                if component == BENCHMARK:
                    reader.problem(amount, "no_amount")
                continue
            line = replace(base, component=component, fen=fen, yuan_per_kwh=reader.take(price, sheet.number))
            for reason, values in faults(line, self._exchanges_of(plant)):
                reader.problem(amount if "fen" in values else "kwh", reason, **values)
            made.append(replace(line, plant_id=plant.plant_id if plant else ""))
        return ([] if reader.problems else made), reader.problems

    def faults_of(self, line: GridStatement, plant: Plant) -> list[tuple[str, Mapping[str, Any]]]:
        """Return what cannot be true in a line typed by hand, its account included."""
        owners = [
            one.plant_id
            for one, account in self._accounts.get(line.account_number, ())
            if _in_force(account, line)
        ]
        if plant.plant_id not in (*owners, self._mapped.get(line.account_number)):
            return [("unknown_account", {"account": line.account_number})]
        return faults(line, self._exchanges_of(plant))

    def _exchanges_of(self, plant: Plant | None) -> list[MeterExchange]:
        return [one for one in self._exchanges if plant is not None and one.plant_id == plant.plant_id]

    def _plant(self, line: GridStatement, reader: "_RowReader") -> Plant | None:
        if not line.account_number:
            reader.problem("account", "no_account")
            return None
        plant = self._registry.plants_by_id.get(self._mapped.get(line.account_number, ""))
        for candidate, account in self._accounts.get(line.account_number, ()):
            if line.period and _in_force(account, line):
                plant = candidate
        if plant is None:
            known = line.account_number in self._accounts
            reader.problem(
                "account", "account_ended" if known else "unknown_account", account=line.account_number
            )
            return None
        told = reader.text("plant")
        names = {sheet.plain(name) for name in (plant.plant_id, plant.name, plant.name_en)}
        others = {
            sheet.plain(name): one.plant_id
            for one in self._registry.plants
            for name in (one.plant_id, one.name, one.name_en)
        }
        if told and sheet.plain(told) not in names and sheet.plain(told) in others:
            reader.problem("plant", "other_plant", told=told, account=line.account_number, plant=plant.name)
        return plant


class _RowReader:
    """Takes cells of one row and gathers what is wrong with them."""

    def __init__(self, row: SheetRow, heading: Heading) -> None:
        self._row = row
        self._heading = heading
        self.problems: list[RowProblem] = []

    def text(self, name: str) -> str:
        """Return a cell's text, empty when the column is not there."""
        return self._cell(name).text.strip()

    def take(self, name: str, read: Any) -> Any:
        """Return a value, None when the cell is empty or cannot be read (which is noted)."""
        cell = self._cell(name)
        if not cell.text.strip() and not cell.is_formula:
            return None
        try:
            return read(cell)
        except CellError as error:
            self.problem(name, error.reason, **error.values)
            return None

    def problem(self, name: str, reason: str, **values: object) -> None:
        """Note a problem, each once."""
        one = RowProblem(self._row.number, name, reason, values)
        if one not in self.problems:
            self.problems.append(one)

    def _cell(self, name: str) -> Cell:
        place = self._heading.places.get(name)
        return Cell("") if place is None else self._row.cell(place)


def accounts_by_number(registry: Registry) -> dict[str, list[tuple[Plant, SettlementAccount]]]:
    """Return who had which settlement account (户号)."""
    found: dict[str, list[tuple[Plant, SettlementAccount]]] = {}
    for plant in registry.plants:
        for account in plant.accounts:
            found.setdefault(account.account_number, []).append((plant, account))
    return found


def _in_force(account: SettlementAccount, line: GridStatement) -> bool:
    first = line.first_of_month
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return account.valid_from < after and (account.valid_to is None or account.valid_to > first)


_SUMMED = ("kwh", "amount", "subsidy_amount")


def _values(row: SheetRow, heading: Heading) -> Iterable[tuple[str, Decimal]]:
    for name in _SUMMED:
        if name in heading.places:
            try:
                value = sheet.number(row.cell(heading.places[name]))
            except CellError:
                continue
            if value is not None:
                yield name, value


def _add_up(row: SheetRow, heading: Heading, sums: dict[str, Decimal]) -> None:
    """Add a line to the sums of the whole file (合计) and of the part since the last sum (小计)."""
    for name, value in _values(row, heading):
        for key in (name, f"part {name}"):
            sums[key] = sums.get(key, Decimal(0)) + value


def _total_faults(row: SheetRow, heading: Heading, sums: dict[str, Decimal]) -> list[RowProblem]:
    found = []
    for name, value in _values(row, heading):
        whole, part = sums.get(name, Decimal(0)), sums.pop(f"part {name}", Decimal(0))
        if value not in {whole, part}:
            found.append(
                RowProblem(row.number, name, "total_differs", {"total": value, "sum": part or whole})
            )
    return found


def _duplicates(lines: Sequence[tuple[int, GridStatement]]) -> list[RowProblem]:
    seen: dict[str, int] = {}
    found = []
    for row, line in lines:
        if line.identity in seen:
            found.append(RowProblem(row, "number", "twice", {"row_before": seen[line.identity]}))
        seen.setdefault(line.identity, row)
    return found
