"""Colours, fonts and the shared frame of every figure.

States never speak by colour alone: icon and word too. Every colour that carries text has at least 4.5 to 1
on white, which is why green and grey are darker than usual.
"""

from collections.abc import Mapping
from typing import Any

from queries.states import DataState, OperationState

FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC",system-ui,sans-serif'
INK = "#1f2933"
QUIET = "#52606d"  # the lightest grey for text: 6.3 to 1 on white
LINE = "#e4e7eb"
PAPER = "#ffffff"
GREEN, AMBER, RED = "#267d39", "#c2410c", "#c92a2a"
PURPLE, SLATE, BLUE, OUTLINE = "#7048a8", "#5c7389", "#1864ab", "#66717d"
POWER, POWER_BEFORE, BAND, CLEAR_SKY, ENERGY = (
    "#1c7ed6",
    "#748ca3",
    "rgba(116,140,163,.26)",
    "#e8a90c",
    "#e67700",
)

DATA_COLOUR: Mapping[DataState, str] = {
    DataState.FRESH: GREEN,
    DataState.LATE: AMBER,
    DataState.INTERRUPTED: PURPLE,
    DataState.NEVER: OUTLINE,
    DataState.MANUAL: BLUE,
    DataState.FILE: BLUE,
}
OPERATION_COLOUR: Mapping[OperationState, str] = {
    OperationState.GENERATING: GREEN,
    OperationState.STANDBY: SLATE,
    OperationState.NIGHT: SLATE,
    OperationState.DERATED: AMBER,
    OperationState.FAULT: RED,
    OperationState.STOPPED: RED,
    OperationState.UNKNOWN: OUTLINE,
}
HEAT_SCALE = [
    [0.0, "#eef3f8"],
    [0.15, "#cfe1f2"],
    [0.4, "#7fb4dd"],
    [0.7, "#2b7bba"],
    [1.0, "#08306b"],
]
NIGHT_PAPER = "#eef1f4"
GAP_PAPER = "#e9dff5"  # where data should be and are not
SEVERAL = ("#1c7ed6", "#e67700", "#2f9e44", "#7048a8", "#c92a2a", "#0b7285")

MANTINE: dict[str, Any] = {
    "fontFamily": FONT,
    "primaryColor": "blue",
    "primaryShade": 8,
    "defaultRadius": "sm",
    "headings": {"fontFamily": FONT, "fontWeight": "600"},
    "fontSizes": {"xs": "12px", "sm": "13px", "md": "14px", "lg": "16px", "xl": "18px"},
}


def figure_layout(**changes: Any) -> dict[str, Any]:
    """Return the frame every figure shares, with ``changes`` on top."""
    layout: dict[str, Any] = {
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": PAPER,
        "margin": {"l": 48, "r": 12, "t": 8, "b": 28},
        "showlegend": False,
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "bgcolor": "#fff", "bordercolor": LINE},
        "uirevision": "keep",
        "dragmode": False,
        "separators": ".,",
    }
    layout.update(changes)
    return layout


def time_axis(**changes: Any) -> dict[str, Any]:
    """Return a time axis in hours and minutes."""
    axis: dict[str, Any] = {
        "type": "date",
        "tickformat": "%H:%M",
        "hoverformat": "%Y-%m-%d %H:%M",
        "gridcolor": LINE,
        "linecolor": LINE,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": LINE,
        "fixedrange": True,
    }
    axis.update(changes)
    return axis


def value_axis(**changes: Any) -> dict[str, Any]:
    """Return a value axis that starts at nought."""
    axis: dict[str, Any] = {
        "gridcolor": LINE,
        "zeroline": False,
        "rangemode": "tozero",
        "fixedrange": True,
        "exponentformat": "none",
        "separatethousands": True,
        "nticks": 6,
    }
    axis.update(changes)
    return axis


def graph_config(language: str) -> dict[str, Any]:
    """Return the options of a graph: no tool bar, our language."""
    return {
        "displayModeBar": False,
        "locale": "zh-CN" if language == "zh" else "en",
        "doubleClick": False,
    }
