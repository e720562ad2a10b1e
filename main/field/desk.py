"""Asking the field for a command: inside the running collector where it owns the wire, by ourselves elsewhere."""

import asyncio
import getpass
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from collectors.examination import look
from domain.clock import Clock, SystemClock
from domain.errors import CollectError, CommandError, ProfileError
from domain.plant import Device, Gateway, Registry, WireProtocol
from inverters.profile import DeviceProfile
from main import control
from main.cli import Context
from main.field.report import failed_report, look_report
from main.sources import make_source

log = logging.getLogger(__name__)
LOOK_ORDER = "field_look"
PROBE_ORDER = "field_probe"
FOLLOW_ORDER = "registry_follow"
CONFIRM_ORDER = "device_confirm"


def who() -> str:
    """Return who gave the command, for the log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


@dataclass(frozen=True)
class FieldDesk:
    """Looks at configured devices, one after the other."""

    context: Context
    registry: Registry
    profiles: Mapping[str, DeviceProfile]
    clock: Clock = field(default_factory=SystemClock)

    def gateway_of(self, device: Device) -> Gateway:
        """Return the gateway ``device`` is read through.

        Raises
        ------
        CommandError
            It cannot be asked: it has none, publishes by itself, or has no profile.
        """
        texts = self.context.texts
        gateway = next((g for g in self.registry.gateways() if g.gateway_id == device.gateway_id), None)
        if gateway is None:
            raise CommandError(texts("finding.test.no_gateway", device=device.device_id))
        if gateway.protocol is WireProtocol.MQTT:
            raise CommandError(texts("finding.test.publishes", device=device.device_id))
        if device.profile not in self.profiles:
            raise CommandError(
                texts("finding.test.no_profile", device=device.device_id, profile=device.profile or "—")
            )
        return gateway

    def look(self, device: Device) -> dict[str, Any]:
        """Return the report on one device; one that does not answer has ``error`` in it."""
        gateway = self.gateway_of(device)
        log.warning("look at %s by %s", device.device_id, who())
        try:
            told = control.call(self.context.data, LOOK_ORDER, {"device": device.device_id, "user": who()})
            return told if told is not None else asyncio.run(self._look(gateway, device))
        except CollectError as error:
            return failed_report(device, str(error))
        except ProfileError as error:
            return failed_report(device, str(error))

    async def _look(self, gateway: Gateway, device: Device) -> dict[str, Any]:
        source = make_source(gateway)
        try:
            found = await look(source, device, self.profiles[device.profile], self.clock)
        finally:
            await source.close()
        return look_report(found, device, self.registry)
