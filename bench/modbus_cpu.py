"""CPU of one Modbus read with all checks of the answer, against libmodbus in the same run.

60 connections, 100 registers a read, one request under way per connection, no bus to wait for. The yardstick
is a small C program on Debian's libmodbus with a thread per connection. Rounds alternate; medians.
"""

import asyncio
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench.responder import NoCompilerError, build, responder
from collectors.modbus import ModbusSource
from domain.measurement import BlockRead
from domain.plant import Gateway, WireProtocol

GATEWAYS, UNITS, REGISTERS = 60, 21, 100


async def _read(first_port: int, reads: int) -> float:
    """Return CPU seconds of ``reads`` reads on each of 60 connections."""
    sources = [
        ModbusSource(Gateway(f"gw-{number}", "plant", WireProtocol.MODBUS_TCP, port=first_port + number))
        for number in range(GATEWAYS)
    ]
    blocks = [BlockRead(3, 200 * number, REGISTERS) for number in range(4)]

    async def drive(source: ModbusSource, count: int) -> None:
        for number in range(count):
            unit, block = 1 + number % UNITS, blocks[number % 4]
            words = (await source.read(unit, block)).words
            expected = ((block.address + REGISTERS - 1) * 7 + unit) & 0xFFFF
            if int.from_bytes(words[-2:], "big") != expected:
                raise AssertionError("a wrong value was handed out")

    await asyncio.gather(*(drive(source, 1) for source in sources))  # connect first
    started = time.process_time()
    await asyncio.gather(*(drive(source, reads) for source in sources))
    cpu_s = time.process_time() - started
    for source in sources:
        await source.close()
    return cpu_s


def _yardstick(program: Path, first_port: int, reads: int) -> float:
    words = [str(program), str(first_port), str(GATEWAYS), str(UNITS), str(reads), str(REGISTERS)]
    good, cpu_s = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    if int(good) != GATEWAYS * reads:
        raise AssertionError(f"libmodbus read {good} of {GATEWAYS * reads}")
    return float(cpu_s)


def run(quick: bool = False) -> dict[str, float | str]:
    """Return microseconds of CPU per read, ours and libmodbus', and their ratio."""
    rounds, reads = (2, 60) if quick else (5, 200)
    ours, theirs = [], []
    try:
        with tempfile.TemporaryDirectory() as folder, responder(GATEWAYS, 0.0) as first_port:
            program = build("reader", Path(folder), "modbus")
            for _ in range(rounds):
                ours.append(asyncio.run(_read(first_port, reads)) / (GATEWAYS * reads))
                theirs.append(_yardstick(program, first_port, reads * 4) / (GATEWAYS * reads * 4))
    except NoCompilerError as error:
        return {"modbus_cpu_skipped": str(error)}
    our_us, their_us = statistics.median(ours) * 1e6, statistics.median(theirs) * 1e6
    return {
        "modbus_read_cpu_us": round(our_us, 1),
        "modbus_libmodbus_cpu_us": round(their_us, 1),
        "modbus_cpu_over_libmodbus": round(our_us / their_us, 2),
    }


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key} = {value}")
