"""Reports on A4, many villages in one file: each table as it stands in the workbook, read back before it leaves."""

import re
from collections.abc import Sequence

from commands.papers.paper import MARGIN, WIDTH, Paper
from commands.papers.read_back import page_texts
from commands.papers.sheets import Cells
from domain.money import Money
from revenue.refusal import refuse
from texts.loader import Texts

_WIDE = 2.6  # the widest a column of words may be, in columns of amounts


def report_sheets(tables: Sequence[Cells], texts: Texts) -> bytes:
    """Return tables as one PDF, each on pages of its own.

    Raises
    ------
    RefusedError
        An amount read back from the file is not the one of the table; nothing is made.
    """
    paper = Paper(tables[0].name, tables[0].lead[0])
    begins = []
    for place, cells in enumerate(tables):
        if place:
            paper.part(cells.lead[0])
        begins.append(paper.pages)
        _draw(paper, cells, texts)
    content = paper.content()
    pages = page_texts(content)
    for cells, begin, end in zip(tables, begins, [*begins[1:], len(pages) + 1], strict=True):
        read = re.findall(r"-?[\d,]+\.\d\d(?!\d)", "\n".join(pages[begin - 1 : end - 1]))
        wanted = [amount for row in cells.rows for amount in _amounts(cells, row)]
        if sorted(read) != sorted(wanted):
            raise refuse("amount_label")
    return content


def _amounts(cells: Cells, row: Sequence[str | int]) -> list[str]:
    return [
        str(Money(value))
        for head, value in zip(cells.heads, row, strict=True)
        if head in cells.fen and isinstance(value, int)
    ]


def _draw(paper: Paper, cells: Cells, texts: Texts) -> None:
    for words in cells.lead:
        paper.title(words, 14)
    longest = [
        max((len(str(row[place])) for row in cells.rows), default=0) for place in range(len(cells.heads))
    ]
    shares = [
        1.0 if head in cells.fen else min(_WIDE, max(1.0, count / 9))
        for head, count in zip(cells.heads, longest, strict=True)
    ]
    widths = [(WIDTH - 2 * MARGIN) * share / sum(shares) for share in shares]
    rows = [
        [
            str(Money(value)) if head in cells.fen and isinstance(value, int) else str(value)
            for head, value in zip(cells.heads, row, strict=True)
        ]
        for row in cells.rows
    ]
    numbers = "".join("n" if head in cells.fen else " " for head in cells.heads)
    paper.table(cells.heads, widths, rows, numbers)
    paper.signatures([texts(f"papers.sign.{name}") for name in ("maker", "checker", "date")])
