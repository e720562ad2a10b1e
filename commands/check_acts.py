"""Orders of the command line on what is held against the books: status, platform, hours, advices, flags, matches by list."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from access.principal import Principal
from commands.money_base import MoneyRefusedError
from commands.money_files import sheet_rows
from commands.money_words import file_of, read_text, refuse_rows, text_of
from revenue import money_rows, sheet
from revenue.platform import BooksStatus
from texts.loader import Texts

if TYPE_CHECKING:
    from commands.money_acts import Act
    from commands.money_desk import MoneyDesk


def books_status(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say whether a village's books here are official."""
    village, status = text_of(payload, "village"), text_of(payload, "status")
    if status not in {one.value for one in BooksStatus}:
        raise MoneyRefusedError("unreadable", what="STATUS", text=status[:40])
    since = read_text("--on", sheet.day, text_of(payload, "on"))
    desk.checks.set_status(who, village, BooksStatus(status), since, text_of(payload, "document"))
    words = Texts(who.language)(f"moneyviews.status.{status}")
    return {"village": village, "status": status, "words": words, "on": since.isoformat()}


def platform_codes(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep the mapping of account codes."""
    refuse_rows(desk.checks.keep_codes(who, file_of(payload)), who)
    return {}


def platform_balances(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep the platform's balances of a village and month."""
    village = text_of(payload, "village")
    period = read_text("PERIOD", sheet.period, text_of(payload, "period"))
    refuse_rows(desk.checks.keep_balances(who, village, period, file_of(payload)), who)
    return {"village": village, "period": period}


def opening_hours(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep the subsidised hours a plant had used before the books begin."""
    hours: Decimal = read_text("HOURS", sheet.number, text_of(payload, "hours"))
    since = date.fromisoformat(f"{read_text('--first', sheet.period, text_of(payload, 'first'))}-01")
    plant = text_of(payload, "plant")
    desk.checks.enter_hours(who, plant, hours, since, text_of(payload, "document"))
    return {"plant": plant, "hours": str(hours)}


def confirm_advice(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Confirm that a village's part of a remittance arrived."""
    village, movement = text_of(payload, "village"), text_of(payload, "movement")
    fen = desk.checks.confirm_advice(who, village, movement, text_of(payload, "note"))
    return {"village": village, "movement": movement, "fen": fen}


def close_flag(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Close a red flag with a reason."""
    flag = text_of(payload, "flag")
    desk.closings.close_flag(who, flag, text_of(payload, "reason"))
    return {"flag": flag}


def confirm_items(desk: "MoneyDesk", who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Confirm what a receipt pays by a list of plants, months and amounts."""
    items, problems = money_rows.items(sheet_rows(file_of(payload)))
    refuse_rows(problems, who)
    one = desk.receipts.confirm(who, text_of(payload, "movement"), items)
    villages = len({cash.village_id for cash in one.cash})
    return {"movement": one.movement_id, "items": len(one.items), "villages": villages}


CHECK_ACTS: Mapping[str, "Act"] = {
    "books_status": books_status,
    "platform_codes": platform_codes,
    "platform_balances": platform_balances,
    "opening_hours": opening_hours,
    "confirm_advice": confirm_advice,
    "close_flag": close_flag,
    "confirm_items": confirm_items,
}
