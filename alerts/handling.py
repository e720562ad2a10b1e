"""What people's acts make of an alert, and what a planned stop covers. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from domain.alert import Alert
from domain.errors import CommandError
from domain.handling import AlertAct, AlertActKind, Handling, PlannedStop
from domain.plant import Registry
from texts.loader import Texts

SHELF_MAX = timedelta(days=7)
SILENCE_MAX = timedelta(days=30)


class HandlingRefusedError(CommandError):
    """An act on an alert that cannot be done. ``key`` and ``values`` are its words (area handling)."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = f"handling.problem.{key}"
        self.values: Mapping[str, object] = values
        super().__init__(Texts("en")(self.key, **values))

    def words(self, texts: Texts) -> str:
        """Return why, in the reader's language."""
        return texts(self.key, **self.values)


def after(handling: Handling, act: AlertAct) -> Handling:
    """Return how an alert stands with people after one more act.

    Raises
    ------
    HandlingRefusedError
        Somebody was quicker, or the act lacks its end, its reason or its receiver; nothing changed.
    """
    if act.kind is AlertActKind.ACKNOWLEDGE and handling.acknowledged_by:
        at = handling.acknowledged_at
        raise HandlingRefusedError(
            "acknowledged", by=handling.acknowledged_by, at=f"{at:%m-%d %H:%M} UTC" if at else ""
        )
    if act.number != handling.acts + 1:
        raise HandlingRefusedError("somebody_quicker")
    return replace(_changed(handling, act), acts=act.number)


def _changed(handling: Handling, act: AlertAct) -> Handling:
    if act.kind is AlertActKind.ACKNOWLEDGE:
        return replace(
            handling, acknowledged_by=act.by, acknowledged_at=act.at, owner=handling.owner or act.by
        )
    if act.kind is AlertActKind.SILENCE:
        until = _checked_end(act, SILENCE_MAX)
        return replace(handling, silenced_until=until.until, silence_reason=act.reason)
    if act.kind is AlertActKind.SHELVE:
        until = _checked_end(act, SHELF_MAX)
        return replace(handling, shelved_until=until.until, shelve_reason=act.reason)
    if act.kind is AlertActKind.RELEASE:
        return replace(handling, silenced_until=None, silence_reason="", shelved_until=None, shelve_reason="")
    if act.kind is AlertActKind.HAND_OVER:
        if not act.to.strip():
            raise HandlingRefusedError("nobody")
        return replace(handling, owner=act.to.strip())
    if not act.reason.strip():
        raise HandlingRefusedError("no_reason")
    if act.kind is AlertActKind.REOPEN:
        return replace(handling, acknowledged_by="", acknowledged_at=None, reopened=handling.reopened + 1)
    return handling


def _checked_end(act: AlertAct, longest: timedelta) -> AlertAct:
    if not act.reason.strip():
        raise HandlingRefusedError("no_reason")
    if act.until is None:
        raise HandlingRefusedError("no_end")
    if act.until <= act.at:
        raise HandlingRefusedError("end_past")
    if act.until - act.at > longest:
        raise HandlingRefusedError("too_long", days=longest.days)
    return act


def fold(alert_id: str, acts: Iterable[AlertAct]) -> Handling:
    """Return how an alert stands after its acts."""
    handling = Handling(alert_id)
    for act in acts:
        handling = after(handling, act)
    return handling


def covering_stop(
    alert: Alert, stops: Iterable[PlannedStop], registry: Registry, now: datetime | None = None
) -> PlannedStop | None:
    """Return the planned stop that explains an alert: in force when the fault began or fired.

    An outage covers the plants of its feeder, a tag its plant or only its device. With ``now``, one in force now
    quiets an open alert too: somebody is at work there, though the fault was there before.
    """
    instants = [at for at in (alert.since, alert.fired_at) if at is not None]
    if now is not None and alert.is_open:
        instants.append(now)
    for stop in stops:
        if any(stop.holds(at) for at in instants) and _meant(alert, stop, registry):
            return stop
    return None


def _meant(alert: Alert, stop: PlannedStop, registry: Registry) -> bool:
    if stop.device_id:
        return alert.device_id == stop.device_id
    named = set(alert.plant_ids) | {alert.plant_id} - {""}
    if stop.plant_id:
        return bool(named) and named <= {stop.plant_id}
    plants = [registry.plants_by_id[plant_id] for plant_id in named if plant_id in registry.plants_by_id]
    on_feeder = bool(plants) and all(plant.feeder == stop.feeder for plant in plants)
    return on_feeder or (bool(stop.feeder) and alert.subject == stop.feeder)
