"""Wires: real sockets, asked by other minds than the one that wrote the server."""

import asyncio
import struct
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import FieldClock
from domain.errors import ConfigurationError
from domain.plant import Plant, WireProtocol
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet
from simulator.framing import FramingError, RtuFraming, TcpFraming, crc16
from simulator.wire import VirtualWire, wires_of
from tests.simulator.builders import NIGHT, NOON, Client, plant, profiles, registry


@asynccontextmanager
async def serving(
    *plants: Plant, at: object = NOON, faults: Sequence[Fault] = ()
) -> AsyncIterator[tuple[Fleet, list[VirtualWire]]]:
    clock = FieldClock.starting(at)  # type: ignore[arg-type]
    one = Fleet(registry(*plants), profiles(), clock, 1, faults)
    wires = wires_of(one)
    for wire in wires:
        await wire.open()
    try:
        yield one, wires
    finally:
        for wire in wires:
            await wire.close()


def test_registers_come_as_asked() -> None:
    async def scenario() -> None:
        async with serving(plant(profile="huawei_sun2000")) as (one, (wire,)):
            client = await Client.connect(wire.port)
            answer = await client.ask(2, 3, 32064, 24)
            assert answer[:2] == bytes((3, 48))
            assert answer[2:] == one.read("p00-inv-02", 3, 32064, 24)
            power_w = struct.unpack(">i", answer[2 + 32 : 2 + 36])[0]
            assert power_w == pytest.approx(one.snapshot.power.ac_w[0, 1], abs=1)
            client.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (struct.pack(">BHH", 3, 100, 2), 2),
        (struct.pack(">BHH", 4, 32064, 2), 1),
        (struct.pack(">BHH", 3, 32064, 65), 3),
        (struct.pack(">BHH", 3, 32064, 126), 3),
        (struct.pack(">BHH", 3, 32064, 0), 3),
        (struct.pack(">BHH", 1, 0, 1), 1),
        (struct.pack(">BHH", 6, 40125, 1), 1),
        (struct.pack(">BHHB", 16, 40125, 1, 2) + b"\x00\x01", 1),
    ],
)
def test_wrong_questions_are_refused_with_the_right_code(pdu: bytes, code: int) -> None:
    async def scenario() -> bytes:
        async with serving(plant()) as (_, (wire,)):
            client = await Client.connect(wire.port)
            client.send(1, pdu)
            answer = (await client.receive())[2]
            client.close()
            return answer

    assert asyncio.run(scenario()) == bytes((pdu[0] | 0x80, code))


def test_a_make_refuses_what_reaches_across_its_borders_and_a_sensor_names_its_own_address() -> None:
    async def scenario() -> list[bytes]:
        async with serving(plant(profile="growatt_max")) as (_, (wire,)):
            client = await Client.connect(wire.port)
            asked = [(1, 4, 100, 20), (1, 4, 120, 10), (1, 4, 125, 50), (102, 3, 256, 2)]
            answers = [await client.ask(*question) for question in asked]
            client.close()
            return answers

    inside, across, beyond, sensor = asyncio.run(scenario())
    assert (inside[:2], beyond[:2]) == (bytes((4, 40)), bytes((4, 100)))
    assert across == bytes((0x84, 2))
    assert sensor == bytes((3, 4, 0, 102, 0, 2))


def test_nothing_can_be_written() -> None:
    async def scenario() -> tuple[bytes | None, bytes | None]:
        async with serving(plant()) as (one, (wire,)):
            before = one.read("p00-inv-01", 3, 40125, 1)
            client = await Client.connect(wire.port)
            client.send(1, struct.pack(">BHH", 6, 40125, 500))
            await client.receive()
            client.close()
            return before, one.read("p00-inv-01", 3, 40125, 1)

    before, after = asyncio.run(scenario())
    assert before == after


