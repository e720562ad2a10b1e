"""A year of the district through flags, expected power, days, ledger and every rule: some plants and days, extrapolated (CPU)."""

import resource
from datetime import datetime, timedelta
from time import process_time

import pandas as pd

from alerts.context import Context
from alerts.engine import judge
from bench.detection_campaign import CONFIG, STEP, chosen
from domain.clock import ManualClock
from domain.frame import DEVICE, INSTANT
from domain.plant import DeviceKind, Registry
from domain.series import PlantSeries
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs.evaluate_alerts import context_for
from kpis.build_series import build_series
from kpis.prepare import lendable, prepared
from kpis.series_daily import daily_of
from main.configuration import load_alert_rules, load_registry
from simulator.fleet import Fleet

_FIRST = datetime.fromisoformat("2026-05-01T00:00:00+08:00")
_UNITS, _DAYS = 1250, 365


def _tables(registry: Registry, days: int) -> dict[str, pd.DataFrame]:
    """Return a table of every plant, sorted by device and instant, as a store gives it."""
    end = _FIRST + timedelta(days=days)
    fleet = Fleet(registry, load_profiles(), ManualClock(end), 1, ())
    plant_of = {device.device_id: plant.plant_id for plant in registry.plants for device in plant.devices}
    parts: dict[str, list[pd.DataFrame]] = {}
    for _, made in fleet.history(Interval(_FIRST, end), STEP):
        made[DEVICE] = made[DEVICE].astype(str)
        for plant_id, rows in made.groupby(made[DEVICE].map(plant_of)):
            parts.setdefault(str(plant_id), []).append(rows)
    return {
        name: pd.concat(rows, ignore_index=True).sort_values([DEVICE, INSTANT], ignore_index=True)
        for name, rows in parts.items()
    }


def run(*, quick: bool) -> dict[str, float | str]:
    plants, days = (1, 10) if quick else (4, 60)
    registry = chosen(load_registry(CONFIG, None), plants)
    tables = _tables(registry, days)
    rules = load_alert_rules(CONFIG, None).rules
    at = [process_time()]
    bare = {
        plant.plant_id: build_series(plant, tables[plant.plant_id], STEP.total_seconds())
        for plant in registry.plants
    }
    at.append(process_time())
    others = [(plant, lendable(bare[plant.plant_id])) for plant in registry.plants]
    made: list[PlantSeries] = [
        prepared(bare[plant.plant_id], plant, others).series for plant in registry.plants
    ]
    at.append(process_time())
    for plant, series in zip(registry.plants, made, strict=True):
        daily_of(series, plant)
    at.append(process_time())
    judge(iter(made), rules, context_for(registry, Context()))
    at.append(process_time())
    units = sum(len(plant.devices_of(DeviceKind.INVERTER)) for plant in registry.plants)
    scale = _DAYS / days * _UNITS / units / 60.0
    names = ("grid", "flags_and_expected", "days_and_ledger", "rules")
    found: dict[str, float | str] = {
        f"{name}_min": (after - before) * scale
        for name, before, after in zip(names, at, at[1:], strict=False)
    }
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "inverters": float(units),
        "days": float(days),
        **found,
        "year_cpu_min": (at[-1] - at[0]) * scale,
        "peak_gb": peak_gb,
    }
