"""Areas of the data interface: what a token opens, each with the permissions it needs; one table."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from access.permissions import Permission


class Area(StrEnum):
    """One part of the district's data that a token may open."""

    PLANTS = "plants"  # plants, devices, state, daily indicators
    SAMPLES = "samples"
    ALERTS = "alerts"
    CASES = "cases"
    REVENUE = "revenue"  # per plant and village, never per household
    INDUSTRIES = "industries"


AREA_PERMISSIONS: Mapping[Area, frozenset[Permission]] = {
    Area.PLANTS: frozenset({Permission.VIEW_OVERVIEW, Permission.VIEW_PLANT}),
    Area.SAMPLES: frozenset({Permission.EXPORT_SAMPLES}),
    Area.ALERTS: frozenset({Permission.VIEW_ALERTS}),
    Area.CASES: frozenset({Permission.VIEW_CASES}),
    Area.REVENUE: frozenset({Permission.VIEW_INCOME}),
    Area.INDUSTRIES: frozenset({Permission.VIEW_INDUSTRIES}),
}


def permissions_of_areas(names: Collection[str]) -> frozenset[Permission]:
    """Return what areas open together; a name nobody knows opens nothing."""
    known = [AREA_PERMISSIONS[area] for area in Area if area.value in names]
    return frozenset({Permission.ANYONE}).union(*known)
