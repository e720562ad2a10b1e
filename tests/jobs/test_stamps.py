"""Collecting while the clock is in another century: nothing lost, nothing doubled, and it says so."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.modbus import ModbusSource
from collectors.spool import Spool
from collectors.time_guard import ClockSource
from domain.measurement import Batch, Quality
from domain.slots import SlotState, accounts_of
from inverters.profile import DeviceProfile, load_profiles
from jobs.collect import Collector
from jobs.collecting import Manner
from jobs.stamps import Held, Stamps
from tests.collectors.clocks import SteppingClock
from tests.collectors.peers import ScriptedSource, peer
from tests.collectors.plants import modbus_plant, registry
from tests.jobs.test_collect import answering, sun2000

pytestmark = pytest.mark.alone

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
SPEED = 60.0


@pytest.fixture(scope="module")
def profiles() -> Mapping[str, DeviceProfile]:
    return load_profiles()


def collecting(
    folder: Path,
    profiles: Mapping[str, DeviceProfile],
    clock: SteppingClock,
    source: ClockSource,
    port: int = 0,
) -> tuple[Collector, Spool]:
    spool = Spool(folder / "spool.sqlite")
    job = Collector(
        registry(modbus_plant(1, port or 15020, 1 if port else 2)),
        profiles,
        clock,
        spool,
        make_source=ModbusSource if port else lambda _: ScriptedSource(),
        manner=Manner(clock_source=source),
    )
    return job, spool


async def until_batches(job: Collector, count: int) -> None:
    for _ in range(600):
        if job.counts().batches >= count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"only {job.counts().batches} batches")


async def until_nothing_waits(job: Collector) -> None:
    for _ in range(200):
        if job.time.trusted and job.time.state().held == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("samples still wait for the clock")


@pytest.mark.parametrize("year", [1970, 2200])
def test_a_start_in_another_century_keeps_every_sample_until_the_clock_is_right(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile], year: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    clock = SteppingClock(datetime(year, 1, 1, tzinfo=UTC), SPEED)

    async def story() -> tuple[int, list[Batch], Spool]:
        job, spool = collecting(tmp_path, profiles, clock, ClockSource.NTP)
        task = asyncio.create_task(job.run())
        await until_batches(job, 6)
        assert spool.status().rows == 0
        assert list(spool.book.strips()) == [], "no slot of another century"
        clock.show(NOON)
        await until_nothing_waits(job)
        await until_batches(job, 10)
        await job.stop()
        await task
        return job.counts().batches, [batch for _, batch in spool.peek(1000)], spool

    count, kept, spool = asyncio.run(story())
    assert len(kept) == count
    assert len({(batch.device_id, batch.measured_at) for batch in kept}) == count
    assert all(NOON - timedelta(minutes=30) < batch.measured_at < NOON + timedelta(hours=1) for batch in kept)
    accounts = accounts_of(spool.book.strips(), clock.now())
    assert {account.day.year for account in accounts} == {2026}
    spool.close()
    assert f"{year}-01-01" in caplog.text
    assert "without a stamp" in caplog.text


def test_a_jump_to_2200_and_back_loses_and_doubles_nothing(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile]
) -> None:
    clock = SteppingClock(NOON, SPEED)

    async def story() -> tuple[int, list[Batch]]:
        job, spool = collecting(tmp_path, profiles, clock, ClockSource.NTP)
        task = asyncio.create_task(job.run())
        await until_batches(job, 4)
        began_s = clock.monotonic()
        clock.show(datetime(2200, 1, 1, tzinfo=UTC))
        await until_batches(job, 8)
        clock.show(NOON + timedelta(seconds=clock.monotonic()))
        await until_nothing_waits(job)
        await until_batches(job, 12)
        await job.stop()
        await task
        assert clock.monotonic() > began_s
        found = [batch for _, batch in spool.peek(1000)]
        spool.close()
        return job.counts().batches, found

    count, kept = asyncio.run(story())
    assert len(kept) == count
    assert len({(batch.device_id, batch.measured_at) for batch in kept}) == count
    assert {batch.measured_at.year for batch in kept} == {2026}
    assert any(batch.qualities and Quality.CLOCK in batch.qualities for batch in kept), "the step's minute"


def test_on_a_persons_word_samples_are_stamped_and_their_slots_say_so(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile]
) -> None:
    clock = SteppingClock(NOON, SPEED)

    async def story() -> None:
        async with peer(answering({1: sun2000(40_000, "SN-1")})) as port:
            job, spool = collecting(tmp_path, profiles, clock, ClockSource.PERSON, port)
            task = asyncio.create_task(job.run())
            await until_batches(job, 2)
            assert spool.status().rows == 0
            assert job.time.confirm()
            await until_nothing_waits(job)
            await until_batches(job, 4)
            later = clock.now() + timedelta(minutes=30)
            job.time.take(Held(Batch("plant-1-inv-01", later, ("ac_active_power_w",), (40_000.0,))))
            await job.stop()
            await task
        assert spool.status().rows == job.counts().batches + 1
        states = {state for strip in spool.book.strips() for state in strip.states}
        assert SlotState.CLOCK in states
        assert SlotState.GOOD not in states
        spool.close()

    asyncio.run(story())


def test_a_doubt_of_the_clock_hides_no_graver_one() -> None:
    clock, out = SteppingClock(NOON), list[Held]()
    stamps = Stamps(clock, ClockSource.NTP, out.append)
    clock.step(60.0)
    doubts = (Quality.OUT_OF_RANGE, Quality.GOOD)
    stamps.take(Held(Batch("inv-1", clock.now(), ("a", "b"), (1.0, 2.0), doubts)))
    assert out[0].batch.qualities == (Quality.OUT_OF_RANGE, Quality.CLOCK)
