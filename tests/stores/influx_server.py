"""An InfluxDB 1.x of our own for tests: on loopback, on free ports, in a folder that goes away."""

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from main.ports import free_ports

_UP_S = 20.0


class InfluxServer:
    """A running server; may be stopped and started again on the same port and folder."""

    def __init__(self, folder: Path, *, login: bool = False, body_bytes_max: int = 25_000_000) -> None:
        self._folder = folder
        self._http_port, self._rpc_port = free_ports(2)
        self._login = login
        self._body_bytes_max = body_bytes_max
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._http_port}"

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["influxd", "-config", os.devnull],
            env=os.environ | self._settings(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + _UP_S
        while not self._answers():
            assert self._process.poll() is None, "influxd ended at once"
            assert time.monotonic() < end, "influxd does not answer"
            time.sleep(0.05)

    def _settings(self) -> dict[str, str]:
        return {
            "INFLUXDB_META_DIR": str(self._folder / "meta"),
            "INFLUXDB_DATA_DIR": str(self._folder / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(self._folder / "wal"),
            "INFLUXDB_DATA_QUERY_LOG_ENABLED": "false",
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{self._rpc_port}",
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{self._http_port}",
            "INFLUXDB_HTTP_LOG_ENABLED": "false",
            "INFLUXDB_HTTP_MAX_BODY_SIZE": str(self._body_bytes_max),
            "INFLUXDB_HTTP_AUTH_ENABLED": str(self._login).lower(),
            "INFLUXDB_REPORTING_DISABLED": "true",
            "INFLUXDB_MONITOR_STORE_ENABLED": "false",
        }

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer:
                return bool(answer.status == 204)
        except OSError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def post(self, path: str, body: str) -> None:
        """Say something to the server past the store."""
        request = urllib.request.Request(f"{self.url}{path}", data=body.encode(), method="POST")
        if path.startswith("/query"):
            request.add_header("Content-Type", "application/x-www-form-urlencoded")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status < 300


@contextlib.contextmanager
def running(folder: Path, *, login: bool = False, body_bytes_max: int = 25_000_000) -> Iterator[InfluxServer]:
    """Run a server for as long as the block lasts."""
    server = InfluxServer(folder, login=login, body_bytes_max=body_bytes_max)
    server.start()
    try:
        yield server
    finally:
        server.stop()
