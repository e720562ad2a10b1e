"""Listening at a broker for a short while, for a person who asks what is published there: nothing is kept or answered.

The session is clean, so the broker queues nothing for us afterwards; what is retained there comes at once and is marked.
"""

import threading
from dataclasses import dataclass, replace
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from collectors.mqtt import PAYLOAD_MAX, Broker
from domain.errors import NoConnectionError

TOPICS_MAX = 500
_CONNECT_WITHIN_S = 5.0
_RECONNECT_MOST_S = 30


@dataclass(frozen=True, slots=True)
class HeardTopic:
    """What was published on a topic: its newest message, and how many there were."""

    topic: str
    payload: bytes
    messages: int = 1
    retained: bool = False


def hear(broker: Broker, seconds: float) -> list[HeardTopic]:
    """Return what is published at a broker within ``seconds``, by topic.

    Raises
    ------
    NoConnectionError
        The broker does not let us in.
    """
    return _Ear(broker).hear(seconds)


class _Ear:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._heard: dict[str, HeardTopic] = {}
        self._answered = threading.Event()
        self._refused = ""

    def hear(self, seconds: float) -> list[HeardTopic]:
        """Connect, listen, go."""
        client = paho.Client(
            CallbackAPIVersion.VERSION2, clean_session=True, protocol=MQTTProtocolVersion.MQTTv311
        )
        self._broker.admit(client, _RECONNECT_MOST_S)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        try:
            client.connect(self._broker.host, self._broker.port, keepalive=self._broker.keepalive_s)
        except OSError as error:
            raise NoConnectionError(f"{self._broker}: {error}; check address and network") from error
        client.loop_start()
        try:
            if not self._answered.wait(_CONNECT_WITHIN_S) or self._refused:
                why = self._refused or "no answer within the time-out"
                raise NoConnectionError(f"{self._broker}: {why}; check name and password")
            threading.Event().wait(seconds)
        finally:
            client.disconnect()
            client.loop_stop()
        return sorted(self._heard.values(), key=lambda one: one.topic)

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        self._refused = str(code) if code.is_failure else ""
        if not self._refused:
            client.subscribe("#", qos=0)
        self._answered.set()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        topic = message._topic.decode("utf-8", "replace")  # noqa: SLF001 (.topic raises on bytes that are no text)
        before = self._heard.get(topic)
        if before is None and len(self._heard) >= TOPICS_MAX:
            return
        new = HeardTopic(topic, bytes(message.payload)[:PAYLOAD_MAX], retained=bool(message.retain))
        self._heard[topic] = new if before is None else replace(new, messages=before.messages + 1)
