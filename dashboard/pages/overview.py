"""The overview: is anything wrong now, where, and what does it cost."""

from typing import Any

from dash import ClientsideFunction, Input, Output, dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.alert_cards import count_tile
from dashboard.components.card import card, draw_later, empty, graph, later_graph, tile
from dashboard.components.overview_figures import (
    heat_map_figure,
    heat_map_height,
    map_figure,
    plant_label,
    programme_figure,
)
from dashboard.components.state import data_badge, operation_badge, reason_text
from dashboard.components.theme import GAP_PAPER, HEAT_SCALE
from dashboard.components.words import age, clock_time, number, percent, power_mw, programme_energy
from dashboard.pages.base import Component, Site, Visit, picture_of
from queries.overview import OverviewView
from queries.ranking import Finding
from queries.states import DataState
from texts.loader import Texts

REFRESH_MS = 30_000
HEAT, MAP, CURVE = "overview-heat", "overview-map", "overview-curve"
TICK, TILES, WORST, NOTICE = "overview-tick", "overview-tiles", "overview-worst", "overview-notice"
NAMES = "overview-names"
_STATES = (DataState.FRESH, DataState.LATE, DataState.INTERRUPTED, DataState.NEVER)


class OverviewPage:
    """``/app/``."""

    path = "/"
    permission = Permission.VIEW_OVERVIEW
    title = "pages.overview.title"

    def layout(self, visit: Visit) -> Component:
        """Return the page with its first picture already in it."""
        texts, site = visit.texts, visit.site
        view = site.queries.overview.view(visit.principal)
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                dcc.Interval(id=TICK, interval=REFRESH_MS),
                dcc.Store(id=NAMES, data=_paths(view, site, texts)),
                html.Div(notice(view, texts), id=NOTICE),
                html.Div(
                    [*tiles(view, texts), *_alerts(visit.principal, site, texts)], id=TILES, className="tiles"
                ),
                html.Div(
                    [_heat_card(view, texts), _side(view, site, texts)],
                    className="columns",
                ),
                card(
                    texts("pages.overview.curve"),
                    later_graph(
                        CURVE,
                        programme_figure(view.curve, view.heat_map, texts),
                        curve_summary(view, texts),
                        texts,
                        250,
                    ),
                ),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """Refresh everything in one answer; a click on a cell or dot opens the plant."""

        @guard.secured(
            app,
            Output(TILES, "children"),
            Output(WORST, "children"),
            Output(NOTICE, "children"),
            Output(HEAT, "figure"),
            Output(MAP, "figure"),
            Output(f"{CURVE}-figure", "data"),
            Output(f"{HEAT}-summary", "children"),
            Output(f"{MAP}-summary", "children"),
            Output(f"{CURVE}-summary", "children"),
            Input(TICK, "n_intervals"),
            permission=Permission.VIEW_OVERVIEW,
            takes=(int,),
            shared=picture_of(site),
            prevent_initial_call=True,
            running=[(Output(TICK, "disabled"), True, False)],
        )
        def refresh(principal: Principal, _ticks: int | None) -> tuple[Any, ...]:
            texts = site.words(principal)
            view = site.queries.overview.view(principal)
            return (
                [*tiles(view, texts), *_alerts(principal, site, texts)],
                worst(view, site, texts),
                notice(view, texts),
                heat_map_figure(view.heat_map, view.taken_at, texts),
                map_figure(view, site.services.sources.registry, texts),
                programme_figure(view.curve, view.heat_map, texts),
                heat_summary(view, texts),
                map_summary(view, texts),
                curve_summary(view, texts),
            )

        draw_later(app, CURVE)
        for source in (HEAT, MAP):
            app.clientside_callback(
                ClientsideFunction("pvmon", "openPlant"),
                Output("url", "pathname", allow_duplicate=True),
                Input(source, "clickData"),
                Input(NAMES, "data"),
                prevent_initial_call=True,
            )


def _heat_card(view: OverviewView, texts: Texts) -> Component:
    figure = heat_map_figure(view.heat_map, view.taken_at, texts)
    return card(
        texts("pages.overview.heat"),
        graph(HEAT, figure, heat_summary(view, texts), texts, heat_map_height(view.heat_map)),
        aside=heat_legend(texts),
        class_name="desktop-only grow",
        key="heat",
        texts=texts,
    )


def _side(view: OverviewView, site: Site, texts: Texts) -> Component:
    figure = map_figure(view, site.services.sources.registry, texts)
    return html.Div(
        [
            card(
                texts("pages.overview.worst"),
                html.Div(worst(view, site, texts), id=WORST),
                key="worst",
                texts=texts,
            ),
            card(
                texts("pages.overview.map"),
                graph(MAP, figure, map_summary(view, texts), texts, 310),
                aside=legend(texts),
            ),
        ],
        className="column side",
    )


def _paths(view: OverviewView, site: Site, texts: Texts) -> dict[str, str]:
    """Return the address behind each row of the heat map and each dot of the map."""
    paths = {plant_label(now, texts.language): site.plant_path(now.plant.plant_id) for now in view.plants}
    paths.update({now.plant.plant_id: site.plant_path(now.plant.plant_id) for now in view.plants})
    return paths


def notice(view: OverviewView, texts: Texts) -> Any:
    """Return the bar that says the curves are older than the values, nothing when all is well."""
    if view.failed_at is None:
        return None
    words = texts("pages.overview.store_failed", time=clock_time(view.failed_at))
    return html.Div(words, className="bar warn", role="status")


