"""The DuckDB store with three months of the fleet in it: commits, pages' questions, bytes a row.

1,250 inverters in 60 plants, a row every five minutes with 12 quantities and 20 string currents, quantised
like registers: clouds that differ by plant, night zeros, counters. The data set is made in a temporary
folder (about 1 GB) and removed. ``quick`` takes 7 days instead of 90.
"""

import gc
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from domain.clock import ManualClock
from domain.measurement import Batch, Origin
from domain.plant import DeviceKind
from domain.timespan import Interval, local_day
from stores.duckdb import DuckDbStore

DEVICES, PLANTS, SLOTS = 1250, 60, 288
ZONE = "Asia/Shanghai"
POWER, COUNTER = "ac_active_power_w", "ac_energy_total_wh"
_RATED_W = 50_000.0
_GAUGES = {  # quantity: step of the register
    POWER: 1.0,
    "dc_power_w": 1.0,
    "ac_reactive_power_var": 1.0,
    "ac_line_ab_voltage_v": 0.1,
    "ac_line_bc_voltage_v": 0.1,
    "ac_line_ca_voltage_v": 0.1,
    "grid_frequency_hz": 0.01,
    "internal_temperature_c": 0.1,
    "power_factor": 0.001,
    "insulation_resistance_ohm": 1000.0,
}
_STRINGS = tuple(f"dc_string_{number:02d}_current_a" for number in range(1, 21))
QUANTITIES = (*_GAUGES, "ac_energy_today_wh", COUNTER, *_STRINGS)
IDS = tuple(f"inv-{number:04d}" for number in range(1, DEVICES + 1))
PLANT_OF = np.minimum(np.arange(DEVICES) * PLANTS // DEVICES, PLANTS - 1)
GROUPS = {
    f"plant-{plant + 1:02d}": [IDS[place] for place in np.flatnonzero(plant == PLANT_OF)]
    for plant in range(PLANTS)
}


def _quantised(values: np.ndarray, step: float) -> np.ndarray:
    return np.rint(values / step) * step


class Fleet:
    """Makes one UTC day of rows after the other; counters go on from day to day."""

    def __init__(self, first: date) -> None:
        self._first = first
        self._gain = np.random.default_rng(7).normal(1.0, 0.03, DEVICES)
        self._total_wh = np.rint(np.random.default_rng(8).uniform(1e7, 9e7, DEVICES)) * 10.0

    def day(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return instants [slots] and values [slots, devices, quantities]."""
        rng = np.random.default_rng(1000 + number)
        local_h = (np.arange(SLOTS) / 12.0 + 8.0) % 24.0
        bell = np.where((local_h > 6) & (local_h < 18.5), np.sin((local_h - 6) / 12.5 * np.pi), 0.0)
        cloud = np.clip(1 - np.abs(np.cumsum(rng.normal(0, 0.06, (SLOTS, PLANTS)), 0)) * 0.4, 0.15, 1.0)
        shape = np.clip(bell, 0, None)[:, None] ** 1.3
        noise = np.clip(rng.normal(1, 0.01, (SLOTS, DEVICES)), 0.8, 1.1)
        power = shape * cloud[:, PLANT_OF] * self._gain * _RATED_W * 0.9 * noise
        on = power > 50.0
        power = _quantised(np.where(on, power, 0.0), 1.0)
        energy = np.cumsum(power, 0) / 12.0
        volts = rng.normal(400, 3, (SLOTS, PLANTS))[:, PLANT_OF] + power * 2e-4
        raw = {
            POWER: power,
            "dc_power_w": power / 0.983,
            "ac_reactive_power_var": rng.normal(0, 200.0, (SLOTS, DEVICES)),
            "ac_line_ab_voltage_v": volts,
            "ac_line_bc_voltage_v": volts + rng.normal(0, 0.5, (SLOTS, DEVICES)),
            "ac_line_ca_voltage_v": volts + rng.normal(0, 0.5, (SLOTS, DEVICES)),
            "grid_frequency_hz": rng.normal(50, 0.02, (SLOTS, PLANTS))[:, PLANT_OF],
            "internal_temperature_c": 25 + power * 6e-4 + rng.normal(0, 0.2, (SLOTS, DEVICES)),
            "power_factor": np.clip(rng.normal(0.995, 0.004, (SLOTS, DEVICES)), -1, 1),
            "insulation_resistance_ohm": rng.normal(1.5e6, 1e5, (SLOTS, DEVICES)),
        }
        values = np.empty((SLOTS, DEVICES, len(QUANTITIES)))
        for place, (name, step) in enumerate(_GAUGES.items()):
            values[:, :, place] = _quantised(np.where(on, raw[name], 0.0), step)
        values[:, :, len(_GAUGES)] = _quantised(energy, 10.0)
        values[:, :, len(_GAUGES) + 1] = _quantised(self._total_wh + energy, 10.0)
        self._total_wh = self._total_wh + np.rint(energy[-1] / 10.0) * 10.0
        share = (power / 0.983 / 650.0 / 20.0)[:, :, None]
        values[:, :, len(_GAUGES) + 2 :] = _quantised(share * rng.normal(1, 0.02, (SLOTS, DEVICES, 20)), 0.01)
        start = datetime(self._first.year, self._first.month, self._first.day, tzinfo=UTC)
        at = start + timedelta(days=number)
        instants = np.datetime64(at.replace(tzinfo=None), "ns") + np.arange(SLOTS) * np.timedelta64(300, "s")
        return instants, values


def as_table(instants: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    """Return a day as the table `write_table` takes."""
    flat = values.reshape(-1, values.shape[2])
    keys = {
        "device_id": pd.Categorical(
            np.tile(np.array(IDS, dtype=object), len(instants)), categories=list(IDS)
        ),
        "measured_at": pd.DatetimeIndex(np.repeat(instants, DEVICES)).tz_localize("UTC"),
    }
    return pd.concat([pd.DataFrame(keys), pd.DataFrame(flat, columns=list(QUANTITIES))], axis=1)


def sweeps(instants: np.ndarray, values: np.ndarray, count: int, every_s: float) -> list[list[Batch]]:
    """Return sweeps of 1,250 batches of 40 values, as the collector hands them on."""
    extra = tuple(f"dc_mppt_{number:02d}_voltage_v" for number in range(1, 9))
    names = QUANTITIES + extra
    start = pd.Timestamp(instants[0]).tz_localize("UTC").to_pydatetime()
    found = []
    for number in range(count):
        at = start + timedelta(seconds=number * every_s)
        rows = np.concatenate(
            [values[number % SLOTS], values[number % SLOTS][:, 3:4].repeat(8, axis=1)], axis=1
        )
        received = at + timedelta(seconds=3)
        found.append(
            [
                Batch(name, at, names, tuple(row), None, received, Origin.POLL)
                for name, row in zip(IDS, rows.tolist(), strict=True)
            ]
        )
    return found


def _timed(work: Callable[[], object], repeats: int) -> np.ndarray:
    spent = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begin)
    return np.array(spent)


def _commits(store: DuckDbStore, sweeps_: list[list[Batch]], pause_s: float = 0.0) -> np.ndarray:
    spent = []
    for sweep in sweeps_:
        begin = time.perf_counter()
        store.write(sweep)
        spent.append(time.perf_counter() - begin)
        time.sleep(pause_s)
    return np.array(spent)


class _Questions:
    """What pages ask, over the days in the file."""

    def __init__(self, store: DuckDbStore, newest: datetime, days: int) -> None:
        self._store = store
        self._newest = newest
        self._days = min(days, 30)

    def plant_day(self, plant: str = "plant-17") -> object:
        yesterday = local_day((self._newest - timedelta(days=1)).date(), ZONE)
        return self._store.power_curves({plant: GROUPS[plant]}, POWER, yesterday, timedelta(minutes=5))

    def fleet_now(self) -> object:
        span = Interval(self._newest - timedelta(minutes=10), self._newest + timedelta(minutes=5))
        return self._store.power_curves(GROUPS, POWER, span, timedelta(minutes=5))

    def latest(self) -> object:
        return self._store.latest(IDS, self._newest - timedelta(days=1))

    def month_energy(self) -> object:
        span = Interval(self._newest - timedelta(days=self._days), self._newest)
        return self._store.daily_aggregates(IDS, COUNTER, span, ZONE)


def _with_readers(
    store: DuckDbStore, asked: _Questions, sweeps_: list[list[Batch]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return commit times beside a reader of curves, and energy times beside a writer. [s]"""
    stop = threading.Event()
    energy: list[float] = []

    def pages() -> None:
        while not stop.is_set():
            asked.plant_day()
            asked.fleet_now()
            time.sleep(0.02)

    reader = threading.Thread(target=pages)
    reader.start()
    commits = _commits(store, sweeps_[: len(sweeps_) // 2], 0.05)
    stop.set()
    reader.join()

    def months() -> None:
        energy.extend(_timed(asked.month_energy, 8))
        stop.set()

    stop.clear()
    reader = threading.Thread(target=months)
    reader.start()
    rest = iter(sweeps_[len(sweeps_) // 2 :])
    while not stop.is_set() and (sweep := next(rest, None)) is not None:
        store.write(sweep)
        time.sleep(1.0)  # sixty times the pace of the field
    reader.join()
    return commits, np.array(energy)


def _ms(spent: np.ndarray, percent: float) -> float:
    return round(float(np.percentile(spent, percent)) * 1000.0, 2)


Figures = dict[str, float | str]


def _loaded(path: Path, clock: ManualClock, fleet: Fleet, days: int) -> Figures:
    """Fill a store with whole days; the size is taken after it was closed."""
    store = DuckDbStore(path, clock, dict.fromkeys(IDS, DeviceKind.INVERTER))
    load_s = 0.0
    for number in range(days):
        table = as_table(*fleet.day(number))
        begin = time.perf_counter()
        store.write_table(QUANTITIES, table, Origin.POLL)
        load_s += time.perf_counter() - begin
    store.close()
    rows = days * SLOTS * DEVICES
    return {
        "days": float(days),
        "rows": float(rows),
        "load_rows_per_s": round(rows / load_s),
        "live_bytes_per_row": round(path.stat().st_size / rows, 2),
    }


def _asked(asked: _Questions) -> Figures:
    """Time the questions of pages while nothing is written."""
    asked.plant_day()
    asked.fleet_now()
    return {
        "plant_day_curve_p50_ms": _ms(day := _timed(asked.plant_day, 60), 50),
        "plant_day_curve_p95_ms": _ms(day, 95),
        "fleet_now_from_file_p50_ms": _ms(now := _timed(asked.fleet_now, 40), 50),
        "fleet_now_from_file_p95_ms": _ms(now, 95),
        "latest_batches_from_file_p50_ms": _ms(_timed(asked.latest, 10), 50),
        "energy_30_days_p50_s": round(_ms(_timed(asked.month_energy, 7), 50) / 1000, 3),
    }


def _written(store: DuckDbStore, asked: _Questions, live: list[list[Batch]]) -> Figures:
    """Time commits of sweeps, alone and beside readers, and the month's energy meanwhile."""
    alone = _commits(store, live[:100])
    beside, energy = _with_readers(store, asked, live[100:])
    return {
        "commit_alone_p50_ms": _ms(alone, 50),
        "commit_alone_p95_ms": _ms(alone, 95),
        "commit_with_readers_p50_ms": _ms(beside, 50),
        "commit_with_readers_p95_ms": _ms(beside, 95),
        "energy_30_days_while_writing_p50_s": round(_ms(energy, 50) / 1000, 3),
        "energy_30_days_while_writing_max_s": round(float(energy.max()), 3),
    }


def _archived(store: DuckDbStore) -> Figures:
    begin = time.perf_counter()
    archived = store.archive_month("inverter", "2026-04")
    return {
        "archive_bytes_per_row": round((archived.size_bytes or 0) / archived.rows, 2),
        "archive_rows_per_s": round(archived.rows / (time.perf_counter() - begin)),
    }


def run(quick: bool = False) -> Figures:
    """Return the figures of the store."""
    days = 7 if quick else 90
    fleet = Fleet(date(2026, 4, 1))
    with tempfile.TemporaryDirectory(prefix="pvmon-bench-") as folder:
        path = Path(folder) / "samples.duckdb"
        clock = ManualClock(datetime(2027, 1, 1, tzinfo=UTC))
        figures = _loaded(path, clock, fleet, days)
        store = DuckDbStore(path, clock, dict.fromkeys(IDS, DeviceKind.INVERTER))
        live = sweeps(*fleet.day(days), 240, 60.0)
        gc.collect()
        asked = _Questions(store, live[0][0].measured_at, days)
        figures |= _asked(asked)
        figures |= _written(store, asked, live)
        figures |= _archived(store)
        store.close()
    return figures


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key} = {value}")
