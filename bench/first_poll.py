"""How soon after its start a collector asks its first device: a new process, the shipped 60 plants, real sockets.

Every gateway of the shipped configuration is listened for; the clock runs from the start of the process to the first
byte of a question. `pvmon collect` has a store that is away, as after a power cut; `pvmon run` its embedded one.
"""

import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from main.configuration import load_registry

ROOT = Path(__file__).parent.parent
_WAIT_S = 60.0
_AWAY = {"PVMON_STORE": "influx", "PVMON_INFLUX_URL": "http://127.0.0.1:9"}


@contextmanager
def listening(ports: list[int]) -> Iterator[list[socket.socket]]:
    """Listen on ports of this machine."""
    with ExitStack() as stack:
        found = []
        for port in ports:
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port))
            one.listen()
            found.append(one)
        yield found


def first_question_s(role: str, more: dict[str, str]) -> float:
    """Start a process in a new folder; return when the first question came. [s]"""
    registry = load_registry(ROOT / "config", None)
    ports = sorted({gateway.port for gateway in registry.gateways() if gateway.protocol.has_socket})
    with tempfile.TemporaryDirectory(prefix="pvmon-first-") as name, listening(ports) as doors:
        folder = Path(name)
        (folder / "token").write_text(os.urandom(16).hex(), "utf-8")
        words = [sys.executable, "-m", "main", "--config", str(ROOT / "config"), "--data", name, role]
        settings = {**os.environ, **more, "PVMON_INFLUX_TOKEN_FILE": str(folder / "token")}
        with (folder / "said").open("w") as said:
            begun = time.perf_counter()
            process = subprocess.Popen(words, cwd=ROOT, env=settings, stdout=said, stderr=said)
        try:
            return _first_byte_s(doors, begun, process)
        finally:
            process.kill()
            process.wait()


def _first_byte_s(doors: list[socket.socket], begun: float, process: "subprocess.Popen[bytes]") -> float:
    known = {door.fileno(): door for door in doors}
    lines: dict[int, socket.socket] = {}
    try:
        while time.perf_counter() < begun + _WAIT_S:
            ready, _, _ = select.select([*known, *lines], [], [], 0.2)
            for number in ready:
                if number in lines:
                    return time.perf_counter() - begun
                line, _ = known[number].accept()
                lines[line.fileno()] = line
            if process.poll() is not None:
                raise SystemExit(f"the process ended with {process.returncode} before it asked anybody")
    finally:
        for line in lines.values():
            line.close()
    raise SystemExit(f"nobody was asked within {_WAIT_S:g} s")


def run(*, quick: bool) -> dict[str, float]:
    """Return the figures."""
    times = 1 if quick else 5
    collect = [first_question_s("collect", _AWAY) for _ in range(times)]
    whole = [first_question_s("run", {}) for _ in range(times)]
    return {
        "first_poll_collect_s": statistics.median(collect),
        "first_poll_collect_most_s": max(collect),
        "first_poll_run_s": statistics.median(whole),
        "first_poll_run_most_s": max(whole),
    }
