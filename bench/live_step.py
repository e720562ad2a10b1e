"""One live step of every rule over every series of the district: five minutes of rows read from DuckDB and judged (CPU)."""

import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from time import process_time

import pandas as pd

from alerts.context import Context
from bench.detection_campaign import CONFIG, chosen
from domain.clock import ManualClock
from domain.frame import DEVICE, INSTANT
from domain.measurement import Origin
from domain.plant import DeviceKind, Registry
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs.evaluate_alerts import STEP_S, WINDOW_STEPS, AlertWatch, context_for
from main.configuration import load_alert_rules, load_registry
from simulator.fleet import Fleet
from stores.duckdb import DuckDbStore
from stores.records.store import SqlRecordStore

_MORNING = datetime.fromisoformat("2026-06-01T09:00:00+08:00")
_EVERY = timedelta(minutes=5)


def _rows(registry: Registry, start: datetime, end: datetime) -> Iterator[pd.DataFrame]:
    fleet = Fleet(registry, load_profiles(), ManualClock(end), 1, ())
    for _, made in fleet.history(Interval(start, end), timedelta(seconds=STEP_S)):
        yield made.assign(**{DEVICE: made[DEVICE].astype(str)})


def _written(store: DuckDbStore, table: pd.DataFrame, kinds: Mapping[str, DeviceKind]) -> None:
    named = [name for name in table.columns if name not in {DEVICE, INSTANT}]
    for _, rows in table.groupby(table[DEVICE].map(kinds).map(lambda kind: kind.value), sort=False):
        told = [name for name in named if rows[name].notna().any()]
        store.write_table(told, rows[[DEVICE, INSTANT, *told]], Origin.POLL)


def _stepped(folder: Path, rounds: int, plants: int) -> dict[str, float | str]:
    registry = chosen(load_registry(CONFIG, None), plants)
    begun = _MORNING + timedelta(seconds=STEP_S * WINDOW_STEPS)
    made = pd.concat(_rows(registry, _MORNING, begun + _EVERY * rounds), ignore_index=True)
    clock = ManualClock(begun)
    kinds = {device.device_id: device.kind for device in registry.devices()}
    store = DuckDbStore(folder / "samples.duckdb", clock, kinds)
    records = SqlRecordStore.at(folder / "records.sqlite")
    _written(store, made[made[INSTANT] <= begun], kinds)
    rules = load_alert_rules(CONFIG, None).rules
    watch = AlertWatch(store, records, registry, clock, rules, context_for(registry, Context()))
    watch.step()
    taken = []
    for _ in range(rounds):
        new = made[(made[INSTANT] > clock.now()) & (made[INSTANT] <= clock.now() + _EVERY)]
        _written(store, new, kinds)
        clock.advance(_EVERY.total_seconds())
        at = process_time()
        watch.step()
        taken.append(process_time() - at)
    store.close()
    records.close()
    units = sum(len(plant.devices_of(DeviceKind.INVERTER)) for plant in registry.plants)
    series = int(made.drop(columns=[DEVICE, INSTANT]).groupby(made[DEVICE]).count().gt(0).to_numpy().sum())
    return {
        "inverters": float(units),
        "series": float(series),
        "step_cpu_s": min(taken),
        "worst_cpu_s": max(taken),
    }


def run(*, quick: bool) -> dict[str, float | str]:
    with tempfile.TemporaryDirectory() as folder:
        return _stepped(Path(folder), 2 if quick else 6, 5 if quick else 60)
