"""What `bench.kills` kills: a writer of the queue, a collector, a forwarder; each says what it does on a pipe.

Every line starts with a letter: ``b`` a sample has begun that is not committed, ``a`` or ``k`` it was told that
one is safe. A line is one write of less than a pipe's unit, so a kill leaves none half written.
"""

import asyncio
import logging
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from collectors.spool import Spool
from domain.clock import FieldClock, SystemClock
from domain.measurement import Batch, BlockRead, WordBlock
from domain.plant import DeviceKind
from inverters.profile import load_profiles
from jobs import catch_up
from jobs import forward as lanes
from jobs.collect import Collector
from jobs.forward import Forwarder
from stores.duckdb import DuckDbStore
from stores.protocol import WriteResult
from tests.collectors.peers import ScriptedSource
from tests.collectors.plants import modbus_plant, registry

START = datetime(2026, 6, 1, tzinfo=UTC)
BALLAST_BYTES = 4096
DEVICE = "inv"
_GROUP_ROWS = 20  # a kill is to fall among many groups of a backlog
_NAMES = ("ac_active_power_w", "ac_energy_total_wh")


def rows(first: int, count: int) -> list[Batch]:
    """Return ``count`` batches, a second apart, whose first value is their number."""
    return [
        Batch(DEVICE, START + timedelta(seconds=n), _NAMES, (float(n), 1.0))
        for n in range(first, first + count)
    ]


def write_spool(said: Connection, path: Path, number: int, planted: str) -> None:
    """Append to a queue without end, three rows a commit; ``planted`` "early": says so before it is true."""
    spool = Spool(path, ballast_bytes=BALLAST_BYTES)
    line = said.fileno()
    while True:
        group = rows(number, 3)
        number += 3
        os.write(line, b"b %d\n" % number)
        if planted == "early":
            os.write(line, b"a %d\n" % number)
        spool.append(group)
        if planted != "early":
            os.write(line, b"a %d\n" % number)


def collect(said: Connection, path: Path, at_s: float) -> None:
    """Collect from two scripted wires of ten devices each, an hour of field time a minute."""
    logging.disable(logging.CRITICAL)
    line = said.fileno()
    begun = 0

    class Wire(ScriptedSource):
        async def read(self, unit: int, block: BlockRead) -> WordBlock:
            nonlocal begun
            answer = await super().read(unit, block)
            begun += 1
            if begun % 5 == 0:
                os.write(line, b"b %d\n" % begun)
                await asyncio.sleep(0)
            return answer

    def told(batches: Sequence[Batch]) -> None:
        for batch in batches:
            os.write(line, f"k {batch.device_id}@{batch.measured_at.timestamp():.6f}\n".encode())

    given = registry(modbus_plant(1, 1, 10), modbus_plant(2, 1, 10))
    clock = FieldClock.starting(datetime.fromtimestamp(at_s, UTC), speed=60.0)
    spool = Spool(path, ballast_bytes=BALLAST_BYTES)
    job = Collector(given, load_profiles(), clock, spool, make_source=lambda _: Wire(), on_batches=told)
    asyncio.run(job.run())


def open_store(path: Path, kind: type[DuckDbStore] = DuckDbStore) -> DuckDbStore:
    """Open the store the forwarder fills."""
    return kind(path, SystemClock(), {DEVICE: DeviceKind.INVERTER})


def forward(said: Connection, path: Path, store_path: Path) -> None:
    """Move a backlog into a store a few rows at a time, and say when a group goes and when it has left."""
    logging.disable(logging.CRITICAL)
    lanes.ROWS_MAX = catch_up.ROWS_MAX = _GROUP_ROWS
    line = said.fileno()

    class Telling(DuckDbStore):
        """The store, saying that a group has begun."""

        def write(self, batches: Sequence[Batch]) -> WriteResult:
            os.write(line, b"b %d\n" % len(batches))
            return super().write(batches)

    spool = Spool(path, ballast_bytes=BALLAST_BYTES)
    forwarder = Forwarder(spool, open_store(store_path, Telling), None, SystemClock())
    while True:
        moved = forwarder.run_once()
        os.write(line, b"a %d\n" % moved)
        if not moved:
            time.sleep(0.001)
