"""Registers of operators, bases and contracts, and what bases paid to households: workbooks in, versions kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from access.villages import sees_village, villages_seen
from commands.audit import command
from commands.industry_base import IndustryCommands
from commands.industry_files import heads
from commands.tables import TableRow, read_table
from domain.errors import LedgerRefusedError
from domain.industry import RegisterEntry
from domain.money_fact import MoneyFact
from industries.base import (
    BASE,
    CONTRACT,
    OPERATOR,
    OperatorKind,
    base_faults,
    base_of,
    contract_of,
    decimal_of,
)
from industries.income import INCOME, IncomeSource
from industries.report import ReportFault, ReportRefusedError

_OPTIONAL: Mapping[str, frozenset[str]] = {
    OPERATOR: frozenset({"credit_code"}),
    BASE: frozenset(
        {
            *("capacity", "is_line", "latitude", "longitude", "villages", "households", "plant_id"),
            *("crop", "household_id", "yuan_per_mu", "valid_from", "valid_to"),
        }
    ),
    CONTRACT: frozenset({"household_id", "valid_to", "profit_share", "fixed_yuan", "document"}),
}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    OPERATOR: ("operator_id", "kind", "name", "village_id", "credit_code"),
    BASE: (
        *("base_id", "operator_id", "name", "industry", "indicator_id", "village_id", "area_mu"),
        *("capacity", "is_line", "latitude", "longitude", "villages", "households", "plant_id", "crop"),
        *("household_id", "yuan_per_mu", "valid_from", "valid_to"),
    ),
    CONTRACT: (
        *("contract_id", "base_id", "village_id", "household_id", "kind", "valid_from", "valid_to"),
        *("profit_share", "fixed_yuan", "document"),
    ),
}
_INCOME_COLUMNS = ("base", "village", "household", "period", "income_kind", "yuan")
_YES = frozenset({"true", "yes", "是", "1"})
PAID_SOURCES = (IncomeSource.WAGES, IncomeSource.PROFIT)


def columns_of(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns a register needs, and those that may be left out, in their order."""
    names, may = _COLUMNS.get(kind, _INCOME_COLUMNS), _OPTIONAL.get(kind, frozenset())
    return tuple(one for one in names if one not in may), tuple(one for one in names if one in may)


class _BadCellError(ValueError):
    """A cell that cannot be taken; its column's text key."""


@dataclass(frozen=True, slots=True)
class RegisterOutcome:
    """What an import did: entries that are new, changed, and as they were."""

    new: int
    changed: int
    same: int


