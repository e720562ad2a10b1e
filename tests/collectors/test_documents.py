"""JSON of any gateway, through a real broker: the devices it is about get it, and time and doubt keep their rules."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from collectors.documents import Documents, topic_fits
from collectors.mqtt import Broker, MqttCollector
from collectors.source import Delivery
from domain.clock import ManualClock
from domain.measurement import Batch
from domain.plant import Device, Gateway, Registry, WireProtocol
from tests.collectors.mosquitto import Mosquitto, wait
from tests.collectors.plants import plant, registry
from tests.inverters.support import GOLDEN, NOON, read_json, shipped, values_of

CASES = sorted(
    path.parent for path in GOLDEN.glob("json_*/*/words.json") if shipped()[path.parent.parent.name].mapping
)


def field(topic: str, *devices: Device) -> Registry:
    """Return a registry of one plant whose gateway publishes to ``topic``."""
    return registry(plant("p", (Gateway("gw", "p", WireProtocol.MQTT, topic=topic),), devices))


def device(profile: str, **more: object) -> Device:
    return Device("d", "p", shipped()[profile].kind, "d", profile, "gw", **more)  # type: ignore[arg-type]


def documents(topic: str, *devices: Device) -> Documents:
    found = Documents(shipped())
    given = field(topic, *devices)
    found.follow(given, given.devices())
    return found


def delivery(topic: str, document: object, at: datetime = NOON) -> Delivery:
    return Delivery((1, 1), None, topic, b"{}", document=document, received_at=at)


def grott(at: str, power: int, *, buffered: str = "no", serial: str = "SAMPLE0042") -> dict[str, object]:
    return {"device": serial, "time": at, "buffered": buffered, "values": {"pvpowerout": power}}


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def publish(mosquitto: Mosquitto) -> Iterator[Callable[..., None]]:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()

    def send(topic: str, document: object, *, retain: bool = False) -> None:
        payload = document if isinstance(document, bytes) else json.dumps(document)
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    yield send
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def hear(
    mosquitto: Mosquitto, publish: Callable[..., None]
) -> Iterator[Callable[[Sequence[str]], tuple[MqttCollector, list[Delivery]]]]:
    opened: list[MqttCollector] = []

    def start(topics: Sequence[str]) -> tuple[MqttCollector, list[Delivery]]:
        got: list[Delivery] = []
        ear = MqttCollector(Broker(port=mosquitto.port), ManualClock(NOON))
        ear.listen([*topics, "ready"])
        ear.start(got.append)
        opened.append(ear)

        def ready() -> bool:  # the broker took the topics in their order
            publish("ready", {})
            time.sleep(0.1)
            return bool(got)

        wait(ready)
        time.sleep(0.2)
        got.clear()
        return ear, got

    yield start
    for ear in opened:
        ear.stop()


@pytest.mark.needs("mosquitto")
def test_every_golden_document_published_to_a_broker_reads_as_written_down(
    publish: Callable[..., None], hear: Callable[..., tuple[MqttCollector, list[Delivery]]]
) -> None:
    words = [read_json(case / "words.json") for case in CASES]
    _, got = hear(sorted({word["topic"] for word in words}))
    for case, word in zip(CASES, words, strict=True):
        publish(word["topic"], word["document"])
        wait(lambda: len(got) > 0)
        heard = got.pop()
        told = documents(word["topic"], device(case.parent.name, **word["device"])).read(heard)
        (batch,) = (*told.live, *told.history)
        assert told.reason == ""
        assert values_of(batch) == pytest.approx(read_json(case / "expected.json")["values"], rel=1e-9)
    assert len(CASES) >= 6


@pytest.mark.needs("mosquitto")
def test_a_topic_added_while_connected_is_heard_and_one_taken_away_is_not(
    publish: Callable[..., None], hear: Callable[..., tuple[MqttCollector, list[Delivery]]]
) -> None:
    ear, got = hear(["one/+/up"])
    publish("one/5/up", {"x": 1})
    wait(lambda: len(got) == 1)
    ear.acknowledge([got[0].receipt])
    ear.listen(["two/#"])

    def heard() -> bool:
        publish("two/a/b", {"x": 2})
        time.sleep(0.1)
        return any(d.topic == "two/a/b" for d in got)

    wait(heard)
    publish("one/5/up", {"x": 3})
    publish("two/last", {"x": 4})
    wait(lambda: any(d.topic == "two/last" for d in got))
    assert [d.document["x"] for d in got if d.topic == "one/5/up"] == [1]


@pytest.mark.needs("mosquitto")
def test_a_retained_document_is_old_news_and_broken_json_is_set_aside(
    publish: Callable[..., None], hear: Callable[..., tuple[MqttCollector, list[Delivery]]]
) -> None:
    publish("energy/growatt", grott("2026-07-01T11:00:00", 5), retain=True)
    ear, got = hear(["energy/growatt"])
    publish("energy/growatt", b"{broken")
    wait(lambda: len(got) == 1)
    assert (got[0].document, got[0].received_at) == (None, None)
    assert "not JSON" in got[0].reason
    assert ear.retained <= 1


def test_a_shared_topic_reaches_the_device_whose_serial_number_the_document_names() -> None:
    one = device("json_growatt_grott", serial_number="SAMPLE0042")
    other = replace(one, device_id="e", serial_number="SAMPLE0043")
    inbox = documents("energy/growatt", one, other)
    told = inbox.read(delivery("energy/growatt", grott("2026-07-01T11:59:00", 7, serial="SAMPLE0043")))
    assert [batch.device_id for batch in told.live] == ["e"]
    nobody = inbox.read(delivery("energy/growatt", grott("2026-07-01T11:59:00", 7, serial="OTHER")))
    assert (nobody.live, nobody.history) == ((), ())
    assert "says nothing of d, e" in nobody.reason


def test_one_document_holds_several_devices_told_apart_by_their_unit() -> None:
    first = device("json_usr_dtu", unit=1)
    second = replace(first, device_id="e", unit=2)
    rows = [{"name": "1_P", "value": "10"}, {"name": "2_P", "value": "20"}]
    told = documents("dtu/+/up", first, second).read(delivery("dtu/4/up", {"rw_prot": {"r_data": rows}}))
    assert {b.device_id: b.value("ac_active_power_w") for b in told.live} == {"d": 10_000.0, "e": 20_000.0}


def test_a_clock_that_goes_back_is_set_aside_but_history_is_taken() -> None:
    inbox = documents("g", device("json_growatt_grott", serial_number="SAMPLE0042"))

    def say(at: str, **more: str) -> tuple[tuple[Batch, ...], tuple[Batch, ...], str]:
        told = inbox.read(delivery("g", grott(at, 1000, **more)))
        return told.live, told.history, told.reason

    live, _, reason = say("2026-07-01T11:58:00")
    assert (len(live), reason) == (1, "")
    assert len(say("2026-07-01T11:58:00")[0]) == 1  # the same message once more does no harm
    live, history, reason = say("2026-06-30T11:58:00")
    assert (live, history) == ((), ())
    assert "went back" in reason
    live, history, reason = say("2026-06-30T11:58:00", buffered="yes")
    assert (live, len(history), reason) == ((), 1, "")
    live, _, _ = say("2000-01-01T00:00:00")
    assert live[0].measured_at == NOON


@pytest.mark.parametrize(
    ("pattern", "topic", "fits"),
    [
        ("a/b", "a/b", True),
        ("a/+/c", "a/x/c", True),
        ("a/+/c", "a/x/y/c", False),
        ("a/#", "a/b/c", True),
        ("a/#", "b/b", False),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
    ],
)
def test_topics_fit_by_the_rules_of_mqtt(pattern: str, topic: str, *, fits: bool) -> None:
    assert topic_fits(pattern, topic) is fits


def test_the_later_of_two_instants_is_remembered_across_documents() -> None:
    inbox = documents("g", device("json_flat_dtu", unit=1))
    for minutes, taken in ((0, 1), (2, 1), (1, 0), (3, 1)):
        at = NOON - timedelta(hours=1) + timedelta(minutes=minutes)
        told = inbox.read(delivery("g", {"time": at.timestamp(), "1_P": 5}))
        assert len(told.live) == taken
