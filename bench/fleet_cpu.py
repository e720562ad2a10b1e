"""CPU of the whole fleet once: poll, decode, spool and store 1,250 inverters of about 40 quantities.

60 gateways of 20 or 21 inverters over real sockets, one profile of the product with plausible registers,
the queue with a sync per commit, and the DuckDB store. Process time per sweep, after a first one; what the
process spends while it waits is in it.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from bench.responder import NoCompilerError, responder
from collectors.modbus import ModbusSource
from collectors.spool import Spool
from domain.clock import FieldClock
from domain.plant import (
    Capacity,
    Connection,
    Device,
    DeviceKind,
    Gateway,
    Plant,
    Registry,
    Town,
    WireProtocol,
)
from domain.quantity import quantity
from inverters.encode import RegisterImage
from inverters.plan import plan
from inverters.profile import DeviceProfile, load_profiles
from jobs.collect import Collector
from jobs.forward import Forwarder
from stores.duckdb import DuckDbStore
from stores.latest import LatestCache

GATEWAYS, INVERTERS, PROFILE, STRINGS = 60, 1250, "huawei_sun2000", 14
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
_TYPICAL = {
    "V": 620.0,
    "A": 8.5,
    "W": 41_000.0,
    "Wh": 9_000_000.0,
    "C": 46.0,
    "Hz": 50.0,
    "%": 98.0,
    "ohm": 2e6,
}


def registers(profile: DeviceProfile) -> bytes:
    """Return 65,536 registers of an inverter at noon, all values plausible."""
    image = RegisterImage(profile, string_count=STRINGS)
    values = {}
    for name in profile.quantities:
        known = quantity(name)
        typical = _TYPICAL.get(known.unit, 1.0)
        values[name] = np.array([min(max(typical, known.low), known.high)])
    row = image.encode(values)[0].tobytes()
    memory = bytearray(2 * 65_536)
    for what in ("live", "identity"):
        for block in plan(profile, string_count=STRINGS, what=what):
            place = image.slice(block.function, block.address, block.count)
            if place is not None:
                memory[2 * block.address : 2 * (block.address + block.count)] = row[place]
    return bytes(memory)


def fleet(first_port: int, period_s: float) -> Registry:
    """Return 60 invented plants on loopback."""
    town = Town("611002001", "样例镇", "Sample town", 33.9, 109.9)
    plants = []
    for number in range(GATEWAYS):
        plant_id = f"plant-{number:02d}"
        units = INVERTERS // GATEWAYS + (number < INVERTERS % GATEWAYS)
        gateway = Gateway(f"{plant_id}-gw", plant_id, WireProtocol.MODBUS_TCP, port=first_port + number)
        device = Device(
            "", plant_id, DeviceKind.INVERTER, "", PROFILE, gateway.gateway_id, string_count=STRINGS
        )
        plants.append(
            Plant(
                plant_id,
                "样例电站",
                "Sample plant",
                town.town_id,
                33.87,
                109.94,
                800.0,
                Connection.LIVE,
                date(2017, 6, 30),
                (Capacity(date(2017, 6, 30), 1000.0, 900.0),),
                30.0,
                180.0,
                poll_period_s=period_s,
                gateways=(gateway,),
                devices=tuple(
                    replace(device, device_id=f"{plant_id}-{unit:02d}", unit=unit)
                    for unit in range(1, units + 1)
                ),
            )
        )
    return Registry("样例区", (town,), (), tuple(plants), sample=True)


async def _sweeps(
    registry: Registry, profiles: Mapping[str, DeviceProfile], folder: Path, count: int, period_s: float
) -> tuple[list[float], int]:
    """Return CPU seconds of each of ``count`` sweeps, and how many quantities a batch had."""
    clock = FieldClock.starting(NOON)
    spool = Spool(folder / "spool.sqlite")
    store = DuckDbStore(folder / "samples.duckdb", clock, {d.device_id: d.kind for d in registry.devices()})
    latest = LatestCache()
    forwarder = Forwarder(spool, store, latest, clock)
    collector = Collector(registry, profiles, clock, spool, make_source=ModbusSource)
    task = asyncio.create_task(collector.run())
    forwarder.start()
    while forwarder.counts.forwarded < 2 * INVERTERS:  # noqa: ASYNC110 (a counter of another thread)
        await asyncio.sleep(0.05)
    spent = []
    for _ in range(count):
        cpu_s, before = time.process_time(), forwarder.counts.forwarded
        await asyncio.sleep(period_s)
        rows = forwarder.counts.forwarded - before
        spent.append((time.process_time() - cpu_s) * INVERTERS / max(rows, 1))
    await collector.stop()
    await task
    await asyncio.to_thread(forwarder.stop)
    batch = latest.get("plant-00-01")
    kept = store.status().rows
    store.close()
    spool.close()
    if forwarder.counts.rejected or not kept:
        raise AssertionError(f"{forwarder.counts.rejected} rows rejected, {kept} kept")
    return spent, len(batch.quantities) if batch else 0


def run(quick: bool = False) -> dict[str, float | str]:
    """Return CPU seconds of one sweep of the fleet, and its share of a core at a 60 s period."""
    profiles = load_profiles()
    period_s, count = (4.0, 3) if quick else (6.0, 5)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            responder(GATEWAYS, 0.0, image=registers(profiles[PROFILE])) as first_port,
        ):
            spent, quantities = asyncio.run(
                _sweeps(fleet(first_port, period_s), profiles, Path(folder), count, period_s)
            )
    except NoCompilerError as error:
        return {"fleet_skipped": str(error)}
    cpu_s = statistics.median(spent)
    return {
        "fleet_sweep_cpu_s": round(cpu_s, 3),
        "fleet_core_share_at_60s_percent": round(cpu_s / 60 * 100, 2),
        "fleet_inverters": INVERTERS,
        "fleet_quantities": quantities,
        "fleet_reads_per_inverter": len(plan(profiles[PROFILE], string_count=STRINGS)),
    }


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key} = {value}")
