"""The summary tab: power today beside what could be expected, figures of today, a square for each inverter."""

from typing import Any

from dash import dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard.components.card import card, empty, facts, graph, table, tile
from dashboard.components.plant_figures import power_figure
from dashboard.components.theme import DATA_COLOUR, OPERATION_COLOUR
from dashboard.components.words import age, date_time, exact_time, number, percent
from dashboard.pages.base import Component, Site
from dashboard.pages.plants import missing_why
from domain.plant import Connection
from queries.devices import DeviceNow
from queries.plant import PlantView
from queries.states import DataState, OperationState, Reason
from texts.loader import Texts

CHART = "plant-power"


def body(view: PlantView, principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the tab."""
    if view.now.plant.connection is Connection.MANUAL:
        return _manual(view, principal, site, texts)
    return [
        html.Div(_tiles(view, texts), className="tiles"),
        card(
            texts("pages.plant.power_today"),
            graph(CHART, power_figure(view.power, texts), power_summary(view, texts), texts, 300),
            key="expected",
            texts=texts,
        ),
        card(
            texts("pages.plant.inverters"),
            _squares(view, site, texts),
            aside=texts("pages.plant.reporting", count=view.now.reporting, total=len(view.now.devices)),
        ),
    ]


def _tiles(view: PlantView, texts: Texts) -> list[Component]:
    now = view.now
    why = missing_why(now, view.taken_at, texts)
    last = ""
    if now.current_kw is None and now.power_kw is not None and now.missing is not Reason.NIGHT:
        last = texts("pages.plant.last_power", power=number(now.power_kw, 1), at=date_time(now.measured_at))
    meter = view.meter
    energy_note = (
        texts("pages.plant.energy_note")
        if now.energy_kwh is not None
        else why or texts("components.missing.no_counter")
    )
    return [
        tile(
            texts("pages.plant.power"),
            number(now.current_kw, 1),
            "kW",
            [
                html.Span(why or texts("pages.plant.reporting", count=now.reporting, total=len(now.devices))),
                html.Span(last, className="stale"),
            ],
            key="plant_power",
            texts=texts,
            dim=now.current_kw is None,
        ),
        tile(
            texts("pages.plant.normalised"),
            number(None if now.normalised is None else now.normalised * 100, 1),
            "%",
            texts("pages.plant.median", share=percent(view.median, 1)),
            key="normalised",
            texts=texts,
        ),
        tile(
            texts("pages.plant.energy"), number(now.energy_kwh), "kWh", energy_note, key="energy", texts=texts
        ),
        tile(
            texts("pages.plant.hours"),
            number(now.equivalent_hours_h, 2),
            "h",
            texts("pages.plant.hours_note"),
            key="hours",
            texts=texts,
        ),
        tile(
            texts("pages.plant.meter"),
            number(None if meter is None else meter.forward_kwh),
            "kWh",
            texts("pages.plant.no_meter")
            if meter is None or meter.measured_at is None
            else texts("pages.plant.meter_note", age=age(meter.measured_at, view.taken_at, texts)),
            key="meter",
            texts=texts,
        ),
    ]


def power_summary(view: PlantView, texts: Texts) -> str:
    """Say what the band and the limit are, with the number of peers."""
    where = "town" if view.power.same_town else "district"
    return texts(f"pages.plant.power_summary.{where}", count=view.power.peers)


def _squares(view: PlantView, site: Site, texts: Texts) -> Component:
    if not view.now.devices:
        return empty(texts("pages.plant.no_devices"))
    return html.Div([_square(device, view, site, texts) for device in view.now.devices], className="squares")


def _square(device: DeviceNow, view: PlantView, site: Site, texts: Texts) -> Component:
    fresh = device.data is DataState.FRESH
    colour = OPERATION_COLOUR[device.operation] if fresh else DATA_COLOUR[device.data]
    word = texts(
        f"components.operation.{device.operation.value}" if fresh else f"components.data.{device.data.value}"
    )
    filled = (
        fresh
        and device.operation is not OperationState.GENERATING
        and device.operation is not OperationState.NIGHT
    )
    kind = "full" if filled else "" if fresh else "hollow"
    title = f"{device.device.name} · {word} · {number(device.current_kw, 1)} kW"
    return dcc.Link(
        device.device.name.strip("号逆变器 ")[:3] or "·",
        href=f"{site.plant_path(view.now.plant.plant_id)}?tab=strings&device={device.device.device_id}",
        className=f"square {kind}".strip(),
        title=title,
        style={"--state": colour},
    )


def _manual(view: PlantView, principal: Principal, site: Site, texts: Texts) -> list[Component]:
    plant_id = view.now.plant.plant_id
    parts: list[Any] = [html.P(texts("pages.plant.manual_about"), className="summary")]
    if principal.may(Permission.ENTER_READING):
        parts.append(
            html.A(
                texts("pages.plant.enter_reading"),
                href=f"{site.prefix}readings/{plant_id}",
                className="button",
            )
        )
    if not view.readings:
        parts.append(empty(texts("pages.plant.no_readings")))
    else:
        rows = []
        older = [*view.readings[1:], None]
        for reading, before in zip(view.readings, older, strict=True):
            rise = None if before is None else (reading.forward_wh - before.forward_wh) / 1e3
            photo: Any = ""
            if reading.photo:
                photo = html.A(
                    texts("pages.plant.photo"), href=f"{site.prefix}readings/{plant_id}/photo/{reading.photo}"
                )
            rows.append(
                [
                    exact_time(reading.read_at)[:16],
                    number(reading.forward_wh / 1e3, 1),
                    number(rise, 1),
                    reading.note,
                    photo,
                ]
            )
        heads = [("read_at", False), ("forward", True), ("rise", True), ("note", False), ("photo", False)]
        parts.append(
            table(
                [(texts(f"pages.plant.reading.{key}"), is_number) for key, is_number in heads],
                rows,
                texts("pages.plant.readings"),
            )
        )
    latest = view.readings[0] if view.readings else None
    return [
        card(texts("pages.plant.readings"), parts),
        card(
            texts("pages.plant.last_reading"),
            facts(
                [
                    (texts("pages.plant.reading.read_at"), date_time(latest.read_at if latest else None)),
                    (
                        texts("pages.plant.reading.forward"),
                        number(latest.forward_wh / 1e3 if latest else None, 1),
                    ),
                ]
            ),
        ),
    ]