def test_absent_and_sleeping_units_stay_silent_and_the_bus_goes_on() -> None:
    async def scenario() -> None:
        async with serving(plant(), at=NIGHT) as (_, (wire,)):
            client = await Client.connect(wire.port)
            for unit in (77, 1):
                with pytest.raises(TimeoutError):
                    await client.ask(unit, 3, 32064, 2, within_s=0.5)
            assert len(await client.ask(101, 3, 0x164, 8)) == 18
            client.close()

    asyncio.run(scenario())


def test_a_logger_that_knows_says_that_its_unit_does_not_answer() -> None:
    async def scenario() -> bytes:
        async with serving(plant(profile="sungrow_sg")) as (_, (wire,)):
            client = await Client.connect(wire.port)
            answer = await client.ask(77, 4, 5000, 2)
            client.close()
            return answer

    assert asyncio.run(scenario()) == b"\x84\x0b"


def test_one_question_at_a_time_is_on_the_bus() -> None:
    async def scenario() -> tuple[float, list[int]]:
        async with serving(plant(profile="sunspec", answer_s=0.05)) as (_, (wire,)):
            clients = [await Client.connect(wire.port) for _ in range(2)]
            begun = asyncio.get_running_loop().time()
            for client in clients:
                for unit in (1, 2, 3):
                    client.send(unit, struct.pack(">BHH", 3, 40000, 2))
            order = [(await client.receive())[1] for _ in range(3) for client in clients]
            took = asyncio.get_running_loop().time() - begun
            for client in clients:
                client.close()
            return took, order

    took, order = asyncio.run(scenario())
    assert took >= 6 * 0.05 - 0.005
    assert order == [1, 1, 2, 2, 3, 3]


def test_a_question_may_come_in_pieces() -> None:
    async def scenario() -> bytes:
        async with serving(plant()) as (_, (wire,)):
            client = await Client.connect(wire.port)
            frame = struct.pack(">HHHBBHH", 9, 0, 6, 1, 3, 32064, 2)
            for byte in frame:
                client.writer.write(bytes((byte,)))
                await client.writer.drain()
                await asyncio.sleep(0.002)
            transaction, _, answer = await client.receive()
            client.close()
            assert transaction == 9
            return answer

    assert len(asyncio.run(scenario())) == 6


def test_noise_on_the_line_ends_the_connection_and_only_that() -> None:
    async def scenario() -> None:
        async with serving(plant(profile="sunspec")) as (_, (wire,)):
            noisy, quiet = await Client.connect(wire.port), await Client.connect(wire.port)
            noisy.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await noisy.receive()
            assert len(await quiet.ask(1, 3, 40000, 2)) == 6
            quiet.close()
            noisy.close()

    asyncio.run(scenario())


def test_a_one_client_make_pushes_the_old_client_out() -> None:
    async def scenario() -> None:
        async with serving(plant(profile="growatt_max")) as (_, (wire,)):
            old = await Client.connect(wire.port)
            assert len(await old.ask(1, 4, 0, 2)) == 6
            new = await Client.connect(wire.port)
            assert len(await new.ask(1, 4, 0, 2)) == 6
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError, BrokenPipeError)):
                await old.ask(1, 4, 0, 2)
            old.close()
            new.close()

    asyncio.run(scenario())


def test_rtu_frames_over_tcp_carry_a_good_checksum() -> None:
    async def scenario() -> bytes:
        async with serving(plant(protocol=WireProtocol.RTU_OVER_TCP)) as (_, (wire,)):
            reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
            body = struct.pack(">BBHH", 3, 3, 32064, 10)
            writer.write(body + crc16(body))
            answer = await asyncio.wait_for(reader.readexactly(25), 2)
            writer.close()
            return answer

    answer = asyncio.run(scenario())
    assert answer[:3] == bytes((3, 3, 20))
    assert crc16(answer[:-2]) == answer[-2:]


