"""A transparent gateway, or a serial line, with DL/T 645-2007 meters behind it: read questions and the question for an address only.

Frames as the standard prints them: 0x68, address (six BCD bytes, low first), 0x68, control, length, data + 0x33,
checksum, 0x16. One question is under way on the line at a time; a meter that is not there stays silent.
"""

import asyncio
from collections.abc import Mapping

from domain.plant import Device, Gateway
from inverters.dlt645 import encode_identifier
from inverters.frames import dlt645_frames
from simulator.field import VirtualField
from simulator.listener import Listener
from simulator.serial_line import is_virtual

_READ, _ADDRESS, _ANSWERS, _REFUSES = 0x11, 0x13, 0x80, 0xC0
_SHIFT = 0x33
_ANYBODY = "AA" * 6
_NO_SUCH_DATA = b"\x02"
_SERIAL = "04000402"
_HEARD_MAX = 512


class VirtualMeterWire(Listener):
    """One gateway and its line of meters."""

    def __init__(self, field: VirtualField, gateway: Gateway, meters: Mapping[str, Device]) -> None:
        super().__init__(field, gateway)
        self.answered = 0
        self._meters = meters
        self._clients: set[asyncio.Transport] = set()
        self._free_at = 0.0

    def _client(self) -> asyncio.Protocol:
        return _Client(self)

    def _hang_up(self) -> None:
        for transport in tuple(self._clients):
            transport.abort()

    def joined(self, transport: asyncio.Transport) -> None:
        """Take a new client in."""
        self._clients.add(transport)

    def left(self, transport: asyncio.Transport | None) -> None:
        """Forget a client."""
        if transport is not None:
            self._clients.discard(transport)

    def ask(self, transport: asyncio.Transport, frame: bytes) -> None:
        """Put a question on the line; its answer is sent when the line has come round to it."""
        loop, clock = asyncio.get_running_loop(), self._field.clock
        bus = self._field.bus(self.gateway.gateway_id)
        self._free_at = max(self._free_at, loop.time()) + clock.wait_s(self.gateway.answer_s * bus.slower)
        loop.call_at(self._free_at, self._answer, transport, frame)

    def _answer(self, transport: asyncio.Transport, frame: bytes) -> None:
        told = self.answer_to(frame)
        if told and not transport.is_closing():
            self.answered += 1
            transport.write(told)

    def answer_to(self, question: bytes) -> bytes:
        """Return the frame that answers a whole question; nothing when nobody does."""
        address, control = question[1:7][::-1].hex().upper(), question[8]
        data = bytes((byte - _SHIFT) & 0xFF for byte in question[10:-2])
        meter = self._meters.get(address)
        if meter is None and address == _ANYBODY and len(self._meters) == 1:
            (meter,) = self._meters.values()
        if meter is None or not self._field.answers(meter.device_id) or control not in (_READ, _ADDRESS):
            return b""
        own = bytes.fromhex(meter.meter_address)[::-1]
        if control == _ADDRESS:
            return _frame(own, control | _ANSWERS, own)
        identifier = data[:4][::-1].hex().upper()
        content = own if identifier == _SERIAL else self._content(meter, identifier)
        if content is None:
            return _frame(own, control | _REFUSES, _NO_SUCH_DATA)
        return _frame(own, control | _ANSWERS, data[:4] + content)

    def _content(self, meter: Device, identifier: str) -> bytes | None:
        values = self._field.meter_values(meter.device_id)
        return encode_identifier(identifier, values, ct_ratio=meter.ct_ratio, pt_ratio=meter.pt_ratio)


def _frame(address: bytes, control: int, data: bytes) -> bytes:
    body = b"\x68" + address + bytes((0x68, control, len(data))) + bytes((b + _SHIFT) & 0xFF for b in data)
    return b"\xfe\xfe" + body + bytes((sum(body) & 0xFF, 0x16))


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, wire: VirtualMeterWire) -> None:
        self._wire = wire
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._wire.joined(transport)

    def data_received(self, data: bytes) -> None:
        self._heard = (self._heard + data)[-_HEARD_MAX:]
        for frame in dlt645_frames(self._heard):
            if self._transport is not None:
                self._wire.ask(self._transport, frame)
            self._heard = b""

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._wire.left(self._transport)


def meter_wires_of(field: VirtualField) -> list[VirtualMeterWire]:
    """Return a wire for each DL/T 645 gateway that can be made here and has meters behind it."""
    found = []
    for plant in field.registry.plants:
        for gateway in plant.gateways:
            meters = {d.meter_address: d for d in plant.devices if d.gateway_id == gateway.gateway_id}
            served = gateway.protocol.has_socket or is_virtual(gateway)
            if meters and served and gateway.protocol.is_dlt645:
                found.append(VirtualMeterWire(field, gateway, meters))
    return found
