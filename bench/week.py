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
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.fleet_cpu import registers
from bench.virtual import VirtualClock, VirtualLoop, run
from bench.week_field import SLOW_S, TIMEOUT_S, Ask, Fault, Field, FieldBroker, FieldStore, FieldWire, Script
from collectors.spool import Spool
from collectors.wiring import polled_wires
from domain.errors import StoreUnavailableError
from domain.measurement import Batch
from domain.plant import DeviceKind, Gateway, Registry
from domain.slots import SlotState, Strip, instant_of, word_of
from inverters.profile import load_profiles
from jobs import slot_keeper
from jobs.collect import Collector
from jobs.forward import Forwarder
from tests.collectors.plants import modbus_plant, mqtt_plant, registry

START = datetime(2026, 6, 1, 2, tzinfo=UTC)  # 10:00 in Shangzhou
PERIOD_S, UNITS = 300.0, 6
_HOUR, _DAY = 3600.0, 86_400.0
_DAY_KINDS = ("silent", "malformed", "exception", "partial", "range")
_QUICK_S = 60.0  # of one plant: only there a dead device is left alone for whole slots
_BEFORE = timedelta(milliseconds=1)  # a cycle may begin so much before its slot


def plants(count: int) -> Registry:
    """Return ``count`` polled plants, one that publishes, and in the first a device nobody can read."""
    polled = [modbus_plant(n, 1, UNITS, _QUICK_S if n == 1 else PERIOD_S) for n in range(count)]
    unread = replace(polled[0].devices[-1], profile="unheard_of")
    polled[0] = replace(polled[0], devices=(*polled[0].devices[:-1], unread))
    broker = mqtt_plant(count, 3, PERIOD_S)
    meters = tuple(replace(device, kind=DeviceKind.REVENUE_METER) for device in broker.devices)
    return registry(*polled, replace(broker, devices=meters))


def script(given: Registry, days: int, seed: int) -> Script:
    """Return faults of every kind: by device and gateway within the daylight, of the store at any time."""
    chance = random.Random(seed)
    faults: list[Fault] = []
    for number, plant in enumerate(given.plants[:-1]):
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
    published = given.plants[-1].devices
    faults.append(Fault("silent", published[0].device_id, 3 * _HOUR, 8 * _HOUR))
    faults.append(Fault("gap", published[1].device_id, 4 * _HOUR, 5 * _HOUR))
    changed = given.plants[1].devices[0].device_id
    faults.append(Fault("swapped", changed, 13 * _HOUR, 15 * _HOUR + 12 * _HOUR))
    faults.append(Fault("away", "store", 0.05 * _DAY, 0.3 * _DAY))
    faults.append(Fault("reject", given.plants[1].devices[1].device_id, 0.2 * _DAY, 0.25 * _DAY))
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
        if self.clock.monotonic() >= end_s:
            return
        if self._job is None:
            self._begin()
        await asyncio.sleep(end_s - self.clock.monotonic())

    def _begin(self) -> None:
        published = self.registry.plants[-1].devices
        broker = FieldBroker(self.field, published, PERIOD_S)
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
        """Wait until no wire is in the middle of something."""
        while any(self.clock.monotonic() - wire.last_s < 2 * PERIOD_S / 30 for wire in self._wires):  # noqa: ASYNC110
            await asyncio.sleep(0.5)

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
        waiting = {(b.device_id, b.measured_at) for _, b in self.spool.peek(10_000_000)}
        truth = Truth(self.field, self.store, self.committed, waiting, self.registry)
        used: Counter[str] = Counter()
        wrong: list[str] = []
        for strip in sorted(self.spool.book.strips(), key=lambda each: (each.device_id, each.start_us)):
            for slot in range(strip.over(self.field.downs[-1])):
                state = strip.states[slot]
                said = word_of(SlotState.COLLECTOR_DOWN if state == SlotState.OPEN else state)
                used[said] += 1
                start = instant_of(strip.start_us + slot * strip.period_us)
                right = truth.of(strip, start)
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

    def _dead(self) -> dict[str, float]:
        """Return what dead devices cost their wire from the fourth cycle on, and how late they were seen again."""
        silent = [f for f in self.script.faults if f.kind == "silent" and f.where in self.field.polled]
        periods = {p.gateways[0].gateway_id: p.poll_period_s or PERIOD_S for p in self.registry.plants[:-1]}
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
            end = START + timedelta(seconds=fault.end_s)
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


