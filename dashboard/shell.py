"""The frame around every page: header, menu, marks (演示时间, 样例), language, account, and the bars on top."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate
from flask import request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.markup import aria, data
from dashboard.components.seen import PICTURED, export_links, tables_in
from dashboard.components.state import icon
from dashboard.components.theme import MANTINE
from dashboard.components.words import exact_time
from dashboard.pages import desk
from dashboard.pages.base import Component, Page, Site, Visit, match
from domain.errors import AccessDeniedError, StoreError
from texts.loader import Texts

MENU = (
    ("todo", "todo", "todo.menu", Permission.VIEW_OVERVIEW),
    ("", "overview", "pages.menu.overview", Permission.VIEW_OVERVIEW),
    ("plants", "plants", "pages.menu.plants", Permission.VIEW_PLANT),
    ("compare", "compare", "compare.menu", Permission.VIEW_PLANT),
    ("queue", "queue", "work.menu.queue", Permission.VIEW_ALERTS),
    ("orders", "orders", "work.menu.orders", Permission.VIEW_CASES),
    ("alerts", "alerts", "alerts.page.title", Permission.VIEW_ALERTS),
    ("data", "data", "pages.menu.data", Permission.VIEW_OVERVIEW),
    ("reports", "notices", "reports.menu", Permission.VIEW_OVERVIEW),
    ("income", "income", "revenue.page.income", Permission.VIEW_INCOME),
    ("reconciliation", "reconciliation", "revenue.page.reconciliation", Permission.VIEW_INCOME),
    ("ledger", "ledger", "revenue.page.ledger", Permission.VIEW_INCOME),
    ("plans", "plans", "payout.page.plans", Permission.VIEW_INCOME),
    ("payments", "payments", "payout.page.payments", Permission.VIEW_INCOME),
    ("notices", "notices", "payout.page.notices", Permission.VIEW_INCOME),
    ("roster", "roster", "payout.page.roster", Permission.VIEW_PEOPLE),
    ("industries", "reconciliation", "industries.menu.overview", Permission.VIEW_INDUSTRIES),
    ("industry-alerts", "alerts", "industry_alerts.menu", Permission.VIEW_INDUSTRIES),
    ("village", "plants", "industries.menu.village", Permission.VIEW_INDUSTRIES),
    ("funds", "ledger", "industries.menu.funds", Permission.VIEW_INCOME),
    ("questions", "notices", "industries.menu.questions", Permission.VIEW_PEOPLE),
)
_INDUSTRIES = frozenset(
    {"industries", "industry-alerts", "village", "funds", "questions"}
)  # not in a practice copy
MENU_HEADS = {
    "income": "components.menu_money",
    "industries": "industries.menu.head",
}  # words above the first page of a group


def frame(site: Site, pages: tuple[Page, ...], principal: Principal) -> Component:
    """Return the frame with the page the browser stands on already in it; the router changes it later."""
    texts = site.words(principal)
    here = _asked_from(site.prefix)
    if here is None:
        body: Any = html.Div(texts("components.loading"), className="empty", role="status")
        title = texts("components.product")
    else:
        body, title = show(site, pages, principal, here[0], _args(here[1]))
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="title", data=title),
            dcc.Store(id="shown", data=None if here is None else list(here)),
            dcc.Store(id="title-done"),
            dmc.AppShell(
                [
                    dmc.AppShellHeader(_header(site, principal, texts)),
                    dmc.AppShellNavbar(_menu(site, principal, texts)),
                    dmc.AppShellMain(
                        [
                            _bar(texts),
                            desk.calls(texts),
                            html.Main(body, id="page", tabIndex=-1),
                        ]
                    ),
                ],
                id="shell",
                header={"height": 48},
                navbar={"width": 164, "breakpoint": "sm", "collapsed": {"mobile": True}},
                padding=0,
            ),
        ],
        theme=MANTINE,
        forceColorScheme="light",
    )


def _bar(texts: Texts) -> Component:
    """Return the bar that our script shows when the line is cut or the system was updated."""
    return html.Div(
        [
            html.Span(texts("components.bar.offline"), id="bar-words"),
            html.Button(texts("components.bar.reload"), id="bar-reload", type="button"),
        ],
        id="bar",
        className="bar",
        hidden=True,
        role="status",
        **data(
            **{name: texts(f"components.bar.{name}") for name in ("offline", "build", "denied", "failed")}
        ),
        **aria(live="polite"),
    )


def _marks(site: Site, texts: Texts) -> list[Component]:
    """Return the marks that say what is not real: field time, the registry."""
    sources = site.services.sources
    clock_why = texts("components.mark.clock_why", time=exact_time(sources.clock.now()))
    marks = []
    if site.settings.demo_clock:
        marks.append(html.Span(texts("components.mark.clock"), className="mark", title=clock_why))
    if sources.registry.sample:
        sample_why = texts("components.mark.sample_why")
        marks.append(html.Span(texts("components.mark.sample"), className="mark", title=sample_why))
    return marks


def _district(site: Site, texts: Texts) -> str:
    registry = site.services.sources.registry
    return registry.district_en if texts.language == "en" and registry.district_en else registry.district


def _header(site: Site, principal: Principal, texts: Texts) -> Component:
    other = "en" if texts.language == "zh" else "zh"
    return html.Div(
        [
            dmc.Burger(
                id="burger",
                size="sm",
                hiddenFrom="sm",
                opened=False,
                **aria(label=texts("components.menu")),
            ),
            dcc.Link(
                [
                    html.Span(texts("components.product"), className="brand-long"),
                    html.Span(texts("components.product_short"), className="brand-short"),
                ],
                href=site.prefix,
                className="brand",
            ),
            html.Span(_district(site, texts), className="district desktop-only"),
            html.Div(_marks(site, texts), className="marks"),
            html.A(
                texts("components.other_language"),
                href=f"?lang={other}",
                className="plain-link",
                lang="en" if other == "en" else "zh-CN",
            ),
            *_setup_link(site, principal, texts),
            *desk.bell(site, principal, texts),
            html.Span(principal.display_name, className="who desktop-only"),
            html.Form(
                [
                    dcc.Input(type="hidden", name="csrf_token", value=generate_csrf()),
                    html.Button(texts("components.log_out"), type="submit", className="plain-link"),
                ],
                action="/logout",
                method="POST",
            ),
        ],
        className="header",
    )


def _setup_link(site: Site, principal: Principal, texts: Texts) -> list[Component]:
    """Return the way to setting up, for who may."""
    if site.services.setup is None or not principal.may(Permission.CHANGE_REGISTRY):
        return []
    return [html.A(texts("setup.menu"), href=f"{site.prefix}setup", className="plain-link")]


def _menu(site: Site, principal: Principal, texts: Texts) -> Component:
    links: list[Component] = []
    for path, picture, key, permission in MENU:
        if not principal.may(permission) or (path in _INDUSTRIES and site.services.industries is None):
            continue
        if path in MENU_HEADS:
            links.append(html.Div(texts(MENU_HEADS[path]), className="menu-head"))
        links.append(
            dmc.NavLink(
                label=texts(key),
                href=site.prefix + path,
                leftSection=icon(f"menu-{picture}"),
                active="exact" if not path else "partial",
                className="menu-link",
            )
        )
    if site.services.practice is not None and principal.may(Permission.MAKE_PLAN):
        there = {
            "href": f"{site.prefix}practice",
            "leftSection": icon("menu-orders"),
            "className": "menu-link",
        }
        links.append(dmc.NavLink(label=texts("practice.menu"), refresh=True, **there))
    return html.Nav(links, className="menu", **aria(label=texts("components.menu")))


def _asked_from(prefix: str) -> tuple[str, str] | None:
    """Return path and query of the page that asks for its frame, None when the browser does not say."""
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc != request.host or not parts.path.startswith(prefix):
        return None
    return parts.path, f"?{parts.query}" if parts.query else ""


def _args(search: str) -> dict[str, str]:
    return dict(parse_qsl(search.lstrip("?"))[:20])


def find(pages: tuple[Page, ...], path: str, prefix: str) -> tuple[Page, dict[str, str]] | None:
    """Return the page at ``path`` with the parts of the path, None when there is none."""
    if not path.startswith(prefix.rstrip("/")):
        return None
    below = path[len(prefix.rstrip("/")) :]
    for page in pages:
        found = match(below, page.path)
        if found is not None:
            return page, found
    return None


def no_page(texts: Texts, site: Site) -> Component:
    """Return what stands where no page is: the same for a plant that is not there and one out of scope."""
    return _trouble("components.trouble.missing", texts, site)


def _trouble(key: str, texts: Texts, site: Site) -> Component:
    return html.Div(
        [
            html.H1(texts(f"{key}.title")),
            html.P(texts(f"{key}.cure")),
            dcc.Link(texts("components.trouble.back"), href=site.prefix),
        ],
        className="page trouble",
        role="alert",
    )


def show(
    site: Site, pages: tuple[Page, ...], principal: Principal, path: str, args: dict[str, str]
) -> tuple[Any, str]:
    """Return the page at ``path`` and its title; what goes wrong is said in its place."""
    texts = site.words(principal)
    name = texts("components.product")
    found = find(pages, path, site.prefix)
    if found is None:
        return no_page(texts, site), name
    page, parts = found
    if not principal.may(page.permission):
        return _trouble("components.trouble.denied", texts, site), name
    try:
        layout = page.layout(Visit(site, principal, texts, {**args, **parts}))
    except AccessDeniedError:
        return no_page(texts, site), name
    except StoreError:
        return _trouble("components.trouble.store", texts, site), name
    children = getattr(layout, "children", None)
    if isinstance(children, list):
        tables = tables_in(layout, texts(page.title))
        pictured = page.path in PICTURED
        links = export_links(tables, path, args, texts, site.prefix, pictured=pictured)
        layout.children = [*children, links]
    return layout, f"{texts(page.title)} · {name}"


def register(app: Any, site: Site, pages: tuple[Page, ...]) -> None:
    """Register the router and the small scripts of the frame."""

    @guard.secured(
        app,
        Output("page", "children"),
        Output("title", "data"),
        Output("shown", "data"),
        Input("url", "pathname"),
        Input("url", "search"),
        State("shown", "data"),
        permission=Permission.ANYONE,
        takes=(str, str, list),
        prevent_initial_call=True,
    )
    def route(principal: Principal, path: str | None, search: str | None, shown: Any) -> tuple[Any, Any, Any]:
        here = [path or site.prefix, search or ""]
        if here == shown:  # it came with the frame
            raise PreventUpdate
        return *show(site, pages, principal, here[0], _args(here[1])), here

    app.clientside_callback(
        ClientsideFunction("pvmon", "setTitle"), Output("title-done", "data"), Input("title", "data")
    )
    app.clientside_callback(
        ClientsideFunction("pvmon", "toggleMenu"),
        Output("shell", "navbar"),
        Output("burger", "opened"),
        Input("burger", "opened"),
        Input("url", "pathname"),
        State("shell", "navbar"),
        prevent_initial_call=True,
    )
