"""What people do about alerts: acknowledge, silence, shelve, hand over, reopen; maintenance tags and outages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from alerts.handling import HandlingRefusedError
from cases.refusal import CaseRefusedError
from commands.alert_acts import AlertActs
from commands.audit import command
from commands.case_rules import checked_text
from commands.reading_rules import photo_of
from domain.clock import Clock
from domain.errors import AccessDeniedError
from domain.handling import AlertActKind, Handling, PlannedStop, StopKind
from domain.plant import Registry
from stores.work_protocol import WorkStore

P = Permission


@dataclass(frozen=True, slots=True)
class NewStop:
    """A tag or an outage as somebody typed it: a plant, one of its devices, or a feeder."""

    kind: StopKind
    start: datetime
    end: datetime
    reason: str
    plant_id: str = ""
    device_id: str = ""
    feeder: str = ""
    photo: bytes = b""


@guarded
class AlertHandling(AlertActs):
    """What may be done about alerts. ``seen`` is how many acts the page showed: the second of two is told."""

    def __init__(
        self, records: WorkStore, registry: Registry, clock: Clock, field_clock: Clock | None = None
    ) -> None:
        super().__init__(records, registry, clock, field_clock)

    @command(P.HANDLE_ALERTS, "alert.acknowledge")
    def acknowledge(self, principal: Principal, alert_id: str, seen: int) -> Handling:
        """Say that one has seen it; the second to do so is told who was first."""
        return self._act(principal, alert_id, seen, AlertActKind.ACKNOWLEDGE)

    @command(P.HANDLE_ALERTS, "alert.silence")
    def silence(
        self, principal: Principal, alert_id: str, seen: int, until: datetime | None, reason: str
    ) -> Handling:
        """Have nobody told until an end, at most thirty days ahead."""
        return self._act(principal, alert_id, seen, AlertActKind.SILENCE, reason, until)

    @command(P.HANDLE_ALERTS, "alert.shelve")
    def shelve(
        self, principal: Principal, alert_id: str, seen: int, until: datetime | None, reason: str
    ) -> Handling:
        """Take it off the list until an end, at most seven days ahead."""
        return self._act(principal, alert_id, seen, AlertActKind.SHELVE, reason, until)

    @command(P.HANDLE_ALERTS, "alert.release")
    def release(self, principal: Principal, alert_id: str, seen: int) -> Handling:
        """End a silence or a shelf early."""
        return self._act(principal, alert_id, seen, AlertActKind.RELEASE)

    @command(P.HANDLE_ALERTS, "alert.hand_over")
    def hand_over(self, principal: Principal, alert_id: str, seen: int, to: str) -> Handling:
        """Give it to somebody else."""
        return self._act(principal, alert_id, seen, AlertActKind.HAND_OVER, to=to)

    @command(P.HANDLE_ALERTS, "alert.reopen")
    def reopen(self, principal: Principal, alert_id: str, seen: int, reason: str) -> Handling:
        """Say that it is not solved: people are told again."""
        return self._act(principal, alert_id, seen, AlertActKind.REOPEN, reason)

    @command(P.HANDLE_ALERTS, "alert.note")
    def note(self, principal: Principal, alert_id: str, seen: int, reason: str) -> Handling:
        """Write something down."""
        return self._act(principal, alert_id, seen, AlertActKind.NOTE, reason)

    @command(P.HANDLE_ALERTS, "stop.add")
    def add_stop(self, principal: Principal, new: NewStop) -> PlannedStop:
        """Hang a maintenance tag, or note a planned outage of a feeder; ended by itself.

        Raises
        ------
        HandlingRefusedError
            Place, reason or end is missing or cannot be.
        """
        stop = self._checked(principal, new)
        with self._carry_out(principal, "stop.add", stop.stop_id, {"kind": stop.kind.value}):
            if new.photo:
                sha256, content_type = photo_of(new.photo)
                self._records.add_photo(sha256, content_type, new.photo)
            self._work.add_stop(stop)
        return stop

    @command(P.HANDLE_ALERTS, "stop.end")
    def end_stop(self, principal: Principal, stop_id: str) -> None:
        """Take a tag off early."""
        with self._carry_out(principal, "stop.end", str(stop_id)):
            if not self._work.end_stop(str(stop_id), self._field_clock.now(), principal.user_id):
                raise HandlingRefusedError("no_such_stop")

    def _check_alert(self, principal: Principal, alert_id: str) -> None:
        alert = self._work.alert(str(alert_id))
        named = {alert.plant_id, *alert.plant_ids} - {""} if alert is not None else set()
        plants = [self._registry.plants_by_id[one] for one in named if one in self._registry.plants_by_id]
        if not any(principal.sees_plant(plant, self._registry) for plant in plants):
            raise CaseRefusedError("no_such_alert")

    def _checked(self, principal: Principal, new: NewStop) -> PlannedStop:
        now = self._field_clock.now()
        if not new.reason.strip():
            raise HandlingRefusedError("no_reason")
        if new.end <= max(new.start, now):
            raise HandlingRefusedError("end_past")
        if new.kind is StopKind.MAINTENANCE:
            self._check_place(principal, new)
        elif not new.feeder or new.feeder not in {plant.feeder for plant in self._registry.plants}:
            raise HandlingRefusedError("unknown_feeder", feeder=new.feeder[:40])
        photo = photo_of(new.photo)[0] if new.photo else ""
        return PlannedStop(
            uuid4().hex,
            new.kind,
            new.start,
            new.end,
            checked_text(new.reason),
            principal.user_id,
            now,
            new.plant_id,
            new.device_id,
            new.feeder if new.kind is StopKind.OUTAGE else "",
            photo,
        )

    def _check_place(self, principal: Principal, new: NewStop) -> None:
        try:
            plant = principal.plant(new.plant_id, self._registry)
        except AccessDeniedError as error:
            raise HandlingRefusedError("no_place") from error
        if new.device_id and all(device.device_id != new.device_id for device in plant.devices):
            raise HandlingRefusedError("no_place")
