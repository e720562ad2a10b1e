"""What an order of the command line was given, read: texts, a file, a value; what cannot be read is refused by name."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from access.principal import Principal
from commands.money_base import MoneyRefusedError
from commands.money_files import sheet_rows
from revenue import money_rows
from revenue.sheet import Cell, CellError
from revenue.statement_rows import RowProblem
from texts.loader import Texts


def text_of(payload: Mapping[str, Any], name: str) -> str:
    """Return a text, empty when it was not given."""
    return str(payload.get(name) or "").strip()


def file_of(payload: Mapping[str, Any]) -> bytes:
    """Return the bytes of the file that came with an order."""
    try:
        return base64.b64decode(text_of(payload, "content"), validate=True)
    except binascii.Error as error:
        raise MoneyRefusedError("unreadable", what="--file", text="") from error


def read_text(name: str, read: Callable[[Cell], Any], text: str) -> Any:
    """Return a typed value; what cannot be read is refused with its name and the reason in words."""
    try:
        found = read(Cell(text.strip()))
    except CellError as error:
        raise MoneyRefusedError("unreadable", what=name, text=text[:40]) from error
    if found is None:
        raise MoneyRefusedError("unreadable", what=name, text=text[:40])
    return found


def problem_words(problems: Sequence[RowProblem], texts: Texts) -> list[str]:
    """Return row problems as sentences: row, column, reason."""
    return [
        texts(
            "entry.problem",
            row=one.row,
            column=texts(f"statement.column.{one.column}"),
            message=texts(f"statement.problem.{one.reason}", **one.values),
        )
        for one in problems
    ]


def refuse_rows(problems: Sequence[RowProblem], who: Principal) -> None:
    """Refuse a file for its rows, each with row, column and reason."""
    if problems:
        said = "; ".join(problem_words(problems[:20], Texts(who.language)))
        raise MoneyRefusedError("file_rows", rows=said)


def subsidy_list(who: Principal, payload: Mapping[str, Any]) -> dict[str, int]:
    """Return the amount of each plant by a remittance list. [fen]"""
    found, problems = money_rows.subsidies(sheet_rows(file_of(payload)))
    refuse_rows(problems, who)
    return found
