"""What the pages of industries share: services, numbers in their unit, the bar of a target with its path."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html

from dashboard.components.markup import aria
from dashboard.components.words import MISSING
from dashboard.industry_services import IndustryServices
from dashboard.pages.base import Component, Site, Visit
from domain.errors import StoreUnavailableError
from domain.industry import month_before
from domain.money import Money
from industries.attainment import Attainment
from industries.indicator import Indicator
from texts.loader import Texts

MONTHS_SHOWN = 12
_TENTH = Decimal("0.1")


def industries_of(site: Site) -> IndustryServices:
    """Return the industries of this server."""
    if site.services.industries is None:
        raise StoreUnavailableError("this server was started without its books")
    return site.services.industries


def named(one: Any, texts: Texts) -> str:
    """Return the name of an indicator, unit, fund or town in the reader's language."""
    return str(one.name_en if texts.language == "en" else one.name)


def amount(indicator: Indicator, value: Decimal | None, texts: Texts, *, unit: bool = True) -> str:
    """Return a base-unit value in the indicator's unit."""
    shown = indicator.shown(value)
    if shown is None:
        return MISSING
    said = f"{shown.quantize(Decimal('0.01')).normalize():,f}"
    return f"{said} {named(indicator.unit, texts)}" if unit else said


def percent(share: Decimal | None) -> str:
    """Return a share as a percentage, a dash for what is not known."""
    return MISSING if share is None else f"{(share * 100).quantize(_TENTH, ROUND_HALF_UP):,} %"


def yuan(fen: int | None) -> str:
    """Return fen as yuan, a dash for what is not known."""
    return MISSING if fen is None else str(Money(fen))


def town_name(site: Site, town_id: str, texts: Texts) -> str:
    """Return the name of a town."""
    town = site.services.sources.registry.towns_by_id.get(town_id)
    return town_id if town is None else named(town, texts)


def standing_words(one: Any, texts: Texts) -> Component:
    """Return where something stands, as a word with a shape before it."""
    word = texts(f"industries.standing.{one.standing.value}")
    sign = {"ahead": "▲ ", "on_path": "● ", "behind": "▼ ", "unknown": "○ "}[one.standing.value]
    return html.Span(f"{sign}{word}", className=f"standing {one.standing.value}")


def goal(one: Attainment, texts: Texts) -> Component:
    """Return the bar of a target: filled to what is reached, with a mark where the path is."""
    target = one.target
    if target is None or target <= 0:
        return html.Span(texts("industries.page.no_target"), className="quiet")
    reached = MISSING if one.reached is None else percent(one.share)
    parts: list[Any] = []
    if one.reached is not None:
        width = min(float(one.reached / target), 1.0)
        parts.append(html.Div(className=f"goal-fill {one.standing.value}", style={"width": f"{width:.1%}"}))
    if one.expected is not None:
        left = min(float(one.expected / target), 1.0)
        parts.append(html.Div(className="goal-path", style={"left": f"{left:.1%}"}))
    words = texts(
        "industries.page.goal",
        reached=reached,
        path=percent(None if one.expected is None else one.expected / target),
    )
    return html.Div(
        [html.Div(parts, className="goal", role="img", **aria(label=words)), html.Span(reached)],
        className="goal-line",
    )


def month_links(visit: Visit, path: str, chosen: str) -> Component:
    """Return links to the last months, the chosen one marked."""
    today = industries_of(visit.site).queries.period(visit.principal)
    months, month = [], today
    for _ in range(MONTHS_SHOWN):
        months.append(month)
        month = month_before(month)
    if chosen not in months:
        months.insert(0, chosen)
    return html.Nav(
        [
            dcc.Link(
                one,
                href=f"{visit.site.prefix}{path}?{urlencode({'month': one})}",
                className="button chosen" if one == chosen else "button",
            )
            for one in months
        ],
        className="chips",
        **aria(label=visit.texts("industries.page.month")),
    )
