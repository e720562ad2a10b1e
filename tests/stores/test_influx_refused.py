"""What an InfluxDB server refuses is narrowed down to its rows, in one body or in several at a time."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import StoreUnavailableError
from domain.measurement import Batch
from stores.influx import InfluxStore
from tests.stores.influx_second import ORG, TOKEN, second_generation
from tests.stores.influx_server import InfluxServer, running
from tests.stores.rows import DEVICES, MINUTE, NOON, POWER, batch, clock, hour
from tests.stores.test_influx import a_name, needs_server, opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    with running(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


@pytest.fixture
def name() -> str:
    return a_name()


@pytest.fixture
def store(server: InfluxServer, name: str) -> Iterator[InfluxStore]:
    with closing(opened(server, name)) as store:
        yield store


def poison(server: InfluxServer, name: str) -> None:
    """Make a field a text in the shard of the tests' day: the engine refuses numbers there from now on."""
    at = int(NOON.timestamp() * 1e9)
    server.post(f"/write?db={name}", f'inverter,device=inv-5 dc_power_w="text" {at}')


@needs_server
def test_one_poisoned_row_of_a_thousand_is_rejected_and_the_others_are_kept(
    server: InfluxServer, store: InfluxStore, name: str
) -> None:
    store.write([batch(0, "inv-3")])
    poison(server, name)
    bad = Batch("inv-1", NOON - MINUTE, (POWER, "dc_power_w"), (1.0, 2.0))
    result = store.write([bad, *(batch(minute / 20) for minute in range(999))])
    assert result.accepted == 999
    assert [position for position, _ in result.rejected] == [0]
    assert "dc_power_w" in result.rejected[0][1]
    assert len(store.read(["inv-1"], [POWER], hour())) == 999


@needs_server
def test_a_body_the_server_does_not_take_is_halved(tmp_path: Path, name: str) -> None:
    with running(tmp_path, body_bytes_max=4000) as server, closing(opened(server, name)) as store:
        sent = [batch(place / 100, power=float(place)) for place in range(800)]
        assert store.write(sent).accepted == 800
        assert len(store.read(["inv-1"], [POWER], hour())) == 800


@needs_server
def test_of_several_bodies_at_once_each_tells_what_was_refused_in_it(
    server: InfluxServer, store: InfluxStore, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.influx_write._LINES_MAX", 100)
    store.write([batch(0, "inv-3")])
    poison(server, name)
    bad = {
        place: Batch("inv-2", NOON - place * MINUTE / 60, (POWER, "dc_power_w"), (1.0, 2.0))
        for place in (50, 450)
    }
    bad[199] = batch(199 / 20, power=float("inf"))
    sent = [bad.get(place, batch(place / 20)) for place in range(460)]
    result = store.write(sent)
    assert (result.accepted, result.duplicates) == (457, 0)
    assert {position for position, _ in result.rejected} == set(bad)
    assert len(store.read(["inv-1"], [POWER], hour())) == 457
    assert store.write([one for place, one in enumerate(sent) if place not in bad]).duplicates == 457


@needs_server
def test_when_one_of_several_bodies_fails_the_others_have_ended_before_anybody_is_told(
    store: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.influx_write._LINES_MAX", 10)
    store.write([batch(0, "inv-3")])
    client = store._client
    whole, under_way, calls = client.write, [0], [0]

    def slow(lines: bytes) -> None:
        calls[0] += 1
        under_way[0] += 1
        try:
            if calls[0] == 2:
                raise StoreUnavailableError("gone")
            time.sleep(0.05)
            whole(lines)
        finally:
            under_way[0] -= 1

    monkeypatch.setattr(client, "write", slow)
    with pytest.raises(StoreUnavailableError, match="gone"):
        store.write([batch(place / 20) for place in range(60)])
    assert under_way == [0]
    monkeypatch.setattr(client, "write", whole)
    again = store.write([batch(place / 20) for place in range(60)])
    assert again.accepted + again.duplicates == 60
    assert len(store.read(["inv-1"], [POWER], hour())) == 60


@needs_server
def test_several_bodies_at_once_reach_a_bucket_of_the_second_generation_that_was_not_there(
    server: InfluxServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.influx_write._LINES_MAX", 20)
    with (
        second_generation(server.url) as second,
        closing(InfluxStore(second.url, name, DEVICES, org=ORG, token=TOKEN, clock=clock())) as store,
    ):
        sent = [batch(place / 20) for place in range(410)]
        assert store.write(sent).accepted == 410
        assert store.write(sent).duplicates == 410
        assert len(store.read(["inv-1"], [POWER], hour())) == 410
