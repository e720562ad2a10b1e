"""Collecting: one poller per wire, one ear at the broker, one queue on disk. Runs in one event loop."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from collectors.documents import Documents
from collectors.group_commit import Group, GroupCommit, Parcel
from collectors.identity import IdentityWatch
from collectors.metered_link import LinkBook
from collectors.notes import Together
from collectors.plausibility import UnitWatch
from collectors.poller import PolledDevice, WirePoller
from collectors.shared_wire import SharedWire
from collectors.source import Delivery, MessageSource, Source
from collectors.spool import Spool
from collectors.wiring import Decoders, Wire, edge_devices, joined, published_devices
from domain.clock import Clock
from domain.errors import CollectError, CommandError, SpoolError
from domain.health import Health, Reason
from domain.measurement import Batch, BlockRead, Sample
from domain.plant import Device, Gateway, Registry
from domain.slots import SlotRange, SlotState, state_of
from domain.timespan import Interval
from inverters.profile import DeviceProfile
from jobs.collecting import USUAL, CollectorCounts, Manner
from jobs.edge_desk import EdgeBeat, EdgeDesk, contact_of
from jobs.heard import Heard
from jobs.slot_keeper import SlotKeeper
from jobs.stamps import Held, Stamps
from jobs.wires import Wires, end

log = logging.getLogger(__name__)
T = TypeVar("T")

_RESTART_AFTER_S = 5.0
_FOLLOW_S = 1.0
_DEAF_AFTER_PERIODS = 3.0
_DEAF_S = 60.0  # a cycle over a wire of dead devices may last so long


class Collector:
    """Polls every wire of the registry, takes what brokers deliver, and keeps both in the spool.

    Parameters
    ----------
    registry, profiles : Registry, mapping of DeviceProfile
        Who is polled, and what their registers mean.
    clock : Clock
        Field time.
    spool : Spool
        The queue on disk.
    make_source : callable
        Makes the source of a gateway; called inside the event loop.
    messages : MessageSource or None
        The broker, where gateways publish.
    on_batches : callable or None
        Told of batches once they are safe on disk.
    manner : Manner
        What is done otherwise here.
    """

    def __init__(
        self,
        registry: Registry,
        profiles: Mapping[str, DeviceProfile],
        clock: Clock,
        spool: Spool,
        *,
        make_source: Callable[[Gateway], Source],
        messages: MessageSource | None = None,
        on_batches: Callable[[Sequence[Batch]], None] | None = None,
        manner: Manner = USUAL,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._spool = spool
        self._messages = messages
        self._on_batches = on_batches
        self._published = published_devices(registry, clock)
        self._judges_identity = manner.judges_identity
        self._decoders = Decoders(registry, profiles)
        notes = spool.notes()
        self._identity = IdentityWatch(notes)
        self._edge = EdgeDesk(registry, clock, notes, send=self._send, hear=self._from_edge)
        self.links = LinkBook(notes, clock)
        self.time = Stamps(clock, manner.clock_source, self._put, self._jumped)
        self._documents = Documents(profiles)
        self._undated: list[tuple[float, Delivery]] = []
        self._units = UnitWatch()
        self._listen()
        self._wires = Wires(
            profiles,
            clock,
            self._decoders,
            make_source=make_source,
            make_poller=self._poller,
            keep_running=self._keep_running,
        )
        self._wires.open(registry)
        self._heard = Heard(clock)
        self._stop_asked = False
        self._commit: GroupCommit | None = None
        self._keeper: SlotKeeper | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._finished: asyncio.Event | None = None
        self._batches = self._message_count = self._bad_messages = self._undecoded = 0

    # ------------------------------------------------------------------ life

    async def run(self) -> None:
        """Collect until `stop` is called or the task is cancelled; what was read is on disk then."""
        self._loop = asyncio.get_running_loop()
        self._stop, self._finished = asyncio.Event(), asyncio.Event()
        commit = self._commit = GroupCommit(
            self._spool, Together(self._identity, self.links), self._committed
        )
        committing = asyncio.create_task(commit.run(), name="spool")
        keeper = self._keeper = SlotKeeper(
            self._registry, self._wires.wires, self._wires.pollers, self._published, self._clock, self._say
        )
        following = asyncio.create_task(self._follow(keeper), name="slots")
        await asyncio.wait([following], timeout=_FOLLOW_S)
        self._wires.start()
        closing = keeper.run(self._slot_health, connected=self._connected)
        watching = self.time.run(self._clock_is_back)
        polling = [
            following,
            asyncio.create_task(closing, name="closing"),
            asyncio.create_task(watching, name="clock"),
        ]
        if self._messages is not None:
            self._messages.greet(self._edge.greetings())
            self._messages.start(self._from_broker)
        log.info("collecting: %s wires, %s devices by broker", len(self._wires.wires), len(self._published))
        try:
            if not self._stop_asked:
                await self._stop.wait()
        finally:
            await self._wires.stop()
            await end(polling)
            self.time.release()
            commit.finish()
            await asyncio.shield(committing)
            if self._messages is not None:
                await asyncio.to_thread(self._messages.stop)
            self._finished.set()

    async def _follow(self, keeper: SlotKeeper) -> None:
        """Begin the account of samples; on a disk that refuses, again until it does not."""
        while True:
            if not self.time.trusted:
                await asyncio.sleep(_FOLLOW_S / 4)
                continue
            try:
                await asyncio.to_thread(self._spool.follow, keeper.grids, self._clock.now())
            except SpoolError as error:
                log.warning("the account of samples waits for the disk: %s", error)
                await asyncio.sleep(_RESTART_AFTER_S)
            else:
                return

    async def stop(self) -> None:
        """End polling, put what was read on disk, and return when that is done."""
        if self._stop is not None and self._finished is not None:
            self._stop.set()
            await self._finished.wait()

    def request_stop(self) -> None:
        """Ask `run` to end, from any thread, also before it has begun."""
        self._stop_asked = True
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    def follow(self, timeout_s: float = 60.0) -> list[str]:
        """Poll what the registry says now, from another thread; return the gateways whose polling changed.

        Raises
        ------
        CommandError
            The collector does not run.
        """
        return self.visit(lambda _: self._follow_registry(), timeout_s)

    def visit(self, work: Callable[[Wires], Coroutine[None, None, T]], timeout_s: float) -> T:
        """Run ``work`` where the wires are polled, from another thread, and return what it returns.

        Raises
        ------
        CommandError
            The collector does not run, or it took too long.
        """
        if self._loop is None or self._loop.is_closed():
            raise CommandError("the collector does not run; start it first")
        future = asyncio.run_coroutine_threadsafe(work(self._wires), self._loop)
        try:
            return future.result(timeout_s)
        except TimeoutError as error:
            future.cancel()
            raise CommandError(
                f"not done within {timeout_s:g} s; try again when the wire is less busy"
            ) from error

    async def _follow_registry(self) -> list[str]:
        changed = await self._wires.follow(self._registry)
        self.links.keep_only(self._registry.gateways_by_id)
        self._published = published_devices(self._registry, self._clock)
        self._edge.follow()
        if self._messages is not None:
            self._messages.greet(self._edge.greetings())
        self._listen()
        if self._keeper is not None:
            before = self._keeper.grids
            self._keeper.follow(self._registry, self._wires.wires, self._wires.pollers, self._published)
            grids = self._keeper.grids
            other = [name for name, grid in grids.items() if before.get(name) != grid]
            await asyncio.to_thread(self._spool.follow_changes, grids, other, self._clock.now())
        if (self._published or self._edge.greetings()) and self._messages is None:
            log.warning("devices publish over MQTT, but no broker was configured at the start: start again")
        log.info(
            "the registry was changed; wires polled otherwise than before: %s", ", ".join(changed) or "none"
        )
        return changed

    def _listen(self) -> None:
        """Know who should answer, and hear the topics of gateways that speak JSON of their own."""
        self._identity.register({one.device_id: one.serial_number for one in self._registry.devices()})
        self._documents.follow(self._registry, self._published.values())
        if self._messages is not None:
            self._messages.listen(self._documents.topics)

    def _poller(self, wire: Wire, source: SharedWire) -> WirePoller:
        return WirePoller(
            wire.gateway.gateway_id,
            source,
            wire.devices,
            self._clock,
            self._from_wire,
            period_s=wire.plant.poll_period_s,
            place=(wire.plant.latitude, wire.plant.longitude),
            say=self._say,
            economy=self.links.link(wire.gateway, wire.plant, source.counts),
        )

    async def _clock_is_back(self) -> None:
        """Who is in service, and which days are there, was asked of a clock that could not be right."""
        await self._follow_registry()
        undated, self._undated = self._undated, []
        now, now_s = self._clock.now(), self._clock.monotonic()
        for then_s, delivery in undated:
            self._take_document(replace(delivery, received_at=now - timedelta(seconds=now_s - then_s)))

    def _say(self, said: SlotRange) -> None:
        if self._commit is not None and self.time.trusted:
            self._commit.say(said)

    def _jumped(self, span: Interval) -> None:
        if self._keeper is not None:
            self._keeper.jumped(span)

    def _connected(self) -> bool:
        """Tell whether the broker hears us; name what it has forgotten."""
        self.links.tally()
        if self._messages is None:
            return True
        for interval in self._messages.take_lost():
            if self._keeper is not None:
                self._keeper.lost(interval)
        return self._messages.is_connected()

    def _slot_health(self, device_id: str) -> Health:
        return self._heard_health(self._published[device_id])

    @staticmethod
    async def _keep_running(poller: WirePoller) -> None:
        """Begin again when a poller breaks: our mistake on one wire must not end the others."""
        while True:
            try:
                await poller.run()
            except Exception:
                log.exception("wire %s: polling broke off and begins again", poller.wire_id)
                await asyncio.sleep(_RESTART_AFTER_S)

    # ------------------------------------------------------------------ what comes in

    def _from_wire(
        self,
        device: PolledDevice,
        sample: Sample,
        blocks: tuple[BlockRead, ...],
        identity: Sample | None,
    ) -> None:
        try:
            batch = self._decoders.registers(sample, blocks)
            if identity is not None:
                who = self._decoders.registers(identity, device.plan.identity)
                if self._judges_identity:
                    self._identity.seen(who)
                batch = joined(batch, who)
                self.time.device_says(who, self._registry)
        except Exception:
            # our mistake about one device must not cost the others on its wire
            self._undecoded += 1
            log.exception("device %s: its answer could not be decoded and is left out", device.device_id)
            return
        self._keep(batch, partial=_is_partial(sample, blocks))

    def _from_broker(self, delivery: Delivery) -> None:
        """Called in the broker's thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, delivery)

    def _take(self, delivery: Delivery) -> None:
        self._message_count += 1
        if delivery.edge is not None:
            self._edge.take(delivery, delivery.edge)
            return
        self._weigh(delivery)
        if delivery.received_at is not None:
            self._take_document(delivery)
            return
        sample, batch, reason = delivery.sample, None, delivery.reason
        if sample is not None and sample.device_id not in self._published:
            reason = f"no device {sample.device_id} publishes here according to the registry"
        elif sample is not None:
            try:
                batch = self._decoders.document(sample)
            except (CollectError, ValueError, TypeError, KeyError) as error:
                reason = f"cannot be decoded: {error}"
        if sample is not None and sample.document is not None:
            self.time.says(sample.device_id, sample.document.get("time"))
        if batch is not None:
            self._identity.seen(batch)
            self._heard.hear(batch)
            self._keep(batch, delivery)
            if self._keeper is not None and self._messages is not None:
                self._keeper.heard(batch, self._messages.gaps().get(batch.device_id, 0))
        elif self._commit is not None:
            self._bad_messages += bool(reason)
            self._commit.put(None, replace(delivery, reason=reason))

    def _weigh(self, delivery: Delivery) -> None:
        """Count what a message cost the link of its gateway."""
        device = self._published.get(delivery.sample.device_id) if delivery.sample else None
        gateway = self._registry.gateways_by_id.get(device.gateway_id or "") if device else None
        if device is not None and gateway is not None:
            plant = self._registry.plants_by_id[device.plant_id]
            self.links.heard(gateway, plant, len(delivery.topic.encode()) + len(delivery.payload))

    def _keep(
        self, batch: Batch, delivery: Delivery | None = None, *, partial: bool = False, owed: bool = False
    ) -> None:
        self._batches += 1
        self.time.take(Held(self._judged(batch), delivery, partial=partial, owed=owed))

    def _take_document(self, delivery: Delivery) -> None:
        """Take a gateway's own JSON; it is acknowledged with the last of its batches."""
        if not self.time.trusted:  # it says what is live by the clock, so it waits for one
            self._undated.append((self._clock.monotonic(), delivery))
            return
        told = self._documents.read(delivery)
        for batch in (*told.history, *told.live):
            self._identity.seen(batch)
            self._keep(batch, owed=True)
        for batch in told.live:
            self._heard.hear(batch)
        if self._keeper is not None:
            self._keeper.told(told, delivery.received_at or self._clock.now())
        if self._commit is not None:
            self._bad_messages += bool(told.reason)
            self._commit.put(None, replace(delivery, reason=told.reason))

    def _judged(self, batch: Batch) -> Batch:
        device = self._registry.devices_by_id.get(batch.device_id)  # None: it left while it was read
        return self._identity.judged(self._units.judged(batch, device) if device else batch)

    def _put(self, held: Held) -> None:
        """Take what has its stamp."""
        if self._commit is not None:
            doubtful = state_of(held.batch) is not SlotState.GOOD
            state = SlotState.PARTIAL if held.partial and not doubtful else None
            if state is None and not doubtful and self.time.by_person:
                state = SlotState.CLOCK
            self._commit.put(held.batch, held.delivery, state=state, owed=held.owed)

    def _from_edge(self, batch: Batch) -> Batch:
        """Treat a sample of a village as one we polled."""
        self._batches += 1
        self._identity.seen(batch)
        self._heard.hear(batch)
        return self._judged(batch)

    def _send(self, parcel: Parcel) -> None:
        if self._commit is not None:
            self._commit.send(parcel)

    def _committed(self, group: Group) -> None:
        if self._messages is not None and group.receipts:
            self._messages.acknowledge(group.receipts)
        if self._messages is not None:
            for (topic, _), payload in group.replies.items():
                self._messages.answer(topic, payload)
        if self._on_batches is not None and group.batches:
            try:
                self._on_batches(group.batches)
            except Exception:
                log.exception("a listener to new batches failed")

    # ------------------------------------------------------------------ what is known

    def device_health(self) -> Mapping[str, Health]:
        """Return contact with every device of the registry, by id. Thread safe."""
        found = {}
        for wire in self._wires.wires:
            for device in wire.devices:
                health = device.contact.health()
                doubtful = self._is_doubtful(device.device_id)
                found[device.device_id] = replace(health, inconsistent=True) if doubtful else health
        gaps = self._messages.gaps() if self._messages is not None else {}
        for device_id, published in self._published.items():
            found[device_id] = replace(self._heard_health(published), gaps=gaps.get(device_id, 0))
        for device_id, (behind, _) in edge_devices(self._registry, self._clock).items():
            told = self._edge.health_of(device_id, behind.plant_id)
            found[device_id] = contact_of(self._heard_health(behind), told)
        names = (device.device_id for device in self._registry.devices())
        return {name: found[name] if name in found else _unpolled(name) for name in names}

    def _is_doubtful(self, device_id: str) -> bool:
        return self._identity.is_doubtful(device_id) or self._units.is_doubtful(device_id)

    def _heard_health(self, device: Device) -> Health:
        """Judge a device that speaks when it likes."""
        plant = self._registry.plants_by_id[device.plant_id]
        return self._heard.health(device, plant, inconsistent=self._is_doubtful(device.device_id))

    def edge_beats(self) -> list[EdgeBeat]:
        """Return what is known of the collectors in villages. Thread safe."""
        return self._edge.beats()

    def confirm_clock(self, timeout_s: float = 10.0) -> bool:
        """A person says the clock is right, from another thread; False while it cannot be."""

        async def confirm(_: Wires) -> bool:
            return self.time.confirm()

        return self.visit(confirm, timeout_s)

    def confirm_identity(self, device_id: str) -> bool:
        """A person says a device with a changed serial number is right; False when none was in doubt."""
        return self._identity.confirm(device_id)

    def is_behind(self, until: datetime) -> bool:
        """Tell whether something measured before ``until`` may still be on its way to the disk."""
        asking = (poller.asking_since for poller in self._wires.pollers)
        if any(since is not None and since < until for since in asking):
            return True
        return self._commit is not None and self._commit.holds_before(until)

    def faults(self) -> list[str]:
        """Return the wires that have not ticked for three periods, when polling has begun."""
        now_s = self._clock.monotonic()
        return [
            f"wire {poller.wire_id}"
            for poller in self._wires.pollers
            if poller.ticked_s and now_s - poller.ticked_s > _DEAF_AFTER_PERIODS * poller.period_s + _DEAF_S
        ]

    def counts(self) -> CollectorCounts:
        """Return counters since the start."""
        commit = self._commit.counts if self._commit is not None else None
        every = [poller.counts for poller in self._wires.pollers]
        return CollectorCounts(
            cycles=sum(count.cycles for count in every),
            late_cycles=sum(count.late_cycles for count in every),
            reads=sum(count.reads for count in every),
            probes=sum(count.probes for count in every),
            batches=self._batches,
            committed=commit.committed if commit else 0,
            lost=commit.lost if commit else 0,
            messages=self._message_count,
            bad_messages=self._bad_messages,
            undecoded=self._undecoded,
        )


def _is_partial(sample: Sample, blocks: tuple[BlockRead, ...]) -> bool:
    """Tell whether some planned block has no answer in ``sample``."""
    return sum(block.count for block in sample.blocks) < sum(block.count for block in blocks)


def _unpolled(device_id: str) -> Health:
    return Health(device_id, reason=Reason.NOT_CONFIGURED)
