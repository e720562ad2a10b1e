"""A webhook of one's own: JSON over https to a checked address, signed, without redirects, in five seconds.

The signature is ``X-Pvmon-Signature: t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`` with the key of the secret
file's second line. The id of the message stands in the body: a receiver that took it before may ignore it.
"""

import hashlib
import hmac
import http.client
import json
import socket
import ssl
from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit

from domain.clock import Clock
from domain.errors import ConfigurationError, NotifyError, NotifyRefusedError
from domain.notification import Notification
from notifiers.addresses import checked_address

TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 64 * 1024
_GOOD = range(200, 300)
_NEVER = frozenset({400, 401, 403, 404, 405, 410, 413, 415})


class Webhook:
    """Implements domain.notification.Channel.

    Parameters
    ----------
    url : str
        ``https://host/path``; plain http only for a host named in ``private_hosts``.
    key : str
        Signs the body; empty: no signature.
    clock : Clock
        Real time, for the signature.
    """

    def __init__(self, url: str, key: str, private_hosts: AbstractSet[str], clock: Clock) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise ConfigurationError("the address of a webhook has an odd port") from error
        if parts.username or parts.password or not parts.hostname:
            raise ConfigurationError("the address of a webhook needs a host, and no user name or password")
        self._host, self._port = parts.hostname, port
        self._secure = parts.scheme == "https"
        if parts.scheme not in {"https", "http"} or (
            not self._secure and f"{self._host}:{port}" not in private_hosts
        ):
            raise ConfigurationError("the address of a webhook must begin with https://")
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._key = key.encode()
        self._private_hosts = private_hosts
        self._clock = clock

    def send(self, notification: Notification) -> None:
        """Post one message."""
        body = json.dumps(document(notification), ensure_ascii=False).encode()
        address = checked_address(self._host, self._port, self._private_hosts)
        connection = self._connection(address)
        try:
            connection.request("POST", self._path, body, self._headers(body))
            answer = connection.getresponse()
            answer.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException) as error:
            raise NotifyError(f"no answer within {TIMEOUT_S:g} s ({type(error).__name__})") from None
        finally:
            connection.close()
        if answer.status in _NEVER or 300 <= answer.status < 400:
            raise NotifyRefusedError(f"the target answered {answer.status}; check its address")
        if answer.status not in _GOOD:
            raise NotifyError(f"the target answered {answer.status}")

    def _headers(self, body: bytes) -> dict[str, str]:
        host = self._host if self._port in {80, 443} else f"{self._host}:{self._port}"
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "pvmon", "Host": host}
        if self._key:
            stamp = str(int(self._clock.now().timestamp()))
            digest = hmac.new(self._key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
            headers["X-Pvmon-Signature"] = f"t={stamp},v1={digest}"
        return headers

    def _connection(self, address: str) -> http.client.HTTPConnection:
        """Return a connection that goes to the checked address and still proves the host's name."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        raw = _connected(address, self._port)
        if self._secure:
            context = ssl.create_default_context()
            try:
                connection.sock = context.wrap_socket(raw, server_hostname=self._host)
            except OSError as error:
                raw.close()
                raise NotifyError(f"no safe connection ({type(error).__name__})") from None
        else:
            connection.sock = raw
        return connection


def _connected(address: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((address, port), TIMEOUT_S)
    except OSError as error:
        raise NotifyError(f"no connection within {TIMEOUT_S:g} s ({error.strerror or 'timeout'})") from None


def document(notification: Notification) -> dict[str, object]:
    """Return what machines get of a message."""
    return {
        "id": notification.notification_id,
        "event": notification.event.value,
        "severity": notification.severity.name,
        "title": notification.title,
        "text": notification.body,
        "alerts": list(notification.alert_ids),
        "created_at": notification.created_at.isoformat(),
    }
