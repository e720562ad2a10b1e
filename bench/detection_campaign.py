"""The virtual fleet with faults through the whole engine, held against what was done to it.

`python -m bench.detection_campaign --plants 12 --days 30`: the simulator's physics give five-minute rows (no
sockets), faults of every kind are drawn by seed, the engine judges as in a replay, and every fault is looked
for among the alerts. Printed: recall by kind of fault, precision by rule, and every false alert.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from alerts.context import Context
from alerts.engine import judge
from alerts.rule import AlertRule
from alerts.score import NAMES, Event, Raised, Sums, allowances
from bench.fault_plan import drawn, replayable
from domain.alert import Alert
from domain.clock import ManualClock
from domain.frame import DEVICE, INSTANT
from domain.plant import Connection, DeviceKind, Plant, Registry
from domain.series import PlantSeries
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs.evaluate_alerts import context_for
from kpis.build_series import build_series
from kpis.prepare import lendable, prepared
from main.configuration import load_alert_rules, load_registry
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet

STEP = timedelta(minutes=5)
CONFIG = Path(__file__).parent.parent / "config"
_SIGNAL_SHARE = 0.02  # of what is made in its days: less is within the daily spread of healthy units
_WEAK, _UNEVEN = 0.94, 0.965  # of the plant's middle unit: must be found, may be
_BAD, _WORN, _TIMES = 0.915, 0.957, 3  # as of two days running, as of three in five
_SHOWN = 4
_HELD, _HELD_SAMPLES, _AT_LIMIT = (
    0.8,
    3,
    0.001,
)  # units; samples: half of the plateau F23 asks for; of the limit
_SUBSTANCE = frozenset({FaultKind.CURTAILMENT, FaultKind.SNOW, FaultKind.DERATING, FaultKind.SHADING})


@dataclass(frozen=True)
class Campaign:
    """What came of one: the alerts that a person would be told of, the faults, and which of them cost anything."""

    alerts: tuple[Raised, ...]
    events: tuple[Event, ...]
    silent: tuple[Event, ...]
    plant_days: int
    allowed: Mapping[str, timedelta] = field(default_factory=dict)

    @property
    def sums(self) -> Sums:
        """What the scores of `pvmon rules score` are counted over."""
        return Sums(self.events, self.silent, self.allowed)


def chosen(registry: Registry, count: int) -> Registry:
    """Return the first live plants that have inverters with strings, whole feeders first."""
    live = [
        plant
        for plant in registry.plants
        if plant.connection is Connection.LIVE and len(plant.devices_of(DeviceKind.INVERTER)) >= 4
    ]
    sizes: dict[str, int] = {}
    for plant in live:
        sizes[plant.feeder or ""] = sizes.get(plant.feeder or "", 0) + 1
    live.sort(
        key=lambda plant: (
            -sizes[plant.feeder or ""] if plant.feeder else 0,
            plant.feeder or "",
            plant.plant_id,
        )
    )
    return Registry(registry.district, registry.towns, registry.villages, tuple(live[:count]), sample=True)


def parts(registry: Registry, together: int) -> Iterator[Registry]:
    """Yield the plants in parts that memory bears, none of which cuts a feeder: what it explains stays whole."""
    part: list[Plant] = []
    for plant in registry.plants:
        if len(part) >= together and (not plant.feeder or plant.feeder != part[-1].feeder):
            yield replace(registry, plants=tuple(part))
            part = []
        part.append(plant)
    if part:
        yield replace(registry, plants=tuple(part))


def merged(campaigns: Sequence[Campaign]) -> Campaign:
    """Return campaigns of parts of a fleet as one."""
    return Campaign(
        tuple(each for one in campaigns for each in one.alerts),
        tuple(each for one in campaigns for each in one.events),
        tuple(each for one in campaigns for each in one.silent),
        sum(one.plant_days for one in campaigns),
        campaigns[0].allowed,
    )


@dataclass(frozen=True)
class Lived:
    """A fleet after its days: what the engine said of them, parents and children, and what was done to it."""

    alerts: tuple[Alert, ...]
    faults: tuple[Fault, ...]
    fleet: Fleet
    held: Mapping[str, int]


def lived(registry: Registry, start: datetime, days: int, seed: int) -> Lived:
    """Make the fleet's days and judge them; every alert that fired."""
    end = start + timedelta(days=days)
    faults = drawn(registry, start, days, seed)
    fleet = Fleet(registry, load_profiles(), ManualClock(end), seed, faults)
    tables: dict[str, list[pd.DataFrame]] = {}
    held: dict[str, int] = {}
    plant_of = {device.device_id: plant.plant_id for plant in registry.plants for device in plant.devices}
    for _, made in fleet.history(Interval(start, end), STEP):
        table = replayable(made, faults)
        _count_held(held, table, faults, registry)
        for plant_id, rows in table.groupby(table[DEVICE].map(plant_of).astype(str), observed=True):
            tables.setdefault(str(plant_id), []).append(rows)
    rules = load_alert_rules(CONFIG, None).rules
    found = _judged(registry, tables, rules, context_for(registry, Context()))
    return Lived(tuple(found), tuple(faults), fleet, held)


