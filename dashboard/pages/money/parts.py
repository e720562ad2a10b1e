"""What the money pages share: amounts, choices of month and village, their address."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html

from commands.money_desk import MoneyDesk
from dashboard.components.markup import aria
from dashboard.components.words import MISSING
from dashboard.pages.base import Component, Site, Visit
from domain.errors import StoreUnavailableError
from domain.money import Money
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView
from texts.loader import Texts

MONTHS_MAX = 24


def yuan(fen: int | None) -> str:
    """Return fen as yuan with commas and two decimals, a dash for what is missing."""
    return MISSING if fen is None else str(Money(fen))


def decimal_text(value: Decimal | None) -> str:
    """Return an exact number with commas, a dash for what is missing."""
    return MISSING if value is None else f"{value.normalize():,f}"


def queries_of(site: Site) -> MoneyQueries:
    """Return the queries on money of this server."""
    if site.services.money_queries is None:
        raise StoreUnavailableError("this server was started without its books")
    return site.services.money_queries


def checks_of(site: Site) -> MoneyChecksView:
    """Return what is held against the books of this server."""
    if site.services.money_checks is None:
        raise StoreUnavailableError("this server was started without its books")
    return site.services.money_checks


def desk_of(site: Site) -> MoneyDesk:
    """Return the commands on money of this server."""
    if site.services.money is None:
        raise StoreUnavailableError("this server was started without its books")
    return site.services.money


def month_of(visit: Visit, months: Sequence[str]) -> str:
    """Return the month of the address, else the newest one with statements, else an empty text."""
    wanted = visit.args.get("month", "")
    return wanted if wanted in months else (months[0] if months else "")


def village_of(visit: Visit, villages: Sequence[tuple[str, str]]) -> str:
    """Return the village of the address when it is in scope, else the first one in scope."""
    wanted = visit.args.get("village", "")
    known = [village for village, _ in villages]
    return wanted if wanted in known else (known[0] if known else "")


def months_bar(visit: Visit, path: str, months: Sequence[str], chosen: str, **kept: str) -> Component:
    """Return links to the months, the chosen one marked."""
    prefix = visit.site.prefix
    return html.Nav(
        [
            dcc.Link(
                month,
                href=f"{prefix}{path}?{urlencode({**kept, 'month': month})}",
                className="button chosen" if month == chosen else "button",
            )
            for month in months[:MONTHS_MAX]
        ],
        className="chips",
        **aria(label=visit.texts("revenue.page.month")),
    )


def village_choice(
    component_id: str, villages: Sequence[tuple[str, str]], chosen: str, texts: Texts
) -> Component:
    """Return the choice of a village by town·village; its callback changes the address."""
    options: list[Any] = [{"label": label, "value": village} for village, label in villages]
    return html.Div(
        [
            html.Label(texts("revenue.page.village"), htmlFor=component_id, className="visually-hidden"),
            dcc.Dropdown(id=component_id, options=options, value=chosen, clearable=False, searchable=True),
        ],
        style={"minWidth": "240px"},
    )


def cut_note(key: str, shown: int, count: int, texts: Texts) -> list[Component]:
    """Return what is said of a list of which only ``shown`` of ``count`` rows are shown; nothing where all are."""
    if count <= shown:
        return []
    return [html.P(texts(f"revenue.page.{key}", shown=shown, count=count), className="note")]
