"""A gateway on a socket or a serial line: Modbus TCP, RTU over TCP or RTU, with the units of one bus behind it.

One question is under way on the bus at a time, whoever asks; each takes the bus's answer time. Units that
sleep, are dead or were never there do not answer: some makes stay silent, some say "gateway target did
not respond" (0x0B). Only reading functions exist. What a make is like on the wire (how many clients, how long deaf
after they connect and between two questions, how many registers an answer) is in its profile.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from domain.plant import Device, Gateway, WireProtocol
from inverters.profile import DeviceProfile
from inverters.remap import LOGGER_UNIT, is_remapped
from simulator.area import Area
from simulator.field import VirtualField
from simulator.framing import (
    COUNT_MAX,
    GATEWAY_NO_ANSWER,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    READ_FUNCTIONS,
    Framing,
    FramingError,
    Request,
    RtuFraming,
    TcpFraming,
)
from simulator.listener import Listener
from simulator.noise import text_key, uniform
from simulator.serial_line import is_virtual

log = logging.getLogger(__name__)

_UNIT_TIMEOUT_S = 0.3  # how long a gateway waits for a unit before it gives the bus free
_WAITING_MAX = 64
_DEAF_S = 0.3  # of a make that wants a second after a client has connected: what is asked sooner is swallowed
_DEAF_SHARE = 0.5  # of the pause it wants between two questions, in which it hears nothing


@dataclass
class WireCounts:
    """What a wire has seen."""

    connections: int = 0
    answered: int = 0
    refused: int = 0
    unanswered: int = 0
    swallowed: int = 0


class VirtualWire(Listener):
    """One gateway and its bus.

    Parameters
    ----------
    units : devices by unit. area : devices that a logger shows in its own registers.
    strict : swallow what is asked too soon, as its makes do.
    """

    def __init__(
        self,
        field: VirtualField,
        gateway: Gateway,
        units: Mapping[int, Device],
        area: Area | None = None,
        *,
        strict: bool = False,
    ) -> None:
        super().__init__(field, gateway)
        self.counts = WireCounts()
        self._units = units
        self._area = area
        self._strict = strict
        self._profiles = {d.device_id: field.profiles[d.profile] for d in units.values()}
        behind = (*self._profiles.values(), *(area.profiles if area else ()))
        self._tells_absent = any(profile.habits.tells_absent for profile in behind)
        self._clients_max = min((p.habits.clients for p in behind if p.habits.clients), default=0)
        self._connect_delay_s = max((p.limits.connect_delay_s for p in behind), default=0.0)
        self._clients: list[_Client] = []
        self._free_at = 0.0
        self._asked = 0
        self._key = text_key(gateway.gateway_id)

    def _client(self) -> asyncio.Protocol:
        rtu = self.gateway.protocol is not WireProtocol.MODBUS_TCP
        return _Client(self, RtuFraming() if rtu else TcpFraming())

    def _hang_up(self) -> None:
        for client in tuple(self._clients):
            client.hang_up()

    # ------------------------------------------------------------- questions

    def joined(self, client: "_Client") -> None:
        """Take a new client in; where only one is allowed the old one is cut off, one too many is refused."""
        self.counts.connections += 1
        if self._clients_max == 1:
            for old in tuple(self._clients):
                old.hang_up()
        elif self._clients_max and len(self._clients) >= self._clients_max:
            client.hang_up()
            return
        self._clients.append(client)

    def left(self, client: "_Client") -> None:
        """Forget a client."""
        if client in self._clients:
            self._clients.remove(client)

    def ask(self, client: "_Client", request: Request) -> None:
        """Put a question on the bus; its answer is sent when the bus has come round to it."""
        loop = asyncio.get_running_loop()
        bus, clock = self._field.bus(self.gateway.gateway_id), self._field.clock
        device = self._units.get(request.unit)
        there = self._area is not None and request.unit == LOGGER_UNIT
        there = there or (device is not None and self._field.answers(device.device_id))
        if self._strict and self._deaf(client, device, loop.time()):
            self.counts.swallowed += 1
            client.send(b"")
            return
        takes_s = self.gateway.answer_s * bus.slower
        if not there:
            takes_s = max(_UNIT_TIMEOUT_S, 3.0 * takes_s)
        now = loop.time()
        self._free_at = max(self._free_at, now) + clock.wait_s(takes_s)
        at = self._free_at
        if there and bus.late_share > 0:
            self._asked += 1
            if float(uniform(0, self._key, self._asked)[0]) < bus.late_share:
                at += clock.wait_s(bus.late_s)
        answer = self._answer if there else self._say_absent
        if at <= now:
            answer(client, request, device)
        else:
            loop.call_at(at, answer, client, request, device)

    def _deaf(self, client: "_Client", device: Device | None, now: float) -> bool:
        """Whether a question comes sooner than the make listens; pauses are field time, as the reader's are."""
        clock = self._field.clock
        waits_s = clock.wait_s(self._connect_delay_s)  # a field that runs fast leaves no time to be deaf in
        if now < client.since + (_DEAF_S if waits_s > 2 * _DEAF_S else 0.0):
            return True
        profile = None if device is None else self._profiles[device.device_id]
        pause_s = profile.limits.request_pause_s if profile else 0.0
        return now < client.answered + clock.wait_s(pause_s) * _DEAF_SHARE

    def _read(self, request: Request, device: Device | None) -> tuple[int, bytes | None]:
        """Return an exception code, or 0 and the registers asked for."""
        area = self._area
        if area is not None and request.unit == LOGGER_UNIT and area.holds(request.address):
            words = area.read(self._field, request.function, request.address, request.count)
            return (0 if words is not None else ILLEGAL_ADDRESS), words
        if device is None:
            return ILLEGAL_ADDRESS, None
        profile = self._profiles[device.device_id]
        if request.function not in _functions(profile):
            return ILLEGAL_FUNCTION, None
        if request.count > max(profile.limits.max_registers, 1):
            return ILLEGAL_VALUE, None
        words = self._field.read(device.device_id, request.function, request.address, request.count)
        return (0 if words is not None else ILLEGAL_ADDRESS), words

    def _say_absent(self, client: "_Client", request: Request, device: Device | None) -> None:
        del device
        self.counts.unanswered += 1
        client.send(client.framing.refusal(request, GATEWAY_NO_ANSWER) if self._tells_absent else b"")

    def _answer(self, client: "_Client", request: Request, device: Device | None) -> None:
        framing = client.framing
        client.answered = asyncio.get_running_loop().time()
        code, words = ILLEGAL_VALUE, None
        if request.function not in READ_FUNCTIONS:
            code = ILLEGAL_FUNCTION
        elif 1 <= request.count <= COUNT_MAX:
            code, words = self._read(request, device)
        if words is None:
            self.counts.refused += 1
            client.send(framing.refusal(request, code))
        else:
            self.counts.answered += 1
            client.send(framing.answer(request, words))


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, wire: VirtualWire, framing: Framing) -> None:
        self.framing = framing
        self._wire = wire
        self._buffer = bytearray()
        self._waiting = 0
        self._transport: asyncio.Transport | None = None
        self.since = self.answered = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.since = asyncio.get_running_loop().time()
        self._wire.joined(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (request := self.framing.take(self._buffer)) is not None:
                self._ask(request)
        except FramingError as error:
            gateway = self._wire.gateway
            if gateway.protocol.is_serial:  # nobody can hang up there: what was heard is noise
                self._buffer.clear()
                return
            log.warning("gateway %s: %s; hanging up", gateway.gateway_id, error)
            self.hang_up()

    def _ask(self, request: Request) -> None:
        if self._waiting >= _WAITING_MAX:  # a client that floods the bus is not a client
            raise FramingError("too many questions at once")
        self._waiting += 1
        self._wire.ask(self, request)

    def send(self, frame: bytes) -> None:
        """Send an answer; an empty one is silence. A client that has gone gets nothing."""
        self._waiting -= 1
        if frame and self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)

    def hang_up(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._wire.left(self)
        self._transport = None


def _functions(profile: DeviceProfile) -> frozenset[int]:
    """Return the functions a make knows: those its registers are read with."""
    return frozenset(point.function for point in profile.points)


def wires_of(field: VirtualField, *, strict: bool = False) -> list[VirtualWire]:
    """Return a wire for each Modbus gateway of a field that has devices behind it."""
    found = []
    for plant in field.registry.plants:
        for gateway in plant.gateways:
            behind = [d for d in plant.devices if d.gateway_id == gateway.gateway_id and d.profile]
            shown = {d.unit: d for d in behind if is_remapped(field.profiles[d.profile])}
            units = {d.unit: d for d in behind if d not in shown.values()}
            served = gateway.protocol.has_socket or is_virtual(gateway)
            if behind and served and not gateway.protocol.is_dlt645:
                area = Area(shown, field.profiles) if shown else None
                found.append(VirtualWire(field, gateway, units, area, strict=strict))
    return found
