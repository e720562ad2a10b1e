"""What an open desk is called to: messages to desk targets since it last asked, within its reader's scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.alert import Severity
from domain.notification import Event, Notification, TargetKind
from queries.work import WorkSources

OVERLAP = timedelta(
    seconds=60
)  # a message may be kept a moment after its instant; who asks leaves out what it knows
_CALLS = frozenset({Event.FIRING, Event.WORSE, Event.REMINDER, Event.ESCALATION})
_ALERTS_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class DeskNews:
    """Messages that call, oldest first, and the instant to ask from next time."""

    at: datetime
    calls: tuple[Notification, ...]


@guarded
class Desk:
    """The desk's bell."""

    def __init__(self, sources: WorkSources) -> None:
        self._sources = sources
        targets = sources.notifying.targets
        self._targets = {target.target_id for target in targets if target.kind is TargetKind.DESK}

    @require(Permission.VIEW_ALERTS)
    def news(self, principal: Principal, since: datetime | None = None) -> DeskNews:
        """Return what called the desk since an instant, at most of the last hour."""
        now = self._sources.clock.now()
        start = max(since or now, now - timedelta(hours=1)) - OVERLAP
        mine = {plant.plant_id for plant in principal.plants(self._sources.registry)}
        every = principal.scope.everything
        found = [
            one
            for one in self._sources.records.notifications(start)
            if one.target_id in self._targets
            and one.event in _CALLS
            and one.severity is not Severity.S4
            and (every or self._touches(one.alert_ids, mine))
        ]
        return DeskNews(now, tuple(reversed(found)))

    def _touches(self, alert_ids: Iterable[str], mine: set[str]) -> bool:
        for alert_id in list(alert_ids)[:_ALERTS_LOOKED_AT]:
            alert = self._sources.records.alert(alert_id)
            if alert is not None and {alert.plant_id, *alert.plant_ids} & mine:
                return True
        return False
