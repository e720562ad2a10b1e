"""An InfluxDB 1.x of the demonstration's own: on loopback, in its folder, ended with it."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import StoreUnavailableError
from main.demo.parent import end_with_parent
from main.ports import free_ports

_UP_S, _DOWN_S = 30.0, 20.0


@contextmanager
def own_influx(folder: Path) -> Iterator[str]:
    """Run a server for as long as the block lasts; give its address.

    Raises
    ------
    StoreUnavailableError
        There is no `influxd` of 1.x here, or it does not answer.
    """
    program = shutil.which("influxd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise StoreUnavailableError("there is no influxd here; install it: sudo apt-get install influxdb")
    http_port, rpc_port = free_ports(2)
    url = f"http://127.0.0.1:{http_port}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-config", os.devnull],
            env=os.environ | _settings(folder, http_port, rpc_port),
            stdout=log,
            stderr=log,
            preexec_fn=end_with_parent,  # noqa: PLW1509 (one system call, before any thread of the child)
        )
    try:
        _wait(process, url, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(_DOWN_S)


def _settings(folder: Path, http_port: int, rpc_port: int) -> dict[str, str]:
    return {
        "INFLUXDB_META_DIR": str(folder / "meta"),
        "INFLUXDB_DATA_DIR": str(folder / "data"),
        "INFLUXDB_DATA_WAL_DIR": str(folder / "wal"),
        "INFLUXDB_DATA_QUERY_LOG_ENABLED": "false",
        "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{rpc_port}",
        "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{http_port}",
        "INFLUXDB_HTTP_LOG_ENABLED": "false",
        "INFLUXDB_REPORTING_DISABLED": "true",
        "INFLUXDB_MONITOR_STORE_ENABLED": "false",
    }


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    end = time.monotonic() + _UP_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=1):  # noqa: S310 (our own address)
                return
        except (urllib.error.URLError, OSError):
            pass
        if process.poll() is not None or time.monotonic() > end:
            raise StoreUnavailableError(f"influxd (1.x) does not answer at {url}; see {log}")
        time.sleep(0.05)
