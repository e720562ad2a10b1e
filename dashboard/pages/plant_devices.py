"""The devices and strings tabs: which inverter, which string."""

from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.card import card, graph, table
from dashboard.components.grid import (
    column,
    column_defaults,
    grid_options,
    link_column,
    number_column,
    state_column,
)
from dashboard.components.markup import aria
from dashboard.components.plant_figures import strings_figure
from dashboard.components.theme import DATA_COLOUR, OPERATION_COLOUR
from dashboard.components.words import MISSING, age, exact_time, number, percent
from dashboard.pages.base import Component, Site
from domain.errors import AccessDeniedError
from queries.devices import DeviceNow
from queries.plant import PlantView, StringsView
from queries.states import DataState
from texts.loader import Texts

PICK, STRINGS, PLANT = "plant-device", "plant-strings", "plant-id"
CHART = "plant-strings-chart"


def devices(view: PlantView, site: Site, texts: Texts) -> list[Component]:
    """Return the inverter table, on a phone a list."""
    rows = [device_row(device, view, site, texts) for device in view.now.devices]
    height = min(62 + 29 * len(rows), 640)
    return [
        html.Div(
            dag.AgGrid(
                id="plant-devices",
                rowData=rows,
                columnDefs=_columns(texts),
                defaultColDef=column_defaults(),
                getRowId="params.data.id",
                dashGridOptions=grid_options(texts),
                className="",
                style={"height": f"{height}px"},
            ),
            className="card desktop-only",
        ),
        html.Ul([_list_row(row) for row in rows], className="phone-only list card card-body"),
    ]


def _columns(texts: Texts) -> list[dict[str, Any]]:
    def head(key: str) -> str:
        return texts(f"pages.plant.column.{key}")

    return [
        link_column("name", head("device"), 112),
        state_column("state", head("state"), 104),
        state_column("data", head("data"), 104),
        number_column("power", head("power"), 1, 84),
        number_column("rated", head("rated"), 0, 84),
        number_column("normalised", head("normalised"), 1, 88),
        number_column("against", head("against"), 1, 100),
        number_column("temperature", head("temperature"), 1, 80),
        column("condition", head("condition"), 160),
        column("advice", head("advice"), 330),
        column("profile", head("profile"), 140),
        column("serial", head("serial"), 120),
        column("at", head("at"), 100),
    ]


def device_row(device: DeviceNow, view: PlantView, site: Site, texts: Texts) -> dict[str, Any]:
    """Return one row of the inverter table."""
    language = texts.language
    fresh = device.data is DataState.FRESH
    known = sorted(
        d.normalised for d in view.now.devices if d.normalised is not None and d.data is DataState.FRESH
    )
    median = known[len(known) // 2] if known else None
    against = None
    if fresh and device.normalised is not None and median is not None and median > 0.02:
        against = round((device.normalised / median - 1.0) * 100, 1)
    condition = device.condition.in_(language)
    return {
        "id": device.device.device_id,
        "path": f"{site.plant_path(view.now.plant.plant_id)}?tab=strings&device={device.device.device_id}",
        "name": device.device.name,
        "state": texts(f"components.operation.{device.operation.value}"),
        "state_look": [f"operation-{device.operation.value}", OPERATION_COLOUR[device.operation]],
        "data": texts(f"components.data.{device.data.value}"),
        "data_look": [f"data-{device.data.value}", DATA_COLOUR[device.data]],
        "power": None if device.current_kw is None else round(device.current_kw, 1),
        "rated": device.device.rated_power_kw,
        "normalised": round(device.normalised * 100, 1) if fresh and device.normalised is not None else None,
        "against": against,
        "temperature": device.temperature_c if fresh else None,
        "condition": f"{condition} ({device.code})"
        if condition and device.code
        else condition or device.code,
        "advice": device.advice.in_(language),
        "profile": device.device.profile,
        "serial": device.device.serial_number,
        "at": age(device.measured_at, view.taken_at, texts),
        "missing": "" if fresh else texts(f"components.data.{device.data.value}"),
    }


def _list_row(row: dict[str, Any]) -> Component:
    look = row["state_look"]
    return html.Li(
        [
            html.Div(
                [
                    dcc.Link(row["name"], href=row["path"]),
                    html.Span(
                        [
                            html.Span(className=f"icon icon-{look[0]}", **aria(hidden="true")),
                            row["state"],
                        ],
                        className="badge",
                        style={"--state": look[1]},
                    ),
                ],
                className="row",
            ),
            html.Div(
                [
                    html.Span(f"{number(row['power'], 1)} kW"),
                    html.Span(f"{number(row['normalised'], 1)} %"),
                    html.Span(f"{number(row['temperature'], 1)} °C"),
                    html.Span(row["at"]),
                ],
                className="row",
            ),
        ]
    )


def strings(view: PlantView, found: StringsView, texts: Texts) -> list[Component]:
    """Return the chooser and the strings of one inverter."""
    return [
        html.Div(
            [
                dmc.Select(
                    id=PICK,
                    data=[{"value": d.device.device_id, "label": d.device.name} for d in view.now.devices],
                    value=found.device.device.device_id,
                    allowDeselect=False,
                    searchable=True,
                    size="sm",
                    w=220,
                    label=texts("pages.plant.pick_device"),
                    nothingFoundMessage=texts("components.no_rows"),
                )
            ],
            className="toolbar",
        ),
        html.Div(strings_body(found, view.taken_at, texts), id=STRINGS, className="columns"),
    ]


def strings_body(found: StringsView, taken_at: Any, texts: Texts) -> list[Component]:
    """Return chart and table of one inverter's strings."""
    summary = texts(
        f"pages.plant.strings_summary.{found.note}",
        median=number(found.median_a, 2),
        age=age(found.measured_at, taken_at, texts),
    )
    rows = [
        [str(one.number), number(one.current_a, 2), percent(one.against_median, 1, signed=True)]
        for one in found.strings
    ]
    return [
        card(
            texts(
                "pages.plant.strings_of" if found.measured else "pages.plant.inputs_of",
                name=found.device.device.name,
            ),
            graph(CHART, strings_figure(found, texts), summary, texts, 300),
            aside=exact_time(found.measured_at) if found.measured_at else MISSING,
            class_name="grow",
            key="strings",
            texts=texts,
        ),
        card(
            texts("pages.plant.strings_table"),
            table(
                [
                    (
                        texts("pages.plant.column.string" if found.measured else "pages.plant.column.input"),
                        True,
                    ),
                    (texts("pages.plant.column.current"), True),
                    (texts("pages.plant.column.deviation"), True),
                ],
                rows,
                texts("pages.plant.strings_table"),
            ),
            class_name="column side",
        ),
    ]


def register(app: Any, site: Site) -> None:
    """Another inverter, other strings."""

    @guard.secured(
        app,
        Output(STRINGS, "children"),
        Input(PICK, "value"),
        State(PLANT, "data"),
        permission=Permission.VIEW_PLANT,
        takes=(str, dict),
        prevent_initial_call=True,
    )
    def pick(principal: Principal, device_id: str | None, chosen: Any) -> list[Component]:
        plant_id = chosen.get("plant") if isinstance(chosen, dict) else None
        if not isinstance(plant_id, str):
            raise AccessDeniedError("the page sent no plant")
        found = site.queries.plant.strings(principal, plant_id, device_id)
        if found is None:
            return []
        return strings_body(found, site.queries.keeper.get().taken_at, site.words(principal))
