"""One task per wire: asks its devices in turn, in step with the period, and lets no dead one slow the living.

Order of a cycle: every device in contact, all its blocks; then, in what is left of the period, a few
probes of those known dead or asleep. A cycle that lasts too long makes the next ones be skipped and
counted, never queued. All waiting is in field time; only the source's time-outs are real seconds.
"""

import logging
import math
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from collectors.contact import (
    BACK_OFF_MOST_S,
    GATEWAY_CODES,
    ILLEGAL_CODES,
    STRIKES,
    DeviceContact,
    Light,
)
from collectors.pace import sleep
from collectors.polled_slots import Economy, PolledSlots, Say, phase_of
from collectors.read_plan import ReadPlan
from collectors.source import Source
from domain.clock import Clock
from domain.errors import CollectError, NoConnectionError, RefusedError, UnreachableError
from domain.health import Contact, Health
from domain.measurement import BlockRead, Sample, WordBlock
from domain.sun import sun_elevation

log = logging.getLogger(__name__)

IDENTITY_EVERY_S = 6 * 3600.0
_FIND_DEAD_WITHIN_S = 240.0  # every dead device is asked at least this often, so it is back within 5 minutes
_FIND_ASLEEP_WITHIN_S = 660.0
_NARROW_MAX = 16  # questions a cycle may spend on finding addresses a device does not have
_TIMEOUTS_MAX = 2  # in one device and cycle, before its other blocks are left for the next
_START_WITHIN_S = 3.0


Find = Callable[[Callable[[BlockRead], Coroutine[None, None, WordBlock]]], Coroutine[None, None, None]]


@dataclass(slots=True)
class PolledDevice:
    """A device on a wire: where it is, what it is asked, how contact stands."""

    device_id: str
    unit: int
    plan: ReadPlan
    contact: DeviceContact
    identity_due_s: float = 0.0
    narrowed: int = 0
    find: "Find | None" = None  # asks where its registers lie, once, before it is polled


@dataclass(slots=True)
class CycleCounts:
    """What the poller did since it started."""

    cycles: int = 0
    late_cycles: int = 0
    reads: int = 0
    probes: int = 0
    data_s: float = 0.0  # when the data of the last cycle were complete [field seconds after its start]


@dataclass(slots=True)
class _Cycle:
    """What is known while one cycle runs."""

    light: Light
    start_s: float
    broken: int = 0  # devices in a row that met no connection
    answers: int = 0
    silences: int = 0
    answered_s: float = 0.0  # when the last sample was complete
    unread: list[PolledDevice] = field(default_factory=list)


@dataclass(slots=True)
class _WireBreaker:
    """Lets a wire whose gateway is gone rest, as a dead device rests: one attempt when its back-off is over."""

    strikes: int = 0
    due_s: float = 0.0

    def rests(self, now_s: float) -> bool:
        return self.strikes >= STRIKES and now_s < self.due_s

    def broke(self, now_s: float, period_s: float) -> None:
        self.strikes += 1
        wait_s = min(BACK_OFF_MOST_S, period_s * 2.0 ** min(max(0, self.strikes - STRIKES), 10))
        self.due_s = now_s + wait_s * random.uniform(0.8, 0.95)  # noqa: S311 (spread, not secrecy)


Deliver = Callable[[PolledDevice, Sample, tuple[BlockRead, ...], Sample | None], None]


