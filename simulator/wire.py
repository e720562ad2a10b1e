"""A gateway on a socket: Modbus TCP or RTU over TCP, with the units of one bus behind it.

One question is under way on the bus at a time, whoever asks; each takes the bus's answer time. Units that
sleep, are dead or were never there do not answer: some makes stay silent, some say "gateway target did
not respond" (0x0B). Only reading functions exist.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import ConfigurationError
from domain.plant import Device, Gateway, WireProtocol
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
from simulator.noise import text_key, uniform

log = logging.getLogger(__name__)

# Loggers of these makes answer for a unit that does not (0x0B); the others stay silent.
_TELLS_ABSENT = frozenset({"sungrow_sg"})
# Serial servers and boards of these makes speak to one client; a new one pushes out the old one.
_ONE_CLIENT = frozenset({"growatt_max", "goodwe_mt"})
_UNIT_TIMEOUT_S = 0.3  # how long a gateway waits for a unit before it gives the bus free
_WAITING_MAX = 64


@dataclass
class WireCounts:
    """What a wire has seen."""

    connections: int = 0
    answered: int = 0
    refused: int = 0
    unanswered: int = 0


class VirtualWire:
    """One gateway and its bus."""

    def __init__(self, field: VirtualField, gateway: Gateway, units: Mapping[int, Device]) -> None:
        self.gateway = gateway
        self.counts = WireCounts()
        self._field = field
        self._units = units
        profiles = {device.profile for device in units.values()}
        self._tells_absent = bool(profiles & _TELLS_ABSENT)
        self._one_client = bool(profiles & _ONE_CLIENT)
        self._server: asyncio.Server | None = None
        self._clients: list[_Client] = []
        self._free_at = 0.0
        self._asked = 0
        self._key = text_key(gateway.gateway_id)

    @property
    def port(self) -> int:
        """The port it listens on (the one given by the system when the gateway's is 0)."""
        if self._server is None or not self._server.sockets:
            return self.gateway.port
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def listening(self) -> bool:
        """Whether its socket is open."""
        return self._server is not None

    async def open(self) -> None:
        """Listen.

        Raises
        ------
        ConfigurationError
            The port is taken or may not be used.
        """
        gateway, loop = self.gateway, asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: _Client(self, self._framing()), gateway.host, gateway.port
            )
        except OSError as error:
            raise ConfigurationError(
                f"gateway {gateway.gateway_id}: cannot listen on {gateway.host}:{gateway.port} ({error.strerror}); "
                "stop the program that uses this port, or give the gateway another one"
            ) from error

    def _framing(self) -> Framing:
        return RtuFraming() if self.gateway.protocol is WireProtocol.RTU_OVER_TCP else TcpFraming()

    async def close(self) -> None:
        """Stop listening and hang up."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for client in tuple(self._clients):
            client.hang_up()
        if server is not None:
            await server.wait_closed()

    async def follow_faults(self) -> None:
        """Close the socket while the gateway is dead; open it again afterwards."""
        dead = self._field.bus(self.gateway.gateway_id).dead
        if dead and self.listening:
            await self.close()
        elif not dead and not self.listening:
            await self.open()

    # ------------------------------------------------------------- questions

    def joined(self, client: "_Client") -> None:
        """Take a new client in; where only one is allowed the old one is cut off."""
        self.counts.connections += 1
        if self._one_client:
            for old in tuple(self._clients):
                old.hang_up()
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
        there = device is not None and self._field.answers(device.device_id)
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
        if at <= now:
            self._answer(client, request, device if there else None)
        else:
            loop.call_at(at, self._answer, client, request, device if there else None)

    def _answer(self, client: "_Client", request: Request, device: Device | None) -> None:
        framing = client.framing
        if device is None:
            self.counts.unanswered += 1
            client.send(framing.refusal(request, GATEWAY_NO_ANSWER) if self._tells_absent else b"")
            return
        code = 0
        words: bytes | None = None
        if request.function not in READ_FUNCTIONS:
            code = ILLEGAL_FUNCTION
        elif not 1 <= request.count <= COUNT_MAX:
            code = ILLEGAL_VALUE
        else:
            words = self._field.read(device.device_id, request.function, request.address, request.count)
            code = 0 if words is not None else ILLEGAL_ADDRESS
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._wire.joined(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (request := self.framing.take(self._buffer)) is not None:
                self._ask(request)
        except FramingError as error:
            log.warning("gateway %s: %s; hanging up", self._wire.gateway.gateway_id, error)
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


def wires_of(field: VirtualField) -> list[VirtualWire]:
    """Return a wire for each Modbus gateway of a field that has devices behind it."""
    found = []
    for plant in field.registry.plants:
        for gateway in plant.gateways:
            units = {d.unit: d for d in plant.devices if d.gateway_id == gateway.gateway_id and d.profile}
            if units and gateway.protocol.has_socket and not gateway.protocol.is_dlt645:
                found.append(VirtualWire(field, gateway, units))
    return found
