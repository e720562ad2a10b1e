"""The DuckDB store keeps every promise, and keeps it through kills, other processes and bad files."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from domain.errors import StoreUnavailableError, StoreVersionError
from domain.measurement import Batch, Quality
from domain.timespan import Interval
from stores.duckdb import DuckDbStore
from tests.conftest import ROOT
from tests.stores.contract import StoreContract
from tests.stores.rows import COUNTER, DEVICES, NOON, POWER, ZONE, batch, clock, hour

FILE = "samples.duckdb"


def opened(folder: Path) -> DuckDbStore:
    return DuckDbStore(folder / FILE, clock(), DEVICES)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDbStore]:
    store = opened(tmp_path)
    yield store
    store.close()


class TestDuckDbStore(StoreContract):
    def make_store(self, folder: Path) -> DuckDbStore:
        return opened(folder)


def test_everything_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.write([batch(0, power=9e9, quality=Quality.OUT_OF_RANGE), batch(1, "inv-2", counter=None)])
    before = store.latest(["inv-1", "inv-2"], NOON)
    store.close()
    again = opened(tmp_path)
    assert again.latest(["inv-1", "inv-2"], NOON) == before
    assert again.write([batch(0)]).duplicates == 1
    again.close()


def test_days_taken_by_somebody_who_did_not_finish_are_due_again_after_a_crash(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.write([batch(0)])
    assert len(store.take_dirty_days()) == 1
    store.close()  # nobody said that the days were computed
    again = opened(tmp_path)
    assert len(again.take_dirty_days()) == 1
    assert again.take_dirty_days() == []
    again.close()


def _steps_with_openings(folder: Path, counters: tuple[float | None, ...]) -> list[int]:
    for minute, counter in enumerate(counters):
        with closing(opened(folder)) as store:
            store.write([batch(minute, counter=counter)])
    with closing(opened(folder)) as store:
        return list(store.daily_aggregates(["inv-1"], COUNTER, hour(), ZONE)["steps_back"])


def test_a_step_back_right_after_opening_is_counted(tmp_path: Path) -> None:
    assert _steps_with_openings(tmp_path, (10.0, 30.0, 20.0, 40.0)) == [1]


def test_a_step_back_hidden_behind_a_missing_value_is_counted_after_opening(tmp_path: Path) -> None:
    assert _steps_with_openings(tmp_path, (30.0, None, 20.0, 40.0)) == [1]


def test_a_step_back_over_the_edge_of_a_month_in_one_write_is_counted(store: DuckDbStore) -> None:
    edge = NOON.replace(month=8, hour=0) - timedelta(days=31)  # 1 July 00:00 UTC, 08:00 local
    rows = [(-2, 100.0), (-1, 200.0), (1, 150.0), (2, 160.0)]
    store.write([batch(minute, counter=counter, start=edge) for minute, counter in rows])
    span = Interval(edge - timedelta(days=1), edge + timedelta(days=1))
    assert store.daily_aggregates(["inv-1"], COUNTER, span, ZONE)["steps_back"].tolist() == [1]


_WRITER = """
    import sys, time
    from datetime import timedelta
    from pathlib import Path
    from stores.duckdb import DuckDbStore
    from tests.stores.rows import DEVICES, batch, clock
    store = DuckDbStore(Path(sys.argv[1]), clock(), DEVICES)
    for minute in range(10_000):
        store.write([batch(minute / 60, name) for name in ("inv-1", "inv-2", "inv-3")])
        print(minute, flush=True)
"""


def _run(code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("sweeps", [1, 40, 110])
def test_a_killed_writer_loses_no_acknowledged_row(tmp_path: Path, sweeps: int) -> None:
    with _run(_WRITER, str(tmp_path / FILE)) as writer:
        assert writer.stdout is not None
        acknowledged = -1
        while acknowledged < sweeps:
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        for line in writer.stdout:
            acknowledged = int(line)
        writer.wait()
    store = opened(tmp_path)
    rows = len(store.read(["inv-1", "inv-2", "inv-3"], [POWER], hour(600)))
    store.close()
    assert rows % 3 == 0
    assert rows >= (acknowledged + 1) * 3


def test_a_second_process_is_told_who_owns_the_file(tmp_path: Path, store: DuckDbStore) -> None:
    code = """
        import sys
        from pathlib import Path
        from domain.errors import StoreUnavailableError
        from stores.duckdb import DuckDbStore
        from tests.stores.rows import DEVICES, clock
        try:
            DuckDbStore(Path(sys.argv[1]), clock(), DEVICES)
        except StoreUnavailableError as error:
            print(error)
    """
    with _run(code, str(tmp_path / FILE)) as other:
        said, complaint = other.communicate(timeout=60)
    assert "pvmon run" in said, complaint
    assert str(tmp_path) in said


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with duckdb.connect(str(tmp_path / FILE)) as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(StoreVersionError, match="newer pvmon"):
        opened(tmp_path)
    with duckdb.connect(str(tmp_path / FILE)) as raw:
        assert raw.execute("SELECT value FROM meta").fetchone() == ("99",)


def test_a_file_that_is_no_database_is_named_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreUnavailableError, match="restore a backup"):
        opened(tmp_path)
    assert (tmp_path / FILE).read_bytes().startswith(b"this is no database")


def test_a_data_folder_that_is_a_file_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(StoreUnavailableError, match="--data"):
        DuckDbStore(tmp_path / "data" / FILE, clock(), DEVICES)


_FULL = """
    import resource, signal, sys
    from pathlib import Path
    from domain.errors import StoreUnavailableError
    from stores.duckdb import DuckDbStore
    from tests.stores.rows import DEVICES, batch, clock, hour
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = DuckDbStore(Path(sys.argv[1]), clock(), DEVICES)
    kept = 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, resource.RLIM_INFINITY))
    try:
        for minute in range(3000):
            kept += store.write([batch(minute / 60 + n / 3600, "inv-1") for n in range(50)]).accepted
        print("never full")
    except StoreUnavailableError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kept += store.write([batch(0, "inv-2")]).accepted
    print(kept, store.status().rows)
    store.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit there")