class WirePoller:
    """Polls one wire.

    Parameters
    ----------
    wire_id : str
        Gateway id; also decides where in the period its cycles begin.
    source : Source
        The wire.
    devices : sequence of PolledDevice
        In the order they are asked.
    clock : Clock
        Field time.
    deliver : callable
        Gets each device's sample, the blocks planned for it, and rarely the sample of its identity blocks.
    period_s : float
        One cycle per period. [field seconds]
    place : (float, float)
        Latitude and longitude of the plant, for night. [degrees]
    say : callable or None
        Told what became of slots without a sample.
    economy : Economy or None
        For a metered link: which slots to leave out.
    """

    def __init__(  # noqa: PLR0913 (named one by one where it is made)
        self,
        wire_id: str,
        source: Source,
        devices: Sequence[PolledDevice],
        clock: Clock,
        deliver: Deliver,
        *,
        period_s: float,
        place: tuple[float, float],
        say: Say | None = None,
        economy: Economy | None = None,
    ) -> None:
        self.wire_id = wire_id
        self.counts = CycleCounts()
        self.ticked_s = 0.0  # when it last began or ended a cycle [field seconds]
        self.asking_since: datetime | None = None  # when the device being asked now was begun with
        self._slots = PolledSlots(period_s, phase_of(wire_id, period_s), say, economy)
        self._economy = economy
        self._breaker = _WireBreaker()
        self._source = source
        self._devices = tuple(devices)
        self._clock = clock
        self._deliver = deliver
        self._period_s = period_s
        self._place = place
        self._light_before = Light.DAY
        self._said_down = False

    # ------------------------------------------------------------------ pace

    @property
    def period_s(self) -> float:
        """One cycle per period. [field seconds]"""
        return self._period_s

    @property
    def phase_s(self) -> float:
        """How far behind whole multiples of the period its slots begin. [s]"""
        return self._slots.phase_s

    async def run(self) -> None:
        """Poll until cancelled; closes the wire then."""
        first_s = min(_START_WITHIN_S * self.phase_s / self._period_s, self.phase_s)
        try:
            await sleep(self._clock, first_s)
            slot = self._slot_now()
            self._slots.begin(slot, self._devices)
            while True:
                await self.cycle()
                before, slot = slot, self._slot_now()
                before = min(before, slot)  # the clock was put back: those slots come again
                self.counts.late_cycles += slot - before
                if self.counts.cycles == 1:
                    self._slots.begin(slot, self._devices)
                self._slots.close(slot, self._devices)
                left_out = self._slots.left_out(slot, self._devices, self._light())
                following = slot + 1 + left_out
                self.ticked_s = self._clock.monotonic() + left_out * self._period_s
                await self._until(following)
                slot = following
        finally:
            await self._source.close()

    async def _until(self, slot: int) -> None:
        """Wait for a slot to begin; where the clock is put on or back meanwhile, for the next one there is."""
        await sleep(self._clock, self._start_of(slot) - self._clock.now().timestamp())

    def _slot_now(self) -> int:
        return math.floor((self._clock.now().timestamp() - self.phase_s) / self._period_s)

    def _start_of(self, slot: int) -> float:
        return slot * self._period_s + self.phase_s

    def take_devices(self, devices: Sequence[PolledDevice]) -> None:
        """Ask these from now on; a cycle under way goes on with the ones it began with."""
        self._devices = tuple(devices)

    async def cycle(self) -> None:
        """Ask everyone once."""
        now_s = self._clock.monotonic()
        cycle = _Cycle(self._light(), now_s)
        self.ticked_s = now_s
        for device in self._devices:
            device.contact.asked = False
        if self._light_before is Light.NIGHT and cycle.light is not Light.NIGHT:
            for device in self._devices:
                device.contact.woken()
        self._light_before = cycle.light
        self.counts.cycles += 1
        if self._breaker.rests(now_s):
            cycle.unread.extend(self._devices)
            await self._conclude(cycle)
            return
        asked = [device for device in self._devices if not device.contact.suspended]
        # who failed last time is asked behind the others, so that it cannot make them late
        asked.sort(key=lambda device: device.contact.strikes > 0)
        for position, device in enumerate(asked):
            await self._ask(device, cycle)
            if cycle.broken > (self._breaker.strikes < STRIKES):
                cycle.unread.extend(asked[position + 1 :])
                break
        self.counts.data_s = cycle.answered_s
        if cycle.broken <= 1:
            await self._probe_suspended(cycle)
        await self._conclude(cycle)

    async def _conclude(self, cycle: _Cycle) -> None:
        """Say once when the gateway is gone or back, and let go of a connection nobody answers on."""
        if cycle.unread and not cycle.broken and not cycle.answers:
            pass  # the wire rests
        elif cycle.broken > 1 or (cycle.broken and not cycle.answers):
            self._breaker.broke(self._clock.monotonic(), self._period_s)
            expected = cycle.light is not Light.DAY and all(device.contact.sleeps for device in self._devices)
            if not self._said_down and not expected:
                self._said_down = True
                log.warning(
                    "wire %s: no connection, %s devices out of reach", self.wire_id, len(self._devices)
                )
        elif not cycle.broken and (cycle.answers or cycle.silences):
            self._breaker.strikes = 0
            if self._said_down:
                log.info("wire %s: connected again", self.wire_id)
                self._said_down = False
        for device in cycle.unread:
            gone = NoConnectionError(f"gateway {self.wire_id}: no connection")
            device.contact.failed(self._clock.now(), gone, cycle.light)
        silent = cycle.silences and not cycle.answers
        if silent or getattr(self._source, "close_after_cycle", False):
            await self._source.close()

    def _light(self) -> Light:
        return Light.at(sun_elevation(self._clock.now(), *self._place))

    # ------------------------------------------------------------------ one device

    async def _ask(self, device: PolledDevice, cycle: _Cycle) -> None:
        """Read all blocks of one device, deliver what came, and note how contact stands."""
        device.narrowed = 0
        device.contact.asked, device.contact.asked_at = True, self._clock.now()
        self._refresh_identity(device)
        error = await self._find(device)
        planned = () if error is not None else device.plan.blocks
        self.asking_since = self._clock.now()
        blocks, measured_at, failure = await self._read_blocks(device, planned)
        error = error or failure
        now = self._clock.now()
        if blocks:
            cycle.answers += 1
            cycle.broken = 0
            cycle.answered_s = self._clock.monotonic() - cycle.start_s
            device.contact.answered(now)
            sample = Sample(device.device_id, measured_at, now, tuple(blocks))
            self._deliver(device, sample, device.plan.blocks, await self._read_identity(device))
            self.asking_since = None
            return
        self.asking_since = None
        if error is None:
            error = await self._why_nothing(device)
        if isinstance(error, NoConnectionError):
            cycle.broken += 1
        elif isinstance(error, UnreachableError):
            cycle.broken, cycle.silences = 0, cycle.silences + 1
        else:
            cycle.broken, cycle.answers = 0, cycle.answers + 1
        device.contact.failed(now, error, cycle.light)
        if device.contact.suspended:
            device.contact.schedule(self._clock.monotonic(), self._period_s, cycle.light)

    async def _find(self, device: PolledDevice) -> CollectError | None:
        """Ask a device whose registers must be found where they lie; return why that failed."""
        if device.find is None:
            return None
        try:
            await device.find(lambda block: self._request(device, block))
        except CollectError as error:
            return error
        return None

    async def _read_blocks(
        self, device: PolledDevice, planned: Sequence[BlockRead]
    ) -> tuple[list[WordBlock], datetime, CollectError | None]:
        """Read ``planned``; one block that fails costs no other, unless the device is not there at all."""
        found: list[WordBlock] = []
        measured_at = self._clock.now()
        failure: CollectError | None = None
        timeouts = 0
        for block in planned:
            try:
                words = await self._read_block(device, block)
            except CollectError as error:
                failure = error
                timeouts += isinstance(error, UnreachableError)
                if self._absent(error) and (not found or timeouts >= _TIMEOUTS_MAX):
                    break
                continue
            if words and not found:
                measured_at = self._clock.now()
            found.extend(words)
        return found, measured_at, failure

    @staticmethod
    def _absent(error: CollectError) -> bool:
        if isinstance(error, RefusedError):
            return error.code in GATEWAY_CODES
        return isinstance(error, UnreachableError)

    async def _read_block(self, device: PolledDevice, block: BlockRead) -> list[WordBlock]:
        """Read one block; where the device has no such address, what is around it."""
        try:
            return [await self._request(device, block)]
        except RefusedError as error:
            if error.code not in ILLEGAL_CODES or device.narrowed >= _NARROW_MAX:
                raise
            device.narrowed += 1
            found: list[WordBlock] = []
            for part in device.plan.narrow(block):
                found.extend(await self._read_block(device, part))
            if block in device.plan.left_out:
                log.info(
                    "device %s: registers %s+%s left out: %s",
                    device.device_id,
                    block.address,
                    block.count,
                    error,
                )
            return found

    async def _request(self, device: PolledDevice, block: BlockRead) -> WordBlock:
        self.counts.reads += 1
        try:
            words = await self._source.read(device.unit, block)
        except CollectError as error:
            device.contact.count(error)
            raise
        device.contact.good += 1
        return words

    async def _why_nothing(self, device: PolledDevice) -> CollectError:
        """Ask a device whose every block was refused one small question, to name what it says."""
        probe = device.plan.probe
        if probe is None:
            return UnreachableError(f"device {device.device_id}: its profile has no points to read")
        try:
            await self._request(device, probe)
        except CollectError as error:
            return error
        device.plan.restore()
        return RefusedError(f"device {device.device_id}: refused every block but not the first register", 2)

    # ------------------------------------------------------------------ identity

    def _refresh_identity(self, device: PolledDevice) -> None:
        if self._clock.monotonic() >= device.identity_due_s and device.identity_due_s > 0:
            device.plan.restore()

    async def _read_identity(self, device: PolledDevice) -> Sample | None:
        """Read serial number and model once after the start, after a long silence, and every six hours."""
        if self._clock.monotonic() < device.identity_due_s:
            return None
        device.identity_due_s = self._clock.monotonic() + IDENTITY_EVERY_S
        found: list[WordBlock] = []
        for block in device.plan.identity:
            try:
                found.append(await self._request(device, block))
            except RefusedError:
                continue
            except CollectError:
                device.identity_due_s = self._clock.monotonic() + self._period_s
                break
        now = self._clock.now()
        return Sample(device.device_id, now, now, tuple(found)) if found else None

    # ------------------------------------------------------------------ the dead and the sleeping

    async def _probe_suspended(self, cycle: _Cycle) -> None:
        """Ask some of the suspended one small question each; who answers is read at once."""
        now_s = self._clock.monotonic()
        suspended = [device for device in self._devices if device.contact.suspended]
        due = sorted(
            (device for device in suspended if device.contact.due_s <= now_s),
            key=lambda device: device.contact.due_s,
        )
        asleep = sum(device.contact.contact is Contact.ASLEEP for device in suspended)
        quota = math.ceil(
            self._period_s
            * ((len(suspended) - asleep) / _FIND_DEAD_WITHIN_S + asleep / _FIND_ASLEEP_WITHIN_S)
        )
        most = self._economy.probes_at_night if self._economy and cycle.light is Light.NIGHT else None
        quota = max(1, quota) if most is None else most
        spent = 0
        for device in due:
            if spent >= quota or cycle.broken:
                return
            if spent and not self._time_left(cycle):
                return
            if not await self._probe(device, cycle):
                spent += 1

    def _time_left(self, cycle: _Cycle) -> bool:
        """Tell whether the period still has room for a probe like the ones before."""
        elapsed_s = self._clock.monotonic() - cycle.start_s
        return elapsed_s < 0.8 * self._period_s

    async def _probe(self, device: PolledDevice, cycle: _Cycle) -> bool:
        """Return whether the device is there again."""
        self.counts.probes += 1
        device.contact.asked, device.contact.asked_at = True, self._clock.now()
        probe = device.plan.probe
        try:
            if probe is not None:
                await self._request(device, probe)
        except CollectError as error:
            if self._absent(error):
                cycle.silences += 1
                cycle.broken += isinstance(error, NoConnectionError)
                device.contact.failed(self._clock.now(), error, cycle.light)
                device.contact.schedule(self._clock.monotonic(), self._period_s, cycle.light)
                return False
        device.contact.suspended = False
        device.identity_due_s = 0.0  # whoever was away may be another one now: asked as at the start
        await self._ask(device, cycle)
        return True

    def health(self) -> Mapping[str, Health]:
        """Return contact with every device of the wire."""
        return {device.device_id: device.contact.health() for device in self._devices}
