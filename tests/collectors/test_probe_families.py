"""Every simulated make, and every recorded image, is named on a real socket: few reads, soon, and nobody stays on the line."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from collectors.dlt645 import Dlt645Source
from collectors.modbus import ModbusSource
from collectors.probe import LONGEST_S, READS_MAX, ProbeResult, probe, probe_meter
from domain.plant import Gateway, WireProtocol
from inverters.remap import is_remapped
from main.field.asking import gateway_at
from simulator.meter_wire import VirtualMeterWire
from simulator.wire import VirtualWire
from tests.collectors.peers import Question, peer, say
from tests.inverters.support import read_json
from tests.simulator.builders import profiles
from tests.simulator.test_families import METER, REGISTERS, Served, fleet_of, of_kind, served, with_family

NAMED = [name for name in REGISTERS if not is_remapped(profiles()[name])]
INDIRECT = {"weather_jxct_wind_direction": "weather_jxct"}  # its registers are those of the radiation sensor
READ = frozenset({3, 4})


def on_the_fleet(name: str, gateway: Gateway | None = None, patch: Any = None) -> ProbeResult:
    """Probe a device of a family as the fleet serves it, with the habits of its make."""
    device = of_kind(with_family(name), profiles()[name])

    async def act(at: Served) -> ProbeResult:
        limits = profiles()[name].limits
        asked = gateway or Gateway(
            "g", "", WireProtocol.MODBUS_TCP, timeout_s=1.5,
            connect_delay_s=limits.connect_delay_s, request_pause_s=limits.request_pause_s,
        )  # fmt: skip
        assert isinstance(at.wire, VirtualWire)
        if patch is not None:
            patch(at)
        result = await probe(ModbusSource(replace(asked, port=at.wire.port)), device.unit)
        await asyncio.sleep(0.05)
        assert at.wire._clients == [], "a connection was left open"
        assert at.wire.counts.swallowed == 0
        return result

    return served(with_family(name), act)


@pytest.mark.parametrize("name", NAMED)
def test_every_family_of_the_virtual_fleet_is_named_with_its_evidence(name: str) -> None:
    result = on_the_fleet(name)
    assert result.found[0].profile == INDIRECT.get(name, name), [one.evidence for one in result.found]
    assert result.found[0].evidence.key
    assert result.reads <= READS_MAX == 12


@pytest.mark.parametrize("name", ["growatt_max", "meter_huawei_dtsu666h", "weather_huawei_smartlogger"])
def test_the_most_patient_way_of_asking_is_done_within_twenty_seconds(name: str) -> None:
    begun = monotonic()
    result = on_the_fleet(name, gateway_at("127.0.0.1", 502, rtu=False))
    assert result.found[0].profile == name
    assert monotonic() - begun < 20 + 5  # five for starting the fleet on a full machine
    assert LONGEST_S < 20


def test_behind_a_logger_it_is_the_logger_that_is_named() -> None:
    assert on_the_fleet("huawei_smartlogger").found[0].profile == "huawei_smartlogger"


def test_a_meter_of_dlt645_tells_its_address_and_its_edition() -> None:
    async def act(at: Served) -> ProbeResult:
        result = await probe_meter(
            Dlt645Source(gateway_at("127.0.0.1", at.wire.port, rtu=False, dlt645=True))
        )
        await asyncio.sleep(0.05)
        assert isinstance(at.wire, VirtualMeterWire)
        assert not at.wire._clients, "a connection was left open"
        return result

    result = served(with_family("meter_dlt645"), act)
    assert (result.found[0].profile, result.found[0].serial_number) == ("meter_dlt645", METER)
    assert (result.found[0].confidence, result.reads) == (0.95, 2)


@pytest.mark.needs("reference:devices/test_vectors.json")
@pytest.mark.parametrize("old", [False, True], ids=["of 2007", "of another edition"])
def test_a_meter_that_answers_as_recorded_is_named_and_only_read(reference: Path, old: bool) -> None:
    energy = bytes.fromhex(vectors(reference)["dlt645-001"]["frame_hex"])
    own = energy[1:7]
    asked: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while question := (await reader.read(64)).lstrip(b"\xfe"):
            asked.append(question[8])
            body = b"\x68" + own + b"\x68\x93\x06" + bytes((b + 0x33) & 0xFF for b in own)
            address = body + bytes((sum(body) & 0xFF, 0x16))
            refusal = b"\x68" + own + b"\x68\xd1\x01\x35"
            told = energy if not old else refusal + bytes((sum(refusal) & 0xFF, 0x16))
            writer.write(address if question[8] == 0x13 else told)
        writer.close()

    async def check() -> ProbeResult:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        result = await probe_meter(Dlt645Source(gateway_at("127.0.0.1", port, rtu=False, dlt645=True)))
        server.close()
        await asyncio.sleep(0.05)
        return result

    result = asyncio.run(check())
    assert result.found[0].profile == "meter_dlt645"
    assert result.found[0].confidence == (0.6 if old else 0.95)
    assert asked == [0x13, 0x11], "only questions"


# ------------------------------------------------------------------ recorded images

Images = Mapping[tuple[int, int], int]
FAMILY = {
    "huawei": "huawei_sun2000",
    "goodwe": "goodwe_mt",
    "sungrow": "sungrow_sg",
    "ginlong_solis": "ginlong_solis",
}
WHOLE = {
    "two strings": (["huawei-003"], "huawei_sun2000"),
    "model with a broken tail": (["huawei-003", "huawei-029"], "huawei_sun2000"),
    "GW6000-DT, running data alone": (["goodwe-001"], "goodwe_mt"),
    "GW8K-DT, running data alone": (["goodwe-002"], "goodwe_mt"),
    "GW20KAU-DT, running data alone": (["goodwe-004"], "goodwe_mt"),
    "GW50KS-MT, running data alone": (["goodwe-006"], "goodwe_mt"),
    "GW17K-DT": (["goodwe-005", "goodwe-009"], "goodwe_mt"),
    "serial number and type of an SG": (["sungrow-023", "sungrow-025"], "sungrow_sg"),
    "mark and first model": (["sunspec-018", "sunspec-017"], "sunspec"),
}  # fmt: skip


def vectors(reference: Path) -> dict[str, dict[str, Any]]:
    document = read_json(reference / "devices" / "test_vectors.json")
    return {vector["id"]: vector for vector in document["vectors"]}


def words_of(vector: dict[str, Any]) -> dict[tuple[int, int], int]:
    """Return recorded registers by function and address; model 1 follows the mark, where its vector says no address."""
    start = vector.get("address", 40002)
    function = vector.get("function_code", 3)
    return {(function, start + n): int(word, 16) for n, word in enumerate(vector["registers"])}


def probed(held: Images) -> tuple[ProbeResult, list[Question], int]:
    """Probe a device that holds these registers and says 02 to all others; the third is who stays connected."""
    asked: list[Question] = []
    writers: list[asyncio.StreamWriter] = []

    async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
        asked.append(question)
        writers.append(writer)
        wanted = [(question.function, question.address + n) for n in range(question.count)]
        if not all(one in held for one in wanted):
            await say(writer, question.refusal(2))
            return
        data = b"".join(held[one].to_bytes(2) for one in wanted)
        await say(writer, question.frame(bytes([question.function, len(data)]) + data))

    async def check() -> tuple[ProbeResult, int]:
        async with peer(answer) as port:
            gateway = Gateway("g", "", WireProtocol.MODBUS_TCP, "127.0.0.1", port, timeout_s=1.5)
            result = await probe(ModbusSource(gateway), 1)
            await asyncio.sleep(0.05)
            return result, sum(not writer.transport.is_closing() for writer in writers)

    result, left = asyncio.run(check())
    return result, asked, left


@pytest.mark.needs("reference:devices/test_vectors.json")
@pytest.mark.parametrize("case", WHOLE)
def test_a_recorded_image_served_alone_is_named(reference: Path, case: str) -> None:
    names, family = WHOLE[case]
    held: dict[tuple[int, int], int] = {}
    for name in names:
        held |= words_of(vectors(reference)[name])
    result, asked, left = probed(held)
    assert result.found[0].profile == family, [one.evidence for one in result.found]
    assert result.reads == len(asked) <= 12
    assert {question.function for question in asked} <= READ, "a probe only reads"
    assert left == 0


@pytest.mark.needs("reference:devices/test_vectors.json")
@pytest.mark.parametrize("maker", FAMILY)
def test_a_device_that_holds_every_recorded_register_of_its_maker_is_still_named(
    reference: Path, maker: str
) -> None:
    """Dumps of single registers say not enough by themselves: they are laid over a simulated device of the family."""
    family = FAMILY[maker]
    recorded = [
        v for v in vectors(reference).values() if v["vendor"] == maker and v.get("address") is not None
    ]
    assert recorded
    field = fleet_of(with_family(family))
    place = field._places[of_kind(with_family(family), profiles()[family]).device_id]
    before = place.image.rows.copy()

    def patch(_at: Served) -> None:
        laid = 0
        for vector in recorded:
            for (function, address), word in words_of(vector).items():
                where = place.image.image.slice(function, address, 1)
                if where is not None:
                    place.image.rows[place.row, where] = list(word.to_bytes(2))
                    laid += 1
        assert laid > 0

    try:
        assert on_the_fleet(family, patch=patch).found[0].profile == family
    finally:
        place.image.rows[:] = before
