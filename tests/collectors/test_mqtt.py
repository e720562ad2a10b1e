"""MQTT against a real broker: what was acknowledged is on disk, what was not comes again."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from collectors.mqtt import PAYLOAD_MAX, Broker, GapCounter, MqttCollector, NotUnderstoodError, read_message
from collectors.source import Delivery
from collectors.spool import Spool
from domain.clock import ManualClock
from tests.collectors.mosquitto import Mosquitto, wait
from tests.collectors.peers import free_port

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


def document(number: int, device: str = "inv-1") -> bytes:
    at = NOON + timedelta(seconds=number)
    return json.dumps(
        {"format": 1, "device": device, "time": at.isoformat(), "seq": number, "values": {"power_factor": 1}}
    ).encode()


class Publisher:
    """A gateway that publishes with QoS 1 and waits until the broker has it."""

    def __init__(self, port: int) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gateway")
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def send(
        self, payload: bytes, device: str = "inv-1", *, retain: bool = False, plant: str = "p-1"
    ) -> None:
        info = self.client.publish(f"pv/{plant}/{device}/data", payload, qos=1, retain=retain)
        info.wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def ear(port: int, **more: object) -> MqttCollector:
    return MqttCollector(Broker(port=port, **more), ManualClock(NOON))  # type: ignore[arg-type]


def numbers(deliveries: list[Delivery]) -> list[int]:
    return [d.sample.document["seq"] for d in deliveries if d.sample and d.sample.document]


@pytest.mark.needs("mosquitto")
def test_a_message_is_delivered_and_waits_at_the_broker_until_it_is_acknowledged(
    mosquitto: Mosquitto,
) -> None:
    got: list[Delivery] = []
    first = ear(mosquitto.port)
    first.start(got.append)
    wait(first.is_connected)
    gateway = Publisher(mosquitto.port)
    for number in range(1, 6):
        gateway.send(document(number))
    wait(lambda: len(got) == 5)
    first.acknowledge([d.receipt for d in got[:2]])
    time.sleep(0.2)
    first.stop()
    again: list[Delivery] = []
    second = ear(mosquitto.port)
    second.start(again.append)
    wait(lambda: len(again) == 3)
    assert numbers(again) == [3, 4, 5]
    second.acknowledge([d.receipt for d in again])
    time.sleep(0.2)
    second.stop()
    gateway.close()
    third_got: list[Delivery] = []
    third = ear(mosquitto.port)
    third.start(third_got.append)
    wait(third.is_connected)
    time.sleep(0.3)
    third.stop()
    assert third_got == []


@pytest.mark.needs("mosquitto")
def test_what_is_published_while_nobody_listens_is_delivered_later(mosquitto: Mosquitto) -> None:
    first = ear(mosquitto.port)
    first.start(lambda _: None)
    wait(first.is_connected)
    time.sleep(0.2)
    first.stop()
    gateway = Publisher(mosquitto.port)
    for number in range(1, 1201):
        gateway.send(document(number))
    gateway.close()
    got: list[Delivery] = []
    second = ear(mosquitto.port)
    second.start(got.append)
    wait(lambda: len(got) == 500)
    time.sleep(0.3)
    assert len(got) == 500  # receive maximum: no more before some are safe
    while len(got) < 1200:
        second.acknowledge([d.receipt for d in got[-500:]])
        before = len(got)
        wait(lambda before=before: len(got) > before or len(got) == 1200)  # type: ignore[misc]
        time.sleep(0.1)
    second.stop()
    assert sorted(set(numbers(got))) == list(range(1, 1201))
    assert second.gaps() == {}


@pytest.mark.needs("mosquitto")
def test_a_receipt_of_an_older_connection_acknowledges_nothing(mosquitto: Mosquitto) -> None:
    got: list[Delivery] = []
    listener = ear(mosquitto.port)
    listener.start(got.append)
    wait(listener.is_connected)
    gateway = Publisher(mosquitto.port)
    gateway.send(document(1))
    wait(lambda: len(got) == 1)
    gateway.close()
    mosquitto.stop()
    wait(lambda: not listener.is_connected())
    mosquitto.start()
    wait(lambda: len(got) >= 2)
    assert numbers(got) == [1, 1]
    listener.acknowledge([got[0].receipt])
    time.sleep(0.2)
    listener.stop()
    after: list[Delivery] = []
    other = ear(mosquitto.port)
    other.start(after.append)
    wait(lambda: len(after) == 1)
    other.stop()


@pytest.mark.needs("mosquitto")
def test_retained_messages_are_old_news(mosquitto: Mosquitto) -> None:
    gateway = Publisher(mosquitto.port)
    gateway.send(document(1), retain=True)
    got: list[Delivery] = []
    for _ in range(2):
        listener = ear(mosquitto.port, client_id="fresh", version=4)
        listener.start(got.append)
        wait(listener.is_connected)
        time.sleep(0.3)
        listener.stop()
    assert got == []
    gateway.close()


@pytest.mark.needs("mosquitto")
def test_what_cannot_be_understood_is_handed_over_with_the_reason_and_the_thread_lives(
    mosquitto: Mosquitto,
) -> None:
    got: list[Delivery] = []
    explode = threading.Event()

    def deliver(delivery: Delivery) -> None:
        if explode.is_set():
            raise ZeroDivisionError
        got.append(delivery)

    listener = ear(mosquitto.port)
    listener.start(deliver)
    wait(listener.is_connected)
    gateway = Publisher(mosquitto.port)
    bad = [b"", b"{", b"\xff\xfe", b"[]", b"1", b'{"device":"other"}', b"{" * 2000, b"x" * (PAYLOAD_MAX + 1)]
    for payload in bad:
        gateway.send(payload)
    wait(lambda: len(got) == len(bad))
    assert all(d.sample is None and d.reason for d in got)
    assert all(len(d.payload) <= PAYLOAD_MAX for d in got)
    explode.set()
    gateway.send(document(1))
    time.sleep(0.2)
    explode.clear()
    gateway.send(document(2))
    wait(lambda: numbers(got) == [2])
    listener.acknowledge([d.receipt for d in got])
    listener.stop()
    gateway.close()


@pytest.mark.needs("mosquitto")
def test_a_broker_that_is_killed_and_restarted_is_met_again(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    got: list[Delivery] = []
    listener = ear(mosquitto.port)
    listener.start(got.append)
    wait(listener.is_connected)
    for round_ in range(2):
        gateway = Publisher(mosquitto.port)
        gateway.send(document(round_ + 1))
        wait(lambda: round_ + 1 in numbers(got))  # noqa: B023 (waited for before the loop goes on)
        listener.acknowledge([d.receipt for d in got])
        gateway.close()
        time.sleep(0.1)
        mosquitto.stop(signal.SIGKILL)
        wait(lambda: not listener.is_connected())
        mosquitto.start()
        wait(listener.is_connected)
    listener.stop()
    said = [record.message for record in caplog.records if "connected again" in record.message]
    assert len(said) == 2


SUBSCRIBER = """
    import os, signal, sys, threading, time
    from datetime import UTC, datetime
    from pathlib import Path
    from collectors.mqtt import Broker, MqttCollector
    from collectors.spool import Spool
    from domain.clock import SystemClock
    from inverters.decode import Decoder
    from inverters.profile import load_profiles

    spool = Spool(Path(sys.argv[1]))
    listener = MqttCollector(Broker(port=int(sys.argv[2])), SystemClock())
    decoder = Decoder(load_profiles()["pvmon_json"])
    die_after = int(sys.argv[3])
    waiting, lock, committed = [], threading.Lock(), 0

    def deliver(delivery):
        with lock:
            waiting.append(delivery)

    listener.start(deliver)
    while True:
        time.sleep(0.002)
        with lock:
            group, waiting[:] = waiting[:50], waiting[50:]
        if not group:
            continue
        spool.append([decoder.decode_document(d.sample) for d in group])
        committed += len(group)
        if committed >= die_after:
            os.kill(os.getpid(), signal.SIGKILL)  # between commit and acknowledgement
        listener.acknowledge([d.receipt for d in group])
