"""Voucher sheets (记账凭证) for the binder: each entry whole, with its number, its original, and lines to sign."""

import re
from collections.abc import Callable, Sequence

from commands.papers.paper import Paper
from commands.papers.read_back import page_texts
from domain.ledger import Voucher
from domain.money import Money
from revenue.refusal import refuse
from texts.loader import Texts

_WIDTHS = (180.0, 139.0, 90.0, 90.0)
_HEAD, _ROW = 110.0, 17.0


def voucher_sheets(
    books: Sequence[tuple[str, Sequence[Voucher]]], name: Callable[[str], str], texts: Texts
) -> bytes:
    """Return the vouchers of villages as one PDF; ``books`` pairs a village's label with its vouchers.

    Raises
    ------
    RefusedError
        The totals read back from the file are not those of the vouchers; nothing is made.
    """
    title = texts("papers.voucher.title")
    paper = Paper(title, f"{books[0][0]} {title}")
    for place, (village, vouchers) in enumerate(books):
        if place:
            paper.part(f"{village} {title}")
        for voucher in vouchers:
            paper.keep(_HEAD + _ROW * (len(voucher.entry.postings) + 2))
            _draw(paper, village, voucher, name, texts)
    content = paper.content()
    _read_back(content, [one for _, vouchers in books for one in vouchers], texts)
    return content


def _draw(paper: Paper, village: str, voucher: Voucher, name: Callable[[str], str], texts: Texts) -> None:
    entry = voucher.entry
    paper.gap(10)
    paper.line(f"{texts('papers.voucher.title')}　{village}", 13)
    number = f"{voucher.period}-{voucher.number}"
    paper.line(
        texts("papers.voucher.head", on=entry.booked_on, number=number, belongs=f"{entry.belongs_to:%Y-%m}")
    )
    heads = [texts(f"papers.voucher.{one}") for one in ("summary", "account", "debit", "credit")]
    rows = [
        [
            entry.summary if place == 0 else "",
            f"{posting.account} {name(posting.account)}",
            str(Money(posting.fen)) if posting.fen > 0 else "",
            str(Money(-posting.fen)) if posting.fen < 0 else "",
        ]
        for place, posting in enumerate(entry.postings)
    ]
    total = str(Money(_total(voucher)))
    paper.table(heads, _WIDTHS, [*rows, [texts("papers.voucher.total"), "", total, total]], "  nn")
    key = f"papers.voucher.kinds.{entry.source_kind}"
    kind = texts(key) if key in texts else entry.source_kind  # a kind of a newer program keeps its name
    paper.line(texts("papers.voucher.source", kind=kind, source=entry.source_id), 9)
    signed = texts("papers.voucher.signed", maker=entry.made_by or "—", checker=entry.checked_by or "—")
    paper.line(f"{signed}　{texts('papers.voucher.cashier')} ____________", 9)


def _total(voucher: Voucher) -> int:
    return sum(posting.fen for posting in voucher.entry.postings if posting.fen > 0)


def _read_back(content: bytes, vouchers: Sequence[Voucher], texts: Texts) -> None:
    """Compare the totals the file prints with those of the vouchers, in order."""
    row = re.compile(re.escape(texts("papers.voucher.total")) + r"\s+([\d,]+\.\d\d)\s+([\d,]+\.\d\d)")
    read = [amounts for page in page_texts(content) for amounts in row.findall(page)]
    if read != [(str(Money(_total(one))),) * 2 for one in vouchers]:
        raise refuse("amount_label")
