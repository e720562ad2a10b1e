"""Collecting end to end: real sockets in, decoded batches on disk."""

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.contact import STRIKES
from collectors.modbus import ModbusSource
from collectors.source import Delivery, MessageSource, Source
from collectors.spool import Spool
from domain.clock import Clock, FieldClock, ManualClock
from domain.errors import NoConnectionError, SpoolError
from domain.health import Contact, Reason
from domain.measurement import Batch, BlockRead, Quality, Sample, WordBlock
from domain.plant import Gateway, Registry
from domain.timespan import Interval
from inverters.profile import DeviceProfile, load_profiles
from jobs.collect import Collector
from tests.collectors.peers import Question, ScriptedSource, free_port, peer, say
from tests.collectors.plants import NOON, modbus_plant, mqtt_plant, registry

pytestmark = pytest.mark.alone

Image = dict[int, int]


@pytest.fixture(scope="module")
def profiles() -> Mapping[str, DeviceProfile]:
    return load_profiles()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool.sqlite")
    yield opened
    opened.close()


def sun2000(power_w: int, serial: str) -> Image:
    """Registers of an invented SUN2000 that feeds ``power_w``."""
    image: Image = {}
    image[32080], image[32081] = power_w >> 16, power_w & 0xFFFF
    for number, pair in enumerate(zip(*[iter(serial.ljust(20, "\0").encode())] * 2, strict=True)):
        image[30015 + number] = pair[0] << 8 | pair[1]
    return image


def answering(images: Mapping[int, Image]) -> Callable[[Question, asyncio.StreamWriter], Awaitable[None]]:
    async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
        image = images.get(question.unit)
        if image is None:
            return
        registers = [image.get(question.address + i, 0) for i in range(question.count)]
        data = struct.pack(f">{question.count}H", *registers)
        await say(writer, question.frame(bytes([question.function, len(data)]) + data))

    return answer


def collector(
    given: Registry,
    spool: Spool,
    profiles: Mapping[str, DeviceProfile],
    *,
    clock: Clock | None = None,
    make_source: Callable[[Gateway], Source] = ModbusSource,
    messages: MessageSource | None = None,
    on_batches: Callable[[Sequence[Batch]], None] | None = None,
) -> Collector:
    return Collector(
        given,
        profiles,
        clock or FieldClock.starting(NOON, speed=120.0),
        spool,
        make_source=make_source,
        messages=messages,
        on_batches=on_batches,
    )


async def until(condition: Callable[[], bool], within_s: float = 40.0) -> None:
    end = time.perf_counter() + within_s
    while not condition():
        assert time.perf_counter() < end, "did not happen in time"
        await asyncio.sleep(0.02)


def batches_of(spool: Spool) -> list[Batch]:
    return [batch for _, batch in spool.peek(10_000)]


def test_power_read_over_a_socket_is_on_disk_and_the_listener_is_told_after(
    spool: Spool, profiles: Mapping[str, DeviceProfile]
) -> None:
    told: list[Batch] = []

    def listen(batches: Sequence[Batch]) -> None:
        on_disk = batches_of(spool)
        for batch in batches:
            assert batch in on_disk
            told.append(batch)

    async def check() -> None:
        images = {1: sun2000(41_000, "SN-0001"), 3: sun2000(43_000, "SN-0003")}
        async with peer(answering(images)) as port:
            job = collector(registry(modbus_plant(1, port)), spool, profiles, on_batches=listen)
            task = asyncio.create_task(job.run())
            await until(lambda: len(told) >= 6)
            await job.stop()
            await task
            health = job.device_health()
        assert health["plant-1-inv-01"].contact is Contact.ANSWERING
        assert health["plant-1-inv-02"].contact is Contact.SILENT
        assert health["plant-1-inv-02"].reason is Reason.NO_ANSWER
        assert health["plant-1-inv-02"].good == 0
        assert health["plant-1-inv-01"].last_answer_at is not None

    asyncio.run(check())
    powers = {batch.device_id: batch.value("ac_active_power_w") for batch in told}
    assert powers == {"plant-1-inv-01": 41_000.0, "plant-1-inv-03": 43_000.0}
    assert {batch.texts.get("serial_number") for batch in told} == {"SN-0001", "SN-0003"}


