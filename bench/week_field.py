"""The field of `bench.week`: wires, a broker and a store that follow a script and write down what really happened.

What they write down is the truth the account of samples is held against; it knows nothing of slots.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.virtual import VirtualClock
from collectors.contact import NIGHT_ELEVATION_DEG
from collectors.source import Delivery
from domain.errors import (
    MalformedAnswerError,
    NoConnectionError,
    RefusedError,
    StoreUnavailableError,
    UnreachableError,
)
from domain.measurement import Batch, BlockRead, Sample, WordBlock
from domain.plant import Device
from domain.sun import sun_elevation
from domain.timespan import Interval
from stores.protocol import WriteResult

ANSWER_S, TIMEOUT_S, SLOW_S = 0.05, 1.0, 25.0
_ASLEEP_BELOW_DEG = NIGHT_ELEVATION_DEG - 0.4  # silence begins when a poller counts it as sleep already
_POWER, _SERIAL = 32080, 30015
BUSY = 6
RELAYED, RELAY_TOPIC = "json_solis_cloud", "relay/up"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with a device, a gateway or the store, and when. [seconds after the start]"""

    kind: str  # silent, malformed, exception, partial, range, swapped, down, slow, gap, astray, doubted, away, reject
    where: str
    start_s: float
    end_s: float


