"""What `bench.edge_kills` kills: a village's collector and a centre, each saying on a pipe what it does.

``b``: something was read; ``t KEY``: this row goes to the disk; ``k KEY``: the village was told that it is there.
"""

import asyncio
import json
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from collectors.edge_line import MqttLine
from collectors.modbus import ModbusSource
from collectors.mqtt import Broker, MqttCollector
from collectors.source import Source
from collectors.spool import Said, Spool
from collectors.wiring import at_edge
from domain.clock import FieldClock
from domain.measurement import Batch, BlockRead, WordBlock
from domain.plant import Gateway, Registry
from domain.slots import microseconds
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs.collect import Collector
from jobs.edge_forward import EdgeForwarder, EdgePace
from jobs.forward import Forwarder
from stores.duckdb import DuckDbStore
from tests.jobs.village import BALLAST_BYTES, PLANT, village_registry

PACE = EdgePace(idle_s=0.05, patience_s=1.0, alive_s=5.0, account_s=2.0)
SPEED = 240.0
UNITS = 4
CENTRE_AT = datetime(2026, 9, 1, tzinfo=UTC)  # later than anything the village reads
_QUANTITY = "ac_active_power_w"
_PROFILES = load_profiles()  # once, before the children are forked


class _Said(Source):
    """A wire that says on a pipe when a sample has begun."""

    def __init__(self, gateway: Gateway, line: int) -> None:
        self._source = ModbusSource(gateway)
        self._line = line

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        answer = await self._source.read(unit, block)
        os.write(self._line, b"b\n")
        return answer

    async def close(self) -> None:
        await self._source.close()


def open_store(path: Path, given: Registry) -> DuckDbStore:
    kinds = {device.device_id: device.kind for device in given.devices()}
    return DuckDbStore(path, FieldClock.starting(CENTRE_AT), kinds)


def stored(store: DuckDbStore, given: Registry) -> set[str]:
    span = Interval(datetime(2026, 5, 1, tzinfo=UTC), CENTRE_AT)
    frame = store.read([device.device_id for device in given.devices()], [_QUANTITY], span)
    instants = frame.values["measured_at"].astype("int64") // 1000
    return {f"{name}@{us}" for name, us in zip(frame.values["device_id"], instants, strict=True)}


def key(batch: Batch) -> str:
    """Return what a row is known by."""
    return f"{batch.device_id}@{microseconds(batch.measured_at)}"


class _Saying(Spool):
    """The queue, saying what it is about to keep: a kill may cut off the word that it was kept."""

    line = -1

    def append(
        self,
        batches: Sequence[Batch],
        notes: Mapping[str, str] | None = None,
        said: Sequence[Said] = (),
        states: Mapping[int, int] | None = None,
    ) -> None:
        for batch in batches:
            os.write(self.line, f"t {key(batch)}\n".encode())
        super().append(batches, notes, said, states)


def village(said: Connection, folder: Path, port: int, broker_port: int, at_s: float, planted: str) -> None:
    """Poll, keep, send on, for ever; ``planted`` "early": a row leaves the queue as soon as it was sent."""
    logging.disable(logging.CRITICAL)
    line = said.fileno()
    clock = FieldClock.starting(datetime.fromtimestamp(at_s, UTC), speed=SPEED)
    spool = _Saying(folder / "spool.sqlite", ballast_bytes=BALLAST_BYTES)
    spool.line = line
    given = village_registry(port, UNITS)

    def told(batches: Sequence[Batch]) -> None:
        for batch in batches:
            os.write(line, f"k {key(batch)}\n".encode())

    class Early(MqttLine):
        def publish(self, topic: str, payload: bytes) -> bool:
            sent = super().publish(topic, payload)
            if sent and topic.endswith("/rows"):
                spool.ack(json.loads(payload)["last"])
            return sent

    collector = Collector(
        at_edge(given, PLANT),
        _PROFILES,
        clock,
        spool,
        make_source=lambda gateway: _Said(gateway, line),
        on_batches=told,
        judges_identity=False,
    )
    kind = Early if planted == "early" else MqttLine
    wire = kind(Broker(port=broker_port, client_id=PLANT))
    EdgeForwarder(spool, wire, clock, PLANT, collector.device_health, pace=PACE).start()
    asyncio.run(collector.run())


def centre(said: Connection, folder: Path, port: int, broker_port: int) -> None:
    """Listen, keep, answer, and forward into the store, for ever."""
    logging.disable(logging.CRITICAL)
    clock = FieldClock.starting(CENTRE_AT)
    spool = Spool(folder / "spool.sqlite", ballast_bytes=BALLAST_BYTES)
    given = village_registry(port, UNITS)
    messages = MqttCollector(Broker(port=broker_port, client_id="centre"), clock)
    collector = Collector(given, _PROFILES, clock, spool, make_source=ModbusSource, messages=messages)
    Forwarder(spool, open_store(folder / "samples.duckdb", given), None, clock, idle_s=0.1).start()
    os.write(said.fileno(), b"up\n")
    asyncio.run(collector.run())
