"""Field devices for tests: real sockets that answer as told, and a wire that needs none."""

import asyncio
import os
import socket
import struct
import threading
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, cast

from domain.errors import CollectError
from domain.measurement import BlockRead, WordBlock
from domain.plant import Gateway, WireProtocol


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def crc(data: bytes) -> bytes:
    """Modbus CRC-16, low byte first; written from the polynomial, not from a library."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return struct.pack("<H", register)


def value(unit: int, address: int) -> int:
    """What register ``address`` of ``unit`` holds: different everywhere, so a foreign answer shows."""
    mixed = (unit * 2654435761 + address * 40503 + 12345) & 0xFFFFFFFF
    return (mixed >> 8) & 0xFFFF


def words(unit: int, address: int, count: int) -> bytes:
    return b"".join(value(unit, address + offset).to_bytes(2, "big") for offset in range(count))


class Question:
    """One request as the peer saw it."""

    def __init__(self, raw: bytes, rtu: bool) -> None:
        self.raw, self.rtu = raw, rtu
        body = raw if rtu else raw[6:]
        self.transaction = 0 if rtu else int.from_bytes(raw[:2], "big")
        self.unit, self.function, self.address, self.count = struct.unpack(">BBHH", body[:6])

    def frame(self, body: bytes, *, unit: int | None = None, transaction: int | None = None) -> bytes:
        """Wrap function and data as an answer."""
        adu = bytes([self.unit if unit is None else unit]) + body
        if self.rtu:
            return adu + crc(adu)
        head = self.transaction if transaction is None else transaction
        return struct.pack(">HHH", head, 0, len(adu)) + adu

    def right(self) -> bytes:
        data = words(self.unit, self.address, self.count)
        return self.frame(bytes([self.function, len(data)]) + data)

    def refusal(self, code: int) -> bytes:
        return self.frame(bytes([self.function | 0x80, code]))


Answer = Callable[[Question, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def peer(answer: Answer, *, rtu: bool = False, port: int = 0) -> AsyncIterator[int]:
    """A gateway on a real socket; yields its port. ``answer`` gets every question."""
    size = 8 if rtu else 12
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                await answer(Question(await reader.readexactly(size), rtu), writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@contextmanager
def peer_in_thread(answer: Answer) -> Iterator[int]:
    """Serve like `peer`, from a thread of its own, for programs that have a loop of theirs."""
    ready, done, ports = threading.Event(), threading.Event(), []

    async def serve() -> None:
        async with peer(answer) as port:
            ports.append(port)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield ports[0]
    finally:
        done.set()
        thread.join(10)


class _PtyWriter:
    """The writing half of a pseudo terminal, as far as `say` needs it."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def write(self, data: bytes) -> None:
        with suppress(OSError):
            os.write(self.handle, data)

    async def drain(self) -> None:
        await asyncio.sleep(0)


@asynccontextmanager
async def serial_peer(answer: Answer) -> AsyncIterator[str]:
    """Devices on a real (pseudo) serial line; yields its path."""
    ours, theirs = os.openpty()
    for handle in (ours, theirs):
        tty.setraw(handle)
    loop, buffer, writer = asyncio.get_running_loop(), bytearray(), cast("Any", _PtyWriter(ours))
    tasks: set[asyncio.Task[None]] = set()

    def readable() -> None:
        with suppress(OSError):
            buffer.extend(os.read(ours, 4096))
        while len(buffer) >= 8:
            question = Question(bytes(buffer[:8]), rtu=True)
            del buffer[:8]
            tasks.add(loop.create_task(cast("Any", answer(question, writer))))

    loop.add_reader(ours, readable)
    try:
        yield os.ttyname(theirs)
    finally:
        loop.remove_reader(ours)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        os.close(ours)
        os.close(theirs)


async def say(writer: asyncio.StreamWriter, *parts: bytes) -> None:
    """Write ``parts`` one by one, so that they arrive apart."""
    for part in parts:
        writer.write(part)
        await writer.drain()
        if len(parts) > 1:
            await asyncio.sleep(0.002)


def gateway(
    port: int, *, rtu: bool = False, timeout_s: float = 0.15, pause_s: float = 0.0, delay_s: float = 0.0
) -> Gateway:
    protocol = WireProtocol.RTU_OVER_TCP if rtu else WireProtocol.MODBUS_TCP
    return Gateway(
        "gw-1",
        "plant-1",
        protocol,
        "127.0.0.1",
        port,
        timeout_s=timeout_s,
        request_pause_s=pause_s,
        connect_delay_s=delay_s,
    )


@asynccontextmanager
async def framed_peer(answer: Answer, framing: str, timeout_s: float = 0.15) -> AsyncIterator[Gateway]:
    """A gateway that speaks ``framing``: tcp, rtu (over TCP) or serial."""
    if framing == "serial":
        async with serial_peer(answer) as path:
            yield Gateway("gw-1", "plant-1", WireProtocol.RTU_SERIAL, path, timeout_s=timeout_s)
        return
    async with peer(answer, rtu=framing == "rtu") as port:
        yield gateway(port, rtu=framing == "rtu", timeout_s=timeout_s)


class ScriptedSource:
    """A wire without a socket: ``rule`` gives an error to raise for a unit and block, or None to answer."""

    def __init__(self, rule: Callable[[int, BlockRead], CollectError | None] | None = None) -> None:
        self.rule = rule or (lambda unit, block: None)
        self.asked: list[tuple[int, BlockRead]] = []
        self.closed = 0
        self.each: Callable[[], None] = lambda: None

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        self.asked.append((unit, block))
        self.each()
        error = self.rule(unit, block)
        if error is not None:
            raise error
        return WordBlock(block.function, block.address, words(unit, block.address, block.count))

    async def close(self) -> None:
        self.closed += 1

    def units(self) -> Sequence[int]:
        return [unit for unit, _ in self.asked]
