"""Closes the slots nobody polls for: of devices that publish when they like, and of those nobody can read.

The pollers speak for their own devices. A published sample may be late, so a slot is closed a period after
its end; one that comes later still fills it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from collectors.documents import Told
from collectors.poller import WirePoller
from collectors.slot_book import Grid
from collectors.wiring import Wire, edge_devices, in_service
from domain.clock import Clock
from domain.health import Health
from domain.measurement import Batch
from domain.plant import Connection, Device, Registry
from domain.slots import SlotRange, SlotState, instant_of, microseconds, missing_for
from domain.timespan import Interval, day_of

Say = Callable[[SlotRange], None]
LOOK_S = 0.25  # real seconds


class SlotKeeper:
    """Knows every device of which samples are expected, and on which grid.

    Parameters
    ----------
    say : callable
        Takes what is to be said of slots.
    """

    def __init__(
        self,
        registry: Registry,
        wires: Sequence[Wire],
        pollers: Sequence[WirePoller],
        published: Mapping[str, Device],
        clock: Clock,
        say: Say,
    ) -> None:
        self._clock = clock
        self._say = say
        self._seen: dict[str, datetime] = {}
        self._gaps: dict[str, int] = {}
        self._published: Mapping[str, Device] = {}
        self._unread: list[str] = []
        self._edge: list[str] = []  # their own collector says what became of their slots
        self.grids: dict[str, Grid] = {}
        self.follow(registry, wires, pollers, published)

    def follow(
        self,
        registry: Registry,
        wires: Sequence[Wire],
        pollers: Sequence[WirePoller],
        published: Mapping[str, Device],
    ) -> None:
        """Expect what the registry says now."""
        grids: dict[str, Grid] = {}
        for wire, poller in zip(wires, pollers, strict=True):
            grid = Grid.of(poller.period_s, poller.phase_s, wire.plant.time_zone)
            grids |= dict.fromkeys((device.device_id for device in wire.devices), grid)
        edge = edge_devices(registry, self._clock)
        grids |= {name: grid for name, (_, grid) in edge.items()}
        unread: list[str] = []
        today = day_of(self._clock.now())
        for plant in registry.plants:
            if plant.connection is not Connection.LIVE:
                continue
            for device in plant.devices:
                if device.device_id in grids or not in_service(device, today):
                    continue
                grids[device.device_id] = Grid.of(plant.poll_period_s, 0.0, plant.time_zone)
                if device.device_id not in published:
                    unread.append(device.device_id)
        self.grids, self._published, self._unread, self._edge = grids, published, unread, list(edge)

    def heard(self, batch: Batch, gaps: int) -> None:
        """Note a published sample; ``gaps`` counts the numbered messages of its device that never came."""
        before = self._seen.get(batch.device_id)
        if gaps > self._gaps.get(batch.device_id, 0) and before is not None and before < batch.measured_at:
            period = timedelta(microseconds=self.grids[batch.device_id].period_us)
            start = min(before + period, batch.measured_at)
            self._say(SlotRange(batch.device_id, SlotState.SOURCE_GAP, batch.measured_at, start))
        self._gaps[batch.device_id] = gaps
        if before is None or before < batch.measured_at:
            self._seen[batch.device_id] = batch.measured_at

    def lost(self, interval: Interval) -> None:
        """Note that a broker forgot what was published in an interval."""
        for device_id in self._published:
            self._say(SlotRange(device_id, SlotState.SOURCE_GAP, interval.end, interval.start))

    def told(self, told: Told, at: datetime) -> None:
        """Note what a gateway's own document said when it came."""
        for batch in told.live:
            self.heard(batch, 0)
        for device_id in told.astray:
            self._astray(device_id, at)

    def _astray(self, device_id: str, at: datetime) -> None:
        """Note that a device spoke at ``at`` of an instant that cannot be: what it said was set aside."""
        grid = self.grids.get(device_id)
        if grid is None:  # it left the registry a moment ago
            return
        start = instant_of(grid.containing(microseconds(at)))
        end = start + timedelta(microseconds=grid.period_us)
        self._say(SlotRange(device_id, SlotState.IMPLAUSIBLE_TIME, end, start))

    def jumped(self, span: Interval) -> None:
        """Note that the clock jumped over a stretch of time: slots that lie in it whole never were."""
        ours = [name for name in self.grids if name not in self._edge and name not in self._unread]
        for device_id in ours:
            grid = self.grids[device_id]
            start_us = grid.at_or_after(microseconds(span.start))
            end_us = grid.containing(microseconds(span.end))
            if start_us < end_us:
                start, end = instant_of(start_us), instant_of(end_us)
                self._say(SlotRange(device_id, SlotState.IMPLAUSIBLE_TIME, end, start))

    async def run(self, health: Callable[[str], Health], *, connected: Callable[[], bool]) -> None:
        """Close what is over, once a period, until cancelled."""
        every_s = min((grid.period_us for grid in self.grids.values()), default=60_000_000) / 1e6
        due_s = self._clock.monotonic() + every_s
        while True:
            await asyncio.sleep(LOOK_S)
            if self._clock.monotonic() >= due_s:
                due_s = self._clock.monotonic() + every_s
                self.close(health, connected=connected())

    def close(self, health: Callable[[str], Health], *, connected: bool) -> None:
        """Say why slots of a period ago and before have no sample."""
        now = self._clock.now()
        for device_id in self._published:
            end = now - timedelta(microseconds=2 * self.grids[device_id].period_us)
            found = health(device_id)
            state = missing_for(found.reason, found.code)
            if state == SlotState.SKIPPED:
                state = SlotState.NO_ANSWER
            if not connected and state != SlotState.ASLEEP:
                state = SlotState.WIRE_DOWN
            self._say(SlotRange(device_id, state, end))
        for device_id in self._edge:
            self._say(SlotRange(device_id, SlotState.OPEN, now, now))  # nothing, but that the day is expected
        for device_id in self._unread:
            self._say(SlotRange(device_id, SlotState.DISABLED, now))
