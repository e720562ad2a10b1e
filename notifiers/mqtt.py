"""Messages to an MQTT topic, one JSON document each, with QoS 1: for sirens, displays and other programs."""

import json
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt import publish

from domain.errors import ConfigurationError, NotifyError
from domain.notification import Notification
from notifiers.addresses import checked_address
from notifiers.webhook import document

_PORT, _TLS_PORT = 1883, 8883


class MqttChannel:
    """Implements domain.notification.Channel for ``mqtt(s)://user:password@host:port``."""

    def __init__(self, url: str, topic: str, private_hosts: AbstractSet[str]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            raise ConfigurationError(
                "the address of an MQTT target must be mqtt://host:port or mqtts://host:port"
            )
        self._secure = parts.scheme == "mqtts"
        self._host = parts.hostname
        self._port = parts.port or (_TLS_PORT if self._secure else _PORT)
        self._login: Any = (
            {"username": unquote(parts.username), "password": unquote(parts.password or "")}
            if parts.username
            else None
        )
        self._tls: Any = {} if self._secure else None
        self._topic = topic or "pvmon/alerts"
        self._private_hosts = private_hosts

    def send(self, notification: Notification) -> None:
        """Publish one message and wait until the broker has it."""
        checked_address(self._host, self._port, self._private_hosts)
        try:
            publish.single(
                self._topic,
                json.dumps(document(notification), ensure_ascii=False).encode(),
                qos=1,
                hostname=self._host,
                port=self._port,
                auth=self._login,
                tls=self._tls,
            )
        except Exception as error:  # noqa: BLE001 (a foreign library: whatever it raises, nothing was taken)
            raise NotifyError(f"the broker did not take it ({type(error).__name__})") from None
