"""influxdb-client itself, against a real server of another make that takes the write path of 2.x."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from main.ports import free_ports
from stores.influx_client import InfluxClient
from stores.influx_lines import LineBuilder
from tests.stores.rows import DEVICES, NOON, POWER, batch

SETTLE_S = 30.0  # it answers from memory and writes some seconds later
pytestmark = pytest.mark.needs("victoria")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    port = free_ports(1)[0]
    words = [f"-storageDataPath={tmp_path}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(["victoria-metrics", *words], stdout=log, stderr=log)
    try:
        end = time.monotonic() + 20
        while not _asked(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _asked(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return b""


def test_every_value_written_by_the_client_is_there_once_it_has_settled(url: str) -> None:
    rows = [batch(minute, device, 1000.0 + minute) for device in DEVICES for minute in range(40)]
    builder = LineBuilder(DEVICES)
    client = InfluxClient(url, "pvmon", org="pvmon", token="invented")
    client._generation = 2  # it calls itself 1.8, and is asked by the path of 2.x
    try:
        client.write("\n".join(builder.batch(row) for row in rows).encode())
        written_at = time.monotonic()
    finally:
        client.close()
    name = f"{DEVICES['inv-1'].value}_{POWER}"
    span = f"start={NOON.timestamp() - 60:.0f}&end={NOON.timestamp() + 86_400:.0f}"
    found: list[tuple[int, float]] = []
    while len(found) < 40 and time.monotonic() - written_at < SETTLE_S:
        lines = _asked(f"{url}/api/v1/export?match[]={name}%7Bdevice%3D%22inv-1%22%7D&{span}").splitlines()
        series = [json.loads(line) for line in lines]
        found = [pair for each in series for pair in zip(each["timestamps"], each["values"], strict=True)]
        time.sleep(0.2)
    start_ms = int(NOON.timestamp() * 1000)
    assert found == [(start_ms + minute * 60_000, 1000.0 + minute) for minute in range(40)]
