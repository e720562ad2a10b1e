"""Serves the pages with waitress: a WSGI server of pure Python that runs the same on every machine."""

import logging
import threading
from typing import Any

from waitress.server import create_server
from waitress.wasyncore import close_all

from domain.errors import ConfigurationError
from main.network import Reach, ThroughProxy, is_loopback
from main.tls.front import Callers, TlsFront, Unwrapped, context_of

log = logging.getLogger(__name__)
_THREADS = 8
_STOP_S = 5.0


class WebServer:
    """The dashboard's HTTP server, in a thread of its own; with a certificate, behind a front that speaks TLS."""

    def __init__(self, app: Any, reach: Reach) -> None:
        # Every open page asks a few callbacks at once; waiting for a free thread for a moment is no news.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        if not (reach.is_tls or reach.hops or is_loopback(reach.host)):
            raise ConfigurationError(
                f"{reach.host} is not this machine alone, and plain http would show logins to the network: "
                "give PVMON_TLS_CERTIFICATE_FILE and PVMON_TLS_KEY_FILE, or a proxy with PVMON_PROXY_HOPS"
            )
        self._reach = reach
        self._front: TlsFront | None = None
        context = None
        if reach.certificate is not None and reach.key is not None:
            context = context_of(reach.certificate, reach.key)
        callers = Callers()
        host, port, served = reach.host, reach.port, app
        if reach.is_tls:
            host, port, served = "127.0.0.1", 0, Unwrapped(app, callers)
        elif reach.hops:
            served = ThroughProxy(app, reach.hops)
        self._channels: dict[int, Any] = {}
        options = {"threads": _THREADS, "ident": None, "clear_untrusted_proxy_headers": False}
        try:
            self._server = create_server(served, map=self._channels, host=host, port=port, **options)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} on {host} cannot be used ({error.strerror}): stop the program that has it, "
                "or choose another one with --port"
            ) from error
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        if context is not None:
            inner = int(self._server.effective_port)
            self._front = TlsFront(context, reach.host, reach.port, inner, callers)

    @property
    def url(self) -> str:
        """Where the pages are."""
        if self._front is not None:
            return f"https://{self._reach.host}:{self._front.port}"
        return f"http://{self._reach.host}:{self._server.effective_port}"

    def start(self) -> None:
        """Answer requests."""
        self._thread.start()
        if self._front is not None:
            self._front.start()

    def _serve(self) -> None:
        try:
            self._server.run()
        except OSError:  # the listening socket is closed under it by stop()
            log.debug("web server ended")

    def stop(self) -> None:
        """Stop answering; requests under way get a moment."""
        if self._front is not None:
            self._front.stop()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=_STOP_S)
        self._server.close()
        self._thread.join(_STOP_S)
        close_all(self._channels, ignore_all=True)
