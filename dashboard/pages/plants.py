"""The plants table: which plants are below their peers today."""

from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.grid import (
    column,
    column_defaults,
    grid_options,
    link_column,
    number_column,
    state_column,
)
from dashboard.components.markup import aria
from dashboard.components.overview_figures import plant_label
from dashboard.components.state import worst_of
from dashboard.components.theme import DATA_COLOUR, OPERATION_COLOUR
from dashboard.components.words import age, date_time, number, percent
from dashboard.pages.base import Component, Site, Visit, picture_of
from queries.plants import PlantFilter, PlantRow, PlantTable
from queries.snapshot import PlantNow
from queries.states import DataState, Reason
from texts.loader import Texts

REFRESH_MS = 30_000
GRID, CHIPS, TICK, FOOT, LIST, EXPORT = (
    "plants-grid",
    "plants-chips",
    "plants-tick",
    "plants-foot",
    "plants-list",
    "plants-export",
)
Row = dict[str, Any]


class PlantsPage:
    """``/app/plants``."""

    path = "/plants"
    permission = Permission.VIEW_PLANT
    title = "pages.plants.title"

    def layout(self, visit: Visit) -> Component:
        """Return the table under the chip named in the address."""
        texts = visit.texts
        view = visit.site.queries.plants.table(visit.principal)
        taken = visit.site.queries.keeper.get().taken_at
        chip = _chip(visit.args.get("show"))
        rows = [grid_row(row, visit.site, taken, texts) for row in view.rows if row.belongs(chip)]
        return html.Div(
            [
                dcc.Interval(id=TICK, interval=REFRESH_MS),
                html.Div(
                    [
                        html.H1(texts(self.title), className="visually-hidden"),
                        _chips(view, chip, texts),
                        html.Span(className="grow"),
                        _export_button(texts),
                    ],
                    className="toolbar",
                ),
                html.Div(
                    dag.AgGrid(
                        id=GRID,
                        rowData=rows,
                        columnDefs=_columns(texts),
                        defaultColDef=column_defaults(),
                        getRowId="params.data.id",
                        dashGridOptions=grid_options(texts),
                        csvExportParams={"fileName": texts("pages.plants.file_name")},
                        className="",  # no legacy theme
                        style={"height": "calc(100vh - 148px)", "minHeight": "320px"},
                    ),
                    className="desktop-only card",
                ),
                html.Ul(id=LIST, className="phone-only list card card-body"),
                html.Div(_foot(view, texts), id=FOOT, className="foot"),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """Chips and the timer give new rows; the export is the grid's own."""

        @guard.secured(
            app,
            Output(GRID, "rowData"),
            Output(FOOT, "children"),
            Input(CHIPS, "value"),
            Input(TICK, "n_intervals"),
            permission=Permission.VIEW_PLANT,
            takes=(str, int),
            shared=picture_of(site),
            prevent_initial_call=True,
            running=[(Output(TICK, "disabled"), True, False)],
        )
        def refresh(principal: Principal, chip: str | None, _ticks: int | None) -> tuple[Any, ...]:
            texts = site.words(principal)
            view = site.queries.plants.table(principal)
            taken = site.queries.keeper.get().taken_at
            shown = [row for row in view.rows if row.belongs(_chip(chip))]
            return (
                [grid_row(row, site, taken, texts) for row in shown],
                _foot(view, texts),
            )

        @guard.secured(
            app,
            Output(GRID, "exportDataAsCsv"),
            Input(EXPORT, "n_clicks"),
            permission=Permission.VIEW_PLANT,
            takes=(int,),
            prevent_initial_call=True,
        )
        def export(_principal: Principal, clicks: int | None) -> bool:
            return bool(clicks)

        app.clientside_callback(
            ClientsideFunction("pvmon", "phoneList"), Output(LIST, "children"), Input(GRID, "rowData")
        )


def _export_button(texts: Texts) -> Component:
    words = texts("pages.plants.export")
    return html.Button(words, id=EXPORT, className="button desktop-only", type="button")


def _chip(name: str | None) -> PlantFilter:
    try:
        return PlantFilter(name)
    except ValueError:
        return PlantFilter.ALL


def _chips(view: PlantTable, chosen: PlantFilter, texts: Texts) -> Component:
    counts = {chip: sum(row.belongs(chip) for row in view.rows) for chip in PlantFilter}
    return dmc.ChipGroup(
        id=CHIPS,
        value=chosen.value,
        multiple=False,
        children=html.Div(
            [
                dmc.Chip(
                    f"{texts(f'pages.plants.chip.{chip.value}')} {counts[chip]}",
                    value=chip.value,
                    size="sm",
                    variant="outline",
                )
                for chip in PlantFilter
            ],
            className="chips",
            role="group",
            **aria(label=texts("pages.plants.chips")),
        ),
    )


def _columns(texts: Texts) -> list[Row]:
    def head(key: str) -> str:
        return texts(f"pages.plants.column.{key}")

    zh = texts.language == "zh"
    return [
        link_column("name", head("name"), 172),
        state_column("state", head("state"), 80 if zh else 104),
        state_column("data", head("data"), 94 if zh else 104),
        column("town", head("town"), 92 if zh else 108),
        number_column("capacity", head("capacity"), 1, 86),
        number_column("power", head("power"), 1, 86),
        number_column("normalised", head("normalised"), 1, 84),
        number_column("energy", head("energy"), 0, 86),
        number_column("hours", head("hours"), 2, 84),
        number_column("against", head("against"), 1, 96),
        number_column("devices", head("devices"), 0, 76)
        | {"valueFormatter": {"function": "params.data.devices_text"}},
        column("reason", head("reason"), 112 if zh else 132),
        column("at", head("at"), 104),
    ]


def missing_why(now: PlantNow, taken: Any, texts: Texts) -> str:
    """Return why there is no current value, with the age of the last one."""
    if now.missing is Reason.NONE:
        return ""
    return texts(
        f"components.missing.{now.missing.value}",
        age=age(now.measured_at, taken, texts),
        at=date_time(now.measured_at),
    )


def grid_row(row: PlantRow, site: Site, taken: Any, texts: Texts) -> Row:
    """Return one row of the table."""
    now = row.now
    silent = now.data in {DataState.MANUAL, DataState.FILE}  # nothing tells what such a plant does
    missing = missing_why(now, taken, texts)
    key, colour, look = worst_of(now)
    return {
        "id": now.plant.plant_id,
        "path": site.plant_path(now.plant.plant_id),
        "name": plant_label(now, texts.language),
        "state": "" if silent else texts(f"components.operation.{now.operation.value}"),
        "state_look": [f"operation-{now.operation.value}", OPERATION_COLOUR[now.operation]],
        "data": texts(f"components.data.{now.data.value}"),
        "data_look": [f"data-{now.data.value}", DATA_COLOUR[now.data]],
        "town": row.town.label(texts.language),
        "capacity": now.plant.ac_capacity_kw,
        "power": _rounded(now.current_kw, 1),
        "normalised": _rounded(now.normalised, 3, 100),
        "energy": _rounded(now.energy_kwh, 0),
        "hours": _rounded(now.equivalent_hours_h, 2),
        "against": _rounded(row.against_town, 3, 100),
        "devices": None if silent else now.reporting,
        "devices_text": "" if silent else f"{now.reporting}/{len(now.devices)}",
        "reason": "" if row.reason is None else texts(f"components.short.{row.reason.value}"),
        "at": "" if now.measured_at is None else date_time(now.measured_at)[5:],
        "missing": missing,
        "worst": [look, colour, texts(key)],
        "line": _phone_line(now, missing, texts),
    }


def _rounded(value: float | None, decimals: int, factor: float = 1.0) -> float | None:
    return None if value is None else round(value * factor, decimals)


def _phone_line(now: PlantNow, missing: str, texts: Texts) -> str:
    """Return what stands below the name in the list of a phone."""
    if now.current_kw is None:
        parts = [missing]
    else:
        parts = [f"{number(now.current_kw, 1)} kW", percent(now.normalised)]
    if now.energy_kwh is not None:
        parts.append(f"{texts('pages.plants.today')} {number(now.energy_kwh)} kWh")
    return " · ".join(part for part in parts if part)


def _foot(view: PlantTable, texts: Texts) -> list[Component]:
    parts = (
        ("count", str(len(view.rows))),
        ("capacity", f"{number(view.capacity_kw, 1)} kW"),
        ("power", f"{number(view.power_kw, 1)} kW"),
        ("energy", f"{number(view.energy_kwh)} kWh"),
        ("hours", f"{number(view.equivalent_hours_h, 2)} h"),
    )
    return [html.Span([texts(f"pages.plants.foot.{key}"), " ", html.B(value)]) for key, value in parts]
