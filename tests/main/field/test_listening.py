"""What is published and nobody listens to: heard at a real broker, and the mapping that reads it is named."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from collectors.mqtt import Broker
from collectors.mqtt_ear import HeardTopic, hear
from domain.errors import NoConnectionError
from inverters.sparkplug import Metric, Payload, encode_payload
from main.__main__ import main
from main.field.listening import unknown_topics
from tests.collectors.mosquitto import Mosquitto
from tests.collectors.peers import free_port
from tests.inverters.support import GOLDEN, read_json
from tests.main import registry_files
from tests.simulator.builders import plant, profiles, registry

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)
MAPPED = sorted(
    name for name, one in profiles().items() if one.mapping is not None and not name.startswith("sparkplug")
)


def judged(topic: str, payload: bytes) -> dict[str, object] | None:
    found = list(unknown_topics([HeardTopic(topic, payload)], registry(plant()), profiles(), NOON))
    return found[0] if found else None


@pytest.mark.parametrize("name", MAPPED)
def test_every_json_box_is_named_by_its_mapping(name: str) -> None:
    words = read_json(min((GOLDEN / name).iterdir()) / "words.json")
    told = judged("some/topic", json.dumps(words["document"]).encode())
    assert told is not None
    assert str(told["profile"]).removesuffix("_meter") == name.removesuffix("_meter")
    assert int(str(told["values"])) >= 1
    serial = words["device"].get("serial_number")
    assert told["device"] == (serial or str(words["device"]["unit"]))


def test_our_own_format_and_sparkplug_name_the_device_and_strangers_stay_strangers() -> None:
    ours = judged("pv/p99/new-inv/data", b'{"format":1,"values":{"ac_active_power_w":1,"power_factor":1}}')
    assert ours is not None
    assert (ours["profile"], ours["values"], ours["device"]) == ("pvmon_json", 2, "new-inv")
    birth = encode_payload(Payload((Metric("ac_active_power_w", 5.0, 1),), 1782878381000, 1))
    node = judged("spBv1.0/pv/DBIRTH/n/inv-7", birth)
    assert node is not None
    assert (str(node["profile"])[:11], node["device"]) == ("sparkplug_b", "inv-7")
    for topic, payload in (("a/b", b"hello"), ("a/b", b'{"x": [1]}'), ("spBv1.0/pv/DDATA/n/i", b"\xff")):
        told = judged(topic, payload)
        assert told is not None
        assert told["profile"] is None
    assert judged("pv/p00/p00-inv-01/data", b"{}") is None, "the registry has it"
    assert judged("pv/p00/edge-1/batches", b"") is None, "that is a collector of ours"


@pytest.mark.needs("mosquitto")
def test_discover_listens_at_the_broker_and_tells_topics_nobody_asks_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = Mosquitto(tmp_path)
    try:
        box = paho.Client(CallbackAPIVersion.VERSION2, client_id="box")
        box.connect("127.0.0.1", broker.port)
        box.loop_start()
        document = json.dumps(read_json(GOLDEN / "json_growatt_grott" / "live" / "words.json")["document"])
        box.publish("energy/growatt", document, qos=1, retain=True).wait_for_publish(10)
        config = registry_files.write(tmp_path / "config")
        listed = f"protocol: mqtt, host: 127.0.0.1, port: {broker.port}, topic: pv/alpha"
        registry_files.change(
            config, "plants/alpha.yaml", "devices:",
            f"  - {{id: alpha-box, {listed}}}\ndevices:",
        )  # fmt: skip
        registry_files.change(config, "plants/alpha.yaml", "port: 15021", "port: 1")
        words = ["--config", str(config), "--data", str(tmp_path / "data")]
        assert main([*words, "--json", "discover", "alpha", "--units", "1", "--listen", "0.5"]) == 0
        (told,) = json.loads(capsys.readouterr().out)
        assert (told["topic"], told["profile"], told["device"]) == (
            "energy/growatt", "json_growatt_grott", "SAMPLE0042",
        )  # fmt: skip
        assert told["retained"] is True
        main([*words, "--lang", "en", "discover", "alpha", "--units", "1", "--listen", "0.3"])
        assert "mapping json_growatt_grott reads" in capsys.readouterr().out
        box.disconnect()
        box.loop_stop()
    finally:
        broker.stop()


def test_a_broker_that_is_not_there_is_told() -> None:
    with pytest.raises(NoConnectionError, match="check address"):
        hear(Broker(port=free_port()), 0.1)