def test_a_full_disk_is_said_nothing_acknowledged_is_lost_and_it_goes_on_afterwards(tmp_path: Path) -> None:
    with _run(_FULL, str(tmp_path / FILE)) as writer:
        said, complaint = writer.communicate(timeout=120)
    lines = said.splitlines()
    assert "free some space" in lines[0], said + complaint
    kept, rows = map(int, lines[1].split())
    assert kept > 50
    assert rows >= kept


def test_many_layouts_and_kinds_in_one_write_come_back(store: DuckDbStore) -> None:
    sweep = [
        batch(0),
        Batch("inv-2", NOON, (COUNTER, "dc_power_w"), (1.0, None)),
        Batch("inv-3", NOON, (), ()),
        Batch("meter-1", NOON, ("meter_energy_forward_wh",), (3.0,)),
    ]
    assert store.write(sweep).accepted == 4
    assert store.latest([b.device_id for b in sweep], NOON) == sweep


def test_a_registry_that_changes_is_followed_and_old_devices_stay_readable(store: DuckDbStore) -> None:
    store.write([batch(0)])
    store.register({"new-1": DEVICES["inv-1"]})
    assert store.write([batch(0, "inv-1"), batch(0, "new-1")]).accepted == 1
    assert len(store.read(["inv-1", "new-1"], [POWER], hour())) == 2


@pytest.mark.parametrize("tidy", [True, False])
def test_what_is_left_in_the_log_at_the_end_is_there_at_the_next_opening(tmp_path: Path, tidy: bool) -> None:
    path = tmp_path / "s.duckdb"
    store = DuckDbStore(path, clock(), DEVICES, ends_tidy=tidy)
    store.write([batch(0)])
    store.close()
    assert path.with_suffix(".duckdb.wal").exists() is not tidy
    with closing(DuckDbStore(path, clock(), DEVICES)) as again:
        assert len(again.read(["inv-1"], [POWER], hour())) == 1


@pytest.mark.parametrize("cells", [1, 12, 10_000])
def test_a_read_put_together_from_pieces_is_the_read_of_the_whole(
    store: DuckDbStore, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    names = ["inv-1", "inv-2"]
    store.write(
        [
            batch(minute, name, power=float(minute), counter=100.0 + minute)
            for minute in range(60)
            for name in names
        ]
    )
    inside = Interval(NOON + timedelta(minutes=3), NOON + timedelta(minutes=57))
    monkeypatch.setattr("stores.duckdb_read._CELLS_AT_ONCE", cells)
    frame = store.read(names, [POWER, COUNTER], inside, every=timedelta(minutes=5)).values
    assert len(frame) == 2 * 12
    first = frame[frame["device_id"] == "inv-1"]
    assert first["measured_at"].dt.minute.tolist() == list(range(0, 60, 5))
    assert first[POWER].tolist() == [3.5, *(each + 2.0 for each in range(5, 55, 5)), 55.5]
    assert first[COUNTER].tolist() == [104.0, *(100.0 + each + 4.0 for each in range(5, 55, 5)), 156.0]


ENDLESS = "SELECT sum(a.range * b.range) FROM range(3000000) a, range(3000000) b"


@pytest.mark.parametrize("writes", [True, False])
def test_closing_gives_up_what_is_under_way_and_keeps_nothing_of_it(tmp_path: Path, writes: bool) -> None:
    store = DuckDbStore(tmp_path / "s.duckdb", clock(), DEVICES)
    store.write([batch(0)])
    told: list[Exception] = []
    begun = threading.Event()

    def work() -> None:
        try:
            if writes:
                with store._transaction() as connection:
                    connection.execute("DELETE FROM dirty")
                    begun.set()
                    connection.execute(f"CREATE TEMP TABLE much AS {ENDLESS}")
            else:
                begun.set()
                store._fetch(lambda _: ENDLESS)
        except StoreUnavailableError as error:
            told.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert begun.wait(10)
    time.sleep(0.3)
    at = time.monotonic()
    store.close()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - at < 10
    assert len(told) == 1
    with closing(DuckDbStore(tmp_path / "s.duckdb", clock(), DEVICES)) as again:
        assert len(again.read(["inv-1"], [POWER], hour())) == 1
        assert len(again.take_dirty_days()) == 1, "what was deleted meanwhile is back"
