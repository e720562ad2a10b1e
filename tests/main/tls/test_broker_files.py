"""A real Mosquitto with the written files: a plant says its own and nothing else, strangers stay outside."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from domain.clock import SystemClock
from domain.errors import ConfigurationError
from main.__main__ import main
from main.configuration import load_registry
from main.ports import free_ports
from main.tls.broker_files import COLLECTOR, Door, acl_of, write_files
from main.tls.certificates import Authority
from simulator.broker import mosquitto_path
from tests.main.registry_files import FILES, write

PLANTS = ("alpha", "gamma", "delta")
pytestmark = pytest.mark.needs("mosquitto")


def _config(folder: Path) -> Path:
    """Three plants that publish: the sound one and two like it."""
    published = FILES["plants/alpha.yaml"].replace(
        "devices:\n",
        "  - {id: alpha-mq, protocol: mqtt, topic: pv/alpha}\ndevices:\n"
        "  - {id: alpha-inv-3, kind: inverter, name: 三号, profile: pvmon_json, gateway: alpha-mq, rated_power_kw: 50}\n",
    )
    files = dict(FILES) | {"plants/alpha.yaml": published}
    for number, name in enumerate(("gamma", "delta"), 2):
        text = (
            published.replace("alpha", name)
            .replace("99000000", f"99{number}00000")
            .replace("15021", f"1502{number}")
        )
        files[f"plants/{name}.yaml"] = text
        files[f"ownership/{name}.yaml"] = FILES["ownership/alpha.yaml"].replace("alpha", name)
    return write(folder, files)


class Broker:
    """A Mosquitto on the written files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.registry = load_registry(_config(folder / "config"), None)
        (folder / "kept").mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, *taken_back: str) -> list[str]:
        door = Door(("127.0.0.1",), self.port, "127.0.0.1", data=str(self.folder / "kept"))
        return write_files(self.registry, door, self.folder / "out", SystemClock(), taken_back)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        program = mosquitto_path()
        assert program is not None
        conf = self.folder / "out/broker/mosquitto.conf"
        conf.write_text(conf.read_text() + "\nuser root\n")
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen([program, "-c", str(conf)], stdout=log, stderr=log)
        try:
            end = time.monotonic() + 10
            while not self._listens():
                assert process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < end
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(10)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def context(self, who: str, folder: Path | None = None) -> ssl.SSLContext:
        own = folder or (self.folder / "out" / (COLLECTOR if who == COLLECTOR else f"gateways/{who}"))
        made = ssl.create_default_context(cafile=str(self.folder / "out/broker/ca.crt"))
        made.load_cert_chain(own / f"{who}.crt", own / f"{who}.key")
        return made


class Client:
    """A client of MQTT 5 that waits for answers."""

    def __init__(self, port: int, context: ssl.SSLContext | None, client_id: str = "x") -> None:
        self.heard: list[str] = []
        self.reason = -1
        self._told = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        if context is not None:
            self._client.tls_set_context(context)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda c, u, mid, codes, p: self._answered(codes[0].value)
        self._client.on_publish = lambda c, u, mid, code, p: self._answered(code.value)
        self._client.on_message = lambda c, u, message: self.heard.append(message.topic)
        self._client.connect("127.0.0.1", port, 10)
        self._client.loop_start()
        self._told.wait(3)

    def _connected(self, c: object, u: object, flags: object, code: ReasonCode, p: object) -> None:
        self._answered(code.value)

    def _answered(self, value: int) -> None:
        self.reason = value
        self._told.set()

    def publish(self, topic: str) -> int:
        self._told.clear()
        self._client.publish(topic, json.dumps({"v": 1}), qos=1)
        assert self._told.wait(5)
        return self.reason

    def subscribe(self, topic: str) -> int:
        self._told.clear()
        self._client.subscribe(topic, 1)
        assert self._told.wait(5)
        return self.reason

    def close(self) -> None:
        self._client.loop_stop()
        self._client.disconnect()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = Broker(tmp_path_factory.mktemp("broker"))
    made.write()
    with made.running():
        yield made


