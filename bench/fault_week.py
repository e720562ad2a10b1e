"""A week of the virtual fleet with faults, lived through as a running instance would: for the eye, against its truth log.

`python -m bench.fault_week --out DIR [--plants 20 --start 2027-01-11 --pictures]`: rows of the weeks before fill the
store, then seven days come hour by hour; the watch of every minute, the evening's rules and days judge them as they
do live. Faults of every kind are spread over the plants, four of twenty have none. `DIR/truth.csv` says what was
done, `DIR/told.csv` what was said; with ``--pictures`` the alerts list and the pages of every plant are taken at noon
of each day and in the last evening (`bench.fault_pictures`), with ``--serve`` the last evening stays on a port.
"""

import argparse
import csv
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from alerts.context import Context
from bench.detection_campaign import CONFIG, STEP, chosen
from bench.fault_pictures import Pictures
from bench.fault_plan import PLAN, replayable
from domain.clock import ManualClock
from domain.frame import DEVICE, INSTANT
from domain.measurement import Origin
from domain.plant import DeviceKind, Plant, Registry
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs.compute_days import DayBooks
from jobs.evaluate_alerts import AlertWatch, DailyAlerts, context_for
from main.configuration import load_alert_rules, load_registry
from main.energy_prices import prices_of
from main.tariffs import load_tariffs
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet
from tests.dashboard.fixtures import Served, World, bare, batches_of

K = FaultKind
_ZONE = ZoneInfo("Asia/Shanghai")
DAYS, LEARN_DAYS = 7, 50
NOON_H, EVENING_H = 12.2, 22.1
_QUIET = frozenset({4, 9, 14, 19})  # places of the plants that are left alone
# those of the campaigns that a week has room for: kind, days it lasts, hour of the day it begins, size
_SHORT = tuple(
    (kind, min(lasts, 3.0), hour, amount) for kind, lasts, hour, amount in PLAN if kind is not K.SHADING
)
# place of the plant → kind, day of the week it begins (before it: negative), hour, days it lasts, size
_SLOW: Mapping[int, tuple[FaultKind, float, float, float, float]] = {
    1: (K.SNOW, 2.0, 6.0, 0.4, 0.97),
    6: (K.SHADING, -9.0, 0.0, 16.0, 0.6),
    8: (K.SOILING, -30.0, 0.0, 37.0, 0.12),
    11: (K.METER_DRIFT, -4.0, 0.0, 11.0, 0.04),
    12: (K.SNOW, 4.0, 6.0, 1.4, 0.85),
}
_WHOLE = frozenset({K.GRID_OUTAGE, K.CURTAILMENT, K.DEAD_GATEWAY, K.SNOW, K.SOILING, K.METER_DRIFT})


def planned(registry: Registry, monday: datetime, seed: int) -> tuple[Fault, ...]:
    """Return the faults of the week: two short ones on a plant, or a slow one, or none; and a feeder's outage."""
    found: list[Fault] = []
    turn = 0
    feeder = _feeder(registry)
    for place, plant in enumerate(registry.plants):
        dice = np.random.default_rng([seed, place])
        if place in _QUIET:
            continue
        if place in _SLOW:
            kind, day, hour, lasts, amount = _SLOW[place]
            found.append(_fault(plant, kind, monday + timedelta(days=day, hours=hour), lasts, amount, dice))
            continue
        for first in (0, 4):
            kind, lasts, hour, amount = _SHORT[turn % len(_SHORT)]
            late = float(dice.uniform(0.0, 1.0))
            at = monday + timedelta(days=first + turn % 3, hours=hour + late)
            if plant.feeder == feeder and first + turn % 3 + lasts > DAYS - 2:
                at -= timedelta(days=3)
            found.append(_fault(plant, kind, at, lasts, amount, dice))
            turn += 1
    own = [plant for plant in registry.plants if feeder and plant.feeder == feeder]
    devices = tuple(each.device_id for plant in own for each in plant.devices)
    begin = (monday + timedelta(days=DAYS - 1, hours=11.0)).timestamp()
    if devices:
        found.append(Fault(f"feeder-{feeder}", K.FEEDER_OUTAGE, feeder, begin, begin + 7200.0, devices))
    return tuple(sorted(found, key=lambda each: (each.start_s, each.subject)))