def test_the_checksum_is_the_published_one() -> None:
    assert crc16(bytes.fromhex("010300000001")) == bytes.fromhex("840a")


@given(st.binary(max_size=40))
def test_framing_takes_or_refuses_but_never_breaks(content: bytes) -> None:
    for framing in (TcpFraming(), RtuFraming()):
        buffer = bytearray(content)
        try:
            while framing.take(buffer) is not None:
                pass
        except FramingError:
            pass
        assert len(buffer) <= len(content)


def test_a_port_in_use_is_named_with_its_gateway_and_a_cure() -> None:
    async def scenario() -> None:
        async with serving(plant(0)) as (one, (first,)):
            taken = replace(first.gateway, port=first.port)
            second = VirtualWire(one, taken, {})
            with pytest.raises(
                ConfigurationError, match=rf"p00-gw: cannot listen on 127.0.0.1:{first.port}.*another"
            ):
                await second.open()

    asyncio.run(scenario())


def bus_fault(kind: FaultKind, **more: float) -> Fault:
    return Fault("f", kind, "p00-gw", NOON.timestamp() - 10, gateway_ids=("p00-gw",), **more)  # type: ignore[arg-type]


def test_a_dead_gateway_refuses_connections_and_comes_back() -> None:
    async def scenario() -> None:
        async with serving(plant()) as (one, (wire,)):
            port = wire.port
            wire.gateway = replace(wire.gateway, port=port)
            client = await Client.connect(port)
            one.faults = replace(one.faults, faults=(bus_fault(FaultKind.DEAD_GATEWAY),), _columns={})
            await wire.follow_faults()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await client.ask(1, 3, 32064, 2)
            client.close()
            with pytest.raises(ConnectionRefusedError):
                await Client.connect(port)
            one.faults = replace(one.faults, faults=(), _columns={})
            await wire.follow_faults()
            again = await Client.connect(port)
            assert len(await again.ask(1, 3, 32064, 2)) == 6
            again.close()

    asyncio.run(scenario())


def test_a_slow_bus_takes_its_time_and_late_answers_come_after_the_next_question() -> None:
    async def slow() -> float:
        async with serving(plant(answer_s=0.02), faults=[bus_fault(FaultKind.SLOW_BUS, amount=10)]) as (
            _,
            (wire,),
        ):
            client = await Client.connect(wire.port)
            begun = asyncio.get_running_loop().time()
            await client.ask(1, 3, 32064, 2)
            client.close()
            return asyncio.get_running_loop().time() - begun

    async def late() -> int:
        faults = [bus_fault(FaultKind.LATE_ANSWERS, amount=1.0, delay_s=0.4)]
        async with serving(plant(), faults=faults) as (_, (wire,)):
            client = await Client.connect(wire.port)
            with pytest.raises(TimeoutError):
                await client.ask(1, 3, 32064, 2, within_s=0.15)
            client.send(2, struct.pack(">BHH", 3, 32064, 2))
            _, unit, _ = await client.receive()
            client.close()
            return unit

    assert asyncio.run(slow()) >= 0.19
    assert asyncio.run(late()) == 1


@pytest.mark.needs("mbpoll")
def test_mbpoll_reads_the_same_power(tmp_path: object) -> None:
    async def scenario() -> tuple[str, float]:
        async with serving(plant()) as (one, (wire,)):
            process = await asyncio.create_subprocess_exec(
                "mbpoll", "-m", "tcp", "-0", "-1", "-a", "1", "-r", "32080", "-c", "1", "-t", "4:int", "-B",
                "-p", str(wire.port), "127.0.0.1", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            words, _ = await asyncio.wait_for(process.communicate(), 10)
            return words.decode(), float(one.snapshot.power.ac_w[0, 0])

    words, power_w = asyncio.run(scenario())
    line = next(row for row in words.splitlines() if row.startswith("[32080]"))
    assert int(line.split()[1]) == pytest.approx(power_w, abs=1)
