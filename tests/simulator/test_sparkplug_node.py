"""A virtual Sparkplug B node: what it says through a real broker is what the physics says; asleep it is dead."""

import asyncio
from dataclasses import replace

import pytest

from collectors.documents import Documents
from collectors.mqtt import Broker, MqttCollector
from collectors.source import Delivery
from collectors.sparkplug import Sparkplug
from domain.clock import FieldClock, SystemClock
from domain.plant import Plant
from inverters.sparkplug import decode_payload
from simulator.broker import broker
from simulator.fleet import Fleet
from simulator.service import ServeOptions, serve
from simulator.sparkplug_node import SparkplugNode
from tests.simulator.builders import NOON, profiles, registry
from tests.simulator.test_families import fleet_of, with_family

TOPIC = "spBv1.0/pv/+/p00/#"


def node_plant() -> Plant:
    given = with_family("sparkplug_b")
    return replace(given, gateways=(replace(given.gateways[0], topic=TOPIC),))


def test_a_node_bears_its_devices_tells_what_changed_and_buries_who_sleeps() -> None:
    given = node_plant()
    said = list(fleet_of(given).documents())
    node, sent = SparkplugNode(given.gateways[0]), list[tuple[str, bytes]]()

    def send(topic: str, data: bytes) -> None:
        sent.append((topic, data))

    assert node.publish(send, said, NOON) == 1 + len(said)
    assert [topic.split("/")[2] for topic, _ in sent] == ["NBIRTH", *["DBIRTH"] * len(said)]
    assert node.publish(send, said, NOON) == 0, "nothing changed, nothing is said"
    (device, values), *others = said
    changed = {**values, "ac_active_power_w": values["ac_active_power_w"] + 1}
    assert node.publish(send, [(device, changed), *others], NOON) == 1
    (metric,) = decode_payload(sent[-1][1]).metrics
    assert (metric.name, metric.value) == ("", changed["ac_active_power_w"])
    assert node.publish(send, others, NOON) == 1
    assert sent[-1][0] == f"spBv1.0/pv/DDEATH/p00/{device.device_id}"
    assert node.publish(send, said, NOON) == 1
    assert sent[-1][0] == f"spBv1.0/pv/DBIRTH/p00/{device.device_id}"
    assert [decode_payload(data).seq for _, data in sent] == list(range(len(sent)))
    reader = Sparkplug()
    for topic, data in sent:
        reader.read(topic, data)
    assert reader.missed == 0
    assert node.will[0] == "spBv1.0/pv/NDEATH/p00"


@pytest.mark.needs("mosquitto")
def test_a_node_is_read_through_a_broker_as_the_collector_reads_it() -> None:
    given = node_plant()
    heard: list[Delivery] = []

    async def run() -> None:
        async with broker() as address:
            ear = MqttCollector(Broker(address.host, address.port), SystemClock())
            ear.listen([TOPIC])
            ear.start(heard.append)
            for _ in range(100):
                await asyncio.sleep(0.05)
                if ear.is_connected():
                    break
            await asyncio.sleep(0.3)
            stop = asyncio.Event()
            one = Fleet(registry(given), profiles(), FieldClock.starting(NOON, 60.0), 1)
            task = asyncio.create_task(serve(one, stop, ServeOptions(publish_to=address)))
            for _ in range(300):
                await asyncio.sleep(0.05)
                if sum(d.document is not None for d in heard) >= 9:
                    break
            stop.set()
            await task
            await asyncio.to_thread(ear.stop)

    asyncio.run(run())
    documents = Documents(profiles())
    documents.follow(registry(given), given.devices)
    assert [delivery.reason for delivery in heard if delivery.reason] == []
    told = [documents.read(delivery) for delivery in heard if delivery.document is not None]
    batches = [batch for one in told for batch in (*one.live, *one.history)]
    assert {batch.device_id for batch in batches} == {device.device_id for device in given.devices}
    for batch in batches:
        assert (batch.value("ac_active_power_w") or 0) > 1000
        assert (batch.value("ac_energy_total_wh") or 0) > 1e6, "what did not change still holds"
