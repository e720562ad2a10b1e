"""Wire campaign: reads through a fault proxy in front of five kinds of gateway; no wrong value may be taken.

``python -m bench.wire_campaign --reads 1000000`` counts what `collectors.modbus.ModbusSource` hands out as good
against what the registers hold. Faults: answers late, doubled, split, foreign, cut short; the kinds of gateway
differ in what becomes of a late answer. Every choice comes from the seed. Proxy and reader share one machine:
a read during which the machine itself stood still is counted apart, for no answer was in time then.
"""

import argparse
import asyncio
import os
import struct
import sys
import tty
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from time import perf_counter

from collectors.modbus import ModbusSource
from domain.errors import CollectError, NoConnectionError
from domain.measurement import BlockRead
from domain.plant import Gateway, WireProtocol
from inverters.frames import crc16

KINDS = ("tcp", "tcp_rewriting", "rtu_shared", "rtu_per_socket", "serial")
FAULTS = ("late", "doubled", "split", "foreign", "cut")
BROKEN = frozenset(FAULTS) - {"split"}  # a split answer is whole
SHAPES = (1, 2, 2, 30, 30, 30, 64, 125)
TRAIL = 60  # events of a wire that are kept for the account of a wrong value
Send = Callable[[bytes], None]


def register(unit: int, address: int) -> int:
    """Return what a register holds: different everywhere, so that a foreign answer shows."""
    return ((unit * 2654435761 + address * 40503 + 12345) & 0xFFFFFFFF) >> 8 & 0xFFFF


def registers(unit: int, address: int, count: int) -> bytes:
    """Return the bytes of some registers."""
    return b"".join(register(unit, address + n).to_bytes(2) for n in range(count))