def test_of_all_plants_and_topics_only_the_own_ones_pass(broker: Broker) -> None:
    collector = Client(broker.port, broker.context(COLLECTOR))
    assert collector.subscribe("pv/+/+/data") < 128
    for plant in PLANTS:
        gateway = Client(broker.port, broker.context(plant))
        for other in PLANTS:
            accepted = gateway.publish(f"pv/{other}/inv/data") < 128
            assert accepted is (plant == other), (plant, other)
            gateway.subscribe(f"ack/{other}/#")
        assert gateway.publish(f"ack/{plant}/inv") >= 128, "only the collector says what is safe"
        collector.publish(f"ack/{plant}/inv")
        for other in PLANTS:
            collector.publish(f"ack/{other}/inv")
        end = time.monotonic() + 5
        while not gateway.heard and time.monotonic() < end:
            time.sleep(0.02)
        assert set(gateway.heard) == {f"ack/{plant}/inv"}
        gateway.close()
    assert collector.publish("pv/alpha/inv/data") >= 128, "the collector invents no samples"
    end = time.monotonic() + 5
    while len(collector.heard) < len(PLANTS) and time.monotonic() < end:
        time.sleep(0.02)
    assert sorted(collector.heard) == sorted(f"pv/{plant}/inv/data" for plant in PLANTS)
    collector.close()


def test_listening_to_everybody_brings_a_gateway_nothing(broker: Broker) -> None:
    curious = Client(broker.port, broker.context("alpha"))
    for topic in ("#", "pv/#", "pv/gamma/#", "$SYS/#"):
        curious.subscribe(topic)
    gamma = Client(broker.port, broker.context("gamma"))
    assert gamma.publish("pv/gamma/inv/data") < 128
    time.sleep(0.3)
    assert curious.heard == []
    gamma.close()
    curious.close()


def test_a_client_id_that_belongs_to_another_plant_throws_nobody_out(broker: Broker) -> None:
    gamma = Client(broker.port, broker.context("gamma"), "gamma")
    thief = Client(broker.port, broker.context("alpha"), "gamma")
    assert gamma.publish("pv/gamma/inv/data") < 128
    assert thief.publish("pv/alpha/inv/data") < 128
    gamma.close()
    thief.close()


def test_without_a_certificate_of_our_authority_nobody_gets_in(broker: Broker, tmp_path: Path) -> None:
    bare = ssl.create_default_context(cafile=str(broker.folder / "out/broker/ca.crt"))
    with pytest.raises((ssl.SSLError, ConnectionError, TimeoutError, AssertionError)):
        _speak(broker.port, bare)
    Authority(tmp_path, SystemClock()).client("alpha", tmp_path)
    with pytest.raises((ssl.SSLError, ConnectionError, TimeoutError, AssertionError)):
        _speak(broker.port, broker.context("alpha", tmp_path))
    with pytest.raises((ConnectionError, TimeoutError, AssertionError)):
        _speak(broker.port, None)
    assert _speak(broker.port, broker.context("alpha")) == 0x20


def _speak(port: int, context: ssl.SSLContext | None) -> int:
    """Say CONNECT of MQTT 3.1.1; return the kind of the answer."""
    with socket.create_connection(("127.0.0.1", port), 3) as plain:
        line = context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain
        with line:
            line.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
            answer = line.recv(4)
    assert answer, "the broker hung up"
    return answer[0]


def test_a_certificate_that_was_taken_back_does_not_open_the_door_any_more(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    assert sorted(broker.write()) == sorted(("server", COLLECTOR, *PLANTS))
    lost = tmp_path / "lost"
    lost.mkdir()
    for name in ("alpha.crt", "alpha.key"):
        (lost / name).write_bytes((tmp_path / "out/gateways/alpha" / name).read_bytes())
    assert broker.write("alpha") == ["alpha"]
    with broker.running():
        with pytest.raises((ssl.SSLError, ConnectionError, TimeoutError, AssertionError)):
            _speak(broker.port, broker.context("alpha", lost))
        assert _speak(broker.port, broker.context("alpha")) == 0x20
        assert _speak(broker.port, broker.context("gamma")) == 0x20


def test_a_plant_that_publishes_nothing_has_no_certificate_to_take_back(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="beta"):
        Broker(tmp_path).write("beta")


def test_the_verb_writes_a_folder_for_every_plant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(tmp_path / "config")
    words = ["--config", str(config), "--data", str(tmp_path / "data"), "--json", "broker", "config"]
    assert (
        main([*words, "--out", str(tmp_path / "out"), "--name", "mqtt.example", "--at", "/etc/broker"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["plants"] == len(PLANTS)
    for plant in PLANTS:
        found = {path.name for path in (tmp_path / "out/gateways" / plant).iterdir()}
        assert found == {"README.txt", "ca.crt", f"{plant}.crt", f"{plant}.key"}
    conf = (tmp_path / "out/broker/mosquitto.conf").read_text()
    assert "cafile /etc/broker/ca.crt" in conf
    assert (tmp_path / "out/broker/acl").read_text() == acl_of(["alpha", "delta", "gamma"])
