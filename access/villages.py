"""Which villages and towns are in a principal's scope: by itself, by its town, or everything."""

from datetime import date

from access.guard import out_of_scope
from access.principal import Principal
from domain.alert import Alert
from domain.plant import Registry


def sees_village(principal: Principal, registry: Registry, village_id: str) -> bool:
    """Tell whether a village is in scope."""
    village = registry.villages_by_id.get(village_id)
    scope = principal.scope
    if village is None:
        return False
    return scope.everything or village_id in scope.village_ids or village.town_id in scope.town_ids


def villages_seen(principal: Principal, registry: Registry) -> list[str]:
    """Return the ids of the villages in scope, in the registry's order."""
    return [one.village_id for one in registry.villages if sees_village(principal, registry, one.village_id)]


def towns_seen(principal: Principal, registry: Registry) -> list[str]:
    """Return the towns in scope, in the registry's order."""
    scope = principal.scope
    return [one.town_id for one in registry.towns if scope.everything or one.town_id in scope.town_ids]


def check_town(principal: Principal, registry: Registry, town_id: str) -> None:
    """Raise AccessDeniedError unless a town is there and in scope."""
    if town_id not in towns_seen(principal, registry):
        raise out_of_scope(principal, "town", town_id)


def sees_town_alert(principal: Principal, registry: Registry, alert: Alert) -> bool:
    """Tell whether an alert of industries is in scope: one of a town to that town, the others to everybody."""
    return alert.subject not in registry.towns_by_id or alert.subject in towns_seen(principal, registry)


def handles_town_alert(principal: Principal, registry: Registry, alert: Alert) -> bool:
    """Tell whether somebody may act on an alert of industries: a town on its own, the district on all."""
    return principal.scope.everything or alert.subject in towns_seen(principal, registry)


def villages_of(registry: Registry, town_id: str, on: date) -> list[str]:
    """Return the villages a town has on a day."""
    return [
        one.village_id
        for one in registry.villages
        if one.town_id == town_id and one.valid_from <= on and (one.valid_to is None or on < one.valid_to)
    ]
