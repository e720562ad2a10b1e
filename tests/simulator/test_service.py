"""The service: sockets, documents through a broker, truth files, and a clean end."""

import argparse
import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from domain.clock import FieldClock
from domain.errors import ConfigurationError, NoConnectionError, PvmonError
from domain.plant import WireProtocol
from main.cli import Context
from main.verbs.simulate import VERB
from simulator.broker import BrokerAddress, broker, free_port
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet
from simulator.service import Ready, ServeOptions, serve
from simulator.truth import ENERGY_COLUMNS, FAULT_COLUMNS, EnergyTruth, FaultTruth
from tests.conftest import ROOT
from tests.simulator.builders import NOON, Client, fleet, plant, profiles, registry
from texts.loader import Texts


async def _run_for(one: Fleet, seconds: float, **options: object) -> Ready:
    stop = asyncio.Event()
    told: list[Ready] = []
    task = asyncio.create_task(serve(one, stop, ServeOptions(on_ready=told.append, **options)))  # type: ignore[arg-type]
    await asyncio.sleep(seconds)
    stop.set()
    await task
    return told[0]


def test_registers_stay_fresh_and_everything_is_closed_at_the_end() -> None:
    one = Fleet(registry(plant(0), plant(1, "sungrow_sg")), profiles(), FieldClock.starting(NOON, 120.0), 1)

    async def scenario() -> tuple[bytes, bytes, int]:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(one, stop, ServeOptions(on_ready=ready.set_result)))
        port = (await ready).ports["p00-gw"]
        client = await Client.connect(port)
        first = await client.ask(1, 3, 32106, 2)
        await asyncio.sleep(1.0)
        second = await client.ask(1, 3, 32106, 2)
        client.close()
        stop.set()
        await task
        return first, second, port

    first, second, port = asyncio.run(scenario())
    assert second[2:] > first[2:]
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(Client.connect(port))


def test_a_port_in_use_closes_what_was_opened_before() -> None:
    from dataclasses import replace

    port, free = free_port(), free_port()
    places = [plant(0), plant(1)]
    moved = [
        replace(p, gateways=(replace(p.gateways[0], port=n),))
        for p, n in zip(places, (free, port), strict=True)
    ]
    one = Fleet(registry(*moved), profiles(), FieldClock.starting(NOON), 1)

    async def scenario() -> None:
        other = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", port)
        with pytest.raises(ConfigurationError, match=f"p01-gw.*{port}"):
            await serve(one, asyncio.Event())
        other.close()
        await other.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await Client.connect(free)

    asyncio.run(scenario())


def _listen(address: BrokerAddress) -> tuple[paho.Client, list[tuple[str, dict[str, Any]]], threading.Event]:
    got: list[tuple[str, dict[str, Any]]] = []
    enough = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="listener")

    def on_message(_c: object, _u: object, message: paho.MQTTMessage) -> None:
        got.append((message.topic, json.loads(message.payload)))
        if len(got) >= 10:
            enough.set()

    client.on_message = on_message
    client.connect(address.host, address.port)
    client.subscribe("pv/#", qos=1)
    client.loop_start()
    return client, got, enough


@pytest.mark.parametrize("embedded", [pytest.param(False, marks=pytest.mark.needs("mosquitto")), True])
def test_gateways_publish_documents_through_a_real_broker(embedded: bool) -> None:
    one = Fleet(
        registry(plant(0, protocol=WireProtocol.MQTT), plant(1)),
        profiles(),
        FieldClock.starting(NOON, 60.0),
        1,
    )

    async def scenario() -> list[tuple[str, dict[str, Any]]]:
        async with broker(embedded=embedded) as address:
            assert address.name == ("amqtt" if embedded else "Mosquitto")
            client, got, enough = await asyncio.to_thread(_listen, address)
            await asyncio.sleep(0.3)
            stop = asyncio.Event()
            task = asyncio.create_task(serve(one, stop, ServeOptions(publish_to=address)))
            await asyncio.to_thread(enough.wait, 15)
            stop.set()
            await task
            await asyncio.to_thread(client.disconnect)
            await asyncio.to_thread(client.loop_stop)
            return got

    got = asyncio.run(scenario())
    assert {topic for topic, _ in got} == {
        f"pv/p00/{device.device_id}/data" for device in one.registry.plants[0].devices
    }
    topic, document = next(pair for pair in got if "inv-01" in pair[0])
    assert document["format"] == 1
    assert document["device"] == topic.split("/")[2]
    assert abs(document["time"] / 1000 - NOON.timestamp()) < 3600
    assert document["values"]["ac_active_power_w"] > 100
    numbers = [d["seq"] for t, d in got if t == topic]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_broker_that_is_not_there_is_named() -> None:
    one = Fleet(registry(plant(0, protocol=WireProtocol.MQTT)), profiles(), FieldClock.starting(NOON), 1)
    port = free_port()
    with pytest.raises(NoConnectionError, match=f"127.0.0.1:{port}"):
        asyncio.run(_run_for(one, 0.1, publish_to=BrokerAddress("127.0.0.1", port, "none")))


