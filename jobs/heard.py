"""Contact with devices that speak when they like: by a broker, or through a collector in their village."""

from dataclasses import replace

from collectors.contact import Light
from domain.clock import Clock
from domain.health import Contact, Health, Reason
from domain.measurement import Batch
from domain.plant import Device, DeviceKind, Plant
from domain.sun import sun_elevation

_SILENT_AFTER_PERIODS = 3.5


class Heard:
    """Who was heard, and when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: dict[str, Health] = {}

    def hear(self, batch: Batch) -> None:
        """Note a sign of life."""
        before = self._heard.get(batch.device_id, Health(batch.device_id))
        now = self._clock.now()
        self._heard[batch.device_id] = replace(
            before,
            contact=Contact.ANSWERING,
            reason=Reason.NONE,
            since=before.since if before.contact is Contact.ANSWERING else now,
            last_answer_at=max(before.last_answer_at or batch.measured_at, batch.measured_at),
            good=before.good + 1,
        )

    def health(self, device: Device, plant: Plant, *, inconsistent: bool) -> Health:
        """Judge a device: silent when it has not spoken for a few periods."""
        health = self._heard.get(device.device_id, Health(device.device_id))
        now = self._clock.now()
        last = health.last_answer_at
        if last is not None and (now - last).total_seconds() <= _SILENT_AFTER_PERIODS * plant.poll_period_s:
            return replace(health, inconsistent=inconsistent)
        light = Light.at(sun_elevation(now, plant.latitude, plant.longitude))
        if device.kind is DeviceKind.INVERTER and light is not Light.DAY:
            return replace(health, contact=Contact.ASLEEP, reason=Reason.ASLEEP, since=last)
        if last is None:
            return health
        return replace(health, contact=Contact.SILENT, reason=Reason.NO_ANSWER, since=last)
