"""MQTT: the one importer of paho. A message is acknowledged by us, and only once it is safe on disk.

Gateways publish one JSON document per device and instant to ``pv/<plant>/<device>/data`` with QoS 1, or JSON of
their own or Sparkplug B on topics the registry names (`collectors.documents` says what those mean). The
session outlives us by seven days, so that what is published while we are away waits at the broker.
Retained messages are old news and never count as samples. What collectors in villages send (collectors/edge_codec.py) is
answered on a topic of its own once it is on disk. Whatever a callback meets, the network thread
goes on: a message that cannot be understood is quarantined and acknowledged.
"""

import logging
import re
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from collectors.documents import topic_fits
from collectors.edge_codec import KINDS, BadMessageError, is_edge_topic, read_edge
from collectors.source import Delivery
from collectors.sparkplug import Sparkplug
from domain.clock import Clock
from domain.measurement import Origin, Sample
from domain.timespan import Interval
from inverters.sparkplug import PREFIX, SparkplugError

log = logging.getLogger(__name__)

TOPICS = ("pv/+/+/data", *(f"pv/+/+/{kind}" for kind in KINDS))
PAYLOAD_MAX = 64 * 1024
RECEIVE_MAX = 500
SESSION_S = 7 * 86_400
_TOPIC = re.compile(r"pv/([A-Za-z0-9_.-]{1,64})/([A-Za-z0-9_.-]{1,64})/data")
_RESTART_AFTER_S = 2.0
_RECONNECT_MOST_S = 30
_STOP_WITHIN_S = 3.0
_FIRST_WORD_WITHIN_S = 5.0
_UNKNOWN_VERSION = {132}  # paho turns 3.1.1's code into this one
_TURNED_AWAY_MAX = 2


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it.

    ``client_id`` is fixed: the broker keeps the session under it. ``version`` 5 falls back to 4 (MQTT 3.1.1)
    at a broker that knows no other. ``ca_file`` turns TLS on.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    client_id: str = "pvmon-collector"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    version: int = 5
    keepalive_s: int = 30

    def admit(self, client: paho.Client, reconnect_most_s: int) -> None:
        """Give a client our name and certificates, and the longest wait between two attempts. [s]"""
        if self.username is not None:
            client.username_pw_set(self.username, self.password)
        if self.ca_file is not None:
            client.tls_set(self.ca_file, self.certificate, self.key)
        client.reconnect_delay_set(1, reconnect_most_s)

    def __repr__(self) -> str:
        return f"Broker({self.host}:{self.port} as {self.client_id})"


class NotUnderstoodError(ValueError):
    """A message that is no sample; the text says why."""


