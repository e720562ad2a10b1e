"""Forwarding: nothing leaves the queue before it is safe in the store."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.spool import Spool
from domain.clock import ManualClock
from domain.errors import RecordRejectedError, StoreDeniedError, StoreUnavailableError
from domain.measurement import Batch
from jobs.forward import Forwarder
from stores.latest import LatestCache
from stores.memory import MemoryStore
from stores.protocol import WriteResult

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
CLOCK = ManualClock(NOON + timedelta(days=30))
NAMES = ("ac_active_power_w", "ac_energy_total_wh")


def batch(number: int) -> Batch:
    return Batch(f"inv-{number % 5}", NOON + timedelta(seconds=number), NAMES, (float(number), 7.0))


class Store:
    """Keeps batches by key; refuses and fails as told."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, datetime], Batch] = {}
        self.writes = 0
        self.away = False
        self.bad: Callable[[Batch], bool] = lambda batch: False
        self.raises = False
        self.before_answer: Callable[[], None] = lambda: None

    def write(self, batches: Sequence[Batch]) -> WriteResult:
        self.writes += 1
        if self.away:
            raise StoreUnavailableError("store: no connection")
        if self.raises and any(self.bad(b) for b in batches):
            raise RecordRejectedError("a value has another type")
        rejected = [(p, "outside retention") for p, b in enumerate(batches) if self.bad(b)]
        good = [b for b in batches if not self.bad(b)]
        fresh = [b for b in good if (b.device_id, b.measured_at) not in self.kept]
        self.kept |= {(b.device_id, b.measured_at): b for b in fresh}
        self.before_answer()
        return WriteResult(len(fresh), len(good) - len(fresh), rejected)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool.sqlite")
    yield opened
    opened.close()


def forwarder(spool: Spool, store: object, latest: object = None, **more: float) -> Forwarder:
    return Forwarder(spool, store, latest, CLOCK, **more)  # type: ignore[arg-type]


def wait(condition: Callable[[], bool], within_s: float = 40.0) -> None:
    end = time.perf_counter() + within_s
    while not condition():
        assert time.perf_counter() < end, "did not happen in time"
        time.sleep(0.01)


def test_rows_reach_a_real_store_in_order_and_then_the_latest_values(spool: Spool) -> None:
    store, latest = MemoryStore(CLOCK), LatestCache()
    spool.append([batch(number) for number in range(100)])
    job = forwarder(spool, store, latest)
    assert job.run_once() == 100
    assert job.run_once() == 0
    assert spool.status().rows == 0
    newest = latest.get("inv-4")
    assert newest is not None
    assert newest.value("ac_active_power_w") == 99.0
    assert {b.device_id for b in store.latest([f"inv-{n}" for n in range(5)], NOON)} == {
        f"inv-{n}" for n in range(5)
    }


def test_the_latest_values_know_nothing_the_store_does_not_have(spool: Spool) -> None:
    store, latest = Store(), LatestCache()
    store.away = True
    spool.append([batch(1)])
    with pytest.raises(StoreUnavailableError):
        forwarder(spool, store, latest).run_once()
    assert latest.get("inv-1") is None
    assert spool.status().rows == 1


@pytest.mark.parametrize("raises", [False, True], ids=["named in the result", "refused as a whole"])
def test_one_bad_row_among_a_thousand_is_quarantined_and_the_others_stored(
    spool: Spool, raises: bool
) -> None:
    store, latest = Store(), LatestCache()
    store.raises = raises
    store.bad = lambda b: b.values[0] == 333.0
    spool.append([batch(number) for number in range(1000)])
    job = forwarder(spool, store, latest)
    assert job.run_once() == 1000
    assert len(store.kept) == 999
    assert (job.counts.forwarded, job.counts.rejected) == (999, 1)
    assert (spool.status().rows, spool.status().quarantined) == (0, 1)
    assert store.writes <= 22


def test_a_crash_between_store_and_queue_doubles_nothing(spool: Spool) -> None:
    store = Store()

    def die() -> None:
        raise KeyboardInterrupt

    spool.append([batch(number) for number in range(50)])
    store.before_answer = die
    with pytest.raises(KeyboardInterrupt):
        forwarder(spool, store).run_once()
    store.before_answer = lambda: None
    job = forwarder(spool, store)
    job.run_once()
    assert len(store.kept) == 50
    assert job.counts.duplicates == 50
    assert spool.status().rows == 0


def third(remainder: int) -> Callable[[Batch], bool]:
    """A rule that finds every third batch bad; none when ``remainder`` is 3."""
    return lambda batch: int(batch.values[0] or 0) % 3 == remainder


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 4)), min_size=1, max_size=15))
def test_with_any_outages_and_bad_rows_every_row_is_stored_or_quarantined_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool, int]]
) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool") / "spool.sqlite")
    store, sent = Store(), 0
    job = forwarder(spool, store)
    for count, away, bad in [*steps, (0, False, 3)]:
        spool.append([batch(sent + number) for number in range(count)])
        sent += count
        store.away = away
        store.bad = third(bad)
        try:
            job.run_once()
        except StoreUnavailableError:
            assert away
    status = spool.status()
    spool.close()
    assert len(store.kept) + status.quarantined == sent
    assert (status.rows, job.counts.forwarded) == (0, len(store.kept))


