"""The summary tab: power today beside what could be expected, figures of today, a square for each inverter."""

from typing import Any

from dash import dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard.components.alert_cards import plant_alerts
from dashboard.components.card import card, empty, facts, graph, table, tile
from dashboard.components.plant_figures import power_figure
from dashboard.components.theme import DATA_COLOUR, OPERATION_COLOUR
from dashboard.components.words import MISSING, age, date_time, number, percent
from dashboard.pages.base import Component, Site
from dashboard.pages.plants import missing_why
from domain.plant import Connection
from queries.devices import DeviceNow
from queries.plant import PlantView
from queries.states import OperationState, Reason, known_operation
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
        *_alerts(view, principal, site, texts),
    ]


def _alerts(view: PlantView, principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the plant's open alerts for who may see them."""
    queries = site.queries.alerts
    if not principal.may(Permission.VIEW_ALERTS) or site.services.sources.alerts is None:
        return []
    found = queries.open(principal, plant_id=view.now.plant.plant_id)
    return [plant_alerts(found, site.prefix, texts)]


def _tiles(view: PlantView, texts: Texts) -> list[Component]:
    now = view.now
    share = None if now.normalised is None else now.normalised * 100
    meter_kwh = None if view.meter is None else view.meter.forward_kwh
    rows: list[tuple[str, str, str, str, Any]] = [
        ("power", "plant_power", number(now.current_kw, 1), "kW", _power_note(view, texts)),
        (
            "normalised",
            "normalised",
            number(share, 1),
            "%",
            texts("pages.plant.median", share=percent(view.median, 1)),
        ),
        ("energy", "energy", number(now.energy_kwh), "kWh", _energy_note(view, texts)),
        ("hours", "hours", number(now.equivalent_hours_h, 2), "h", texts("pages.plant.hours_note")),
        ("meter", "meter", number(meter_kwh), "kWh", _meter_note(view, texts)),
    ]
    return [
        tile(texts(f"pages.plant.{name}"), value, unit, note, key=key, texts=texts, dim=value == MISSING)
        for name, key, value, unit, note in rows
    ]


def _power_note(view: PlantView, texts: Texts) -> list[Component]:
    """Return how many inverters report; without a value why, and what the last one was."""
    now = view.now
    why = missing_why(now, view.taken_at, texts)
    counted = texts("pages.plant.reporting", count=now.reporting, total=len(now.devices))
    last = ""
    if now.current_kw is None and now.power_kw is not None and now.missing is not Reason.NIGHT:
        last = texts("pages.plant.last_power", power=number(now.power_kw, 1), at=date_time(now.measured_at))
    return [html.Span(why or counted), html.Span(last, className="stale")]


def _energy_note(view: PlantView, texts: Texts) -> str:
    if view.now.energy_kwh is not None:
        return texts("pages.plant.energy_note")
    return missing_why(view.now, view.taken_at, texts) or texts("components.missing.no_counter")


def _meter_note(view: PlantView, texts: Texts) -> str:
    if view.meter is None or view.meter.measured_at is None:
        return texts("pages.plant.no_meter")
    return texts("pages.plant.meter_note", age=age(view.meter.measured_at, view.taken_at, texts))


def power_summary(view: PlantView, texts: Texts) -> str:
    """Say what the band and the limit are, with the number of peers."""
    where = "town" if view.power.same_town else "district"
    return texts(f"pages.plant.power_summary.{where}", count=view.power.peers)


def _squares(view: PlantView, site: Site, texts: Texts) -> Component:
    if not view.now.devices:
        return empty(texts("pages.plant.no_devices"))
    return html.Div([_square(device, view, site, texts) for device in view.now.devices], className="squares")


def _square(device: DeviceNow, view: PlantView, site: Site, texts: Texts) -> Component:
    operation = known_operation(device.data, device.operation, view.now.operation)
    colour = DATA_COLOUR[device.data] if operation is None else OPERATION_COLOUR[operation]
    word = texts(
        f"components.data.{device.data.value}"
        if operation is None
        else f"components.operation.{operation.value}"
    )
    calm = operation in {OperationState.GENERATING, OperationState.NIGHT}
    kind = "hollow" if operation is None else "" if calm else "full"
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
    parts.append(_readings(view, site, texts) if view.readings else empty(texts("pages.plant.no_readings")))
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


def _readings(view: PlantView, site: Site, texts: Texts) -> Component:
    """Return the readings, newest first, each with its rise since the one before."""
    folder = f"{site.prefix}readings/{view.now.plant.plant_id}/photo"
    rows = []
    for reading, before in zip(view.readings, [*view.readings[1:], None], strict=True):
        rise = None if before is None else (reading.forward_wh - before.forward_wh) / 1e3
        photo: Any = (
            html.A(texts("pages.plant.photo"), href=f"{folder}/{reading.photo}") if reading.photo else ""
        )
        forward = number(reading.forward_wh / 1e3, 1)
        rows.append([date_time(reading.read_at), forward, number(rise, 1), reading.note, photo])
    heads = [("read_at", False), ("forward", True), ("rise", True), ("note", False), ("photo", False)]
    return table(
        [(texts(f"pages.plant.reading.{key}"), is_number) for key, is_number in heads],
        rows,
        texts("pages.plant.readings"),
    )
