"""The quality tab of a plant: which values of the day were not believed or were held by a limit, and why."""

from datetime import timedelta
from typing import Any

from dash import html

from access.principal import Principal
from dashboard.components.card import card, empty, table
from dashboard.components.words import clock_time, day_text, number, percent, quantity_name
from dashboard.pages.base import Component, Site
from domain.timespan import day_of
from queries.masks import Mark, Masks, MasksQuery
from texts.loader import Texts

SHOWN = 200


def body(plant_id: str, device_id: str, principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the marks of today, before anything came those of yesterday; of one device where one is named."""
    sources = site.services.sources
    today = day_of(sources.clock.now(), sources.registry.plants_by_id[plant_id].time_zone)
    query = MasksQuery(sources)
    found = query.view(principal, plant_id, today)
    if not found.told:
        found = query.view(principal, plant_id, today - timedelta(days=1))
    return [_card(found, device_id, texts)]


def _card(found: Masks, device_id: str, texts: Texts) -> Component:
    marks = [one for one in found.marks if not device_id or one.device.device_id == device_id]
    title = texts("masks.of_day", day=day_text(found.day))
    if not found.told:
        return card(title, empty(texts("masks.no_values")))
    said = texts("masks.summary", values=number(found.told), marks=len(marks))
    if not marks:
        return card(title, html.P([said, " ", texts("masks.none")]))
    heads = [("device", False), ("quantity", False), ("reason", False), ("count", True), ("share", True)]
    heads += [("span", False), ("use", False)]
    rows = [_row(one, texts) for one in marks[:SHOWN]]
    parts: list[Component] = [html.P(said)]
    parts.append(table([(texts(f"masks.column.{name}"), right) for name, right in heads], rows, title))
    if len(marks) > SHOWN:
        parts.append(html.P(texts("masks.more", count=len(marks) - SHOWN), className="note"))
    return card(title, parts)


def _row(one: Mark, texts: Texts) -> list[Any]:
    return [
        one.device.name,
        quantity_name(one.quantity, texts),
        html.Span(texts(f"masks.reason.{one.reason}"), title=texts(f"masks.why.{one.reason}")),
        number(one.count),
        percent(one.count / one.told, 1) if one.told else percent(None),
        f"{clock_time(one.first)} – {clock_time(one.last)}",
        texts("masks.held" if one.believed else "masks.unbelieved"),
    ]
