"""Figures of one plant: power today beside its yardsticks, string currents, curves over days."""

from datetime import timedelta
from typing import Any

import numpy as np

from dashboard.components.series import line, listed, trimmed
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
from queries.plant import PowerToday, StringsView
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
    x0, step_s = axis_start(power.start + timedelta(seconds=power.step_s / 2)), power.step_s

    def words(key: str) -> str:
        return texts(f"components.figure.{key}")

    hover = "%{y:,.1f} kW<extra>%{fullData.name}</extra>"
    traces = [
        line(
            power.clear_sky_kw,
            x0,
            step_s,
            words("clear_sky"),
            line={"color": CLEAR_SKY, "width": 1.4, "dash": "dot"},
            hovertemplate=hover,
        ),
        line(
            trimmed(power.low_kw),
            x0,
            step_s,
            words("band_low"),
            line={"width": 0},
            showlegend=False,
            hoverinfo="skip",
        ),
        line(
            trimmed(power.high_kw),
            x0,
            step_s,
            words("band"),
            line={"width": 0},
            fill="tonexty",
            fillcolor=BAND,
            hoverinfo="skip",
        ),
        line(
            power.yesterday_kw,
            x0,
            step_s,
            words("yesterday"),
            line={"color": POWER_BEFORE, "width": 1.3, "dash": "dash"},
            hovertemplate=hover,
        ),
        line(
            trimmed(power.power_kw),
            x0,
            step_s,
            words("today"),
            line={"color": POWER, "width": 2.2},
            hovertemplate=hover,
        ),
    ]
    window = [axis_start(power.start + timedelta(hours=hours)) for hours in (FROM_H, TO_H)]
    layout = figure_layout(
        margin={"l": 52, "r": 12, "t": 6, "b": 26},
        showlegend=True,
        legend=_legend(),
        hovermode="x unified",
        xaxis=time_axis(range=window),
        yaxis=value_axis(title=_unit_title("kW")),
    )
    return {"data": traces, "layout": layout}


def strings_figure(view: StringsView, texts: Texts) -> Figure:
    """Draw string currents as bars beside their median; weak ones carry their deviation as text. [A]"""
    numbers = [f"{one.number}" for one in view.strings]
    colours, notes = [], []
    for one in view.strings:
        deviation = one.against_median
        weak = deviation is not None and deviation <= LOW_STRING
        colours.append(
            POWER if not weak else RED if deviation is not None and deviation <= BAD_STRING else AMBER
        )
        notes.append(f"{deviation * 100:+.0f} %" if weak and deviation is not None else "")
    bars = {
        "type": "bar",
        "x": numbers,
        "y": [None if one.current_a is None else round(one.current_a, 2) for one in view.strings],
        "marker": {"color": colours},
        "text": notes,
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": texts("components.figure.string") + " %{x}<br>%{y:.2f} A<extra></extra>",
    }
    shapes = []
    if view.median_a is not None:
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": view.median_a,
                "y1": view.median_a,
                "line": {"color": QUIET, "width": 1.2, "dash": "dash"},
            }
        )
    layout = figure_layout(
        margin={"l": 44, "r": 12, "t": 18, "b": 40},
        bargap=0.35,
        shapes=shapes,
        xaxis={
            "type": "category",
            "title": {"text": texts("components.figure.string_number"), "font": {"size": 11, "color": QUIET}},
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
        margin={"l": 52, "r": 12, "t": 8, "b": 30},
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
        margin={"l": 56, "r": 12, "t": 8, "b": 30},
        bargap=0.3,
        xaxis={"type": "date", "tickformat": "%m-%d", "fixedrange": True, "gridcolor": "#fff"},
        yaxis=value_axis(title=_unit_title("kWh")),
    )
    return {"data": [bars], "layout": layout}
