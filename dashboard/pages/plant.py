"""The page of one plant: is it all right, and if not, since when and which device."""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.card import empty
from dashboard.components.overview_figures import plant_label
from dashboard.components.state import data_badge, operation_badge, reason_text
from dashboard.components.words import age, day_text, exact_time, number
from dashboard.pages import plant_curves, plant_days, plant_devices, plant_masks, plant_papers, plant_summary
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.industries.under import under_panels
from domain.errors import AccessDeniedError
from queries.plant import PlantView
from texts.loader import Texts

REFRESH_MS = 30_000
TABS = ("summary", "curves", "days", "devices", "strings", "masks", "papers")
TICK, HEAD, BODY, TAB, PLANT = "plant-tick", "plant-head", "plant-body", "plant-tab", "plant-id"


class OnePlantPage:
    """``/app/plants/<plant_id>?tab=&device=&day=``."""

    path = "/plants/<plant_id>"
    permission = Permission.VIEW_PLANT
    title = "pages.plant.title"

    def layout(self, visit: Visit) -> Component:
        """Return the header, the tabs and the tab named in the address."""
        texts, site = visit.texts, visit.site
        view = site.queries.plant.view(visit.principal, visit.args["plant_id"])
        tab = visit.args.get("tab", TABS[0])
        tab = tab if tab in TABS else TABS[0]
        device_id, day = visit.args.get("device", ""), visit.args.get("day", "")
        return html.Div(
            [
                dcc.Interval(id=TICK, interval=REFRESH_MS),
                dcc.Store(id=PLANT, data={"plant": view.now.plant.plant_id, "device": device_id, "day": day}),
                html.Div(head(view, texts), id=HEAD, className="plant-head"),
                dmc.Tabs(
                    [
                        dmc.TabsList(
                            [dmc.TabsTab(texts(f"pages.plant.tab.{name}"), value=name) for name in TABS]
                        ),
                        *[
                            dmc.TabsPanel(html.Span(), value=name) for name in TABS
                        ],  # what a tab names must be there
                    ],
                    id=TAB,
                    value=tab,
                ),
                html.Div(
                    tab_body(tab, view, visit.principal, site, texts, device_id, day),
                    id=BODY,
                    className="column",
                ),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """Change the tab, and refresh header and tab; the curves tab has callbacks of its own."""

        @guard.secured(
            app,
            Output(HEAD, "children"),
            Output(BODY, "children"),
            Input(TAB, "value"),
            Input(TICK, "n_intervals"),
            State(PLANT, "data"),
            permission=Permission.VIEW_PLANT,
            takes=(str, int, dict),
            prevent_initial_call=True,
            running=[(Output(TICK, "disabled"), True, False)],
        )
        def refresh(
            principal: Principal, tab: str | None, _ticks: int | None, chosen: Any
        ) -> tuple[Any, Any]:
            from dash import ctx, no_update

            texts, plant_id = site.words(principal), _text(chosen, "plant")
            view = site.queries.plant.view(principal, plant_id)
            shown = tab if tab in TABS else TABS[0]
            by_timer = ctx.triggered_id == TICK
            if by_timer and shown in {"curves", "days", "masks", "papers", "strings"}:
                return head(view, texts), no_update
            device_id = _text(chosen, "device")
            day = _text(chosen, "day")
            return head(view, texts), tab_body(shown, view, principal, site, texts, device_id, day)

        plant_curves.register(app, site)
        plant_devices.register(app, site)


def _text(chosen: Any, key: str) -> str:
    """Return a text of the page's store.

    Raises
    ------
    AccessDeniedError
        The browser sent something else.
    """
    value = chosen.get(key, "") if isinstance(chosen, dict) else None
    if not isinstance(value, str):
        raise AccessDeniedError("the page sent no plant")
    return value


def head(view: PlantView, texts: Texts) -> list[Component]:
    """Return name, both states, age, capacity and what is wrong."""
    now, plant = view.now, view.now.plant
    town = view.town.label(texts.language)
    capacity = texts(
        "pages.plant.capacity", ac=number(plant.ac_capacity_kw, 1), dc=number(plant.dc_capacity_kw, 1)
    )
    parts: list[Component] = [
        html.H1(plant_label(now, texts.language)),
        operation_badge(now.operation, texts),
        data_badge(now.data, texts),
        html.Span(
            texts("pages.plant.age", age=age(now.measured_at, view.taken_at, texts)),
            className="meta",
            title=exact_time(now.measured_at),
        ),
        html.Span(f"{town} · {capacity}", className="meta"),
        html.Span(texts("pages.plant.grid_date", day=day_text(plant.grid_date)), className="meta"),
    ]
    if view.finding is not None:
        since = age(view.finding.since, view.taken_at, texts)
        parts.append(html.Div(reason_text(view.finding, texts, since), className="bar warn", role="status"))
    return parts


def tab_body(
    tab: str, view: PlantView, principal: Principal, site: Site, texts: Texts, device_id: str, day: str
) -> list[Component]:
    """Return the contents of one tab."""
    if tab == "curves":
        return plant_curves.body(view, principal, site, texts)
    if tab == "days":
        return plant_days.body(view.now.plant.plant_id, day, principal, site, texts)
    if tab == "devices":
        return plant_devices.devices(view, site, texts)
    if tab == "strings":
        found = site.queries.plant.strings(principal, view.now.plant.plant_id, device_id or None)
        if found is None:
            return [empty(texts("pages.plant.no_devices"))]
        return plant_devices.strings(view, found, texts)
    if tab == "masks":
        return plant_masks.body(view.now.plant.plant_id, device_id, principal, site, texts)
    if tab == "papers":
        below = under_panels(site, principal, view.now.plant.plant_id, texts)
        return [*plant_papers.body(view, texts), *below]
    return plant_summary.body(view, principal, site, texts)
