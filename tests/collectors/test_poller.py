"""The poller: the living first, the dead rarely, the sleeping left in peace."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from collectors.contact import DeviceContact
from collectors.modbus import ModbusSource
from collectors.poller import PolledDevice, WirePoller
from collectors.read_plan import ReadPlan, Span
from domain.clock import FieldClock, ManualClock
from domain.errors import (
    CollectError,
    MalformedAnswerError,
    NoConnectionError,
    RefusedError,
    UnreachableError,
)
from domain.health import Contact, Reason
from domain.measurement import BlockRead, Sample, WordBlock
from tests.collectors.peers import Question, ScriptedSource, gateway, peer, say

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)  # 12:00 in Shangzhou
MIDNIGHT = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
PLACE = (33.87, 109.94)
BLOCKS = tuple(BlockRead(3, 100 * number, 30) for number in range(4))
SPANS = [Span(3, 100 * block + offset, 1) for block in range(4) for offset in range(30)]
PERIOD_S = 60.0
ANSWER_S = 0.1
TIMEOUT_S = 3.0


class Bench:
    """A wire of scripted devices on a clock that moves only by what the wire costs."""

    def __init__(
        self, units: int, at: datetime = NOON, *, sleeps: bool = True, identity: bool = False
    ) -> None:
        self.clock = ManualClock(at)
        self.dead: set[int] = set()
        self.source = ScriptedSource(self.rule)
        self.samples: list[tuple[int, Sample]] = []
        self.identities: list[int] = []
        self.devices = [
            PolledDevice(
                f"dev-{unit}",
                unit,
                ReadPlan(BLOCKS, [BlockRead(3, 900, 5)] if identity else [], SPANS),
                DeviceContact(f"dev-{unit}", sleeps=sleeps),
            )
            for unit in range(1, units + 1)
        ]
        self.poller = WirePoller(
            "gw-1", self.source, self.devices, self.clock, self.take, period_s=PERIOD_S, place=PLACE
        )
        self.extra: Callable[[int, BlockRead], CollectError | None] = lambda unit, block: None

    def rule(self, unit: int, block: BlockRead) -> CollectError | None:
        error = self.extra(unit, block)
        if error is None and unit in self.dead:
            error = UnreachableError(f"unit {unit}: no answer")
        self.clock.advance(TIMEOUT_S if isinstance(error, UnreachableError) else ANSWER_S)
        return error

    def take(self, device: PolledDevice, sample: Sample, blocks: object, identity: Sample | None) -> None:
        self.samples.append((device.unit, sample))
        if identity is not None:
            self.identities.append(device.unit)

    def cycle(self) -> list[int]:
        """One cycle, then wait for the next slot; return the units that were delivered."""
        before, start = len(self.samples), self.clock.monotonic()
        asyncio.run(self.poller.cycle())
        self.took_s = self.clock.monotonic() - start
        self.clock.advance(max(0.0, PERIOD_S - self.took_s))
        return [unit for unit, _ in self.samples[before:]]

    def contact(self, unit: int) -> Contact:
        return self.poller.health()[f"dev-{unit}"].contact


def test_every_device_is_asked_for_every_block_in_order() -> None:
    wire = Bench(3)
    assert wire.cycle() == [1, 2, 3]
    assert wire.source.asked == [(unit, block) for unit in (1, 2, 3) for block in BLOCKS]
    assert [len(sample.blocks) for _, sample in wire.samples] == [4, 4, 4]
    assert all(sample.measured_at <= sample.received_at for _, sample in wire.samples)


def test_a_silent_device_costs_one_time_out_a_cycle_and_no_neighbour() -> None:
    wire = Bench(5)
    wire.dead = {2}
    assert wire.cycle() == [1, 3, 4, 5]
    assert wire.source.units().count(2) == 1
    assert wire.took_s == pytest.approx(4 * 4 * ANSWER_S + TIMEOUT_S)


def test_after_three_cycles_a_dead_device_is_only_probed_and_after_the_living() -> None:
    wire = Bench(5)
    wire.dead = {2}
    for _ in range(3):
        wire.cycle()
    wire.source.asked.clear()
    assert wire.cycle() == [1, 3, 4, 5]
    assert wire.poller.counts.data_s == pytest.approx(4 * 4 * ANSWER_S)
    probes = [(unit, block) for unit, block in wire.source.asked if unit == 2]
    assert all(block.count == 1 for _, block in probes)
    assert wire.source.units()[-len(probes) :] == [2] * len(probes) or not probes


def test_with_few_dead_there_is_at_most_one_probe_a_cycle() -> None:
    wire = Bench(21)
    wire.dead = {1, 2, 3, 4}
    for _ in range(4):
        wire.cycle()
    for _ in range(30):
        before = wire.poller.counts.probes
        wire.cycle()
        assert wire.poller.counts.probes - before <= 1


@pytest.mark.parametrize("dead", [1, 4, 12, 20])
def test_a_device_that_recovers_is_back_within_five_minutes(dead: int) -> None:
    for outage_cycles in (4, 9, 40):
        wire = Bench(21)
        wire.dead = set(range(1, dead + 1))
        for _ in range(outage_cycles):
            wire.cycle()
        wire.dead.discard(dead)
        since_s = wire.clock.monotonic()
        while dead not in wire.cycle():
            assert wire.clock.monotonic() - since_s < 300
        assert wire.clock.monotonic() - since_s <= 300 + PERIOD_S


def test_when_a_whole_gateway_recovers_everyone_is_back_in_one_cycle_once_one_is() -> None:
    wire = Bench(21)
    wire.dead = set(range(1, 22))
    for _ in range(12):
        wire.cycle()
    wire.dead.clear()
    got: list[int] = []
    for _ in range(5):
        got = wire.cycle()
    assert sorted(got) == list(range(1, 22))


def test_dead_devices_never_make_the_living_late() -> None:
    wire = Bench(21)
    wire.dead = set(range(1, 13))
    for _ in range(4):
        wire.cycle()
    for _ in range(20):
        assert wire.cycle()[:9] == list(range(13, 22))
        assert wire.poller.counts.data_s == pytest.approx(9 * 4 * ANSWER_S)
        assert wire.took_s <= PERIOD_S


def test_one_block_that_fails_costs_no_other_block() -> None:
    wire = Bench(2)
    wire.extra = lambda unit, block: (
        MalformedAnswerError("bent") if unit == 1 and block == BLOCKS[1] else None
    )
    assert wire.cycle() == [1, 2]
    assert [block.address for block in wire.samples[0][1].blocks] == [0, 200, 300]
    health = wire.poller.health()["dev-1"]
    assert (health.contact, health.good, health.malformed) == (Contact.ANSWERING, 3, 1)


def test_an_address_the_device_does_not_have_is_found_left_out_and_not_asked_again() -> None:
    wire = Bench(1)
    wire.extra = lambda unit, block: (
        RefusedError("no such register", 2)
        if block.address <= 117 < block.address + block.count and block.count > 0
        else None
    )
    wire.cycle()
    read = {
        block.address + offset
        for block in wire.samples[0][1].blocks
        for offset in range(block.count)
        if 100 <= block.address < 200
    }
    assert read == set(range(100, 130)) - {117}
    wire.source.asked.clear()
    wire.cycle()
    assert not [b for _, b in wire.source.asked if b.address <= 117 < b.address + b.count]
    assert wire.contact(1) is Contact.ANSWERING


def test_what_was_left_out_is_tried_again_after_six_hours() -> None:
    wire = Bench(1)
    refusing = True
    wire.extra = lambda unit, block: (
        RefusedError("no", 2) if refusing and block.address <= 117 < block.address + block.count else None
    )
    wire.cycle()
    refusing = False
    wire.clock.advance(6 * 3600 + 1)
    wire.cycle()
    assert any(block == BlockRead(3, 117, 1) for _, block in wire.source.asked)
    assert wire.devices[0].plan.left_out == ()


def test_busy_is_not_dead() -> None:
    wire = Bench(2)
    wire.extra = lambda unit, block: RefusedError("busy", 6) if unit == 1 else None
    for _ in range(5):
        wire.cycle()
    health = wire.poller.health()["dev-1"]
    assert (health.contact, health.reason, health.code) == (Contact.REFUSED, Reason.EXCEPTION, 6)
    assert not wire.devices[0].contact.suspended
    wire.extra = lambda unit, block: None
    assert sorted(wire.cycle()) == [1, 2]


def test_a_device_that_refuses_everything_is_called_refused_and_stays_so() -> None:
    wire = Bench(1)
    wire.extra = lambda unit, block: RefusedError("illegal address", 2)
    for _ in range(20):
        wire.cycle()
    health = wire.poller.health()["dev-1"]
    assert (health.contact, health.code) == (Contact.REFUSED, 2)
    assert not wire.samples


def test_a_gateway_that_cannot_be_reached_ends_the_cycle_and_takes_nobody_for_dead() -> None:
    wire = Bench(10)
    wire.extra = lambda unit, block: NoConnectionError("refused")
    asked = []
    for _ in range(20):
        wire.source.asked.clear()
        wire.cycle()
        asked.append(len(wire.source.asked))
    assert asked[:3] == [2, 2, 2]
    assert max(asked[3:]) <= 1  # a wire known dead is tried once, when its back-off is over
    assert 3 <= sum(asked[3:]) <= 9
    assert {health.reason for health in wire.poller.health().values()} == {Reason.WIRE_DOWN}
    wire.extra = lambda unit, block: None
    since_s = wire.clock.monotonic()
    while wire.cycle() != list(range(1, 11)):
        assert wire.clock.monotonic() - since_s < 300


def test_a_gateway_that_hangs_up_on_one_unit_does_not_cost_the_others() -> None:
    wire = Bench(6)
    wire.extra = lambda unit, block: NoConnectionError("hung up") if unit == 3 else None
    for _ in range(4):
        assert wire.cycle() == [1, 2, 4, 5, 6]


def test_a_connection_on_which_nobody_answers_is_renewed() -> None:
    wire = Bench(3)
    wire.cycle()
    assert wire.source.closed == 0
    wire.dead = {1, 2, 3}
    wire.cycle()
    assert wire.source.closed == 1


# ---------------------------------------------------------------------- what is said


def test_one_line_when_a_device_goes_quiet_and_one_when_it_returns(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wire = Bench(3)
    wire.cycle()
    wire.dead = {2}
    for _ in range(20):
        wire.cycle()
    wire.dead = set()
    for _ in range(8):
        wire.cycle()
    lines = [record.message for record in caplog.records if "dev-2" in record.message]
    assert lines == ["device dev-2 does not answer: unit 2: no answer", "device dev-2 answers again"]


def test_one_line_for_a_whole_gateway_and_none_for_its_devices(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wire = Bench(10)
    wire.extra = lambda unit, block: NoConnectionError("refused")
    for _ in range(6):
        wire.cycle()
    wire.extra = lambda unit, block: None
    for _ in range(5):
        wire.cycle()
    assert [record.message for record in caplog.records] == [
        "wire gw-1: no connection, 10 devices out of reach",
        "wire gw-1: connected again",
    ]


# ---------------------------------------------------------------------- night


def test_by_night_silence_is_sleep_and_asked_about_every_ten_minutes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    wire = Bench(6, MIDNIGHT)
    wire.dead = {1, 2, 3, 4, 5, 6}
    wire.cycle()
    assert {wire.contact(unit) for unit in range(1, 7)} == {Contact.ASLEEP}
    asked_at: dict[int, list[float]] = {}
    for _ in range(120):
        before = len(wire.source.asked)
        at = wire.clock.monotonic()
        wire.cycle()
        for unit in wire.source.units()[before:]:
            asked_at.setdefault(unit, []).append(at)
    for times in asked_at.values():
        pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert min(pauses) >= 600 - PERIOD_S
        assert max(pauses) <= 900
    assert caplog.records == []


def test_a_meter_does_not_sleep() -> None:
    wire = Bench(1, MIDNIGHT, sleeps=False)
    wire.dead = {1}
    for _ in range(4):
        wire.cycle()
    assert wire.contact(1) is Contact.SILENT


def test_a_device_silent_since_daytime_is_not_excused_by_the_night() -> None:
    wire = Bench(2)
    wire.dead = {1}
    for _ in range(5):
        wire.cycle()
    wire.clock.advance(12 * 3600)
    for _ in range(30):
        wire.cycle()
    assert wire.contact(1) is Contact.SILENT


def test_after_sunrise_sleepers_are_back_within_minutes_and_those_that_stay_silent_are_a_fault() -> None:
    wire = Bench(21, MIDNIGHT)
    wire.dead = set(range(1, 22))
    for _ in range(60):
        wire.cycle()
    wire.clock.advance((NOON.timestamp() + 86_400) - wire.clock.now().timestamp())
    wire.dead = {5}
    got: set[int] = set()
    for _ in range(5):
        got |= set(wire.cycle())
    assert got == set(range(1, 22)) - {5}
    for _ in range(12):
        wire.cycle()
    assert wire.contact(5) is Contact.SILENT


def test_an_ordinary_night_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Inverters fall asleep just before the sun is gone and wake some time after it is back."""
    caplog.set_level(logging.INFO)
    wire = Bench(4, datetime(2026, 6, 1, 11, 20, tzinfo=UTC))  # half an hour before sunset
    wire.cycle()
    for _ in range(24 * 60 // 2 - 60):
        hour = wire.clock.now().hour + wire.clock.now().minute / 60
        wire.dead = set() if hour >= 21.6 or 8 <= hour < 11.6 else {1, 2, 3, 4}
        wire.cycle()
    assert [record.message for record in caplog.records] == []
    assert {wire.contact(unit) for unit in range(1, 5)} == {Contact.ANSWERING}


# ---------------------------------------------------------------------- identity and pace


def test_identity_is_read_once_and_again_after_six_hours() -> None:
    wire = Bench(2, identity=True)
    for _ in range(5):
        wire.cycle()
    assert wire.identities == [1, 2]
    wire.clock.advance(6 * 3600)
    wire.cycle()
    assert wire.identities == [1, 2, 1, 2]


def test_whoever_was_away_is_asked_who_it_is_with_its_first_values() -> None:
    wire = Bench(2, identity=True)
    wire.cycle()
    wire.dead = {2}
    for _ in range(5):
        wire.cycle()
    assert wire.identities == [1, 2]
    wire.dead = set()
    while 2 not in wire.cycle():
        pass
    assert wire.identities == [1, 2, 2]
    wire.cycle()
    assert wire.identities == [1, 2, 2]


def test_a_cycle_that_takes_too_long_is_skipped_and_counted_never_queued() -> None:
    async def check() -> None:
        clock = FieldClock.starting(NOON, speed=600.0)
        source = ScriptedSource()
        started: list[float] = []

        class Slow(ScriptedSource):
            async def read(self, unit: int, block: BlockRead) -> WordBlock:
                started.append(clock.monotonic())
                await asyncio.sleep(0.25)  # 150 s of field time
                return await source.read(unit, block)

        device = PolledDevice("dev-1", 1, ReadPlan(BLOCKS[:1]), DeviceContact("dev-1", sleeps=False))
        poller = WirePoller("gw-9", Slow(), [device], clock, lambda *_: None, period_s=60.0, place=PLACE)
        task = asyncio.create_task(poller.run())
        await asyncio.sleep(1.3)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert len(started) in (4, 5)
        assert poller.counts.late_cycles >= 6
        pauses = [later - earlier for earlier, later in itertools.pairwise(started)]
        assert min(pauses) > 100

    asyncio.run(check())


def test_cycles_keep_in_step_with_the_period_and_wires_are_spread() -> None:
    async def check() -> None:
        clock = FieldClock.starting(NOON, speed=40.0)
        begins: dict[str, list[float]] = {}

        def poller(name: str) -> WirePoller:
            source = ScriptedSource()
            source.each = lambda: begins.setdefault(name, []).append(clock.now().timestamp() % 60)
            device = PolledDevice(name, 1, ReadPlan(BLOCKS[:1]), DeviceContact(name, sleeps=False))
            return WirePoller(name, source, [device], clock, lambda *_: None, period_s=60.0, place=PLACE)

        tasks = [asyncio.create_task(poller(f"gw-{number}").run()) for number in range(20)]
        await asyncio.sleep(3.3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        phases = [times[-1] for times in begins.values()]
        assert len(begins) == 20
        assert max(phases) - min(phases) > 30
        for times in begins.values():
            assert abs((times[-1] - times[-2] + 30) % 60 - 30) < 6

    asyncio.run(check())


def test_on_a_real_socket_thirteen_living_units_behind_eight_dead_are_read_in_every_sweep() -> None:
    async def eight_dead(question: Question, writer: asyncio.StreamWriter) -> None:
        if question.unit > 8:
            await say(writer, question.right())

    async def check() -> None:
        async with peer(eight_dead) as port:
            clock = FieldClock.starting(NOON, speed=60.0)
            got: list[int] = []
            devices = [
                PolledDevice(f"dev-{unit}", unit, ReadPlan(BLOCKS), DeviceContact(f"dev-{unit}", sleeps=True))
                for unit in range(1, 22)
            ]
            poller = WirePoller(
                "gw-1",
                ModbusSource(gateway(port, timeout_s=0.2)),
                devices,
                clock,
                lambda device, *_: got.append(device.unit),
                period_s=60.0,
                place=PLACE,
            )
            for _ in range(5):
                got.clear()
                await poller.cycle()
                assert sorted(got) == list(range(9, 22))

    asyncio.run(check())
