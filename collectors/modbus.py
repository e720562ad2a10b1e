"""Modbus TCP, RTU over TCP and RTU on a serial port, read only: the one importer of pymodbus among the collectors.

The library builds requests, frames them and moves bytes. Ours are: the check of every answer
(`collectors.framing`, before the library decodes anything), no retries, reconnection with a growing
jittered wait, and silence after a failure on RTU framing, where a late answer cannot be told from the
right one. The library would close the connection after a few silent units and fail every read behind
them at once; that habit is switched off. Functions 3 and 4 only: any other byte is stopped at the door.
"""

import asyncio
import logging
import random
import socket
from contextlib import suppress
from typing import Any, cast

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU, FramerType
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
)

from collectors.doubt import AnswerMemory, agrees
from collectors.framing import (
    COUNT_MAX,
    READ_FUNCTIONS,
    Question,
    RtuScreen,
    TcpScreen,
    WrongFrameError,
    head_of,
    line_settings,
)
from collectors.traffic import Traffic
from domain.errors import (
    CollectError,
    MalformedAnswerError,
    NoConnectionError,
    RefusedError,
    UnreachableError,
)
from domain.measurement import BlockRead, WordBlock
from domain.plant import Gateway, WireProtocol

_SPOKEN = frozenset({WireProtocol.MODBUS_TCP, WireProtocol.RTU_OVER_TCP, WireProtocol.RTU_SERIAL})
_Client = AsyncModbusTcpClient | AsyncModbusSerialClient
_RECONNECT_FIRST_S = 0.1
_RECONNECT_MOST_S = 5.0
_KEEPALIVE_IDLE_S = 30
_KEEPALIVE_METERED_S = 240  # where every question is paid for
_VANISHED_PEER_MS = 20_000
_NEVER = 1 << 30
_BUFFER_BYTES = 4096
_FIRST_TRANSACTION_MAX = 60_000
_PIECES_WITHIN_S = 0.05  # parts of one frame follow each other so closely
_LATENESS_MOST = 5.0  # time-outs; what comes later still is caught by doubt instead of silence
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal count",
    4: "device failure",
    5: "accepted, still working",
    6: "busy",
    8: "memory error",
    10: "gateway has no path",
    11: "gateway got no answer",
}


class _HoldingAnswer(ReadHoldingRegistersResponse):
    """Registers as they came: unpacking and formatting each one would double the cost of a read."""

    raw: bytes = b""

    def decode(self, data: bytes) -> None:
        """Keep the bytes behind the function code."""
        self.raw = data

    def __str__(self) -> str:
        return "registers"


class _InputAnswer(_HoldingAnswer):
    """The same with function 4."""

    function_code = 4


_REQUESTS = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}


