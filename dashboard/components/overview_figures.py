"""Figures of the overview: heat map, programme curve, map without tiles. View record in, plain dict out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np

from dashboard.components.labels import label_places
from dashboard.components.series import line, listed, packed, trimmed
from dashboard.components.state import worst_of
from dashboard.components.theme import (
    GAP_PAPER,
    HEAT_SCALE,
    NIGHT_PAPER,
    POWER,
    POWER_BEFORE,
    QUIET,
    figure_layout,
    time_axis,
    value_axis,
)
from dashboard.components.words import axis_start, number, percent
from domain.plant import Registry, Town
from queries.overview import HeatMap, OverviewView, ProgrammeCurve
from queries.snapshot import PlantNow
from queries.states import DataState, OperationState
from texts.loader import Texts

Figure = dict[str, Any]
MARGIN = timedelta(minutes=30)  # drawn before sunrise and after sunset
ASLEEP = timedelta(minutes=40)  # inverters wake after sunrise and sleep before sunset
ROW_PX = 11.6
_SYMBOLS = {
    "data-interrupted": "x",
    "data-late": "triangle-up",
    "data-never": "circle-open",
    "data-manual": "square",
    "data-file": "square",
    "operation-fault": "diamond",
    "operation-stopped": "diamond",
    "operation-derated": "triangle-down",
}


def plant_label(now: PlantNow, language: str) -> str:
    """Return the plant's name in ``language``."""
    return (now.plant.name_en or now.plant.name) if language == "en" else now.plant.name


def heat_map_height(heat: HeatMap) -> int:
    """Return the height at which every plant has a row of its own. [px]"""
    return int(max(len(heat.plants) * ROW_PX, 120) + 52)


def heat_map_figure(heat: HeatMap, taken_at: datetime, texts: Texts) -> Figure:
    """Draw power over AC capacity, plants x time of today; towns label their group of rows."""
    start, end = _window(heat.start, heat.step_s, heat.sunrise, heat.sunset)
    first = int((start - heat.start).total_seconds() / heat.step_s)
    last = int((end - heat.start).total_seconds() / heat.step_s)
    names = [plant_label(now, texts.language) for now in heat.plants]
    ticks, labels, borders = _town_ticks(heat, texts.language)
    trace = {
        "type": "heatmap",
        "z": packed(heat.values[:, first:last] * 100.0) if names else [],
        "x0": axis_start(start + timedelta(seconds=heat.step_s / 2)),
        "dx": heat.step_s * 1000.0,
        "y": names,
        "zmin": 0,
        "zmax": 100,
        "colorscale": HEAT_SCALE,
        "xgap": 0,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "%{x|%H:%M}<br>%{y}<br><b>%{z:.0f} %</b><extra></extra>",
        "showscale": False,
    }
    layout = figure_layout(
        margin={"l": 92, "r": 8, "t": 6, "b": 26},
        plot_bgcolor=GAP_PAPER,
        xaxis=time_axis(range=[axis_start(start), axis_start(end)], showgrid=False),
        yaxis={
            "type": "category",
            "range": [len(names) - 0.5, -0.5],
            "tickvals": ticks,
            "ticktext": labels,
            "tickfont": {"size": 10, "color": QUIET},
            "fixedrange": True,
            "showgrid": False,
            "ticks": "",
        },
        shapes=[*_quiet(heat, taken_at, start, end), *_borders(borders, len(names))],
    )
    return {"data": [trace], "layout": layout}


def _town_ticks(heat: HeatMap, language: str) -> tuple[list[float], list[str], list[int]]:
    """Return where each town's label stands, the label, and where its last row ends."""
    ticks, labels, borders = [], [], []
    position = 0
    for _, group in groupby(heat.towns, key=lambda town: town.town_id):
        towns = list(group)
        ticks.append(position + (len(towns) - 1) / 2)
        labels.append(towns[0].label(language))
        position += len(towns)
        borders.append(position)
    return ticks, labels, borders[:-1]


