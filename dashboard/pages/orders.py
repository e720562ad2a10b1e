"""The work board: open cases and those closed within a week; one's own first for who works in the field.

By state, or by town: what one trip can settle stands together.
"""

from typing import Any

from dash import dcc, html

from access.permissions import Permission
from cases.deadlines import is_overdue
from dashboard.components.card import card, empty, table
from dashboard.components.words import date_time
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.work_words import is_phone_user, work_of
from domain.case import Case, CaseState
from domain.plant import Town
from texts.loader import Texts


class OrdersPage:
    """``/app/orders``, with ``?mine=1`` for one's own and ``?by=town`` for trips."""

    path = "/orders"
    permission = Permission.VIEW_CASES
    title = "work.orders.title"

    def layout(self, visit: Visit) -> Component:
        """Return the board."""
        texts, site = visit.texts, visit.site
        mine = visit.args.get("mine", "1" if is_phone_user(visit.principal) else "0") == "1"
        cases = work_of(site).views.board(visit.principal, only_mine=mine)
        by_town = visit.args.get("by") == "town"
        columns = _towns(cases, site, texts) if by_town else _states(cases, texts)
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                _toolbar(visit, mine=mine, by_town=by_town),
                *[_column(title, here, site, texts) for title, here in columns],
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callback: every step is a page of its own."""


def _toolbar(visit: Visit, *, mine: bool, by_town: bool) -> Component:
    texts, prefix = visit.texts, visit.site.prefix
    kept, other = ("town", "state") if by_town else ("state", "town")
    links: list[Component] = [
        dcc.Link(
            texts(f"work.orders.{'all' if mine else 'mine'}"),
            href=f"{prefix}orders?mine={int(not mine)}&by={kept}",
        ),
        dcc.Link(texts(f"care.orders.by_{other}"), href=f"{prefix}orders?mine={int(mine)}&by={other}"),
    ]
    if visit.principal.may(Permission.MANAGE_CASES):
        links += [
            html.A(texts(f"work.orders.new_{kind}"), href=f"{prefix}orders/new?kind={kind}")
            for kind in ("order", "report")
        ]
    links.append(dcc.Link(texts("work.month.title"), href=f"{prefix}work"))
    return html.Div(links, className="toolbar")


def _states(cases: list[Case], texts: Texts) -> list[tuple[str, list[Case]]]:
    return [
        (texts(f"cases.state.{state.value}"), [case for case in cases if case.state is state])
        for state in CaseState
    ]


def _towns(cases: list[Case], site: Site, texts: Texts) -> list[tuple[str, list[Case]]]:
    """Return open cases by town, the town with the most first; within a town the plants stand together."""
    towns = site.services.sources.registry.towns_by_id
    found: dict[str, list[Case]] = {}
    for case in cases:
        if case.is_open:
            found.setdefault(case.town_id, []).append(case)
    groups = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [
        (
            _town_name(towns.get(town_id), texts),
            sorted(here, key=lambda case: (case.plant_id, case.due_at or case.registered_at)),
        )
        for town_id, here in groups
    ]


def _town_name(town: Town | None, texts: Texts) -> str:
    if town is None:
        return texts("care.orders.no_town")
    return town.label(texts.language)


def _column(name: str, here: list[Case], site: Site, texts: Texts) -> Component:
    title = f"{name} · {len(here)}"
    if not here:
        return card(title, empty(texts("work.orders.none")))
    heads = [
        (texts(f"work.column.{one}"), False)
        for one in ("number", "kind", "subject", "place", "state", "assignee", "due")
    ]
    return card(title, table(heads, [_row(case, site, texts) for case in here], title))


def _row(case: Case, site: Site, texts: Texts) -> list[Any]:
    registry, now = site.services.sources.registry, site.services.sources.clock.now()
    plant = registry.plants_by_id.get(case.plant_id)
    late = is_overdue(case, now)
    where = plant.name if plant is not None else ""
    if plant is None and case.village_id in registry.villages_by_id:
        where = registry.village_label(case.village_id, texts.language)
    due = f"{date_time(case.due_at)}{texts('work.orders.late') if late else ''}"
    verdict = "" if case.recovery is None or case.recovery.recovered is None else _verdict(case, texts)
    return [
        html.A(case.number, href=f"{site.prefix}orders/{case.case_id}"),
        texts(f"cases.kind.{case.kind.value}"),
        html.Span([case.subject, html.Small(f" {verdict}")]),
        where,
        texts(f"cases.state.{case.state.value}"),
        case.assignee or "—",
        html.Span(due, style={"color": "#a61b1b", "fontWeight": 600} if late else {}),
    ]


def _verdict(case: Case, texts: Texts) -> str:
    recovery = case.recovery
    if recovery is None:
        return ""
    return texts("work.orders.recovered" if recovery.recovered else "work.orders.not_recovered")
