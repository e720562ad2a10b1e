"""The poller explains every slot: what it did not get, and why."""

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from collectors.contact import Light
from collectors.polled_slots import PolledSlots, phase_of
from collectors.poller import PolledDevice, WirePoller
from collectors.slot_book import Grid, SlotBook
from domain.errors import NoConnectionError, RefusedError
from domain.measurement import Sample
from domain.slots import SampleAccount, SlotRange, SlotState, accounts_of, microseconds, word_of
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


@given(st.text(min_size=1, max_size=20), st.sampled_from([10.0, 60.0, 300.0, 900.0]), st.integers(0, 10**6))
def test_a_slot_begins_where_the_account_has_it_to_the_microsecond(
    wire_id: str, period_s: float, ahead: int
) -> None:
    phase_s = phase_of(wire_id, period_s)
    said: list[SlotRange] = []
    slots = PolledSlots(period_s, phase_s, said.append, None)
    device = Bench(1).devices[0]
    slot = round(MIDNIGHT.timestamp() / period_s) + ahead
    slots.close(slot, [device])
    grid, end_us = Grid.of(period_s, phase_s), microseconds(said[0].end)
    assert grid.containing(end_us) == end_us, "a microsecond more would say it of the next slot too"
    assert end_us - microseconds(slots.instant_of(slot)) == round(period_s * 1e6)


def test_a_program_that_begins_in_the_end_of_a_slot_was_not_there_for_it() -> None:
    said: list[SlotRange] = []
    slots = PolledSlots(60.0, 12.0, said.append, None)
    device = Bench(1).devices[0]
    book = SlotBook()
    book.follow(device.device_id, Grid.of(60.0, 12.0), slots.instant_of(8) - timedelta(seconds=1))
    slots.begin(8, [device])
    device.contact.failed(slots.instant_of(8), RefusedError("busy", 6), Light.DAY)
    slots.close(8, [device])
    for one in said:
        book.apply(one)
    states = next(iter(book.strips())).states
    at = [
        number for number, state in enumerate(states) if state not in {SlotState.OPEN, SlotState.NOT_EXPECTED}
    ]
    assert [word_of(states[number]) for number in at] == ["collector_down", "exception_6"]


def test_who_is_reached_only_in_the_next_slot_of_the_first_cycle_was_not_missed_but_not_looked_for() -> None:
    wire = Bench(3)
    wire.dead = {1, 2, 3}
    phase_s = phase_of("gw-1", PERIOD_S)
    start_s = (wire.clock.now().timestamp() - phase_s) // PERIOD_S * PERIOD_S + phase_s
    wire.clock.advance(start_s + PERIOD_S - 4.0 - wire.clock.now().timestamp())  # the slot's last seconds
    wire.source.each = lambda: wire.clock.advance(1.5)
    found = Slots(wire, 3)
    found.run()
    first = {
        strip.device_id: next(word_of(s) for s in strip.states if s != SlotState.NOT_EXPECTED)
        for strip in found.book.strips()
    }
    assert first["dev-1"] == "no_answer"
    assert first["dev-3"] == "collector_down"
