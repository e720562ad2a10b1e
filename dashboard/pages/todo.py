"""Everyone's start page: what waits for me, each thing with its step, due day, blocker and one button."""

from typing import Any

from dash import html

from access.permissions import Permission
from dashboard.components.card import card, empty
from dashboard.components.words import day_text
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.deputy import standing_lines
from dashboard.pages.own_things import drafts_part
from queries.todo import Kind, Todo, Waiting
from texts.loader import Texts


class TodoPage:
    """``/app/todo``."""

    path = "/todo"
    permission = Permission.VIEW_OVERVIEW
    title = "todo.title"

    def layout(self, visit: Visit) -> Component:
        """Return the list, the most pressing first."""
        texts = visit.texts
        view = todo_of(visit.site).view(visit.principal)
        if not view.items:
            body = empty(texts("todo.nothing"))
        else:
            body = html.Ol([_row(one, visit.site, texts) for one in view.items], className="todo")
        aside = texts("todo.sum", count=view.count, late=view.late)
        if view.count > len(view.items):
            aside = f"{aside} · {texts('todo.more', count=view.count - len(view.items))}"
        return html.Div(
            [
                html.H1(
                    texts("todo.hello", name=visit.principal.display_name, day=view.today),
                    className="visually-hidden",
                ),
                *standing_lines(visit),
                card(texts(self.title), body, aside=aside),
                *_drafts(visit),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: the list is as it was when the page was opened."""


def todo_of(site: Site) -> Todo:
    """Return the list over what this server has."""
    services = site.services
    return Todo(
        services.sources,
        site.queries.keeper,
        services.work.views if services.work is not None else None,
        services.money_queries,
        services.payout.queries if services.payout is not None else None,
    )


def _drafts(visit: Visit) -> list[Component]:
    """Return the forms this person has not sent yet."""
    texts, found = visit.texts, drafts_part(visit)
    if not found:
        return []
    rows = [
        html.Li(
            [
                html.Div(html.Span(texts("own.draft_line", title=one["title"], saved=one["saved"]))),
                html.A(texts("own.draft_button"), href=one["page"], className="button"),
            ],
            className="todo-item",
        )
        for one in found
    ]
    return [card(texts("own.drafts"), html.Ol(rows, className="todo"))]


def _row(one: Waiting, site: Site, texts: Texts) -> Component:
    below: list[Any] = []
    if one.instead_of:
        below.append(html.Span(texts("deputy.instead_of", name=one.instead_of), className="todo-due"))
    if one.due is not None:
        late = " late" if one.late else ""
        key = "todo.late" if one.late else "todo.due"
        below.append(html.Span(texts(key, day=day_text(one.due)), className=f"todo-due{late}"))
    below += [html.Span(refusal.words(texts), className="todo-blocker") for refusal in one.blockers]
    return html.Li(
        [
            html.Div([html.B(texts(f"todo.kind.{one.kind.value}")), html.Span(_what(one, site, texts))]),
            html.Div(below, className="todo-below"),
            html.A(
                texts(f"todo.button.{'see' if one.blockers else one.kind.value}"),
                href=f"{site.prefix}{one.path}",
                className="button",
            ),
        ],
        className="todo-item",
    )


def _what(one: Waiting, site: Site, texts: Texts) -> str:
    """Return what the thing is about: the place, then its words."""
    registry = site.services.sources.registry
    place = ""
    if one.plant_id in registry.plants_by_id:
        plant = registry.plants_by_id[one.plant_id]
        place = plant.label(texts.language)
    elif one.village_id in registry.villages_by_id:
        place = registry.village_label(one.village_id, texts.language)
    values = dict(one.values)
    if one.kind is Kind.PLAN:
        values["step"] = texts(f"payout.step.{one.step}")
    key = f"todo.what.{one.kind.value}"
    if one.kind is Kind.READING and "last" not in values:
        key = "todo.what.never_read"
    said = texts(key, **values) if key in texts else ""
    return " · ".join(part for part in (place, said) if part)
