"""The wires that are polled, each with its task; follows the registry while everything else goes on.

A device that comes, goes or changes touches its own wire only; a wire that stays the same is not even told. The
requests of a person who looks at a device or probes a unit go over the wire the poller owns, between its own.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import cast

from collectors.examination import Examination, look, profile_of
from collectors.poller import PolledDevice, WirePoller
from collectors.probe import LONGEST_S, SILENT_AFTER, ProbeResult, probe, probe_meter
from collectors.shared_wire import SharedWire
from collectors.source import MeterLine, Source
from collectors.wiring import Decoders, Wire, placed, polled_wires
from domain.clock import Clock
from domain.errors import CommandError, MalformedAnswerError, ProfileError
from domain.measurement import BlockRead, WordBlock
from domain.plant import Device, Gateway, Registry
from inverters.profile import DeviceProfile

log = logging.getLogger(__name__)
_CANCEL_AGAIN_S = 0.25
MakePoller = Callable[[Wire, SharedWire], WirePoller]
KeepRunning = Callable[[WirePoller], Coroutine[None, None, None]]


@dataclass(slots=True)
class RunningWire:
    """A wire, what is on it, and the task that polls it (None before the start)."""

    wire: Wire
    listed: Mapping[str, Device]
    shared: SharedWire
    poller: WirePoller
    task: asyncio.Task[None] | None = None


class Wires:
    """Every polled wire. All methods belong to the event loop that polls.

    Parameters
    ----------
    make_source, make_poller, keep_running : callable
        What a wire is made of, and the coroutine that polls it until it is cancelled.
    """

    def __init__(
        self,
        profiles: Mapping[str, DeviceProfile],
        clock: Clock,
        decoders: Decoders,
        *,
        make_source: Callable[[Gateway], Source],
        make_poller: MakePoller,
        keep_running: KeepRunning,
    ) -> None:
        self._profiles = profiles
        self._clock = clock
        self._decoders = decoders
        self._make_source = make_source
        self._make_poller = make_poller
        self._keep_running = keep_running
        self._running: dict[str, RunningWire] = {}
        self._started = False

    @property
    def wires(self) -> list[Wire]:
        """What is polled."""
        return [one.wire for one in self._running.values()]

    @property
    def pollers(self) -> list[WirePoller]:
        """Who polls, in the same order."""
        return [one.poller for one in self._running.values()]

    def open(self, registry: Registry) -> None:
        """Make every wire of ``registry``."""
        for wire in polled_wires(registry, self._profiles, self._clock):
            self._running[wire.gateway.gateway_id] = self._make(wire, registry)

    def start(self) -> None:
        """Begin to poll."""
        self._started = True
        for one in self._running.values():
            self._begin(one)

    async def stop(self) -> None:
        """End polling; what was answered has been delivered."""
        await end([one.task for one in self._running.values() if one.task is not None])

    async def follow(self, registry: Registry) -> list[str]:
        """Poll what ``registry`` says; return the gateways whose polling changed."""
        wanted = {
            wire.gateway.gateway_id: wire for wire in polled_wires(registry, self._profiles, self._clock)
        }
        changed = [name for name in self._running if name not in wanted]
        for name in changed:
            await self._leave(self._running.pop(name))
        found: dict[str, RunningWire] = {}
        for name, wire in wanted.items():
            before = self._running.get(name)
            listed = _listed(wire, registry)
            if before is not None and _same_line(before.wire, wire) and before.listed == listed:
                found[name] = before
                continue
            changed.append(name)
            if before is not None and _same_line(before.wire, wire):
                self._exchange(before, wire, listed)
                found[name] = before
                continue
            if before is not None:
                await self._leave(before)
            found[name] = self._make(wire, registry)
            if self._started:
                self._begin(found[name])
        self._running = found
        return changed

    # ------------------------------------------------------------------ visits

    async def look(self, registry: Registry, device_id: str) -> Examination:
        """Read everything a device has once, on its wire."""
        device = registry.devices_by_id.get(device_id)
        profile = self._profiles.get(device.profile) if device is not None else None
        if device is None or profile is None or device.gateway_id is None:
            raise CommandError(f"{device_id}: no device that can be read; see the registry")
        source = self._source(registry, device.gateway_id)
        try:
            return await look(source, device, profile, self._clock)
        finally:
            await source.close()

    async def probe(
        self,
        registry: Registry,
        gateway_id: str,
        unit: int,
        *,
        wary: bool = False,
        longest_s: float = LONGEST_S,
    ) -> ProbeResult:
        """Ask a unit of a wire who it is; ``wary``: one question to nobody, none after a sign of another master."""
        source = self._source(registry, gateway_id)
        if any(g.gateway_id == gateway_id and g.protocol.is_dlt645 for g in registry.gateways()):
            return await probe_meter(cast("MeterLine", source), longest_s=longest_s)
        silent_after = 1 if wary else SILENT_AFTER
        return await probe(source, unit, silent_after=silent_after, wary=wary, longest_s=longest_s)

    def _source(self, registry: Registry, gateway_id: str) -> Source:
        one = self._running.get(gateway_id)
        if one is not None:
            return one.shared.visitor()
        gateway = next((g for g in registry.gateways() if g.gateway_id == gateway_id), None)
        if gateway is None:
            raise CommandError(f"the registry has no gateway {gateway_id}")
        return self._make_source(gateway)  # nobody polls it

    # ------------------------------------------------------------------ one wire

    def _make(self, wire: Wire, registry: Registry) -> RunningWire:
        listed = _listed(wire, registry)
        for polled in wire.devices:
            self._equip(polled, listed[polled.device_id])
        shared = SharedWire(lambda: self._make_source(wire.gateway))
        return RunningWire(wire, listed, shared, self._make_poller(wire, shared))

    def _begin(self, one: RunningWire) -> None:
        one.task = asyncio.create_task(self._keep_running(one.poller), name=f"wire {one.poller.wire_id}")

    @staticmethod
    async def _leave(one: RunningWire) -> None:
        if one.task is not None:
            await end([one.task])

    def _exchange(self, one: RunningWire, wire: Wire, listed: Mapping[str, Device]) -> None:
        """Give a running poller other devices; contact with those that stay the same is kept."""
        known = {polled.device_id: polled for polled in one.wire.devices}
        devices = []
        for polled in wire.devices:
            name = polled.device_id
            if name in known and one.listed[name] == listed[name]:
                devices.append(known[name])
                continue
            self._decoders.forget(name)
            self._equip(polled, listed[name])
            devices.append(polled)
        one.wire = replace(wire, devices=tuple(devices))
        one.listed = listed
        one.poller.take_devices(devices)

    def _equip(self, polled: PolledDevice, device: Device) -> None:
        """Let a device whose registers must be found be asked for them before it is polled."""
        profile = self._profiles[device.profile]
        if profile.models_table is None:
            return

        async def find(read: Callable[[BlockRead], Coroutine[None, None, WordBlock]]) -> None:
            try:
                found = await profile_of(device, profile, read)
            except ProfileError as error:
                raise MalformedAnswerError(f"device {device.device_id}: {error}") from error
            self._decoders.place(device.device_id, found)
            polled.plan, polled.find = placed(device, found).plan, None

        polled.find = find


def _listed(wire: Wire, registry: Registry) -> dict[str, Device]:
    return {polled.device_id: registry.devices_by_id[polled.device_id] for polled in wire.devices}


def _same_line(one: Wire, other: Wire) -> bool:
    """Tell whether two wires are the same line, asked at the same pace from the same place."""
    places = [(wire.plant.latitude, wire.plant.longitude, wire.plant.poll_period_s) for wire in (one, other)]
    return one.gateway == other.gateway and places[0] == places[1]


async def end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: a cancellation that meets an answer just in time can get lost."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_S)