def test_a_store_that_is_away_is_tried_for_ever_and_said_once(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    store = Store()
    store.away = True
    spool.append([batch(number) for number in range(10)])
    job = forwarder(spool, store, idle_s=0.02)
    job.start()
    wait(lambda: job.counts.refusals >= 3)
    assert job.is_alive()
    store.away = False
    wait(lambda: len(store.kept) == 10)
    job.stop()
    assert spool.status().rows == 0
    assert [record.message.split("(")[0] for record in caplog.records] == [
        "store: cannot take data ",
        caplog.records[-1].message,
    ]
    assert "takes data again" in caplog.records[-1].message


def test_a_surprise_in_the_store_keeps_the_thread_and_the_rows(spool: Spool) -> None:
    class Buggy(Store):
        broken = True

        def write(self, batches: Sequence[Batch]) -> WriteResult:
            if self.broken:
                raise ZeroDivisionError
            return super().write(batches)

    store = Buggy()
    spool.append([batch(1)])
    job = forwarder(spool, store, idle_s=0.02)
    job.start()
    wait(lambda: job.counts.refusals >= 1)
    store.broken = False
    wait(lambda: len(store.kept) == 1)
    job.stop()
    assert not job.is_alive()


def test_stopping_drains_the_queue(spool: Spool) -> None:
    store = Store()
    job = forwarder(spool, store, idle_s=30.0)
    job.start()
    time.sleep(0.05)
    spool.append([batch(number) for number in range(12_000)])
    started = time.perf_counter()
    job.stop()
    assert time.perf_counter() - started < 5.0
    assert (len(store.kept), spool.status().rows) == (12_000, 0)


def test_stopping_while_the_store_is_away_ends_soon_and_keeps_the_rows(spool: Spool) -> None:
    store = Store()
    store.away = True
    spool.append([batch(1)])
    job = forwarder(spool, store)
    job.start()
    wait(lambda: job.counts.refusals >= 1)
    started = time.perf_counter()
    job.stop()
    assert time.perf_counter() - started < 2.0
    assert spool.status().rows == 1


def test_while_a_backlog_is_worked_off_new_rows_go_first(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.forward.ROWS_MAX", 100)
    monkeypatch.setattr("jobs.catch_up.ROWS_MAX", 100)
    store, latest = Store(), LatestCache()
    spool.append([batch(number) for number in range(1000)])
    job = forwarder(spool, store, latest)
    job.run_once()
    spool.append([batch(number) for number in range(5000, 5010)])
    job.run_once()
    assert {b.values[0] for b in store.kept.values()} >= {float(number) for number in range(5000, 5010)}
    assert len(store.kept) <= 320  # the backlog is far from done
    for _ in range(12):
        job.run_once()
    assert (len(store.kept), spool.status().rows, job.counts.duplicates) == (1010, 0, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.booleans()), max_size=20))
def test_with_any_outages_and_losses_of_a_backlog_nothing_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool, bool]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.forward.ROWS_MAX", 4)
        patch.setattr("jobs.catch_up.ROWS_MAX", 4)
        spool = Spool(tmp_path_factory.mktemp("spool") / "spool.sqlite")
        spool.append([batch(number) for number in range(40)])
        store, sent, taken = Store(), 40, set[float]()
        job = forwarder(spool, store)
        for count, away, quarantined in [*steps, *[(0, False, False)] * 30]:
            spool.append([batch(sent + number) for number in range(count)])
            sent += count
            if quarantined and (oldest := spool.peek(1)):
                spool.quarantine([oldest[0][0]], "taken out")
                taken.add(oldest[0][1].values[0] or 0.0)
            store.away = away
            with suppress(StoreUnavailableError):
                job.run_once()
        while spool.status().rows:
            job.run_once()
        job.stop()
        spool.close()
    stored = {one.values[0] for one in store.kept.values()}
    assert stored | taken == set(map(float, range(sent))), (
        "a row taken out while it is on its way may be both"
    )


def test_a_store_that_does_not_accept_us_is_said_aloud_and_nothing_is_lost(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    class Strict(Store):
        def write(self, batches: Sequence[Batch]) -> WriteResult:
            raise StoreDeniedError("InfluxDB answers 401: put a valid token into the file")

    spool.append([batch(1)])
    job = forwarder(spool, Strict())
    waits = [job._step() for _ in range(21)]
    assert min(waits) >= 30.0
    shouts = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(shouts) == 2
    assert "valid token" in shouts[0].message
    assert (spool.status().rows, job.is_store_there) == (1, False)


def test_a_store_that_asks_to_be_left_alone_is(spool: Spool) -> None:
    class Busy(Store):
        def write(self, batches: Sequence[Batch]) -> WriteResult:
            raise StoreUnavailableError("429", retry_after_s=120.0)

    spool.append([batch(1)])
    assert forwarder(spool, Busy())._step() == 120.0


def test_appending_and_forwarding_at_once_loses_nothing(spool: Spool) -> None:
    store = Store()
    job = forwarder(spool, store, idle_s=0.005)
    job.start()

    def fill(first: int) -> None:
        for start in range(first, first + 500, 20):
            spool.append([batch(number) for number in range(start, start + 20)])

    threads = [threading.Thread(target=fill, args=(number * 500,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job.stop()
    assert len(store.kept) == 2000
    assert job.counts.duplicates == 0