class Truth:
    """What became of a slot, from what the field wrote down."""

    def __init__(
        self,
        field: Field,
        store: FieldStore,
        committed: Mapping[tuple[str, datetime], int],
        waiting: set[tuple[str, datetime]],
        given: Registry,
    ) -> None:
        self._field = field
        self._store = store
        self._committed = committed
        self._waiting = waiting
        self._published = {device.device_id for device in given.plants[-1].devices}
        self._last = max(field.downs)
        self._wire: dict[str, list[tuple[datetime, str]]] = {}
        for name, wire in field.polled.items():
            outcomes = ((ask.at, ask.outcomes[-1]) for ask in field.asks[name] if ask.outcomes)
            self._wire.setdefault(wire, []).extend(outcomes)
        for said in self._wire.values():
            said.sort()
        self._asked_at = {name: [ask.at for ask in asks] for name, asks in field.asks.items()}
        self._spoke_at = {wire: [at for at, _ in said] for wire, said in self._wire.items()}

    def _asks(self, device_id: str, start: datetime, end: datetime) -> list[Ask]:
        """Return askings that began in [start, end)."""
        known = self._asked_at.get(device_id, [])
        return (
            self._field.asks[device_id][bisect_left(known, start) : bisect_left(known, end)] if known else []
        )

    def of(self, strip: Strip, start: datetime) -> tuple[str, ...]:
        """Return the words that are right for a slot; more than one where the program cannot know more."""
        end = start + timedelta(microseconds=strip.period_us)
        asks = self._asks(strip.device_id, start - timedelta(seconds=2 * SLOW_S), end)
        rows = [a for a in asks if not a.probe and a.answered_at is not None and start <= a.answered_at < end]
        if rows:
            return (self._sample(strip.device_id, rows[0]),)
        if strip.device_id in self._published:
            return self._unpublished(strip.device_id, start, end)
        if strip.device_id not in self._field.polled:
            return ("disabled", "collector_down") if self._stops_near(start, end) else ("disabled",)
        failed = [a.outcomes[-1] for a in asks if start <= a.at + _BEFORE < end and a.answered_at is None]
        if failed:
            return (failed[-1],)
        return (self._unasked(strip.device_id, start, end),)

    def _sample(self, device_id: str, ask: Ask) -> str:
        row = (device_id, ask.answered_at or START)
        if row in self._store.refused:
            return "rejected_by_store"
        if row not in self._waiting:
            kept = self._store.taken.get(row)
            if kept is None:
                return "spool_shed"
            if kept < self._committed.get(row, 0):
                return "thinned"
        day = self._asks(device_id, ask.at - timedelta(days=1), ask.at + timedelta(microseconds=1))
        said = [other.serial for other in day if other.serial]
        if said and said[-1] == "other":
            return "inconsistent"
        if "range" in ask.outcomes:
            return "out_of_range"
        return "partial" if any(one not in {"good", "range"} for one in ask.outcomes) else "good"

    def _unpublished(self, device_id: str, start: datetime, end: datetime) -> tuple[str, ...]:
        if self._is_down(start, end):
            return ("collector_down",)
        left_out = "gap" in self._field.script.at(device_id, (start - START).total_seconds())
        state = "source_gap" if left_out else "no_answer"
        return (state, "collector_down") if self._stops_near(start, end) else (state,)

    def _unasked(self, device_id: str, start: datetime, end: datetime) -> str:
        if self._is_down(start, end):
            return "collector_down"
        ups, end = [up for up in self._field.ups if up <= end], end - _BEFORE
        there = not self._is_down(start, start)
        since = ups[-2] if ups[-1] >= start and there and len(ups) > 1 else ups[-1]
        wire = self._field.polled[device_id]
        place = bisect_left(self._spoke_at[wire], end) - 1
        if place >= 0 and self._spoke_at[wire][place] >= since and self._wire[wire][place][1] == "wire_down":
            return "wire_down"
        own = [ask.outcomes[-1] for ask in self._asks(device_id, since, end)[-3:] if ask.outcomes]
        if not own and not there:
            return "collector_down"  # it came in the end of the slot, and asked in the next one
        return {"asleep": "asleep", "no_answer": "quarantined"}.get(own[-1] if own else "", "skipped")

    def _is_down(self, start: datetime, end: datetime) -> bool:
        """Tell whether nobody collected in the slot from its beginning on."""
        ups = [up for up in self._field.ups if up < end]
        downs = [down for down in self._field.downs if down <= start]
        return len(downs) == len(ups)

    def _stops_near(self, start: datetime, end: datetime) -> bool:
        """Tell whether the collector stopped before what it says late could be said."""
        late = timedelta(seconds=3.5 * PERIOD_S)
        return self._is_down(start, end) or any(start <= down <= end + late for down in self._field.downs)


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
