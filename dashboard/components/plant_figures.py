"""Figures of one plant: power today beside its yardsticks, string currents, curves over days."""

from datetime import timedelta
from typing import Any

import numpy as np

from dashboard.components.series import Floats, line, listed, trimmed
from dashboard.components.theme import (
    AMBER,
    BAND,
    CLEAR_SKY,
    ENERGY,
    POWER,
    POWER_BEFORE,
    QUIET,
    RED,
    SEVERAL,
    figure_layout,
    time_axis,
    value_axis,
)
from dashboard.components.words import axis_start
from queries.curves import CurvesView, Span, Subject
from queries.plant import PowerToday, StringNow, StringsView
from texts.loader import Texts

Figure = dict[str, Any]
FROM_H, TO_H = 5, 20
LOW_STRING, BAD_STRING = -0.10, -0.20
_UNIT = {
    Subject.PLANT: "kW",
    Subject.NORMALISED: "%",
    Subject.TEMPERATURE: "°C",
    Subject.VOLTAGE: "V",
    Subject.ENERGY: "kWh",
}


def _legend() -> Figure:
    return {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}}


def _unit_title(unit: str) -> Figure:
    return {"text": unit, "font": {"size": 11, "color": QUIET}}


def power_figure(power: PowerToday, texts: Texts) -> Figure:
    """Draw power today over the band of its peers and under the clear-sky limit. [kW]"""
    x0 = axis_start(power.start + timedelta(seconds=power.step_s / 2))
    hover = "%{y:,.1f} kW<extra>%{fullData.name}</extra>"
    silent: Figure = {"line": {"width": 0}, "hoverinfo": "skip"}
    rows: list[tuple[str, Floats, Figure]] = [
        ("clear_sky", power.clear_sky_kw, {"line": {"color": CLEAR_SKY, "width": 1.4, "dash": "dot"}}),
        ("band_low", trimmed(power.low_kw), {**silent, "showlegend": False}),
        ("band", trimmed(power.high_kw), {**silent, "fill": "tonexty", "fillcolor": BAND}),
        ("yesterday", power.yesterday_kw, {"line": {"color": POWER_BEFORE, "width": 1.3, "dash": "dash"}}),
        ("today", trimmed(power.power_kw), {"line": {"color": POWER, "width": 2.2}}),
    ]
    traces = [
        line(values, x0, power.step_s, texts(f"components.figure.{key}"), **{"hovertemplate": hover, **look})
        for key, values, look in rows
    ]
    for trace in traces:
        if trace.get("hoverinfo") == "skip":
            del trace["hovertemplate"]
    window = [axis_start(power.start + timedelta(hours=hours)) for hours in (FROM_H, TO_H)]
    layout = figure_layout(
        margin={"l": 60, "r": 12, "t": 28, "b": 26},
        showlegend=True,
        legend=_legend(),
        hovermode="x unified",
        xaxis=time_axis(range=window),
        yaxis=value_axis(title=_unit_title("kW")),
    )
    return {"data": traces, "layout": layout}


def _string_look(one: StringNow) -> tuple[str, str]:
    """Return the colour of a string's bar, and its deviation where it is weak."""
    deviation = one.against_median
    if deviation is None or deviation > LOW_STRING:
        return POWER, ""
    return (RED if deviation <= BAD_STRING else AMBER), f"{deviation * 100:+.0f} %"


def _level(value: float) -> Figure:
    """Return a dashed line across the whole figure."""
    stroke = {"color": QUIET, "width": 1.2, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": stroke}


def strings_figure(view: StringsView, texts: Texts) -> Figure:
    """Draw string currents as bars beside their median; weak ones carry their deviation as text. [A]"""
    numbers = [f"{one.number}" for one in view.strings]
    kind = "string" if view.measured else "input"
    looks = [_string_look(one) for one in view.strings]
    bars = {
        "type": "bar",
        "x": numbers,
        "y": [None if one.current_a is None else round(one.current_a, 2) for one in view.strings],
        "marker": {"color": [colour for colour, _ in looks]},
        "text": [note for _, note in looks],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": texts(f"components.figure.{kind}") + " %{x}<br>%{y:.2f} A<extra></extra>",
    }
    layout = figure_layout(
        margin={"l": 50, "r": 12, "t": 20, "b": 44},
        bargap=0.35,
        shapes=[] if view.median_a is None else [_level(view.median_a)],
        xaxis={
            "type": "category",
            "title": {
                "text": texts(f"components.figure.{kind}_number"),
                "font": {"size": 11, "color": QUIET},
            },
            "fixedrange": True,
            "tickfont": {"size": 11},
        },
        yaxis=value_axis(title=_unit_title("A")),
    )
    return {"data": [bars], "layout": layout}


def curves_figure(view: CurvesView, names: dict[str, str]) -> Figure:
    """Draw the chosen curves; gaps stay gaps. ``names`` replaces line names where it has them."""
    if view.subject is Subject.ENERGY:
        return _daily(view)
    x0 = axis_start(view.start + timedelta(seconds=view.step_s / 2))
    unit = _UNIT[view.subject]
    decimals = 2 if view.subject is Subject.PLANT and view.span is Span.TODAY else 1
    traces = []
    for index, one in enumerate(view.lines):
        values = one.values if np.isfinite(one.values).any() else one.values[:0]
        traces.append(
            line(
                trimmed(values),
                x0,
                view.step_s,
                names.get(one.name, one.name),
                y=listed(trimmed(values), decimals),
                line={"color": SEVERAL[index % len(SEVERAL)], "width": 1.6},
                hovertemplate="%{y:,.1f} " + unit + "<extra>%{fullData.name}</extra>",
            )
        )
    layout = figure_layout(
        margin={"l": 60, "r": 12, "t": 28, "b": 44},
        showlegend=len(traces) > 1,
        legend=_legend(),
        hovermode="x unified",
        dragmode="zoom",
        uirevision=f"{view.subject.value}-{view.span.value}",
        xaxis=time_axis(
            fixedrange=False,
            tickformatstops=[
                {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%m-%d"},
                {"dtickrange": [86_400_000, None], "value": "%m-%d"},
            ],
        ),
        yaxis=value_axis(
            title=_unit_title(unit),
            rangemode="normal" if view.subject in {Subject.TEMPERATURE, Subject.VOLTAGE} else "tozero",
        ),
    )
    return {"data": traces, "layout": layout}


def _daily(view: CurvesView) -> Figure:
    bars = {
        "type": "bar",
        "x": [day.isoformat() for day in view.days],
        "y": listed(view.lines[0].values, 0),
        "marker": {"color": ENERGY},
        "hovertemplate": "%{x|%Y-%m-%d}<br>%{y:,.0f} kWh<extra></extra>",
    }
    layout = figure_layout(
        margin={"l": 66, "r": 12, "t": 8, "b": 30},
        bargap=0.3,
        xaxis={"type": "date", "tickformat": "%m-%d", "fixedrange": True, "gridcolor": "#fff"},
        yaxis=value_axis(title=_unit_title("kWh")),
    )
    return {"data": [bars], "layout": layout}
