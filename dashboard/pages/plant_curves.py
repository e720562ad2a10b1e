"""The curves tab: what the plant or some of its inverters did over one to thirty days."""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.card import card, graph
from dashboard.components.markup import aria
from dashboard.components.overview_figures import plant_label
from dashboard.components.plant_figures import curves_figure
from dashboard.pages.base import Component, Site
from domain.errors import AccessDeniedError
from queries.curves import DEVICES_MAX, CurvesView, Span, Subject
from queries.plant import PlantView
from texts.loader import Texts

SUBJECT, SPAN, DEVICES, CHART, PLANT = (
    "curves-subject",
    "curves-span",
    "curves-devices",
    "curves-chart",
    "plant-id",
)


def body(view: PlantView, principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the choosers and today's power."""
    plant = view.now.plant
    drawn = site.queries.curves.view(principal, plant.plant_id, Subject.PLANT, Span.TWO_DAYS)
    return [
        _choosers(view, site, texts),
        card(
            texts("pages.plant.curves"),
            graph(
                CHART,
                curves_figure(drawn, {plant.plant_id: plant_label(view.now, texts.language)}),
                summary(drawn, texts),
                texts,
                420,
            ),
        ),
    ]


def _choosers(view: PlantView, site: Site, texts: Texts) -> Component:
    options = [{"value": d.device.device_id, "label": d.device.name} for d in view.now.devices]
    return html.Div(
        [
            dmc.SegmentedControl(
                id=SUBJECT,
                value=Subject.PLANT.value,
                size="xs",
                data=[
                    {"value": one.value, "label": texts(f"pages.plant.subject.{one.value}")}
                    for one in Subject
                ],
            ),
            dmc.SegmentedControl(
                id=SPAN,
                value=Span.TWO_DAYS.value,
                size="xs",
                data=[{"value": one.value, "label": texts(f"pages.plant.span.d{one.value}")} for one in Span],
            ),
            dmc.MultiSelect(
                id=DEVICES,
                data=options,
                value=[],
                maxValues=DEVICES_MAX,
                searchable=True,
                clearable=True,
                size="xs",
                w=300,
                placeholder=texts("pages.plant.pick_devices", count=DEVICES_MAX),
                nothingFoundMessage=texts("components.no_rows"),
                **aria(label=texts("pages.plant.pick_devices", count=DEVICES_MAX)),
            ),
            html.Span(className="grow"),
            html.A(
                texts("work.evidence.title"),
                href=f"{site.prefix}plants/{view.now.plant.plant_id}/evidence",
                target="_blank",
            ),
        ],
        className="toolbar",
    )


def summary(view: CurvesView, texts: Texts) -> str:
    """Say what is drawn, over which days, and how wide a point is."""
    if not any((line.values == line.values).any() for line in view.lines):
        return texts("pages.plant.curves_empty")
    return texts(
        "pages.plant.curves_summary",
        what=texts(f"pages.plant.subject.{view.subject.value}"),
        span=texts(f"pages.plant.span.d{view.span.value}"),
        minutes=int(view.step_s // 60),
    )


def register(app: Any, site: Site) -> None:
    """Another choice, another chart."""

    @guard.secured(
        app,
        Output(CHART, "figure"),
        Output(f"{CHART}-summary", "children"),
        Input(SUBJECT, "value"),
        Input(SPAN, "value"),
        Input(DEVICES, "value"),
        State(PLANT, "data"),
        permission=Permission.VIEW_PLANT,
        takes=(str, str, list, dict),
        prevent_initial_call=True,
    )
    def draw(
        principal: Principal, subject: str | None, span: str | None, device_ids: Any, chosen: Any
    ) -> tuple[Any, str]:
        plant_id = chosen.get("plant") if isinstance(chosen, dict) else None
        if not isinstance(plant_id, str):
            raise AccessDeniedError("the page sent no plant")
        texts = site.words(principal)
        drawn = site.queries.curves.view(
            principal,
            plant_id,
            Subject(subject) if subject in {one.value for one in Subject} else Subject.PLANT,
            Span(span) if span in {one.value for one in Span} else Span.TODAY,
            [one for one in device_ids or [] if isinstance(one, str)],
        )
        plant = site.services.sources.registry.plants_by_id[plant_id]
        name = (plant.name_en or plant.name) if texts.language == "en" else plant.name
        return curves_figure(drawn, {plant_id: name}), summary(drawn, texts)