def read_message(topic: str, payload: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return device id and document of a message.

    Raises
    ------
    NotUnderstoodError
        Topic, size or content is not ours.
    """
    match = _TOPIC.fullmatch(topic)
    if match is None:
        raise NotUnderstoodError(f"topic {topic!r}: expected pv/<plant>/<device>/data")
    document = read_json(payload)
    if not isinstance(document, dict):
        raise NotUnderstoodError("not a JSON object")
    device_id = match.group(2)
    if document.get("device", device_id) != device_id:
        raise NotUnderstoodError(f"device {document['device']!r} on the topic of {device_id}")
    return device_id, document


def read_json(payload: bytes) -> Any:
    """Return the JSON of a message.

    Raises
    ------
    NotUnderstoodError
        It is too long, or no JSON.
    """
    if len(payload) > PAYLOAD_MAX:
        raise NotUnderstoodError(f"{len(payload)} bytes; at most {PAYLOAD_MAX} are taken")
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise NotUnderstoodError(f"not JSON: {error}") from error


class GapCounter:
    """Counts the numbered messages of each device that never came. Repeats and late ones change nothing."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._gaps: dict[str, int] = {}

    def seen(self, device_id: str, number: object) -> None:
        """Note a message number; a jump ahead is a gap, a step back to a low number a restarted gateway."""
        if isinstance(number, bool) or not isinstance(number, int):
            return
        last = self._last.get(device_id)
        if last is None or number > last or number <= 1:
            self._last[device_id] = number
        if last is not None and last + 1 < number <= last + 1_000_000:
            self._gaps[device_id] = self._gaps.get(device_id, 0) + number - last - 1

    def counts(self) -> dict[str, int]:
        """Return gaps by device."""
        return dict(self._gaps)


class _OtherVersionError(Exception):
    """Ends the loop of a client, so that the next one speaks the other version."""


class MqttCollector:
    """Implements `collectors.source.MessageSource` over one broker."""

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self.retained = 0
        self.lost_sessions = 0
        self._broker = broker
        self._clock = clock
        self._numbers = GapCounter()
        self._sparkplug = Sparkplug()
        self._deliver: Callable[[Delivery], None] | None = None
        self._connection = 0  # receipts of an older connection are void: the broker sends those again
        self._connected = False
        self._away_since: datetime | None = None
        self._lost: list[Interval] = []
        self._greetings: list[tuple[str, bytes]] = []
        self._said_down = False
        self._version = broker.version
        self._unknown_version = False
        self._turned_away = 0  # times the broker closed the door before saying anything
        self._lock = threading.Lock()
        self._watchdog = threading.Timer(0.0, lambda: None)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._topics: tuple[str, ...] = ()
        self._client = self._make_client()

    # ------------------------------------------------------------------ life

    def start(self, deliver: Callable[[Delivery], None]) -> None:
        """Connect in a thread of our own, again and again; ``deliver`` is called there."""
        self._deliver = deliver
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Disconnect; the broker keeps what was not acknowledged."""
        self._stopping.set()
        self._watchdog.cancel()
        self._client.disconnect()
        if self._thread is not None:
            self._thread.join(_STOP_WITHIN_S)

    def is_connected(self) -> bool:
        """Tell whether the broker accepted us."""
        return self._connected

    def listen(self, topics: Sequence[str]) -> None:
        """Hear these topics too, whose documents are not of our format; also while connected."""
        before, self._topics = self._topics, tuple(topics)
        if self._connected:
            for topic in self._topics:
                self._subscribe(self._client, topic)
            for topic in set(before) - set(self._topics):
                self._client.unsubscribe(topic)

    def acknowledge(self, receipts: list[tuple[int, int]]) -> None:
        """Tell the broker that these messages are safe on disk."""
        with self._lock:
            for connection, message_id in receipts:
                if connection == self._connection and message_id:
                    self._client.ack(message_id, 1)

    def answer(self, topic: str, payload: bytes) -> None:
        """Tell a collector in a village what is safe here; it asks again where nobody hears us."""
        if self._connected:
            self._client.publish(topic, payload, qos=1)

    def greet(self, words: Sequence[tuple[str, bytes]]) -> None:
        """Say this whenever the broker accepts us."""
        with self._lock:
            self._greetings = list(words)

    def gaps(self) -> dict[str, int]:
        """Return how many numbered messages of each device never came."""
        return self._numbers.counts()

    def take_lost(self) -> list[Interval]:
        """Return the times, since last asked, of which the broker has forgotten what was published."""
        with self._lock:
            taken, self._lost = self._lost, []
        return taken

    def _run(self) -> None:
        while not self._stopping.is_set():
            version = self._version
            try:
                self._client.connect_async(self._broker.host, self._broker.port, **self._how_to_connect())
                self._client.loop_forever(retry_first_connection=True)
            except Exception as error:  # noqa: BLE001 (the thread that listens must not end)
                self._say_down(str(error))
            if version != self._version and not self._stopping.is_set():
                log.info("%s: trying MQTT version %s", self._broker, self._version)
                self._client = self._make_client()
            else:
                self._stopping.wait(_RESTART_AFTER_S)

    # ------------------------------------------------------------------ paho

    def _make_client(self) -> paho.Client:
        modern = self._version >= 5
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            clean_session=None if modern else False,
            protocol=MQTTProtocolVersion.MQTTv5 if modern else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        self._broker.admit(client, _RECONNECT_MOST_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_socket_open = self._on_socket_open
        return client

    def _how_to_connect(self) -> dict[str, Any]:
        if self._version < 5:
            return {"keepalive": self._broker.keepalive_s}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it bare
        properties.SessionExpiryInterval = SESSION_S
        properties.ReceiveMaximum = RECEIVE_MAX
        return {"keepalive": self._broker.keepalive_s, "clean_start": False, "properties": properties}

    def _on_socket_open(self, _client: paho.Client, _data: Any, opened: Any) -> None:
        """Do not wait for ever for the first word: an old broker may fall silent at a new question."""
        self._watchdog.cancel()
        self._watchdog = threading.Timer(_FIRST_WORD_WITHIN_S, self._give_up, (opened,))
        self._watchdog.daemon = True
        self._watchdog.start()

    def _give_up(self, opened: Any) -> None:
        self._unknown_version = True
        with suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)

    def _on_connect(self, client: paho.Client, _data: Any, flags: Any, code: Any, _more: Any) -> None:
        self._watchdog.cancel()
        if code.is_failure:
            self._say_down(f"refused: {code}")
            self._unknown_version = code.value in _UNKNOWN_VERSION
            return
        self._turned_away = 0
        with self._lock:
            self._connection += 1
        if self._connection > 1 and not flags.session_present:
            self.lost_sessions += 1
            now = self._clock.now()
            with self._lock:
                self._lost.append(Interval(min(self._away_since or now, now), now))
            log.warning("%s: the broker lost our session; what was published meanwhile is gone", self._broker)
        for asked in (*TOPICS, *self._topics):
            self._subscribe(client, asked)
        self._connected = True
        with self._lock:
            greetings = list(self._greetings)
        for topic, payload in greetings:
            client.publish(topic, payload, qos=1)
        if self._said_down:
            self._said_down = False
            log.info("%s: connected again", self._broker)

    def _subscribe(self, client: paho.Client, topic: str) -> None:
        if self._version >= 5:
            client.subscribe(topic, options=SubscribeOptions(qos=1, retainHandling=2))
        else:
            client.subscribe(topic, qos=1)

    def _on_connect_fail(self, _client: paho.Client, _data: Any) -> None:
        self._say_down("no connection")

    def _on_disconnect(self, _client: paho.Client, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        self._watchdog.cancel()
        with self._lock:
            ever, self._connection = self._connection > 0, self._connection + self._connected
        if not self._connected and not ever:
            self._turned_away += 1
        if self._connected:
            self._away_since = self._clock.now()
        self._connected = False
        if self._stopping.is_set():
            return
        self._say_down(str(code))
        turned_away = self._turned_away and self._turned_away % _TURNED_AWAY_MAX == 0
        if self._broker.version >= 5 and not ever and (turned_away or self._unknown_version):
            self._unknown_version = False
            self._version = 4 if self._version >= 5 else 5
            raise _OtherVersionError(f"now trying MQTT version {self._version}")

    def _say_down(self, why: str) -> None:
        if not self._said_down and not self._stopping.is_set():
            self._said_down = True
            log.warning("%s: %s; check address, name and password. Trying again", self._broker, why)

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        receipt = (self._connection, message.mid if message.qos else 0)
        try:
            if message.retain:
                self.retained += 1
                if message.qos:
                    client.ack(message.mid, message.qos)
                return
            self._hand_over(self._judge(receipt, message))
        except Exception:
            log.exception("a message could not be taken; it is left at the broker")

    def _judge(self, receipt: tuple[int, int], message: paho.MQTTMessage) -> Delivery:
        topic = message._topic.decode("utf-8", "replace")  # noqa: SLF001 (.topic raises on bytes that are no text)
        payload = bytes(message.payload)
        if is_edge_topic(topic):
            try:
                return Delivery(receipt, None, topic, payload, edge=read_edge(topic, payload))
            except BadMessageError as error:
                return Delivery(receipt, None, topic, payload[:PAYLOAD_MAX], str(error))
        now = self._clock.now()
        try:
            if topic.startswith(PREFIX):
                said = self._sparkplug.read(topic, payload)
                at = None if said is None else now
                return Delivery(receipt, None, topic, payload, document=said, received_at=at)
            if any(topic_fits(asked, topic) for asked in self._topics):
                document = read_json(payload)
                return Delivery(receipt, None, topic, payload, document=document, received_at=now)
            device_id, document = read_message(topic, payload)
        except (NotUnderstoodError, SparkplugError) as error:
            return Delivery(receipt, None, topic, payload[:PAYLOAD_MAX], str(error))
        self._numbers.seen(device_id, document.get("seq"))
        sample = Sample(device_id, now, now, document=document, origin=Origin.MQTT)
        return Delivery(receipt, sample, topic, payload)

    def _hand_over(self, delivery: Delivery) -> None:
        if self._deliver is not None:
            self._deliver(delivery)
