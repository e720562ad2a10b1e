"""The bank's reply as it comes, XLSX or CSV, row by row."""

from collections.abc import Mapping, Sequence
from datetime import date

from commands.tables import TableRow, read_table
from revenue.notice import fen_of
from revenue.payment import ReplyLine
from revenue.refusal import Refusal, RefusedError

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
