"""Expected beside produced by day, the way from expected to produced, the ranking of inverters. Pure."""

from typing import Any

from dash import dcc, html

from dashboard.components.card import Component, empty, table
from dashboard.components.theme import BAND, ENERGY, GREEN, INK, QUIET, RED, SLATE, figure_layout, value_axis
from dashboard.components.words import MISSING, day_text, number, percent
from queries.plant_days import PlantDays, Ranked, Waterfall
from texts.loader import Texts

Figure = dict[str, Any]
RANKING = ("device", "yield", "ratio", "availability", "lost")
_WEAK, _LOW = 0.95, 0.90  # of the median: attention, alarm
_KWH = {"text": "kWh", "font": {"size": 11, "color": QUIET}}


def days_figure(view: PlantDays, texts: Texts) -> Figure:
    """Draw produced energy of each day before what was expected; a day that is not known has no bar. [kWh]"""
    days = [each.day.isoformat() for each in view.days]
    hover = "%{x}<br>%{y:,.0f} kWh<extra>%{fullData.name}</extra>"
    bars = (
        ("expected", [each.expected_kwh for each in view.days], BAND),
        ("produced", [each.energy_kwh for each in view.days], ENERGY),
    )
    return {
        "data": [
            {
                "type": "bar",
                "name": texts(f"detection.days.{name}"),
                "x": days,
                "y": values,
                "marker": {"color": colour},
                "hovertemplate": hover,
            }
            for name, values, colour in bars
        ],
        "layout": figure_layout(
            barmode="overlay",
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            xaxis={"type": "date", "tickformat": "%m-%d", "fixedrange": True},
            yaxis=value_axis(title=_KWH),
            margin={"l": 56, "r": 12, "t": 28, "b": 28},
        ),
    }


def waterfall_figure(fall: Waterfall, texts: Texts) -> Figure:
    """Draw the way from expected to produced, a hanging bar for each cause. [kWh]

    Bars on a base of their own: the drawing library's part that is delivered has no waterfalls.
    """
    names = [texts("detection.days.expected")]
    names += [texts(f"detection.cause.{each.cause}") for each in fall.losses]
    names.append(texts("detection.days.produced"))
    level = fall.expected_kwh or 0.0
    bases, heights, colours, signed = [0.0], [level], [SLATE], [level]
    for each in fall.losses:
        left = level - each.lost_kwh
        bases.append(min(level, left))
        heights.append(abs(each.lost_kwh))
        colours.append(RED if each.lost_kwh > 0 else GREEN)
        signed.append(-each.lost_kwh)
        level = left
    produced = fall.produced_kwh or 0.0
    return {
        "data": [
            {
                "type": "bar",
                "x": names,
                "base": [*bases, 0.0],
                "y": [*heights, produced],
                "customdata": [*signed, produced],
                "marker": {"color": [*colours, ENERGY], "line": {"color": INK, "width": 0.5}},
                "hovertemplate": "%{x}<br>%{customdata:,.1f} kWh<extra></extra>",
            }
        ],
        "layout": figure_layout(
            xaxis={"type": "category", "automargin": True, "fixedrange": True},
            yaxis=value_axis(title=_KWH),
            margin={"l": 56, "r": 24, "t": 8, "b": 48},
        ),
    }


def waterfall_summary(fall: Waterfall, texts: Texts) -> str:
    """Say the waterfall in one sentence."""
    if fall.expected_kwh is None or fall.produced_kwh is None:
        return texts("detection.days.no_expectation")
    span = (
        day_text(fall.last) if fall.first == fall.last else f"{day_text(fall.first)} – {day_text(fall.last)}"
    )
    return texts(
        "detection.days.fall",
        span=span,
        expected=number(fall.expected_kwh, 0),
        produced=number(fall.produced_kwh, 0),
        lost=number(fall.expected_kwh - fall.produced_kwh, 0),
    )


def loss_table(fall: Waterfall, texts: Texts, caption: str = "") -> Component:
    """Return every cause with its range and its worth in both parts."""
    if not fall.losses:
        return empty(texts("detection.days.nothing_lost"))
    heads = [("cause", False), ("lost", True), ("range", True), ("benchmark", True), ("subsidy", True)]
    rows: list[list[Any]] = [
        [
            texts(f"detection.cause.{each.cause}"),
            number(each.lost_kwh, 1),
            f"{number(each.low_kwh, 1)} – {number(each.high_kwh, 1)}",
            _yuan(each.benchmark_fen),
            _yuan(each.subsidy_fen),
        ]
        for each in fall.losses
    ]
    return table(
        [(texts(f"detection.column.{key}"), is_number) for key, is_number in heads],
        rows,
        caption or texts("detection.days.losses"),
    )


def days_table(view: PlantDays, path: str, texts: Texts) -> Component:
    """Return the days, the last first, each a link to its losses under ``path``; that shown is marked."""
    rows: list[list[Any]] = [
        [
            html.Strong(day_text(each.day))
            if each.day == view.shown
            else dcc.Link(day_text(each.day), href=f"{path}&day={each.day.isoformat()}"),
            number(each.expected_kwh, 1),
            number(each.energy_kwh, 1),
            number(each.lost_kwh, 1),
            percent(each.performance_ratio, 1),
        ]
        for each in reversed(view.days)
    ]
    heads = ("day", "expected", "produced", "lost", "ratio_of_day")
    return table(
        [(texts(f"detection.column.{key}"), key != "day") for key in heads],
        rows,
        texts("detection.days.table"),
    )


def ranking_table(view: PlantDays, texts: Texts) -> Component:
    """Return the inverters, the weakest first."""
    if not view.ranking:
        return empty(texts("detection.days.none"))
    return table(
        [(texts(f"detection.column.{key}"), key != "device") for key in RANKING],
        [ranked_cells(each, texts) for each in view.ranking],
        texts("detection.days.ranking"),
    )


def ranked_cells(each: Ranked, texts: Texts) -> list[Any]:
    """Return the cells of one inverter, in the order of `RANKING`."""
    word = ""
    if each.ratio is not None and each.ratio < _WEAK:
        word = texts("detection.rank.low" if each.ratio < _LOW else "detection.rank.weak")
    return [
        html.Span([each.device.name, html.Span(f" {word}", className="stale")] if word else each.device.name),
        number(each.yield_h, 2),
        percent(each.ratio, 1),
        percent(each.time_availability, 1),
        number(each.lost_kwh, 1),
    ]


def _yuan(fen: int | None) -> str:
    return MISSING if fen is None else number(fen / 100.0, 2)
