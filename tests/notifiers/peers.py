"""A real HTTP server on a free port that takes messages, refuses them, or hangs, as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Peer:
    """What was received, and how to answer next."""

    def __init__(self) -> None:
        self.status = 200
        self.hang_s = 0.0
        self.location = ""
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.port = 0
        self.released = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/hook"

    def ids(self) -> list[str]:
        return [body["id"] for body in self.bodies]


@contextmanager
def peer() -> Iterator[Peer]:
    state = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if state.hang_s:
                state.released.wait(state.hang_s)
            if 200 <= state.status < 300:
                state.raw.append(content)
                state.bodies.append(json.loads(content))
                state.headers.append(dict(self.headers))
            try:
                self.send_response(state.status)
                if state.location:
                    self.send_header("Location", state.location)
                self.end_headers()
            except OSError:
                return

        def log_message(self, *_args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
