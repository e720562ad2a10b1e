"""How the pages are reached: plain on loopback, TLS everywhere else, or behind a named proxy. Nothing else starts.

| address | with | served |
|---|---|---|
| loopback | no certificate | http |
| any | certificate files | https |
| not loopback | PVMON_PROXY_HOPS and an https PVMON_PUBLIC_URL | http for the proxy, refused without its headers |
| not loopback | neither | https with a certificate of the own authority, made at the first start |
"""

import ipaddress
import socket
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from domain.clock import Clock
from main.settings import Settings
from main.tls.certificates import Authority, end_of
from main.tls.front import Application

_EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 (named so that it is recognised)


@dataclass(frozen=True, slots=True)
class Reach:
    """How the server is to listen. ``certificate`` None: plain HTTP; ``hops``: proxies to believe."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    hops: int = 0
    authority: Path | None = None

    @property
    def is_tls(self) -> bool:
        """Whether the server itself speaks TLS."""
        return self.certificate is not None


def is_loopback(host: str) -> bool:
    """Tell whether an address stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reach_of(settings: Settings, clock: Clock) -> Reach:
    """Return how the pages are reached; makes a certificate where one is needed and none was given.

    Raises
    ------
    ConfigurationError
        The authority in the data folder is damaged.
    """
    host, port = settings.host, settings.port
    if settings.tls_certificate_file is not None:
        return Reach(host, port, settings.tls_certificate_file, settings.tls_key_file)
    if settings.proxy_hops and settings.public_url.startswith("https://"):
        return Reach(host, port, hops=settings.proxy_hops)
    if is_loopback(host):
        return Reach(host, port)
    folder = settings.data_dir / "tls"
    certificate, key = folder / "server.crt", folder / "server.key"
    if not (certificate.exists() and key.exists() and end_of(certificate) > clock.now()):
        made = Authority(folder, clock).server("server", names_of(settings), folder)
        certificate, key = made.certificate, made.key
    return Reach(host, port, certificate, key, authority=folder / "ca.crt")


def names_of(settings: Settings) -> list[str]:
    """Return the names and addresses a certificate is for."""
    public = urlsplit(settings.public_url).hostname or ""
    own = [] if settings.host in _EVERYWHERE else [settings.host]
    found = [public, *own, socket.gethostname(), *_own_addresses(), "localhost", "127.0.0.1"]
    return list(dict.fromkeys(name for name in found if name))


def _own_addresses() -> list[str]:
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(each[4][0]) for each in found if "%" not in str(each[4][0])})


class ThroughProxy:
    """WSGI: believes so many proxies, and refuses from elsewhere what no proxy took over https."""

    def __init__(self, application: Application, hops: int) -> None:
        from werkzeug.middleware.proxy_fix import ProxyFix

        self._fixed: Any = ProxyFix(application, x_for=hops, x_proto=hops, x_host=0, x_prefix=0)
        self._application = application

    def __call__(self, environ: MutableMapping[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer."""
        proto = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip()
        if proto == "https" and environ.get("HTTP_X_FORWARDED_FOR"):
            answer: Iterable[bytes] = self._fixed(environ, start_response)
            return answer
        if is_loopback(environ.get("REMOTE_ADDR", "")) and not environ.get("HTTP_X_FORWARDED_FOR"):
            return self._application(environ, start_response)  # the health check of this machine
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"ask over https\n"]
