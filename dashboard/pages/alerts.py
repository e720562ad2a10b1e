"""The page of alerts: what is open, one row per cause, and one alert in full."""

from dataclasses import replace
from typing import Any

from dash import Input, Output, State, dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.alert_table import detail_card, open_table
from dashboard.components.card import card
from dashboard.pages.base import Component, Site, Visit
from domain.alert import Severity
from texts.loader import Texts

REFRESH_MS = 30_000
ROWS_SHOWN = 150  # what a browser draws at once without a pause
TICK, BODY, ARGS = "alerts-tick", "alerts-body", "alerts-args"
_LEVELS = {each.name: each for each in Severity}


class AlertsPage:
    """``/app/alerts?level=S1&id=…``."""

    path = "/alerts"
    permission = Permission.VIEW_ALERTS
    title = "alerts.page.title"

    def layout(self, visit: Visit) -> Component:
        """Return the list and, where one is chosen, its detail."""
        args = {key: visit.args[key] for key in ("level", "id", "all") if key in visit.args}
        return html.Div(
            [
                html.H1(visit.texts(self.title), className="visually-hidden"),
                dcc.Interval(id=TICK, interval=REFRESH_MS),
                dcc.Store(id=ARGS, data=args),
                html.Div(body(visit.site, visit.principal, args), id=BODY, className="columns"),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """Refresh list and detail."""

        @guard.secured(
            app,
            Output(BODY, "children"),
            Input(TICK, "n_intervals"),
            State(ARGS, "data"),
            permission=Permission.VIEW_ALERTS,
            takes=(int, dict),
            prevent_initial_call=True,
            running=[(Output(TICK, "disabled"), True, False)],
        )
        def refresh(principal: Principal, _ticks: int | None, args: dict[str, str] | None) -> list[Component]:
            return body(site, principal, args or {})


def body(site: Site, principal: Principal, args: dict[str, str]) -> list[Component]:
    """Return open alerts and, where one is named in the address, that one in full."""
    texts = site.words(principal)
    queries = site.queries.alerts
    view = queries.open(principal, _LEVELS.get(str(args.get("level", ""))))
    urgent = view.counts[Severity.S1] + view.counts[Severity.S2]
    summary = texts("alerts.page.summary", count=view.total, children=view.children, urgent=urgent)
    every = args.get("all") == "1" or len(view.rows) <= ROWS_SHOWN
    shown = view if every else replace(view, rows=view.rows[:ROWS_SHOWN])
    rest = [] if every else [_rest(len(view.rows) - ROWS_SHOWN, str(args.get("level", "")), site, texts)]
    chosen = str(args.get("id", ""))
    detail = queries.detail(principal, chosen) if chosen else None
    side = [] if detail is None else [detail_card(detail, site.prefix, texts)]
    return [
        card(
            texts("alerts.page.open"),
            [html.P(summary), open_table(shown, site.prefix, texts), *rest],
            aside=_filter(site, view.counts, principal),
            class_name="grow tall",
        ),
        *side,
    ]


def _rest(count: int, level: str, site: Site, texts: Texts) -> Component:
    only = f"level={level}&" if level in _LEVELS else ""
    more = dcc.Link(texts("desk.all"), href=f"{site.prefix}alerts?{only}all=1")
    return html.P([texts("desk.rest", count=count, shown=ROWS_SHOWN), " ", more], role="status")


def _filter(site: Site, counts: Any, principal: Principal) -> Component:
    texts = site.words(principal)
    every = [dcc.Link(texts("alerts.page.all"), href=f"{site.prefix}alerts", className="count")]
    levels = [
        dcc.Link(
            f"{name} {texts(f'alerts.page.sev.{name}')} {counts[level]}",
            href=f"{site.prefix}alerts?level={name}",
            className="count",
        )
        for name, level in _LEVELS.items()
    ]
    return html.Div([*every, *levels], className="legend")
