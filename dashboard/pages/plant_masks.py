"""The quality tab of a plant: which samples of the day came, which values were not believed or held, and why."""

from datetime import date, timedelta
from typing import Any

from dash import html

from access.principal import Principal
from dashboard.components.card import card, empty, table
from dashboard.components.words import clock_time, day_text, number, percent, quantity_name
from dashboard.pages.base import Component, Site
from domain.timespan import day_of
from queries.masks import Mark, Masks, MasksQuery
from queries.sample_accounts import AccountView, summed
from texts.loader import Texts
from texts.samples import reasons

SHOWN = 200


def body(plant_id: str, device_id: str, principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the marks of today, before anything came those of yesterday; of one device where one is named."""
    sources = site.services.sources
    today = day_of(sources.clock.now(), sources.registry.plants_by_id[plant_id].time_zone)
    query = MasksQuery(sources)
    found = query.view(principal, plant_id, today)
    if not found.told:
        found = query.view(principal, plant_id, today - timedelta(days=1))
    return [_card(found, device_id, texts), _samples(found.day, plant_id, device_id, principal, site, texts)]


def _samples(
    day: date, plant_id: str, device_id: str, principal: Principal, site: Site, texts: Texts
) -> Component:
    """Return what became of every expected sample of a day, the device with most gaps first."""
    view = site.queries.samples.view(principal, day, day, [plant_id])
    devices = site.services.sources.registry.plants_by_id[plant_id].devices
    names = {one.device_id: one.name for one in devices}
    places = {one.device_id: place for place, one in enumerate(devices)}
    accounts = [one for one in view.accounts if not device_id or one.device_id == device_id]
    title = texts("slots.page.title", day=day_text(day))
    if not accounts:
        return card(title, empty(texts("slots.page.none")))
    rows = [
        _account(names[one.device_id], summed([one]), texts)
        for one in sorted(accounts, key=lambda one: (one.good - one.expected, places[one.device_id]))
    ]
    if len(rows) > 1:
        rows.append(_account(texts("slots.page.sum"), summed(accounts), texts))
    heads = [("device", False), ("share", True), ("missing", False), ("suspect", False)]
    heads += [("expected", True), ("good", True)]
    shown = table([(texts(f"slots.page.{name}"), right) for name, right in heads], rows, title)
    return card(title, [html.P(texts("slots.page.about"), className="note"), shown])


def _account(name: str, one: AccountView, texts: Texts) -> list[Any]:
    return [
        name,
        percent(one.good_awake_share, 1),
        reasons(one.missing, texts),
        reasons(one.suspect, texts),
        number(one.expected),
        number(one.good),
    ]


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
