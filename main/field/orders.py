"""What the field verbs may ask of a running instance: look at a device, probe a unit, follow the registry."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from collectors.probe import LONGEST_S
from domain.account import AuditEntry
from domain.clock import SystemClock
from domain.errors import CollectError, CommandError, ProfileError
from domain.plant import Registry
from main.control import Action
from main.field.desk import CONFIRM_ORDER, FOLLOW_ORDER, LOOK_ORDER, PROBE_ORDER
from main.field.report import failed_report, look_report, probe_report

if TYPE_CHECKING:
    from jobs.collect import Collector
    from main.build import Options
    from main.field.following import RegistryFollower
    from main.instance import Instance

log = logging.getLogger(__name__)
_LOOK_WITHIN_S = 240.0
_PROBE_WITHIN_S = 60.0
_UNIT_MAX = 247


class Polling(Protocol):
    """What polls wires: a whole instance, or the collector of one village."""

    @property
    def options(self) -> "Options":
        """What it is made of."""
        ...

    @property
    def collector(self) -> "Collector | None":
        """What polls, None where nothing does."""
        ...


def field_orders(instance: "Instance") -> dict[str, Action]:
    """Return the orders of an instance."""
    return {
        FOLLOW_ORDER: lambda _: follow_order(instance.follower, instance.options.registry),
        CONFIRM_ORDER: lambda payload: _confirm(instance, payload),
        **look_orders(instance),
    }


def look_orders(instance: Polling) -> dict[str, Action]:
    """Return the orders on wires: only who polls a wire may ask there."""
    return {
        LOOK_ORDER: lambda payload: _look(instance, payload),
        PROBE_ORDER: lambda payload: _probe(instance, payload),
    }


def follow_order(follower: "RegistryFollower | None", registry: Registry) -> Mapping[str, Any]:
    """Take the revision in force at once; return the gateways polled otherwise, and how many devices there are."""
    changed = follower.follow() if follower is not None else None
    return {"changed": changed or [], "devices": len(registry.devices_by_id)}


def _look(instance: Polling, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    registry = instance.options.registry
    device = registry.devices_by_id.get(str(payload.get("device", "")))
    if device is None or instance.collector is None:
        raise CommandError(f"{payload.get('device')}: this instance does not read such a device")
    log.warning("look at %s, asked by %s", device.device_id, payload.get("user", ""))
    try:
        found = instance.collector.visit(lambda wires: wires.look(registry, device.device_id), _LOOK_WITHIN_S)
    except (CollectError, ProfileError) as error:
        return failed_report(device, str(error))
    return look_report(found, device, registry)


def _probe(instance: Polling, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    gateway_id, unit = str(payload.get("gateway", "")), payload.get("unit")
    if not isinstance(unit, int) or not 0 <= unit <= _UNIT_MAX or instance.collector is None:
        raise CommandError(f"unit {unit!r}: expected 0 to {_UNIT_MAX}")
    log.warning("probe of %s unit %s, asked by %s", gateway_id, unit, payload.get("user", ""))
    registry = instance.options.registry
    wary, told_s = payload.get("quick") is True, payload.get("longest_s", LONGEST_S)
    longest_s = min(LONGEST_S, told_s) if isinstance(told_s, int | float) else LONGEST_S
    result = instance.collector.visit(
        lambda wires: wires.probe(registry, gateway_id, unit, wary=wary, longest_s=longest_s), _PROBE_WITHIN_S
    )
    return probe_report(result, gateway_id, unit)


def _confirm(instance: "Instance", payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Believe a device again whose serial number changed; kept in the audit with the name of who says so."""
    device_id, user = str(payload.get("device", "")), str(payload.get("user", ""))
    if instance.collector is None or device_id not in instance.options.registry.devices_by_id:
        raise CommandError(f"{device_id}: this instance does not read such a device")
    done = instance.collector.confirm_identity(device_id)
    if done and instance.has_records:
        entry = AuditEntry(
            at=SystemClock().now(),
            user_id=user,
            action="device.confirm",
            subject=device_id,
            outcome="done",
            field_time=instance.options.clock.now(),
        )
        instance.records.add_audit(entry)
    log.warning("device %s: serial number confirmed by %s: %s", device_id, user, done)
    return {"device": device_id, "confirmed": done}
