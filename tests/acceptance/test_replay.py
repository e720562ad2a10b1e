"""The replay proof: recorded data served over Modbus TCP at speed, collected, stored, and added up again.

What the monitor computes from its own store must equal what the file says, for every inverter and day.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from collectors.spool import Spool
from domain.clock import FieldClock
from domain.measurement import Origin
from domain.plant import DeviceKind, Registry
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs.collect import Collector
from jobs.forward import Forwarder
from kpis.energy import CounterLimits, Place, daily_energy
from main.ports import free_ports
from main.sources import make_source
from simulator.recorded import ZONE, read_recording, recorded_registry
from stores.duckdb import DuckDbStore

pytestmark = pytest.mark.alone

SPEED = 20_000.0
PERIOD_S = 900.0
TIMEOUT_S = 0.05
COUNTER = "ac_energy_total_wh"
ROOT = Path(__file__).parents[2]


@contextmanager
def _served(folder: Path, clock: FieldClock, ports: Path) -> Iterator[None]:
    words = [sys.executable, "-m", "main", "--json", "simulate", "--recorded", str(folder)]
    words += ["--clock", str(clock), "--ports-from", str(ports)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["ready"]
            yield
        finally:
            process.terminate()


def _registry(folder: Path, port: int) -> Registry:
    registry = recorded_registry(folder, port, answer_s=0.0)
    (plant,) = registry.plants
    # the clock starts before the recording does, so that both processes are up when it begins
    devices = tuple(replace(device, in_service_from=None) for device in plant.devices)
    # a unit that was silent in the recording must not cost a day: time-outs last in real seconds
    gateways = tuple(replace(gateway, timeout_s=TIMEOUT_S) for gateway in plant.gateways)
    moved = replace(plant, poll_period_s=PERIOD_S, devices=devices, gateways=gateways)
    return replace(registry, plants=(moved,))


def _collect(registry: Registry, clock: FieldClock, store: DuckDbStore, spool: Spool, seconds: float) -> None:
    forwarder = Forwarder(spool, store, None, clock, idle_s=0.2)
    collector = Collector(registry, load_profiles(), clock, spool, make_source=make_source)
    polling = threading.Thread(target=lambda: asyncio.run(collector.run()), daemon=True)
    polling.start()
    forwarder.start()
    threading.Event().wait(seconds)
    collector.request_stop()
    polling.join(10)
    forwarder.stop()
    while forwarder.run_once():
        pass


@pytest.mark.slow
@pytest.mark.needs("data:india_plant1_22inv")
def test_energy_of_a_recorded_plant_through_wire_and_store_equals_the_file(
    tmp_path: Path, test_data: Path
) -> None:
    folder = test_data / "india_plant1_22inv"
    recording = read_recording(folder)
    registry = _registry(folder, free_ports(1)[0])
    gateway = registry.plants[0].gateways[0]
    ports = tmp_path / "ports.json"
    ports.write_text(json.dumps({gateway.gateway_id: gateway.port}))
    field_s = (recording.end - recording.start).total_seconds()
    lead_s = 6.0  # the other process starts meanwhile
    clock = FieldClock.starting(recording.start - timedelta(seconds=lead_s * SPEED), SPEED)
    kinds = {device.device_id: DeviceKind.INVERTER for device in registry.devices()}
    spool = Spool(tmp_path / "spool.sqlite")
    store = DuckDbStore(tmp_path / "samples.duckdb", clock, kinds)
    with _served(folder, clock, ports):
        left_s = (recording.end - clock.now()).total_seconds() / SPEED
        _collect(registry, clock, store, spool, left_s + 0.5)

    names = {device.device_id: device.name for device in registry.devices()}
    span = Interval(recording.start - timedelta(days=1), recording.end + timedelta(days=1))
    rows = store.read(list(names), [COUNTER], span, origins=[Origin.POLL])
    assert len(rows) > 22 * field_s / PERIOD_S * 0.25, "too little was collected to prove anything"
    aggregates = store.daily_aggregates(list(names), COUNTER, span, ZONE)
    store.close()
    spool.close()
    found = daily_energy(
        aggregates,
        dict.fromkeys(names, CounterLimits(1_600_000.0)),
        dict.fromkeys(names, Place(20.0, 77.0, ZONE)),
    )
    direct = _from_file(folder)
    assert len(direct) == 22 * 33
    for device_id, name in names.items():
        ours = {day: energy.energy_wh for (device, day), energy in found.items() if device == device_id}
        for day, energy_kwh in direct[name].items():
            assert ours[day] == pytest.approx(energy_kwh * 1000.0, rel=0.001, abs=500.0), (name, day)


def _from_file(folder: Path) -> pd.Series:
    """Return kWh by inverter and day: what the counter showed last, less what it showed last the day before."""
    rows = pd.read_csv(folder / "generation.csv.gz", parse_dates=["time"])
    last = rows.groupby(["inverter", rows["time"].dt.date])["total_yield_kwh"].last()
    return last.groupby(level=0).diff().dropna()