"""


@pytest.mark.needs("mosquitto")
def test_a_subscriber_killed_between_commit_and_acknowledgement_loses_nothing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path, total = tmp_path / "spool" / "spool.sqlite", 2000
    first = ear(mosquitto.port)
    first.start(lambda _: None)
    wait(first.is_connected)
    time.sleep(0.2)
    first.stop()
    gateway = Publisher(mosquitto.port)

    def publish_all() -> None:
        for number in range(1, total + 1):
            gateway.send(document(number))

    publishing = threading.Thread(target=publish_all)
    publishing.start()
    for kill in range(4):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                textwrap.dedent(SUBSCRIBER),
                str(path),
                str(mosquitto.port),
                str(90 + 70 * kill),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.wait(60) == -signal.SIGKILL
    publishing.join()
    gateway.close()
    last = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SUBSCRIBER), str(path), str(mosquitto.port), "10000000"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    time.sleep(8.0)
    last.kill()
    last.wait()
    spool = Spool(path)
    found = [round((batch.measured_at - NOON).total_seconds()) for _, batch in spool.peek(100_000)]
    spool.close()
    assert set(found) == set(range(1, total + 1))
    assert total <= len(found) <= total + 5 * 500  # what was not acknowledged came twice, the store keeps one


class OldBroker:
    """Stands before a broker and turns away, or leaves waiting, everyone who speaks MQTT 5."""

    def __init__(self, behind: int, *, rude: bool) -> None:
        self._behind = behind
        self._rude = rude
        self._left_waiting: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.versions: list[int] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            first = client.recv(4096)
            self.versions.append(first[first.index(b"MQTT") + 4])
            if self.versions[-1] >= 5:
                self._left_waiting.append(client)
                if self._rude:
                    client.close()
                continue
            broker = socket.create_connection(("127.0.0.1", self._behind))
            broker.sendall(first)
            for one, other in ((client, broker), (broker, client)):
                threading.Thread(target=self._relay, args=(one, other), daemon=True).start()

    @staticmethod
    def _relay(one: socket.socket, other: socket.socket) -> None:
        with one:
            while data := one.recv(65_536):
                other.sendall(data)

    def close(self) -> None:
        for client in (self._server, *self._left_waiting):
            client.close()


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("rude", [True, False], ids=["hangs up", "falls silent"])
def test_a_broker_that_knows_only_the_older_version_is_spoken_to_in_it(
    mosquitto: Mosquitto, rude: bool
) -> None:
    old = OldBroker(mosquitto.port, rude=rude)
    got: list[Delivery] = []
    listener = ear(old.port)
    listener.start(got.append)
    wait(listener.is_connected)
    gateway = Publisher(mosquitto.port)
    gateway.send(document(1))
    wait(lambda: numbers(got) == [1])
    listener.acknowledge([d.receipt for d in got])
    listener.stop()
    gateway.close()
    old.close()
    assert old.versions[-1] == 4
    assert set(old.versions[:-1]) == {5}


def test_a_broker_that_is_not_there_is_said_once_and_stopping_is_quick(
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = ear(free_port())
    listener.start(lambda _: None)
    wait(lambda: any("no connection" in record.message for record in caplog.records))
    time.sleep(1.5)
    started = time.perf_counter()
    listener.stop()
    assert time.perf_counter() - started < 4.0
    assert sum("check address" in record.message for record in caplog.records) == 1


# ---------------------------------------------------------------------- what needs no broker


@given(st.text(max_size=80), st.binary(max_size=300))
def test_any_topic_and_payload_is_either_understood_or_named(topic: str, payload: bytes) -> None:
    try:
        device_id, content = read_message(topic, payload)
    except NotUnderstoodError as error:
        said = str(error)
        assert said
    else:
        assert topic.split("/")[2] == device_id
        assert isinstance(content, dict)


@pytest.mark.parametrize(
    "topic", ["pv/a/data", "pv/a/b/c/data", "pv/a/b/status", "x/a/b/data", "pv//b/data", "pv/a/../data/"]
)
def test_topics_of_others_are_not_understood(topic: str) -> None:
    with pytest.raises(NotUnderstoodError, match="topic"):
        read_message(topic, b"{}")


def test_a_payload_at_the_limit_is_read_and_one_beyond_is_not() -> None:
    fitting = b'{"a":"' + b"x" * (PAYLOAD_MAX - 8) + b'"}'
    assert read_message("pv/p/d/data", fitting)[0] == "d"
    with pytest.raises(NotUnderstoodError, match="at most"):
        read_message("pv/p/d/data", fitting + b" ")


def test_gaps_are_counted_and_repeats_and_restarts_are_not() -> None:
    counter = GapCounter()
    for number in (5, 6, 6, 9, 8, 7, 10, True, "11", None, 1, 2, 4):
        counter.seen("inv", number)
    assert counter.counts() == {"inv": 3}


def test_the_password_is_not_in_what_is_printed() -> None:
    assert "secret" not in repr(Broker(username="u", password="secret"))
