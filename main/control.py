"""The control socket: how another `pvmon` command reaches a running instance.

DuckDB and SQLite have one writer, so while `pvmon run` or `pvmon demo` is up, the other verbs ask it. One
line of JSON each way over a Unix socket of mode 0600 in the data folder: who may open the data folder's
files may give orders, nobody else.
"""

import contextlib
import hashlib
import json
import logging
import os
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from domain.errors import AccessDeniedError, CommandError, PvmonError, StoreUnavailableError

log = logging.getLogger(__name__)
Action = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_AGAIN_S = 0.05
_PATH_BYTES_MAX = 100  # the kernel allows 108
_ANSWER_BYTES_MAX = 64 * 1024 * 1024


def socket_path(data: Path) -> Path:
    """Return where the socket of ``data`` is; a long folder name gets a short stand-in of the same user."""
    wanted = data.resolve() / "run" / "pvmon.sock"
    if len(os.fsencode(wanted)) <= _PATH_BYTES_MAX:
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"pvmon-{os.getuid()}-{digest}.sock"


class ControlServer:
    """Answers orders of the command line, one thread a caller."""

    def __init__(self, data: Path, actions: Mapping[str, Action]) -> None:
        self._path = socket_path(data)
        self._actions = dict(actions)
        self._server: socketserver.ThreadingUnixStreamServer | None = None

    def start(self) -> None:
        """Open the socket.

        Raises
        ------
        StoreUnavailableError
            Another instance runs on this data folder.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            if _alive(self._path):
                raise StoreUnavailableError(
                    f"{self._path}: another pvmon runs on this data folder; stop it, or give this one --data DIR"
                )
            self._path.unlink()
        handler = _handler(self._actions)
        previous = os.umask(0o177)
        try:
            self._server = _Server(str(self._path), handler)
        finally:
            os.umask(previous)
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def stop(self) -> None:
        """Close and remove the socket."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._path.unlink(missing_ok=True)
            self._server = None


class _Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 128  # the library's 5 turn callers away who come at once
    daemon_threads = True


def _handler(actions: Mapping[str, Action]) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                request = json.loads(self.rfile.readline(_ANSWER_BYTES_MAX))
                answer = _perform(actions, request)
            except ValueError as error:
                answer = {"ok": False, "error": "CommandError", "message": f"not a request: {error}"}
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")

    return Handler


def _perform(actions: Mapping[str, Action], request: Mapping[str, Any]) -> dict[str, Any]:
    name = str(request.get("action", ""))
    if name not in actions:
        return {"ok": False, "error": "CommandError", "message": f"this instance does not know {name!r}"}
    try:
        return {"ok": True, "result": dict(actions[name](request.get("payload") or {}))}
    except AccessDeniedError as error:
        told = {"reason": error.reason, "values": error.values}
        return {"ok": False, "error": "AccessDeniedError", "message": str(error), **told}
    except PvmonError as error:
        return {"ok": False, "error": type(error).__name__, "message": str(error)}
    except Exception as error:
        log.exception("control action %s", name)
        return {
            "ok": False,
            "error": "CommandError",
            "message": f"{name} failed: {type(error).__name__}, see the log",
        }


def _alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(str(path))
        except BlockingIOError:
            return True  # so many wait that the next one has no place: somebody is there
        except OSError:
            return False
        return True


def _reached(line: socket.socket, path: Path, timeout_s: float) -> bool:
    """Connect; a queue of callers that is full is waited for, for it is no sign that nobody is there."""
    until_s = time.monotonic() + timeout_s
    while True:
        try:
            line.connect(str(path))
        except BlockingIOError:
            if time.monotonic() > until_s:
                raise CommandError(
                    "the running instance takes no more callers; try again in a minute"
                ) from None
            time.sleep(_AGAIN_S)
        except OSError:
            return False
        else:
            return True


def is_running(data: Path) -> bool:
    """Tell whether an instance runs on this data folder."""
    path = socket_path(data)
    return path.exists() and _alive(path)


def call(
    data: Path, action: str, payload: Mapping[str, Any] | None = None, timeout_s: float = 600.0
) -> dict[str, Any] | None:
    """Ask the running instance; None when there is none.

    Raises
    ------
    CommandError
        It refused; the message says why.
    AccessDeniedError
        It may not be done.
    """
    path = socket_path(data)
    if not path.exists():
        return None
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(timeout_s)
        if not _reached(line, path, timeout_s):
            return None
        line.sendall(json.dumps({"action": action, "payload": dict(payload or {})}).encode() + b"\n")
        with line.makefile("rb") as reader:
            answer = json.loads(
                reader.readline(_ANSWER_BYTES_MAX) or b'{"ok": false, "message": "no answer"}'
            )
    if answer["ok"]:
        return dict(answer["result"])
    message = str(answer.get("message", ""))
    if answer.get("error") == "AccessDeniedError":
        raise AccessDeniedError(message, str(answer.get("reason", "")), **answer.get("values", {}))
    raise CommandError(message)