def _feeder(registry: Registry) -> str:
    sizes: dict[str, int] = {}
    for plant in registry.plants:
        if plant.feeder:
            sizes[plant.feeder] = sizes.get(plant.feeder, 0) + 1
    return min((name for name, count in sizes.items() if count >= 3), default="")


def _fault(
    plant: Plant, kind: FaultKind, begin: datetime, lasts: float, amount: float, dice: np.random.Generator
) -> Fault:
    inverters = plant.devices_of(DeviceKind.INVERTER)
    unit = inverters[int(dice.integers(len(inverters)))]
    all_of_it = {K.GRID_OUTAGE: plant.devices, K.DEAD_GATEWAY: plant.devices}.get(kind, inverters)
    if kind is K.METER_DRIFT:
        all_of_it = plant.devices_of(DeviceKind.REVENUE_METER)
    devices = all_of_it if kind in _WHOLE else (unit,)
    return Fault(
        f"{kind.value}-{plant.plant_id}-{begin:%m%d}",
        kind,
        plant.plant_id if kind in _WHOLE else unit.device_id,
        begin.timestamp(),
        (begin + timedelta(days=lasts)).timestamp(),
        tuple(each.device_id for each in devices),
        strings=(1 + int(dice.integers(max(unit.string_count, 1))),) if kind is K.STRING_OPEN else (),
        amount=amount,
        ramp_s=25 * 86_400.0 if kind is K.SOILING else 0.0,
        from_h=13.0 if kind is K.SHADING else 0.0,
        to_h=15.5 if kind is K.SHADING else 24.0,
    )


@dataclass
class Lived:
    """An instance without wires: stores, a clock, and the jobs that judge."""

    world: World
    faults: tuple[Fault, ...]
    fleet: Fleet
    coming: list[tuple[list[str], pd.DataFrame]]
    watch: AlertWatch
    evening: DailyAlerts
    books: DayBooks

    def live(self, monday: datetime, look: Callable[[str, datetime], None]) -> None:
        """Live the seven days, an hour a step; ``look`` is called at each noon and in the last evening."""
        for day in range(DAYS):
            midnight = monday + timedelta(days=day)
            for hour in (*range(1, 13), NOON_H, *range(13, 22), 21.6, EVENING_H, 24):
                self._until(midnight + timedelta(hours=hour))
                if hour == NOON_H:
                    self._latest(midnight)
                    look(f"d{day + 1}-noon", self.world.clock.now())
                if hour == 21.6:
                    print(self.evening.run())
                if hour == EVENING_H:
                    print(self.books.run())
                    self._latest(midnight)
                    if day == DAYS - 1:
                        look(f"d{day + 1}-evening", self.world.clock.now())
                        return

    def _until(self, at: datetime) -> None:
        clock = self.world.clock
        before = clock.now()
        for names, table in self.coming:
            part = table[(table[INSTANT] >= before) & (table[INSTANT] < at)]
            if len(part):
                self.world.store.write_table(names, part, Origin.DEMO_HISTORY)
        clock.advance((at - before).total_seconds())
        self.watch.step()

    def _latest(self, midnight: datetime) -> None:
        """Take the newest row of each device of this day for what was read last."""
        for names, table in self.coming:
            told = table[(table[INSTANT] >= midnight) & (table[INSTANT] < self.world.clock.now())]
            newest = told.sort_values(INSTANT).groupby(DEVICE, observed=True).tail(1)
            self.world.latest.update(batches_of(names, newest))


