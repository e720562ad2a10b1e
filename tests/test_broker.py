"""The delivered rules of the broker, asked of a real broker: who may connect, and who may say what."""

import getpass
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from main.ports import free_ports
from main.probes import unreachable

ROOT = Path(__file__).parent.parent


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def _certificate(folder: Path, name: str) -> None:
    _openssl(
        folder,
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.csr",
        "-subj",
        f"/CN={name}",
    )
    _openssl(
        folder,
        "x509",
        "-req",
        "-in",
        f"{name}.csr",
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-out",
        f"{name}.crt",
        "-days",
        "2",
    )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[int, int, Path]]:
    """Mosquitto under the delivered rules, on free ports; gives TLS port, plain port, folder of certificates."""
    _openssl(
        tmp_path,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
        "-days",
        "2",
        "-subj",
        "/CN=test ca",
    )
    for name in ("localhost", "plant-a"):
        _certificate(tmp_path, name)
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", "accounts", "collector", "only-in-this-test"],
        cwd=tmp_path,
        check=True,
    )
    shutil.copy(ROOT / "docker/mosquitto.acl", tmp_path / "acl")
    tls, plain = free_ports(2)
    text = (ROOT / "docker/mosquitto.conf").read_text("utf-8")
    for old, new in (
        ("/run/secrets/mqtt_ca", "ca.crt"), ("/run/secrets/mqtt_cert", "localhost.crt"), ("/run/secrets/mqtt_key", "localhost.key"),
        ("/run/secrets/mqtt_accounts", "accounts"), ("/mosquitto/config/acl", "acl"), ("/mosquitto/data/", f"{tmp_path}/"),
        ("listener 8883", f"listener {tls} 127.0.0.1"), ("listener 1883", f"listener {plain} 127.0.0.1"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "mosquitto.conf").write_text(f"user {getpass.getuser()}\n{text}")
    program = shutil.which("mosquitto", path="/usr/sbin:" + os.environ["PATH"])
    assert program is not None
    with subprocess.Popen(
        [program, "-c", "mosquitto.conf"], cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _until(lambda: not unreachable("127.0.0.1", plain))
            yield tls, plain, tmp_path
        finally:
            process.terminate()


def _until(true: Callable[[], bool], within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class _Client:
    """A client of the broker that notes what it was told."""

    def __init__(
        self, port: int, folder: Path, *, certificate: str = "", account: tuple[str, str] | None = None
    ) -> None:
        self.refused: bool | None = None
        self.topics: list[str] = []
        self.paho = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.paho.on_connect = self._connected
        self.paho.on_message = lambda _client, _data, message: self.topics.append(message.topic)
        if certificate:
            self.paho.tls_set(
                str(folder / "ca.crt"), str(folder / f"{certificate}.crt"), str(folder / f"{certificate}.key")
            )
        if account:
            self.paho.username_pw_set(*account)
        self.paho.connect("localhost" if certificate else "127.0.0.1", port)
        self.paho.loop_start()
        _until(lambda: self.refused is not None)

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.refused = bool(reason.is_failure)

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


@pytest.mark.needs("mosquitto")
def test_a_real_broker_lets_a_gateway_speak_for_its_own_plant_only(broker: tuple[int, int, Path]) -> None:
    tls, plain, folder = broker
    collector = _Client(plain, folder, account=("collector", "only-in-this-test"))
    gateway = _Client(tls, folder, certificate="plant-a")
    assert (collector.refused, gateway.refused) == (False, False)
    collector.paho.subscribe("pv/#", qos=1)
    for topic in ("pv/plant-b/x/data", "other/x", "pv/plant-a/x/data"):
        gateway.paho.publish(topic, "{}", qos=1).wait_for_publish(5)
    _until(lambda: bool(collector.topics))
    assert collector.topics == ["pv/plant-a/x/data"]
    collector.close()
    gateway.close()


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize(
    "account", [None, ("collector", "a-wrong-password"), ("plant-a", "only-in-this-test")]
)
def test_a_real_broker_refuses_who_it_does_not_know(
    broker: tuple[int, int, Path], account: tuple[str, str] | None
) -> None:
    stranger = _Client(broker[1], broker[2], account=account)
    assert stranger.refused is True
    stranger.close()


def _answer_to_connect(port: int, folder: Path, *, certificate: str) -> bytes:
    """Say CONNECT over TLS and return the first bytes of the answer."""
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.check_hostname = False  # the name is not the point here, the chain is
    if certificate:
        context.load_cert_chain(folder / f"{certificate}.crt", folder / f"{certificate}.key")
    with (
        socket.create_connection(("localhost", port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as line,
    ):
        line.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
        return line.recv(4)


@pytest.mark.needs("mosquitto")
def test_a_real_broker_hangs_up_without_a_client_certificate(broker: tuple[int, int, Path]) -> None:
    tls, _, folder = broker
    assert _answer_to_connect(tls, folder, certificate="plant-a") == b"\x20\x02\x00\x00"
    try:
        answer = _answer_to_connect(tls, folder, certificate="")
    except OSError:
        answer = b""
    assert answer == b""
