"""Whom to telephone about what: open alerts of receivers that have no target. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from alerts.handling import covering_stop, fold
from alerts.notification import is_theirs, route_for
from domain.alert import Alert
from domain.handling import AlertAct, PlannedStop
from domain.notification import Notifying, Receiver, When
from domain.plant import Registry


def call_list(
    alerts: Sequence[Alert],
    acts: Mapping[str, Sequence[AlertAct]],
    stops: Sequence[PlannedStop],
    registry: Registry,
    notifying: Notifying,
    now: datetime,
) -> list[tuple[Receiver, Alert]]:
    """Return receiver and alert, by receiver; what is explained, quieted or acknowledged is left out."""
    open_ids = {alert.alert_id for alert in alerts}
    found = []
    for alert in alerts:
        handling = fold(alert.alert_id, acts.get(alert.alert_id, ()))
        quiet = handling.acknowledged_by or handling.is_silenced(now) or handling.is_shelved(now)
        if quiet or alert.parent_id in open_ids or covering_stop(alert, stops, registry, now) is not None:
            continue
        for receiver in notifying.receivers:
            route = route_for(receiver, alert, notifying.routes)
            wanted = (
                route is not None
                and route.when is not When.WEEKLY
                and not notifying.ways_to(receiver, alert.severity)
            )
            if wanted and is_theirs(receiver, alert, registry):
                found.append((receiver, alert))
    return sorted(found, key=lambda pair: (pair[0].name, pair[1].severity, pair[1].since))