class Script:
    """Faults by where they are."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        self._by_where: dict[str, list[Fault]] = {}
        for fault in faults:
            self._by_where.setdefault(fault.where, []).append(fault)

    def at(self, where: str, now_s: float) -> set[str]:
        """Return the kinds that are on."""
        return {f.kind for f in self._by_where.get(where, ()) if f.start_s <= now_s < f.end_s}


@dataclass(slots=True)
class Ask:
    """One time a device was asked: when, what came of each question, and when the first answer was whole."""

    at: datetime
    outcomes: list[str] = field(default_factory=list)
    answered_at: datetime | None = None
    serial: str = ""  # what it said of itself, when it was asked that too
    probe: bool = False  # one small question only


class FieldWire:
    """One scripted Modbus wire."""

    def __init__(self, field_: "Field", gateway_id: str, place: tuple[float, float]) -> None:
        self._field = field_
        self._gateway_id = gateway_id
        self._place = place
        self._units = {d.unit: d for d in field_.devices if d.gateway_id == gateway_id}
        self.last_s = -1e9

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        """Answer, or not, as the script says."""
        device, clock = self._units[unit], self._field.clock
        now_s = self.last_s = clock.monotonic()
        kinds = self._field.script.at(device.device_id, now_s) | self._field.script.at(
            self._gateway_id, now_s
        )
        ask = self._field.ask(device.device_id, block)
        if "down" in kinds:
            ask.outcomes.append("wire_down")
            raise NoConnectionError("refused")
        asleep = sun_elevation(clock.now(), *self._place) < _ASLEEP_BELOW_DEG
        if asleep or "silent" in kinds:
            ask.outcomes.append("no_answer" if "silent" in kinds else "asleep")
            if "silent" in kinds:
                self._field.wasted.append((now_s, self._gateway_id))
            await asyncio.sleep(TIMEOUT_S)
            raise UnreachableError("no answer")
        await asyncio.sleep(ANSWER_S + SLOW_S * ("slow" in kinds))
        return self._answer(unit, block, kinds, ask)

    def _number(self, unit: int) -> int:
        """Return a number of two digits of our device."""
        return 10 + [d.device_id for d in self._field.devices].index(self._units[unit].device_id) % 90

    def _answer(self, unit: int, block: BlockRead, kinds: set[str], ask: Ask) -> WordBlock:
        if "malformed" in kinds:
            ask.outcomes.append("malformed")
            raise MalformedAnswerError("byte count does not fit")
        if "exception" in kinds or ("partial" in kinds and block.address > _POWER + 1000):
            ask.outcomes.append(f"exception_{BUSY}")
            raise RefusedError("busy", BUSY)
        words = bytearray(self._field.image[2 * block.address : 2 * (block.address + block.count)])
        if "range" in kinds and block.address <= _POWER < block.address + block.count:
            words[2 * (_POWER - block.address)] = 0x7F
        if block.address <= _SERIAL < block.address + block.count:
            ask.serial = "other" if "swapped" in kinds else "own"
            own = f"{'X' if 'swapped' in kinds else 'S'}{self._number(unit)}".encode()  # nobody has another's
            words[2 * (_SERIAL - block.address) : 2 * (_SERIAL - block.address) + len(own)] = own
        ask.outcomes.append("range" if "range" in kinds else "good")
        ask.answered_at = ask.answered_at or self._field.clock.now()
        return WordBlock(block.function, block.address, bytes(words))

    async def close(self) -> None:
        """Nothing to close."""


class FieldBroker:
    """A broker whose devices publish once a period, unless the script says otherwise."""

    def __init__(self, field_: "Field", devices: Sequence[Device], period_s: float) -> None:
        self._field = field_
        self._devices = devices
        self._period_s = period_s
        self._deliver: Callable[[Delivery], None] | None = None
        self._number = dict.fromkeys((d.device_id for d in devices), 0)
        self._gaps = dict.fromkeys(self._number, 0)

    async def publish(self) -> None:
        """Publish until cancelled."""
        while True:
            await asyncio.sleep(self._period_s)
            for device in self._devices:
                kinds = self._field.script.at(device.device_id, self._field.clock.monotonic())
                if "silent" in kinds or self._deliver is None:
                    continue
                self._number[device.device_id] += 1
                if "gap" in kinds:
                    self._gaps[device.device_id] += 1
                    continue
                self._deliver(self._message(device))

    def _message(self, device: Device) -> Delivery:
        if device.profile == RELAYED:
            return self._relayed(device)
        at, number = self._field.clock.now(), self._number[device.device_id]
        self._field.ask(device.device_id, None).answered_at = at
        content = {
            "format": 1,
            "device": device.device_id,
            "time": at.isoformat(),
            "seq": number,
            "values": {"ac_active_power_w": 1000.0 + number},
        }
        return Delivery((1, number), Sample(device.device_id, at, at, document=content), "pv/x/data", b"{}")

    def _relayed(self, device: Device) -> Delivery:
        """Return a document of the maker's: of yesterday where it is astray, with doubt where the relay has some."""
        now = self._field.clock.now()
        kinds = self._field.script.at(device.device_id, self._field.clock.monotonic())
        at = now.replace(microsecond=0) - timedelta(days="astray" in kinds)
        if "astray" in kinds:
            self._field.astray[device.device_id].append(now)
        else:
            ask = self._field.ask(device.device_id, None)
            ask.answered_at = at
            ask.outcomes.append("doubted" if "doubted" in kinds else "good")
        document = {
            "sn": device.serial_number,
            "dataTimestamp": f"{round(at.timestamp() * 1000)}",
            "state": 2 if "doubted" in kinds else 1,
            "pac": 12.5,
            "pacStr": "kW",
        }
        number = self._number[device.device_id]
        return Delivery((1, number), None, RELAY_TOPIC, b"{}", document=document, received_at=now)

    def start(self, deliver: Callable[[Delivery], None]) -> None:
        """Begin to deliver."""
        self._deliver = deliver

    def acknowledge(self, receipts: list[tuple[int, int]]) -> None:
        """Forget them."""

    def answer(self, topic: str, payload: bytes) -> None:
        """Nobody waits for an answer."""

    def greet(self, words: Sequence[tuple[str, bytes]]) -> None:
        """Nobody waits for a greeting."""

    def listen(self, topics: Sequence[str]) -> None:
        """Every gateway of this field speaks our own format."""

    def gaps(self) -> dict[str, int]:
        """Return how many numbered messages never came."""
        return dict(self._gaps)

    def is_connected(self) -> bool:
        """Tell whether the broker accepted us."""
        return self._deliver is not None

    def take_lost(self) -> list[Interval]:
        """Return nothing: this broker forgets nothing."""
        return []

    def stop(self) -> None:
        """Deliver no more; what is published meanwhile is gone."""
        self._deliver = None


