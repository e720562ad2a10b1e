"""The books as files: beancount for an independent check, CSV and XLSX for the 三资 platform and for people."""

import base64
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from access.principal import Principal
from commands.authenticate import Authenticate
from commands.console import logged_in
from domain.cell import harmless_or_number
from domain.errors import CommandError
from queries.money import MoneyQueries
from revenue import accounts
from revenue.export import COLUMNS, beancount_text, flat_rows
from texts.loader import Texts

_ROWS_MAX = 1_000_000  # a sheet holds a little more


def account_names(texts: Texts) -> dict[str, str]:
    """Return the words of every account."""
    return {code: texts(f"ledger.account.{code}") for code in accounts.EVERY}


def export(
    queries: MoneyQueries,
    principal: Principal,
    form: str,
    village_id: str | None,
    codes: Mapping[str, str],
    texts: Texts,
) -> tuple[bytes, int, int]:
    """Return a file of vouchers in scope, and how many vouchers and lines it holds."""
    vouchers, balances = queries.books(principal, village_id)
    lines = sum(len(voucher.entry.postings) for voucher in vouchers)
    if form == "beancount":
        text = "\n".join(beancount_text(vouchers, balances)) + "\n"
        return text.encode(), len(vouchers), lines
    rows = flat_rows(vouchers, account_names(texts), codes)
    if form == "csv":
        return _csv(rows, texts), len(vouchers), lines
    if form == "xlsx":
        if lines > _ROWS_MAX:
            raise CommandError(
                f"{lines} lines do not fit into one sheet; export village by village, or as csv"
            )
        return _xlsx(rows, texts), len(vouchers), lines
    raise CommandError(f"there is no format {form!r}; there are beancount, csv, xlsx")


def _headings(texts: Texts) -> list[str]:
    return [texts(f"revenue.column.{name}") for name in COLUMNS]


def _csv(rows: Iterator[tuple[str, ...]], texts: Texts) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_headings(texts))
    for row in rows:
        writer.writerow([harmless_or_number(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _xlsx(rows: Iterator[tuple[str, ...]], texts: Texts) -> bytes:
    """Write every cell as text, so that no code loses digits; amounts are text in yuan with two decimals."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet()
    text = book.add_format({"num_format": "@"})
    for number, row in enumerate((_headings(texts), *rows)):
        for place, value in enumerate(row):
            sheet.write_string(number, place, value, text)
    book.close()
    return out.getvalue()


def export_order(
    queries: MoneyQueries,
    authenticate: Authenticate,
    kept_codes: Callable[[Principal], Mapping[str, str]],
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Return the order of the command line that exports the books, as a person who may see them.

    Without a mapping of its own an export uses the one that was kept.
    """

    def exported(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        codes = {str(ours): str(theirs) for ours, theirs in (payload.get("codes") or {}).items()}
        with logged_in(authenticate, payload) as principal:
            content, vouchers, lines = export(
                queries,
                principal,
                str(payload.get("format", "")),
                str(payload.get("village") or "") or None,
                codes or kept_codes(principal),
                Texts(str(payload.get("lang") or "zh")),
            )
        return {"content": base64.b64encode(content).decode(), "vouchers": vouchers, "lines": lines}

    return exported
