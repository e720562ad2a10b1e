"""The days tab of a plant: expected beside produced, losses of a day and of the month, inverters ranked."""

from dash import html

from access.principal import Principal
from dashboard.components.card import card, empty, facts, graph
from dashboard.components.loss_figures import (
    days_figure,
    loss_table,
    ranking_table,
    waterfall_figure,
    waterfall_summary,
)
from dashboard.components.words import percent
from dashboard.pages.base import Component, Site
from kpis.baseline import Baseline
from queries.plant_days import PlantDays, Waterfall
from texts.loader import Texts


def body(plant_id: str, principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the tab."""
    view = site.queries.plant_days.view(principal, plant_id)
    if view.day is None or view.month is None:
        return [card(texts("detection.days.title"), empty(texts("detection.days.none")))]
    return [
        card(
            texts("detection.days.title"),
            [
                graph(
                    "plant-days", days_figure(view, texts), waterfall_summary(view.month, texts), texts, 240
                ),
                facts(_facts(view, texts)),
            ],
        ),
        html.Div(
            [
                _fall("plant-day-fall", "day", view.day, texts),
                _fall("plant-month-fall", "month", view.month, texts),
            ],
            className="columns",
        ),
        card(texts("detection.days.losses"), loss_table(view.month, texts)),
        card(texts("detection.days.ranking"), ranking_table(view, texts)),
    ]


def _fall(graph_id: str, key: str, fall: Waterfall, texts: Texts) -> Component:
    summary = waterfall_summary(fall, texts)
    drawn = (
        empty(summary)
        if fall.expected_kwh is None
        else graph(graph_id, waterfall_figure(fall, texts), summary, texts, 260)
    )
    return card(texts(f"detection.days.{key}"), drawn, class_name="half")


def _facts(view: PlantDays, texts: Texts) -> list[tuple[str, str]]:
    last = view.days[-1]
    return [
        (texts("detection.column.ratio_pr"), percent(last.performance_ratio, 1)),
        (texts("detection.column.availability"), percent(last.time_availability, 1)),
        (texts("detection.column.completeness"), percent(last.completeness, 1)),
        *_baselines(view.baseline, texts),
    ]


def _baselines(known: Baseline, texts: Texts) -> list[tuple[str, str]]:
    """Return attainment and year-on-year; without a baseline they say so, never 0 or 100 %."""
    none = texts("detection.days.no_baseline")
    change = none if known.year_on_year is None else percent(known.year_on_year, 1, signed=True)
    if known.estimated:
        change = texts("detection.days.by_months", change=change)
    return [
        (
            texts(f"detection.column.attainment_{span}", days=known.days),
            none if share is None else percent(share, 1),
        )
        for span, share in (("month", known.attainment_month), ("year", known.attainment_year))
    ] + [
        (texts("detection.column.year_on_year"), change),
        *([(texts("detection.column.design_source"), known.source)] if known.source else []),
    ]
