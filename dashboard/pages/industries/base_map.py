"""Where the bases of an indicator are: towns as words, bases as points; drawn here, no tiles, no ground bought."""

from typing import Any

from dashboard.components.card import empty, later_graph
from dashboard.components.labels import label_places
from dashboard.components.theme import ENERGY, POWER_BEFORE, figure_layout
from dashboard.pages.base import Component, Visit
from dashboard.pages.industries.parts import named
from queries.industry_views import BaseRow

MAP = "industry-map"
_HEIGHT = 340
_SQUEEZE = 1.2  # a degree of latitude is this much longer than one of longitude at 33.9° north


def base_map(visit: Visit, rows: tuple[BaseRow, ...]) -> Component:
    """Return the map with those that say where they are; under panels in another shape."""
    texts, registry = visit.texts, visit.site.services.sources.registry
    placed = [one for one in rows if one.base.latitude is not None and one.base.longitude is not None]
    if not placed:
        return empty(texts("industry_map.none"))
    names = tuple(named(one, texts) for one in registry.towns)
    places = label_places(
        tuple((one.longitude, one.latitude) for one in registry.towns),
        names,
        tuple((one.base.longitude, one.base.latitude) for one in placed),
    )
    figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "text",
                "x": [place[0] for place in places],
                "y": [place[1] for place in places],
                "text": names,
                "textfont": {"size": 11, "color": POWER_BEFORE},
                "hoverinfo": "skip",
                "showlegend": False,
            },
            _points(placed, texts("industry_map.bases"), under=False),
            _points(placed, texts("industry_map.under"), under=True),
        ],
        "layout": figure_layout(
            xaxis={"visible": False, "fixedrange": True},
            yaxis={"visible": False, "fixedrange": True, "scaleanchor": "x", "scaleratio": _SQUEEZE},
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.06},
            margin={"l": 4, "r": 4, "t": 26, "b": 4},
        ),
    }
    summary = texts("industry_map.summary", placed=len(placed), count=len(rows))
    return later_graph(MAP, figure, summary, texts, _HEIGHT)


def _points(placed: list[BaseRow], name: str, *, under: bool) -> dict[str, Any]:
    chosen = [one.base for one in placed if one.base.is_under_panels is under]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [one.longitude for one in chosen],
        "y": [one.latitude for one in chosen],
        "text": [one.name for one in chosen],
        "hoverinfo": "text",
        "marker": {
            "size": 9,
            "symbol": "diamond" if under else "circle",
            "color": "#2b8a3e" if under else ENERGY,
        },
    }
