"""What people bring in about money: statements, bank movements, deductions, exchanges of meters, opening states.

Everything is checked before anything is kept; one bad row keeps a whole file out. What is brought in here is
not in the books yet: that is the second person's part (commands/books.py).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import partial

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.money_base import MoneyCommands, MoneyRefusedError, Said
from commands.money_files import sheet_rows
from domain.money_fact import MoneyFact
from domain.plant import Plant
from revenue import money_rows
from revenue.accounts import CostKind
from revenue.deduction import KIND as DEDUCTION
from revenue.deduction import CeilingWarning, Deduction, above_ceiling
from revenue.opening import KIND as OPENING
from revenue.opening import Opening
from revenue.ownership import watts
from revenue.receipt import MOVEMENT, Movement
from revenue.sheet import SheetRow
from revenue.statement import KIND as STATEMENT
from revenue.statement import GridStatement, MeterExchange
from revenue.statement_rows import ReadLines, RowProblem, StatementReader, accounts_by_number

MAPPING, EXCHANGE, TEMPLATE = "account_map", "meter_exchange", "statement_template"
_TEXT_CHARS_MAX = 200
Telling = Callable[[str, int, int], None]  # stage, rows done, of how many


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What an import would do. Nothing is kept while ``problems`` is not empty. ``fen`` is the sum of new rows."""

    sha256: str
    new: int
    known: int
    fen: int
    problems: tuple[RowProblem, ...]


class PaperKind(StrEnum):
    """Kinds of files that may be brought."""

    STATEMENTS = "statements"
    RECEIPTS = "receipts"
    DEDUCTIONS = "deductions"
    OPENINGS = "openings"


@dataclass(frozen=True, slots=True)
class _Paper:
    """A file as it was read: the act that keeps it, its kind of fact, its rows with their amounts, problems."""

    action: str
    kind: str
    rows: Sequence[tuple[int, Movement | Deduction | Opening, int]]
    problems: Sequence[RowProblem]