@guarded
class IndustryRegisters(IndustryCommands):
    """What may be done with registers."""

    @command(Permission.ENTER_REPORT, "register.import")
    def import_register(self, principal: Principal, kind: str, content: bytes) -> RegisterOutcome:
        """Keep the rows of a register that are new or changed, as versions; all or none.

        Raises
        ------
        ReportRefusedError
            Every fault of every row.
        """
        with self._records.transaction():
            rows, faults = self._read(kind, content)
            faults += self._checked(principal, kind, rows)
            if faults:
                raise ReportRefusedError(sorted(faults, key=lambda one: one.row))
            known = {one.entry_id: one for one in self._store.entries(kind)}
            at, entries, same = self._clock.now(), [], 0
            for entry_id, (_, content_row) in rows.items():
                before = known.get(entry_id)
                if before is not None and dict(before.content) == content_row:
                    same += 1
                    continue
                version = 1 if before is None else before.version + 1
                entries.append(RegisterEntry(kind, entry_id, version, content_row, principal.user_id, at))
            detail = {"rows": str(len(entries)), "same": str(same)}
            with self._carry_out(principal, "register.import", kind, detail):
                self._store.add_entries(entries)
        new = sum(one.version == 1 for one in entries)
        return RegisterOutcome(new, len(entries) - new, same)

    @command(Permission.ENTER_REPORT, "income.import")
    def import_income(self, principal: Principal, content: bytes) -> int:
        """Keep what bases paid to households (wages, shares of profit); return how many rows were new."""
        columns = {name: heads(name) for name in _INCOME_COLUMNS}
        facts, faults = [], []
        bases = self._bases()
        for line in read_table(content, columns):
            fact, fault = self._income(principal, line, bases)
            if fault is not None:
                faults.append(fault)
            elif fact is not None:
                facts.append(fact)
        if faults:
            raise ReportRefusedError(faults)
        try:
            with self._carry_out(principal, "income.import", f"{len(facts)} rows"):
                return sum(self._store.add_facts(facts))
        except LedgerRefusedError as error:
            text = str(error.values.get("identity", ""))
            raise ReportRefusedError([ReportFault("decided", refuses=True, values={"text": text})]) from error

    # ------------------------------------------------------------------ inside

    def _read(
        self, kind: str, content: bytes
    ) -> tuple[dict[str, tuple[int, dict[str, Any]]], list[ReportFault]]:
        columns = {name: heads(name) for name in _COLUMNS[kind]}
        rows: dict[str, tuple[int, dict[str, Any]]] = {}
        faults: list[ReportFault] = []
        for line in read_table(content, columns, _OPTIONAL[kind]):
            entry_id = line.cells.get(f"{kind}_id", "")
            try:
                made = {name: _cell(name, line.cells.get(name, "")) for name in _COLUMNS[kind]}
                made = {_kept_name(name): value for name, value in made.items() if value is not None}
            except _BadCellError as error:
                faults.append(_fault(line, "no_number", text=str(error)[:40]))
                continue
            if not entry_id:
                faults.append(_fault(line, "not_found", text=f"{kind}_id"))
            elif entry_id in rows:
                faults.append(_fault(line, "row_twice", other=rows[entry_id][0]))
            else:
                rows[entry_id] = (line.number, made)
        return rows, faults

    def _checked(
        self, principal: Principal, kind: str, rows: Mapping[str, tuple[int, dict[str, Any]]]
    ) -> list[ReportFault]:
        check: Callable[[Principal, int, dict[str, Any]], list[ReportFault]] = {
            OPERATOR: self._check_operator,
            BASE: self._check_base,
            CONTRACT: self._check_contract,
        }[kind]
        return [fault for number, content in rows.values() for fault in check(principal, number, content)]

    def _check_operator(self, principal: Principal, row: int, content: dict[str, Any]) -> list[ReportFault]:
        words = [one.value for one in OperatorKind]
        found = []
        if content.get("kind") not in words:
            values = {"text": content.get("kind", ""), "options": ", ".join(words)}
            found.append(ReportFault("bad_kind", refuses=True, values=values, row=row))
        return found + self._check_village(principal, row, content)

    def _check_base(self, principal: Principal, row: int, content: dict[str, Any]) -> list[ReportFault]:
        if "area_mu" not in content:
            return [ReportFault("no_number", refuses=True, values={"text": ""}, row=row)]
        indicators = {one.indicator_id for one in self._rules.in_force(self._today)}
        if content.get("indicator_id") not in indicators:
            values = {"text": str(content.get("indicator_id", ""))[:40]}
            return [ReportFault("no_indicator", refuses=True, values=values, row=row)]
        content.setdefault("name", content["base_id"])
        base = base_of(content)
        operators = [one.entry_id for one in self._store.entries(OPERATOR)]
        land = {one: self._rules.limits.land_mu(one) for one in villages_seen(principal, self._registry)}
        return base_faults(base, operators, land, self._registry.plants_by_id, row)

    def _check_contract(self, principal: Principal, row: int, content: dict[str, Any]) -> list[ReportFault]:
        found = self._check_village(principal, row, content)
        if content.get("base_id") not in self._bases():
            values = {"text": str(content.get("base_id", ""))[:40]}
            found.append(ReportFault("no_base", refuses=True, values=values, row=row))
        try:
            contract_of(content)
        except (KeyError, ValueError):
            values = {"text": str(content.get("valid_from", ""))[:20]}
            found.append(ReportFault("bad_period", refuses=True, values=values, row=row))
        return found

    def _check_village(self, principal: Principal, row: int, content: dict[str, Any]) -> list[ReportFault]:
        village = str(content.get("village_id", ""))
        if sees_village(principal, self._registry, village):
            return []
        return [ReportFault("no_village", refuses=True, values={"village": village[:40]}, row=row)]

    def _income(
        self, principal: Principal, line: TableRow, bases: Mapping[str, Any]
    ) -> tuple[MoneyFact | None, ReportFault | None]:
        cells = line.cells
        source = next((one for one in PAID_SOURCES if cells["income_kind"] in _source_words(one)), None)
        yuan = decimal_of(cells["yuan"])
        if source is None:
            options = ", ".join(one.value for one in PAID_SOURCES)
            return None, _fault(line, "bad_kind", text=cells["income_kind"][:20], options=options)
        if yuan is None or yuan <= 0 or yuan * 100 != int(yuan * 100):
            return None, _fault(line, "no_number", text=cells["yuan"][:40])
        if cells["base"] not in bases:
            return None, _fault(line, "no_base", text=cells["base"][:40])
        if not sees_village(principal, self._registry, cells["village"]):
            return None, _fault(line, "no_village", village=cells["village"][:40])
        period = cells["period"][:7]
        identity = f"{cells['base']}|{period}|{source.value}|{cells['village']}|{cells['household']}"
        content = {"household": cells["household"], "source": source.value, "fen": int(yuan * 100)}
        return (
            MoneyFact(
                INCOME,
                identity,
                {**content, "base": cells["base"]},
                principal.user_id,
                self._clock.now(),
                village_id=cells["village"],
                period=period,
            ),
            None,
        )


def _source_words(source: IncomeSource) -> Sequence[str]:
    from texts.loader import LANGUAGES, Texts

    return (source.value, *(Texts(one)(f"industries.source.{source.value}") for one in LANGUAGES))


def _kept_name(name: str) -> str:
    return {"yuan_per_mu": "income_fen_per_mu", "fixed_yuan": "fixed_fen"}.get(name, name)


def _cell(name: str, text: str) -> Any:
    """Return what a cell says as plain data, None where it is empty."""
    text = text.strip()
    if not text:
        return None
    if name in {"area_mu", "capacity", "profit_share"}:
        return str(_number(text))
    if name in {"latitude", "longitude"}:
        return float(_number(text))
    if name in {"yuan_per_mu", "fixed_yuan"}:
        return int((_number(text) * 100).to_integral_value())
    if name == "is_line":
        return text.casefold() in _YES
    if name in {"villages", "households"}:
        return [part.strip() for part in text.replace("\uff0c", ",").split(",") if part.strip()]
    if name in {"valid_from", "valid_to"}:
        return _day(text)
    return text


def _number(text: str) -> Decimal:
    found = decimal_of(text)
    if found is None or found < 0:
        raise _BadCellError(text)
    return found


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as error:
        raise _BadCellError(text) from error


def _fault(line: TableRow, key: str, **values: object) -> ReportFault:
    return ReportFault(key, refuses=True, values=values, row=line.number)