@dataclass
class Tally:
    """What became of the reads of one wire."""

    reads: int = 0
    good: int = 0
    wrong: int = 0
    intact: int = 0
    intact_good: int = 0
    stalled: int = 0  # not spoilt, but the machine stood still meanwhile
    faults: Counter[str] = field(default_factory=Counter)
    accounts: list[str] = field(default_factory=list)  # what went over the wire before each wrong value

    def add(self, other: "Tally") -> None:
        """Add the counts of another wire."""
        for name in ("reads", "good", "wrong", "intact", "intact_good", "stalled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults += other.faults
        self.accounts += other.accounts


class Machine:
    """Watches whether this machine keeps up: how often its event loop stood still for a good part of a time-out."""

    def __init__(self, timeout_s: float) -> None:
        self.stalls, self.longest_s = 0, 0.0
        self._most_s = timeout_s / 4

    async def watch(self) -> None:
        """Watch until cancelled."""
        while True:
            begun = perf_counter()
            await asyncio.sleep(self._most_s / 5)
            late_s = perf_counter() - begun - self._most_s / 5
            self.stalls += late_s > self._most_s
            self.longest_s = max(self.longest_s, late_s)


class FaultProxy:
    """A gateway with a device behind it, and a proxy that spoils a share of the answers."""

    def __init__(self, kind: str, seed: int, share: float, timeout_s: float) -> None:
        self.kind, self.share, self.timeout_s = kind, share, timeout_s
        self.rng = Random(f"{kind} {seed}")
        self.faults: Counter[str] = Counter()
        self.met = False  # a fault since it was last asked
        self.held: list[bytes] = []  # a rewriting gateway's answers that came behind their time
        self.send: Send = lambda _: None
        self.before = b""
        self.trail: deque[str] = deque(maxlen=TRAIL)

    def note(self, what: str) -> None:
        """Keep an event for the account of a wrong value."""
        self.trail.append(f"{perf_counter():.4f} {what}")

    @property
    def rtu(self) -> bool:
        """Whether frames have a checksum and no transaction."""
        return not self.kind.startswith("tcp")

    def take(self, buffer: bytearray, send: Send) -> None:
        """Answer every whole question in ``buffer``."""
        size, raw = (8 if self.rtu else 12), send

        def send_noted(frame: bytes) -> None:
            self.note(f"out {len(frame)} {frame[:9].hex()}")
            raw(frame)

        send = send_noted
        self.send = send
        while len(buffer) >= size:
            question = bytes(buffer[:size])
            del buffer[:size]
            self._answer(question, send)

    def _answer(self, question: bytes, send: Send) -> None:
        head, body = (b"", question[:6]) if self.rtu else (question[:2], question[6:])
        unit, function, address, count = struct.unpack(">BBHH", body)
        right = self._frame(head, self._body(unit, function, address, count))
        if self.held and self.kind == "tcp_rewriting":
            late = self.held.pop()  # the bus gave the old answer first: it goes out under the new transaction
            self.met = True
            send(self._frame(head, late))
            return
        fault = self.rng.choice(FAULTS) if self.rng.random() < self.share else ""
        self.faults[fault or "none"] += 1
        self.note(f"in unit {unit} function {function} {address}+{count} {fault}")
        self.met = self.met or fault in BROKEN
        getattr(self, f"_{fault or 'plain'}")(head, (unit, function, address, count), right, send)
        self.before = right

    @staticmethod
    def _body(unit: int, function: int, address: int, count: int) -> bytes:
        return bytes([unit, function, 2 * count]) + registers(unit, address, count)

    def _frame(self, head: bytes, body: bytes) -> bytes:
        if self.rtu:
            return body + crc16(body).to_bytes(2, "little")
        return head + struct.pack(">HH", 0, len(body)) + body

    @staticmethod
    def _plain(_head: bytes, _asked: tuple[int, ...], right: bytes, send: Send) -> None:
        send(right)

    def _late(self, _head: bytes, asked: tuple[int, ...], right: bytes, send: Send) -> None:
        if self.kind == "tcp_rewriting":
            self.held.append(self._body(*asked))
            return
        shared = self.kind in {"rtu_shared", "serial"}  # who listens then hears it, on whatever connection
        later = (lambda: self.send(right)) if shared else (lambda: send(right))
        asyncio.get_running_loop().call_later(self.timeout_s * self.rng.uniform(1.05, 3.0), later)

    def _doubled(self, _head: bytes, _asked: tuple[int, ...], right: bytes, send: Send) -> None:
        send(right)
        if self.rng.random() < 0.5:
            send(right)
        else:
            asyncio.get_running_loop().call_later(self.rng.uniform(0, 0.05), send, right)

    def _split(self, _head: bytes, _asked: tuple[int, ...], right: bytes, send: Send) -> None:
        cut = self.rng.randrange(1, len(right))
        send(right[:cut])
        asyncio.get_running_loop().call_later(self.rng.uniform(0, 0.01), send, right[cut:])

    def _foreign(self, head: bytes, asked: tuple[int, ...], _right: bytes, send: Send) -> None:
        unit, function, address, count = asked
        kind = self.rng.randrange(4)
        if kind == 0:
            send(self._frame(head, self._body(unit + 1, function, address, count)))
        elif kind == 1:
            send(self._frame(head, self._body(unit, 7 - function, address, count)))
        elif kind == 2:
            send(self._frame(head, self._body(unit, function, address, count % 125 + 1)))
        else:
            send(self.before or b"\x00")  # the answer before once more

    def _cut(self, _head: bytes, _asked: tuple[int, ...], right: bytes, send: Send) -> None:
        send(right[: self.rng.randrange(1, len(right))])


class _Client(asyncio.Protocol):
    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy, self.buffer = proxy, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.proxy.take(self.buffer, self.say)

    def say(self, frame: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(frame)


async def _open(proxy: FaultProxy, number: int) -> tuple[Gateway, Callable[[], None]]:
    """Return the gateway of a proxy that listens, and what closes it."""
    loop, name = asyncio.get_running_loop(), f"{proxy.kind}-{number}"
    if proxy.kind == "serial":
        ours, theirs = os.openpty()
        tty.setraw(ours)
        tty.setraw(theirs)
        buffer = bytearray()

        def readable() -> None:
            with suppress(OSError):
                buffer.extend(os.read(ours, 4096))
                proxy.take(buffer, write)

        loop.add_reader(ours, readable)

        def write(frame: bytes) -> None:
            with suppress(OSError):  # the line was closed before a late answer
                os.write(ours, frame)

        def close() -> None:
            loop.remove_reader(ours)
            os.close(ours)
            os.close(theirs)

        protocol = WireProtocol.RTU_SERIAL
        return Gateway(name, "plant", protocol, os.ttyname(theirs), timeout_s=proxy.timeout_s), close
    server = await loop.create_server(lambda: _Client(proxy), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    protocol = WireProtocol.RTU_OVER_TCP if proxy.rtu else WireProtocol.MODBUS_TCP
    return Gateway(name, "plant", protocol, "127.0.0.1", port, timeout_s=proxy.timeout_s), server.close


async def _wire(proxy: FaultProxy, number: int, reads: int, seed: int, machine: Machine) -> Tally:
    """Read one wire ``reads`` times and hold every answer against the registers."""
    gateway, close = await _open(proxy, number)
    source, rng, tally = ModbusSource(gateway), Random(f"{proxy.kind} {number} {seed}"), Tally()
    try:
        await asyncio.sleep(rng.uniform(0, proxy.timeout_s * 5))  # not every wire connects at the same moment
        while tally.reads < reads:
            count = rng.choice(SHAPES)
            unit, block = (
                rng.randrange(1, 4),
                BlockRead(rng.choice((3, 4)), 100 * rng.randrange(1, 40), count),
            )
            proxy.met = False
            stalls = machine.stalls
            tally.reads += 1
            try:
                words = (await source.read(unit, block)).words
            except NoConnectionError:  # nothing was asked
                tally.reads -= 1
                await asyncio.sleep(proxy.timeout_s)
                continue
            except CollectError as error:
                proxy.note(f"refused {str(error).partition(', ')[2]}")
                words = b""
            right = words == registers(unit, block.address, count)
            tally.good += right
            if words and not right:
                tally.wrong += 1
                asked = f"unit {unit} function {block.function} {block.address}+{count}"
                tally.accounts.append("\n".join((f"{proxy.kind} {number}: {asked}", *proxy.trail)))
            if not proxy.met:
                counted = right or machine.stalls == stalls
                tally.intact += counted
                tally.stalled += not counted
                tally.intact_good += right
    finally:
        await source.close()
        close()
    tally.faults = proxy.faults
    return tally


async def campaign(
    reads: int,
    *,
    seed: int = 1,
    wires: int = 24,
    share: float = 0.05,
    timeout_s: float = 0.4,
    kinds: Sequence[str] = KINDS,
) -> dict[str, Tally]:
    """Return what became of ``reads`` reads in equal shares over the kinds of gateway."""
    each = max(1, reads // (len(kinds) * wires))
    jobs = [(kind, number) for kind in kinds for number in range(wires)]
    machine = Machine(timeout_s)
    watching = asyncio.create_task(machine.watch())
    proxies = [FaultProxy(kind, seed * 1000 + number, share, timeout_s) for kind, number in jobs]
    done = await asyncio.gather(
        *(_wire(proxy, n, each, seed, machine) for proxy, (_, n) in zip(proxies, jobs, strict=True))
    )
    watching.cancel()
    totals = {kind: Tally() for kind in kinds}
    for (kind, _), tally in zip(jobs, done, strict=True):
        totals[kind].add(tally)
    return totals


def figures_of(totals: dict[str, Tally], seconds: float) -> dict[str, float | str]:
    """Return the figures of a campaign."""
    whole = Tally()
    for tally in totals.values():
        whole.add(tally)
    found: dict[str, float | str] = {
        "wire_reads": float(whole.reads),
        "wire_wrong_taken_as_good": float(whole.wrong),
        "wire_intact_good_percent": 100.0 * whole.intact_good / max(1, whole.intact),
        "wire_lost_to_a_slow_machine": float(whole.stalled),
        "wire_reads_per_s": whole.reads / seconds,
    }
    for kind, tally in totals.items():
        spoilt = sum(tally.faults[name] for name in BROKEN)
        found[f"wire_{kind}"] = (
            f"{tally.reads} reads, {spoilt} answers spoilt, {tally.wrong} wrong, "
            f"{100.0 * tally.intact_good / max(1, tally.intact):.2f} % of the intact good"
        )
    return found


def run(
    quick: bool = False, reads: int = 0, seed: int = 1, wires: int = 24, kinds: Sequence[str] = KINDS
) -> dict[str, float | str]:
    """Run the campaign; figures are reads, wrong values and intact reads that were taken."""
    begun = perf_counter()
    work = campaign(reads or (3_000 if quick else 30_000), seed=seed, wires=wires, kinds=kinds)
    totals = asyncio.run(work)
    for account in (one for tally in totals.values() for one in tally.accounts):
        print(account, file=sys.stderr)
    return figures_of(totals, perf_counter() - begun)


def main(words: Sequence[str] | None = None) -> int:
    """Run the campaign a person asked for; 1 when a wrong value was taken or intact reads were lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wires", type=int, default=24, help="wires of each kind, read side by side")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, metavar="KIND")
    args = parser.parse_args(words)
    figures = run(reads=args.reads, seed=args.seed, wires=args.wires, kinds=args.kinds)
    for name, value in figures.items():
        print(f"{name} = {value:.2f}" if isinstance(value, float) else f"{name} = {value}")
    lost = float(figures["wire_intact_good_percent"]) < 99.0
    return 1 if figures["wire_wrong_taken_as_good"] or lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