@guarded
class MoneyIn(MoneyCommands):
    """Entering and importing, for settlement institution and village accountants."""

    @require(Permission.ENTER_MONEY)
    def preview_statements(
        self,
        principal: Principal,
        content: bytes,
        columns: Mapping[str, Sequence[str]] | None = None,
        progress: Telling | None = None,
    ) -> FilePreview:
        """Return what a statement file would do, with every row that cannot be taken."""
        _, preview = self._read_statements(principal, content, columns, progress)
        return preview

    @command(Permission.ENTER_MONEY, "statement.import")
    def import_statements(
        self,
        principal: Principal,
        name: str,
        content: bytes,
        columns: Mapping[str, Sequence[str]] | None = None,
        progress: Telling | None = None,
    ) -> FilePreview:
        """Keep a statement file as a whole; the same file, or a part of it, again changes nothing.

        Raises
        ------
        MoneyRefusedError
            A row cannot be taken; `preview_statements` lists all of them.
        """
        lines, preview = self._read_statements(principal, content, columns, progress)
        if preview.problems:
            raise MoneyRefusedError("file_problems", count=len(preview.problems))
        at = self._clock.now()
        facts = [line.fact(principal.user_id, at, preview.sha256) for _, line in lines.lines]
        if columns and lines.fingerprint:
            kept: dict[str, object] = {name: list(words) for name, words in sorted(columns.items())}
            identity = hashlib.sha256(lines.fingerprint.encode()).hexdigest()
            facts.append(MoneyFact(TEMPLATE, identity, kept, principal.user_id, at))
        detail = {"file": name[:_TEXT_CHARS_MAX], "sha256": preview.sha256[:12], "new": str(preview.new)}
        with self._carry_out(principal, "statement.import", name[:_TEXT_CHARS_MAX], detail):
            for start in range(0, len(facts), 1000):
                self._keep(facts[start : start + 1000])
                if progress is not None:
                    progress("kept", min(start + 1000, len(facts)), len(facts))
        return preview

    @command(Permission.ENTER_MONEY, "statement.enter")
    def enter_statement(self, principal: Principal, line: GridStatement) -> bool:
        """Keep one line typed from a paper; its account decides the plant, its arithmetic is checked."""
        plant = self._plant(principal, line.plant_id)
        reader = StatementReader(self._registry, self._mapped(), self._exchanges())
        for reason, values in reader.faults_of(line, plant):
            raise MoneyRefusedError("line", reason=Said(f"statement.problem.{reason}", values))
        with self._carry_out(principal, "statement.enter", line.identity, {"fen": str(line.fen)}):
            return self._keep([line.fact(principal.user_id, self._clock.now())])[0]

    @command(Permission.ENTER_MONEY, "statement.map_account")
    def map_account(self, principal: Principal, account: str, plant_id: str, document: str) -> None:
        """Say whose settlement account (户号) this is, on what paper; an account is mapped once."""
        plant = self.preview_account(principal, account, plant_id, document)
        content = {"account": _words(account), "document": _words(document)}
        fact = MoneyFact(
            MAPPING, _words(account), content, principal.user_id, self._clock.now(), plant.plant_id
        )
        with self._carry_out(principal, "statement.map_account", account, {"plant": plant.plant_id}):
            self._keep([fact])

    @require(Permission.ENTER_MONEY)
    def preview_account(self, principal: Principal, account: str, plant_id: str, document: str) -> Plant:
        """Return whose account it would be said to be; an account of the registry is not mapped to another plant."""
        plant, number = self._plant(principal, plant_id), _words(account)
        _words(document)
        owners = [one.plant_id for one, _ in accounts_by_number(self._registry).get(number, ())]
        if owners and plant.plant_id not in owners:
            raise MoneyRefusedError("account_of", account=number, plant=owners[-1])
        return plant

    @command(Permission.ENTER_MONEY, "meter.exchange")
    def enter_exchange(self, principal: Principal, exchange: MeterExchange, document: str) -> None:
        """Keep the exchange of a revenue meter, so that energy can be told across it."""
        plant = self._plant(principal, exchange.plant_id)
        content = {
            "on": exchange.on.isoformat(),
            "old_end": str(exchange.old_end),
            "new_start": str(exchange.new_start),
            "new_multiplier": str(exchange.new_multiplier),
            "document": _words(document),
        }
        identity = f"{plant.plant_id}|{exchange.on.isoformat()}"
        fact = MoneyFact(EXCHANGE, identity, content, principal.user_id, self._clock.now(), plant.plant_id)
        with self._carry_out(principal, "meter.exchange", identity):
            self._keep([fact])

    @command(Permission.ENTER_MONEY, "receipt.enter")
    def enter_movement(self, principal: Principal, movement: Movement) -> bool:
        """Keep a bank movement; what it pays is proposed and confirmed by another person."""
        if movement.fen <= 0:
            raise MoneyRefusedError("not_positive", fen=movement.fen)
        with self._carry_out(
            principal, "receipt.enter", movement.identity[:_TEXT_CHARS_MAX], {"fen": str(movement.fen)}
        ):
            return self._keep([movement.fact(principal.user_id, self._clock.now())])[0]

    @command(Permission.ENTER_MONEY, "receipt.import")
    def import_movements(self, principal: Principal, name: str, content: bytes) -> FilePreview:
        """Keep a file of bank movements as a whole."""
        return self._keep_paper(principal, name, content, self._paper(principal, PaperKind.RECEIPTS, content))

    @command(Permission.ENTER_MONEY, "deduction.import")
    def import_deductions(self, principal: Principal, name: str, content: bytes) -> FilePreview:
        """Keep a file of deductions as a whole."""
        return self._keep_paper(
            principal, name, content, self._paper(principal, PaperKind.DEDUCTIONS, content)
        )

    @require(Permission.ENTER_MONEY)
    def preview(
        self,
        principal: Principal,
        kind: PaperKind,
        content: bytes,
        on: date | None = None,
        document: str = "",
        progress: Telling | None = None,
    ) -> FilePreview:
        """Return what a file of any kind would do, with every row that cannot be taken; nothing is kept."""
        if kind is PaperKind.STATEMENTS:
            return self._read_statements(principal, content, None, progress)[1]
        return self._looked_at(principal, content, self._paper(principal, kind, content, on, document))

    @command(Permission.ENTER_MONEY, "deduction.enter")
    def enter_deduction(self, principal: Principal, deduction: Deduction) -> list[CeilingWarning]:
        """Keep a deduction with its document; return the ceilings it goes beyond (a warning, no refusal)."""
        plant = self._plant(principal, deduction.plant_id)
        if deduction.fen <= 0 or not deduction.document.strip():
            raise MoneyRefusedError("no_document")
        with self._carry_out(principal, "deduction.enter", deduction.identity, {"fen": str(deduction.fen)}):
            self._keep([deduction.fact(principal.user_id, self._clock.now())])
        capacity_w = watts(plant.capacity_on(_first(deduction.period)).ac_capacity_kw)
        ceilings: Mapping[CostKind, int] = self._tariffs.ceilings
        return above_ceiling(
            plant.plant_id, capacity_w, self._deductions(plant_ids=[plant.plant_id]), ceilings
        )

    @command(Permission.ENTER_MONEY, "opening.import")
    def import_openings(
        self, principal: Principal, name: str, content: bytes, on: date, document: str
    ) -> FilePreview:
        """Keep opening states of villages from one sheet; a second person approves each."""
        paper = self._paper(principal, PaperKind.OPENINGS, content, on, document)
        return self._keep_paper(principal, name, content, paper)

    # ------------------------------------------------------------------ helpers

    def _paper(
        self,
        principal: Principal,
        kind: PaperKind,
        content: bytes,
        on: date | None = None,
        document: str = "",
    ) -> _Paper:
        """Read a file; plants and villages out of sight are refused."""
        rows = sheet_rows(content)
        if kind is PaperKind.RECEIPTS:
            moved, problems = money_rows.movements(rows)
            return _Paper("receipt.import", MOVEMENT, [(row, m, m.fen) for row, m in moved], problems)
        if kind is PaperKind.DEDUCTIONS:
            taken, problems = money_rows.deductions(rows, self._registry)
            for _, one in taken:
                self._plant(principal, one.plant_id)
            return _Paper("deduction.import", DEDUCTION, [(row, d, d.fen) for row, d in taken], problems)
        day = on or self._today()
        found, problems = money_rows.openings(rows, self._registry, day, _words(document))
        for _, opening in found:
            self._village(principal, opening.village_id)
        kept = [(row, o, sum(x.fen for x in o.lines if x.item == "bank")) for row, o in found]
        return _Paper("opening.import", OPENING, kept, problems)

    def _looked_at(self, principal: Principal, content: bytes, paper: _Paper) -> FilePreview:
        """Return what keeping a paper would do: rows that are news, known, or known with other content."""
        digest = hashlib.sha256(content).hexdigest()
        problems, new, fen = list(paper.problems), 0, 0
        kept = {fact.identity: dict(fact.content) for fact in self._money.facts(paper.kind)}
        for row, thing, amount in paper.rows:
            fact = thing.fact(principal.user_id, self._clock.now())
            there = kept.get(fact.identity)
            if there is None:
                new, fen = new + 1, fen + amount
            elif there != dict(fact.content):
                problems.append(RowProblem(row, "reference", "other_fact", {"identity": fact.identity}))
        if problems:
            return FilePreview(digest, 0, 0, 0, tuple(sorted(problems, key=lambda one: one.row)))
        return FilePreview(digest, new, len(paper.rows) - new, fen, ())

    def _keep_paper(self, principal: Principal, name: str, content: bytes, paper: _Paper) -> FilePreview:
        preview = self._looked_at(principal, content, paper)
        if preview.problems:
            return preview
        at = self._clock.now()
        facts = [thing.fact(principal.user_id, at) for _, thing, _ in paper.rows]
        detail = {"rows": str(len(facts)), "sha256": preview.sha256[:12]}
        with self._carry_out(principal, paper.action, name[:_TEXT_CHARS_MAX], detail):
            self._keep(facts)
        return preview

    def _read_statements(
        self,
        principal: Principal,
        content: bytes,
        columns: Mapping[str, Sequence[str]] | None,
        progress: Telling | None = None,
    ) -> tuple[ReadLines, FilePreview]:
        rows = sheet_rows(content)
        reader = StatementReader(
            self._registry, self._mapped(), self._exchanges(), columns or self._remembered(rows)
        )
        read = reader.read(rows, None if progress is None else partial(progress, "read"))
        return read, self._compared(principal, content, read)

    def _compared(self, principal: Principal, content: bytes, read: ReadLines) -> FilePreview:
        """Return what keeping lines would do, against what is kept and what the person sees."""
        problems = list(read.problems)
        kept = {
            (fact.plant_id, fact.identity): fact.content
            for fact in self._money.facts(
                STATEMENT, plant_ids={line.plant_id for _, line in read.lines if line.plant_id}
            )
        }
        known = fen = 0
        for row, line in read.lines:
            plant = self._registry.plants_by_id[line.plant_id]
            if not principal.sees_plant(plant, self._registry):
                problems.append(
                    RowProblem(row, "account", "unknown_account", {"account": line.account_number})
                )
            there = kept.get((line.plant_id, line.identity))
            if there is None:
                fen += line.fen
            elif dict(there) == line.content():
                known += 1
            else:
                problems.append(RowProblem(row, "number", "other_content", {"number": line.number}))
        problems.sort(key=lambda one: (one.row, one.column))
        new = len(read.lines) - known
        return FilePreview(hashlib.sha256(content).hexdigest(), new, known, fen, tuple(problems))

    def _remembered(self, rows: Sequence[SheetRow]) -> Mapping[str, Sequence[str]]:
        """Return the columns a person named for this kind of file before."""
        templates = {fact.identity: fact.content for fact in self._money.facts(TEMPLATE)}
        if not templates:
            return {}
        for words in money_rows.possible_heads(rows):
            found = templates.get(hashlib.sha256("|".join(words).encode()).hexdigest())
            if found is not None:
                return {str(name): tuple(each) for name, each in found.items()}
        return {}

    def _mapped(self) -> dict[str, str]:
        return {fact.identity: fact.plant_id for fact in self._money.facts(MAPPING)}

    def _exchanges(self) -> list[MeterExchange]:
        return [
            MeterExchange(
                fact.plant_id,
                date.fromisoformat(fact.content["on"]),
                Decimal(fact.content["old_end"]),
                Decimal(fact.content["new_start"]),
                Decimal(fact.content["new_multiplier"]),
            )
            for fact in self._money.facts(EXCHANGE)
        ]


def _words(text: str) -> str:
    plain = text.strip()
    if not plain or len(plain) > _TEXT_CHARS_MAX or not plain.isprintable():
        raise MoneyRefusedError("no_document")
    return plain


def _first(period: str) -> date:
    return date(int(period[:4]), int(period[5:7]), 1)
