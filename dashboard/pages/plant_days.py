"""The days tab of a plant: expected beside produced, losses of a day and of the month, inverters ranked."""

from datetime import date, timedelta

from dash import dcc, html

from access.principal import Principal
from dashboard.components.card import card, empty, facts, graph
from dashboard.components.loss_figures import (
    days_figure,
    days_table,
    loss_table,
    ranking_table,
    waterfall_figure,
    waterfall_summary,
)
from dashboard.components.words import day_text, percent
from dashboard.pages.base import Component, Site
from kpis.baseline import Baseline
from queries.plant_days import PlantDays, Waterfall
from texts.loader import Texts


def body(plant_id: str, day: str, principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the tab with the losses of ``day`` (ISO, as the address has it; else of the last day known)."""
    view = site.queries.plant_days.view(principal, plant_id, _day_of(day))
    path = f"{site.plant_path(plant_id)}?tab=days"
    if view.shown is None or (view.last is None and not view.days):
        parts = [card(texts("detection.days.title"), empty(texts("detection.days.none")))]
        return parts if view.shown is None else [_chooser(view, path, texts), *parts]
    falls = html.Div(
        [
            _fall("plant-day-fall", "day", view.day, texts, day_text(view.shown)),
            _fall("plant-month-fall", "month", view.month, texts, f"{view.shown:%Y-%m}"),
        ],
        className="columns",
    )
    return [
        _chooser(view, path, texts),
        falls,
        *_causes("day", view.day, texts),
        *_causes("month", view.month, texts),
        card(texts("detection.days.title"), [_bars(view, texts), facts(_facts(view, texts))]),
        card(texts("detection.days.table"), days_table(view, path, texts)),
        card(texts("detection.days.ranking"), ranking_table(view, texts)),
    ]


def _day_of(text: str) -> date | None:
    """Return a day of the address; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _chooser(view: PlantDays, path: str, texts: Texts) -> Component:
    """Return the way to the day before and after, and a field for any day."""
    shown, today = view.shown, view.today
    assert shown is not None
    one = timedelta(days=1)

    def way(day: date, key: str) -> Component:
        return dcc.Link(
            texts(f"detection.days.{key}"), href=f"{path}&day={day.isoformat()}", className="button"
        )

    later = [way(shown + one, "later")] if today is not None and shown < today else []
    earlier = [way(shown - one, "earlier")] if shown > date.min + timedelta(days=366) else []
    field = dcc.Input(
        type="text",
        name="day",
        value=shown.isoformat(),
        pattern=r"\d{4}-\d{2}-\d{2}",
        size="10",
        autoComplete="off",
    )
    form = html.Form(
        [
            dcc.Input(type="hidden", name="tab", value="days"),
            html.Label([texts("detection.days.pick"), field]),
            html.Button(texts("detection.days.show"), type="submit", className="button"),
        ],
        method="GET",
        action=path.partition("?")[0],
        className="toolbar",
    )
    return html.Div([*earlier, form, *later], className="toolbar")


def _bars(view: PlantDays, texts: Texts) -> Component:
    if not view.days:
        return empty(texts("detection.days.unknown"))
    summary = texts("detection.days.unknown") if view.month is None else waterfall_summary(view.month, texts)
    return graph("plant-days", days_figure(view, texts), summary, texts, 240)


def _causes(key: str, fall: Waterfall | None, texts: Texts) -> list[Component]:
    if fall is None:
        return []
    title = texts(f"detection.days.{'losses' if key == 'month' else 'day_losses'}")
    return [card(title, loss_table(fall, texts, title))]


def _fall(graph_id: str, key: str, fall: Waterfall | None, texts: Texts, span: str) -> Component:
    """Return a waterfall, or why there is none."""
    title = texts(f"detection.days.{key}")
    if fall is None:
        return card(title, empty(texts("detection.days.unknown")), aside=span, class_name="half")
    summary = waterfall_summary(fall, texts)
    drawn = (
        empty(summary)
        if fall.expected_kwh is None
        else graph(graph_id, waterfall_figure(fall, texts), summary, texts, 260)
    )
    return card(title, drawn, aside=span, class_name="half")


def _facts(view: PlantDays, texts: Texts) -> list[tuple[str, str]]:
    last = view.last or view.days[-1]
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
