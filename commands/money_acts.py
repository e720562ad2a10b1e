"""Further orders of the command line on money in: reversal, typed vouchers, accounts, exchanges, late subsidy, year end."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from access.principal import Principal
from commands.closing import DraftLine
from commands.money_words import file_of, read_text, refuse_rows, subsidy_list, text_of
from commands.tables import read_table
from revenue import sheet

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


def ask_reversal(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask that a voucher be reversed."""
    desk.closings.ask_reversal(who, text_of(payload, "key"), text_of(payload, "reason"))
    return {"key": text_of(payload, "key")}


def reverse(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Reverse a voucher another person asked to reverse."""
    voucher = desk.closings.reverse(who, text_of(payload, "key"))
    return {"key": text_of(payload, "key"), "period": voucher.period, "number": voucher.number}


def draft_voucher(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep a voucher typed by hand, its lines in a file."""
    optional = frozenset({"debit", "credit", "plant", "person", "lot"})
    lines = []
    for row in read_table(file_of(payload), _LINES, optional):
        cells = {name: row.cells.get(name, "").strip() for name in _LINES}
        debit, credit = (
            read_text(f"{row.number} {name}", sheet.fen, cells[name] or "0") for name in ("debit", "credit")
        )
        lines.append(
            DraftLine(cells["account"], debit - credit, cells["plant"], cells["person"], cells["lot"])
        )
    key, on = text_of(payload, "key"), read_text("--on", sheet.day, text_of(payload, "on"))
    summary, document = text_of(payload, "summary"), text_of(payload, "document")
    desk.closings.draft(who, text_of(payload, "village"), key, on, summary, document, lines)
    return {"key": key, "lines": len(lines)}


def approve_voucher(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Book a voucher another person typed."""
    voucher = desk.closings.approve(who, text_of(payload, "key"))
    return {"key": text_of(payload, "key"), "period": voucher.period, "number": voucher.number}


def platform_number(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write back the number a voucher got on the platform of the official books."""
    key, number = text_of(payload, "key"), text_of(payload, "number")
    desk.closings.note_platform_number(who, key, number)
    return {"key": key, "number": number}


def map_account(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say whose settlement account this is."""
    account, plant = text_of(payload, "account"), text_of(payload, "plant")
    desk.money_in.map_account(who, account, plant, text_of(payload, "document"))
    return {"account": account, "plant": plant}


def exchange(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Enter the exchange of a meter."""
    cells = {name: text_of(payload, name) for name in ("account", "on", "document")}
    cells |= {name: text_of(payload, name) for name in ("old_end", "new_start", "new_multiplier")}
    wrong = desk.papers.type_exchange(who, cells)
    if wrong:
        refuse_rows(wrong, who)
    return {"account": cells["account"], "on": cells["on"]}


def confirm_subsidy(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Confirm a late subsidy: a remittance list of plants and amounts, and the months it was earned in."""
    parts = subsidy_list(who, payload)
    first, last = (read_text(name, sheet.period, text_of(payload, name)) for name in ("first", "last"))
    one = desk.receipts.confirm_subsidy(who, text_of(payload, "movement"), parts, first, last)
    return {
        "movement": one.movement_id,
        "items": len(one.items),
        "villages": len({cash.village_id for cash in one.cash}),
    }


def undo_receipt(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Undo a wrong match of a receipt."""
    movement = text_of(payload, "movement")
    return {
        "movement": movement,
        "vouchers": desk.receipts.undo(who, movement, text_of(payload, "reason")),
    }


def ask_year_end(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask that a year be closed."""
    village, year = text_of(payload, "village"), _year(payload)
    reserve = read_text("--reserve", sheet.fen, text_of(payload, "reserve") or "0")
    desk.years.ask_year_end(who, village, year, reserve, text_of(payload, "document"))
    return {"village": village, "year": year}


def year_end(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Close a year another person asked to close."""
    done = desk.years.end_year(who, text_of(payload, "village"), _year(payload))
    return {
        "village": text_of(payload, "village"),
        "year": done.year,
        "result_fen": done.result_fen,
        "reserve_fen": done.reserve_fen,
        "vouchers": len(done.vouchers),
    }


def _year(payload: Mapping[str, Any]) -> int:
    return date.fromisoformat(f"{read_text('YEAR', sheet.period, text_of(payload, 'year') + '-12')}-01").year


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
