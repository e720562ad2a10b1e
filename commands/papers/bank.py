"""The file for the bank (一卡通 kind) and its reply: ids as text, with count, total and hash; what cannot be encoded stops it."""

from collections.abc import Mapping, Sequence
from datetime import date

from commands.papers.sheets import BANK_ENCODING, Cells, csv_file, workbook
from commands.payments import BankFile
from commands.tables import TableRow, read_table
from domain.money import Money
from domain.roster import masked_name
from revenue.notice import fen_of
from revenue.payment import ReplyLine
from revenue.refusal import Refusal, RefusedError, refuse
from texts.loader import Texts

REPLY_COLUMNS: Mapping[str, Sequence[str]] = {
    "number": ("number", "序号"),
    "amount": ("amount", "金额"),
    "state": ("state", "状态", "处理结果"),
    "on": ("on", "日期", "处理日期"),
    "reason": ("reason", "原因", "失败原因"),
    "account": ("account", "银行账号", "账号"),
}
_PAID = frozenset({"成功", "已发放", "paid", "ok"})
_RETURNED = frozenset({"失败", "退回", "returned", "failed"})


def bank_cells(file: BankFile, village: str, texts: Texts) -> Cells:
    """Return the list as it goes to the bank."""
    names = ("number", "name", "id_number", "bank", "account", "amount", "note")
    heads = tuple(texts(f"papers.bank.{name}") for name in names)
    batch = file.batch
    return Cells(
        texts("papers.bank.title", village=village),
        heads,
        tuple(
            (row.number, row.name, row.id_number, row.bank, row.account, row.fen, row.note)
            for row in file.rows
        ),
        frozenset({heads[5]}),
        (
            texts("papers.bank.title", village=village),
            texts("papers.bank.batch", batch=batch.batch_id),
            texts("papers.bank.count", count=len(batch.lines)),
            texts("papers.bank.total", fen=Money(batch.total_fen)),
            texts("papers.bank.digest", digest=batch.digest),
        ),
    )


def bank_xlsx(file: BankFile, village: str, texts: Texts) -> bytes:
    """Return the bank file as XLSX."""
    return workbook([bank_cells(file, village, texts)])


def bank_csv(file: BankFile, village: str, texts: Texts, encoding: str = BANK_ENCODING) -> bytes:
    """Return the bank file as CSV in the bank's encoding.

    Raises
    ------
    RefusedError
        Some names cannot be written in it; lists the lines, and nothing is made.
    """
    unwritable = [
        f"{row.number} {masked_name(row.name)}" for row in file.rows if not _can_write(row.name, encoding)
    ]
    if unwritable:
        raise refuse("bank_glyph", persons="、".join(unwritable))
    return csv_file(bank_cells(file, village, texts), encoding)


def _can_write(name: str, encoding: str) -> bool:
    try:
        return name.encode(encoding).decode(encoding) == name
    except UnicodeError:
        return False


def read_reply(content: bytes, today: date) -> list[ReplyLine]:
    """Return the lines of a bank's reply (XLSX or CSV).

    Raises
    ------
    TableRefusedError
        The file is no table we can read.
    RefusedError
        Every row that cannot be understood.
    """
    rows = read_table(content, REPLY_COLUMNS, frozenset({"on", "reason", "account"}))
    lines: list[ReplyLine] = []
    problems: list[Refusal] = []
    for row in rows:
        try:
            lines.append(_reply_line(row, today))
        except ValueError:
            problems.append(Refusal("reply_row", {}, row.number))
    if problems:
        raise RefusedError(problems)
    return lines


def _reply_line(row: TableRow, today: date) -> ReplyLine:
    state = row.cells["state"].strip().casefold()
    if state not in _PAID | _RETURNED:
        raise ValueError(state)
    on = row.cells.get("on", "")[:10]
    account = row.cells.get("account", "").strip()
    return ReplyLine(
        int(row.cells["number"]),
        fen_of(row.cells["amount"]),
        state in _PAID,
        date.fromisoformat(on) if on else today,
        row.cells.get("reason", "").strip()[:80],
        account[-4:] if account else "",
        row.number,
    )