def tiles(view: OverviewView, texts: Texts) -> list[Component]:
    """Return the top line: power, load, energy, links, what needs a look."""
    energy, unit = programme_energy(view.energy_kwh, texts)
    load = view.power_kw / view.reporting_capacity_kw * 100 if view.power_kw is not None else None
    plants = texts("pages.overview.plants_unit")
    rows: list[tuple[str, str, str, Any]] = [
        ("power", power_mw(view.power_kw), "MW", _power_note(view, texts)),
        (
            "load",
            number(load, 1),
            "%",
            texts("pages.overview.load_note", capacity=number(view.reporting_capacity_kw / 1e3, 2)),
        ),
        (
            "energy",
            energy,
            unit,
            texts("pages.overview.energy_note", count=view.energy_plants, live=view.live),
        ),
        (
            "links",
            str(view.live + view.manual + view.file),
            plants,
            texts("pages.overview.links_note", live=view.live, manual=view.manual, file=view.file),
        ),
        ("attention", str(view.findings), plants, _state_counts(view, texts)),
    ]
    return [
        tile(texts(f"pages.overview.{key}"), value, shown_unit, note, key=key, texts=texts)
        for key, value, shown_unit, note in rows
    ]


def _alerts(principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the tile of open alerts for who may see them."""
    queries = site.queries.alerts
    if not principal.may(Permission.VIEW_ALERTS) or site.services.sources.alerts is None:
        return []
    return [count_tile(queries.open(principal), site.prefix, texts)]


def _power_note(view: OverviewView, texts: Texts) -> list[Component]:
    """Return how many plants are in the sum, and how old its oldest value is."""
    if view.oldest_used is not None:
        oldest = texts("pages.overview.oldest", age=age(view.oldest_used, view.taken_at, texts))
    elif view.daylight:
        oldest = texts("pages.overview.no_value")
    else:
        oldest = texts("pages.overview.night", time=clock_time(view.heat_map.sunrise))
    counted = texts("pages.overview.power_note", reporting=view.reporting, live=view.live)
    return [html.B(counted), html.Span(oldest)]


def _state_counts(view: OverviewView, texts: Texts) -> list[Component]:
    return [
        html.Span([data_badge(state, texts), f" {view.data_states.get(state, 0)}"], className="count")
        for state in _STATES
        if view.data_states.get(state, 0) or state is DataState.FRESH
    ]


def worst(view: OverviewView, site: Site, texts: Texts) -> Component:
    """Return the plants that need a look first, with the reason."""
    if not view.worst:
        return empty(texts("pages.overview.all_well" if view.daylight else "pages.overview.night_well"))
    return html.Ol([_worst_row(found, site, view, texts) for found in view.worst], className="worst")


def _worst_row(found: Finding, site: Site, view: OverviewView, texts: Texts) -> Component:
    now = found.now
    state = (
        operation_badge(now.operation, texts) if now.data is DataState.FRESH else data_badge(now.data, texts)
    )
    loss = "" if not found.lost_kw else texts("pages.overview.lost", power=number(found.lost_kw, 0))
    return html.Li(
        [
            html.Div(
                [
                    dcc.Link(plant_label(now, texts.language), href=site.plant_path(now.plant.plant_id)),
                    state,
                ],
                className="worst-head",
            ),
            html.Div(
                [
                    html.Span(reason_text(found, texts, age(found.since, view.taken_at, texts))),
                    html.Span(loss),
                ],
                className="worst-why",
            ),
        ]
    )


def heat_legend(texts: Texts) -> Component:
    """Return the scale of the heat map and the colour of missing data."""
    stops = ", ".join(f"{colour} {share:.0%}" for share, colour in HEAT_SCALE)
    return html.Div(
        [
            html.Span(
                [
                    "0 %",
                    html.Span(className="ramp", style={"background": f"linear-gradient(90deg, {stops})"}),
                    "100 %",
                ]
            ),
            html.Span(
                [
                    html.Span(className="shape", style={"background": GAP_PAPER}),
                    texts("pages.overview.legend.gap"),
                ]
            ),
        ],
        className="legend",
    )


def legend(texts: Texts) -> Component:
    """Return the legend of the map: shape and word of each state."""
    shapes = ("running", "fault", "interrupted", "manual")
    return html.Div(
        [
            html.Span([html.Span(className=f"shape shape-{name}"), texts(f"pages.overview.legend.{name}")])
            for name in shapes
        ],
        className="legend",
    )


def heat_summary(view: OverviewView, texts: Texts) -> str:
    """Say the heat map in one sentence."""
    return texts(
        "pages.overview.heat_summary",
        count=len(view.heat_map.plants),
        share=percent(view.power_kw / view.reporting_capacity_kw if view.power_kw is not None else None),
    )


def map_summary(view: OverviewView, texts: Texts) -> str:
    """Say the map in one sentence."""
    return texts("pages.overview.map_summary", count=len(view.plants), bad=view.findings)


def curve_summary(view: OverviewView, texts: Texts) -> str:
    """Say the programme curve in one sentence."""
    known = [value for value in view.curve.today_kw.tolist() if value == value]  # noqa: PLR0124 (NaN)
    if not known:
        return texts("pages.overview.curve_empty")
    return texts("pages.overview.curve_summary", peak=number(max(known) / 1e3, 2))