def test_a_stop_puts_what_was_read_on_disk_within_five_seconds(
    spool: Spool, profiles: Mapping[str, DeviceProfile]
) -> None:
    async def check() -> None:
        images = {unit: sun2000(40_000, f"SN-{unit}") for unit in range(1, 8)}
        async with peer(answering(images)) as port:
            plants = [modbus_plant(number, port, 10) for number in range(12)]
            job = collector(registry(*plants), spool, profiles)
            task = asyncio.create_task(job.run())
            await until(lambda: job.counts().batches > 30)
            started = time.perf_counter()
            await job.stop()
            assert time.perf_counter() - started < 5.0
            await task
            counts = job.counts()
            assert counts.committed == counts.batches == spool.status().rows

    asyncio.run(check())


def test_a_changed_serial_number_marks_every_value_until_a_person_confirms(
    spool: Spool, profiles: Mapping[str, DeviceProfile], caplog: pytest.LogCaptureFixture
) -> None:
    def qualities() -> set[Quality]:
        found = {q for batch in batches_of(spool) for q in (batch.qualities or (Quality.GOOD,))}
        spool.ack(10**9)
        return found

    async def session(serial: str, confirm: bool = False) -> tuple[set[Quality], bool]:
        async with peer(answering({1: sun2000(40_000, serial)})) as port:
            job = collector(registry(modbus_plant(1, port, 1)), spool, profiles)
            task = asyncio.create_task(job.run())
            await until(lambda: job.counts().committed >= 1)
            doubtful = job.device_health()["plant-1-inv-01"].inconsistent
            if confirm:
                qualities()
                assert job.confirm_identity("plant-1-inv-01")
                assert not job.confirm_identity("plant-1-inv-01")
                before = job.counts().committed
                await until(lambda: job.counts().committed > before)
            await job.stop()
            await task
        return qualities(), doubtful

    good = {Quality.GOOD, Quality.OUT_OF_RANGE}
    found, doubtful = asyncio.run(session("SN-1"))
    assert (Quality.INCONSISTENT in found, doubtful) == (False, False)
    found, doubtful = asyncio.run(session("SN-2"))
    assert (found, doubtful) == ({Quality.INCONSISTENT}, True)
    assert sum("serial number was SN-1 and is SN-2" in r.message for r in caplog.records) == 1
    found, doubtful = asyncio.run(session("SN-2", confirm=True))
    assert found <= good
    found, doubtful = asyncio.run(session("SN-2"))
    assert (found <= good, doubtful) == (True, False)


def test_the_newest_batch_still_has_the_power_after_identity_was_read(
    spool: Spool, profiles: Mapping[str, DeviceProfile]
) -> None:
    async def check() -> None:
        async with peer(answering({1: sun2000(40_000, "SN-1")})) as port:
            job = collector(registry(modbus_plant(1, port, 1)), spool, profiles)
            task = asyncio.create_task(job.run())
            await until(lambda: job.counts().committed >= 3)
            await job.stop()
            await task

    asyncio.run(check())
    for batch in batches_of(spool):
        assert batch.value("ac_active_power_w") == 40_000.0
        assert batch.texts["serial_number"] == "SN-1"


