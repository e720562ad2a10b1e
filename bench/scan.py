"""Scan of the whole fleet over real sockets: wall time against what the buses allow.

60 gateways x 21 units x 4 blocks of 30 registers; every gateway holds its bus 100 ms or 20 ms a request.
Ideal: the slowest gateway's reads x hold. With 5 % dead units (3 s time-out) the figure is when the data of
the living are complete, the worst from the second sweep on, against the living's own ideal.
"""

import asyncio
import logging
import random
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.responder import NoCompilerError, responder
from collectors.contact import DeviceContact
from collectors.modbus import ModbusSource
from collectors.poller import PolledDevice, WirePoller
from collectors.read_plan import ReadPlan
from domain.clock import FieldClock
from domain.measurement import BlockRead, Sample
from domain.plant import Gateway, WireProtocol

GATEWAYS, UNITS, REGISTERS = 60, 21, 30
BLOCKS = tuple(BlockRead(3, 200 * number, REGISTERS) for number in range(4))
TIMEOUT_S = 3.0
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
PLACE = (33.87, 109.94)


@dataclass
class Sweep:
    """One scan of all wires."""

    wall_s: float
    data_s: float
    devices: int
    cpu_s: float


class Fleet:
    """60 pollers on real sockets."""

    def __init__(self, first_port: int, timeout_s: float) -> None:
        self.clock = FieldClock.starting(NOON)
        self.got = 0
        self.pollers = [self._poller(number, first_port + number, timeout_s) for number in range(GATEWAYS)]

    def _poller(self, number: int, port: int, timeout_s: float) -> WirePoller:
        gateway = Gateway(f"gw-{number}", "plant", WireProtocol.MODBUS_TCP, port=port, timeout_s=timeout_s)
        names = [f"gw-{number}-{unit}" for unit in range(1, UNITS + 1)]
        devices = [
            PolledDevice(name, unit, ReadPlan(BLOCKS), DeviceContact(name, sleeps=True))
            for unit, name in enumerate(names, 1)
        ]
        return WirePoller(
            gateway.gateway_id,
            ModbusSource(gateway),
            devices,
            self.clock,
            self._take,
            period_s=60.0,
            place=PLACE,
        )

    def _take(self, device: PolledDevice, sample: Sample, *_: object) -> None:
        unit = device.unit
        last = sample.blocks[-1]
        expected = ((last.address + REGISTERS - 1) * 7 + unit) & 0xFFFF
        if len(sample.blocks) == len(BLOCKS) and int.from_bytes(last.words[-2:], "big") == expected:
            self.got += 1

    async def sweep(self) -> Sweep:
        self.got = 0
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(poller.cycle() for poller in self.pollers))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return Sweep(wall, max(poller.counts.data_s for poller in self.pollers), self.got, cpu)

    async def close(self) -> None:
        for poller in self.pollers:
            await poller._source.close()


async def _scan(first_port: int, sweeps: int, timeout_s: float = TIMEOUT_S) -> list[Sweep]:
    fleet = Fleet(first_port, timeout_s)
    done = [await fleet.sweep() for _ in range(sweeps)]
    await fleet.close()
    return done


def _healthy(hold_s: float, sweeps: int) -> tuple[float, float, int]:
    with responder(GATEWAYS, hold_s) as first_port:
        done = asyncio.run(_scan(first_port, sweeps))
    ideal = UNITS * len(BLOCKS) * hold_s
    wall = statistics.median(sweep.wall_s for sweep in done)
    return (
        wall / ideal,
        statistics.median(sweep.cpu_s for sweep in done),
        min(sweep.devices for sweep in done),
    )


def _five_percent_dead(hold_s: float, sweeps: int) -> tuple[float, int]:
    chance = random.Random(5)
    every = [(gateway, unit) for gateway in range(GATEWAYS) for unit in range(1, UNITS + 1)]
    dead = chance.sample(every, round(0.05 * len(every)))
    most_living = max(UNITS - sum(gateway == number for gateway, _ in dead) for number in range(GATEWAYS))
    with responder(GATEWAYS, hold_s, dead) as first_port:
        done = asyncio.run(_scan(first_port, sweeps))
    ideal = most_living * len(BLOCKS) * hold_s
    missed = max(len(every) - len(dead) - sweep.devices for sweep in done)
    return max(sweep.data_s for sweep in done[1:]) / ideal, missed


def run(quick: bool = False) -> dict[str, float | str]:
    """Return wall over ideal, CPU of a sweep, and how many living units were ever missed."""
    logging.getLogger("collectors").setLevel(logging.ERROR)
    try:
        ratio_100, cpu_100, devices_100 = _healthy(0.1, 1 if quick else 3)
        ratio_20, cpu_20, devices_20 = _healthy(0.02, 3 if quick else 5)
        hold_s = 0.02 if quick else 0.1
        dead_ratio, missed = _five_percent_dead(hold_s, 2 if quick else 5)
    except NoCompilerError as error:
        return {"scan_skipped": str(error)}
    return {
        "scan_100ms_wall_over_ideal": round(ratio_100, 4),
        "scan_100ms_cpu_s": round(cpu_100, 3),
        "scan_20ms_wall_over_ideal": round(ratio_20, 4),
        "scan_20ms_cpu_s": round(cpu_20, 3),
        "scan_units_read": min(devices_100, devices_20),
        "scan_units": GATEWAYS * UNITS,
        "scan_dead5_data_over_ideal": round(dead_ratio, 4),
        "scan_dead5_hold_ms": hold_s * 1000,
        "scan_dead5_living_missed": missed,
    }


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key} = {value}")
