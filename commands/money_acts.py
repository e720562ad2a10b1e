"""Further orders of the command line on money in: reversal, typed vouchers, accounts, exchanges, late subsidy, year end."""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from access.principal import Principal
from commands.closing import DraftLine
from commands.money_base import MoneyRefusedError
from commands.tables import read_table
from revenue import sheet
from revenue.sheet import Cell, CellError
from texts.loader import Texts

if TYPE_CHECKING:
    from commands.money_desk import MoneyDesk

Act = Callable[["MoneyDesk", Principal, Mapping[str, Any]], Mapping[str, Any]]
_LINES: Mapping[str, tuple[str, ...]] = {
    "account": ("account", "科目", "科目代码"),
    "debit": ("debit", "借方", "借方（元）"),
    "credit": ("credit", "贷方", "贷方（元）"),
    "plant": ("plant", "电站", "电站编号"),
    "person": ("person", "人员", "人员编号"),
    "lot": ("lot", "资金来源"),
}
_SUBSIDIES: Mapping[str, tuple[str, ...]] = {
    "plant": ("plant", "电站", "电站编号"),
    "amount": ("amount", "金额", "金额（元）"),
}


def _text(payload: Mapping[str, Any], name: str) -> str:
    return str(payload.get(name) or "").strip()


def _file(payload: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(_text(payload, "content"), validate=True)
    except binascii.Error as error:
        raise MoneyRefusedError("unreadable", what="--file", text="") from error


def _read(name: str, read: Callable[[Cell], Any], text: str) -> Any:
    """Return a typed value; what cannot be read is refused with its name and the reason in words."""
    try:
        found = read(Cell(text.strip()))
    except CellError as error:
        raise MoneyRefusedError("unreadable", what=name, text=text[:40]) from error
    if found is None:
        raise MoneyRefusedError("unreadable", what=name, text=text[:40])
    return found


def ask_reversal(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask that a voucher be reversed."""
    desk.closings.ask_reversal(who, _text(payload, "key"), _text(payload, "reason"))
    return {"key": _text(payload, "key")}


def reverse(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Reverse a voucher another person asked to reverse."""
    voucher = desk.closings.reverse(who, _text(payload, "key"))
    return {"key": _text(payload, "key"), "period": voucher.period, "number": voucher.number}


def draft_voucher(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep a voucher typed by hand, its lines in a file."""
    optional = frozenset({"debit", "credit", "plant", "person", "lot"})
    lines = []
    for row in read_table(_file(payload), _LINES, optional):
        cells = {name: row.cells.get(name, "").strip() for name in _LINES}
        debit, credit = (
            _read(f"{row.number} {name}", sheet.fen, cells[name] or "0") for name in ("debit", "credit")
        )
        lines.append(
            DraftLine(cells["account"], debit - credit, cells["plant"], cells["person"], cells["lot"])
        )
    key, on = _text(payload, "key"), _read("--on", sheet.day, _text(payload, "on"))
    summary, document = _text(payload, "summary"), _text(payload, "document")
    desk.closings.draft(who, _text(payload, "village"), key, on, summary, document, lines)
    return {"key": key, "lines": len(lines)}


def approve_voucher(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Book a voucher another person typed."""
    voucher = desk.closings.approve(who, _text(payload, "key"))
    return {"key": _text(payload, "key"), "period": voucher.period, "number": voucher.number}


def platform_number(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write back the number a voucher got on the platform of the official books."""
    key, number = _text(payload, "key"), _text(payload, "number")
    desk.closings.note_platform_number(who, key, number)
    return {"key": key, "number": number}


def map_account(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say whose settlement account this is."""
    account, plant = _text(payload, "account"), _text(payload, "plant")
    desk.money_in.map_account(who, account, plant, _text(payload, "document"))
    return {"account": account, "plant": plant}


def exchange(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Enter the exchange of a meter."""
    cells = {name: _text(payload, name) for name in ("account", "on", "document")}
    cells |= {name: _text(payload, name) for name in ("old_end", "new_start", "new_multiplier")}
    wrong = desk.papers.type_exchange(who, cells)
    if wrong:
        texts = Texts(who.language)
        said = texts(f"statement.problem.{wrong[0].reason}", **wrong[0].values)
        raise MoneyRefusedError("line", reason=texts(f"statement.column.{wrong[0].column}"), values=said)
    return {"account": cells["account"], "on": cells["on"]}


def confirm_subsidy(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Confirm a late subsidy: a remittance list of plants and amounts, and the months it was earned in."""
    rows = read_table(_file(payload), _SUBSIDIES)
    parts: dict[str, int] = {}
    for row in rows:
        plant = row.cells["plant"].strip()
        parts[plant] = parts.get(plant, 0) + _read(f"{row.number}", sheet.fen, row.cells["amount"])
    first, last = (_read(name, sheet.period, _text(payload, name)) for name in ("first", "last"))
    one = desk.receipts.confirm_subsidy(who, _text(payload, "movement"), parts, first, last)
    return {
        "movement": one.movement_id,
        "items": len(one.items),
        "villages": len({cash.village_id for cash in one.cash}),
    }


def undo_receipt(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Undo a wrong match of a receipt."""
    movement = _text(payload, "movement")
    return {
        "movement": movement,
        "vouchers": desk.receipts.undo(who, movement, _text(payload, "reason")),
    }


def ask_year_end(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask that a year be closed."""
    village, year = _text(payload, "village"), _year(payload)
    reserve = _read("--reserve", sheet.fen, _text(payload, "reserve") or "0")
    desk.years.ask_year_end(who, village, year, reserve, _text(payload, "document"))
    return {"village": village, "year": year}


def year_end(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Close a year another person asked to close."""
    done = desk.years.end_year(who, _text(payload, "village"), _year(payload))
    return {
        "village": _text(payload, "village"),
        "year": done.year,
        "result_fen": done.result_fen,
        "reserve_fen": done.reserve_fen,
        "vouchers": len(done.vouchers),
    }


def _year(payload: Mapping[str, Any]) -> int:
    return date.fromisoformat(f"{_read('YEAR', sheet.period, _text(payload, 'year') + '-12')}-01").year


ACTS: Mapping[str, Act] = {
    "ask_reversal": ask_reversal,
    "reverse": reverse,
    "draft_voucher": draft_voucher,
    "approve_voucher": approve_voucher,
    "platform_number": platform_number,
    "map_account": map_account,
    "exchange": exchange,
    "confirm_subsidy": confirm_subsidy,
    "undo_receipt": undo_receipt,
    "ask_year_end": ask_year_end,
    "year_end": year_end,
}