class FieldStore:
    """Takes rows, unless the script says that it is away or refuses one; remembers what it took."""

    def __init__(self, field_: "Field", drop_every: int = 0) -> None:
        self._field = field_
        self._drop_every = drop_every  # a planted error: says that it kept a row and does not
        self.taken: dict[tuple[str, datetime], int] = {}  # number of values of each row
        self.refused: set[tuple[str, datetime]] = set()
        self.twice = 0

    def write(self, batches: Sequence[Batch]) -> WriteResult:
        """Keep rows."""
        now_s = self._field.clock.monotonic()
        if "away" in self._field.script.at("store", now_s):
            raise StoreUnavailableError("away")
        rejected = []
        for position, batch in enumerate(batches):
            row = (batch.device_id, batch.measured_at)
            if "reject" in self._field.script.at(batch.device_id, now_s):
                rejected.append((position, "refused by the script"))
                self.refused.add(row)
                continue
            self.twice += row in self.taken
            if not self._drop_every or (len(self.taken) + 1) % self._drop_every:
                self.taken[row] = len(batch.values)
        return WriteResult(len(batches) - len(rejected), 0, rejected)


class Field:
    """Everything outside of the program, and the truth about it."""

    def __init__(self, devices: Sequence[Device], script: Script, clock: VirtualClock, image: bytes) -> None:
        self.devices = tuple(devices)
        self.script = script
        self.clock = clock
        self.image = image
        self.asks: dict[str, list[Ask]] = {device.device_id: [] for device in devices}
        self.astray: dict[str, list[datetime]] = {device.device_id: [] for device in devices}
        self.jump: Interval | None = None  # what the machine's clock was put over
        self.wasted: list[tuple[float, str]] = []  # when a question to a dead device was asked, on which wire
        self.ups: list[datetime] = []
        self.downs: list[datetime] = []
        self.polled: dict[str, str] = {}  # wire of each device that is asked
        self._first: dict[str, BlockRead] = {}

    def put_clock(self, seconds: float) -> None:
        """Put the machine's clock on."""
        before = self.clock.now()
        self.clock.put(seconds)
        self.jump = Interval(before, self.clock.now())

    def script_s(self, at: datetime) -> float:
        """Return when in the script the machine's clock showed an instant. [seconds after the start]"""
        put_s = self.jump.duration.total_seconds() if self.jump is not None and at < self.jump.end else 0.0
        return round(self.clock.monotonic() - (self.clock.now() - at).total_seconds() + put_s, 3)

    def wall_of(self, script_s: float) -> datetime:
        """Return what the machine's clock shows at a moment of the script."""
        now_s = self.clock.monotonic()
        at = self.clock.now() - timedelta(seconds=now_s - script_s)
        if self.jump is not None and at < self.jump.end:
            at -= self.jump.duration
        return at

    def expect_first(self, first: Mapping[str, BlockRead]) -> None:
        """Learn which block every asking of a device begins with."""
        self._first = dict(first)
        self.polled = {d.device_id: d.gateway_id or "" for d in self.devices if d.device_id in first}

    def ask(self, device_id: str, block: BlockRead | None) -> Ask:
        """Return the asking a question belongs to; its first block or a probe begins another."""
        asks = self.asks[device_id]
        first = self._first.get(device_id)
        begins = block is None or first is None or block.address == first.address
        if begins or not asks:
            asks.append(Ask(self.clock.now(), probe=block is not None and block.count == 1))
        return asks[-1]
