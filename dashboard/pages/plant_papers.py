"""The papers tab: who owns which part, which account it is settled by, which capacities were approved when."""

from typing import Any

from dash import html

from dashboard.components.card import card, empty, facts, table
from dashboard.components.words import MISSING, day_text, number, percent
from dashboard.pages.base import Component
from queries.plant import PlantView
from texts.loader import Texts


def body(view: PlantView, texts: Texts) -> list[Component]:
    """Return ownership beside capacities, accounts and facts."""
    return [
        html.Div(
            [
                card(
                    texts("pages.plant.ownership"),
                    _owners(view, texts),
                    class_name="half",
                    aside=texts("pages.plant.since", day=day_text(view.ownership_from))
                    if view.owners
                    else None,
                ),
                html.Div(
                    [
                        card(texts("pages.plant.capacities"), _capacities(view, texts)),
                        card(texts("pages.plant.accounts"), _accounts(view, texts)),
                        card(texts("pages.plant.facts"), _facts(view, texts)),
                    ],
                    className="column half",
                ),
            ],
            className="columns",
        )
    ]


def _owners(view: PlantView, texts: Texts) -> Component:
    if not view.owners:
        return empty(texts("pages.plant.no_ownership"))
    rows: list[list[Any]] = [
        [owner.label.in_(texts.language), number(owner.share_kw, 2), percent(owner.share, 2)]
        for owner in view.owners
    ]
    rows.append(
        [
            html.B(texts("pages.plant.total")),
            html.B(number(sum(owner.share_kw for owner in view.owners), 2)),
            html.B(percent(sum(owner.share for owner in view.owners), 2)),
        ]
    )
    return html.Div(
        [
            table(
                [
                    (texts("pages.plant.column.village"), False),
                    (texts("pages.plant.column.share_kw"), True),
                    (texts("pages.plant.column.share"), True),
                ],
                rows,
                texts("pages.plant.ownership"),
            ),
            html.P(texts("pages.plant.source", source=view.ownership_source), className="summary"),
        ]
    )


def _capacities(view: PlantView, texts: Texts) -> Component:
    return table(
        [
            (texts("pages.plant.column.from"), False),
            (texts("pages.plant.column.ac"), True),
            (texts("pages.plant.column.dc"), True),
        ],
        [
            [day_text(one.valid_from), number(one.ac_capacity_kw, 2), number(one.dc_capacity_kw, 2)]
            for one in view.capacities
        ],
        texts("pages.plant.capacities"),
    )


def _accounts(view: PlantView, texts: Texts) -> Component:
    if not view.accounts:
        return empty(texts("pages.plant.no_accounts"))
    return table(
        [
            (texts("pages.plant.column.account"), False),
            (texts("pages.plant.column.meter"), False),
            (texts("pages.plant.column.ratio"), True),
            (texts("pages.plant.column.reading_day"), True),
            (texts("pages.plant.column.from"), False),
            (texts("pages.plant.column.to"), False),
        ],
        [
            [
                one.account_number,
                one.meter_number,
                f"{one.ct_ratio:g} × {one.pt_ratio:g}",
                str(one.reading_day),
                day_text(one.valid_from),
                day_text(one.valid_to),
            ]
            for one in view.accounts
        ],
        texts("pages.plant.accounts"),
    )


def _facts(view: PlantView, texts: Texts) -> Component:
    plant = view.now.plant
    return facts(
        [
            (texts("pages.plant.fact.id"), plant.plant_id),
            (texts("pages.plant.fact.connection"), texts(f"pages.plant.connection.{plant.connection.value}")),
            (texts("pages.plant.fact.feeder"), plant.feeder or MISSING),
            (texts("pages.plant.fact.place"), f"{plant.latitude:.4f}° N, {plant.longitude:.4f}° E"),
            (texts("pages.plant.fact.altitude"), f"{number(plant.altitude_m)} m"),
            (texts("pages.plant.fact.tilt"), f"{plant.tilt_deg:g}° / {plant.azimuth_deg:g}°"),
            (texts("pages.plant.fact.devices"), str(len(plant.devices))),
        ]
    )
