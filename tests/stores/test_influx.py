"""The InfluxDB store keeps every promise on a real server, and loses nothing when the server is away."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from stores.influx import InfluxStore
from tests.stores.contract import StoreContract
from tests.stores.influx_server import InfluxServer, running
from tests.stores.rows import DEVICES, clock

pytestmark = pytest.mark.needs("influxd")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    with running(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


class TestInfluxStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _known_server(self, server: InfluxServer) -> None:
        self._url = server.url

    def make_store(self, folder: Path) -> InfluxStore:
        return InfluxStore(self._url, f"contract-{uuid4().hex}", DEVICES, clock=clock())
