"""A village and its centre on one machine: Modbus devices on real sockets, a real broker, both ends of the line."""

import asyncio
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from collectors.edge_line import MqttLine
from collectors.modbus import ModbusSource
from collectors.mqtt import Broker, MqttCollector
from collectors.spool import Spool
from collectors.wiring import at_edge
from domain.clock import Clock, FieldClock
from domain.measurement import Batch
from domain.plant import Registry
from inverters.profile import DeviceProfile
from jobs.collect import Collector
from jobs.edge_forward import EdgeForwarder, EdgePace
from tests.collectors.peers import Question, peer, say
from tests.collectors.plants import NOON, modbus_plant, registry

PLANT = "plant-1"
UNITS = 3
BALLAST_BYTES = 4096
QUICK = EdgePace(idle_s=0.05, patience_s=1.0, alive_s=1.0, account_s=0.3)
Key = tuple[str, float]


def village_registry(port: int, units: int = UNITS, period_s: float = 60.0) -> Registry:
    """A plant whose only wire is polled in the village."""
    plant = modbus_plant(1, port, units, period_s)
    return registry(replace(plant, gateways=tuple(replace(g, edge=True) for g in plant.gateways)))


def field_clock(speed: float = 120.0) -> FieldClock:
    return FieldClock.starting(NOON, speed=speed)


def key_of(batch: Batch) -> Key:
    return batch.device_id, batch.measured_at.timestamp()


@contextmanager
def devices(silent: tuple[int, ...] = ()) -> Iterator[int]:
    """Inverters on a real socket, in a thread of their own; every read gives other words. Yields the port."""
    loop = asyncio.new_event_loop()
    ready, done, ports = threading.Event(), asyncio.Event(), []
    count = 0

    async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        if question.unit in silent:
            return
        count += 1
        words = [(count + i) & 0x7FFF for i in range(question.count)]
        data = struct.pack(f">{question.count}H", *words)
        await say(writer, question.frame(bytes([question.function, len(data)]) + data))

    async def serve() -> None:
        async with peer(answer) as port:
            ports.append(port)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


class _Running:
    """A collector in a thread, and every row it was told is on disk."""

    def __init__(self) -> None:
        self.told: list[Key] = []
        self._thread: threading.Thread | None = None
        self.collector: Collector

    def hear(self, batches: object) -> None:
        self.told += [key_of(batch) for batch in batches]  # type: ignore[attr-defined]

    def run(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self.collector.run()), daemon=True)
        self._thread.start()

    def end(self) -> None:
        self.collector.request_stop()
        if self._thread is not None:
            self._thread.join(10)


class Village(_Running):
    """The village's end: polls the devices, keeps, sends on."""

    def __init__(
        self,
        folder: Path,
        given: Registry,
        profiles: Mapping[str, DeviceProfile],
        broker_port: int,
        clock: Clock,
        *,
        pace: EdgePace = QUICK,
    ) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self.spool = Spool(folder / "spool.sqlite", ballast_bytes=BALLAST_BYTES)
        self.collector = Collector(
            at_edge(given, PLANT),
            profiles,
            clock,
            self.spool,
            make_source=ModbusSource,
            on_batches=self.hear,
            judges_identity=False,
        )
        self.forwarder = EdgeForwarder(
            self.spool,
            MqttLine(Broker(port=broker_port, client_id=PLANT)),
            clock,
            PLANT,
            self.collector.device_health,
            version="test",
            pace=pace,
        )

    def start(self) -> "Village":
        self.forwarder.start()
        self.run()
        return self

    def stop_polling(self) -> None:
        self.end()

    def stop(self) -> None:
        self.end()
        self.forwarder.stop()
        self.spool.close()


class Centre(_Running):
    """The centre's end: listens, keeps, answers."""

    def __init__(
        self,
        folder: Path,
        given: Registry,
        profiles: Mapping[str, DeviceProfile],
        broker_port: int,
        clock: Clock,
    ) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self.spool = Spool(folder / "spool.sqlite", ballast_bytes=BALLAST_BYTES)
        self.collector = Collector(
            given,
            profiles,
            clock,
            self.spool,
            make_source=ModbusSource,
            messages=MqttCollector(Broker(port=broker_port, client_id="centre"), clock),
            on_batches=self.hear,
        )

    def start(self) -> "Centre":
        self.run()
        return self

    def keys(self) -> list[Key]:
        return [key_of(batch) for _, batch in self.spool.peek(1_000_000)]

    def stop(self) -> None:
        self.end()
        self.spool.close()
