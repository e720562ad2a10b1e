"""The wire: every answer is held against the question, and nothing but reads can leave."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import pymodbus.exceptions
import pytest
from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.pdu import ModbusPDU

from collectors.framing import line_settings
from collectors.modbus import ModbusSource
from domain.errors import (
    CollectError,
    MalformedAnswerError,
    NoConnectionError,
    RefusedError,
    UnreachableError,
)
from domain.measurement import BlockRead, WordBlock
from domain.plant import Gateway, WireProtocol
from tests.collectors.peers import Question, crc, framed_peer, free_port, gateway, peer, say, words

SIZES = (1, 2, 30, 125)
FRAMINGS = ("tcp", "rtu", "serial")


async def answer_right(question: Question, writer: asyncio.StreamWriter) -> None:
    await say(writer, question.right())


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("function", [3, 4])
@pytest.mark.parametrize("count", SIZES)
def test_words_arrive_as_the_device_sent_them(framing: str, function: int, count: int) -> None:
    async def check() -> None:
        async with framed_peer(answer_right, framing, timeout_s=10.0) as wire:
            source = ModbusSource(wire)
            block = await source.read(7, BlockRead(function, 1000, count))
            assert (block.function, block.address, block.words) == (function, 1000, words(7, 1000, count))
            await source.close()

    asyncio.run(check())


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu"])
def test_an_answer_split_at_every_byte_is_still_read(rtu: bool) -> None:
    async def in_crumbs(question: Question, writer: asyncio.StreamWriter) -> None:
        right = question.right()
        await say(writer, *(right[i : i + 1] for i in range(len(right))))

    async def check() -> None:
        async with peer(in_crumbs, rtu=rtu) as port:
            source = ModbusSource(gateway(port, rtu=rtu, timeout_s=2.0))
            assert (await source.read(1, BlockRead(3, 5, 3))).words == words(1, 5, 3)
            await source.close()

    asyncio.run(check())


async def patiently(source: ModbusSource, unit: int, block: BlockRead) -> WordBlock:
    """Read again after a failure: on a busy machine even the right answer may come late."""
    for _ in range(50):
        with suppress(CollectError):
            return await source.read(unit, block)
    return await source.read(unit, block)


def body(
    question: Question, said: int | None = None, real: int | None = None, function: int | None = None
) -> bytes:
    data = words(question.unit, question.address, 125) + b"\x5a" * 10
    wanted = 2 * question.count
    said = wanted if said is None else said
    real = wanted if real is None else real
    return bytes([question.function if function is None else function, said & 0xFF]) + data[:real]


SHAPES: dict[str, Callable[[Question], bytes]] = {
    "one register too few": lambda q: q.frame(body(q, 2 * q.count - 2, 2 * q.count - 2)),
    "one register too many": lambda q: q.frame(body(q, 2 * q.count + 2, 2 * q.count + 2)),
    "no data": lambda q: q.frame(body(q, 0, 0)),
    "odd length": lambda q: q.frame(body(q, 2 * q.count - 1, 2 * q.count - 1)),
    "byte count too small for its data": lambda q: q.frame(body(q, 2 * q.count - 2)),
    "byte count too large for its data": lambda q: q.frame(body(q, 2 * q.count + 2)),
    "byte count right, data missing": lambda q: q.frame(body(q, None, 2 * q.count - 2)),
    "another read function": lambda q: q.frame(body(q, function=7 - q.function)),
    "a write function": lambda q: q.frame(bytes([16]) + q.raw[2:4] + b"\x00\x01"),
    "a function nobody knows": lambda q: q.frame(body(q, function=0x55)),
    "exception of another function": lambda q: q.frame(bytes([(7 - q.function) | 0x80, 2])),
    "exception without a code": lambda q: q.frame(bytes([q.function | 0x80])),
    "another unit": lambda q: q.frame(body(q), unit=q.unit + 1),
    "a transaction never asked": lambda q: (
        q.frame(body(q))[:-1] + b"\xff" if q.rtu else q.frame(body(q), transaction=q.transaction + 100)
    ),
    "cut in the middle": lambda q: q.right()[: len(q.right()) // 2],
    "noise instead of an answer": lambda q: bytes((i * 37 + 11) & 0xFF for i in range(2 * q.count + 9)),
}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda name: name.replace(" ", "_"))
def test_a_malformed_answer_gives_no_value_and_the_next_read_is_right(shape: str, framing: str) -> None:
    async def check() -> None:
        bad = False

        async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
            await say(writer, SHAPES[shape](question) if bad else question.right())

        async with framed_peer(answer, framing, timeout_s=0.06) as wire:
            source = ModbusSource(wire)
            await patiently(source, 9, BlockRead(3, 300, 1))
            for count in SIZES:
                bad = True
                with pytest.raises((MalformedAnswerError, UnreachableError)) as caught:
                    await source.read(9, BlockRead(3, 200, count))
                assert "gw-1" in str(caught.value)
                assert "unit 9" in str(caught.value)
                bad = False
                assert (await patiently(source, 9, BlockRead(3, 300, count))).words == words(9, 300, count)
            await source.close()

    asyncio.run(check())


def test_there_are_sixteen_malformed_shapes() -> None:
    assert len(SHAPES) == 16


def test_a_wrong_checksum_is_malformed() -> None:
    async def spoil(question: Question, writer: asyncio.StreamWriter) -> None:
        right = question.right()
        await say(writer, right[:-2] + bytes([right[-2] ^ 1, right[-1]]))

    async def check() -> None:
        async with peer(spoil, rtu=True) as port:
            source = ModbusSource(gateway(port, rtu=True))
            with pytest.raises(MalformedAnswerError, match="checksum"):
                await source.read(1, BlockRead(3, 0, 4))
            await source.close()

    asyncio.run(check())


def test_the_checksum_of_the_tests_is_the_published_one() -> None:
    assert crc(bytes.fromhex("010300000002")) == bytes.fromhex("c40b")


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu"])
@pytest.mark.parametrize("code", [1, 2, 4, 6, 10, 11])
def test_a_modbus_exception_keeps_its_code(rtu: bool, code: int) -> None:
    async def refuse(question: Question, writer: asyncio.StreamWriter) -> None:
        await say(writer, question.refusal(code))

    async def check() -> None:
        async with peer(refuse, rtu=rtu) as port:
            source = ModbusSource(gateway(port, rtu=rtu))
            with pytest.raises(RefusedError, match=f"exception {code}") as caught:
                await source.read(3, BlockRead(4, 10, 2))
            assert caught.value.code == code
            await source.close()

    asyncio.run(check())


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu"])
@pytest.mark.parametrize("late_s", [0.06, 0.09])
def test_late_answers_are_never_handed_out_as_another_register(rtu: bool, late_s: float) -> None:
    """Every third answer comes after the time-out, with the same length as the next one asked."""

    async def check() -> tuple[int, int]:
        asked = 0
        later: set[asyncio.Task[None]] = set()

        async def sometimes_late(question: Question, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked += 1
            if asked % 3:
                await say(writer, question.right())
                return

            async def afterwards() -> None:
                await asyncio.sleep(late_s)
                await say(writer, question.right())

            later.add(asyncio.create_task(afterwards()))

        async with peer(sometimes_late, rtu=rtu) as port:
            source = ModbusSource(gateway(port, rtu=rtu, timeout_s=0.05))
            right = wrong = failed = 0
            for number in range(30):
                try:
                    block = await source.read(1, BlockRead(3, 50 * number, 10))
                except CollectError:
                    failed += 1
                    continue
                if block.words == words(1, 50 * number, 10):
                    right += 1
                else:
                    wrong += 1
            assert wrong == 0
            await source.close()
            return right, failed

    runs = [asyncio.run(check()) for _ in range(2)]  # a loaded machine is late by itself: the best run counts
    assert all(failed >= 10 for _, failed in runs)
    assert max(right for right, _ in runs) >= 10  # 20 on an idle machine


def test_an_answer_replayed_from_the_transaction_before_is_dropped() -> None:
    async def check() -> None:
        before = b""

        async def replay(question: Question, writer: asyncio.StreamWriter) -> None:
            nonlocal before
            await say(writer, before + question.right())
            before = question.right()

        async with peer(replay) as port:
            source = ModbusSource(gateway(port))
            for number in range(10):
                assert (await source.read(1, BlockRead(3, 7 * number, 125))).words == words(
                    1, 7 * number, 125
                )
            await source.close()

    asyncio.run(check())


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu"])
def test_live_units_behind_dead_ones_are_read_in_every_sweep(rtu: bool) -> None:
    async def eight_dead(question: Question, writer: asyncio.StreamWriter) -> None:
        if question.unit > 8:
            await say(writer, question.right())

    async def check() -> None:
        async with peer(eight_dead, rtu=rtu) as port:
            source = ModbusSource(gateway(port, rtu=rtu, timeout_s=0.15))
            for _ in range(2):
                read = 0
                for unit in range(1, 22):
                    try:
                        block = await source.read(unit, BlockRead(3, 0, 10))
                        assert block.words == words(unit, 0, 10)
                        read += 1
                    except UnreachableError:
                        assert unit <= 8
                assert read == 13
            assert source.connects == 1
            await source.close()

    asyncio.run(check())


def test_a_refused_connection_says_where_and_what_to_do_and_is_not_hammered() -> None:
    async def check() -> None:
        source = ModbusSource(gateway(free_port()))
        with pytest.raises(
            NoConnectionError, match=r"gateway gw-1 at 127\.0\.0\.1:\d+: cannot connect"
        ) as caught:
            await source.read(1, BlockRead(3, 0, 1))
        assert "check power, network and port" in str(caught.value)
        started = time.perf_counter()
        with pytest.raises(NoConnectionError, match="next attempt"):
            await source.read(1, BlockRead(3, 0, 1))
        assert time.perf_counter() - started < 0.05
        await source.close()

    asyncio.run(check())


def test_a_gateway_that_hangs_up_is_told_at_once_and_met_again() -> None:
    async def check() -> None:
        rude = True

        async def hang_up(question: Question, writer: asyncio.StreamWriter) -> None:
            if rude:
                writer.transport.abort()
            else:
                await say(writer, question.right())

        async with peer(hang_up) as port:
            source = ModbusSource(gateway(port, timeout_s=5.0))
            started = time.perf_counter()
            with pytest.raises(NoConnectionError, match="another master"):
                await source.read(1, BlockRead(3, 0, 1))
            assert time.perf_counter() - started < 1.0
            rude = False
            assert (await source.read(1, BlockRead(3, 0, 1))).words == words(1, 0, 1)
            await source.close()

    asyncio.run(check())


def test_a_gateway_that_comes_back_on_its_port_is_read_again() -> None:
    async def check() -> None:
        port = free_port()
        source = ModbusSource(gateway(port))
        with pytest.raises(NoConnectionError):
            await source.read(1, BlockRead(3, 0, 1))
        await asyncio.sleep(0.4)
        async with peer(answer_right, port=port):
            assert (await source.read(1, BlockRead(3, 0, 1))).words == words(1, 0, 1)
        await source.close()

    asyncio.run(check())


def test_the_pauses_of_a_slow_gateway_are_kept() -> None:
    async def check() -> None:
        at: list[float] = []

        async def note(question: Question, writer: asyncio.StreamWriter) -> None:
            at.append(time.perf_counter())
            await say(writer, question.right())

        async with peer(note) as port:
            source = ModbusSource(gateway(port, delay_s=0.1, pause_s=0.05))
            started = time.perf_counter()
            for _ in range(3):
                await source.read(1, BlockRead(3, 0, 1))
            assert at[0] - started >= 0.1
            assert min(at[1] - at[0], at[2] - at[1]) >= 0.05
            await source.close()

    asyncio.run(check())


# ---------------------------------------------------------------------- read only


@pytest.mark.parametrize("function", [0, 1, 2, 5, 6, 15, 16, 22, 23, 43])
def test_only_read_functions_can_be_asked_for(function: int) -> None:
    async def check() -> None:
        source = ModbusSource(gateway(1))
        with pytest.raises(ValueError, match="functions"):
            await source.read(1, BlockRead(function, 0, 1))

    asyncio.run(check())


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu"])
def test_no_other_function_byte_can_leave_even_through_the_library(rtu: bool) -> None:
    """Every request the library can make is tried on the source's own connection."""

    async def check() -> None:
        heard: list[int] = []

        async def listen(question: Question, writer: asyncio.StreamWriter) -> None:
            heard.append(question.function)
            await say(writer, question.right())

        async with peer(listen, rtu=rtu) as port:
            source = ModbusSource(gateway(port, rtu=rtu))
            await source.read(1, BlockRead(3, 0, 2))
            client = source._client
            assert client is not None
            functions = {number for number in client.ctx.framer.decoder.pdu_table if number not in (3, 4)}
            assert {5, 6, 15, 16, 22, 23} <= functions
            for function in functions | {0x2B, 0x41, 0x7F}:
                request = ModbusPDU(dev_id=1)
                request.function_code = function
                request.encode = lambda: b"\x00\x01\x00\x02"  # type: ignore[method-assign]
                with pytest.raises(ValueError, match="must not leave"):
                    await client.execute(False, request)
            await source.read(1, BlockRead(4, 0, 2))
            await source.close()
        assert heard == [3, 4]

    asyncio.run(check())


