"""DL/T 645 meters on real sockets and serial lines: asked one thing, believed only when the answer fits."""

import asyncio
import os
import tty
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from random import Random

import pytest

from collectors.dlt645 import Dlt645Source
from domain.errors import (
    CollectError,
    MalformedAnswerError,
    NoConnectionError,
    RefusedError,
    UnreachableError,
)
from domain.measurement import Sample
from domain.plant import Gateway, WireProtocol
from inverters.dlt645 import IDENTIFIERS, LIVE_IDENTIFIERS, decode_meter, meter_blocks, meter_question
from inverters.frames import dlt645_frames
from tests.collectors.peers import free_port
from tests.inverters.support import NOON

METER = "000000000161"
CONTENTS = {
    "0201FF00": "0023 0123 0223",
    "0202FF00": "001500 001600 001780",
    "02030000": "345612",
    "02040000": "000080",
    "02060000": "9909",
    "00010000": "59010000",
    "00020000": "00000000",
    "04000402": "610100000000",
    "00000000": "59010080",
    "0001FF00": "59010000 10010000 20000000 29000000 00000000",
    "0002FF00": "00000000" * 5,
    **{f"000{quadrant}0000": f"0{quadrant}000000" for quadrant in range(5, 9)},
    "0205FF00": "450500 150200 150200 150100",
    "02800002": "0150",
    **{f"0400050{number}": "0000" for number in range(1, 8)},
}


def answer(meter: str, identifier: str, control: int = 0x91, content: bytes | None = None) -> bytes:
    """A meter's answer, written from the standard and not with the code under test."""
    plain = bytes.fromhex(CONTENTS[identifier]) if content is None else content
    data = bytes.fromhex(identifier)[::-1] + plain if control == 0x91 else b"\x02"
    body = b"\x68" + bytes.fromhex(meter)[::-1] + bytes((0x68, control, len(data)))
    body += bytes((byte + 0x33) & 0xFF for byte in data)
    return b"\xfe\xfe" + body + bytes((sum(body) & 0xFF, 0x16))


Rule = Callable[[str, str], bytes]


def asked(question: bytes) -> tuple[str, str]:
    body = question.lstrip(b"\xfe")
    return body[1:7][::-1].hex(), bytes((b - 0x33) & 0xFF for b in body[10:14])[::-1].hex().upper()


@asynccontextmanager
async def meters(rule: Rule, framing: str, timeout_s: float = 0.4) -> AsyncIterator[Gateway]:
    if framing == "serial":
        ours, theirs = os.openpty()
        tty.setraw(ours)
        tty.setraw(theirs)
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, lambda: os.write(ours, rule(*asked(os.read(ours, 4096)))))
        try:
            path = os.ttyname(theirs)
            yield Gateway("gw", "p", WireProtocol.DLT645_SERIAL, path, timeout_s=timeout_s, line="2400 8N1")
        finally:
            loop.remove_reader(ours)
            os.close(ours)
            os.close(theirs)
        return

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError, asyncio.CancelledError):
            while question := await reader.read(64):
                writer.write(rule(*asked(question)))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield Gateway("gw", "p", WireProtocol.DLT645_OVER_TCP, "127.0.0.1", port, timeout_s=timeout_s)
    server.close()
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0.01)


@pytest.mark.parametrize("framing", ["tcp", "serial"])
def test_a_meter_is_read_and_understood(framing: str) -> None:
    async def check() -> Sample:
        async with meters(answer, framing, 2.0) as gateway:
            source = Dlt645Source(gateway)
            blocks = [await source.read(int(METER), block) for block in meter_blocks(IDENTIFIERS)]
            await source.close()
        return Sample("m", NOON, NOON, tuple(blocks))

    batch = decode_meter(asyncio.run(check()), ct_ratio=60)
    assert batch.value("ac_phase_b_voltage_v") == 230.1
    assert batch.value("ac_phase_c_current_a") == pytest.approx(-1.7 * 60)
    assert batch.value("ac_active_power_w") == pytest.approx(12.5634 * 1000 * 60)
    assert batch.value("meter_energy_forward_wh") == pytest.approx(1.59 * 1000 * 60)
    assert batch.value("meter_energy_total_wh") == pytest.approx(-1.59 * 1000 * 60), "the top bit is a sign"
    assert batch.value("meter_energy_forward_sharp_wh") == pytest.approx(1.1 * 1000 * 60)
    assert batch.value("meter_reactive_energy_q3_varh") == pytest.approx(0.07 * 1000 * 60)
    assert batch.value("ac_apparent_power_va") == pytest.approx(0.0545 * 1000 * 60)
    assert batch.value("grid_frequency_hz") == 50.01
    assert batch.texts["serial_number"] == METER


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda meter, one: answer("000000000162", one), MalformedAnswerError),
        (lambda meter, one: answer(meter, "02060000"), MalformedAnswerError),
        (lambda meter, one: answer(meter, one, 0xD1), RefusedError),
        (lambda meter, one: answer(meter, one)[:-4] + b"\x00\x00\x00\x16", UnreachableError),
        (lambda meter, one: answer(meter, one)[:9], UnreachableError),
        (meter_question, UnreachableError),
    ],
    ids=["another meter", "another identifier", "refused", "checksum", "cut", "only our own echo"],
)
def test_an_answer_that_does_not_fit_gives_no_value(wrong: Rule, error: type[Exception]) -> None:
    async def check() -> None:
        async with meters(wrong, "tcp", 0.3) as gateway:
            source = Dlt645Source(gateway)
            with pytest.raises(error):
                await source.read(int(METER), meter_blocks(LIVE_IDENTIFIERS)[0])
            await source.close()

    asyncio.run(check())


