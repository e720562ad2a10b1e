"""Papers typed by hand beside their photo: a statement, a bank slip, a meter exchange. Read and refused like files.

What is typed becomes a sheet of one row, so every check of an import holds here too, with the same words. The
photo is kept with the row; who checks looks at both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.money_base import MoneyRefusedError
from commands.money_in import FilePreview, MoneyIn
from commands.reading_rules import ReadingRefusedError, photo_of
from domain.money_fact import MoneyFact
from revenue import money_rows, sheet
from revenue.money_rows import MOVEMENT as MOVEMENT_COLUMNS
from revenue.receipt import MOVEMENT
from revenue.sheet import Cell, CellError
from revenue.statement import KIND as STATEMENT
from revenue.statement import GridStatement, MeterExchange
from revenue.statement_rows import COLUMNS, RowProblem, StatementReader

EXCHANGE_COLUMNS = ("account", "on", "old_end", "new_start", "new_multiplier", "document")
_SEEN_KINDS = frozenset({STATEMENT, MOVEMENT})


@guarded
class TypedPapers(MoneyIn):
    """Typing what is on a paper, with its photo."""

    @require(Permission.ENTER_MONEY)
    def preview_statement(self, principal: Principal, cells: Mapping[str, str]) -> FilePreview:
        """Return what a typed statement would do; nothing is kept."""
        return self._statement(principal, cells)[1]

    @command(Permission.ENTER_MONEY, "statement.type")
    def type_statement(self, principal: Principal, cells: Mapping[str, str], photo: bytes) -> FilePreview:
        """Keep a statement typed from its photo, every price component of it together."""
        lines, preview = self._statement(principal, cells)
        if preview.problems:
            return preview
        code, content_type = _photo(photo)
        at = self._clock.now()
        facts = [line.fact(principal.user_id, at, code) for line in lines]
        detail = {"lines": str(len(facts)), "fen": str(preview.fen), "photo": code[:12]}
        with self._carry_out(principal, "statement.type", lines[0].identity[:200], detail):
            self._records.add_photo(code, content_type, photo)
            self._keep(facts)
        return preview

    @require(Permission.ENTER_MONEY)
    def preview_movement(self, principal: Principal, cells: Mapping[str, str]) -> FilePreview:
        """Return what a typed bank slip would do; nothing is kept."""
        return self._movement(principal, cells)[1]

    @command(Permission.ENTER_MONEY, "receipt.type")
    def type_movement(self, principal: Principal, cells: Mapping[str, str], photo: bytes) -> FilePreview:
        """Keep a bank movement typed from its slip; what it pays is confirmed by another person."""
        fact, preview = self._movement(principal, cells)
        if preview.problems or fact is None:
            return preview
        code, content_type = _photo(photo)
        kept = replace(fact, content={**fact.content, "photo": code}, file_hash=code)
        with self._carry_out(
            principal, "receipt.type", fact.identity[:200], {"fen": str(preview.fen), "photo": code[:12]}
        ):
            self._records.add_photo(code, content_type, photo)
            self._keep([kept])
        return preview

    @command(Permission.ENTER_MONEY, "meter.type_exchange")
    def type_exchange(self, principal: Principal, cells: Mapping[str, str]) -> Sequence[RowProblem]:
        """Keep the exchange of the meter behind a settlement account; return what is wrong with what was typed."""
        exchange, problems = self._exchange(cells)
        if exchange is None or problems:
            return problems
        self.enter_exchange(principal, exchange, cells.get("document", ""))
        return []

    @require(Permission.ENTER_MONEY)
    def preview_exchange(self, principal: Principal, cells: Mapping[str, str]) -> Sequence[RowProblem]:
        """Return what is wrong with an exchange as it was typed; nothing is kept."""
        exchange, problems = self._exchange(cells)
        if exchange is not None:
            self._plant(principal, exchange.plant_id)
        return problems

    def _exchange(self, cells: Mapping[str, str]) -> tuple[MeterExchange | None, list[RowProblem]]:
        values, problems = _exchange_values(cells)
        plants = self._plants_of(cells.get("account", "").strip())
        if not plants:
            problems.append(
                RowProblem(2, "account", "unknown_account", {"account": cells.get("account", "")})
            )
        if problems:
            return None, problems
        readings = (values["old_end"], values["new_start"], values["new_multiplier"])
        return MeterExchange(plants[-1], values["on"], *readings), []

    @require(Permission.VIEW_INCOME)
    def photo(self, principal: Principal, kind: str, identity: str) -> tuple[str, bytes]:
        """Return content type and bytes of the photo a row was typed from, for whoever sees that row."""
        if kind not in _SEEN_KINDS:
            raise MoneyRefusedError("not_found", what=str(kind)[:40])
        fact = self._fact(kind, identity)
        if kind == STATEMENT:
            self._plant(principal, fact.plant_id)
        elif not principal.scope.everything:
            raise MoneyRefusedError("whole_district")
        found = self._records.photo(fact.file_hash) if fact.file_hash else None
        if found is None:
            raise MoneyRefusedError("not_found", what=identity[:80])
        return found

    # ------------------------------------------------------------------ helpers

    def _statement(
        self, principal: Principal, cells: Mapping[str, str]
    ) -> tuple[list[GridStatement], FilePreview]:
        rows = money_rows.typed(COLUMNS, cells)
        read = StatementReader(self._registry, self._mapped(), self._exchanges()).read(rows)
        preview = self._compared(principal, b"", read)
        if not read.lines and not preview.problems:
            raise MoneyRefusedError("nothing_typed")
        return [line for _, line in read.lines], preview

    def _movement(
        self, principal: Principal, cells: Mapping[str, str]
    ) -> tuple[MoneyFact | None, FilePreview]:
        found, problems = money_rows.movements(money_rows.typed(MOVEMENT_COLUMNS, cells))
        if not found and not problems:
            raise MoneyRefusedError("not_positive", fen=0)
        if problems:
            return None, FilePreview("", 0, 0, 0, tuple(problems))
        one = found[0][1]
        fact = one.fact(principal.user_id, self._clock.now())
        there = self._money.facts(MOVEMENT, identity=fact.identity)
        same = bool(there) and there[0].content["fen"] == one.fen
        if there and not same:
            problem = RowProblem(2, "reference", "other_fact", {"identity": fact.identity})
            return None, FilePreview("", 0, 0, 0, (problem,))
        return (None if same else fact), FilePreview("", int(not same), int(same), 0 if same else one.fen, ())

    def _plants_of(self, account: str) -> list[str]:
        """Return the plants a settlement account stands for, the newest last."""
        named = [
            plant.plant_id
            for plant in self._registry.plants
            if any(one.account_number == account for one in plant.accounts)
        ]
        mapped = self._mapped().get(account)
        return [*named, mapped] if mapped else named


def _photo(content: bytes) -> tuple[str, str]:
    if not content:
        raise MoneyRefusedError("no_photo")
    try:
        return photo_of(content)
    except ReadingRefusedError as error:
        raise MoneyRefusedError("photo_kind") from error


def _exchange_values(cells: Mapping[str, str]) -> tuple[dict[str, Any], list[RowProblem]]:
    values: dict[str, Any] = {}
    problems: list[RowProblem] = []
    for name in EXCHANGE_COLUMNS[1:-1]:
        cell = Cell(cells.get(name, "").strip())
        try:
            value = sheet.day(cell) if name == "on" else sheet.number(cell)
        except CellError as error:
            problems.append(RowProblem(2, name, error.reason, error.values))
            continue
        if value is None or (isinstance(value, Decimal) and value < 0):
            problems.append(RowProblem(2, name, "missing"))
            continue
        values[name] = value
    return values, problems
