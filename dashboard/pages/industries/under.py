"""What grows under a plant's panels, for the page of the plant: crop, land, extra income."""

from typing import Any

from dash import dcc

from access.permissions import Permission
from access.principal import Principal
from dashboard.components.card import card, table
from dashboard.components.words import MISSING
from dashboard.pages.base import Component, Site
from dashboard.pages.industries.parts import yuan
from texts.loader import Texts


def under_panels(site: Site, principal: Principal, plant_id: str, texts: Texts) -> list[Component]:
    """Return a card with the bases under a plant, none where there are none or they may not be seen."""
    services = site.services.industries
    if services is None or not principal.may(Permission.VIEW_INDUSTRIES):
        return []
    rows: list[list[Any]] = [
        [
            dcc.Link(one.name, href=f"{site.prefix}bases/{one.base_id}"),
            one.crop or MISSING,
            f"{one.area_mu.normalize():,f}",
            yuan(one.income_fen_per_mu),
            yuan(one.extra_income_fen),
        ]
        for one in services.queries.bases(principal)
        if one.plant_id == plant_id
    ]
    if not rows:
        return []
    names = ("base", "crop", "area", "extra_mu", "extra")
    heads = [(texts(f"industries.page.{name}"), name not in {"base", "crop"}) for name in names]
    title = texts("industry_map.under")
    return [card(title, table(heads, rows, title))]
