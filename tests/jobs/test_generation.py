"""A store that was emptied or put back to an older copy is found out, and has every row again afterwards."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collectors.history import History
from collectors.spool import Spool
from domain.clock import ManualClock
from domain.frame import DEVICE, INSTANT
from domain.measurement import Batch
from domain.timespan import Interval
from jobs.forward import Forwarder
from jobs.generation import LOOK_S, Generation
from stores.duckdb import DuckDbStore
from stores.influx import InfluxStore
from stores.mark_protocol import MarkStore
from stores.memory import MemoryStore
from stores.protocol import MeasurementStore
from tests.stores.influx_server import InfluxServer, running
from tests.stores.rows import DEVICES, NOON, POWER, batch

DAYS = 6
STEP = timedelta(hours=1)
PER_DAY = 24


class Plant:
    """A queue that is forwarded day by day into a store that can be exchanged."""

    def __init__(self, folder: Path, store: MeasurementStore, *, bytes_max: int = 1 << 30) -> None:
        self.clock = ManualClock(NOON)
        self.steady_s = 0.0
        self.spool = Spool(folder / "spool.sqlite")
        self.history = History(folder / "history.sqlite", bytes_max=bytes_max)
        self.sent: list[Batch] = []
        self.take(store)

    def take(self, store: MeasurementStore) -> None:
        """Begin as after a restart, with this store."""
        assert isinstance(store, MarkStore)
        self.store = store
        self.generation = Generation(self.history, store, self.clock, lambda: self.steady_s)
        self.forwarder = Forwarder(self.spool, store, None, self.clock, generation=self.generation)

    def day(self) -> None:
        for _ in range(PER_DAY):
            self.clock.advance(STEP.total_seconds())
            rows = [batch(0, name) for name in ("inv-1", "inv-2")]
            stamped = [Batch(row.device_id, self.clock.now(), row.quantities, row.values) for row in rows]
            self.spool.append(stamped)
            self.sent += stamped
            self.forward()

    def forward(self) -> None:
        while True:
            self.steady_s += LOOK_S + 1
            if not self.forwarder.run_once() and not self.generation.is_behind:
                return

    def missing(self) -> set[tuple[str, datetime]]:
        span = Interval(NOON, self.clock.now() + STEP)
        frame = self.store.read(list(DEVICES), [POWER], span).good()
        there = set(zip(frame[DEVICE], frame[INSTANT].dt.to_pydatetime(), strict=True))
        assert len(frame) == len(there), "none twice"
        return {(row.device_id, row.measured_at) for row in self.sent} - there

    def close(self) -> None:
        self.store.close()
        self.spool.close()
        self.history.close()


def duck(folder: Path, clock: ManualClock) -> DuckDbStore:
    return DuckDbStore(folder / "samples.duckdb", clock, DEVICES)


def test_three_days_old_backup_of_the_embedded_store_is_filled_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plant = Plant(tmp_path, MemoryStore(ManualClock(NOON)))
    live, kept = tmp_path / "live", tmp_path / "backup"
    live.mkdir()
    plant.take(duck(live, plant.clock))
    for _ in range(DAYS - 3):
        plant.day()
    plant.store.close()
    shutil.copytree(live, kept)
    plant.take(duck(live, plant.clock))
    for _ in range(3):
        plant.day()
    assert plant.missing() == set()
    plant.store.close()
    shutil.rmtree(live)
    shutil.copytree(kept, live)
    plant.take(duck(live, plant.clock))
    assert len(plant.missing()) == 3 * PER_DAY * 2
    plant.forward()
    assert plant.missing() == set()
    assert plant.generation.given_again >= 3 * PER_DAY * 2
    assert plant.generation.given_again < 4 * PER_DAY * 2, "from the mark on, not everything"
    assert "older copy" in caplog.text
    plant.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    with running(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


def influx(server: InfluxServer, clock: ManualClock) -> InfluxStore:
    return InfluxStore(server.url, "generation", DEVICES, clock=clock)


@pytest.mark.needs("influxd")
def test_three_days_old_state_of_a_real_influxdb_is_filled_again(
    tmp_path: Path, server: InfluxServer
) -> None:
    plant = Plant(tmp_path, MemoryStore(ManualClock(NOON)))
    plant.take(influx(server, plant.clock))
    for _ in range(DAYS - 3):
        plant.day()
    old = plant.clock.now()
    mark = plant.generation._store.mark(plant.history.queue)
    for _ in range(3):
        plant.day()
    assert plant.missing() == set()
    plant.store.close()
    # what a restore of that day's backup leaves: rows and mark of then
    client = influx(server, plant.clock)._client
    client.query(f"DELETE WHERE time > {round(old.timestamp() * 1e9)}")
    store = influx(server, plant.clock)
    store.put_mark(plant.history.queue, mark)
    plant.take(store)
    assert len(plant.missing()) == 3 * PER_DAY * 2
    plant.forward()
    assert plant.missing() == set()
    plant.close()


def test_an_emptied_store_is_filled_from_the_whole_history(tmp_path: Path) -> None:
    plant = Plant(tmp_path, MemoryStore(ManualClock(NOON), DEVICES))
    plant.take(MemoryStore(plant.clock, DEVICES))
    for _ in range(2):
        plant.day()
    plant.take(MemoryStore(plant.clock, DEVICES))
    plant.forward()
    assert plant.missing() == set()
    plant.close()


def test_a_restart_with_the_same_store_gives_nothing_again(tmp_path: Path) -> None:
    plant = Plant(tmp_path, MemoryStore(ManualClock(NOON), DEVICES))
    plant.take(MemoryStore(plant.clock, DEVICES))
    plant.day()
    plant.spool.append([Batch("inv-1", plant.clock.now() + STEP / 2, (POWER,), (1.0,))])
    plant.clock.advance(STEP.total_seconds())
    plant.forwarder.run_once()  # stored, and killed before its mark was written
    plant.take(plant.store)
    plant.forward()
    assert plant.generation.given_again == 0
    plant.close()


def test_a_history_that_cannot_be_written_does_not_hold_up_the_queue(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plant = Plant(tmp_path, MemoryStore(ManualClock(NOON), DEVICES))
    plant.take(MemoryStore(plant.clock, DEVICES))
    plant.history.close()
    plant.spool.append([batch(0)])
    plant.forwarder._step()
    assert plant.spool.status().rows == 0
    assert "could not be given again" in caplog.text
    plant.store.close()
    plant.spool.close()


def test_the_history_lasts_a_week_and_no_more_bytes_than_allowed(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite", bytes_max=1 << 30)
    for day in range(10):
        history.keep([batch(day)], NOON + timedelta(days=day))
    found, number = [], 0
    while (group := history.after(number)) is not None:
        number = group[0]
        found.append(number)
    assert found == [3, 4, 5, 6, 7, 8, 9, 10]
    rows, size = history.status()
    assert rows == 8
    history.close()
    small = History(tmp_path / "history.sqlite", bytes_max=size // 2)
    small.keep([batch(11)], NOON + timedelta(days=10))
    assert small.status()[1] <= size // 2
    assert small.newest() == 11
    small.close()


def test_what_was_kept_comes_back_exactly_and_a_damaged_file_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    history = History(path)
    rows = [batch(0), batch(1, "inv-2"), Batch("inv-1", NOON, (POWER,), (None,))]
    history.keep(rows, NOON)
    queue = history.queue
    assert history.after(0) == (1, rows)
    history.close()
    again = History(path)
    assert (again.queue, again.after(0)) == (queue, (1, rows))
    again.close()
    path.write_bytes(b"no database" * 500)
    fresh = History(path)
    assert fresh.newest() == 0
    assert fresh.queue != queue
    assert path.with_name("history.sqlite.damaged").exists()
    fresh.close()
