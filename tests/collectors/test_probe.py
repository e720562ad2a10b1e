"""Who answers: named from a few reads on a real socket, and nobody is kept on the line; see also test_probe_families."""

import asyncio
from dataclasses import replace

import pytest

from collectors.modbus import ModbusSource
from collectors.probe import ProbeResult, probe
from domain.plant import Gateway, WireProtocol
from inverters.recognise import CLUES, text_in
from tests.collectors.peers import Question, peer, say
from tests.simulator.builders import plant as virtual_plant
from tests.simulator.test_wire import serving


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


def test_a_name_ends_at_the_first_nul() -> None:
    assert text_in(b"SUN2000-50KTL\0\0\0PART12") == "SUN2000-50KTL"
    assert text_in(b"\xff\xfe\x01") == ""
