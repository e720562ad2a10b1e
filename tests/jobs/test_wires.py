"""The registry changes while the collector runs: who comes is polled at once, and nobody else notices."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from collectors.spool import Spool
from domain.errors import CommandError
from domain.health import Contact
from domain.plant import Plant, Registry
from domain.slots import SlotState
from inverters.profile import DeviceProfile, load_profiles
from jobs.collect import Collector
from tests.collectors.peers import Question, peer
from tests.collectors.plants import inverter, modbus_plant, registry
from tests.jobs.test_collect import answering, batches_of, collector, sun2000, until

IMAGES = {unit: sun2000(40_000 + unit, f"SN-{unit:04d}") for unit in range(1, 9)}
Run = Callable[[Collector, Registry, tuple[int, int], Mapping[int, list[float]]], Awaitable[None]]


def with_devices(plant: Plant, count: int) -> Plant:
    gateway = plant.gateways[0].gateway_id
    return replace(
        plant, devices=tuple(inverter(plant.plant_id, unit, gateway) for unit in range(1, count + 1))
    )


def longest_gap_s(times: list[float]) -> float:
    """Return the longest time between two questions."""
    return max(later - earlier for earlier, later in pairwise(times))


def running(tmp_path: Path, story: Run) -> None:
    """Run a collector over two plants behind real sockets; ``story`` gets the times each port was asked."""

    async def check() -> None:
        asked: dict[int, list[float]] = {1: [], 2: []}
        answer = answering(IMAGES)

        def noting(number: int) -> Callable[[Question, asyncio.StreamWriter], Awaitable[None]]:
            async def note(question: Question, writer: asyncio.StreamWriter) -> None:
                asked[number].append(asyncio.get_running_loop().time())
                await answer(question, writer)

            return note

        async with peer(noting(1)) as one, peer(noting(2)) as two:
            given = registry(modbus_plant(1, one, 2), modbus_plant(2, two, 2))
            spool = Spool(tmp_path / "spool.sqlite")
            job = collector(given, spool, profiles())
            task = asyncio.create_task(job.run())
            try:
                await until(lambda: len(batches_of(spool)) >= 4)
                await story(job, given, (one, two), asked)
            finally:
                await job.stop()
                await task
                spool.close()

    asyncio.run(check())


def profiles() -> Mapping[str, DeviceProfile]:
    return load_profiles()


async def follow(job: Collector) -> list[str]:
    return await asyncio.to_thread(job.follow)


def test_a_device_that_is_added_is_polled_without_a_restart_and_the_other_wire_has_no_gap(
    tmp_path: Path,
) -> None:
    async def story(
        job: Collector, given: Registry, ports: tuple[int, int], asked: Mapping[int, list[float]]
    ) -> None:
        before = job.device_health()["plant-2-inv-01"].good
        await until(lambda: len(asked[2]) >= 40)
        usual_s, asked_before = longest_gap_s(asked[2]), len(asked[2])
        given.become(registry(with_devices(given.plants[0], 3), given.plants[1]))
        assert await follow(job) == ["plant-1-gw"]
        await until(lambda: job.device_health()["plant-1-inv-03"].contact is Contact.ANSWERING)
        await until(lambda: job.device_health()["plant-2-inv-01"].good > before + 12)
        good = {name: health.good for name, health in job.device_health().items()}
        assert good["plant-1-inv-01"] > 3, "who was there before goes on, its counts with it"
        states = {
            state
            for strip in job._spool.book.strips()
            if strip.device_id == "plant-2-inv-01"
            for state in strip.states
        }
        assert states - {SlotState.OPEN}
        assert SlotState.COLLECTOR_DOWN not in states, "what a restart would have left"
        disturbed_s = longest_gap_s(asked[2][asked_before - 1 :])
        assert disturbed_s <= 3 * usual_s + 0.5, (disturbed_s, usual_s)

    running(tmp_path, story)


def test_a_plant_that_is_added_or_leaves_is_followed_and_the_others_keep_their_connection(
    tmp_path: Path,
) -> None:
    async def story(
        job: Collector, given: Registry, ports: tuple[int, int], _asked: Mapping[int, list[float]]
    ) -> None:
        kept = job._wires._running["plant-1-gw"]
        connects = kept.shared.source.connects  # type: ignore[attr-defined]
        third = modbus_plant(3, ports[1], 1)
        given.become(registry(given.plants[0], third))
        assert await follow(job) == ["plant-2-gw", "plant-3-gw"]
        await until(lambda: job.device_health()["plant-3-inv-01"].contact is Contact.ANSWERING)
        assert "plant-2-inv-01" not in job.device_health()
        assert job._wires._running["plant-1-gw"] is kept
        assert kept.shared.source.connects == connects  # type: ignore[attr-defined]
        assert await follow(job) == [], "what is the same already changes nothing"

    running(tmp_path, story)


def test_a_look_and_a_probe_go_over_the_connection_of_the_poller(tmp_path: Path) -> None:
    async def story(
        job: Collector, given: Registry, _ports: tuple[int, int], _asked: Mapping[int, list[float]]
    ) -> None:
        source = job._wires._running["plant-1-gw"].shared.source
        connects = source.connects  # type: ignore[attr-defined]
        found = await asyncio.to_thread(job.visit, lambda wires: wires.look(given, "plant-1-inv-02"), 30.0)
        assert found.sample.device_id == "plant-1-inv-02"
        assert found.reads >= len(found.sample.blocks) > 0
        probed = await asyncio.to_thread(job.visit, lambda wires: wires.probe(given, "plant-1-gw", 2), 30.0)
        assert probed.answered
        assert source.connects == connects  # type: ignore[attr-defined]
        with suppress(CommandError):
            await asyncio.to_thread(job.visit, lambda wires: wires.look(given, "nobody"), 30.0)
            pytest.fail("nobody was looked at")

    running(tmp_path, story)


def test_a_collector_that_does_not_run_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    job = collector(registry(modbus_plant(1, 1, 1)), spool, profiles())
    with pytest.raises(CommandError, match="does not run"):
        job.follow()
    spool.close()
