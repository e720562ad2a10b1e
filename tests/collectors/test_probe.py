"""Who answers: every simulated make is named from a few reads on a real socket, and nobody is kept on the line."""

import asyncio
from dataclasses import replace

import pytest

from collectors.modbus import ModbusSource
from collectors.probe import ProbeResult, probe
from inverters.recognise import CLUES, text_in
from tests.simulator.builders import MAKES
from tests.simulator.builders import plant as virtual_plant
from tests.simulator.test_wire import serving

NAMED = (*MAKES, "sunspec")


def found_at(profile: str, unit: int) -> tuple[ProbeResult, int, int]:
    async def check() -> tuple[ProbeResult, int, int]:
        async with serving(virtual_plant(profile=profile)) as (_, wires):
            gateway = replace(wires[0].gateway, port=wires[0].port, timeout_s=1.5)
            result = await probe(ModbusSource(gateway), unit)
            await asyncio.sleep(0.05)
            return result, wires[0].counts.connections, len(wires[0]._clients)

    return asyncio.run(check())


@pytest.mark.parametrize("profile", NAMED)
def test_every_make_of_the_virtual_fleet_is_named_and_let_go(profile: str) -> None:
    result, connections, held = found_at(profile, 1)
    assert result.found[0].profile == profile
    assert result.found[0].evidence
    assert result.reads <= 12
    assert connections >= 1
    assert held == 0


def test_nobody_at_a_unit_is_found_out_with_few_reads() -> None:
    result, _, held = found_at("huawei_sun2000", 77)
    assert (result.found, result.answered, held) == ((), False, 0)
    assert result.reads <= 3


def test_a_probe_never_asks_more_than_twelve_times_and_only_reads() -> None:
    assert len(CLUES) <= 12
    assert {clue.block.function for clue in CLUES} <= {3, 4}


@pytest.mark.parametrize("fill", [0x00, 0xFF, 0x41])
def test_registers_that_say_nothing_name_nobody(fill: int) -> None:
    for clue in CLUES:
        assert clue.judge(bytes([fill]) * (2 * clue.block.count)) is None, clue.block


def test_a_name_ends_at_the_first_nul() -> None:
    assert text_in(b"SUN2000-50KTL\0\0\0PART12") == "SUN2000-50KTL"
    assert text_in(b"\xff\xfe\x01") == ""