class ModbusSource:
    """One gateway's wire. Make it, and read it, inside a running event loop.

    Parameters
    ----------
    gateway : Gateway
        Address, protocol, time-out and pauses. [real seconds]
    close_after_cycle : bool
        Let go of the connection at the end of each cycle, for devices that serve one master only.
    """

    def __init__(self, gateway: Gateway, *, close_after_cycle: bool = False) -> None:
        if gateway.protocol not in _SPOKEN:
            raise ValueError(f"gateway {gateway.gateway_id}: {gateway.protocol.value} is not Modbus")
        self.gateway = gateway
        self.close_after_cycle = close_after_cycle
        self.connects = 0
        self._keepalive_s = _KEEPALIVE_METERED_S if gateway.is_metered else _KEEPALIVE_IDLE_S
        self.traffic = Traffic(self._keepalive_s, network=not gateway.protocol.is_serial)
        self._rtu = gateway.protocol is not WireProtocol.MODBUS_TCP
        self._screen: TcpScreen | RtuScreen = RtuScreen(FramerRTU.compute_CRC) if self._rtu else TcpScreen()
        self._function_at = 1 if self._rtu else 7
        self._client: _Client | None = None
        first = random.randrange(1, _FIRST_TRANSACTION_MAX)  # noqa: S311 (apart from an earlier run, not secret)
        self._question = Question(0, 0, 0, first)
        self._memory = AnswerMemory()
        self._strangers = 0  # frames that came and nobody had asked for
        self._asked_address = 0
        self._asking = False
        self._heard = 0
        self._refusal: BaseException | None = None
        self._failures = 0
        self._not_before_s = 0.0
        self._asked_at_s = 0.0
        self._unanswered_at_s = 0.0  # when the last question without an answer was asked
        self._longest_s = gateway.timeout_s
        self._late = b""  # what came while nothing was asked, until the wire is still again
        self._late_until_s = 0.0
        # The library logs each silent unit as an error; who is silent is said once, by the poller.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        """Return the registers of one block; see `collectors.source.Source`."""
        if block.function not in READ_FUNCTIONS or not 1 <= block.count <= COUNT_MAX:
            raise ValueError(f"{block}: functions {READ_FUNCTIONS} and 1 to {COUNT_MAX} registers only")
        words = await self._ask(unit, block)
        self._unanswered_at_s = 0.0  # it answers in time again: what still comes says nothing of lateness
        question = Question(unit, block.function, block.count)
        doubtful = self._memory.is_doubtful(question, block.address, words, asyncio.get_running_loop().time())
        self._memory.heard(question, block.address, words)
        if doubtful:
            await self._confirm(unit, block, words)
        return WordBlock(block.function, block.address, words)

    async def _confirm(self, unit: int, block: BlockRead, words: bytes) -> None:
        """Ask a question of another length behind a doubtful answer; see `collectors.doubt`."""
        question, asked_at_s = Question(unit, block.function, block.count), self._asked_at_s
        if isinstance(self._screen, RtuScreen):
            self._screen.watched = head_of(question)
        try:
            await self._confirm_watched(unit, block, words)
        except CollectError:
            self._memory.unanswered(question, block.address, asked_at_s)  # the right one may still come
            raise
        finally:
            if isinstance(self._screen, RtuScreen):
                self._screen.watched = b""

    async def _confirm_watched(self, unit: int, block: BlockRead, words: bytes) -> None:
        strangers = self._strangers
        where = self._where(unit, block)
        again = b""
        other = self._memory.confirming(unit, block, asyncio.get_running_loop().time())
        for last in (False, True):
            try:
                again = await self._ask(unit, other)
                break
            except CollectError as error:
                if last or not isinstance(error, UnreachableError):
                    raise MalformedAnswerError(
                        f"{where}: the answer may belong to another question ({error}); nothing was taken"
                    ) from error
        self._memory.heard(Question(unit, other.function, other.count), other.address, again)
        if self._strangers != strangers or not agrees(words, again):
            self._distrust()
            raise MalformedAnswerError(f"{where}: the answer belongs to another question; nothing was taken")

    async def _ask(self, unit: int, block: BlockRead) -> bytes:
        client = await self._connected()
        await self._wait_turn()
        request = _REQUESTS[block.function](address=block.address, count=block.count, dev_id=unit)
        self._question = Question(unit, block.function, block.count, self._question.transaction)
        self._asked_address = block.address
        self._heard = 0
        if self._rtu:
            client.ctx.recv_buffer = b""  # what lies there belongs to no question any more
        self._asking = True
        self._asked_at_s = asyncio.get_running_loop().time()
        try:
            answer = await client.execute(False, request)
        except WrongFrameError as error:
            self._learn_lateness(asyncio.get_running_loop().time())
            self._distrust()
            raise MalformedAnswerError(f"{self._where(unit, block)}: {error}; nothing was taken") from error
        except (ModbusException, ConnectionError) as error:
            raise self._silence(unit, block, error) from error
        except asyncio.CancelledError:
            self._distrust()
            raise
        finally:
            self._asking = False
            self._not_before_s = max(
                self._not_before_s, asyncio.get_running_loop().time() + self.gateway.request_pause_s
            )
        if answer.isError():
            code = answer.exception_code
            raise RefusedError(
                f"{self._where(unit, block)}: exception {code} ({_EXCEPTIONS.get(code, 'unknown')})", code
            )
        return bytes(answer.raw[1:])

    async def close(self) -> None:
        """Close the connection; the next read opens it again."""
        self._drop()

    # ------------------------------------------------------------------ connection

    async def _connected(self) -> _Client:
        if self._client is not None and self._client.connected:
            return self._client
        self._drop()
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before_s and self._failures:
            raise NoConnectionError(f"{self._address}: no connection; the next attempt is due shortly")
        client = self._make_client()
        if not await client.connect():
            client.close()
            self._failures += 1
            wait_s = min(_RECONNECT_MOST_S, _RECONNECT_FIRST_S * 2.0 ** min(self._failures, 10))
            self._not_before_s = loop.time() + wait_s * random.uniform(0.5, 1.5)  # noqa: S311 (spread, not secrecy)
            why = self._refusal or "no answer within the time-out"
            raise NoConnectionError(
                f"{self._address}: cannot connect ({why}); check power, network and port of the gateway"
            )
        self._client = client
        # go on counting: an answer from an earlier connection must not find its number asked again
        client.ctx.next_tid = self._question.transaction
        self._failures = 0
        self.connects += 1
        self.traffic.connected(loop.time())
        self._watch_peer(client)
        self._not_before_s = max(self._not_before_s, loop.time() + self.gateway.connect_delay_s)
        return client

    def _make_client(self) -> _Client:
        common: dict[str, Any] = {
            "framer": FramerType.RTU if self._rtu else FramerType.SOCKET,
            "timeout": self.gateway.timeout_s,
            "retries": 0,
            "reconnect_delay": 0,
            "trace_packet": self._on_packet,
            "trace_connect": self._on_connection,
        }
        client: _Client
        if self.gateway.protocol.is_serial:
            client = AsyncModbusSerialClient(self.gateway.host, **line_settings(self.gateway.line), **common)
        else:
            client = AsyncModbusTcpClient(self.gateway.host, port=self.gateway.port, **common)
        client.set_max_no_responses(_NEVER)
        client.register(_HoldingAnswer)
        client.register(_InputAnswer)
        client.ctx.max_buffer_size = _BUFFER_BYTES  # else a late answer glued to the right one loses both
        create = client.ctx.call_create

        async def create_and_remember() -> Any:
            self._refusal = None
            try:
                return await create()
            except OSError as error:
                self._refusal = error
                raise

        client.ctx.call_create = create_and_remember
        return client

    def _watch_peer(self, client: _Client) -> None:
        """Let the kernel find a peer that vanished without a word."""
        raw = client.ctx.transport.get_extra_info("socket")
        if raw is None:
            return
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, self._keepalive_s)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _VANISHED_PEER_MS)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        self.traffic.closed()
        transport = cast("asyncio.Transport | None", client.ctx.transport)
        if transport is not None:
            transport.abort()
        client.close()

    # ------------------------------------------------------------------ the wire

    async def _wait_turn(self) -> None:
        """Wait out the pause, the delay after connecting, or the silence after a failure."""
        loop = asyncio.get_running_loop()
        while (wait_s := self._not_before_s - loop.time()) > 0:  # noqa: ASYNC110 (what comes late moves the moment)
            await asyncio.sleep(wait_s)

    def _on_packet(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001 (the library's signature)
        now_s = asyncio.get_running_loop().time()
        if sending:
            self.traffic.sent(len(data), now_s)
            if data[self._function_at] not in READ_FUNCTIONS:
                raise ValueError(f"function {data[self._function_at]} must not leave this program")
            if not self._rtu:
                self._question.transaction = int.from_bytes(data[:2], "big")
            return data
        self.traffic.received(len(data), now_s)
        if not self._asking:
            self._note_late(data)
            return b""
        self._heard = len(data)
        try:
            return self._screen.good_frame(data, self._question)
        except WrongFrameError as error:
            self._fail(error)
            return b""

    def _on_connection(self, connected: bool) -> None:  # noqa: FBT001 (the library's signature)
        if not connected and self._asking:
            self._fail(ConnectionResetError("the gateway closed the connection"))

    def _fail(self, error: Exception) -> None:
        """Wake the waiting read now instead of at its time-out."""
        self._asking = False
        client = self._client
        if client is not None and not client.ctx.response_future.done():
            client.ctx.response_future.set_exception(error)

    def _note_late(self, data: bytes) -> None:
        """Remember how late answers can be on this wire, and wait for the end of this one."""
        now_s = asyncio.get_running_loop().time()
        if self._rtu:
            data = self._late = (self._late if now_s < self._late_until_s else b"") + data
            self._late_until_s = now_s + _PIECES_WITHIN_S
            self._not_before_s = max(self._not_before_s, self._late_until_s)
        if isinstance(self._screen, RtuScreen) and self._screen.repeats_itself(data):
            return
        self._strangers += 1
        if not self._rtu:
            return
        if not self._memory.late_came(data) and not self._unanswered_at_s:
            self._memory.stranger(now_s)
        self._learn_lateness(now_s)

    def _learn_lateness(self, now_s: float) -> None:
        if self._unanswered_at_s:
            late_s = min(now_s - self._unanswered_at_s, _LATENESS_MOST * self.gateway.timeout_s)
            self._longest_s = max(self._longest_s, late_s)
            self._unanswered_at_s = 0.0

    def _distrust(self) -> None:
        """After a failure: a TCP connection is renewed, an RTU wire is left silent until late answers passed."""
        self._memory.unanswered(self._question, self._asked_address, self._asked_at_s)
        if self._rtu:
            silent_s = max(2 * self.gateway.timeout_s, 1.5 * self._longest_s)
            self._not_before_s = max(self._not_before_s, self._asked_at_s + silent_s)
            self._unanswered_at_s = self._asked_at_s
        else:
            self._drop()

    def _silence(
        self, unit: int, block: BlockRead, error: Exception
    ) -> UnreachableError | MalformedAnswerError:
        where = self._where(unit, block)
        if self._client is None or not self._client.connected:
            self._drop()
            return NoConnectionError(f"{where}: {error}; another master may hold the gateway")
        if self._heard and self._half_heard():
            self._distrust()
            return MalformedAnswerError(f"{where}: an answer was cut short after {self._heard} bytes")
        if self._rtu:
            self._distrust()
        else:
            self._memory.unanswered(self._question, self._asked_address, self._asked_at_s)
        return UnreachableError(
            f"{where}: no answer within {self.gateway.timeout_s:g} s; check power and wiring of unit {unit}"
        )

    def _half_heard(self) -> bool:
        """Tell an answer cut short from complete answers to earlier questions (TCP)."""
        if self._rtu or self._client is None:
            return self._rtu
        data, position = bytes(self._client.ctx.recv_buffer), 0
        while len(data) - position >= 6:
            position += 6 + int.from_bytes(data[position + 4 : position + 6], "big")
        return position != len(data)

    @property
    def _address(self) -> str:
        if self.gateway.protocol.is_serial:
            return f"gateway {self.gateway.gateway_id} at {self.gateway.host} ({self.gateway.line})"
        return f"gateway {self.gateway.gateway_id} at {self.gateway.host}:{self.gateway.port}"

    def _where(self, unit: int, block: BlockRead) -> str:
        return f"{self._address}, unit {unit}, function {block.function}, registers {block.address}+{block.count}"
