"""Who answers: named from a few reads on a real socket, and nobody is kept on the line; see also test_probe_families."""

import asyncio
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import collectors.probe as probing
from collectors.modbus import ModbusSource
from collectors.probe import LONGEST_S, ProbeResult, probe, probe_meter
from domain.errors import RefusedError
from domain.measurement import BlockRead, WordBlock
from domain.plant import Gateway, WireProtocol
from inverters import recognise
from inverters.recognise import CLUES, text_in
from main.field.report import in_words, probe_report
from tests.collectors.clocks import SteppingClock
from tests.collectors.peers import Question, peer, say
from tests.simulator.builders import plant as virtual_plant
from tests.simulator.test_wire import serving
from texts.loader import LANGUAGES, Texts

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)


def found_at(profile: str, unit: int) -> tuple[ProbeResult, int, int]:
    """Probe a unit of a virtual plant."""
    given = virtual_plant(profile=profile)

    async def check() -> tuple[ProbeResult, int, int]:
        async with serving(given) as (_, wires):
            gateway = replace(wires[0].gateway, port=wires[0].port, timeout_s=1.5)
            result = await probe(ModbusSource(gateway), unit)
            await asyncio.sleep(0.05)
            return result, wires[0].counts.connections, len(wires[0]._clients)

    return asyncio.run(check())


Registers = dict[int, int]
GRID = {20: 2301, 21: 2298, 22: 2305, 26: 5000, 27: 5010, 28: 4990}
SINGLE = {
    "meter_acrel_adw300": {
        **dict.fromkeys(range(20, 66), 0), **GRID,
        31: 11_400, 33: 11_500, 35: 11_450, 37: 34_350,
    },
    "weather_jxct": {0: 812, 256: 7, 257: 2},
    "weather_jxct_wind_speed": {22: 34, 256: 7, 257: 2},
    "weather_jxct_temperature": {0: 425, 1: 0xFFB5, 256: 7, 257: 2},
}  # fmt: skip


def probed(held: Registers, unit: int = 7) -> tuple[ProbeResult, list[Question]]:
    """Probe a device that holds these registers and refuses all others."""
    asked: list[Question] = []

    async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
        asked.append(question)
        wanted = range(question.address, question.address + question.count)
        if question.function != 3 or not all(address in held for address in wanted):
            await say(writer, question.refusal(2))
            return
        data = b"".join(held[address].to_bytes(2) for address in wanted)
        await say(writer, question.frame(bytes([3, len(data)]) + data))

    async def check() -> ProbeResult:
        async with peer(answer) as port:
            gateway = Gateway("g", "", WireProtocol.MODBUS_TCP, "127.0.0.1", port, timeout_s=1.5)
            return await probe(ModbusSource(gateway), unit)

    return asyncio.run(check()), asked


@pytest.mark.parametrize("profile", SINGLE)
def test_meters_and_sensors_without_an_identity_are_named_by_values_that_agree(profile: str) -> None:
    result, asked = probed(SINGLE[profile])
    assert result.found[0].profile == profile
    assert result.found[0].confidence < 0.9, "without an identity nobody is sure"
    assert result.reads == len(asked) <= 12


def test_values_that_do_not_agree_and_an_address_of_another_name_nobody() -> None:
    wrong_sum = {**SINGLE["meter_acrel_adw300"], 37: 60_000}
    assert probed(wrong_sum)[0].found == ()
    no_current = {**SINGLE["meter_acrel_adw300"], 26: 0, 27: 0, 28: 0}
    assert probed(no_current)[0].found == ()
    assert probed(SINGLE["weather_jxct"], unit=8)[0].found == ()


def test_nobody_at_a_unit_is_found_out_with_few_reads() -> None:
    result, _, held = found_at("huawei_sun2000", 77)
    assert (result.found, result.answered, held) == ((), False, 0)
    assert result.reads <= 3


