"""AG Grid columns and options: community features only, words from our own locale file."""

from typing import Any

from texts.loader import Texts

Column = dict[str, Any]


def column(field: str, head: str, width: int) -> Column:
    """Return a text column."""
    return {
        "field": field,
        "headerName": head,
        "width": width,
        "filter": "agTextColumnFilter",
        "tooltipField": field,
    }


def link_column(field: str, head: str, width: int) -> Column:
    """Return the pinned first column: a link to the page of the row."""
    return {
        **column(field, head, width),
        "pinned": "left",
        "cellRenderer": "PlantLink",
        "cellClass": "link-cell",
    }


def state_column(field: str, head: str, width: int) -> Column:
    """Return a column of badges; the text sorts and filters, ``<field>_look`` is icon and colour."""
    return {**column(field, head, width), "cellRenderer": "StateBadge", "suppressHeaderFilterButton": True}


def number_column(field: str, head: str, decimals: int, width: int) -> Column:
    """Return a number column, right aligned; a missing value is a dash with its reason on hover."""
    return {
        "field": field,
        "headerName": head,
        "headerTooltip": head,
        "width": width,
        "type": "rightAligned",
        "cellRenderer": "Missing",
        "valueFormatter": {"function": f"fixed(params.value, {decimals})"},
    }


def column_defaults() -> dict[str, Any]:
    """Return what every column shares: sortable, heads may take two lines."""
    return {
        "sortable": True,
        "resizable": True,
        "suppressMovable": True,
        "wrapHeaderText": True,
        "suppressHeaderMenuButton": True,
    }


def grid_options(texts: Texts) -> dict[str, Any]:
    """Return options every grid shares: our theme, our words."""
    options: dict[str, Any] = {
        "theme": {
            "function": "themeQuartz.withParams({fontFamily: 'inherit', fontSize: 13, headerFontSize: 12, "
            "rowHeight: 29, headerHeight: 42, cellHorizontalPadding: 9, borderColor: '#dde3ea', foregroundColor: '#1f2933', "
            "headerTextColor: '#52606d', headerBackgroundColor: '#f7f9fb', accentColor: '#1864ab', "
            "wrapperBorderRadius: 3, wrapperBorder: false, columnBorder: false})"
        },
        "animateRows": False,
        "enableCellTextSelection": True,
        "suppressColumnVirtualisation": False,
        "tooltipShowDelay": 400,
    }
    if texts.language == "zh":
        options["getLocaleText"] = {"function": "zhText(params)"}
    return options