def test_the_energy_truth_grows_while_others_read_it(tmp_path: Path) -> None:
    one, clock = fleet(plant(inverters=2))
    path = tmp_path / "energy.csv"
    with EnergyTruth(path, one) as truth:
        clock.advance(150)
        one.refresh(clock.now())
        truth.write_until(clock.now())
        rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
        assert tuple(rows[0]) == ENERGY_COLUMNS
        assert len(rows) == 3 * 3  # three minutes; two inverters and the meter
        clock.advance(60)
        truth.write_until(clock.now())
        assert len(list(csv.DictReader(path.read_text("utf-8").splitlines()))) == 4 * 3
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    for row in rows:
        if row["device_id"] == "p00-inv-02":
            exact = one.book.at(datetime.fromisoformat(row["instant"]).timestamp())[1]
            assert float(row["energy_wh"]) == pytest.approx(exact, abs=0.001)
    meter = [float(row["energy_wh"]) for row in rows if row["device_id"] == "p00-meter"]
    assert meter == sorted(meter)


def test_the_fault_truth_tells_begin_end_and_cost(tmp_path: Path) -> None:
    start = NOON.timestamp() + 600
    faults = [
        Fault("trip", FaultKind.INVERTER_TRIP, "p00-inv-01", start, start + 1800, ("p00-inv-01",)),
        Fault("dead", FaultKind.DEAD_UNIT, "p00-inv-02", start, device_ids=("p00-inv-02",)),
        Fault("later", FaultKind.DEAD_UNIT, "p00-inv-03", start + 99_999, device_ids=("p00-inv-03",)),
    ]
    one, clock = fleet(plant(), faults=faults)
    path = tmp_path / "truth.csv"
    writer = FaultTruth(path, one)
    writer.write(clock.now())
    assert path.read_text() == ",".join(FAULT_COLUMNS) + "\n"
    clock.advance(1200)
    writer.write(clock.now())
    early = {row["fault_id"]: row for row in csv.DictReader(path.read_text("utf-8").splitlines())}
    assert early["trip"]["end"] == ""
    clock.advance(3600)
    writer.write(clock.now())
    rows = {row["fault_id"]: row for row in csv.DictReader(path.read_text("utf-8").splitlines())}
    assert set(rows) == {"trip", "dead"}
    assert rows["trip"]["start"] == (NOON + timedelta(seconds=600)).isoformat()
    assert rows["trip"]["end"] == (NOON + timedelta(seconds=2400)).isoformat()
    assert float(rows["trip"]["lost_wh"]) > float(early["trip"]["lost_wh"]) > 0
    assert float(rows["dead"]["lost_wh"]) == 0.0
    assert rows["dead"]["end"] == ""


def _command(*words: str) -> list[str]:
    lines = (
        "import argparse, sys; from pathlib import Path; from main.cli import Context;"
        "from main.verbs.simulate import VERB; from texts.loader import Texts; texts = Texts('en');"
        "parser = argparse.ArgumentParser(); VERB.arguments(parser, texts);"
        "sys.exit(VERB.run(parser.parse_args(), Context(Path('config'), Path('no-data'), texts, True)))"
    )
    return [sys.executable, "-c", lines, *words]


@pytest.mark.needs("data:india_plant1_22inv")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_when_it_is_ready_and_ends_cleanly(
    tmp_path: Path, test_data: Path, number: signal.Signals
) -> None:
    ports = tmp_path / "ports.json"
    ports.write_text(json.dumps({"recorded-gw": free_port()}))
    words = ["--recorded", str(test_data / "india_plant1_22inv"), "--ports-from", str(ports)]
    words += ["--start", "2020-05-20T12:00:00+05:30", "--speed", "60"]
    process = subprocess.Popen(
        _command(*words), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] is True
    assert ready["devices"] == 22
    assert FieldClock.parse(ready["clock"]).speed == 60.0
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors.decode()
    assert errors == b""


def _verb(*words: str) -> None:
    texts = Texts("en")
    parser = argparse.ArgumentParser()
    VERB.arguments(parser, texts)
    VERB.run(parser.parse_args(words), Context(ROOT / "config", ROOT / "no-data", texts, json=False))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--clock", "2026-07-01T02:30:00+00:00@1.0x1.0", "--speed", "2"], "leave out --speed"),
        (["--clock", "yesterday"], "INSTANT@MONOTONICxSPEED"),
        (["--speed", "0"], "above 0"),
        (["--start", "2026-07-01T10:30:00"], "needs a zone"),
        (["--recorded", "nowhere"], "no generation.csv"),
        (["--recorded", "nowhere", "--faults", "f.yaml"], "as it was recorded"),
        (["--ports-from", "nowhere.json"], "nowhere.json"),
        (["--faults", "nowhere.yaml"], "cannot be read"),
        (["--broker", "there"], "HOST:PORT"),
    ],
)
def test_words_that_make_no_sense_are_refused_before_anything_starts(
    words: list[str], complaint: str
) -> None:
    with pytest.raises(PvmonError, match=complaint):
        _verb(*words)


def test_ports_of_unknown_gateways_are_refused(tmp_path: Path) -> None:
    ports = tmp_path / "ports.json"
    ports.write_text('{"no-such-gateway": 5000}')
    with pytest.raises(ConfigurationError, match="gateways of this registry"):
        _verb("--ports-from", str(ports))