def test_an_echo_and_noise_before_the_answer_are_passed_over() -> None:
    def noisy(meter: str, one: str) -> bytes:
        return b"\x68\x00" + meter_question(meter, one) + answer(meter, one)

    async def check() -> None:
        async with meters(noisy, "tcp", 2.0) as gateway:
            source = Dlt645Source(gateway)
            block = await source.read(int(METER), meter_blocks(["00010000"])[0])
            assert block.words == bytes.fromhex("59010000")
            await source.close()

    asyncio.run(check())


def test_a_gateway_that_is_not_there_is_told_with_its_address() -> None:
    async def check() -> None:
        port = free_port()
        gateway = Gateway("gw", "p", WireProtocol.DLT645_OVER_TCP, "127.0.0.1", port, timeout_s=0.3)
        with pytest.raises(NoConnectionError, match=f"127.0.0.1:{port}"):
            await Dlt645Source(gateway).read(int(METER), meter_blocks(["00010000"])[0])

    asyncio.run(check())


def test_corrupt_digits_give_no_value_and_cost_no_other() -> None:
    blocks = [
        (number, bytes.fromhex(CONTENTS[one]) if one != "00010000" else b"\x5a\x01\x00\x00")
        for number, one in enumerate(LIVE_IDENTIFIERS)
    ]
    from domain.measurement import WordBlock

    words = tuple(WordBlock(0x11, number, content) for number, content in blocks)
    batch = decode_meter(Sample("m", NOON, NOON, (*words, WordBlock(0x11, 0, b"\x01"))))
    assert batch.value("meter_energy_forward_wh") is None
    assert batch.value("ac_phase_a_voltage_v") == 230.0


def test_frames_are_found_wherever_they_begin() -> None:
    one, two = answer(METER, "00010000"), answer(METER, "00020000")
    heard = b"\x68\x68" + one + b"\x16" + two + one[:7]
    assert dlt645_frames(heard) == [one.lstrip(b"\xfe"), two.lstrip(b"\xfe")]


FAULTS = ("late", "doubled", "split", "foreign meter", "foreign identifier", "cut", "noise", "before")


def told(meter: str, identifier: str) -> bytes:
    """An answer whose content belongs to this meter and identifier alone, so that a wrong one shows."""
    size = len(bytes.fromhex(CONTENTS[identifier]))
    digits = (
        f"{(int(meter) * 7919 + IDENTIFIERS.index(identifier) * 104_729) % 10 ** (2 * size):0{2 * size}d}"
    )
    return answer(meter, identifier, content=bytes.fromhex(digits))


class SpoilingGateway:
    """Meters behind a gateway that spoils a share of the answers; every choice comes from the seed."""

    def __init__(self, seed: int, share: float) -> None:
        self.rng, self.share = Random(seed), share
        self.before = b""
        self.spoilt: Counter[str] = Counter()
        self.intact = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            while question := await reader.read(64):
                self.say(writer, *asked(question))
        writer.close()

    def say(self, writer: asyncio.StreamWriter, meter: str, one: str) -> None:
        right = told(meter, one)
        fault = self.rng.choice(FAULTS) if self.rng.random() < self.share else ""
        self.intact = self.intact and fault in {"", "split"}
        self.spoilt[fault or "none"] += 1
        later = asyncio.get_running_loop().call_later
        other = next(name for name in LIVE_IDENTIFIERS if name != one)
        cut = self.rng.randrange(1, len(right))
        if fault == "late":
            later(self.rng.uniform(0.06, 0.2), writer.write, right)
        elif fault == "split":
            writer.write(right[:cut])
            later(0.005, writer.write, right[cut:])
        else:
            writer.write(
                {
                    "doubled": right + right,
                    "foreign meter": told(f"{int(meter) + 1:012d}", one),
                    "foreign identifier": told(meter, other),
                    "cut": right[:cut],
                    "noise": self.rng.randbytes(9) + right,
                    "before": self.before or b"\x00",
                }.get(fault, right)
            )
        self.before = right


def test_no_wrong_value_is_taken_from_meters_behind_a_gateway_that_spoils_answers() -> None:
    async def check() -> tuple[int, int, int, int]:
        gate, rng = SpoilingGateway(5, 0.3), Random(7)
        server = await asyncio.start_server(gate, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        source = Dlt645Source(
            Gateway("gw", "p", WireProtocol.DLT645_OVER_TCP, "127.0.0.1", port, timeout_s=0.05)
        )
        good = wrong = intact = intact_good = 0
        for _ in range(400):
            meter, block = rng.randrange(161, 164), rng.choice(meter_blocks(IDENTIFIERS))
            gate.intact = True
            with suppress(CollectError):
                words = (await source.read(meter, block)).words
                right = words == decoded(told(f"{meter:012d}", IDENTIFIERS[block.address]))
                good, wrong = good + right, wrong + (not right)
                intact_good += right and gate.intact
            intact += gate.intact
        await source.close()
        server.close()
        assert set(gate.spoilt) == {"none", *FAULTS}
        return good, wrong, intact, intact_good

    good, wrong, intact, intact_good = asyncio.run(check())
    assert wrong == 0
    assert intact_good >= 0.9 * intact, "a loaded machine is late by itself"
    assert good > 200


def decoded(frame: bytes) -> bytes:
    (whole,) = dlt645_frames(frame)
    return bytes((byte - 0x33) & 0xFF for byte in whole[14:-2])
