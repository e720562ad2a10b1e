"""DL/T 645-2007 meters, read only: over a transparent TCP gateway, or on a serial port.

A block is function 0x11 (read) and the number of a data identifier in `inverters.dlt645.IDENTIFIERS`; a unit is the
meter's address, twelve digits as a number. Every answer is held against its question: address, control byte,
identifier, length and checksum. A wire that fell silent is left alone until a late answer has passed.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from collectors.framing import line_settings
from collectors.traffic import Traffic
from domain.errors import MalformedAnswerError, NoConnectionError, RefusedError, UnreachableError
from domain.measurement import BlockRead, WordBlock
from domain.plant import Gateway
from inverters.dlt645 import IDENTIFIERS, READ_FUNCTION, address_question, meter_question
from inverters.frames import dlt645_address, dlt645_answer, dlt645_frames

T = TypeVar("T")
_NO_SUCH_DATA = 2
_CHUNK_BYTES = 1024


class Dlt645Source:
    """One gateway's wire with DL/T 645 meters on it; see `collectors.source.Source`."""

    def __init__(self, gateway: Gateway) -> None:
        if not gateway.protocol.is_dlt645:
            raise ValueError(f"gateway {gateway.gateway_id}: {gateway.protocol.value} is not DL/T 645")
        self.gateway = gateway
        self.traffic = Traffic(network=not gateway.protocol.is_serial)
        self._line: _Line | None = None
        self._not_before_s = 0.0

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        """Return the content of one data identifier, low byte first as the meter sends it."""
        if block.function != READ_FUNCTION or not 0 <= block.address < len(IDENTIFIERS):
            raise ValueError(f"{block}: function {READ_FUNCTION:#x} and a listed identifier only")
        identifier, meter = IDENTIFIERS[block.address], f"{unit:012d}"
        where = f"gateway {self.gateway.gateway_id}, meter {meter}, identifier {identifier}"
        answer = await self._ask(meter_question(meter, identifier), dlt645_answer, where)
        if answer.meter_address != meter or answer.identifier != identifier:
            raise MalformedAnswerError(
                f"{where}: meter {answer.meter_address} answered with {answer.identifier}; nothing was taken"
            )
        return WordBlock(block.function, block.address, answer.content)

    async def address(self) -> str:
        """Return the address of the one meter on the line; where several answer at once, nothing is understood."""
        where = f"gateway {self.gateway.gateway_id}, whoever is on the line"
        return await self._ask(address_question(), dlt645_address, where)

    async def _ask(self, question: bytes, understand: Callable[[bytes], T], where: str) -> T:
        """Send a question and return what its answer means, if that comes in time and holds."""
        line = await self._connected()
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._not_before_s - loop.time()))
        line.forget()
        line.write(question)
        self.traffic.sent(len(question), loop.time())
        try:
            async with asyncio.timeout(self.gateway.timeout_s):
                answer = understand(await self._answer(line, where))
        except TimeoutError as error:
            self._not_before_s = loop.time() + self.gateway.timeout_s
            raise UnreachableError(
                f"{where}: no answer within {self.gateway.timeout_s:g} s; check address, speed and parity "
                f"({self.gateway.line}) and wiring"
            ) from error
        except (MalformedAnswerError, OSError) as error:
            await self.close()
            self._not_before_s = loop.time() + self.gateway.timeout_s
            if isinstance(error, MalformedAnswerError):
                raise
            raise NoConnectionError(f"{where}: the connection was lost ({error})") from error
        self._not_before_s = loop.time() + self.gateway.request_pause_s
        return answer

    async def _answer(self, line: "_Line", where: str) -> bytes:
        """Wait for the first whole frame; a question of our own that the wire echoes is passed over."""
        heard = b""
        while True:
            data = await line.read()
            self.traffic.received(len(data), asyncio.get_running_loop().time())
            heard += data
            for frame in dlt645_frames(heard):
                if not frame[8] & 0x80:
                    continue
                if frame[8] & 0x40:
                    raise RefusedError(f"{where}: the meter refused", _NO_SUCH_DATA)
                return frame

    async def close(self) -> None:
        """Close the connection; the next read opens it again."""
        line, self._line = self._line, None
        if line is not None:
            self.traffic.closed()
            line.close()

    async def _connected(self) -> "_Line":
        if self._line is not None and not self._line.ended:
            return self._line
        self._line = None
        gateway = self.gateway
        try:
            async with asyncio.timeout(gateway.timeout_s):
                self._line = await (_serial(gateway) if gateway.protocol.is_serial else _network(gateway))
        except (OSError, TimeoutError) as error:
            place = gateway.host if gateway.protocol.is_serial else f"{gateway.host}:{gateway.port}"
            raise NoConnectionError(
                f"gateway {gateway.gateway_id} at {place}: cannot connect ({str(error) or 'no answer in time'}); "
                "check power, network and port of the gateway"
            ) from error
        now_s = asyncio.get_running_loop().time()
        self.traffic.connected(now_s)
        self._not_before_s = now_s + gateway.connect_delay_s
        return self._line


class _Line:
    """Bytes in and out, whatever is underneath."""

    def __init__(self) -> None:
        self.ended = False
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()

    def forget(self) -> None:
        """Throw away what came before the question."""
        while not self._heard.empty():
            self._heard.get_nowait()

    async def read(self) -> bytes:
        """Return what came; OSError when the line ended."""
        data = await self._heard.get()
        if not data:
            raise ConnectionResetError("the gateway closed the connection")
        return data

    def heard(self, data: bytes) -> None:
        """Take in what came; nothing means the end."""
        self.ended = self.ended or not data
        self._heard.put_nowait(data)

    def write(self, data: bytes) -> None:
        """Send a question."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of it."""
        raise NotImplementedError


class _NetworkLine(_Line, asyncio.Protocol):
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.heard(b"")

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def close(self) -> None:
        self.transport.abort()


class _SerialLine(_Line):
    def __init__(self, port: Any) -> None:
        super().__init__()
        self._port = port
        asyncio.get_running_loop().add_reader(port.fileno(), self._readable)

    def _readable(self) -> None:
        try:
            data = self._port.read(_CHUNK_BYTES)
        except OSError:
            data = b""
        if not data:  # the port is gone: a reader left in place would spin
            asyncio.get_running_loop().remove_reader(self._port.fileno())
        self.heard(data)

    def write(self, data: bytes) -> None:
        self._port.write(data)

    def close(self) -> None:
        with suppress(OSError, ValueError):
            asyncio.get_running_loop().remove_reader(self._port.fileno())
        self._port.close()


async def _network(gateway: Gateway) -> _Line:
    _, line = await asyncio.get_running_loop().create_connection(_NetworkLine, gateway.host, gateway.port)
    return line


async def _serial(gateway: Gateway) -> _Line:
    import serial

    settings = line_settings(gateway.line)
    port = await asyncio.to_thread(serial.Serial, gateway.host, timeout=0, exclusive=True, **settings)
    return _SerialLine(port)