def lived(folder: Path, registry: Registry, monday: datetime, seed: int) -> Lived:
    """Fill the stores up to Monday and keep the rows of the week for later."""
    start, end = monday - timedelta(days=LEARN_DAYS), monday + timedelta(days=DAYS)
    world = bare(folder, registry, monday)
    faults = planned(registry, monday, seed)
    fleet = Fleet(registry, load_profiles(), ManualClock(end), seed, faults)
    coming: list[tuple[list[str], pd.DataFrame]] = []
    for tables in fleet.history_by_day(Interval(start, end), STEP):
        for _, made in tables:
            table = replayable(made, faults)
            names = [name for name in table.columns if name not in {DEVICE, INSTANT}]
            past = table[table[INSTANT] < monday]
            if len(past):
                world.store.write_table(names, past, Origin.DEMO_HISTORY)
            if len(table) > len(past):
                coming.append((names, table[table[INSTANT] >= monday]))
    book = load_alert_rules(CONFIG, None)
    prices = prices_of(load_tariffs(CONFIG, None, registry), registry.plants_by_id)
    context = context_for(registry, Context(prices=prices, stakes=book.stakes))
    parts = (world.store, world.records, registry, world.clock, book.rules, context)
    days = DayBooks(world.store, world.records, registry, world.clock, prices)
    return Lived(world, faults, fleet, coming, AlertWatch(*parts), DailyAlerts(*parts), days)


def write_truth(done: Lived, path: Path) -> None:
    """Write what was done, with what it cost by the physics, plant by plant. [kWh]"""
    registry = done.world.registry
    lost = {fault.fault_id: wh for fault, wh in done.fleet.losses(done.fleet.start)}
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(
            ("plant_id", "plant", "kind", "subject", "strings", "start", "end", "amount", "lost_kwh")
        )
        for fault in done.faults:
            own = registry.devices_by_id[fault.device_ids[0]].plant_id
            name = registry.plants_by_id[own].name
            span = [f"{at.astimezone(_ZONE):%m-%d %H:%M}" if at else "" for at in (fault.start, fault.end)]
            strings = " ".join(str(each) for each in fault.strings)
            kwh = f"{lost.get(fault.fault_id, 0.0) / 1000.0:.1f}"
            rows.writerow((own, name, fault.kind.value, fault.subject, strings, *span, fault.amount, kwh))


def write_told(done: Lived, span: Interval, path: Path) -> None:
    """Write every alert that fired in the week, with its parent and what it counted as lost."""
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        heads = (
            "plant_id",
            "rule",
            "device_id",
            "part",
            "fired",
            "resolved",
            "severity",
            "under",
            "lost_kwh",
            "cause",
        )
        rows.writerow(heads)
        told = [
            each
            for each in done.world.records.alert_history(span, count_max=5000)
            if each.fired_at is not None
        ]
        for each in sorted(told, key=lambda one: (one.plant_id, one.fired_at or one.since)):
            at = [
                f"{one.astimezone(_ZONE):%m-%d %H:%M}" if one else ""
                for one in (each.fired_at, each.resolved_at)
            ]
            kwh = "" if each.lost_kwh is None else f"{each.lost_kwh:.1f}"
            rows.writerow(
                (each.plant_id or each.subject, each.rule, each.device_id, each.part, *at, each.severity.name,
                 each.parent_id or "", kwh, each.cause)
            )  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Live a week; write truth and what was told; take pictures and serve where asked."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.fault_week", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--out", type=Path, required=True, help="a folder that is made anew")
    parser.add_argument("--plants", type=int, default=20)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument(
        "--start", type=datetime.fromisoformat, default=datetime.fromisoformat("2027-01-11T00:00:00+08:00")
    )
    parser.add_argument("--pictures", action="store_true", help="take pictures with Chromium")
    parser.add_argument("--serve", action="store_true", help="serve the last evening until interrupted")
    args = parser.parse_args(words)
    args.out.mkdir(parents=True)
    sample = chosen(load_registry(CONFIG, None), args.plants)
    asked = (replace(plant, poll_period_s=STEP.total_seconds()) for plant in sample.plants)
    registry = replace(sample, plants=tuple(asked))
    done = lived(args.out / "data", registry, args.start, args.seed)
    write_truth(done, args.out / "truth.csv")
    pictures = Pictures(done.world, done.faults, args.out / "pictures")
    done.live(args.start, pictures.take if args.pictures else lambda _name, _at: None)
    write_told(done, Interval(args.start, done.world.clock.now()), args.out / "told.csv")
    if args.serve:
        served = Served(done.world.app())
        print(served.url, flush=True)
        try:
            while True:
                time.sleep(60.0)
        except KeyboardInterrupt:
            served.stop()
    done.world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