def test_a_disk_that_refuses_for_a_while_costs_nothing(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile], caplog: pytest.LogCaptureFixture
) -> None:
    class Moody(Spool):
        refusing = True

        def append(self, *words: Any) -> None:
            if self.refusing:
                raise SpoolError(f"spool {self.path}: the disk refused (full)")
            super().append(*words)

    async def check() -> None:
        spool = Moody(tmp_path / "spool.sqlite")
        async with peer(answering({1: sun2000(40_000, "SN-1")})) as port:
            job = collector(registry(modbus_plant(1, port, 1)), spool, profiles)
            task = asyncio.create_task(job.run())
            await until(lambda: job.counts().batches >= 3)
            assert job.counts().committed == 0
            spool.refusing = False
            await until(lambda: job.counts().committed >= 3, 12)
            await job.stop()
            await task
            assert spool.status().rows == job.counts().batches
            assert job.counts().lost == 0
        assert spool.notes() == {"serial:plant-1-inv-01": "SN-1"}
        spool.close()

    asyncio.run(check())
    assert sum("the disk refused" in record.message for record in caplog.records) == 1


def test_a_mistake_of_ours_on_one_wire_does_not_end_the_others(
    spool: Spool, profiles: Mapping[str, DeviceProfile]
) -> None:
    async def check() -> None:
        async with peer(answering({1: sun2000(40_000, "SN-1")})) as port:

            class Broken(ScriptedSource):
                async def read(self, unit: int, block: BlockRead) -> WordBlock:
                    raise ZeroDivisionError

            def make(gateway: Gateway) -> Source:
                return Broken() if gateway.gateway_id == "plant-1-gw" else ModbusSource(gateway)

            job = collector(
                registry(modbus_plant(1, port, 1), modbus_plant(2, port, 1)),
                spool,
                profiles,
                make_source=make,
            )
            task = asyncio.create_task(job.run())
            await until(lambda: job.counts().committed >= 3)
            await job.stop()
            await task

    asyncio.run(check())
    assert {batch.device_id for batch in batches_of(spool)} == {"plant-2-inv-01"}


def test_devices_nobody_polls_are_named(spool: Spool, profiles: Mapping[str, DeviceProfile]) -> None:
    given = registry(modbus_plant(1, free_port(), 2))
    strange = replace(given.plants[0].devices[1], profile="no_such_profile")
    given = registry(replace(given.plants[0], devices=(given.plants[0].devices[0], strange)))
    job = collector(given, spool, profiles)
    assert job.device_health()["plant-1-inv-02"].reason is Reason.NOT_CONFIGURED
    assert job.device_health()["plant-1-inv-01"].reason is Reason.NOT_ASKED


def cpu_of_a_second(
    spool: Spool, profiles: Mapping[str, DeviceProfile], *, down: bool
) -> tuple[float, int, int]:
    """Return CPU seconds a wire's cycle took, questions asked and cycles run: 60 gateways at 3600x for a second."""

    def refuse(unit: int, block: BlockRead) -> NoConnectionError | None:
        return NoConnectionError("refused") if down else None

    sources: list[ScriptedSource] = []

    def make(_: object) -> ScriptedSource:
        sources.append(ScriptedSource(refuse))
        return sources[-1]

    plants = [modbus_plant(number, free_port(), 21) for number in range(60)]
    clock = FieldClock.starting(NOON, speed=3600.0)
    job = collector(registry(*plants), spool, profiles, clock=clock, make_source=make)

    async def run() -> float:
        task = asyncio.create_task(job.run())
        started = time.process_time()
        await asyncio.sleep(1.0)
        await job.stop()
        await task
        return time.process_time() - started

    spent_s = asyncio.run(run())
    return spent_s / job.counts().cycles, sum(len(source.asked) for source in sources), job.counts().cycles


def test_an_hour_with_every_gateway_down_spends_almost_no_time(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile]
) -> None:
    with closing(Spool(tmp_path / "up.sqlite")) as up, closing(Spool(tmp_path / "down.sqlite")) as down:
        answering_s, _, _ = cpu_of_a_second(up, profiles, down=False)
        refused_s, asked, cycles = cpu_of_a_second(down, profiles, down=True)
    assert cycles >= 60
    assert asked <= 2 * cycles + 60 * STRIKES
    assert refused_s < 0.4 * answering_s


# ---------------------------------------------------------------------- messages


