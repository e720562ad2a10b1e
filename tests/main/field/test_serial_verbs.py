"""Serial ports as a technician meets them: probed, added, tested and polled by the running collector, on a real tty."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domain.clock import FieldClock
from domain.health import Contact
from domain.plant import Plant, Registry, WireProtocol
from main.__main__ import main
from simulator.fleet import Fleet
from simulator.meter_wire import meter_wires_of
from simulator.wire import wires_of
from tests.main.field.field import configured, running
from tests.main.field.test_device_verb import contact, until
from tests.simulator.builders import NOON, profiles, registry
from tests.simulator.test_families import METER, with_family


def lines(folder: Path) -> Registry:
    """Return a plant of Modbus devices on one serial line and one with a meter of DL/T 645 on another."""

    def on(name: str, number: int, protocol: WireProtocol) -> Plant:
        given = with_family(name)
        plant_id = f"p{number:02d}"
        line = replace(
            given.gateways[0], gateway_id=f"g{number}", plant_id=plant_id,
            protocol=protocol, host=str(folder / f"tty{number}"),
        )  # fmt: skip
        devices = (
            replace(d, device_id=f"{plant_id}-{n}", plant_id=plant_id, gateway_id=f"g{number}")
            for n, d in enumerate(given.devices)
        )
        return replace(given, plant_id=plant_id, gateways=(line,), devices=tuple(devices))

    return registry(
        on("sungrow_sg", 0, WireProtocol.RTU_SERIAL), on("meter_dlt645", 1, WireProtocol.DLT645_SERIAL)
    )


@contextmanager
def serial_field(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve both lines from a thread; yields their paths."""
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        fleet = Fleet(lines(folder), profiles(), FieldClock.starting(NOON), 1, ())
        async with AsyncExitStack() as stack:
            for wire in (*wires_of(fleet), *meter_wires_of(fleet)):
                await wire.open()
                stack.push_async_callback(wire.close)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield str(folder / "tty0"), str(folder / "tty1")
    finally:
        done.set()
        thread.join(10)


def test_an_inverter_and_a_meter_on_serial_ports_are_probed_added_tested_and_polled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial_field(tmp_path) as (modbus, meters):
        words = configured(tmp_path, 1)
        assert main([*words, "--json", "probe", modbus, "--unit", "2"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["found"][0]["profile"], told["address"]) == ("sungrow_sg", modbus)
        assert main([*words, "--json", "probe", meters, "--dlt645", "--line", "2400 8N1"]) == 0
        assert json.loads(capsys.readouterr().out)["found"][0]["serial_number"] == METER

        inverter = ["--unit", "2", "--rated-kw", "50", "--strings", "8", "--id", "alpha-tty-inv"]
        assert main([*words, "device", "add", "alpha", modbus, *inverter, "--yes"]) == 0
        meter = ["--dlt645", "--line", "2400 8N1", "--ct", "60", "--id", "alpha-tty-meter"]
        assert main([*words, "device", "add", "alpha", meters, *meter, "--yes"]) == 0
        assert main([*words, "check", "--quiet"]) == 0
        capsys.readouterr()
        for device in ("alpha-tty-inv", "alpha-tty-meter"):
            assert main([*words, "--json", "test", device]) == 0, capsys.readouterr().out
            (report,) = json.loads(capsys.readouterr().out)
            assert report["counts"]["plausible"] > 10, report

        with running(tmp_path) as instance:
            for device in ("alpha-tty-inv", "alpha-tty-meter"):
                until(lambda device=device: contact(instance, device) is Contact.ANSWERING)  # type: ignore[misc]
                until(lambda device=device: instance.latest.get(device) is not None)  # type: ignore[misc]
            assert main([*words, "--json", "probe", meters, "--dlt645"]) == 0, "over the collector's own line"
            assert json.loads(capsys.readouterr().out)["found"][0]["serial_number"] == METER
            assert main([*words, "--json", "test", "alpha-tty-meter"]) == 0
            assert contact(instance, "alpha-tty-inv") is Contact.ANSWERING
