"""The poller explains every slot: what it did not get, and why."""

import asyncio

from collectors.poller import PolledDevice, WirePoller
from collectors.slot_book import Grid, SlotBook
from domain.errors import NoConnectionError, RefusedError
from domain.measurement import Sample
from domain.slots import SampleAccount, SlotState, accounts_of
from tests.collectors.test_poller import MIDNIGHT, PERIOD_S, PLACE, Bench


class Slots:
    """Runs a wire as the collector does and keeps the book of what became of its slots."""

    def __init__(self, bench: Bench, cycles: int) -> None:
        self.book = SlotBook()
        self.bench = bench
        self.cycles = cycles
        self.stop = asyncio.Event()
        poller = bench.poller = WirePoller(
            "gw-1",
            bench.source,
            bench.devices,
            bench.clock,
            self.take,
            period_s=PERIOD_S,
            place=PLACE,
            say=self.book.apply,
        )
        self.begun = bench.clock.now()
        for device in bench.devices:
            self.book.follow(device.device_id, Grid.of(PERIOD_S, poller.phase_s), self.begun)

    def take(self, device: PolledDevice, sample: Sample, blocks: object, identity: Sample | None) -> None:
        self.book.note(device.device_id, sample.measured_at, SlotState.GOOD)

    def run(self) -> dict[str, SampleAccount]:
        poller = self.bench.poller

        async def some() -> None:
            task = asyncio.create_task(poller.run())
            while poller.counts.cycles < self.cycles:  # noqa: ASYNC110 (the clock stands still otherwise)
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(some())
        accounts: dict[str, SampleAccount] = {}
        for one in accounts_of(self.book.strips(), self.bench.clock.now()):
            assert one.expected == one.good + sum(one.suspect.values()) + sum(one.missing.values())
            accounts[one.device_id] = one
        return accounts


def test_every_slot_of_a_wire_is_explained() -> None:
    wire = Bench(4)
    wire.dead = {2}
    wire.extra = lambda unit, block: RefusedError("busy", 6) if unit == 3 else None
    found = Slots(wire, 30).run()
    expected = found["dev-1"].expected
    assert expected >= 29
    assert found["dev-1"].good == expected
    assert found["dev-3"].missing == {"exception_6": expected}
    dead = found["dev-2"].missing
    assert set(dead) == {"no_answer", "quarantined"}
    assert sum(dead.values()) == expected


def test_slots_of_a_wire_that_is_gone_or_too_slow_say_so() -> None:
    wire = Bench(2)
    wire.extra = lambda unit, block: NoConnectionError("refused")
    found = Slots(wire, 12).run()["dev-1"]
    assert set(found.missing) == {"wire_down"}
    slow = Bench(2)
    slow.source.each = lambda: slow.clock.advance(20.0)  # eight reads: more than two periods a cycle
    found = Slots(slow, 8).run()["dev-1"]
    assert found.missing["skipped"] >= 8
    assert found.good >= 7


def test_sleeping_inverters_are_accounted_asleep() -> None:
    wire = Bench(3, MIDNIGHT)
    wire.dead = {1, 2, 3}
    found = Slots(wire, 20).run()
    assert {frozenset(one.missing) for one in found.values()} == {frozenset({"asleep"})}
