"""Serves the pages with waitress: a WSGI server of pure Python that runs the same on every machine."""

import logging
import threading
from typing import Any

from waitress.server import create_server

from domain.errors import ConfigurationError

log = logging.getLogger(__name__)
_THREADS = 8
_STOP_S = 5.0


class WebServer:
    """The dashboard's HTTP server, in a thread of its own."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        # Every open page asks a few callbacks at once; waiting for a free thread for a moment is no news.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        try:
            self._server = create_server(app, host=host, port=port, threads=_THREADS, ident=None)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} on {host} cannot be used ({error.strerror}): stop the program that has it, "
                "or choose another one with --port"
            ) from error
        self.url = f"http://{host}:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        """Answer requests."""
        self._thread.start()

    def _serve(self) -> None:
        try:
            self._server.run()
        except OSError:  # the listening socket is closed under it by stop()
            log.debug("web server ended")

    def stop(self) -> None:
        """Stop answering; requests under way get a moment."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=_STOP_S)
        self._server.close()
        self._thread.join(_STOP_S)
