"""MQTT gateways of the virtual field: our own JSON, a document per device and poll period, QoS 1; or the gateway's own.

What a gateway with a mapping file publishes is made from that file: one document for all its devices or one each, in
its own units and words, on the topic of the registry, without quality of service as such boxes send it.

This is the simulator's door to paho: the field publishes, while collectors/mqtt.py listens.
"""

import json
import logging
from collections.abc import Mapping, Sequence

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from domain.errors import NoConnectionError
from domain.plant import Device, Gateway, WireProtocol
from inverters.mapping_encode import Said, encode_documents
from inverters.sparkplug import PREFIX
from simulator.field import VirtualField
from simulator.sparkplug_node import SparkplugNode

log = logging.getLogger(__name__)
FORMAT = 1


def _connect(client: paho.Client, host: str, port: int) -> None:
    try:
        client.connect(host, port, keepalive=30)
    except OSError as error:
        raise NoConnectionError(
            f"MQTT broker {host}:{port} does not answer ({error}); start it, or correct the gateways' address"
        ) from error
    client.loop_start()


class Publisher:
    """Publishes for every MQTT gateway of a field.

    Parameters
    ----------
    field : where values come from.
    host, port : the broker; None: each gateway's own address.
    """

    def __init__(self, field: VirtualField, host: str | None = None, port: int | None = None) -> None:
        self._field = field
        self._address = (host, port)
        self._gateways: Mapping[str, Gateway] = {
            gateway.gateway_id: gateway
            for gateway in field.registry.gateways()
            if gateway.protocol is WireProtocol.MQTT
        }
        self._clients: dict[tuple[str, int], paho.Client] = {}
        self._nodes: dict[str, tuple[SparkplugNode, paho.Client]] = {}
        self._numbers: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self.published = 0

    @property
    def wanted(self) -> bool:
        """Whether any gateway publishes."""
        return bool(self._gateways)

    @property
    def gateway_count(self) -> int:
        """How many gateways publish."""
        return len(self._gateways)

    def start(self) -> None:
        """Connect to every broker named.

        Raises
        ------
        NoConnectionError
            A broker does not answer.
        """
        for host, port in {self._broker(gateway) for gateway in self._gateways.values()}:
            client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"pvmon-virtual-field-{port}")
            _connect(client, host, port)
            self._clients[host, port] = client
        for name, gateway in self._gateways.items():
            if gateway.topic.startswith(PREFIX):  # its will is its own, and so is its connection
                node = SparkplugNode(gateway)
                client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"pvmon-virtual-node-{name}")
                client.will_set(*node.will, qos=1)
                _connect(client, *self._broker(gateway))
                self._nodes[name] = node, client

    def stop(self) -> None:
        """Disconnect."""
        for client in (*self._clients.values(), *(client for _, client in self._nodes.values())):
            client.disconnect()
            client.loop_stop()
        self._clients.clear()
        self._nodes.clear()

    def publish_due(self) -> int:
        """Publish every document whose gateway's period has come; return how many."""
        now = self._field.clock.now()
        epoch_s = now.timestamp()
        time_ms = round(self._field.as_of.timestamp() * 1000)
        due = {name for name, at in self._due.items() if at > epoch_s}
        count = 0
        mapped: dict[tuple[str, str], list[Said]] = {}
        for device, values in self._field.documents():
            gateway = self._gateways.get(device.gateway_id or "")
            if gateway is None or gateway.gateway_id in due or self._field.bus(gateway.gateway_id).dead:
                continue
            if self._field.profiles[device.profile].mapping is not None:
                mapped.setdefault((gateway.gateway_id, device.profile), []).append((device, values))
                continue
            self._publish(gateway, device, values, time_ms)
            count += 1
        for (gateway_id, profile), said in mapped.items():
            count += self._publish_own(self._gateways[gateway_id], profile, said)
        for name, gateway in self._gateways.items():
            if name not in due:
                period_s = self._field.registry.plants_by_id[gateway.plant_id].poll_period_s
                self._due[name] = (epoch_s // period_s + 1) * period_s
        self.published += count
        return count

    def _publish_own(self, gateway: Gateway, profile: str, said: Sequence[Said]) -> int:
        """Publish what a gateway says in JSON of its own; return how many documents."""
        means = self._field.profiles[profile]
        if means.mapping is None:
            return 0
        if gateway.gateway_id in self._nodes:
            node, client = self._nodes[gateway.gateway_id]
            return node.publish(client.publish, said, self._field.as_of)
        documents = encode_documents(means.mapping, said, self._field.as_of, as_text=means.habits.text_values)
        for document in documents:
            topic = gateway.topic.replace("+", gateway.gateway_id).replace("#", "data") or gateway.gateway_id
            words = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
            self._clients[self._broker(gateway)].publish(topic, words)
        return len(documents)

    def _publish(self, gateway: Gateway, device: Device, values: Mapping[str, float], time_ms: int) -> None:
        number = self._numbers.get(device.device_id, 0) + 1
        self._numbers[device.device_id] = number
        document = {
            "format": FORMAT,
            "device": device.device_id,
            "time": time_ms,
            "seq": number,
            "values": values,
        }
        prefix = gateway.topic or f"pv/{device.plant_id}"
        client = self._clients[self._broker(gateway)]
        client.publish(
            f"{prefix}/{device.device_id}/data", json.dumps(document, separators=(",", ":")), qos=1
        )

    def _broker(self, gateway: Gateway) -> tuple[str, int]:
        host, port = self._address
        return host or gateway.host, port or gateway.port
