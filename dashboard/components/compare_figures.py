"""Figures of the comparison page: lines over two axes, and the strings of an inverter as a heat map."""

from datetime import timedelta
from typing import Any

from dashboard.components.series import line, listed, packed
from dashboard.components.theme import GAP_PAPER, HEAT_SCALE, SEVERAL, figure_layout, time_axis, value_axis
from dashboard.components.words import axis_start, quantity_name
from queries.compare import Comparison, Curve, StringHeat
from texts.loader import Texts

_LONG_DAYS = 3


def curve_name(curve: Curve, texts: Texts) -> str:
    """Return whose line it is and of what."""
    plant = curve.plant.label(texts.language)
    device = f" {curve.device.name}" if curve.device is not None else ""
    before = f" {texts('compare.year_before')}" if curve.shifted else ""
    return f"{plant}{device} {quantity_name(curve.pick.quantity, texts)}{before}"


def comparison_figure(found: Comparison, texts: Texts) -> dict[str, Any]:
    """Draw the lines: a colour each, a year before dashed, a second unit on the right."""
    units = list(dict.fromkeys(curve.unit for curve in found.curves))
    x0 = axis_start(found.start + timedelta(seconds=found.step_s / 2))
    colours = {
        pick: SEVERAL[place % len(SEVERAL)]
        for place, pick in enumerate(dict.fromkeys(c.pick for c in found.curves))
    }
    traces = [
        line(
            curve.values,
            x0,
            found.step_s,
            curve_name(curve, texts),
            y=listed(curve.values, 3),
            yaxis="y" if curve.unit == units[0] else "y2",
            line={
                "color": colours[curve.pick],
                "width": 1.3 if curve.shifted else 1.8,
                "dash": "dash" if curve.shifted else "solid",
            },
            hovertemplate=f"%{{y}} {curve.unit}<extra>%{{fullData.name}}</extra>",
        )
        for curve in found.curves
    ]
    days = (found.last - found.first).days + 1
    form = "%H:%M" if days < _LONG_DAYS else "%m-%d" if days < 400 else "%Y-%m"
    end = axis_start(found.start + timedelta(days=days))
    layout = figure_layout(
        margin={"l": 56, "r": 56 if len(units) > 1 else 14, "t": 10, "b": 30},
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": -0.1, "yanchor": "top", "font": {"size": 12}},
        xaxis=time_axis(range=[axis_start(found.start), end], tickformat=form),
        yaxis=value_axis(title={"text": units[0] if units else ""}),
    )
    if len(units) > 1:
        layout["yaxis2"] = value_axis(title={"text": units[1]}, overlaying="y", side="right", showgrid=False)
    return {"data": traces, "layout": layout}


def string_figure(found: StringHeat, texts: Texts) -> dict[str, Any]:
    """Draw the currents of strings over a day: a row each, missing values in the colour of gaps."""
    trace = {
        "type": "heatmap",
        "z": packed(found.values),
        "x0": axis_start(found.start + timedelta(seconds=found.step_s / 2)),
        "dx": found.step_s * 1000.0,
        "y": [texts("compare.string", number=number) for number in found.strings],
        "colorscale": HEAT_SCALE,
        "zmin": 0,
        "colorbar": {"title": {"text": "A"}, "thickness": 10},
        "hovertemplate": "%{y} %{x} · %{z:.2f} A<extra></extra>",
        "hoverongaps": False,
    }
    end = axis_start(found.start + timedelta(days=1))
    layout = figure_layout(
        margin={"l": 70, "r": 8, "t": 8, "b": 28},
        plot_bgcolor=GAP_PAPER,
        xaxis=time_axis(range=[axis_start(found.start), end], showgrid=False),
        yaxis={"fixedrange": True, "autorange": "reversed", "type": "category"},
    )
    return {"data": [trace], "layout": layout}