class Broker:
    """Delivers what it is told and remembers what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[tuple[int, int]] = []
        self.answers: list[tuple[str, bytes]] = []
        self.on_disk_at_ack: list[int] = []
        self.spool: Spool | None = None

    def start(self, deliver: Callable[[Delivery], None]) -> None:
        self.deliver = deliver

    def acknowledge(self, receipts: list[tuple[int, int]]) -> None:
        assert self.spool is not None
        self.acknowledged += receipts
        self.on_disk_at_ack.append(self.spool.status().rows + self.spool.status().quarantined)

    def answer(self, topic: str, payload: bytes) -> None:
        self.answers.append((topic, payload))

    def greet(self, words: Sequence[tuple[str, bytes]]) -> None:
        self.greetings = list(words)

    def gaps(self) -> dict[str, int]:
        return {"plant-9-inv-01": 4}

    def is_connected(self) -> bool:
        return True

    def take_lost(self) -> list[Interval]:
        return []

    def stop(self) -> None:
        pass


def message(number: int, device: str = "plant-9-inv-01", **document: object) -> Delivery:
    at = NOON + timedelta(seconds=60 * number)
    content = {
        "format": 1,
        "device": device,
        "time": at.isoformat(),
        "seq": number,
        "values": {"ac_active_power_w": 1000.0 + number},
        **document,
    }
    return Delivery((1, number), Sample(device, at, at, document=content), f"pv/plant-9/{device}/data", b"{}")


def test_messages_are_acknowledged_only_when_they_are_on_disk(
    spool: Spool, profiles: Mapping[str, DeviceProfile]
) -> None:
    async def check() -> None:
        broker = Broker()
        broker.spool = spool
        clock = ManualClock(NOON)
        job = collector(registry(mqtt_plant(9)), spool, profiles, clock=clock, messages=broker)
        task = asyncio.create_task(job.run())
        await asyncio.sleep(0.05)
        for number in range(1, 301):
            broker.deliver(message(number))
        await until(lambda: len(broker.acknowledged) == 300)
        assert sorted(broker.acknowledged) == [(1, number) for number in range(1, 301)]
        assert all(rows >= count for rows, count in zip(broker.on_disk_at_ack, [1, 200], strict=False))
        health = job.device_health()["plant-9-inv-01"]
        assert (health.contact, health.good, health.gaps) == (Contact.ANSWERING, 300, 4)
        clock.advance(400 * 60)
        assert job.device_health()["plant-9-inv-01"].contact is Contact.SILENT
        clock.advance(6 * 3600)
        assert job.device_health()["plant-9-inv-01"].contact is Contact.ASLEEP
        await job.stop()
        await task

    asyncio.run(check())
    found = batches_of(spool)
    assert [batch.value("ac_active_power_w") for batch in found] == [1000.0 + n for n in range(1, 301)]
    assert len({id(batch.quantities) for batch in found}) == 1


def test_messages_that_mean_nothing_are_quarantined_with_the_reason_and_acknowledged(
    spool: Spool, profiles: Mapping[str, DeviceProfile]
) -> None:
    async def check() -> None:
        broker = Broker()
        broker.spool = spool
        job = collector(registry(mqtt_plant(9)), spool, profiles, messages=broker)
        task = asyncio.create_task(job.run())
        await asyncio.sleep(0.05)
        broker.deliver(message(1, "stranger"))
        broker.deliver(message(2, values="none"))
        broker.deliver(Delivery((1, 3), None, "pv/x/y/data", b"{", "not JSON"))
        broker.deliver(message(4))
        await until(lambda: len(broker.acknowledged) == 4)
        assert job.counts().bad_messages == 3
        await job.stop()
        await task

    asyncio.run(check())
    reasons = [reason for _, _, reason in spool.quarantined()]
    assert len(reasons) == 3
    assert reasons[0] == "not JSON"
    assert "cannot be decoded" in reasons[1]
    assert "no device stranger" in reasons[2]
    assert len(batches_of(spool)) == 1