def _window(day: datetime, step_s: float, sunrise: datetime, sunset: datetime) -> tuple[datetime, datetime]:
    """Return the stretch that is drawn, on whole buckets: from before sunrise to after sunset."""
    step = timedelta(seconds=step_s)
    first = max((sunrise - MARGIN - day) // step, 0)
    last = min(-((day - sunset - MARGIN) // step), int(86_400 / step_s))
    return day + first * step, day + last * step


def _quiet(heat: HeatMap, taken_at: datetime, start: datetime, end: datetime) -> list[Figure]:
    """Return what lies below the cells: night is grey, time to come is white, so purple is missing data."""
    now = min(max(taken_at, start), end)
    return [
        _stretch(start, heat.sunrise + ASLEEP, NIGHT_PAPER),
        _stretch(heat.sunset - ASLEEP, end, NIGHT_PAPER),
        *([_stretch(now, end, "#ffffff")] if now < end else []),
    ]


def _stretch(start: datetime, end: datetime, colour: str) -> Figure:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": axis_start(start),
        "x1": axis_start(end),
        "y0": 0,
        "y1": 1,
        "fillcolor": colour,
        "line": {"width": 0},
        "layer": "below",
    }


def _borders(rows: Sequence[int], count: int) -> list[Figure]:
    """Return white lines below the last row of each town, as one path: many shapes would be slow."""
    if not rows:
        return []
    path = "".join(f"M0,{1 - row / count:.5f}L1,{1 - row / count:.5f}" for row in rows)
    stroke = {"color": "#ffffff", "width": 2}
    return [
        {"type": "path", "xref": "paper", "yref": "paper", "path": path, "line": stroke, "layer": "above"}
    ]


def programme_figure(curve: ProgrammeCurve, heat: HeatMap, texts: Texts) -> Figure:
    """Draw programme power today (solid) and yesterday (dashed). [MW]"""
    x0 = axis_start(curve.start + timedelta(seconds=curve.step_s / 2))
    today = trimmed(curve.today_kw / 1e3)
    counts = curve.plants_reporting[: len(today)].tolist()
    unit = texts("components.figure.plants_reporting")
    window = _window(curve.start, curve.step_s, heat.sunrise, heat.sunset)
    traces = [
        line(
            curve.yesterday_kw / 1e3,
            x0,
            curve.step_s,
            texts("components.figure.yesterday"),
            y=listed(curve.yesterday_kw / 1e3, 2),
            line={"color": POWER_BEFORE, "width": 1.5, "dash": "dash"},
            hovertemplate="%{y:.2f} MW<extra>%{fullData.name}</extra>",
        ),
        line(
            today,
            x0,
            curve.step_s,
            texts("components.figure.today"),
            y=listed(today, 2),
            line={"color": POWER, "width": 2.2},
            fill="tozeroy",
            fillcolor="rgba(28,126,214,.10)",
            customdata=counts,
            hovertemplate="%{y:.2f} MW · %{customdata} " + unit + "<extra>%{fullData.name}</extra>",
        ),
    ]
    layout = figure_layout(
        margin={"l": 46, "r": 12, "t": 28, "b": 26},
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
        xaxis=time_axis(range=[axis_start(at) for at in window]),
        yaxis=value_axis(ticksuffix="", title={"text": "MW", "font": {"size": 11, "color": QUIET}}),
    )
    return {"data": traces, "layout": layout}


def map_figure(view: OverviewView, registry: Registry, texts: Texts) -> Figure:
    """Draw the plants at their places between the names of the towns; north is up, no tiles."""
    towns = registry.towns
    names = [_short(town, texts.language) for town in towns]
    places = label_places(
        tuple((town.longitude, town.latitude) for town in towns),
        tuple(names),
        tuple((now.plant.longitude, now.plant.latitude) for now in view.plants),
    )
    labels = {
        "type": "scatter",
        "mode": "text",
        "x": [place[0] for place in places],
        "y": [place[1] for place in places],
        "text": names,
        "textfont": {"size": 10.5, "color": QUIET},
        "textposition": "middle center",
        "hoverinfo": "skip",
    }
    points = _dots(view, texts)
    scale = 1.0 / float(np.cos(np.radians(np.mean([town.latitude for town in towns] or [34.0]))))
    axis: dict[str, Any] = {"visible": False, "fixedrange": True}
    layout = figure_layout(
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        plot_bgcolor="#f6f8fa",
        hovermode="closest",
        xaxis=axis,
        yaxis={**axis, "scaleanchor": "x", "scaleratio": scale},
    )
    return {"data": [labels, points], "layout": layout}


def _dots(view: OverviewView, texts: Texts) -> Figure:
    """Return the plants as markers, those that need a look on top."""
    states = [worst_of(now) for now in view.plants]
    order = sorted(range(len(states)), key=lambda i: _prominence(view.plants[i]))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [view.plants[i].plant.longitude for i in order],
        "y": [view.plants[i].plant.latitude for i in order],
        "customdata": [view.plants[i].plant.plant_id for i in order],
        "text": [_map_hover(view.plants[i], texts(states[i][0]), texts) for i in order],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": [10 if _prominence(view.plants[i]) else 8 for i in order],
            "color": [states[i][1] for i in order],
            "opacity": 1,
            "symbol": [_SYMBOLS.get(states[i][2], "circle") for i in order],
            "line": {"width": 1, "color": "#fff"},
        },
    }


def _short(town: Town, language: str) -> str:
    """Return a town's name without its rank: the map has little room."""
    if language == "en":
        return town.name_en
    return town.name.removesuffix("街道").removesuffix("镇")


def _prominence(now: PlantNow) -> int:
    bad = now.data in {DataState.INTERRUPTED, DataState.NEVER}
    return int(bad) + 2 * int(now.operation in {OperationState.FAULT, OperationState.STOPPED})


def _map_hover(now: PlantNow, word: str, texts: Texts) -> str:
    power = (
        f"{number(now.current_kw, 1)} kW · {percent(now.normalised)}" if now.current_kw is not None else ""
    )
    parts = [f"<b>{plant_label(now, texts.language)}</b>", word, power]
    return "<br>".join(part for part in parts if part)
