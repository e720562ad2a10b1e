"""On real sockets: who answers in another's place, or in another unit, is stored as not believed and never as good."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from collectors.spool import Spool
from domain.measurement import Batch, Quality
from inverters.profile import DeviceProfile, load_profiles
from tests.collectors.peers import peer
from tests.collectors.plants import modbus_plant, registry
from tests.jobs.test_collect import Image, answering, batches_of, collector, sun2000, until

WATT = "ac_active_power_w"


@pytest.fixture
def profiles() -> Mapping[str, DeviceProfile]:
    return load_profiles()


def sound(power_w: int, serial: str) -> Image:
    """An inverter that feeds 40 kW by its voltages and currents, whatever it says its power is."""
    image = sun2000(power_w, serial)
    image |= dict.fromkeys((32069, 32070, 32071), 2300)
    for first in (32072, 32074, 32076):
        image |= {first: 0, first + 1: 58_000}
    image[32084] = 1000
    return image


def good(batches: list[Batch], device_id: str) -> list[float | None]:
    """Return the powers of a device that would be counted."""
    found = []
    for batch in batches:
        if batch.device_id == device_id and WATT in batch.quantities:
            at = batch.quantities.index(WATT)
            if batch.qualities is None or batch.qualities[at] is Quality.GOOD:
                found.append(batch.values[at])
    return found


def test_a_device_that_begins_to_answer_in_another_unit_is_not_counted_from_then_on(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile]
) -> None:
    async def check() -> tuple[list[float | None], list[float | None], list[float | None]]:
        images = {1: sound(40_000, "SN-0001"), 2: sound(39_000, "SN-0002")}
        spool = Spool(tmp_path / "spool.sqlite")
        async with peer(answering(images)) as port:
            job = collector(registry(modbus_plant(1, port, 2)), spool, profiles)
            task = asyncio.create_task(job.run())
            await until(lambda: len(good(batches_of(spool), "plant-1-inv-01")) >= 2)
            before = good(batches_of(spool), "plant-1-inv-01")
            images[1] = sound(40, "SN-0001")  # kW where W belong
            await until(lambda: job.device_health()["plant-1-inv-01"].inconsistent)
            others = len(good(batches_of(spool), "plant-1-inv-02"))
            await until(lambda: len(good(batches_of(spool), "plant-1-inv-02")) >= others + 3)
            await job.stop()
            await task
        told = batches_of(spool)
        spool.close()
        return before, good(told, "plant-1-inv-01"), good(told, "plant-1-inv-02")

    before, believed, neighbour = asyncio.run(check())
    assert set(before) == set(believed) == {40_000.0}, "none of the wrong ones"
    assert set(neighbour) == {39_000.0}


def test_two_devices_swapped_while_they_were_off_are_found_with_their_first_values(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile]
) -> None:
    async def check() -> list[Batch]:
        images = {1: sound(40_000, "SN-0001"), 2: sound(39_000, "SN-0002")}
        spool = Spool(tmp_path / "spool.sqlite")
        async with peer(answering(images)) as port:
            job = collector(registry(modbus_plant(1, port, 2)), spool, profiles)
            task = asyncio.create_task(job.run())
            await until(lambda: len(batches_of(spool)) >= 4)
            one, two = images.pop(1), images.pop(2)
            await until(lambda: all(h.contact.value != "answering" for h in job.device_health().values()))
            await asyncio.sleep(3.0)
            spool.ack(10**9)
            images |= {1: two, 2: one}
            await until(lambda: all(h.inconsistent for h in job.device_health().values()))
            await until(lambda: len(batches_of(spool)) >= 4)
            await job.stop()
            await task
        told = batches_of(spool)
        spool.close()
        return told

    told = asyncio.run(check())
    assert {batch.device_id for batch in told} == {"plant-1-inv-01", "plant-1-inv-02"}
    assert good(told, "plant-1-inv-01") == good(told, "plant-1-inv-02") == []
