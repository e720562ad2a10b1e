"""The front that speaks TLS: takes connections, unwraps them, hands the bytes to the web server behind it.

The server behind (waitress, which speaks plain HTTP only) listens on loopback, on a port of its own. Who the
caller is goes beside the bytes, not in them: the front remembers which of its own ports carries which caller,
and `Unwrapped` looks that up, so no header is parsed, added or believed.
"""

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError

log = logging.getLogger(__name__)
_CHUNK = 64 * 1024
_HANDSHAKE_S = 10.0
_START_S = 10.0
_LINGER_S = 0.1  # closed connections are let go of in the next turns of the loop
CONNECTIONS_MAX = 500

Application = Callable[..., Iterable[bytes]]


def context_of(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server's TLS settings: 1.2 or newer, this certificate.

    Raises
    ------
    ConfigurationError
        The files cannot be read, or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"{certificate} and {key}: no certificate with its key ({error}); give both as PEM files"
        ) from error
    return context


class Callers:
    """Which of the front's ports carries whom. Thread safe (a dictionary's single operations are)."""

    def __init__(self) -> None:
        self._by_port: dict[int, str] = {}

    def note(self, port: int, address: str) -> None:
        """Remember a connection."""
        self._by_port[port] = address

    def forget(self, port: int) -> None:
        """Forget it."""
        self._by_port.pop(port, None)

    def at(self, port: int) -> str | None:
        """Return whose connection a port is."""
        return self._by_port.get(port)


class Unwrapped:
    """WSGI: puts the caller's address and https into the environment of what came through the front."""

    def __init__(self, application: Application, callers: Callers) -> None:
        self._application = application
        self._callers = callers

    def __call__(self, environ: MutableMapping[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer; what did not come through the front is refused."""
        caller = self._callers.at(int(environ.get("REMOTE_PORT") or 0))
        if caller is None:
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"ask over https\n"]
        environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = caller, "https"
        return self._application(environ, start_response)


class TlsFront:
    """Listens with TLS and pipes to ``inner_port``, in a thread of its own."""

    def __init__(
        self, context: ssl.SSLContext, host: str, port: int, inner_port: int, callers: Callers
    ) -> None:
        self._context = context
        self._host, self._port, self._inner = host, port, inner_port
        self._callers = callers
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._failure: OSError | None = None
        self._open = 0
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)
        self.port = port

    def start(self) -> None:
        """Listen.

        Raises
        ------
        ConfigurationError
            The port cannot be used.
        """
        self._thread.start()
        self._up.wait(_START_S)
        if self._failure is not None:
            raise ConfigurationError(
                f"port {self._port} on {self._host} cannot be used ({self._failure.strerror}): "
                "stop the program that has it, or choose another one with --port"
            ) from self._failure

    def stop(self) -> None:
        """Stop listening."""
        if self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:
            self._failure = error
            self._up.set()
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._take, self._host, self._port)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        async with server:
            await self._stop.wait()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(_LINGER_S)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = (writer.get_extra_info("peername") or ("",))[0]
        self._open += 1
        try:
            if self._open <= CONNECTIONS_MAX and await self._shakes_hands(writer, address):
                await self._carry(reader, writer, address)
                await _closed(writer)
        except (OSError, asyncio.IncompleteReadError) as error:
            log.debug("connection of %s ended: %s", address, error)
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _shakes_hands(self, writer: asyncio.StreamWriter, address: str) -> bool:
        """Begin TLS; what fails here is dropped, for nobody is there to be told."""
        try:
            await writer.start_tls(self._context, ssl_handshake_timeout=_HANDSHAKE_S)
        except (OSError, ssl.SSLError) as error:
            log.debug("no TLS with %s: %s", address, error)
            return False
        return True

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._inner)
        port = inner_writer.get_extra_info("sockname")[1]
        self._callers.note(port, address)
        try:
            await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))
        finally:
            self._callers.forget(port)
            await _closed(inner_writer)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    finally:
        await _closed(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        writer.close()
        await writer.wait_closed()
