"""The InfluxDB store keeps every promise on a real server, and loses nothing when the server is away."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import ClassVar
from uuid import uuid4

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient

from collectors.spool import Spool
from domain.errors import ConfigurationError, StoreUnavailableError
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin, Quality
from domain.plant import DeviceKind
from jobs.forward import Forwarder
from stores.influx import InfluxStore
from stores.influx_client import InfluxClient
from stores.protocol import MonthForm
from tests.stores.contract import StoreContract
from tests.stores.contract_months import MonthsContract
from tests.stores.influx_second import ORG, TOKEN, SecondGeneration, second_generation
from tests.stores.influx_server import InfluxServer, running
from tests.stores.rows import (
    COUNTER,
    DEVICES,
    MINUTE,
    NOON,
    POWER,
    QUANTITIES,
    STATE,
    batch,
    clock,
    hour,
    table,
)

needs_server = pytest.mark.needs("influxd")
DAY = date(2026, 7, 1)


def a_name() -> str:
    return f"test-{uuid4().hex}"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    with running(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


@pytest.fixture(scope="session")
def second(server: InfluxServer) -> Iterator[SecondGeneration]:
    with second_generation(server.url) as second:
        yield second


@pytest.fixture
def name() -> str:
    return a_name()


def opened(server: InfluxServer, name: str) -> InfluxStore:
    return InfluxStore(server.url, name, DEVICES, clock=clock())


@pytest.fixture
def store(server: InfluxServer, name: str) -> Iterator[InfluxStore]:
    with closing(opened(server, name)) as store:
        yield store


@needs_server
class TestFirstGeneration(StoreContract, MonthsContract):
    @pytest.fixture(autouse=True)
    def _its_server(self, server: InfluxServer) -> None:
        self._url = server.url

    def make_store(self, folder: Path) -> InfluxStore:
        return InfluxStore(self._url, a_name(), DEVICES, clock=clock())


@needs_server
class TestFirstGenerationsOwnBuckets(TestFirstGeneration):
    """The engine makes every bucket, however few rows it has."""

    @pytest.fixture(autouse=True)
    def _by_the_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("stores.influx_read.ROWS_MAX", 0.0)


@needs_server
class TestSecondGenerationsInterface(StoreContract, MonthsContract):
    @pytest.fixture(autouse=True)
    def _its_server(self, second: SecondGeneration) -> None:
        self._url = second.url

    def make_store(self, folder: Path) -> InfluxStore:
        return InfluxStore(self._url, a_name(), DEVICES, org=ORG, token=TOKEN, clock=clock())


class TestARealSecondGeneration(StoreContract, MonthsContract):
    __test__ = "PVMON_TEST_INFLUX_URL" in os.environ
    _url = os.environ.get("PVMON_TEST_INFLUX_URL", "")
    _token = os.environ.get("PVMON_TEST_INFLUX_TOKEN", "")
    _org = os.environ.get("PVMON_TEST_INFLUX_ORG", ORG)
    _made: ClassVar[list[str]] = []

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _its_buckets(cls) -> Iterator[None]:
        yield
        with InfluxDBClient(cls._url, cls._token, org=cls._org) as client:
            buckets = client.buckets_api()
            for name in cls._made:
                bucket = buckets.find_bucket_by_name(name)
                if bucket is not None:
                    buckets.delete_bucket(bucket)

    def make_store(self, folder: Path) -> InfluxStore:
        self._made.append(a_name())
        return InfluxStore(
            self._url, self._made[-1], DEVICES, org=self._org, token=self._token, clock=clock()
        )


# what the second generation is told


@needs_server
def test_a_bucket_is_made_and_lines_come_compressed_through_the_client(
    second: SecondGeneration, name: str
) -> None:
    with closing(InfluxStore(second.url, name, DEVICES, org=ORG, token=TOKEN, clock=clock())) as store:
        assert store.write([batch(0)]).accepted == 1
        assert store.status().detail["version"] == "2.7.12"
    assert name in second.buckets
    assert name in second.mappings
    ours = [write for write in second.writes if write["bucket"] == name]
    assert ours
    assert {(write["org"], write["precision"], write["encoding"]) for write in ours} == {(ORG, "ns", "gzip")}


@needs_server
def test_a_wrong_token_is_told_apart_and_names_the_setting(second: SecondGeneration, name: str) -> None:
    with closing(
        InfluxStore(second.url, name, DEVICES, org=ORG, token="not-this-one", clock=clock())
    ) as store:
        for act in (lambda: store.write([batch(0)]), lambda: store.read(["inv-1"], [POWER], hour())):
            with pytest.raises(StoreUnavailableError, match="PVMON_INFLUX_TOKEN_FILE") as caught:
                act()
            assert "not-this-one" not in str(caught.value)


@needs_server
def test_a_login_at_the_first_generation_is_user_and_password(tmp_path: Path, name: str) -> None:
    with running(tmp_path, login=True) as server:
        server.post("/query", "q=CREATE USER pv WITH PASSWORD 'invented-word' WITH ALL PRIVILEGES")
        wrong = InfluxStore(server.url, name, DEVICES, token="pv:wrong", clock=clock())
        with closing(wrong), pytest.raises(StoreUnavailableError, match="PVMON_INFLUX_TOKEN_FILE"):
            wrong.write([batch(0)])
        with closing(
            InfluxStore(server.url, name, DEVICES, token="pv:invented-word", clock=clock())
        ) as store:
            assert store.write([batch(0)]).accepted == 1


# away


@needs_server
def test_what_comes_while_the_server_is_away_waits_in_the_queue_and_is_kept_once(
    tmp_path: Path, name: str
) -> None:
    with running(tmp_path / "server") as server, closing(opened(server, name)) as store:
        spool = Spool(tmp_path / "spool.sqlite")
        forwarder = Forwarder(spool, store, None, clock())
        spool.append([batch(minute) for minute in range(10)])
        assert forwarder.run_once() == 10
        server.stop()
        spool.append([batch(minute) for minute in range(8, 20)])
        for _ in range(2):
            with pytest.raises(StoreUnavailableError, match="does not answer"):
                forwarder.run_once()
        assert spool.status().rows == 12
        with pytest.raises(StoreUnavailableError):
            store.read(["inv-1"], [POWER], hour())
        server.start()
        assert forwarder.run_once() == 12
        assert forwarder.counts.duplicates == 2
        assert spool.status().rows == 0
        assert len(store.read(["inv-1"], [POWER], hour())) == 20
        spool.close()


def test_opening_needs_no_server(name: str) -> None:
    store = InfluxStore("http://127.0.0.1:9", name, DEVICES)
    with closing(store), pytest.raises(StoreUnavailableError, match="does not answer"):
        store.write([batch(0)])


@needs_server
def test_a_question_that_fails_is_never_an_empty_answer(store: InfluxStore) -> None:
    store.write([batch(0)])
    with pytest.raises(StoreUnavailableError, match="nonsense"):
        store._ask("SELECT nonsense(ac_active_power_w) FROM inverter")


@needs_server
def test_a_database_that_vanished_is_made_again(server: InfluxServer, store: InfluxStore, name: str) -> None:
    store.write([batch(0)])
    server.post("/query", f'q=DROP DATABASE "{name}"')
    assert len(store.read(["inv-1"], [POWER], hour())) == 0
    server.post("/query", f'q=DROP DATABASE "{name}"')
    assert store.write([batch(1)]).accepted == 1


# rows


@needs_server
def test_numbers_come_back_to_the_last_bit(store: InfluxStore) -> None:
    chance = Random(3)
    values = [chance.uniform(-1, 1) * 10.0 ** chance.randint(-12, 15) for _ in range(300)]
    store.write([batch(place / 10, power=value) for place, value in enumerate(values)])
    assert store.read(["inv-1"], [POWER], hour()).values[POWER].tolist() == values


@needs_server
def test_the_first_copy_stays_for_another_process_too(
    server: InfluxServer, store: InfluxStore, name: str
) -> None:
    store.write([batch(0, power=1.0), batch(9)])
    with closing(opened(server, name)) as other:
        assert other.write([batch(0, power=2.0), batch(9)]).duplicates == 2
        assert other.read(["inv-1"], [POWER], hour(1)).values[POWER].tolist() == [1.0]


@needs_server
def test_a_row_by_hand_is_looked_up_though_somebody_else_wrote_it(
    server: InfluxServer, store: InfluxStore, name: str
) -> None:
    store.write([batch(0)])
    with closing(opened(server, name)) as other:
        other.write([batch(5, power=1.0)])
    assert store.write([batch(5, power=2.0, origin=Origin.MANUAL)]).duplicates == 1
    assert store.read(["inv-1"], [POWER], hour()).values[POWER].tolist() == [1000.0, 1.0]


@needs_server
def test_a_name_with_odd_letters_is_a_name_like_any_other(server: InfluxServer, name: str) -> None:
    odd = {"a, b=c": DeviceKind.INVERTER, "it's": DeviceKind.INVERTER, "一号": DeviceKind.INVERTER}
    with closing(InfluxStore(server.url, name, odd, clock=clock())) as store:
        store.write([batch(0, each) for each in odd])
        assert set(store.read(list(odd), [POWER], hour()).values["device_id"]) == set(odd)
        assert len(store.read(["it's"], [POWER], hour(), every=MINUTE)) == 1
        assert len(store.latest(list(odd), NOON)) == 3


def test_a_name_line_protocol_cannot_carry_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="line"):
        InfluxStore("http://127.0.0.1:9", "x", {"line\nbreak": DeviceKind.INVERTER})


@needs_server
def test_a_row_that_is_half_there_is_waited_for(server: InfluxServer, store: InfluxStore, name: str) -> None:
    whole = batch(1)
    line = store._builder.batch(whole)
    key, fields, at = line.rsplit(" ", 2)
    first, _, rest = fields.partition(",")
    store.write([batch(0)])
    server.post(f"/write?db={name}", f"{key} {rest} {at}")
    late = threading.Timer(0.08, server.post, (f"/write?db={name}", f"{key} {first} {at}"))
    late.start()
    assert store.latest(["inv-1"], NOON) == [whole]
    late.join()


@needs_server
def test_a_missing_value_of_doubtful_quality_keeps_both(store: InfluxStore) -> None:
    odd = Batch("inv-1", NOON, QUANTITIES, (None, 5.0, None), (Quality.STALE, Quality.CLOCK, Quality.GOOD))
    store.write([odd])
    assert store.latest(["inv-1"], NOON) == [odd]
    frame = store.read(["inv-1"], QUANTITIES, hour())
    assert frame.qualities is not None
    assert frame.qualities[[POWER, COUNTER, STATE]].to_numpy().tolist() == [[2, 3, 0]]
    assert frame.values[COUNTER].tolist() == [5.0]
    assert frame.values[POWER].isna().all()


@needs_server
def test_a_bucket_without_values_is_a_bucket(store: InfluxStore) -> None:
    store.write([batch(0, power=None), batch(7, power=1.0)])
    frame = store.read(["inv-1"], [POWER], hour(), every=timedelta(minutes=5))
    assert frame.values["measured_at"].dt.minute.tolist() == [0, 5]
    assert frame.values[POWER].isna().tolist() == [True, False]


@needs_server
def test_a_store_lists_the_quantities_its_devices_had(store: InfluxStore) -> None:
    store.write([batch(0, quality=Quality.STALE)])
    assert set(store.quantities(["inv-2"])) == set(QUANTITIES)


@needs_server
def test_many_devices_are_asked_for_without_naming_each(server: InfluxServer, name: str) -> None:
    many = {f"inv-{place}": DeviceKind.INVERTER for place in range(450)}
    with closing(InfluxStore(server.url, name, many, clock=clock())) as store:
        store.write([batch(0, each, power=1.0) for each in many])
        wanted = list(many)[:300]
        assert len(store.read(wanted, [POWER], hour())) == 300
        assert len(store.latest(wanted, NOON)) == 300
        assert len(store.daily_aggregates(wanted, COUNTER, hour(), "Asia/Shanghai")) == 300
        curve = store.power_curves({"p": wanted}, POWER, hour(), timedelta(hours=1))
        assert (curve["value"].tolist(), curve["devices"].tolist()) == ([300.0], [300])


# days and KPIs between processes


@needs_server
def test_the_collector_marks_and_the_worker_takes(
    server: InfluxServer, store: InfluxStore, name: str
) -> None:
    with closing(opened(server, name)) as worker:
        store.write([batch(0)])
        assert worker.take_dirty_days() == [("inv-1", DAY)]
        store.write([batch(1)])  # while the worker computes
        assert worker.take_dirty_days() == [("inv-1", DAY)]
        assert worker.take_dirty_days() == []


@needs_server
def test_a_mark_made_while_the_worker_finishes_a_day_is_not_lost(
    server: InfluxServer, store: InfluxStore, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(server, name)) as worker:
        store.write([batch(0)])
        assert len(worker.take_dirty_days()) == 1
        looked = worker._days._marks
        later = iter([True])

        def look_and_be_overtaken(where: str) -> object:
            found = looked(where)
            if next(later, False):
                store.write([batch(1)])
            return found

        monkeypatch.setattr(worker._days, "_marks", look_and_be_overtaken)
        assert worker.take_dirty_days() == []
        assert worker.take_dirty_days() == [("inv-1", DAY)]


@needs_server
def test_days_of_a_worker_that_died_are_due_again(
    server: InfluxServer, store: InfluxStore, name: str
) -> None:
    store.write([batch(0)])
    with closing(opened(server, name)) as worker:
        assert len(worker.take_dirty_days()) == 1
    with closing(opened(server, name)) as next_one:
        assert len(next_one.take_dirty_days()) == 1
        assert next_one.take_dirty_days() == []


@needs_server
def test_a_ratio_that_is_no_longer_known_is_not_the_old_one(store: InfluxStore) -> None:
    known = DailyKpi("p1", DAY, 0.0, 2.0, 3.0, 4.0, 0.5, 1, 2)
    unknown = DailyKpi("p1", DAY, None, 2.5, None, None, None, 0, 2)
    store.put_daily([known])
    assert store.daily(["p1"], DAY, DAY) == [known]
    store.put_daily([unknown])
    assert store.daily(["p1"], DAY, DAY) == [unknown]


# old months and size


@needs_server
def test_a_month_the_server_did_not_keep_whole_stays_as_it_was(
    store: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = datetime(2022, 5, 1, tzinfo=UTC)
    store.write([batch(minute, start=old) for minute in range(20)])
    kept = InfluxClient.write
    lost = iter([True])

    def losing(client: InfluxClient, lines: bytes) -> None:
        if not (b"_rolled_up" in lines and next(lost, False)):
            kept(client, lines)

    monkeypatch.setattr(InfluxClient, "write", losing)
    with pytest.raises(StoreUnavailableError, match="4 rows were written, 0 are there"):
        store.roll_up_month("inverter", "2022-05", 5 * MINUTE)
    assert [month.form for month in store.months()] == [MonthForm.LIVE]
    assert store.roll_up_month("inverter", "2022-05", 5 * MINUTE).rows == 4


@needs_server
def test_old_rows_are_counted_too(store: InfluxStore) -> None:
    store.write_table(
        [COUNTER],
        table([("inv-1", datetime(2026, 1, day, tzinfo=UTC), 1.0) for day in (1, 2, 3)]),
        Origin.FILE,
    )
    store.write([batch(0), Batch("met-1", NOON, ("wind_speed_m_s",), (1.0,))])
    status = store.status()
    assert status.rows == 5
    assert status.name == "influx"
    deadline = time.monotonic() + 5
    while store.status().size_bytes == 0:
        assert time.monotonic() < deadline, "the server tells no size"
        time.sleep(0.05)


@needs_server
def test_processes_that_find_no_bucket_at_the_same_moment_make_one(
    second: SecondGeneration, name: str
) -> None:
    clients = [InfluxClient(second.url, name, org=ORG, token=TOKEN) for _ in range(4)]
    problems: list[Exception] = []

    def make(client: InfluxClient) -> None:
        try:
            client.create()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=make, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert problems == []
    assert name in second.buckets
