"""Virtual serial lines: a family behind a tty, read by the collector's own serial transport, probed, tested, polled."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.dlt645 import Dlt645Source
from collectors.modbus import ModbusSource
from collectors.probe import probe, probe_meter
from domain.errors import ConfigurationError, NoConnectionError, UnreachableError
from domain.measurement import Batch, BlockRead
from domain.plant import Gateway, Plant, WireProtocol
from main.field.asking import serial_gateway
from simulator.faults import BusState
from simulator.fleet import Fleet
from simulator.serial_line import SerialLine, is_virtual
from tests.simulator.builders import profiles
from tests.simulator.test_families import METER, Served, T, of_kind, served, with_family

FAMILIES = ["huawei_sun2000", "growatt_max", "meter_chint_dtsu666", "weather_jxct_temperature"]


def on_a_line(name: str, path: Path) -> Plant:
    """Return the plant of a family with its wire on a serial line."""
    given = with_family(name)
    meters = given.gateways[0].protocol.is_dlt645
    protocol = WireProtocol.DLT645_SERIAL if meters else WireProtocol.RTU_SERIAL
    line = replace(given.gateways[0], protocol=protocol, host=str(path))
    return replace(given, gateways=(line,))


def over_both(name: str, path: Path, act: Callable[[Served], Awaitable[T]]) -> tuple[T, T]:
    """Return what an act brings over the line, and over the network."""
    return served(on_a_line(name, path), act), served(with_family(name), act)


@pytest.mark.parametrize("name", [*FAMILIES, "meter_dlt645"])
def test_a_family_on_a_serial_line_reads_as_behind_a_network(name: str, tmp_path: Path) -> None:
    device = of_kind(with_family(name), profiles()[name])

    async def act(at: Served) -> Batch:
        return await at.read(device.device_id)

    line, network = over_both(name, tmp_path / "tty", act)
    assert line.quantities == network.quantities
    assert sum(value is not None for value in line.values) >= 2
    assert line.values == network.values
    assert not (tmp_path / "tty").is_symlink(), "the line went away with the fleet"


@pytest.mark.parametrize("name", FAMILIES)
def test_a_probe_names_a_family_on_a_serial_line(name: str, tmp_path: Path) -> None:
    device = of_kind(with_family(name), profiles()[name])

    async def act(at: Served) -> str:
        asked = serial_gateway(at.wire.gateway.host, "9600 8N1")
        quick = replace(asked, connect_delay_s=1.0, request_pause_s=profiles()[name].limits.request_pause_s)
        return (await probe(ModbusSource(quick), device.unit)).found[0].profile

    assert served(on_a_line(name, tmp_path / "tty"), act) == name


def test_a_meter_on_a_serial_line_tells_its_address(tmp_path: Path) -> None:
    async def act(at: Served) -> str:
        source = Dlt645Source(serial_gateway(at.wire.gateway.host, "2400 8N1", dlt645=True))
        return (await probe_meter(source)).found[0].serial_number

    assert served(on_a_line("meter_dlt645", tmp_path / "tty"), act) == METER


def test_noise_and_a_unit_that_is_not_there_cost_one_answer_and_not_the_line(tmp_path: Path) -> None:
    async def act(at: Served) -> bytes:
        source = at.source(replace(at.polled.gateway, timeout_s=0.4))
        handle = os.open(at.wire.gateway.host, os.O_WRONLY | os.O_NOCTTY)
        os.write(handle, b"\x00\xff noise from a loose contact \x55")
        os.close(handle)
        await asyncio.sleep(0.05)
        with pytest.raises(UnreachableError):
            await source.read(77, BlockRead(3, 32064, 2))
        words = (await source.read(1, BlockRead(3, 30000, 15))).words
        await source.close()
        return words

    words = served(on_a_line("huawei_sun2000", tmp_path / "tty"), act)
    assert words.startswith(b"SUN2000")


def test_a_dead_gateway_takes_its_port_away_and_brings_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tty"

    async def act(at: Served) -> tuple[bool, bytes]:
        with monkeypatch.context() as patch:
            patch.setattr(Fleet, "bus", lambda _field, _gateway: BusState(dead=True))
            await at.wire.follow_faults()
            gone = not path.is_symlink()
            with pytest.raises(NoConnectionError, match="tty"):
                await at.source().read(1, BlockRead(3, 30000, 15))
        await at.wire.follow_faults()
        source = at.source()
        words = (await source.read(1, BlockRead(3, 30000, 15))).words
        await source.close()
        return gone, words[:7]

    assert served(on_a_line("huawei_sun2000", path), act) == (True, b"SUN2000")


def test_what_lies_at_the_path_already_is_left_alone_and_real_ports_are_not_touched(tmp_path: Path) -> None:
    taken = tmp_path / "tty"
    taken.write_text("mine")

    async def act(_at: Served) -> None:
        return None

    with pytest.raises(ConfigurationError, match="nothing lies yet"):
        served(on_a_line("huawei_sun2000", taken), act)
    assert taken.read_text() == "mine"
    real = Gateway("g", "p", WireProtocol.RTU_SERIAL, "/dev/ttyUSB0")
    assert not is_virtual(real)
    assert is_virtual(replace(real, host="/run/pvmon/tty"))


def test_a_line_that_ended_without_a_word_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "tty"
    path.symlink_to(tmp_path / "nowhere")

    async def run() -> bool:
        line = SerialLine(Gateway("g", "p", WireProtocol.RTU_SERIAL, str(path)), asyncio.Protocol())
        line.write(b"nobody listens")
        made = path.exists()
        line.close()
        line.close()
        return made and line.is_closing() and not path.is_symlink()

    assert asyncio.run(run())
