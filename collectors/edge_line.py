"""The village's end of the line to the centre: publishes what it is given, listens for answers.

The session at the broker is thrown away each time: what we sent is ours until the centre itself has answered, so
nothing the broker remembers, forgets or says is needed. Plain MQTT 3.1.1, which every broker speaks.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from collectors.edge_codec import EVERYONE, Answer, BadMessageError, answer_topic, read_answer
from collectors.mqtt import Broker

log = logging.getLogger(__name__)
_RESTART_AFTER_S = 2.0
_RECONNECT_MOST_S = 60
_STOP_WITHIN_S = 3.0


class MqttLine:
    """Implements `collectors.source.Line` over one broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._topics: list[str] = []
        self._connected = False
        self._said_down = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._on_answer: Callable[[Answer], None] = lambda _: None
        self._on_up: Callable[[], None] = lambda: None
        self._client = self._make_client()

    def start(self, on_answer: Callable[[Answer], None], on_up: Callable[[], None]) -> None:
        """Connect in a thread of our own, again and again."""
        self._on_answer, self._on_up = on_answer, on_up
        self._thread = threading.Thread(target=self._run, name="edge-line", daemon=True)
        self._thread.start()

    def listen(self, plant_id: str, source: str) -> None:
        """Listen for answers to this source, and to everyone of its plant."""
        self._topics = [answer_topic(plant_id, source), answer_topic(plant_id, EVERYONE)]
        if self._connected:
            self._client.subscribe([(topic, 1) for topic in self._topics])

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a message; a line that is down takes none, so nothing piles up in memory."""
        if not self._connected:
            return False
        return bool(self._client.publish(topic, payload, qos=1).rc == MQTTErrorCode.MQTT_ERR_SUCCESS)

    def is_connected(self) -> bool:
        """Tell whether the broker accepted us."""
        return self._connected

    def stop(self) -> None:
        """Hang up."""
        self._stopping.set()
        self._client.disconnect()
        if self._thread is not None:
            self._thread.join(_STOP_WITHIN_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._client.connect_async(
                    self._broker.host, self._broker.port, keepalive=self._broker.keepalive_s
                )
                self._client.loop_forever(retry_first_connection=True)
            except Exception as error:  # noqa: BLE001 (the thread that listens must not end)
                self._say_down(str(error))
            if not self._stopping.is_set():
                self._client = self._make_client()
                self._stopping.wait(_RESTART_AFTER_S)

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        self._broker.admit(client, _RECONNECT_MOST_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        if code.is_failure:
            self._say_down(f"refused: {code}")
            return
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        self._connected = True
        if self._said_down:
            self._said_down = False
            log.info("%s: connected again", self._broker)
        self._on_up()

    def _on_connect_fail(self, _client: paho.Client, _data: Any) -> None:
        self._say_down("no connection")

    def _on_disconnect(self, _client: paho.Client, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        self._connected = False
        self._say_down(str(code))

    def _say_down(self, why: str) -> None:
        if not self._said_down and not self._stopping.is_set():
            self._said_down = True
            log.warning(
                "%s: %s; check address, name and certificate. What is read waits in the queue",
                self._broker,
                why,
            )

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            if not message.retain:
                self._on_answer(read_answer(bytes(message.payload)))
        except BadMessageError as error:
            log.warning("an answer of the centre is not understood: %s", error)
        except Exception:
            log.exception("an answer could not be taken; the centre is asked again")
