"""A week of plants on virtual time with everything going wrong: our account of samples against what really happened.

The whole collector runs (`jobs.collect`, pollers, breakers, queue on disk, forwarder) between scripted wires, a
scripted broker and a scripted store that write down the truth (`bench.week_field`). Afterwards every slot of every
device is compared, cell by cell: good, suspect (why), missing (why). Beside that: what dead devices cost their wire,
how soon they are seen again, and that every row reached the store once.

`python -m bench.week [--plants N] [--days N] [--planted drop]`; a planted error must be noticed.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench.fleet_cpu import registers
from bench.virtual import VirtualClock, VirtualLoop, run
from bench.week_field import (
    BUSY,
    RELAY_TOPIC,
    RELAYED,
    TIMEOUT_S,
    Fault,
    Field,
    FieldBroker,
    FieldStore,
    FieldWire,
    Script,
)
from bench.week_truth import PERIOD_S, Truth, published_of
from collectors.spool import Spool
from collectors.wiring import polled_wires
from domain.errors import StoreUnavailableError
from domain.measurement import Batch
from domain.plant import Device, DeviceKind, Gateway, Registry
from domain.slots import SlotState, instant_of, tagged, word_of
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs import slot_keeper
from jobs.collect import Collector
from jobs.forward import Forwarder
from tests.collectors.plants import modbus_plant, mqtt_plant, registry

START = datetime(2026, 6, 1, 2, tzinfo=UTC)  # 10:00 in Shangzhou
UNITS = 6
_HOUR, _DAY = 3600.0, 86_400.0
_DAY_KINDS = ("silent", "malformed", "exception", "partial", "range")
_QUICK_S = 60.0  # of one plant: only there a dead device is left alone for whole slots
_CLOCK_PUT_S, _CLOCK_BY_S = 0.3 * _HOUR, 1200.0  # on the last day, in a quiet hour
_TAGGED = ("no_answer", "quarantined", "malformed", "wire_down", f"exception_{BUSY}")  # what a tag explains


def plants(count: int) -> Registry:
    """Return ``count`` polled plants, one whose relay passes documents on, and one that publishes.

    In the first is a device nobody can read; the last of the polled pays for its link by the byte.
    """
    polled = [modbus_plant(n, 1, UNITS, _QUICK_S if n == 1 else PERIOD_S) for n in range(count)]
    unread = replace(polled[0].devices[-1], profile="unheard_of")
    polled[0] = replace(polled[0], devices=(*polled[0].devices[:-1], unread))
    [gateway] = polled[-1].gateways
    polled[-1] = replace(polled[-1], gateways=(replace(gateway, plan_mb=2000.0),))
    relayed, broker = mqtt_plant(count, 2, PERIOD_S), mqtt_plant(count + 1, 3, PERIOD_S)
    relays = tuple(replace(each, topic=RELAY_TOPIC) for each in relayed.gateways)
    boxes = tuple(
        replace(each, profile=RELAYED, serial_number=f"SAMPLE{number:04}")
        for number, each in enumerate(relayed.devices)
    )
    return registry(
        *polled,
        replace(relayed, gateways=relays, devices=_meters(boxes)),
        replace(broker, devices=_meters(broker.devices)),
    )


def _meters(devices: Sequence[Device]) -> tuple[Device, ...]:
    """Return devices as such that never sleep."""
    return tuple(replace(device, kind=DeviceKind.REVENUE_METER) for device in devices)


def script(given: Registry, days: int, seed: int) -> Script:
    """Return faults of every kind: by device and gateway within the daylight, of the store at any time."""
    chance = random.Random(seed)
    faults: list[Fault] = []
    for number, plant in enumerate(given.plants[:-2]):
        for day in range(days):
            noon_s = day * _DAY + 2 * _HOUR
            wire_kind = ("", "down", "slow")[(number + day) % 3]
            if wire_kind:  # a wire in trouble on its own: what each of its devices does is plain then
                start_s = noon_s + chance.uniform(0, _HOUR)
                faults.append(Fault(wire_kind, plant.gateways[0].gateway_id, start_s, start_s + 2 * _HOUR))
                continue
            for device in plant.devices:
                kind = chance.choice(_DAY_KINDS)
                start_s = noon_s + chance.uniform(0, 2 * _HOUR)
                faults.append(
                    Fault(kind, device.device_id, start_s, start_s + chance.uniform(_HOUR, 3 * _HOUR))
                )
    relayed, published = given.plants[-2].devices, given.plants[-1].devices
    faults.append(Fault("astray", relayed[0].device_id, 2 * _HOUR, 3 * _HOUR))
    faults.append(Fault("doubted", relayed[1].device_id, 9 * _HOUR, 11 * _HOUR))
    faults.append(Fault("silent", published[0].device_id, 3 * _HOUR, 8 * _HOUR))
    faults.append(Fault("gap", published[1].device_id, 4 * _HOUR, 5 * _HOUR))
    changed = given.plants[1].devices[0].device_id
    faults.append(Fault("swapped", changed, 13 * _HOUR, 15 * _HOUR + 12 * _HOUR))
    faults.append(Fault("away", "store", 0.05 * _DAY, 0.3 * _DAY))
    faults.append(Fault("reject", given.plants[1].devices[1].device_id, 0.32 * _DAY, 0.37 * _DAY))
    return Script(faults)


class Week:
    """One run: the program, the field around it, and the comparison."""

    def __init__(self, plant_count: int, days: int, seed: int, folder: Path, *, planted: str = "") -> None:
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop, START)
        self.profiles = load_profiles()
        self.registry = plants(plant_count)
        self.days = days
        self.script = script(self.registry, days, seed)
        image = registers(self.profiles["huawei_sun2000"])
        self.field = Field(list(self.registry.devices()), self.script, self.clock, image)
        self.store = FieldStore(self.field, drop_every=997 if planted else 0)
        self.path = folder / "spool.sqlite"
        self.bytes_max = plant_count * UNITS * 9_000  # less than the store stays away
        self.spool = self._open()
        self.committed: dict[tuple[str, datetime], int] = {}  # values of each row that was safe on disk
        self._wires: list[FieldWire] = []
        self._job: Collector | None = None

    def _committed(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            self.committed[batch.device_id, batch.measured_at] = len(batch.values)

    def _open(self) -> Spool:
        return Spool(self.path, bytes_max=self.bytes_max, ballast_bytes=4096)

    def play(self) -> None:
        """Run all days."""
        run(self.loop, self._story())

    async def _story(self) -> None:
        slot_keeper.LOOK_S = (
            30.0  # it looks four times a real second; a virtual one costs as much to live through
        )
        firsts = {
            device.device_id: device.plan.blocks[0]
            for wire in polled_wires(self.registry, self.profiles, self.clock)
            for device in wire.devices
        }
        self.field.expect_first(firsts)
        for day in range(self.days):
            await self._up_until((day + 0.72) * _DAY)
            await self._quiet()
            down_s = _HOUR * (1 + day % 3)
            await self._stop()
            await asyncio.sleep(down_s)
            self.spool.close()
            self.spool = self._open()
            await self._up_until((day + 1) * _DAY)
            await self._quiet()
            await self._stop()

    async def _up_until(self, end_s: float) -> None:
        put_s = (self.days - 1) * _DAY + _CLOCK_PUT_S
        if self.field.jump is None and put_s < end_s:
            await self._stay_until(put_s)
            await self._quiet()
            self.field.put_clock(_CLOCK_BY_S)
        await self._stay_until(end_s)

    async def _stay_until(self, end_s: float) -> None:
        if self._job is None:
            self._begin()
        await asyncio.sleep(max(0.0, end_s - self.clock.monotonic()))

    def _begin(self) -> None:
        broker = FieldBroker(self.field, published_of(self.registry), PERIOD_S)
        self._wires = []

        def wire(gateway: Gateway) -> FieldWire:
            plant = self.registry.plants_by_id[gateway.plant_id]
            found = FieldWire(self.field, gateway.gateway_id, (plant.latitude, plant.longitude))
            self._wires.append(found)
            return found

        self.field.ups.append(self.clock.now())
        self._job = Collector(
            self.registry,
            self.profiles,
            self.clock,
            self.spool,
            make_source=wire,
            messages=broker,
            on_batches=self._committed,
        )
        self._forwarder = Forwarder(self.spool, self.store, None, self.clock)  # type: ignore[arg-type]
        self._tasks = [
            asyncio.create_task(self._job.run()),
            asyncio.create_task(broker.publish()),
            asyncio.create_task(self._forward()),
        ]

    async def _forward(self) -> None:
        while True:
            try:
                while self._forwarder.run_once():
                    pass
            except StoreUnavailableError:
                await asyncio.sleep(20.0)
            await asyncio.sleep(60.0)

    async def _quiet(self) -> None:
        """Wait until no wire is in the middle of something; none is slow at the hours this is asked."""
        while any(self.clock.monotonic() - wire.last_s < 2.5 * TIMEOUT_S for wire in self._wires):  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    async def _stop(self) -> None:
        assert self._job is not None
        self.field.downs.append(self.clock.now())
        await self._job.stop()
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._job = None

    # ------------------------------------------------------------------ the truth, and the comparison

    def compare(self) -> dict[str, float | str]:
        """Hold every slot that is over against the truth; return figures."""
        self.tags = self._tags()
        waiting = {(b.device_id, b.measured_at) for _, b in self.spool.peek(10_000_000)}
        truth = Truth(self.field, self.store, self.committed, waiting, self.registry)
        used: Counter[str] = Counter()
        wrong: list[str] = []
        for strip in sorted(self.spool.book.strips(), key=lambda each: (each.device_id, each.start_us)):
            states = tagged(strip, self.tags.get(strip.device_id, ()))
            for slot in range(strip.over(self.field.downs[-1])):
                state = states[slot]
                said = word_of(SlotState.COLLECTOR_DOWN if state == SlotState.OPEN else state)
                used[said] += 1
                start = instant_of(strip.start_us + slot * strip.period_us)
                right = truth.of(strip, start)
                if any(start in tag for tag in self.tags.get(strip.device_id, ())):
                    right = tuple("maintenance" if word in _TAGGED else word for word in right)
                if said not in right:
                    wrong.append(f"{strip.device_id} {start:%d %H:%M:%S}: said {said}, was {'/'.join(right)}")
        lost = sum(
            (name, ask.answered_at) not in self.committed
            for name, asks in self.field.asks.items()
            for ask in asks
            if ask.answered_at is not None and not ask.probe
        )
        found: dict[str, float | str] = {
            "slots": used.total(),
            "slots_wrong": len(wrong),
            "reasons_used": len(used),
            "answers_never_committed": lost,
            "stored_twice": self.store.twice,
            **{f"state_{name}": count for name, count in sorted(used.items())},
            **{f"wrong_{n}": line for n, line in enumerate(wrong[:8])},
        }
        return {**found, **self._dead()}

    def _tags(self) -> dict[str, list[Interval]]:
        """Return the maintenance tags: on who does not answer on the first day, hung up late and taken off early."""
        silent = [f for f in self.script.faults if f.kind in {"silent", "exception"} and f.start_s < _DAY]
        return {
            f.where: [Interval(self.field.wall_of(f.start_s + 700), self.field.wall_of(f.end_s - 700))]
            for f in silent
        }

    def _dead(self) -> dict[str, float]:
        """Return what dead devices cost their wire from the fourth cycle on, and how late they were seen again."""
        silent = [f for f in self.script.faults if f.kind == "silent" and f.where in self.field.polled]
        periods = {p.gateways[0].gateway_id: p.poll_period_s or PERIOD_S for p in self.registry.plants[:-2]}
        young = [
            (f.start_s, f.start_s + 4 * periods[self.field.polled[f.where]], self.field.polled[f.where])
            for f in silent
        ]
        cost: Counter[tuple[str, int]] = Counter()
        for at_s, wire in self.field.wasted:
            if not any(start <= at_s < end and where == wire for start, end, where in young):
                cost[wire, int(at_s // periods[wire])] += 1
        back = []
        for fault in silent:
            end = self.field.wall_of(fault.end_s)
            answered = (
                a.answered_at for a in self.field.asks[fault.where] if a.answered_at and a.answered_at >= end
            )
            back.append((next(answered) - end).total_seconds())
        most = max(cost.values(), default=0)
        share = max((count * TIMEOUT_S / periods[wire] for (wire, _), count in cost.items()), default=0.0)
        return {
            "dead_timeouts_a_cycle_most": most,
            "dead_share_of_wire_time_percent": round(100 * share, 2),
            "seen_again_after_most_s": round(max(back, default=0.0)),
        }


def week(plant_count: int, days: int, seed: int = 1, planted: str = "") -> dict[str, float | str]:
    """Play and compare."""
    begun = time.perf_counter()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # no power cut here: no disk needed
    with tempfile.TemporaryDirectory(prefix="pvmon-week-", dir=memory) as name:
        one = Week(plant_count, days, seed, Path(name), planted=planted)
        random.seed(seed)  # the pollers' jitter
        one.play()
        found = one.compare()
        one.spool.close()
    return {"plants": plant_count + 1, "days": days, **found, "seconds": round(time.perf_counter() - begun)}


def main() -> int:
    """Run from the command line; 1 when a slot is wrong or a row was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.week", description=__doc__)
    parser.add_argument("--plants", type=int, default=59)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", choices=("", "drop"), default="")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    found = week(args.plants, args.days, args.seed, args.planted)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return int(bool(found["slots_wrong"] or found["answers_never_committed"] or found["stored_twice"]))


if __name__ == "__main__":
    sys.exit(main())