def _count_held(
    held: dict[str, int], table: pd.DataFrame, faults: Sequence[Fault], registry: Registry
) -> None:
    """Count the samples in which most units of a plant stand at the limit of an order: under clouds it may bite never."""
    if "ac_active_power_w" not in table or table.empty:
        return
    first, last = (at.timestamp() for at in (table[INSTANT].min(), table[INSTANT].max()))
    for fault in faults:
        if fault.kind is not FaultKind.CURTAILMENT or fault.start_s > last or (fault.end_s or last) < first:
            continue
        mine = table[table[DEVICE].isin(fault.device_ids)]
        limits_w = {
            name: fault.amount * 1000.0 * registry.devices_by_id[name].rated_power_kw
            for name in fault.device_ids
        }
        if mine.empty:
            continue
        limit_w = np.array([limits_w[str(name)] for name in mine[DEVICE]])
        off = (mine["ac_active_power_w"] / limit_w - 1.0).abs()
        at_limit = (off < _AT_LIMIT).groupby(mine[INSTANT]).mean() >= _HELD
        held[fault.fault_id] = held.get(fault.fault_id, 0) + int(at_limit.sum())


def run(registry: Registry, start: datetime, days: int, seed: int) -> Campaign:
    """Make the fleet's days and judge them; only alerts that stand on their own count."""
    done = lived(registry, start, days, seed)
    events, silent = _events(done, registry, Interval(start, start + timedelta(days=days)))
    told = [each for each in done.alerts if each.parent_id is None]
    raised = tuple(_raised(each) for each in told)
    allowed = allowances(load_alert_rules(CONFIG, None).rules, STEP.total_seconds())
    return Campaign(raised, events, silent, days * len(registry.plants), allowed)


def _judged(
    registry: Registry, tables: Mapping[str, list[pd.DataFrame]], rules: Sequence[AlertRule], context: Context
) -> list[Alert]:
    """Return the alerts that fired."""

    def bare(plant: Plant) -> PlantSeries:
        rows = pd.concat(tables[plant.plant_id], ignore_index=True)
        rows[DEVICE] = rows[DEVICE].astype(str)
        rows = rows.sort_values([DEVICE, INSTANT], ignore_index=True)
        return build_series(plant, rows, STEP.total_seconds())

    plants = [plant for plant in registry.plants if plant.plant_id in tables]
    others = [(plant, lendable(bare(plant))) for plant in plants]

    def series() -> Iterator[PlantSeries]:
        for plant in plants:
            yield prepared(bare(plant), plant, others).series

    found = judge(series(), rules, context)
    return [each for each in found if each.fired_at is not None]


def _raised(alert: Alert) -> Raised:
    assert alert.fired_at is not None
    place = alert.plant_id or alert.subject
    return Raised(alert.rule, place, alert.device_id, alert.part, alert.fired_at, alert.resolved_at)


