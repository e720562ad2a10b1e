"""What the virtual fleet costs: one refresh of every register, and making the past. Processor seconds."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from domain.clock import ManualClock
from domain.plant import DeviceKind
from domain.timespan import Interval
from inverters.profile import load_profiles
from main.configuration import load_registry
from simulator.fleet import Fleet

CONFIG = Path(__file__).parent.parent / "config"
START = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)


def run(quick: bool = False) -> dict[str, float | str]:
    """Return processor time of start, refresh and history over the sample registry."""
    registry, profiles, clock = load_registry(CONFIG, None), load_profiles(), ManualClock(START)
    begun = time.process_time()
    fleet = Fleet(registry, profiles, clock, 1)
    start_s = time.process_time() - begun
    refreshes = []
    for _ in range(5 if quick else 40):
        clock.advance(5)
        begun = time.process_time()
        fleet.refresh(clock.now())
        refreshes.append(time.process_time() - begun)
    days = 2 if quick else 30
    begun = time.process_time()
    rows = sum(len(table) for _, table in fleet.history(Interval(START - timedelta(days=days), START)))
    history_s = time.process_time() - begun
    return {
        "inverters": float(sum(d.kind is DeviceKind.INVERTER for d in registry.devices())),
        "start_cpu_s": start_s,
        "refresh_cpu_ms": median(refreshes) * 1000.0,
        "history_days": float(days),
        "history_rows": float(rows),
        "history_cpu_s": history_s,
    }


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key} = {value}")