def test_a_probe_never_asks_more_than_twelve_times_and_only_reads() -> None:
    every = [*CLUES, *(further for clue in CLUES for further in clue.then)]
    assert {clue.block.function for clue in every} <= {3, 4}
    talkative = {
        address: 0x0101 + address % 7 for address in range(0x10000)
    }  # answers everything, and is nobody
    result, asked = probed(talkative)
    assert result.reads == len(asked) <= 12


@pytest.mark.parametrize("fill", [0x00, 0xFF, 0x41])
def test_registers_that_say_nothing_name_nobody(fill: int) -> None:
    for clue in CLUES:
        assert clue.judge(bytes([fill]) * (2 * clue.block.count)) is None, clue.block


class Slow:
    """A device that answers after ``takes_s`` of the probe's clock, and says 02 to everything."""

    def __init__(self, clock: SteppingClock, takes_s: float) -> None:
        self.clock, self.takes_s, self.reads, self.closed = clock, takes_s, 0, False

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        del unit, block
        self.reads += 1
        await asyncio.sleep(self.clock.wait_s(self.takes_s))
        raise RefusedError("exception 2 (illegal address)", 2)

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("takes_s", [0.2, 2.4, 7.0, 60.0])
def test_however_slowly_a_device_answers_the_time_and_the_reads_are_kept(takes_s: float) -> None:
    clock = SteppingClock(NOON, speed=20.0)
    slow = Slow(clock, takes_s)
    result = asyncio.run(probe(slow, 1, clock=clock))
    assert clock.monotonic() < LONGEST_S + 2.5, "two for a full machine, at twenty times its speed"
    assert LONGEST_S + 4 <= 20, "the program must start, too"
    assert (result.found, result.reads, slow.closed) == ((), slow.reads, True)
    most = min(12, math.ceil(LONGEST_S / takes_s))
    assert min(most, math.ceil(LONGEST_S / (takes_s + 0.8))) <= slow.reads <= most
    assert result.out_of_time is (12 * takes_s > LONGEST_S)
    assert [one.why for one in result.asked][:-1] == ["exception 2 (illegal address)"] * (slow.reads - 1)


def test_an_unknown_device_is_told_with_all_it_answered() -> None:
    held: Registers = dict.fromkeys(range(30000, 30025), 4660)
    result, asked = probed(held)
    assert (result.found, result.answered, result.out_of_time) == ((), True, False)
    assert [one.block.address for one in result.asked] == [question.address for question in asked]
    first, *others = result.asked
    assert (first.words, first.why) == (b"\x12\x34" * 25, "")
    assert all(not one.words and "exception 2" in one.why for one in others)


def test_a_meter_that_never_ends_its_answer_ends_the_probe_of_meters_too() -> None:
    clock = SteppingClock(NOON, speed=20.0)

    class Meter(Slow):
        async def address(self) -> str:
            await asyncio.sleep(60)
            return ""

    result = asyncio.run(probe_meter(Meter(clock, 60.0), clock=clock, longest_s=4.0))
    assert (result.answered, result.out_of_time) == (False, True)


def test_a_name_ends_at_the_first_nul() -> None:
    assert text_in(b"SUN2000-50KTL\0\0\0PART12") == "SUN2000-50KTL"
    assert text_in(b"\xff\xfe\x01") == ""


def test_every_evidence_has_words_in_both_languages() -> None:
    said = "".join(Path(module.__file__ or "").read_text("utf-8") for module in (recognise, probing))
    keys = set(re.findall(r'because\(\s*"(\w+)"', said))
    assert len(keys) > 20
    for language in LANGUAGES:
        texts = Texts(language)
        assert [key for key in keys if f"clue.{key}" not in texts] == []
    result = probed(SINGLE["weather_jxct_temperature"])[0]
    report = probe_report(result, "here", 7)
    assert "-7.5 °C" in in_words(report, Texts("en"))["found"][0]["evidence"]
    assert "湿度" in in_words(report, Texts("zh"))["found"][0]["evidence"]
