"""Stamps on their way to the spool: made where the clock is trusted, put off where it is not."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from collectors.source import Delivery
from collectors.time_guard import ClockSource, ClockState, TimeGuard
from domain.clock import LATEST, Clock
from domain.measurement import Batch, Quality
from domain.plant import Registry
from domain.timespan import Interval
from inverters.told import document_time

log = logging.getLogger(__name__)
LOOK_S = 1.0  # real seconds
_DEVICE_TIME = "device_time_epoch_s"


@dataclass(frozen=True, slots=True)
class Held:
    """A batch, the delivery it came with, whether some of its blocks are missing, and whether that follows later."""

    batch: Batch
    delivery: Delivery | None = None
    partial: bool = False
    owed: bool = False


class Stamps:
    """Hands batches on with the right instant. Belongs to the event loop that polls.

    Parameters
    ----------
    put : callable
        Takes what has its stamp.
    jumped : callable, optional
        Told what a right clock jumped over: nothing can have been measured then.
    """

    def __init__(
        self,
        clock: Clock,
        source: ClockSource,
        put: Callable[[Held], None],
        jumped: Callable[[Interval], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._guard: TimeGuard[Held] = TimeGuard(clock, source)
        self._put = put
        self._jumped = jumped

    @property
    def trusted(self) -> bool:
        """Whether the clock may stamp."""
        return self._guard.trusted

    @property
    def by_person(self) -> bool:
        """Whether every stamp rests on a person's word."""
        return self._guard.by_person

    def state(self) -> ClockState:
        """Return how the clock stands. Thread safe."""
        return self._guard.state()

    def confirm(self) -> bool:
        """A person says the clock is right; False while it cannot be."""
        return self._guard.confirm()

    def take(self, held: Held) -> None:
        """Hand a batch on, or keep it until it can be stamped."""
        self._look()
        if self._guard.trusted:
            self._put(self._marked(held))
            return
        dropped = self._guard.hold(held)
        if dropped is not None:
            log.error("device %s: a sample was dropped: too many wait for the clock", dropped.batch.device_id)

    def _look(self) -> None:
        was_trusted = self._guard.trusted
        step_s = self._guard.look()
        if step_s > 0 and was_trusted and self._guard.trusted:
            now = self._clock.now()
            self._jumped(Interval(now - timedelta(seconds=step_s), now))

    def release(self) -> int:
        """Hand on what was kept, stamped; return how many. Nothing while the clock is not trusted."""
        released = self._guard.release()
        for at, held in released:
            self._put(replace(held, batch=replace(held.batch, measured_at=at, received_at=at)))
        return len(released)

    def _marked(self, held: Held) -> Held:
        """Mark what was stamped in the minute of a step."""
        if not self._guard.unsure:
            return held
        before = held.batch.qualities or (Quality.GOOD,) * len(held.batch.values)
        marked = tuple(Quality.CLOCK if one is Quality.GOOD else one for one in before)
        return replace(held, batch=replace(held.batch, qualities=marked))

    async def run(self, back: Callable[[], Coroutine[None, None, None]]) -> None:
        """Look each second; when the clock is trusted again, call ``back`` and hand on what was kept."""
        trusted = self._guard.trusted
        while True:
            await asyncio.sleep(LOOK_S)
            self._look()
            before, trusted = trusted, self._guard.trusted
            if trusted and not before:
                try:
                    await back()
                except Exception:
                    log.exception("the clock is back, and what it decides could not be taken anew")
            if trusted:
                self.release()

    # ------------------------------------------------------------------ clocks of the field

    def says(self, who: str, time: Any) -> None:
        """Note the time a gateway put on its message, if it names one."""
        at = document_time(time, LATEST)
        if at is not None:
            self._guard.heard(who, at)

    def device_says(self, who: Batch, registry: Registry) -> None:
        """Note the local time a logger or inverter keeps, where its profile has one."""
        seconds = who.good(_DEVICE_TIME) if _DEVICE_TIME in who.quantities else None
        device = registry.devices_by_id.get(who.device_id)
        if seconds is None or device is None:
            return
        zone = ZoneInfo(registry.plants_by_id[device.plant_id].time_zone)
        local = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=zone)
        self._guard.heard(who.device_id, local.astimezone(UTC))