def _events(done: Lived, registry: Registry, span: Interval) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Return the faults as events, and those of them that left next to nothing to see."""
    fleet = done.fleet
    lost_wh = {fault.fault_id: wh for fault, wh in fleet.losses(span.end)}
    found: list[Event] = []
    silent: list[Event] = []
    for fault in done.faults:
        feeder = fault.kind is FaultKind.FEEDER_OUTAGE
        device = registry.devices_by_id.get(fault.device_ids[0]) if len(fault.device_ids) == 1 else None
        own = registry.devices_by_id[fault.device_ids[0]].plant_id
        event = Event(
            fault.kind.value,
            fault.subject if feeder else own,
            device.device_id if device is not None else "",
            f"string_{fault.strings[0]:02d}" if fault.strings else "",
            fault.start,
            fault.end,
        )
        day_wh = registry.plants_by_id[own].dc_capacity_kw * 3000.0 / (1 if device is None else 20)
        assert fault.end is not None
        day_wh *= max((fault.end - fault.start).days, 1)
        costs = fault.kind not in _SUBSTANCE or lost_wh.get(fault.fault_id, 0.0) > _SIGNAL_SHARE * day_wh
        costs &= fault.kind is not FaultKind.CURTAILMENT or done.held.get(fault.fault_id, 0) >= _HELD_SAMPLES
        (found if costs else silent).append(event)
    for event, share in _born_weak(fleet, registry, span.start):
        (found if share < _WEAK else silent).append(event)
    silent += _bad_days(fleet, registry, span)
    return tuple(found), tuple(silent)


def _born_weak(fleet: Fleet, registry: Registry, start: datetime) -> Iterator[tuple[Event, float]]:
    """Yield the units the virtual fleet was given weaker than the middle one of their plant, and by how much."""
    units = fleet.field.inverters
    for plant in registry.plants:
        own = [units.index[device.device_id] for device in plant.devices_of(DeviceKind.INVERTER)]
        shares = units.factor[own] / np.median(units.factor[own])
        for place, share in zip(own, shares.tolist(), strict=True):
            if share < _UNEVEN:
                name = units.devices[place].device_id
                yield Event("sustained_underperformance", plant.plant_id, name, "", start, None), share


def _bad_days(fleet: Fleet, registry: Registry, span: Interval) -> Iterator[Event]:
    """Yield the runs of days on which the physics drew a unit so low that to tell it is right.

    A healthy unit has a bad day now and then (`simulator.power`); two of them running are a weak unit to anybody.
    """
    units = fleet.field.inverters
    first, last = (fleet.sky.solar_day(each.timestamp()) for each in (span.start, span.end))
    by_day = np.stack([units.factor * fleet.model.of_day(day) for day in range(first, last)])
    for plant in registry.plants:
        own = [units.index[device.device_id] for device in plant.devices_of(DeviceKind.INVERTER)]
        shares = by_day[:, own] / np.median(by_day[:, own], axis=1, keepdims=True)
        for place, row in zip(own, shares.T, strict=True):
            for day in range(1, len(row)):
                week = row[max(day - 4, 0) : day + 1]
                if (row[day - 1 : day + 1] < _BAD).all() or ((week < _WORN).sum() >= _TIMES):
                    begin, end = (
                        datetime.fromtimestamp(fleet.sky.day_start_s(first + each), UTC)
                        for each in (day - 1, day + 1)
                    )
                    name = units.devices[place].device_id
                    yield Event("sustained_underperformance", plant.plant_id, name, "", begin, end)


def report(done: Campaign) -> list[str]:
    """Return recall by kind, precision by rule, and every false alert."""
    lines = [f"plant days {done.plant_days}, faults {len(done.events)}, without a trace {len(done.silent)}"]
    for kind in sorted({each.kind for each in done.events}):
        named = [each for each in done.events if each.kind == kind]
        missed = [each for each in named if not _found(each, done)]
        lines.append(f"kind {kind:15s} recall {len(named) - len(missed)}/{len(named)}")
        lines += [
            f"  missed {each.plant_id} {each.device_id} {each.start:%m-%d %H:%M} to {each.end}"
            for each in missed
        ]
    for rule in sorted({each.rule for each in done.alerts}):
        own = [each for each in done.alerts if each.rule == rule]
        false = [each for each in own if not right(each, done)]
        lines.append(f"rule {rule} precision {len(own) - len(false)}/{len(own)}")
        lines += [
            f"  false {each.plant_id} {each.device_id} {each.part} {each.raised_at:%m-%d %H:%M} to {each.resolved_at}"
            for each in false[:_SHOWN]
        ]
    return lines


def _found(event: Event, done: Campaign) -> bool:
    return any(each.rule in NAMES[event.kind] and done.sums.meets(each, event) for each in done.alerts)


def right(alert: Raised, done: Campaign) -> bool:
    """Tell whether an alert is about something that was done: by a rule that can name it, there and then."""
    known = (*done.events, *done.silent)
    return any(alert.rule in NAMES[each.kind] and done.sums.meets(alert, each) for each in known)


def main(words: Sequence[str] | None = None) -> int:
    """Run a campaign and print what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.detection_campaign", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--plants", type=int, default=60)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--together", type=int, default=12, metavar="N", help="plants judged at once: memory")
    parser.add_argument(
        "--start", type=datetime.fromisoformat, default=datetime.fromisoformat("2026-05-01T00:00:00+08:00")
    )
    args = parser.parse_args(words)
    registry = chosen(load_registry(CONFIG, None), args.plants)
    done = [run(part, args.start, args.days, args.seed) for part in parts(registry, args.together)]
    print("\n".join(report(merged(done))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