def test_the_source_offers_no_way_to_write() -> None:
    public = {name for name in dir(ModbusSource) if not name.startswith("_")}
    assert public == {"read", "close"}
    assert any(name.startswith("write") for name in dir(ModbusClientMixin))


def test_every_exception_of_the_library_becomes_one_of_ours() -> None:
    async def check() -> None:
        async with peer(answer_right) as port:
            source = ModbusSource(gateway(port))
            await source.read(1, BlockRead(3, 0, 1))
            for name in pymodbus.exceptions.__all__:
                kind = getattr(pymodbus.exceptions, name)

                async def fail(*_: object, kind: type[Exception] = kind) -> None:
                    raise kind("invented")

                assert source._client is not None
                source._client.execute = fail  # type: ignore[method-assign,assignment]
                with pytest.raises(CollectError):
                    await source.read(1, BlockRead(3, 0, 1))
            await source.close()

    asyncio.run(check())


def test_mqtt_gateways_are_not_polled() -> None:
    with pytest.raises(ValueError, match="not Modbus"):
        ModbusSource(Gateway("gw", "plant", WireProtocol.MQTT))


@pytest.mark.parametrize("line", ["9600", "9600 8X1", "fast 8N1", "9600 9N1"])
def test_a_serial_line_is_described_by_speed_bits_parity_and_stop_bits(line: str) -> None:
    assert line_settings("2400 8E1") == {"baudrate": 2400, "bytesize": 8, "parity": "E", "stopbits": 1}
    with pytest.raises(ValueError, match="8N1"):
        line_settings(line)


def test_a_serial_port_that_is_not_there_is_told_with_its_path() -> None:
    async def check() -> None:
        source = ModbusSource(Gateway("gw-s", "p", WireProtocol.RTU_SERIAL, "/dev/ttyNONE9", timeout_s=0.2))
        with pytest.raises(NoConnectionError, match=r"/dev/ttyNONE9 \(9600 8N1\)"):
            await source.read(1, BlockRead(3, 0, 1))

    asyncio.run(check())
