"""Gateways that publish JSON of their own: which devices a message is for, and what it says of them.

The registry names the topic (with ``+`` and ``#``), the profile of a device says what the documents mean. A
message may hold several devices and several instants. One that is older than what its device said before, and
is not marked as history, comes from a clock that went back: it is set aside, not stored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from collectors.source import Delivery
from domain.measurement import Batch
from domain.plant import Device, Registry
from inverters.mapping import MappedDevice, Message, Reading
from inverters.profile import DeviceProfile


@dataclass(frozen=True, slots=True)
class Told:
    """What a message said: batches of now, batches of long ago, and why something of it is not among them.

    ``astray`` names the devices that said something at an instant that cannot be.
    """

    live: tuple[Batch, ...] = ()
    history: tuple[Batch, ...] = ()
    reason: str = ""
    astray: tuple[str, ...] = ()


@dataclass(slots=True)
class _Gateway:
    topic: str
    devices: list[MappedDevice] = field(default_factory=list)


class Documents:
    """Devices whose gateways speak JSON of their own, as the registry has them."""

    def __init__(self, profiles: Mapping[str, DeviceProfile]) -> None:
        self._profiles = profiles
        self._gateways: dict[str, _Gateway] = {}
        self._newest: dict[str, datetime] = {}

    def follow(self, registry: Registry, published: Iterable[Device]) -> None:
        """Take the devices that publish now."""
        topics = {gateway.gateway_id: gateway.topic for gateway in registry.gateways()}
        found: dict[str, _Gateway] = {}
        for device in published:
            profile = self._profiles.get(device.profile)
            gateway_id = device.gateway_id or ""
            if profile is None or profile.mapping is None or not topics.get(gateway_id):
                continue
            gateway = found.setdefault(gateway_id, _Gateway(topics[gateway_id]))
            gateway.devices.append(MappedDevice(profile.mapping, device))
        self._gateways = found

    @property
    def topics(self) -> tuple[str, ...]:
        """What to listen to, each topic once."""
        return tuple(dict.fromkeys(gateway.topic for gateway in self._gateways.values()))

    def read(self, delivery: Delivery) -> Told:
        """Return what a message says; ``reason`` is empty when all of it was understood."""
        if delivery.received_at is None:
            return Told(reason="has no instant of arrival")
        message = Message(delivery.topic, delivery.document, delivery.received_at)
        listening = [
            device
            for gateway in self._gateways.values()
            if topic_fits(gateway.topic, delivery.topic)
            for device in gateway.devices
        ]
        readings = [reading for device in listening for reading in device.read(message)]
        if not readings:
            names = ", ".join(device.device.device_id for device in listening) or "no device"
            return Told(reason=f"says nothing of {names}: compare the mapping with the document")
        live = [self._checked(reading) for reading in readings if not reading.history]
        stale = [reading.batch for reading, good in zip(_live(readings), live, strict=True) if not good]
        return Told(
            tuple(reading.batch for reading, good in zip(_live(readings), live, strict=True) if good),
            tuple(reading.batch for reading in readings if reading.history),
            "".join(f"{one.device_id}: its clock went back to {one.measured_at}; " for one in stale),
            tuple(dict.fromkeys(one.device_id for one in stale)),
        )

    def _checked(self, reading: Reading) -> bool:
        """Tell whether a reading is not older than the last one of its device."""
        batch = reading.batch
        newest = self._newest.get(batch.device_id)
        if newest is not None and batch.measured_at < newest and reading.timed:
            return False
        self._newest[batch.device_id] = max(newest or batch.measured_at, batch.measured_at)
        return True


def _live(readings: Iterable[Reading]) -> list[Reading]:
    return [reading for reading in readings if not reading.history]


def topic_fits(pattern: str, topic: str) -> bool:
    """Tell whether ``topic`` is one that ``pattern`` asks for, by the rules of MQTT."""
    wanted, given = pattern.split("/"), topic.split("/")
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(given) or level not in ("+", given[number]):
            return False
    return len(wanted) == len(given)
