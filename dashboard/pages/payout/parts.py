"""What the pages of payout share: the services, addresses, names of villages and steps."""

from datetime import date
from typing import Any

from dash import dcc, html

from access.villages import villages_seen
from dashboard.components.markup import aria
from dashboard.components.words import MISSING
from dashboard.pages.base import Component, Site, Visit
from dashboard.payout_services import PayoutServices
from domain.errors import StoreUnavailableError
from domain.money import Money
from revenue.approval import ORDER, Step, StepTaken
from texts.loader import Texts


def payout_of(site: Site) -> PayoutServices:
    """Return the payout of this server."""
    if site.services.payout is None:
        raise StoreUnavailableError("this server was started without its books")
    return site.services.payout


def village_label(site: Site, village_id: str, texts: Texts) -> str:
    """Return town·village."""
    return site.services.sources.registry.village_label(village_id, texts.language)


def months(first: date, last: date) -> str:
    """Return one month or a range."""
    return f"{first:%Y-%m}" if first == last else f"{first:%Y-%m} – {last:%Y-%m}"


def yuan(fen: int) -> str:
    """Return fen as yuan."""
    return str(Money(fen))


def village_of(visit: Visit) -> str:
    """Return the village of the address when it is in scope, else the first one; empty without any."""
    known = villages_seen(visit.principal, visit.site.services.sources.registry)
    wanted = visit.args.get("village", "")
    return wanted if wanted in known else (known[0] if known else "")


def village_links(visit: Visit, path: str, chosen: str) -> Component:
    """Return the choice of a village as a list that opens: it works without a script of ours."""
    registry = visit.site.services.sources.registry
    links: list[Any] = [
        html.Li(
            dcc.Link(
                registry.village_label(one, visit.texts.language),
                href=f"{visit.site.prefix}{path}?village={one}",
            )
        )
        for one in villages_seen(visit.principal, registry)
    ]
    label = registry.village_label(chosen, visit.texts.language) if chosen else MISSING
    return html.Details([html.Summary(label), html.Ul(links)], className="village-choice")


def step_bar(steps: tuple[tuple[Step, StepTaken | None], ...], at: Step, texts: Texts) -> Component:
    """Return the steps in order: taken ones with their day and person, the one reached marked."""
    items = []
    for step, taken in steps:
        reached = ORDER.index(step) <= ORDER.index(at)
        state = "now" if step is at else ("done" if reached else "ahead")
        below = f"{taken.on} · {taken.by}" if taken else ""
        number = f"{taken.document_no}" if taken and taken.document_no else ""
        parts: list[Any] = [html.B(texts(f"payout.step.{step.value}")), html.Span(below)]
        if number:
            parts.append(html.Span(number))
        current = aria(current="step") if step is at else {}
        items.append(html.Li(parts, className=f"step {state}", **current))
    return html.Ol(items, className="steps")
